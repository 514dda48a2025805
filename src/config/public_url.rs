//! The public address of the server.

use super::options::invalid_value;
use crate::error::Result;

/// Splits an address into its web origin (RFC 6454) and its path: empty, or such as `/nexus`.
pub(super) fn split_origin(url: &str) -> Option<(&str, &str)> {
    let host = url.find("://")? + 3;
    url.split_at_checked(url.get(host..)?.find('/').map_or(url.len(), |path| host + path))
}

/// Parses the setting and removes a trailing slash; `None` where it is empty.
///
/// # Errors
/// `Configuration` for anything but a web address with an optional path.
pub(super) fn parse(value: &str) -> Result<Option<String>> {
    if value.is_empty() {
        return Ok(None);
    }
    let expected = "an address such as https://media.example.org or https://example.org/nexus";
    let url = url::Url::parse(value).map_err(|_| invalid_value("public_url", expected))?;
    let path = url.path().trim_end_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let has_plain_path = path.is_empty()
        || path.split('/').skip(1).all(|word| !word.is_empty() && word.chars().all(is_plain));
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();

    let has_other_parts = url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some();

    if is_web && has_plain_path && !has_other_parts {
        Ok(Some(format!("{}{path}", url.origin().ascii_serialization())))
    } else {
        Err(invalid_value("public_url", expected))
    }
}
