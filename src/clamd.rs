//! clamd's INSTREAM protocol over a Unix socket or TCP (clamd(8), COMMANDS).
//!
//! Our own implementation, because clamd reports a file that is too large while it is still being sent, and the
//! libraries we tried turn that into a broken pipe.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes sent per chunk.
const CHUNK_BYTES: usize = 128 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long clamd may take for one file.
const VERDICT_TIMEOUT: Duration = Duration::from_mins(10);
/// Longest reply that is read.
const MAX_REPLY_BYTES: u64 = 4096;

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clamd {
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

/// The result of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanVerdict {
    Clean,
    /// The name of the signature.
    Found(String),
    /// Larger than clamd accepts (`StreamMaxLength`, `AlertExceedsMax`).
    TooLarge,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Clamd {
    /// Parses `unix:/path` or `host:port`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return path.starts_with('/').then(|| Self::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':')?;
        (!host.is_empty() && port.parse::<u16>().is_ok()).then(|| Self::Tcp(text.to_owned()))
    }

    /// Connects to clamd and sets the timeouts. Reading may take long, because clamd replies only when it has scanned
    /// the whole file.
    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(VERDICT_TIMEOUT))?;
                stream.set_write_timeout(Some(VERDICT_TIMEOUT))?;
                Ok(Box::new(stream))
            }
            Self::Tcp(address) => {
                let address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
                let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
                stream.set_read_timeout(Some(VERDICT_TIMEOUT))?;
                stream.set_write_timeout(Some(VERDICT_TIMEOUT))?;
                Ok(Box::new(stream))
            }
        }
    }

    /// Returns the version of clamd and of its signatures.
    ///
    /// # Errors
    /// `InvalidData` for an unexpected reply.
    pub fn version(&self) -> io::Result<String> {
        let mut stream = self.connect()?;
        stream.write_all(b"zVERSION\0")?;
        let reply = read_reply(&mut stream)?;
        if reply.starts_with("ClamAV") { Ok(reply) } else { Err(unexpected_reply(&reply)) }
    }

    /// Scans a file by streaming it in constant memory.
    ///
    /// # Errors
    /// `InvalidData` for an unexpected reply.
    pub fn scan(&self, file: &mut impl Read) -> io::Result<ScanVerdict> {
        let mut stream = self.connect()?;
        let send_result = send(&mut stream, file);
        // clamd closes the connection after reporting a file as too large, so a reply has precedence over a failed
        // send.
        match (read_reply(&mut stream), send_result) {
            (Ok(reply), _) if !reply.is_empty() => parse_verdict(&reply),
            // Without a reply, the failed send is the cause.
            (_, Err(cause)) => Err(cause),
            (Err(cause), _) => Err(cause),
            (Ok(reply), Ok(())) => Err(unexpected_reply(&reply)),
        }
    }
}

/// Sends a file with the INSTREAM command: each chunk follows its length as a big-endian `u32`, and the length 0 ends
/// the stream.
fn send(stream: &mut dyn Stream, file: &mut impl Read) -> io::Result<()> {
    stream.write_all(b"zINSTREAM\0")?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = file.read(&mut chunk)?;
        stream.write_all(&u32::try_from(length).unwrap_or(0).to_be_bytes())?;
        if length == 0 {
            return stream.flush();
        }
        stream.write_all(chunk.get(..length).unwrap_or_default())?;
    }
}

fn read_reply(stream: &mut dyn Stream) -> io::Result<String> {
    let mut reply = Vec::new();
    stream.take(MAX_REPLY_BYTES).read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).trim_end_matches(['\0', '\n']).to_owned())
}

/// Interprets the reply of clamd to INSTREAM: clean, a signature that was found, or a file that exceeds a size limit.
fn parse_verdict(reply: &str) -> io::Result<ScanVerdict> {
    // The reply about an exceeded size limit lacks this prefix.
    let result = reply.strip_prefix("stream: ").unwrap_or(reply);
    if result == "OK" {
        return Ok(ScanVerdict::Clean);
    }
    if result.contains("size limit exceeded") {
        return Ok(ScanVerdict::TooLarge);
    }
    match result.strip_suffix(" FOUND") {
        // With `AlertExceedsMax`, clamd reports an exceeded limit as if it were a signature.
        Some(name) if name.starts_with("Heuristics.Limits.Exceeded") => Ok(ScanVerdict::TooLarge),
        Some(name) => Ok(ScanVerdict::Found(name.to_owned())),
        None => Err(unexpected_reply(reply)),
    }
}

fn unexpected_reply(reply: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("clamd reply {reply:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!(
            Clamd::parse("unix:/run/clamd.sock"),
            Some(Clamd::Unix("/run/clamd.sock".into()))
        );
        assert_eq!(Clamd::parse("scanner:3310"), Some(Clamd::Tcp("scanner:3310".into())));
        for nonsense in ["", "unix:", "unix:clamd.sock", "host", "host:", ":3310", "host:port"] {
            assert_eq!(Clamd::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn only_ok_is_clean() {
        assert_eq!(parse_verdict("stream: OK").unwrap(), ScanVerdict::Clean);
        assert_eq!(
            parse_verdict("stream: Eicar FOUND").unwrap(),
            ScanVerdict::Found("Eicar".into())
        );
        assert_eq!(
            parse_verdict("INSTREAM size limit exceeded. ERROR").unwrap(),
            ScanVerdict::TooLarge
        );
        assert_eq!(
            parse_verdict("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND").unwrap(),
            ScanVerdict::TooLarge
        );
        for odd in ["", "OK?", "stream: lstat() failed. ERROR", "UNKNOWN COMMAND"] {
            assert!(parse_verdict(odd).is_err(), "{odd}");
        }
    }
}
