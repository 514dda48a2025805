//! Rejects requests for other host names, if the server has a public address.
//!
//! A web page can make a browser resolve the page's own host name to an address in the local network (DNS rebinding). Its
//! scripts then reach this server as if it were their own site, without cookies but with its forms.

use std::net::IpAddr;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HOST;

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::http::health::is_probe;

/// Requires `Host` to be the public address, a name of this machine, or an IP address.
///
/// # Errors
/// `Misdirected` for any other name.
pub fn ensure_own_host(request: &ServiceRequest, settings: &Settings) -> Result<()> {
    let Some(origin) = settings.public_origin() else { return Ok(()) };

    // Not `connection_info`, which reads forwarding headers that a page's scripts can set.
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => match request.headers().get(HOST) {
            Some(host) => host.to_str().unwrap_or("?"),
            // Every browser sends `Host`, so a request without it does not come from a page's scripts.
            None => return Ok(()),
        },
    };
    let host = host_name(host).to_ascii_lowercase();
    // In lower case already, as all parsed URLs.
    let public = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    // An IP address or a name below `localhost` cannot be rebound by the DNS of another site.
    let is_own = host == host_name(public)
        || host == "localhost"
        || host.ends_with(".localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    // Monitoring and load balancers use names of their own.
    if is_own || is_probe(request.path()) { Ok(()) } else { Err(Error::Misdirected) }
}

/// An authority without its port.
fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn a_port_is_not_part_of_the_name() {
        assert_eq!(host_name("media.example.org:443"), "media.example.org");
        assert_eq!(host_name("media.example.org"), "media.example.org");
        assert_eq!(host_name("[::1]:8420"), "[::1]");
        assert_eq!(host_name("[2001:db8::1]"), "[2001:db8::1]");
    }
}
