//! A file as a response: conditional, whole or in part (RFC 9110).

use actix_web::http::Method;
use actix_web::http::header::{
    self, Charset, ContentDisposition, DispositionParam, DispositionType, ETag, EntityTag,
    ExtendedValue, Header, HeaderName, HttpDate, IfMatch, IfModifiedSince, IfNoneMatch, IfRange,
    IfUnmodifiedSince,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::{Stream, stream};
use http_range::{HttpRange, HttpRangeParseError};
use std::io::{self, Read};

use super::sendfile_body::{FilePart, HeadBody, SendfileQueue, read_small};
use crate::error::Error;
use crate::http::route::HandlerResult;
use crate::state::open_file_cache::FileSource;

/// Describes a file's content for its headers.
pub struct FileResponse<'a> {
    pub name: &'a str,
    pub mime: &'a str,
    /// Without quotes.
    pub etag: String,
    /// `None` if it is not told.
    pub modified: Option<std::time::SystemTime>,
    pub size: u64,
    pub is_inline: bool,
    pub caching: Caching,
    /// The path for the reverse proxy, if it is to send the file.
    pub x_accel_path: Option<String>,
}

/// How long a browser may keep the response; shared caches may not keep it at all.
#[derive(Clone, Copy)]
pub enum Caching {
    /// The browser revalidates each time.
    Revalidate,
    /// The address names the content, which never changes.
    Immutable,
}

/// Responds with a file, a range of it, or 304 (RFC 9110).
///
/// # Errors
/// `PreconditionFailed`, `RangeNotSatisfiable`.
pub fn file_response(
    request: &HttpRequest,
    source: &FileSource,
    content: &FileResponse<'_>,
) -> HandlerResult {
    // Conditions come before ranges (RFC 9110, 13.2.2).
    if !is_expected_version(request, content) {
        return Err(Error::PreconditionFailed.into());
    }
    if is_not_modified(request, content) {
        let mut response = HttpResponse::NotModified();
        validators(&mut response, content);
        return Ok(response.finish());
    }

    if let Some(path) = &content.x_accel_path {
        // The proxy handles ranges itself.
        let mut response = HttpResponse::Ok();
        validators(&mut response, content);
        content_headers(&mut response, content);
        return Ok(response
            .insert_header((HeaderName::from_static("x-accel-redirect"), path.as_str()))
            .finish());
    }

    let part = match requested_range(request, content) {
        RequestedRange::All => None,
        RequestedRange::Part(start, end) => Some((start, end)),
        RequestedRange::Impossible => {
            return Err(Error::RangeNotSatisfiable { size: content.size }.into());
        }
    };

    let mut response =
        if part.is_some() { HttpResponse::PartialContent() } else { HttpResponse::Ok() };
    validators(&mut response, content);
    content_headers(&mut response, content);

    // The length is known before the body is sent.
    let (start, length) = match part {
        Some((start, end)) => {
            response.insert_header((
                header::CONTENT_RANGE,
                format!("bytes {start}-{end}/{}", content.size),
            ));
            (start, end - start + 1)
        }
        None => (0, content.size),
    };

    // HEAD must not read the file.
    if request.method() == Method::HEAD {
        return Ok(response.body(HeadBody(length)));
    }

    if !source.fills.is_empty() {
        return Ok(response.no_chunking(length).streaming(filled_body(source, start, length)));
    }

    // An offset within the file, because previews of all sizes are one file.
    let at = source.offset + start;
    if let Some(bytes) = read_small(source, at, length) {
        return Ok(response.body(bytes));
    }
    // The socket sends everything else with sendfile(2).
    let queue = request
        .conn_data::<SendfileQueue>()
        .ok_or_else(|| Error::internal("a connection has no sendfile queue"))?;
    Ok(response.no_chunking(length).body(FilePart::new(queue, source.file.clone(), at, length)))
}

