//! The JSON body of an API error.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::language::t;

/// The body of every failed API request.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ErrorSaid)]
struct ErrorDetail {
    /// Stable: see the table of codes in `docs/API.md`.
    #[schema(example = "NOT_FOUND")]
    code: &'static str,
    /// A sentence for people.
    message: String,
    /// The fields whose values were rejected.
    details: Vec<FieldDetail>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
struct FieldDetail {
    field: String,
    message: String,
}

impl ErrorBody {
    /// Builds the body of an error response. Only an `Invalid` error has details: a message for each invalid field.
    #[must_use]
    pub fn from_error(error: &Error) -> Self {
        let details = match error {
            Error::Invalid(fields) => fields
                .iter()
                .map(|field| FieldDetail {
                    field: field.field.to_string(),
                    message: t(&field.message).into_owned(),
                })
                .collect(),
            _ => Vec::new(),
        };
        Self {
            error: ErrorDetail {
                code: error.code(),
                message: t(&error.to_string()).into_owned(),
                details,
            },
        }
    }
}
