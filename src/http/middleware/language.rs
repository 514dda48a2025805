//! The language of a request: that of the user, else that of a form on the pages before login, else what the browser
//! prefers, else that of the settings. Programs that use the API with a token get English.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;

use crate::http::extract::language::requested_language;
use crate::http::response::html::HtmlPage;
use crate::language::{Language, current_language, with_language};

/// Runs the request in its language. Extractors change it when they know the user.
///
/// # Errors
/// Those of the request.
pub async fn choose_language<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let path = request.path();
    let is_api = path == "/api" || path.starts_with("/api/");
    let language = if is_api { Language::English } else { requested_language(request.request()) };
    with_language(language, async {
        let mut response = next.call(request).await?;
        let is_page = response.response().extensions().contains::<HtmlPage>();
        if is_page {
            let code = HeaderValue::from_static(current_language().code());
            response.headers_mut().insert(header::CONTENT_LANGUAGE, code);
            let vary = HeaderValue::from_static("accept-language, cookie");
            response.headers_mut().append(header::VARY, vary);
        }
        Ok(response)
    })
    .await
}
