//! [`HandlerError`]: an error, or a redirect to where the user has to go first.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, ResponseError};

use crate::error::Error;
use crate::msg;

/// The error of a handler. The middleware turns an `Error` into a page or a JSON body.
#[derive(Debug)]
pub enum HandlerError {
    Error(Error),
    /// 303 to this path.
    Redirect(String),
}

impl std::fmt::Display for HandlerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Redirect(path) => path.fmt(f),
        }
    }
}

impl From<Error> for HandlerError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl ResponseError for HandlerError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Error(error) => http_status(error),
            Self::Redirect(_) => StatusCode::SEE_OTHER,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Self::Redirect(path) = self {
            response.insert_header((LOCATION, path.as_str()));
        }
        response.finish()
    }
}

/// Returns the status code for an error.
#[must_use]
pub fn http_status(error: &Error) -> StatusCode {
    match error {
        Error::NotFound | Error::FileMissing => StatusCode::NOT_FOUND,
        Error::LinkEnded => StatusCode::GONE,
        Error::Unauthenticated | Error::BadCredentials | Error::LinkNotOpened => {
            StatusCode::UNAUTHORIZED
        }
        Error::Forbidden(_) | Error::NotActive(_) | Error::LinkFull => StatusCode::FORBIDDEN,
        Error::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        Error::BadRequest(_) => StatusCode::BAD_REQUEST,
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Conflict(_) | Error::BeingChecked => StatusCode::CONFLICT,
        Error::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Error::LengthRequired => StatusCode::LENGTH_REQUIRED,
        Error::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Error::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::RangeNotSatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
        Error::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::SetupRequired | Error::Unavailable(_) | Error::Contention => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Error::QuotaExceeded | Error::DiskFull | Error::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        Error::TusVersion | Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        // Defined by the checksum extension of tus 1.0.0.
        Error::ChecksumMismatch => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
        Error::Configuration(_) | Error::NoPermission(_) | Error::Internal(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// Converts a status that actix produced itself into an error.
#[must_use]
pub fn error_from_status(status: StatusCode) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Error::MethodNotAllowed,
        // actix does not report which limit was exceeded; 64 KiB is that of JSON bodies.
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge { limit: 64 * 1024 },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::UnsupportedMedia,
        StatusCode::LENGTH_REQUIRED => Error::LengthRequired,
        status if status.is_client_error() => {
            Error::BadRequest(msg!("The request could not be understood.").into())
        }
        status => Error::internal(format!("answered {status}")),
    }
}
