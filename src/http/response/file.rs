//! A file as a response: conditional, whole or in part (RFC 9110).

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HttpDate};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::sendfile_body::{FilePart, HeadBody, SendfileQueue, read_small};
use crate::error::Error;
use crate::http::route::HandlerResult;
use crate::state::open_file_cache::FileSource;

/// RFC 8187: what needs no escape in `filename*`.
const EXTENDED_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Describes a file's content for its headers.
pub struct FileResponse<'a> {
    pub name: &'a str,
    pub mime: &'a str,
    /// Without quotes.
    pub etag: String,
    pub modified: std::time::SystemTime,
    pub size: u64,
    pub is_inline: bool,
    pub caching: Caching,
    /// The path for the reverse proxy, if it is to send the file.
    pub elsewhere: Option<String>,
}

/// How long a browser may keep the response; shared caches may not keep it at all.
#[derive(Clone, Copy)]
pub enum Caching {
    /// The browser revalidates each time.
    AskAgain,
    /// The address names the content, which never changes.
    ForGood,
}

/// Responds with a file, a range of it, or 304 (RFC 9110).
///
/// # Errors
/// `RangeNotSatisfiable`.
pub fn file_response(
    request: &HttpRequest,
    source: &FileSource,
    about: &FileResponse<'_>,
) -> HandlerResult {
    let headers = request.headers();

    // Conditions come before ranges (RFC 9110, 13.2.2).
    if is_not_modified(headers, about) {
        let mut answer = HttpResponse::NotModified();
        validators(&mut answer, about);
        return Ok(answer.finish());
    }

    if let Some(place) = &about.elsewhere {
        // The proxy handles ranges itself.
        let mut answer = HttpResponse::Ok();
        validators(&mut answer, about);
        content_headers(&mut answer, about);
        return Ok(answer
            .insert_header((HeaderName::from_static("x-accel-redirect"), place.as_str()))
            .finish());
    }

    let part = match requested_range(headers, about) {
        RequestedRange::All => None,
        RequestedRange::Part(start, end) => Some((start, end)),
        RequestedRange::Impossible => {
            return Err(Error::RangeNotSatisfiable { size: about.size }.into());
        }
    };

    let mut answer =
        if part.is_some() { HttpResponse::PartialContent() } else { HttpResponse::Ok() };
    validators(&mut answer, about);
    content_headers(&mut answer, about);

    // The length is known before the body is sent.
    let (start, length) = match part {
        Some((start, end)) => {
            answer.insert_header((
                header::CONTENT_RANGE,
                format!("bytes {start}-{end}/{}", about.size),
            ));
            (start, end - start + 1)
        }
        None => (0, about.size),
    };

    // HEAD must not read the file.
    if request.method() == Method::HEAD {
        return Ok(answer.body(HeadBody(length)));
    }

    // An offset within the file, because previews of all sizes are one file.
    let at = source.offset + start;
    if let Some(bytes) = read_small(source, at, length) {
        return Ok(answer.body(bytes));
    }
    let queue = request
        .conn_data::<SendfileQueue>()
        .ok_or_else(|| Error::internal("a connection has no sendfile queue"))?;
    Ok(answer.no_chunking(length).body(FilePart::new(queue, source.file.clone(), at, length)))
}

fn content_headers(answer: &mut HttpResponseBuilder, about: &FileResponse<'_>) {
    answer
        .insert_header((header::CONTENT_TYPE, about.mime))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            content_disposition(about.name, about.is_inline),
        ));
    if !about.is_inline {
        answer.insert_header((
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'; frame-ancestors 'none'",
        ));
    }
}

fn validators(answer: &mut HttpResponseBuilder, about: &FileResponse<'_>) {
    answer
        .insert_header((header::ETAG, format!("\"{}\"", about.etag)))
        .insert_header((header::LAST_MODIFIED, HttpDate::from(about.modified)))
        .insert_header((
            header::CACHE_CONTROL,
            match about.caching {
                Caching::AskAgain => "private, no-cache",
                Caching::ForGood => "private, max-age=31536000, immutable",
            },
        ));
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// RFC 9110, 13.1.2 and 13.1.3.
fn is_not_modified(headers: &HeaderMap, about: &FileResponse<'_>) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        return if_none_match(headers, &about.etag);
    }
    header_text(headers, header::IF_MODIFIED_SINCE)
        .and_then(|date| date.parse::<HttpDate>().ok())
        .is_some_and(|date| HttpDate::from(about.modified) <= date)
}

