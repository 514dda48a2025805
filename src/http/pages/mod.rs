//! The pages: form struct, page struct and handler side by side, one file an area.

mod account;
mod dashboard;
mod directories;
mod downloads;
mod items;
mod log_in;
mod media;
mod people;
mod recover;
mod register;
mod sessions;
mod setup;
mod shelf;
mod shell;
mod status;
mod trash;
mod upload;
mod view;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, LOCATION, REFERER};
use askama::Template;

use super::carrier::{Carrier, Flash};
use super::{Answer, Route};
use crate::error::Error;

pub(super) fn routes() -> Vec<Route> {
    let areas = [
        setup::routes(),
        register::routes(),
        log_in::routes(),
        recover::routes(),
        dashboard::routes(),
        shelf::routes(),
        items::routes(),
        media::routes(),
        downloads::routes(),
        upload::routes(),
        trash::routes(),
        directories::routes(),
        account::routes(),
        sessions::routes(),
        people::routes(),
        status::routes(),
    ];
    areas.into_iter().flatten().collect()
}

/// A page.
fn show(page: &impl Template) -> Answer {
    show_with(StatusCode::OK, page)
}

/// A page with another status: a form that is shown again.
fn show_with(status: StatusCode, page: &impl Template) -> Answer {
    let html = page.render().map_err(Error::internal)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// 303: look there now.
#[expect(clippy::unnecessary_wraps, reason = "it is what handlers end with")]
fn see(path: &str) -> Answer {
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, path)).finish())
}

/// 303 back to where the form was, with a message.
fn back(request: &HttpRequest, carrier: &Carrier, text: impl Into<String>) -> Answer {
    say(carrier, text)?;
    see(&back_path(request).unwrap_or_else(|| "/dashboard".into()))
}

/// Leaves a message for the next page.
fn say(carrier: &Carrier, text: impl Into<String>) -> Result<(), Error> {
    carrier.leave(&Flash { text: text.into(), undo: Vec::new(), code: None })
}

/// The path of ours the person came from.
pub(super) fn back_path(request: &HttpRequest) -> Option<String> {
    let from = url::Url::parse(request.headers().get(REFERER)?.to_str().ok()?).ok()?;
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let authority = match from.port() {
        Some(port) => format!("{}:{port}", from.host_str()?),
        None => from.host_str()?.to_owned(),
    };
    let query = from.query().map(|query| format!("?{query}")).unwrap_or_default();
    (authority == host).then(|| format!("{}{query}", from.path())).and_then(|path| own_path(&path))
}

/// `path` if it leads to this site and nowhere else.
fn own_path(path: &str) -> Option<String> {
    let is_own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|c: char| c == '\\' || c.is_control())
        && !path.starts_with("/login")
        && !path.starts_with("/logout");
    is_own.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn next_leads_only_to_our_own_paths() {
        assert_eq!(own_path("/photos?cursor=a").as_deref(), Some("/photos?cursor=a"));
        for path in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "\\\\evil",
            "photos",
            "/a\r\nSet-Cookie: x",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(own_path(path), None, "{path}");
        }
    }
}
