//! Frames of MPEG audio (layers I to III, MPEG-1, 2 and 2.5): recognizes streams and counts their length.

use std::io::{self, BufRead, Seek, SeekFrom};

/// Frames in a row that tell a stream from bytes that look like a header.
const MIN_FRAMES: usize = 3;
/// Bytes in which the next header is searched for after damage.
const MAX_RESYNC_BYTES: usize = 64 * 1024;
/// Frames of one file: about 90 hours.
const MAX_FRAMES: u64 = 16_000_000;

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Version, layer and sample rate, which are the same in all frames of a stream.
    kind: (u8, u8, u32),
    /// Bytes, including the header.
    length: usize,
    /// Samples of each channel.
    samples: u32,
}

impl FrameHeader {
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        // In kilobits per second, by the number in the header: MPEG-1 layers I to III, MPEG-2 layer I, and MPEG-2
        // layers II and III.
        const RATES: [[u32; 15]; 5] = [
            [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
            [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
            [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
            [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        ];
        let [0xff, second, third, _, ..] = *bytes else { return None };
        // Eleven bits of synchronization.
        if second & 0xe0 != 0xe0 {
            return None;
        }

        // Version: 0 is MPEG-2.5, 2 is MPEG-2, 3 is MPEG-1; 1 is reserved. Layer: 3 is I, 2 is II, 1 is III.
        let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
        let is_first_version = version == 3;
        let row = match (is_first_version, layer) {
            _ if version == 1 => return None,
            (true, 3) => 0,
            (true, 2) => 1,
            (true, 1) => 2,
            (false, 3) => 3,
            (false, 1 | 2) => 4,
            _ => return None,
        };

        // Number 0 is the free format, which does not say its length; 15 is invalid.
        let bit_rate =
            RATES.get(row)?.get(usize::from(third >> 4)).filter(|rate| **rate > 0)? * 1000;
        let base = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3)).copied()?;
        let sample_rate = match version {
            3 => base,
            2 => base / 2,
            _ => base / 4,
        };

        let padding = u32::from(third >> 1 & 1);
        let (samples, length) = match layer {
            3 => (384, (12 * bit_rate / sample_rate + padding) * 4),
            1 if !is_first_version => (576, 72 * bit_rate / sample_rate + padding),
            _ => (1152, 144 * bit_rate / sample_rate + padding),
        };
        let length = usize::try_from(length).ok().filter(|length| *length > 4)?;
        Some(Self { kind: (version, layer, sample_rate), length, samples })
    }
}

/// Whether these first bytes of a file are MPEG audio without a tag before it. Zeros may precede it.
#[must_use]
pub fn is_stream(head: &[u8]) -> bool {
    let zeros = head.iter().take_while(|byte| **byte == 0).count();
    let mut rest = head.get(zeros..).unwrap_or_default();
    let Some(first) = FrameHeader::parse(rest) else { return false };

    let mut frames = 0;
    while let Some(frame) = FrameHeader::parse(rest).filter(|frame| frame.kind == first.kind) {
        frames += 1;
        match rest.get(frame.length..) {
            Some(next) if frames < MIN_FRAMES => rest = next,
            _ => break,
        }
    }
    // A short file, or a head that ends in the middle of a frame.
    let is_at_end = FrameHeader::parse(rest).is_some() || rest.len() < 4;
    frames >= MIN_FRAMES || frames == 2 && is_at_end
}

/// Counts the length of a file of MPEG audio in milliseconds: what a player plays, whatever the file says about itself.
/// `None` if it has no frames.
pub fn duration_ms<R: BufRead + Seek>(file: &mut R) -> io::Result<Option<u64>> {
    file.rewind()?;
    skip_tag(file)?;

    let mut kind = None;
    let (mut samples, mut frames) = (0_u64, 0_u64);
    while frames < MAX_FRAMES {
        let Some(frame) = next_frame(file, kind)? else { break };
        kind.get_or_insert(frame.kind);
        // The first frame of many files is a table of contents without sound.
        if frames > 0 || !is_info_frame(file, &frame)? {
            samples += u64::from(frame.samples);
        }
        frames += 1;
        file.seek_relative(i64::try_from(frame.length).unwrap_or(i64::MAX))?;
    }

    // Frames cut off at the end of the file were counted whole, which is at most 72 ms too long.
    let rate = kind.map_or(1, |(_, _, rate)| u64::from(rate).max(1));
    Ok(kind.map(|_| samples * 1000 / rate))
}

/// Moves past an `ID3v2` tag.
fn skip_tag<R: BufRead + Seek>(file: &mut R) -> io::Result<()> {
    let mut header = [0; 10];
    if file.read_exact(&mut header).is_err() {
        return file.rewind();
    }
    match header {
        // Seven bits in each byte of the length; a footer of ten bytes may follow.
        [b'I', b'D', b'3', _, _, flags, a, b, c, d] if a | b | c | d < 0x80 => {
            let length = [a, b, c, d].iter().fold(0, |sum, byte| sum << 7 | i64::from(*byte));
            let footer = if flags & 0x10 == 0 { 0 } else { 10 };
            file.seek_relative(length + footer)
        }
        _ => file.rewind(),
    }
}

/// Finds the next frame of this kind and stays at its start. `None` at the end, or after too much that is no frame.
fn next_frame<R: BufRead + Seek>(
    file: &mut R,
    kind: Option<(u8, u8, u32)>,
) -> io::Result<Option<FrameHeader>> {
    for _ in 0..MAX_RESYNC_BYTES {
        let mut header = [0; 4];
        match file.read_exact(&mut header) {
            Ok(()) => {}
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(cause) => return Err(cause),
        }
        let frame = FrameHeader::parse(&header);
        if let Some(frame) = frame.filter(|frame| kind.is_none_or(|kind| kind == frame.kind)) {
            file.seek_relative(-4)?;
            return Ok(Some(frame));
        }
        // One byte further.
        file.seek_relative(-3)?;
    }
    Ok(None)
}

/// Whether the frame at the current position contains a Xing, LAME or VBRI table instead of sound. The position stays.
fn is_info_frame<R: BufRead + Seek>(file: &mut R, frame: &FrameHeader) -> io::Result<bool> {
    let mut bytes = vec![0; frame.length.min(64)];
    let start = file.stream_position()?;
    let is_whole = file.read_exact(&mut bytes).is_ok();
    file.seek(SeekFrom::Start(start))?;
    let names: [&[u8]; 3] = [b"Xing", b"Info", b"VBRI"];
    Ok(is_whole && names.iter().any(|name| memchr::memmem::find(&bytes, name).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of MPEG-1 layer III with 128 kbit/s and 44.1 kHz.
    fn frames(count: usize) -> Vec<u8> {
        let mut frame = vec![0xff, 0xfb, 0x90, 0x00];
        frame.resize(417, 0x55);
        frame.repeat(count)
    }

    #[test]
    fn streams_are_recognized_by_several_frames_in_a_row() {
        assert!(is_stream(&frames(4)));
        assert!(is_stream(&[vec![0; 700], frames(4)].concat()));
        assert!(is_stream(&frames(2)[..600]));
        // With a checksum, layer II, MPEG-2.5.
        for (second, third) in [(0xfa, 0x90), (0xfd, 0x80), (0xe3, 0x80)] {
            let header = [0xff, second, third, 0];
            let length = FrameHeader::parse(&header).unwrap().length;
            let mut frame = header.to_vec();
            frame.resize(length, 0x55);
            assert!(is_stream(&frame.repeat(3)), "{second:x}");
        }
        let mut broken = frames(4);
        broken[417] = 0;
        for bytes in [b"\xff\xd8\xff\xe0\0\x10JFIF".as_slice(), b"", b"\xff\xfb", &broken, b"text"]
        {
            assert!(!is_stream(bytes), "{:?}", &bytes[..bytes.len().min(8)]);
        }
    }

    #[test]
    fn the_length_is_counted_without_tags_tables_and_damage() {
        let of = |bytes: Vec<u8>| duration_ms(&mut io::Cursor::new(bytes)).unwrap();
        let second = of(frames(38)).unwrap();
        assert_eq!(second, 38 * 1152 * 1000 / 44_100);
        let tag = [b"ID3\x04\0\0\0\0\x01\0".to_vec(), vec![0xff; 128]].concat();
        assert_eq!(of([tag, frames(38)].concat()), Some(second));
        let mut table = frames(1);
        table[36..40].copy_from_slice(b"Xing");
        assert_eq!(of([table, frames(38)].concat()), Some(second));
        assert_eq!(of([frames(19), vec![0; 1000], frames(19)].concat()), Some(second));
        assert_eq!(of(b"no sound".to_vec()), None);
    }
}
