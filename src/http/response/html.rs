//! Pages as answers.

use actix_web::body::MessageBody;
use actix_web::{HttpResponse, HttpResponseBuilder};

/// On an answer: this is a page of ours, and not a file of somebody's that is HTML.
pub struct HtmlPage;

/// An answer that is a page of ours.
pub fn html_response(mut answer: HttpResponseBuilder, html: impl MessageBody + 'static) -> HttpResponse {
    answer.extensions_mut().insert(HtmlPage);
    answer.content_type("text/html; charset=utf-8").body(html)
}
