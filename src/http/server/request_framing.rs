//! Finds the ends of requests in the bytes of a connection, so that the HTTP server receives one request at a time.
//!
//! actix-http 3.20 decodes every request that it has received before it answers the first. Pipelined requests then take
//! 150 times the memory of their bytes, and each response is framed by the request that was decoded last (see
//! docs/decisions/0021). This module only delays bytes; the HTTP server still parses and rejects requests.

use std::mem::MaybeUninit;

use actix_web::http::header::HeaderName;
use bytes::{Buf, BytesMut};
use tokio::io::ReadBuf;

/// Bytes of a head that are waited for. The HTTP server answers a longer head with 431.
const MAX_HEAD: usize = 128 * 1024;
/// Bytes that are received ahead while a request is under way.
const MAX_AHEAD: usize = 4 * 1024;
/// The HTTP server accepts as many header fields.
const MAX_FIELDS: usize = 96;

/// The bytes of one connection, divided into requests.
#[derive(Default)]
pub struct RequestFraming {
    position: Position,
    /// Bytes that were received and not delivered: an incomplete head, or requests that wait for the current one.
    held: BytesMut,
    is_at_end: bool,
    /// Requests whose head was delivered.
    begun: u64,
    /// Bytes of the current request's body that were delivered.
    body_bytes: u64,
}

/// What the next byte belongs to.
#[derive(Default)]
enum Position {
    #[default]
    Head,
    /// The rest of a request, with that many bytes of its head and of its body.
    Sized {
        head: u64,
        body: u64,
    },
    Chunked(ChunkedBody),
    /// The HTTP server will reject this request, and receives all following bytes.
    Rest,
}

impl RequestFraming {
    /// Requests that the HTTP server has received.
    #[must_use]
    pub const fn begun(&self) -> u64 {
        self.begun
    }

    /// Bytes of the current request's body that the HTTP server has received.
    #[must_use]
    pub const fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Whether complete or incomplete requests are held back.
    #[must_use]
    pub fn has_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Moves held bytes to `buffer`, the next request only if `may_begin`. Returns whether there were any to move.
    pub fn deliver_held(&mut self, buffer: &mut ReadBuf<'_>, may_begin: bool) -> bool {
        let Some(taken) = self.position.take(&self.held, buffer.remaining(), may_begin) else {
            // A zero byte is not allowed in a head, so the HTTP server answers with 400.
            self.position = Position::Rest;
            if let Some(first) = self.held.first_mut() {
                *first = 0;
            }
            return self.deliver_held(buffer, may_begin);
        };
        self.record(&taken);

        let count = taken.bytes;
        buffer.put_slice(self.held.get(..count).unwrap_or_default());
        self.held.advance(count);
        if self.held.is_empty() {
            // Frees the memory of a long head.
            self.held = BytesMut::new();
        }
        count > 0
    }

    /// Takes in the bytes of `buffer` after the first `before`, which were just received. Leaves those that may be
    /// delivered now, and returns whether there are any.
    pub fn receive(&mut self, buffer: &mut ReadBuf<'_>, before: usize, may_begin: bool) -> bool {
        let received = buffer.filled().get(before..).unwrap_or_default();
        if received.is_empty() {
            self.is_at_end = true;
            return false;
        }

        // Bytes that were held precede these. A head that must be rejected is held as well, to be changed.
        let taken = if self.held.is_empty() {
            self.position.take(received, received.len(), may_begin).unwrap_or_default()
        } else {
            Taken::default()
        };
        let count = taken.bytes;
        self.held.extend_from_slice(received.get(count..).unwrap_or_default());
        buffer.set_filled(before + count);
        self.record(&taken);
        count > 0
    }

    /// Counts what is delivered.
    const fn record(&mut self, taken: &Taken) {
        if taken.is_begin {
            self.begun += 1;
            self.body_bytes = 0;
        }
        self.body_bytes += taken.body_bytes;
    }

    /// Whether more bytes may be received before the current request has ended.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.is_at_end && self.held.len() < MAX_AHEAD
    }

    /// Whether the client has sent all bytes and all were delivered, except a head that will never be complete.
    #[must_use]
    pub fn is_finished(&self, may_begin: bool) -> bool {
        self.is_at_end && (self.held.is_empty() || may_begin)
    }
}

/// What may be delivered.
#[derive(Default)]
struct Taken {
    bytes: usize,
    /// How many of them are data of the body.
    body_bytes: u64,
    /// Whether a request begins with them.
    is_begin: bool,
    /// Whether a request ends with them.
    is_end: bool,
}

impl Position {
    /// How many of `bytes` may be delivered, at most `room`: not more than the rest of the current request, or the next
    /// one from its head if `may_begin`. Advances past them. `None` for a head that must not be delivered.
    fn take(&mut self, bytes: &[u8], room: usize, may_begin: bool) -> Option<Taken> {
        let is_begin = matches!(self, Self::Head);
        if is_begin {
            if bytes.is_empty() || !may_begin {
                return Some(Taken::default());
            }
            match parse_head(bytes) {
                Head::Complete(position) => *self = position,
                Head::Incomplete if bytes.len() < MAX_HEAD => return Some(Taken::default()),
                Head::Incomplete => *self = Self::Rest,
                Head::Refused => return None,
            }
        }

        let bytes = bytes.get(..room).unwrap_or(bytes);
        let taken = match self {
            Self::Head => Taken::default(),
            // Not counted as a body, because no handler reads it.
            Self::Rest => Taken { bytes: bytes.len(), ..Taken::default() },
            Self::Sized { head, body } => {
                let from_head = (bytes.len() as u64).min(*head);
                *head -= from_head;
                let body_bytes = (bytes.len() as u64 - from_head).min(*body);
                *body -= body_bytes;
                let count = usize::try_from(from_head + body_bytes).unwrap_or(bytes.len());
                let is_end = *head == 0 && *body == 0;
                Taken { bytes: count, body_bytes, is_end, ..Taken::default() }
            }
            Self::Chunked(body) => body.advance(bytes),
        };
        if taken.is_end {
            *self = Self::Head;
        }
        Some(Taken { is_begin, ..taken })
    }
}

