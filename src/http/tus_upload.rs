//! Receives resumable uploads (tus 1.0.0), for the API and for visitors of share links.

use std::collections::HashMap;
use std::future::{Ready, ready};

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HttpDate, LOCATION,
};
use actix_web::web::{Data, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::Digest;

use crate::domain::uploads::append::{self, UploadPart};
use crate::domain::uploads::checksum::{Checksum, ChecksumHasher};
use crate::domain::uploads::resumable::{self, NewUploadRequest};
use crate::domain::uploads::target::UploadTarget;
use crate::error::{Error, Result};
use crate::http::error::HandlerError;
use crate::http::multipart_upload::parse_file_modified;
use crate::http::route::HandlerResult;
use crate::http::run_blocking::{run_blocking, services_arc};
use crate::http::tus_headers::VERSION;
use crate::model::{DirectoryId, Upload, UploadId};
use crate::state::Services;

const EXTENSIONS: &str = "creation,creation-with-upload,checksum,termination,expiration";
const ALGORITHMS: &str = "sha1,sha256";
/// The media type of a part.
const PART_MEDIA_TYPE: &str = "application/offset+octet-stream";
/// Longest `Upload-Metadata` in bytes.
const MAX_METADATA_BYTES: usize = 8192;

/// Requires the supported protocol version, before anything else is read.
pub struct TusVersion;

impl FromRequest for TusVersion {
    type Error = HandlerError;
    type Future = Ready<std::result::Result<Self, HandlerError>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        ready(require_version(request).map(|()| Self).map_err(Into::into))
    }
}

/// Requires the supported protocol version of a request whose sender was checked first.
///
/// # Errors
/// `TusVersion`.
pub fn require_version(request: &HttpRequest) -> Result<()> {
    let is_ours = header_text(request.headers(), "tus-resumable") == Some(VERSION);
    if is_ours { Ok(()) } else { Err(Error::TusVersion) }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Parses a header with a number of bytes.
fn header_number(headers: &HeaderMap, name: &str) -> Result<Option<u64>> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value
        .to_str()
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let number =
        digits.and_then(|text| text.parse().ok()).filter(|number| i64::try_from(*number).is_ok());
    number.map(Some).ok_or_else(|| Error::BadRequest(format!("{name} must be a number of bytes.")))
}

/// Describes the supported extensions.
pub fn options(services: &Services) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header(("tus-extension", EXTENSIONS))
        .insert_header(("tus-max-size", services.settings.max_upload_bytes.to_string()))
        .insert_header(("tus-checksum-algorithm", ALGORITHMS))
        .finish()
}

/// Creates an upload, whose address is below `base`. A body is its first part.
///
/// # Errors
/// `BadRequest`, `UnsupportedMedia`, and those of [`resumable::create`].
pub async fn create(
    services: &Data<Services>,
    target: &UploadTarget,
    base: &str,
    request: &HttpRequest,
    payload: Payload,
) -> HandlerResult {
    let headers = request.headers();
    // The protocol allows one of the two.
    if headers.contains_key("upload-length") && headers.contains_key("upload-defer-length") {
        let message = "Upload-Length and Upload-Defer-Length exclude each other.";
        return Err(Error::BadRequest(message.into()).into());
    }
    let size = header_number(headers, "upload-length")?
        .ok_or_else(|| Error::BadRequest("Upload-Length is missing.".into()))?;
    let metadata = header_text(headers, "upload-metadata").unwrap_or_default();
    let requested = parse_metadata(metadata, size)?;

    // The first part may be in the same request (creation-with-upload).
    let has_part = header_text(headers, CONTENT_TYPE.as_str()).is_some_and(is_part_media_type);
    let length = header_number(headers, CONTENT_LENGTH.as_str())?;
    // A body of another media type cannot be stored as a part.
    if !has_part && length.is_some_and(|length| length > 0) {
        return Err(Error::UnsupportedMedia.into());
    }

    // The checksum header is validated before anything is created.
    let part = UploadPart { offset: 0, length, checksum: parse_checksum(headers)? };
    if length.is_some_and(|length| length > size) {
        return Err(Error::TooLarge { limit: size }.into());
    }

    let to = target.clone();
    let created =
        run_blocking(services, move |services| resumable::create(services, &to, &requested))
            .await?;

    let location = format!("{base}/{}", created.id);
    // An empty file is complete as soon as it is created.
    let upload = if has_part && size > 0 {
        // `true`: no client knows the address of this upload yet, so it is deleted if its first part fails.
        append(services, target, created.id, part, payload, true).await?
    } else {
        created
    };

    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, location));
    Ok(add_upload_headers(&mut response, target, &upload).finish())
}

