//! The page of an error: with the navigation for a user who is logged in, else on its own.

use actix_web::HttpRequest;
use actix_web::http::header;
use askama::Template;

use super::components as v;
use super::layout::Layout;
use crate::error::{Error, Result};
use crate::http::error::http_status;
use crate::http::extract::user::{CurrentUser, theme_of};
use crate::http::link_paths::is_of_link;
use crate::http::{safe_redirect, static_files};
use crate::msg;

/// What an error page says.
struct ErrorMessage<'a> {
    title: &'static str,
    description: String,
    advice: &'static str,
    id: &'a str,
    back: Option<String>,
    /// Whether there is a page to begin with: visitors of share links have none.
    has_home: bool,
}

/// The page for visitors, and for errors of the server.
#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage<'a> {
    assets: &'static str,
    theme: &'static str,
    message: ErrorMessage<'a>,
}

#[derive(Template)]
#[template(path = "pages/user_error.html")]
struct UserErrorPage<'a> {
    layout: Layout,
    message: ErrorMessage<'a>,
}

/// Renders the page of an error; `id` is the request's.
pub async fn render(request: &HttpRequest, error: &Error, id: &str) -> Result<String> {
    let message = ErrorMessage {
        title: error_title(error),
        description: error.to_string(),
        advice: error_advice(error),
        id,
        back: safe_redirect::back_path(request),
        has_home: !is_of_link(request.path()),
    };
    match layout_for(request, error).await {
        Some(layout) => UserErrorPage { layout, message }.render(),
        None => {
            let (assets, theme) = (static_files::base(), theme_of(request));
            ErrorPage { assets, theme, message }.render()
        }
    }
    .map_err(Error::internal)
}

/// The layout of the page for a user who is logged in, so that they can go on from there. `None` for what is not shown as
/// a page, such as an image, and for errors of the server, because the layout needs the database.
async fn layout_for(request: &HttpRequest, error: &Error) -> Option<Layout> {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if http_status(error).is_server_error() || !accept.is_some_and(|it| it.contains("text/html")) {
        return None;
    }
    let current = CurrentUser::of_handled(request)?;
    Layout::of_error_page(&current).await.inspect_err(|cause| tracing::warn!("{cause:?}")).ok()
}

/// Returns the heading of the page that shows an error.
const fn error_title(error: &Error) -> &'static str {
    match error {
        Error::NotFound => msg!("Page not found"),
        Error::LinkEnded => msg!("This link has ended"),
        Error::LinkFull => msg!("No more can be sent"),
        Error::LinkNotOpened => msg!("Open the link first"),
        Error::FileMissing => msg!("File missing"),
        Error::BeingChecked => msg!("Scanning for malware"),
        Error::Unauthenticated | Error::BadCredentials => msg!("Log in"),
        Error::Forbidden(_) => msg!("Request blocked"),
        Error::NotActive(_) => msg!("Account not active"),
        Error::SetupRequired => msg!("Not set up yet"),
        Error::Misdirected
        | Error::BadRequest(_)
        | Error::LengthRequired
        | Error::MethodNotAllowed
        | Error::TusVersion
        | Error::ChecksumMismatch => msg!("Bad request"),
        Error::Invalid(_) => msg!("Please check your input"),
        Error::Conflict(_) => msg!("Conflict"),
        Error::TooLarge { .. } => msg!("Too large"),
        Error::UnsupportedMedia => msg!("Wrong kind of content"),
        Error::PreconditionFailed => msg!("The file has changed"),
        Error::RangeNotSatisfiable { .. } => msg!("Range not available"),
        Error::TooManyRequests { .. } => msg!("Too many requests"),
        Error::Unavailable(_) | Error::Contention => msg!("Temporarily unavailable"),
        Error::QuotaExceeded | Error::DiskFull | Error::NoSpace => msg!("Not enough storage"),
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => {
            msg!("Something went wrong")
        }
    }
}

/// Returns what the user can do about an error, for the page that shows it.
const fn error_advice(error: &Error) -> &'static str {
    match error {
        Error::NotFound => msg!("Check the address, or go to the home page."),
        Error::LinkEnded => msg!("Links end by their date, or when their owner ends them."),
        Error::LinkFull | Error::NoSpace => msg!("Ask the person who sent you the link."),
        Error::LinkNotOpened => msg!("Use the address that you were sent."),
        Error::FileMissing => {
            msg!(
                "It may have been moved or deleted outside Nexus. Put the file back to restore it."
            )
        }
        Error::BeingChecked => {
            msg!("Try again in a moment. If it persists, ask your admin to check the scanner.")
        }
        Error::Unauthenticated | Error::BadCredentials => msg!("Log in and try again."),
        Error::Forbidden(_) | Error::Conflict(_) | Error::Invalid(_) | Error::BadRequest(_) => {
            msg!("Go back and try again. Nothing was saved.")
        }
        Error::NotActive(_) | Error::SetupRequired => msg!("Come back later."),
        Error::Misdirected => msg!("Use the address that your admin has set."),
        Error::LengthRequired
        | Error::MethodNotAllowed
        | Error::TusVersion
        | Error::ChecksumMismatch => msg!("If you got here from a link in Nexus, tell your admin."),
        Error::TooLarge { .. } => msg!("Ask your admin to raise the limit."),
        Error::UnsupportedMedia => msg!("Send it uncompressed."),
        Error::PreconditionFailed | Error::RangeNotSatisfiable { .. } => {
            msg!("Download the file again.")
        }
        Error::TooManyRequests { .. } => msg!("This protects accounts against password guessing."),
        Error::Unavailable(_) | Error::Contention => msg!("Try again in a moment."),
        Error::QuotaExceeded => {
            msg!("Delete files, empty the trash, or ask your admin for more space.")
        }
        Error::DiskFull => msg!("Your other files are safe and available."),
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => {
            msg!(
                "The error was logged. Try again, and if it persists, tell your admin the number below."
            )
        }
    }
}
