//! What the handlers of pages end with.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::error::Error;
use crate::http::back::back_path;
use crate::http::carrier::{Carrier, Flash};
use crate::http::route::Answer;

/// A page.
pub fn show(page: &impl Template) -> Answer {
    show_with(StatusCode::OK, page)
}

/// A page with another status: a form that is shown again.
pub fn show_with(status: StatusCode, page: &impl Template) -> Answer {
    let html = page.render().map_err(Error::internal)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// 303: look there now.
#[expect(clippy::unnecessary_wraps, reason = "it is what handlers end with")]
pub fn see(path: &str) -> Answer {
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, path)).finish())
}

/// 303 back to where the form was, with a message.
pub fn back(request: &HttpRequest, carrier: &Carrier, text: impl Into<String>) -> Answer {
    say(carrier, text)?;
    see(&back_path(request).unwrap_or_else(|| "/dashboard".into()))
}

/// A refusal of fields as a message on the page the form was on, with what was typed into `kept` still in it.
pub fn sent_back(request: &HttpRequest, carrier: &Carrier, error: Error, kept: Option<(&str, String)>) -> Answer {
    let Error::Invalid(fields) = error else { return Err(error.into()) };
    let said: Vec<_> = fields.into_iter().map(|field| field.message).collect();
    let kept = kept.map(|(field, typed)| (field.to_owned(), typed.chars().take(255).collect()));
    carrier.leave(&Flash { text: said.join(" "), kept, ..Flash::default() })?;
    see(&back_path(request).unwrap_or_else(|| "/dashboard".into()))
}

/// Leaves a message for the next page.
pub fn say(carrier: &Carrier, text: impl Into<String>) -> Result<(), Error> {
    carrier.leave(&Flash { text: text.into(), ..Flash::default() })
}
