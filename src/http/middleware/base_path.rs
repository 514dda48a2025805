//! Serves below a path of another site, such as `https://example.org/nexus`. Internally, every address starts at the root:
//! this middleware removes the path from requests and adds it to addresses in responses. Nothing else knows about it.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::http::header::{HeaderValue, LOCATION, REFERER};
use actix_web::http::uri::PathAndQuery;

use crate::config::Settings;
use crate::error::Error;
use crate::http::error::HandlerError;
use crate::http::health::is_probe;
use crate::http::response::html::HtmlPage;
use crate::http::routes::routes;
use crate::http::space_paths::is_library_word;

/// Attributes that contain an address in our pages. `value` does not.
const URL_ATTRIBUTES: [&str; 19] = [
    "action",
    "data-cover",
    "data-file",
    "data-icons",
    "data-large",
    "data-motion",
    "data-original",
    "data-outlines",
    "data-page",
    "data-root",
    "data-small",
    "data-src",
    "data-top",
    "data-url",
    "formaction",
    "href",
    "poster",
    "src",
    "srcset",
];

/// Checks that the base path does not collide with a route.
///
/// # Errors
/// `Configuration` for a path that starts like one of our addresses, since the two could not be told apart.
pub fn check(settings: &Settings) -> Result<(), Error> {
    let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
    let own = first(settings.base_path());
    if is_library_word(&own)
        || !own.is_empty() && routes().iter().any(|route| first(route.path) == own)
    {
        return Err(Error::Configuration(format!(
            "public_url: /{own} is an address of Nexus's own; take another path"
        )));
    }
    Ok(())
}

/// Removes `base` from the request's address and from its `Referer`.
///
/// # Errors
/// A redirect to `base` for `/`, `NotFound` for everything else outside it. Otherwise, if a proxy removes the path, a
/// resource would have two addresses, and the proxy's rules for one of them could be bypassed.
pub fn strip_base_path(request: &mut ServiceRequest, base: &str) -> Result<(), HandlerError> {
    if base.is_empty() {
        return Ok(());
    }

    // Handlers see paths from the root.
    let requested =
        request.uri().path_and_query().and_then(|requested| strip_prefix(requested.as_str(), base));

    match requested.and_then(|requested| replace_path(request.uri(), &requested)) {
        Some(uri) => {
            // The router reads the path from `match_info`, not from the head.
            request.match_info_mut().get_mut().update(&uri);
            request.head_mut().uri = uri;
        }
        // Monitoring uses the server's own address.
        None if is_probe(request.path()) => {}
        // `add_base_path` makes this a redirect to `base`.
        None if request.path() == "/" => return Err(HandlerError::Redirect("/".into())),
        None => return Err(Error::NotFound.into()),
    }

    // Redirects go back to the referring page, which must lose the path as well.
    let referer =
        request.headers().get(REFERER).and_then(|referer| referer.to_str().ok()).and_then(
            |referer| {
                let path = referer
                    .find("://")
                    .and_then(|scheme| Some(scheme + 3 + referer.get(scheme + 3..)?.find('/')?))?;
                let (origin, path) = referer.split_at_checked(path)?;
                HeaderValue::try_from(format!("{origin}{}", strip_prefix(path, base)?)).ok()
            },
        );

    match referer {
        Some(referer) => drop(request.headers_mut().insert(REFERER, referer)),
        // The referring page belongs to another site on this host.
        None => drop(request.headers_mut().remove(REFERER)),
    }
    Ok(())
}

/// Adds `base` to the `Location` header and to every address in a page.
pub fn add_base_path(
    mut response: ServiceResponse<BoxBody>,
    base: &str,
) -> ServiceResponse<BoxBody> {
    if base.is_empty() {
        return response;
    }
    let is_own = |path: &&[u8]| path.starts_with(b"/") && !path.starts_with(b"//");
    let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes).filter(is_own);
    if let Some(location) =
        location.and_then(|path| HeaderValue::from_bytes(&[base.as_bytes(), path].concat()).ok())
    {
        response.headers_mut().insert(LOCATION, location);
    }
    // A user's HTML file is not a page of the application and stays as it is.
    let is_page = response.response().extensions().contains::<HtmlPage>();
    if is_page {
        map_page_addresses(response, |path| Some(format!("{base}{path}")))
    } else {
        response
    }
}

