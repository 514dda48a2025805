//! The whole address of a share link, as its owner hands it out.

use actix_web::HttpRequest;

use crate::config::Settings;

/// The address of the link with this token: below the public address of the server, or where the request found it.
#[must_use]
pub fn link_address(request: &HttpRequest, settings: &Settings, token: &str) -> String {
    match &settings.public_url {
        Some(url) => format!("{url}/s/{token}"),
        None => {
            let info = request.connection_info();
            format!("{}://{}/s/{token}", info.scheme(), info.host())
        }
    }
}
