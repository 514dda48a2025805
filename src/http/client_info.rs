//! The client of a request: its address, through trusted proxies only, and its device.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::config::Settings;
use crate::model::actor::Client;
use crate::msg;

/// Determines the client of a request.
#[must_use]
pub fn client_info(request: &HttpRequest, settings: &Settings) -> Client {
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    Client { address: client_address(request, settings), device: device_name(agent) }
}

/// Returns the peer's address or, if the peer is a trusted proxy, the nearest untrusted one in `X-Forwarded-For`.
fn client_address(request: &HttpRequest, settings: &Settings) -> IpAddr {
    let peer = peer_address(request);
    let is_trusted = |address: &IpAddr| is_trusted(address, settings);
    // Anyone else could forge `X-Forwarded-For`.
    if !is_trusted(&peer) {
        return peer;
    }
    let forwarded =
        request.headers().get_all(header::X_FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    let mut hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut address = peer;

    // From the nearest hop outwards, up to the first that is not trusted.
    while let Some(hop) = hops.pop() {
        // IPv6 addresses may be in brackets. At an entry that is no address, the last valid one counts.
        let Ok(forwarded_address) = hop.trim_matches(['[', ']']).parse::<IpAddr>() else { break };
        address = forwarded_address.to_canonical();
        if !is_trusted(&address) {
            break;
        }
    }
    address
}

/// The other end of the connection; 0.0.0.0 if it is unknown. An IPv4 address that is mapped to IPv6 becomes IPv4.
pub fn peer_address(request: &HttpRequest) -> IpAddr {
    request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip().to_canonical())
}

/// Whether an address is that of a trusted proxy.
pub fn is_trusted(address: &IpAddr, settings: &Settings) -> bool {
    settings.trusted_proxies.iter().any(|network| network.contains(address))
}

/// Whether a trusted proxy forwarded the request.
#[must_use]
pub fn is_from_proxy(request: &HttpRequest, settings: &Settings) -> bool {
    is_trusted(&peer_address(request), settings)
}

/// Describes browser and operating system of a `User-Agent` header, such as `Firefox on Linux`, for the list of
/// sessions.
fn device_name(agent: &str) -> String {
    let find_name = |marks_and_names: &[(&'static str, &'static str)]| {
        marks_and_names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };

    // The order matters: most browsers also claim to be Chrome or Safari.
    let browser = find_name(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("FxiOS/", "Firefox"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);

    // Android also claims to be Linux, and iPhone and iPad to be like Mac OS X, so these precede them.
    let system = find_name(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);

    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.into(),
        (None, None) => msg!("Unknown device").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RawSettings;
    use actix_web::test::TestRequest;

    fn address(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let settings =
            Settings::from_raw(&RawSettings::from([("trusted_proxies", trusted.to_owned())]))
                .unwrap();
        let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
        for line in forwarded {
            request = request.append_header(("X-Forwarded-For", *line));
        }
        client_address(&request.to_http_request(), &settings).to_string()
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        assert_eq!(address("203.0.113.5:1", &["10.9.9.9"], ""), "203.0.113.5");
        assert_eq!(address("127.0.0.1:1", &["198.51.100.7"], "127.0.0.0/8"), "198.51.100.7");
    }

    #[test]
    fn forwarded_entries_from_before_the_proxy_are_ignored() {
        assert_eq!(
            address("10.0.0.1:1", &["1.2.3.4, 198.51.100.7, 10.0.0.2"], "10.0.0.0/8"),
            "198.51.100.7"
        );
        assert_eq!(
            address("10.0.0.1:1", &["1.2.3.4", "198.51.100.7"], "10.0.0.0/8"),
            "198.51.100.7"
        );
        assert_eq!(address("10.0.0.1:1", &["nonsense"], "10.0.0.0/8"), "10.0.0.1");
    }

    #[test]
    fn devices_are_said_in_words() {
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36";
        assert_eq!(device_name(agent), "Chrome on Linux");
        assert_eq!(device_name("curl/8.0"), "curl");
        assert_eq!(device_name("<script>"), "Unknown device");
    }
}
