//! Responses of page handlers: rendered pages and redirects.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::layout::LayoutInput;
use crate::domain::library::reader::LibraryReader;
use crate::error::Error;
use crate::http::extract::user::{CurrentUser, MaybeUser};
use crate::http::flash::Flash;
use crate::http::response::cache::{CacheKey, cached_response};
use crate::http::response::html;
use crate::http::route::HandlerResult;
use crate::http::safe_redirect::back_path;
use crate::http::session_cookie::SessionCookie;
use crate::language::t;
use crate::state::library_cache::CachedResponse;

/// Renders a page.
pub fn render(page: &impl Template) -> HandlerResult {
    render_with_status(StatusCode::OK, page)
}

/// Renders a page of the user's library at `path`: from the cache if nothing has changed since, otherwise with
/// `draw`.
pub async fn render_cached<P: Template>(
    current: &CurrentUser,
    request: &HttpRequest,
    path: &str,
    draw: impl FnOnce(&mut LibraryReader<'_>, LayoutInput) -> Result<P, Error> + Send + 'static,
) -> HandlerResult {
    let input = LayoutInput::new(current, path)?;

    // A flash message must be shown only once, so a page with one has no key and is not cached.
    let key = input
        .flash
        .is_none()
        .then(|| CacheKey::page(&current.services, &current.auth_session, request));
    let html = cached_response(&current.services, current.user().id, key, |reader| {
        let html = draw(reader, input)?.render().map_err(Error::internal)?;
        // Pages are sent without an ETag.
        Ok(CachedResponse::new(html, ""))
    })
    .await?;
    Ok(html::cached_html_response(HttpResponse::Ok(), html))
}

/// Renders a page that also shows what other users can change: it is read each time.
pub async fn render_uncached<P: Template>(
    current: &CurrentUser,
    path: &str,
    draw: impl FnOnce(&mut LibraryReader<'_>, LayoutInput) -> Result<P, Error> + Send + 'static,
) -> HandlerResult {
    let input = LayoutInput::new(current, path)?;
    let html = cached_response(&current.services, current.user().id, None, |reader| {
        let html = draw(reader, input)?.render().map_err(Error::internal)?;
        Ok(CachedResponse::new(html, ""))
    })
    .await?;
    Ok(html::cached_html_response(HttpResponse::Ok(), html))
}

/// Renders a page with another status, for a form that is shown again.
pub fn render_with_status(status: StatusCode, page: &impl Template) -> HandlerResult {
    let html = page.render().map_err(Error::internal)?;
    Ok(html::html_response(HttpResponse::build(status), html))
}

/// The answer to a path without a route; that it knows the user gives its page the navigation.
pub async fn not_found(_: MaybeUser) -> HandlerResult {
    Err(Error::NotFound.into())
}

/// Responds with 303.
#[expect(clippy::unnecessary_wraps, reason = "it is what handlers end with")]
pub fn redirect(path: &str) -> HandlerResult {
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, path)).finish())
}

/// Redirects (303) to the page of the form, with a message.
pub fn redirect_back(
    request: &HttpRequest,
    cookie: &SessionCookie,
    text: impl Into<String>,
) -> HandlerResult {
    set_flash(cookie, text)?;
    redirect(&back_path(request).unwrap_or_else(|| "/dashboard".into()))
}

/// Redirects to the page of the form with the messages of an `Invalid` error and the rejected value of the field in
/// `kept` filled in; any other error is returned.
pub fn redirect_back_with_errors(
    request: &HttpRequest,
    cookie: &SessionCookie,
    error: Error,
    kept: Option<(&str, String)>,
) -> HandlerResult {
    let Error::Invalid(fields) = error else { return Err(error.into()) };
    let messages: Vec<_> = fields.iter().map(|field| t(&field.message)).collect();
    // The value is cut, because a cookie holds at most 4096 bytes.
    let kept = kept.map(|(field, typed)| (field.to_owned(), typed.chars().take(255).collect()));
    cookie.set_flash(&Flash { text: messages.join(" "), kept, ..Flash::default() })?;
    redirect(&back_path(request).unwrap_or_else(|| "/dashboard".into()))
}

/// Leaves a message for the next page.
pub fn set_flash(cookie: &SessionCookie, text: impl Into<String>) -> Result<(), Error> {
    cookie.set_flash(&Flash { text: text.into(), ..Flash::default() })
}