/// Whether `If-None-Match` names the version `etag` (without quotes).
#[must_use]
pub fn if_none_match(headers: &HeaderMap, etag: &str) -> bool {
    let Some(tags) = header_text(headers, header::IF_NONE_MATCH) else { return false };
    let ours = format!("\"{etag}\"");
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == ours)
}

#[derive(Debug, PartialEq, Eq)]
enum RequestedRange {
    All,
    /// First and last byte.
    Part(u64, u64),
    Impossible,
}

/// RFC 9110, 14.2: one range. Several ranges, or an invalid one, mean the whole file.
fn requested_range(headers: &HeaderMap, about: &FileResponse<'_>) -> RequestedRange {
    let Some(range) =
        header_text(headers, header::RANGE).and_then(|range| range.strip_prefix("bytes="))
    else {
        return RequestedRange::All;
    };

    // The range applies only to the version that the client has.
    if let Some(condition) = header_text(headers, header::IF_RANGE) {
        let is_same = if condition.starts_with('"') {
            condition.trim_matches('"') == about.etag
        } else {
            condition.parse::<HttpDate>().is_ok_and(|date| date == HttpDate::from(about.modified))
        };
        if !is_same {
            return RequestedRange::All;
        }
    }

    let Some((first, last)) = range.trim().split_once('-') else { return RequestedRange::All };
    let number = |digits: &str| {
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
    };

    // Forms such as `-500`, `500-` and `0-499`.
    match (first, last) {
        ("", "") => RequestedRange::All,
        ("", suffix) => match number(suffix) {
            None => RequestedRange::All,
            Some(0) => RequestedRange::Impossible,
            Some(_) if about.size == 0 => RequestedRange::Impossible,
            Some(count) => RequestedRange::Part(about.size.saturating_sub(count), about.size - 1),
        },
        (first, last) => match (
            number(first),
            number(if last.is_empty() { "18446744073709551615" } else { last }),
        ) {
            (Some(first), Some(last)) if first > last => RequestedRange::All,
            (Some(first), Some(_)) if first >= about.size => RequestedRange::Impossible,
            (Some(first), Some(last)) => RequestedRange::Part(first, last.min(about.size - 1)),
            _ => RequestedRange::All,
        },
    }
}

/// RFC 6266: an ASCII name for old clients, the real one for all others.
#[must_use]
pub fn content_disposition(name: &str, is_inline: bool) -> String {
    let kind = if is_inline { "inline" } else { "attachment" };
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

    if plain == name {
        return format!("{kind}; filename=\"{plain}\"");
    }
    format!(
        "{kind}; filename=\"{plain}\"; filename*=UTF-8''{}",
        utf8_percent_encode(name, EXTENDED_VALUE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn about() -> FileResponse<'static> {
        let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(784_111_777);
        FileResponse {
            name: "a.mp4",
            mime: "video/mp4",
            etag: "abc".into(),
            modified,
            size: 100,
            is_inline: true,
            caching: Caching::AskAgain,
            elsewhere: None,
        }
    }

    fn range(value: &str) -> RequestedRange {
        requested_range(
            TestRequest::default().insert_header(("Range", value)).to_http_request().headers(),
            &about(),
        )
    }

    #[test]
    fn a_range_is_one_part_of_the_file() {
        assert_eq!(range("bytes=0-0"), RequestedRange::Part(0, 0));
        assert_eq!(range("bytes=10-"), RequestedRange::Part(10, 99));
        assert_eq!(range("bytes=-30"), RequestedRange::Part(70, 99));
        assert_eq!(range("bytes=-1000"), RequestedRange::Part(0, 99));
        assert_eq!(range("bytes=50-1000"), RequestedRange::Part(50, 99));
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
            requested_range(request.to_http_request().headers(), &about())
        };
        assert_eq!(part("\"abc\""), RequestedRange::Part(0, 9));
        assert_eq!(part("\"other\""), RequestedRange::All);
        assert_eq!(part("W/\"abc\""), RequestedRange::All);
        assert_eq!(part("Sun, 06 Nov 1994 08:49:37 GMT"), RequestedRange::Part(0, 9));
        assert_eq!(part("Sun, 06 Nov 1994 08:49:38 GMT"), RequestedRange::All);
    }

    #[test]
    fn names_survive_in_the_disposition() {
        assert_eq!(content_disposition("a b.jpg", true), "inline; filename=\"a b.jpg\"");
        assert_eq!(
            content_disposition("Grüße\".txt", false),
            "attachment; filename=\"Gr__e_.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%22.txt"
        );
    }
}
