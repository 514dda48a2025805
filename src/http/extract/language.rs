//! The language that a request asks for, if its user has chosen none.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::web::Data;

use crate::language::Language;
use crate::state::Services;

/// The cookie with the language that was chosen before login.
pub const LANGUAGE_COOKIE: &str = "nexus_language";

/// The language of the cookie, else that of `Accept-Language`, else that of the settings.
#[must_use]
pub fn requested_language(request: &HttpRequest) -> Language {
    let cookie = request.cookie(LANGUAGE_COOKIE);
    let chosen = cookie.and_then(|cookie| Language::parse(cookie.value()));
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let services = request.app_data::<Data<Services>>();
    chosen
        .or_else(|| header.and_then(Language::negotiate))
        .or_else(|| services.map(|services| services.settings.language))
        .unwrap_or_default()
}