enum Head {
    Incomplete,
    /// The position at its first byte.
    Complete(Position),
    /// actix-http would panic on it.
    Refused,
}

/// Determines where the request ends whose head is at the beginning of `bytes`.
fn parse_head(bytes: &[u8]) -> Head {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let head_length = match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete(length)) => length as u64,
        Ok(httparse::Status::Partial) => return Head::Incomplete,
        Err(_) => return Head::Complete(Position::Rest),
    };

    let (mut is_chunked, mut is_upgrade, mut length) = (false, false, Some(0));
    for field in request.headers.iter() {
        // httparse accepts longer names.
        if HeaderName::from_bytes(field.name.as_bytes()).is_err() {
            return Head::Refused;
        }
        let value = field.value.trim_ascii();
        if field.name.eq_ignore_ascii_case("transfer-encoding") {
            is_chunked |= value.eq_ignore_ascii_case(b"chunked");
        } else if field.name.eq_ignore_ascii_case("upgrade") {
            is_upgrade |= value.eq_ignore_ascii_case(b"websocket");
        } else if field.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
        }
    }

    // In the order of actix-http, which takes the bytes after an upgrade for a body.
    let sized = |body| Position::Sized { head: head_length, body };
    let is_tunnel = request.method == Some("CONNECT");
    Head::Complete(match length {
        _ if is_chunked => Position::Chunked(ChunkedBody::Head(head_length)),
        // A body that ends with the connection.
        _ if is_upgrade => sized(u64::MAX),
        Some(0) if is_tunnel => sized(u64::MAX),
        Some(body) => sized(body),
        // Not a length: the HTTP server rejects the request.
        None => Position::Rest,
    })
}

/// The position in a chunked body (RFC 9112, 7.1). Accepts more than the HTTP server, which closes the connection after
/// an invalid one.
enum ChunkedBody {
    /// That many bytes of the head, then the first chunk.
    Head(u64),
    /// The hexadecimal size.
    Size(u64),
    /// The rest of the line with the size.
    SizeLine(u64),
    /// That many bytes of data, then a line break.
    Data(u64),
    DataEnd,
    /// The beginning of a line after the last chunk; the body ends with an empty one.
    TrailerStart,
    /// The line feed that ends the body.
    TrailerEnd,
    /// The rest of a line, up to its carriage return.
    TrailerLine,
    /// The line feed of such a line.
    TrailerLineEnd,
}

impl ChunkedBody {
    /// Advances past those of `bytes` that belong to the request.
    fn advance(&mut self, bytes: &[u8]) -> Taken {
        let mut taken = Taken::default();
        while let Some(byte) = bytes.get(taken.bytes) {
            let available = bytes.len() - taken.bytes;
            let is_line_end = *byte == b'\n';
            match self {
                // Bytes that are skipped at once.
                Self::Head(left) | Self::Data(left) if *left > 0 => {
                    let skipped = usize::try_from(*left).unwrap_or(usize::MAX).min(available);
                    *left -= skipped as u64;
                    taken.bytes += skipped;
                    if matches!(self, Self::Data(_)) {
                        taken.body_bytes += skipped as u64;
                    }
                    continue;
                }
                Self::Head(_) => {
                    *self = Self::Size(0);
                    continue;
                }
                Self::Data(_) => {
                    *self = Self::DataEnd;
                    continue;
                }
                Self::Size(size) => match char::from(*byte).to_digit(16) {
                    Some(digit) => *size = size.saturating_mul(16).saturating_add(digit.into()),
                    None => *self = Self::SizeLine(*size).after_byte(is_line_end),
                },
                Self::SizeLine(size) => *self = Self::SizeLine(*size).after_byte(is_line_end),
                Self::DataEnd if is_line_end => *self = Self::Size(0),
                Self::DataEnd => {}
                // Line feeds without a carriage return end nothing, as in actix-http.
                Self::TrailerStart if *byte == b'\r' => *self = Self::TrailerEnd,
                Self::TrailerEnd if is_line_end => {
                    taken.bytes += 1;
                    taken.is_end = true;
                    return taken;
                }
                Self::TrailerLine if *byte == b'\r' => *self = Self::TrailerLineEnd,
                Self::TrailerLineEnd if is_line_end => *self = Self::TrailerStart,
                Self::TrailerStart
                | Self::TrailerEnd
                | Self::TrailerLine
                | Self::TrailerLineEnd => *self = Self::TrailerLine,
            }
            taken.bytes += 1;
        }
        taken
    }

    /// What follows a byte of the line with the size.
    const fn after_byte(self, is_line_end: bool) -> Self {
        match self {
            Self::SizeLine(0) if is_line_end => Self::TrailerStart,
            Self::SizeLine(size) if is_line_end => Self::Data(size),
            other => other,
        }
    }
}
