//! HTML pages as responses.

use actix_web::body::MessageBody;
use actix_web::{HttpResponse, HttpResponseBuilder};

/// Marks a response as a page of the application, as opposed to a user's HTML file.
pub struct HtmlPage;

/// A response with a page of the application.
pub fn html_response(
    mut answer: HttpResponseBuilder,
    html: impl MessageBody + 'static,
) -> HttpResponse {
    answer.extensions_mut().insert(HtmlPage);
    answer.content_type("text/html; charset=utf-8").body(html)
}