/// A part of a content of which some bytes are replaced, which sendfile(2) cannot do.
fn filled_body(
    source: &FileSource,
    start: u64,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    /// Bytes per read.
    const CHUNK: u64 = 256 << 10;
    let reader = source.reader_of(start, length);
    stream::unfold((reader, length), |(mut reader, left)| async move {
        if left == 0 {
            return None;
        }
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; usize::try_from(left.min(CHUNK)).unwrap_or(0)];
            let read = reader.read_exact(&mut chunk);
            (reader, read.map(|()| chunk))
        });
        match read.await {
            Ok((reader, Ok(chunk))) => {
                let left = left - chunk.len() as u64;
                Some((Ok(Bytes::from(chunk)), (reader, left)))
            }
            // The body breaks off: it is shorter than its head says.
            Ok((reader, Err(error))) => Some((Err(error), (reader, 0))),
            Err(_) => None,
        }
    })
}

/// Adds the headers that describe the content: media type, support for ranges, file name.
fn content_headers(answer: &mut HttpResponseBuilder, content: &FileResponse<'_>) {
    answer
        .insert_header((header::CONTENT_TYPE, content.mime))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header(content_disposition(content.name, content.is_inline));
    // A download that a browser opens nevertheless must not run scripts as this site.
    if !content.is_inline {
        answer.insert_header((
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'; frame-ancestors 'none'",
        ));
    }
}

/// Adds `ETag`, `Last-Modified` and `Cache-Control`, which a 304 needs as well.
fn validators(answer: &mut HttpResponseBuilder, content: &FileResponse<'_>) {
    if let Some(modified) = content.modified {
        answer.insert_header((header::LAST_MODIFIED, HttpDate::from(modified)));
    }
    answer.insert_header(ETag(EntityTag::new_strong(content.etag.clone()))).insert_header((
        header::CACHE_CONTROL,
        match content.caching {
            Caching::Revalidate => "private, no-cache",
            Caching::Immutable => "private, max-age=31536000, immutable",
        },
    ));
}

/// Whether the file is the version that the client expects. `If-Unmodified-Since` is ignored if there is an `If-Match`
/// (RFC 9110, 13.1.1 and 13.1.4).
fn is_expected_version(request: &HttpRequest, content: &FileResponse<'_>) -> bool {
    if request.headers().contains_key(header::IF_MATCH) {
        let expected = EntityTag::new_strong(content.etag.clone());
        return match IfMatch::parse(request) {
            Ok(IfMatch::Any) => true,
            Ok(IfMatch::Items(tags)) => tags.iter().any(|tag| tag.strong_eq(&expected)),
            Err(_) => false,
        };
    }
    // An invalid date is ignored.
    IfUnmodifiedSince::parse(request)
        .ok()
        .filter(|_| request.headers().contains_key(header::IF_UNMODIFIED_SINCE))
        .is_none_or(|date| content.modified.is_none_or(|at| HttpDate::from(at) <= *date))
}

/// Whether the client already has this version. `If-Modified-Since` is ignored if there is an `If-None-Match` (RFC
/// 9110, 13.1.2 and 13.1.3).
fn is_not_modified(request: &HttpRequest, content: &FileResponse<'_>) -> bool {
    if request.headers().contains_key(header::IF_NONE_MATCH) {
        return if_none_match(request, &content.etag);
    }
    IfModifiedSince::parse(request)
        .is_ok_and(|date| content.modified.is_some_and(|at| HttpDate::from(at) <= *date))
}

/// Whether `If-None-Match` names the version `etag` (without quotes).
#[must_use]
pub fn if_none_match(request: &HttpRequest, etag: &str) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        // The weak comparison ignores whether a tag is weak (RFC 9110, 8.8.3.2).
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.tag() == etag),
        Err(_) => false,
    }
}