/// The offset of an upload.
///
/// # Errors
/// Those of [`resumable::find`].
pub async fn show(services: &Data<Services>, target: &UploadTarget, id: &str) -> HandlerResult {
    let upload = resumable::find(&services_arc(services), target, parse_id(id)?).await?;
    let mut response = HttpResponse::Ok();
    // The offset changes with every part, so the response must not be cached.
    add_upload_headers(&mut response, target, &upload)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("upload-length", upload.size));
    if !upload.metadata.is_empty() {
        response.insert_header(("upload-metadata", upload.metadata.as_str()));
    }
    Ok(response.finish())
}

/// Appends a part at the current offset. What is acknowledged is durable.
///
/// # Errors
/// `BadRequest`, `UnsupportedMedia`, and those of [`append::append`].
pub async fn append_part(
    services: &Data<Services>,
    target: &UploadTarget,
    id: &str,
    request: &HttpRequest,
    payload: Payload,
) -> HandlerResult {
    let headers = request.headers();
    if !header_text(headers, CONTENT_TYPE.as_str()).is_some_and(is_part_media_type) {
        return Err(Error::UnsupportedMedia.into());
    }
    let offset = header_number(headers, "upload-offset")?
        .ok_or_else(|| Error::BadRequest("Upload-Offset is missing.".into()))?;

    let part = UploadPart {
        offset,
        length: header_number(headers, CONTENT_LENGTH.as_str())?,
        checksum: parse_checksum(headers)?,
    };

    // `false`: the upload exists already, so it is kept if this part fails.
    let upload = append(services, target, parse_id(id)?, part, payload, false).await?;
    Ok(add_upload_headers(&mut HttpResponse::NoContent(), target, &upload).finish())
}

