//! Parsers for the values of settings. Each error names the setting and what it accepts.

use super::options::invalid_value;
use crate::error::Result;

pub(super) fn parse_x_accel(text: &str) -> Result<Option<String>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    match text.trim_end_matches('/') {
        "" if text.is_empty() => Ok(None),
        path if path.len() > 1 && path.starts_with('/') && path.chars().all(is_plain) => {
            Ok(Some(path.to_owned()))
        }
        _ => Err(invalid_value("x_accel", "a path such as /.files")),
    }
}

/// Normalizes a web origin as browsers send it: scheme, host, and the port unless it is the default.
pub(super) fn parse_origin(text: &str) -> Result<String> {
    let takes = "origins such as https://app.example.org; * is not taken";
    let url = url::Url::parse(text).map_err(|_| invalid_value("cors_origins", takes))?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_web && url.path() == "/" && url.query().is_none() && url.username().is_empty() {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(invalid_value("cors_origins", takes))
    }
}

pub(super) fn parse_network(text: &str) -> Option<ipnet::IpNet> {
    text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))
}

pub(super) fn parse_value<T: std::str::FromStr>(
    name: &'static str,
    value: &str,
    takes: &str,
) -> Result<T> {
    value.trim().parse().map_err(|_| invalid_value(name, takes))
}

pub(super) const ON_OFF: [(&str, bool); 2] = [("on", true), ("off", false)];

/// Returns the value of the word in `choices`; `expected` describes them.
pub(super) fn parse_choice<T: Copy>(
    name: &'static str,
    text: &str,
    expected: &str,
    choices: &[(&str, T)],
) -> Result<T> {
    let found = choices.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| invalid_value(name, expected))
}

pub(super) fn parse_backup_interval(text: &str) -> Result<Option<time::Duration>> {
    const EXPECTED: &str = "a number of hours, or off";
    if text == "off" {
        return Ok(None);
    }
    match parse_value::<u32>("backup_every", text, EXPECTED)? {
        0 => Err(invalid_value("backup_every", EXPECTED)),
        hours => Ok(Some(time::Duration::hours(hours.into()))),
    }
}

pub(super) fn parse_quiet_period(text: &str) -> Result<Option<std::time::Duration>> {
    if text == "off" {
        return Ok(None);
    }
    let seconds = parse_value("watch", text, "a number of seconds, or off")?;
    Ok(Some(std::time::Duration::from_secs(seconds)))
}
/// Parses the name of a time zone; an empty text is none.
pub(super) fn parse_time_zone(text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    jiff::tz::TimeZone::get(text)
        .map(|_| Some(text.to_owned()))
        .map_err(|_| invalid_value("time_zone", "the name of a time zone, such as Europe/Vienna"))
}
