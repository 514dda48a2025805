//! An error as the API says it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;

/// What every failure is answered with.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct Envelope {
    error: Said,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ErrorSaid)]
struct Said {
    /// Stable: see the table of codes in `docs/API.md`.
    #[schema(example = "NOT_FOUND")]
    code: &'static str,
    /// A sentence for people.
    message: String,
    /// The fields that need another value.
    details: Vec<Detail>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
struct Detail {
    field: String,
    message: String,
}

impl Envelope {
    #[must_use]
    pub fn of(error: &Error) -> Self {
        let details = match error {
            Error::Invalid(fields) => {
                fields.iter().map(|field| Detail { field: field.field.to_string(), message: field.message.clone() }).collect()
            }
            _ => Vec::new(),
        };
        Self { error: Said { code: error.code(), message: error.to_string(), details } }
    }
}
