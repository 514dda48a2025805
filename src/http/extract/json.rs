//! JSON bodies and query strings of the API. Unknown fields and wrong types are errors that name the field.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::error::{Error, FieldError};
use crate::http::error::HandlerError;
use crate::http::extract::multipart::{multipart_error, with_timeout};

/// Largest JSON body in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A field that is missing, null, or has a value; with `#[serde(default)]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Nullable<T> {
    #[default]
    Missing,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = HandlerError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HandlerError>>>>;

    /// Reads a JSON object and deserializes it; a wrong type or field is an error that names the field.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (is_json, payload) = (is_json(request), payload.take());

        // The extractor owns the payload, because it runs after this function returns.
        Box::pin(async move {
            if !is_json {
                return Err(Error::UnsupportedMedia.into());
            }
            let body = with_timeout(read_body(payload)).await?;
            // serde would also accept an array in place of an object.
            if body.trim_ascii_start().first() != Some(&b'{') {
                return Err(Error::BadRequest("The body must be a JSON object.".into()).into());
            }
            let mut reader = serde_json::Deserializer::from_slice(&body);

            // The path names the invalid field.
            let value = serde_path_to_error::deserialize(&mut reader).map_err(|cause| {
                if cause.inner().is_data() {
                    field_error(
                        &cause.path().to_string(),
                        &without_position(&cause.inner().to_string()),
                    )
                } else {
                    Error::BadRequest(format!("The body is not JSON: {}.", cause.inner()))
                }
            })?;

            // Rejects anything after the object.
            reader
                .end()
                .map_err(|cause| Error::BadRequest(format!("The body is not JSON: {cause}.")))?;
            Ok(Self(value))
        })
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

async fn read_body(mut payload: Payload) -> Result<Vec<u8>, HandlerError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        body.extend_from_slice(&chunk.map_err(multipart_error)?);
        if body.len() > MAX_BODY_BYTES {
            return Err(Error::TooLarge { limit: MAX_BODY_BYTES as u64 }.into());
        }
    }
    Ok(body)
}

/// A query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = HandlerError;
    type Future = Ready<Result<Self, HandlerError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let reader = serde_html_form::Deserializer::new(pairs);
        let read = serde_path_to_error::deserialize(reader);
        ready(read.map(Self).map_err(|cause| {
            field_error(&cause.path().to_string(), &cause.inner().to_string()).into()
        }))
    }
}

/// Deserializes an integer as JSON Schema defines it: `5.0` is 5 (JSON Schema 2020-12, 4.2.3).
pub fn deserialize_whole_number<'de, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<i64>, D::Error> {
    use serde::Deserialize;
    use serde::de::Error as _;
    let Some(number) = Option::<serde_json::Number>::deserialize(reader)? else { return Ok(None) };
    let whole = number.as_i64().or_else(|| {
        let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
        // Parsed from text, because a cast would not reject numbers that are too large.
        format!("{number:.0}").parse().ok()
    });
    whole.map(Some).ok_or_else(|| D::Error::custom("expected an integer"))
}

/// Creates an error that names the wrong, missing or unknown field.
fn field_error(path: &str, message: &str) -> Error {
    // serde has no type for these errors, but its messages contain the field's name in backticks.
    let quoted = message.split('`').nth(1);
    let (field, text) = match quoted {
        Some(name) if message.starts_with("unknown field") => {
            (name, "This field is unknown.".to_owned())
        }
        Some(name) if message.starts_with("missing field") => {
            (name, "This field is required.".to_owned())
        }
        Some(name) if message.starts_with("duplicate field") => {
            (name, "This field occurs twice.".to_owned())
        }
        _ => (path, format!("{message}.")),
    };
    Error::Invalid(vec![FieldError::new(field.to_owned(), text)])
}

fn without_position(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only whether it can be read is asked")]
        name: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only whether it can be read is asked")]
        count: u8,
    }

    async fn field_of(body: &str) -> String {
        let request = TestRequest::post()
            .insert_header(("content-type", "application/json"))
            .set_payload(body.to_owned());
        let (request, mut payload) = request.to_http_parts();
        match Json::<Body>::from_request(&request, &mut payload).await {
            Err(HandlerError::Error(Error::Invalid(fields))) => fields[0].field.to_string(),
            Err(HandlerError::Error(error)) => error.code().into(),
            _ => "taken".into(),
        }
    }

    #[actix_web::test]
    async fn a_wrong_field_is_named_and_invalid_json_is_reported() {
        assert_eq!(field_of(r#"{"name":"a"}"#).await, "taken");
        assert_eq!(field_of(r#"{"name":"a","role":"admin"}"#).await, "role");
        assert_eq!(field_of(r#"{"name":7}"#).await, "name");
        assert_eq!(field_of(r#"{"name":"a","count":-1}"#).await, "count");
        assert_eq!(field_of(r#"{"name":"a","name":"b"}"#).await, "name");
        assert_eq!(field_of("{}").await, "name");
        let deep = format!("{{\"name\":{}", "[".repeat(10_000));
        for nonsense in ["", "{", "{\"name\":\"a\"} x", "\u{feff}{}", r#"["a", 3]"#, &deep] {
            assert_ne!(field_of(nonsense).await, "taken", "{nonsense:.40}");
        }
    }

    #[actix_web::test]
    async fn a_query_is_read_as_strictly() {
        let field = |query: &str| {
            let request = TestRequest::get().uri(&format!("/?{query}")).to_http_request();
            match Query::<Body>::from_request(&request, &mut Payload::None).into_inner() {
                Err(HandlerError::Error(Error::Invalid(fields))) => fields[0].field.to_string(),
                Err(_) => "other".into(),
                Ok(_) => "taken".into(),
            }
        };
        assert_eq!(field("name=a&count=3"), "taken");
        assert_eq!(field("name=a&count=x"), "count");
        assert_eq!(field("name=a&cuont=3"), "cuont");
        assert_eq!(field("name=a&count=3&count=4"), "count");
    }
}