/// Whether `If-Range` permits a part; it applies only to the version that the client has (RFC 9110, 13.1.5).
fn permits_range(request: &HttpRequest, content: &FileResponse<'_>) -> bool {
    if !request.headers().contains_key(header::IF_RANGE) {
        return true;
    }
    match IfRange::parse(request) {
        Ok(IfRange::EntityTag(tag)) => tag.strong_eq(&EntityTag::new_strong(content.etag.clone())),
        Ok(IfRange::Date(date)) => content.modified.is_some_and(|at| date == HttpDate::from(at)),
        Err(_) => false,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum RequestedRange {
    All,
    /// First and last byte.
    Part(u64, u64),
    Impossible,
}

/// RFC 9110, 14.2: one range. Several ranges, or an invalid one, mean the whole file.
fn requested_range(request: &HttpRequest, content: &FileResponse<'_>) -> RequestedRange {
    let text = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some(text) = text.filter(|_| permits_range(request, content)) else {
        return RequestedRange::All;
    };

    // The parser compares the unit with regard to case, and the standard does not (RFC 9110, 14.1).
    let is_bytes = |(unit, _): &(&str, &str)| unit.trim().eq_ignore_ascii_case("bytes");
    let Some((_, ranges)) = text.split_once('=').filter(is_bytes) else {
        return RequestedRange::All;
    };
    let ranges: Vec<String> = ranges.split(',').map(without_huge_end).collect();
    match HttpRange::parse(&format!("bytes={}", ranges.join(",")), content.size).as_deref() {
        // The last bytes of an empty file.
        Ok([range]) if range.length == 0 => RequestedRange::Impossible,
        Ok([range]) => RequestedRange::Part(range.start, range.start + range.length - 1),
        Err(HttpRangeParseError::NoOverlap) => RequestedRange::Impossible,
        Err(HttpRangeParseError::InvalidRange) if starts_beyond_u64(text) => {
            RequestedRange::Impossible
        }
        Ok(_) | Err(HttpRangeParseError::InvalidRange) => RequestedRange::All,
    }
}

/// A range without its end, if that does not fit into 64 bits: it lies past the end of every file.
fn without_huge_end(range: &str) -> String {
    match range.split_once('-') {
        Some((first, last))
            if !first.trim().is_empty()
                && last.trim().len() > 19
                && last.trim().bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            format!("{first}-")
        }
        _ => range.to_owned(),
    }
}

/// Whether the first byte is a number that the parser rejects because it does not fit into 64 bits. It lies past the end
/// of every file.
fn starts_beyond_u64(range: &str) -> bool {
    let Some((unit, range)) = range.split_once('=') else { return false };
    let first = range.split('-').next().unwrap_or_default().trim();
    let is_number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    unit.eq_ignore_ascii_case("bytes") && is_number && first.parse::<u64>().is_err()
}

/// RFC 6266: an ASCII name for old clients, the real one for all others.
#[must_use]
pub fn content_disposition(name: &str, is_inline: bool) -> ContentDisposition {
    let disposition = if is_inline { DispositionType::Inline } else { DispositionType::Attachment };
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%' | ';') || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();

    let real_name = (plain != name).then(|| {
        DispositionParam::FilenameExt(ExtendedValue {
            charset: Charset::Ext("UTF-8".into()),
            language_tag: None,
            value: name.as_bytes().to_vec(),
        })
    });
    let parameters = std::iter::once(DispositionParam::Filename(plain)).chain(real_name).collect();
    ContentDisposition { disposition, parameters }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn content() -> FileResponse<'static> {
        let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(784_111_777);
        FileResponse {
            name: "a.mp4",
            mime: "video/mp4",
            etag: "abc".into(),
            modified: Some(modified),
            size: 100,
            is_inline: true,
            caching: Caching::Revalidate,
            x_accel_path: None,
        }
    }

    fn range(value: &str) -> RequestedRange {
        let request = TestRequest::default().insert_header(("Range", value));
        requested_range(&request.to_http_request(), &content())
    }

    #[test]
    fn a_client_can_insist_on_the_version_it_knows() {
        let expects = |name: &str, value: &str| {
            let request = TestRequest::default().insert_header((name, value)).to_http_request();
            is_expected_version(&request, &content())
        };
        for value in ["\"abc\"", "*", "\"other\", \"abc\""] {
            assert!(expects("If-Match", value), "{value}");
        }
        for value in ["\"other\"", "W/\"abc\"", "nonsense"] {
            assert!(!expects("If-Match", value), "{value}");
        }
        assert!(expects("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"));
        assert!(!expects("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"));
        assert!(expects("If-Unmodified-Since", "yesterday"));
    }

    #[test]
    fn a_range_is_one_part_of_the_file() {
        assert_eq!(range("bytes=0-0"), RequestedRange::Part(0, 0));
        assert_eq!(range("Bytes=0-1"), RequestedRange::Part(0, 1));
        assert_eq!(range("bytes=10-"), RequestedRange::Part(10, 99));
        assert_eq!(range("bytes=-30"), RequestedRange::Part(70, 99));
        assert_eq!(range("bytes=-1000"), RequestedRange::Part(0, 99));
        assert_eq!(range("bytes=50-1000"), RequestedRange::Part(50, 99));
        assert_eq!(range("bytes=50-99999999999999999999"), RequestedRange::Part(50, 99));
        assert_eq!(range("Bytes=0-1"), RequestedRange::Part(0, 1));
        assert_eq!(range("bytes= 0-1 ,"), RequestedRange::Part(0, 1));
    }

    #[test]
    fn a_range_past_the_end_is_impossible_and_nonsense_is_ignored() {
        for value in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(range(value), RequestedRange::Impossible, "{value}");
        }
        for value in
            ["bytes=5-4", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=+1-2"]
        {
            assert_eq!(range(value), RequestedRange::All, "{value}");
        }
    }

    #[test]
    fn if_range_with_another_version_means_the_whole_file() {
        let part = |condition: &str| {
            let request = TestRequest::default()
                .insert_header(("Range", "bytes=0-9"))
                .insert_header(("If-Range", condition));
            requested_range(&request.to_http_request(), &content())
        };
        assert_eq!(part("\"abc\""), RequestedRange::Part(0, 9));
        assert_eq!(part("\"other\""), RequestedRange::All);
        assert_eq!(part("W/\"abc\""), RequestedRange::All);
        assert_eq!(part("Sun, 06 Nov 1994 08:49:37 GMT"), RequestedRange::Part(0, 9));
        assert_eq!(part("Sun, 06 Nov 1994 08:49:38 GMT"), RequestedRange::All);
    }

    #[test]
    fn an_empty_file_has_no_parts() {
        for value in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            let request = TestRequest::default().insert_header(("Range", value));
            let content = FileResponse { size: 0, ..content() };
            assert_eq!(
                requested_range(&request.to_http_request(), &content),
                RequestedRange::Impossible,
                "{value}"
            );
        }
    }

    #[test]
    fn a_version_the_client_has_is_not_sent_again() {
        let matches = |tags: &str| {
            let request = TestRequest::default().insert_header(("If-None-Match", tags));
            if_none_match(&request.to_http_request(), "abc")
        };
        for tags in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(matches(tags), "{tags}");
        }
        for tags in ["\"abcd\"", "abc", "", "\"x\", W/\"y\""] {
            assert!(!matches(tags), "{tags}");
        }
    }

    #[test]
    fn names_survive_in_the_disposition() {
        let shown = |name, is_inline| content_disposition(name, is_inline).to_string();
        assert_eq!(shown("a b.jpg", true), "inline; filename=\"a b.jpg\"");
        assert_eq!(
            shown("Grüße\".txt", false),
            "attachment; filename=\"Gr__e_.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%22.txt"
        );
    }
}
