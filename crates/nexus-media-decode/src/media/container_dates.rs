//! Dates in the headers of AVI and Windows Media files that ffprobe does not report.

use super::metadata::Metadata;
use super::taken_at::{TakenAt, TakenIn};

/// Bytes at the start of a file that are searched.
pub const SEARCHED_BYTES: u64 = 256 * 1024;
/// Longest text of a date.
const MAX_TEXT_BYTES: usize = 64;
/// The header object of Windows Media that has the date.
const FILE_PROPERTIES: &[u8] = b"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65";
/// Bytes from the start of that object to the date: identifiers, and sizes of object and file.
const DATE_AT: usize = 48;
/// From 1601, when Windows begins to count, to 1970, in milliseconds.
const WINDOWS_EPOCH_MS: i64 = 11_644_473_600_000;

/// Whether files of this type can have such a date.
#[must_use]
pub fn can_have(mime: &str) -> bool {
    matches!(mime, "video/x-msvideo" | "video/x-ms-wmv")
}

/// Reads the date from the start of a file.
#[must_use]
pub fn read(head: &[u8]) -> Metadata {
    let taken = avi_date(head).or_else(|| windows_media_date(head));
    let taken = taken.filter(|taken| !taken.is_unset_clock() && !taken.is_first_moment());
    Metadata { taken: taken.map(|taken| taken.found_in(TakenIn::Container)), ..Metadata::default() }
}

/// The chunk `IDIT`: the local time as text, which each maker writes in its own way.
fn avi_date(head: &[u8]) -> Option<TakenAt> {
    if !head.starts_with(b"RIFF") {
        return None;
    }
    let at = memchr::memmem::find(head, b"IDIT")?;
    let length = u32::from_le_bytes(head.get(at + 4..at + 8)?.try_into().ok()?);
    let length = usize::try_from(length).ok()?.min(MAX_TEXT_BYTES);
    let text = head.get(at + 8..)?;
    let text = String::from_utf8_lossy(text.get(..length.min(text.len()))?).into_owned();
    TakenAt::parse(&text)
}

/// The creation date in the file properties: UTC in units of 100 ns.
fn windows_media_date(head: &[u8]) -> Option<TakenAt> {
    let at = memchr::memmem::find(head, FILE_PROPERTIES)? + DATE_AT;
    let ticks = u64::from_le_bytes(head.get(at..at + 8)?.try_into().ok()?);
    let millis = i64::try_from(ticks / 10_000).ok()?;
    let taken = TakenAt { local_ms: millis - WINDOWS_EPOCH_MS, is_utc: true, ..TakenAt::default() };
    (ticks > 0 && taken.is_plausible() && !taken.is_in_future()).then_some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTERNOON: i64 = 1_562_254_212_000;

    #[test]
    fn dates_of_avi_files_are_read_in_the_spellings_of_their_makers() {
        for text in [
            "Thu Jul 04 15:30:12 2019\n\0",
            "2019-07-04 15:30:12",
            "2019-07-04  15:30:12\0\0",
            "2019/07/04/ 15:30:12",
            "2019:07:04 15:30:12",
            "2019/ 7/ 4  3:30:12PM",
        ] {
            let length = u32::try_from(text.len()).unwrap().to_le_bytes();
            let head = [b"RIFF....AVI LIST....hdrlIDIT", &length[..], text.as_bytes()].concat();
            let taken = read(&head).taken.unwrap();
            assert_eq!((taken.local_ms, taken.is_utc), (AFTERNOON, false), "{text}");
            for cut in 0..head.len() {
                drop(read(&head[..cut]));
            }
        }
    }

    #[test]
    fn the_date_of_windows_media_is_utc() {
        let ticks = u64::try_from((AFTERNOON + WINDOWS_EPOCH_MS) * 10_000).unwrap();
        let object =
            |ticks: u64| [b"0&\xb2u", FILE_PROPERTIES, &[0; 32], &ticks.to_le_bytes()].concat();
        let taken = read(&object(ticks)).taken.unwrap();
        assert_eq!((taken.local_ms, taken.is_utc), (AFTERNOON, true));
        assert_eq!(read(&object(0)).taken, None);
        assert_eq!(read(&object(u64::MAX)).taken, None);
    }
}