/// Cancels an upload. Its bytes are deleted, unless it has become an item.
///
/// # Errors
/// Those of [`resumable::delete`].
pub async fn delete(services: &Data<Services>, target: &UploadTarget, id: &str) -> HandlerResult {
    resumable::delete(&services_arc(services), target, parse_id(id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn parse_id(text: &str) -> Result<UploadId> {
    UploadId::parse(text).ok_or(Error::NotFound)
}

fn is_part_media_type(mime: &str) -> bool {
    mime.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(PART_MEDIA_TYPE)
}

/// Appends in a task of its own, so that a client that disconnects ends the stream but not what is done with the bytes. An
/// upload whose first part fails in the creating request is deleted, since no client knows its address.
async fn append(
    services: &Data<Services>,
    target: &UploadTarget,
    id: UploadId,
    part: UploadPart,
    payload: Payload,
    is_creation: bool,
) -> Result<Upload> {
    // The task may outlive the request, so it owns clones.
    let (services, target) = (services_arc(services), target.clone());
    let task = actix_web::rt::spawn(async move {
        let result = append::append(&services, &target, id, part, payload).await;
        if is_creation && result.is_err() {
            resumable::discard(&services, &target, id).await?;
        }
        result
    });
    // The outer error means that the task panicked; the inner result is that of the part.
    task.await.map_err(Error::internal)?
}

/// Adds the offset and, if the upload is complete, the id of its item, otherwise the time at which it expires. The
/// `nexus-` headers are extensions of this server.
fn add_upload_headers<'a>(
    response: &'a mut HttpResponseBuilder,
    target: &UploadTarget,
    upload: &Upload,
) -> &'a mut HttpResponseBuilder {
    response.insert_header(("upload-offset", upload.received));
    match upload.item_id {
        // Visitors do not learn what became of their file.
        Some(_) if !target.is_own() => {}
        Some(item) => {
            response.insert_header(("nexus-item", item.to_string()));
            if upload.is_duplicate {
                response.insert_header(("nexus-duplicate", "true"));
            }
        }
        None => drop(response.insert_header((
            "upload-expires",
            HttpDate::from(std::time::SystemTime::from(upload.expires_at.assume_utc())),
        ))),
    }
    response
}

/// Parses `Upload-Metadata`: pairs of a key and a Base64 value, of which `filename`, `directory`, `keep_duplicates`
/// and `lastModified` are used.
fn parse_metadata(metadata: &str, size: u64) -> Result<NewUploadRequest> {
    let metadata_error = |why: &str| Error::BadRequest(format!("Upload-Metadata {why}."));
    if metadata.len() > MAX_METADATA_BYTES {
        return Err(metadata_error("is too long"));
    }

    let mut values: HashMap<&str, String> = HashMap::new();

    // Pairs are separated by commas, key and value by a space.
    for pair in metadata.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        // The protocol allows a key without a value.
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if !key.is_ascii() {
            return Err(metadata_error("has a key that is not ASCII"));
        }
        let bytes = BASE64_STANDARD
            .decode(value.trim())
            .map_err(|_| metadata_error("has a value that is not Base64"))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| metadata_error("has a value that is not UTF-8"))?;
        if values.insert(key, text).is_some() {
            return Err(metadata_error("has a key twice"));
        }
    }

    let directory = match values.get("directory").filter(|text| !text.is_empty()) {
        Some(text) => Some(
            DirectoryId::parse(text)
                .ok_or_else(|| Error::field("directory", "The id of a folder."))?,
        ),
        None => None,
    };

    // `on` is the value of a checkbox in a form.
    let keep_duplicates =
        matches!(values.get("keep_duplicates").map(String::as_str), Some("true" | "on"));
    // Clients of other servers send `name` instead of `filename`.
    let sender = values.remove("sender").unwrap_or_default();
    let name = values.remove("filename").or_else(|| values.remove("name")).unwrap_or_default();
    let stated = values.get("last_modified").or_else(|| values.get("lastModified"));
    let file_modified = match stated.filter(|text| !text.is_empty()) {
        Some(text) => Some(parse_file_modified(text)?),
        None => None,
    };
    // The header is stored as received, because a request for the offset returns it.
    let metadata = metadata.to_owned();
    Ok(NewUploadRequest { name, sender, directory, keep_duplicates, metadata, file_modified, size })
}

/// Parses `Upload-Checksum` into a hasher and the expected digest; `None` if the header is missing.
fn parse_checksum(headers: &HeaderMap) -> Result<Option<Checksum>> {
    let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
    let checksum_error =
        || Error::BadRequest(format!("Upload-Checksum takes {ALGORITHMS} and a digest in Base64."));
    let (algorithm, digest) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(checksum_error)?;
    let hasher = match algorithm {
        "sha1" => ChecksumHasher::Sha1(sha1::Sha1::new()),
        "sha256" => ChecksumHasher::Sha256(sha2::Sha256::new()),
        _ => return Err(checksum_error()),
    };
    let expected = BASE64_STANDARD.decode(digest.trim()).map_err(|_| checksum_error())?;
    Ok(Some(Checksum { hasher, expected }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_parsed_and_invalid_metadata_rejected() {
        let read =
            parse_metadata("filename YS5wbmc=,is_confidential,filetype aW1hZ2UvcG5n", 7).unwrap();
        assert_eq!((read.name.as_str(), read.size, read.keep_duplicates), ("a.png", 7, false));
        assert_eq!(parse_metadata("", 0).unwrap().name, "");
        for nonsense in
            ["filename ???", "a YQ==,a YQ==", "filename //79", "directory YQ==", "n\u{e4}me YQ=="]
        {
            assert!(parse_metadata(nonsense, 0).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn parts_are_of_their_own_media_type() {
        assert!(is_part_media_type("Application/Offset+Octet-Stream; x=y"));
        assert!(!is_part_media_type("application/octet-stream"));
    }
}