/// Replaces the addresses in a page for which `map` returns another one.
pub(super) fn map_page_addresses(
    response: ServiceResponse<BoxBody>,
    map: impl Fn(&str) -> Option<String>,
) -> ServiceResponse<BoxBody> {
    response.map_body(|_, body| match body.try_into_bytes() {
        Ok(bytes) => match std::str::from_utf8(&bytes) {
            Ok(html) => BoxBody::new(map_addresses(html, map)),
            Err(_) => BoxBody::new(bytes),
        },
        Err(body) => body,
    })
}

/// Removes `base` from the start of a path.
fn strip_prefix(path: &str, base: &str) -> Option<String> {
    let rest = path.strip_prefix(base)?;
    match rest.chars().next() {
        Some('/') => Some(rest.to_owned()),
        None | Some('?') => Some(format!("/{rest}")),
        Some(_) => None,
    }
}

pub(super) fn replace_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

/// Replaces addresses in attributes. Text cannot be mistaken for an attribute, because its quotes are escaped.
fn map_addresses(html: &str, map: impl Fn(&str) -> Option<String>) -> String {
    // An eighth more than the input leaves room for longer addresses without another allocation.
    let mut output = String::with_capacity(html.len() + html.len() / 8);

    let mut rest = html;

    // Addresses in pages begin with `="/`.
    while let Some((before, value)) =
        rest.find("=\"/").and_then(|found| rest.split_at_checked(found + 2))
    {
        output.push_str(before);
        // The name of the attribute is the last word before `="`.
        let name = before
            .trim_end_matches("=\"")
            .rsplit(|c: char| !c.is_ascii_lowercase() && c != '-')
            .next()
            .unwrap_or_default();
        rest = value;
        if URL_ATTRIBUTES.contains(&name) && !value.starts_with("//") {
            let (addresses, after) = value
                .split_at_checked(value.find('"').unwrap_or(value.len()))
                .unwrap_or((value, ""));
            // A `srcset` contains several addresses, separated by a comma and a space.
            let separator = if name == "srcset" { ", " } else { "\"" };
            for (index, address) in addresses.split(separator).enumerate() {
                output.push_str(if index > 0 { separator } else { "" });
                match map(address) {
                    Some(mapped) => output.push_str(&mapped),
                    None => output.push_str(address),
                }
            }
            rest = after;
        }
    }

    output.push_str(rest);
    output
}

#[cfg(test)]
mod tests {
    use super::{map_addresses, strip_prefix};

    #[test]
    fn the_path_is_removed_at_segment_boundaries_only() {
        assert_eq!(
            strip_prefix("/nexus/photos?size=l", "/nexus").as_deref(),
            Some("/photos?size=l")
        );
        assert_eq!(strip_prefix("/nexus", "/nexus").as_deref(), Some("/"));
        assert_eq!(strip_prefix("/nexus?next=/", "/nexus").as_deref(), Some("/?next=/"));
        assert_eq!(strip_prefix("/nexusphotos", "/nexus"), None);
        assert_eq!(strip_prefix("/photos/nexus", "/nexus"), None);
    }

    #[test]
    fn every_url_of_a_page_is_prefixed_with_the_path_and_nothing_else() {
        let page = r##"<a href="/photos" title="/photos"><img src="/a" srcset="/a 320w, /b 640w"></a><a href="#main">
            <a href="//elsewhere/x"><a href="https://elsewhere/"><input value="/dashboard"><p>href=&#34;/photos&#34; ="/x"##;
        let below = r##"<a href="/n/photos" title="/photos"><img src="/n/a" srcset="/n/a 320w, /n/b 640w"></a><a href="#main">
            <a href="//elsewhere/x"><a href="https://elsewhere/"><input value="/dashboard"><p>href=&#34;/photos&#34; ="/x"##;
        assert_eq!(map_addresses(page, |path| Some(format!("/n{path}"))), below);
    }
}
