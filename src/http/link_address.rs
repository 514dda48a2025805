//! The whole address of a share link, as its owner hands it out.

use actix_web::HttpRequest;
use actix_web::http::header::HOST;

use super::client_info::is_from_proxy;
use crate::config::Settings;

/// The address of the link with this token: below the public address of the server, or where the request found it.
#[must_use]
pub fn link_address(request: &HttpRequest, settings: &Settings, token: &str) -> String {
    if let Some(url) = &settings.public_url {
        return format!("{url}/s/{token}");
    }
    let text = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(|value| value.split(',').next().unwrap_or_default().trim().to_owned())
    };
    // Anyone else could forge these.
    let forwarded = |name: &str| text(name).filter(|_| is_from_proxy(request, settings));
    let host = forwarded("x-forwarded-host").or_else(|| text(HOST.as_str()));
    let scheme = forwarded("x-forwarded-proto").filter(|scheme| scheme == "https");
    let scheme = scheme.as_deref().unwrap_or("http");
    format!("{scheme}://{}/s/{token}", host.unwrap_or_default())
}
