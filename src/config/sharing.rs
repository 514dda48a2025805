//! What the server's owner allows users to share, and how.

use super::options::invalid_value;
use super::parse::{parse_choice, parse_value};
use crate::error::Result;

/// Whether users can share things with anyone who has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPolicy {
    On,
    /// Only with a password.
    Passwords,
    Off,
}

const POLICIES: [(&str, LinkPolicy); 3] =
    [("on", LinkPolicy::On), ("passwords", LinkPolicy::Passwords), ("off", LinkPolicy::Off)];

pub(super) fn parse_policy(text: &str) -> Result<LinkPolicy> {
    parse_choice("links", text, "on, passwords or off", &POLICIES)
}

/// The most days until a link ends; `None` for no limit.
pub(super) fn parse_days_max(text: &str) -> Result<Option<u16>> {
    const EXPECTED: &str = "a number of days, 0 for no limit";
    let days: u16 = parse_value("link_days_max", text, EXPECTED)?;
    // Times are kept up to the year 2037.
    if days > 3650 {
        Err(invalid_value("link_days_max", EXPECTED))
    } else {
        Ok((days > 0).then_some(days))
    }
}

/// Who can create spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpacePolicy {
    Admins,
    Everybody,
}

const SPACE_POLICIES: [(&str, SpacePolicy); 2] =
    [("admins", SpacePolicy::Admins), ("everybody", SpacePolicy::Everybody)];

pub(super) fn parse_space_policy(text: &str) -> Result<SpacePolicy> {
    parse_choice("spaces", text, "admins or everybody", &SPACE_POLICIES)
}

const PEOPLE: [(&str, bool); 2] = [("listed", true), ("hidden", false)];

/// Whether users can choose from the names of all others.
pub(super) fn parse_people(text: &str) -> Result<bool> {
    parse_choice("people", text, "listed or hidden", &PEOPLE)
}
