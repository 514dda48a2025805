//! Audio files: tags, duration and cover.

use std::collections::HashSet;
use std::io::{BufReader, Read, Seek};

use lofty::TextEncoding;
use lofty::config::{ParseOptions, ParsingMode};
use lofty::file::{AudioFile, FileType, TaggedFile, TaggedFileExt};
use lofty::id3::v2::Frame;
use lofty::mpeg::MpegFile;
use lofty::picture::PictureType;
use lofty::probe::Probe;
use lofty::tag::{ItemKey, ItemValue, Tag, TagItem, TagType};

use super::metadata::Metadata;
use super::{legacy_text, mpeg_audio, riff_info};

/// Largest tag in bytes.
const MAX_TAG_BYTES: usize = 24 << 20;
/// The artist of an album of several artists that names no album artist.
const VARIOUS_ARTISTS: &str = "Various Artists";

/// Reads the metadata of an audio file and its cover as an image file.
pub fn read<R: Read + Seek>(mut file: R) -> Result<(Metadata, Option<Vec<u8>>), String> {
    // Only WAV has these; the tag reader leaves out what is not UTF-8.
    let texts = riff_info::read(&mut file).unwrap_or_default();
    file.rewind().map_err(|cause| cause.to_string())?;

    // Bounds what a malformed tag can allocate.
    lofty::config::apply_global_options(
        lofty::config::GlobalOptions::new().allocation_limit(MAX_TAG_BYTES),
    );

    let options = ParseOptions::new().parsing_mode(ParsingMode::Relaxed);
    let probe = Probe::new(BufReader::new(file))
        .options(options)
        .guess_file_type()
        .map_err(|cause| cause.to_string())?;

    let (tagged, latin1, counted) = if probe.file_type() == Some(FileType::Mpeg) {
        let mut file = probe.into_inner();
        let mpeg = MpegFile::read_from(&mut file, options).map_err(|cause| cause.to_string())?;
        let latin1 = latin1_values(&mpeg);
        // What the file says about its length is often wrong.
        let counted = mpeg_audio::duration_ms(&mut file).ok().flatten();
        (TaggedFile::from(mpeg), Some(latin1), counted)
    } else {
        let tagged = probe.read().map_err(|cause| cause.to_string())?;
        (tagged, None, None)
    };

    let properties = tagged.properties();
    let mut metadata = Metadata {
        duration_ms: counted.or_else(|| u64::try_from(properties.duration().as_millis()).ok()),
        bit_rate: properties.audio_bitrate().map(|kilobits| u64::from(kilobits) * 1000),
        sample_rate: properties.sample_rate(),
        channels: properties.channels(),
        audio_codec: Some(format!("{:?}", tagged.file_type())),
        ..Metadata::default()
    };

    let mut cover = None;
    // The primary tag first; others fill what it lacks.
    let others = tagged.tags().iter().filter(|tag| tag.tag_type() != tagged.primary_tag_type());
    for tag in tagged.primary_tag().into_iter().chain(others) {
        let tag = with_legacy_text(tag, latin1.as_ref());
        merge_tag(&mut metadata, &tag);

        // The front cover, or any picture.
        if cover.is_none() {
            let pictures = tag.pictures();
            let front =
                pictures.iter().find(|picture| picture.pic_type() == PictureType::CoverFront);
            cover = front.or_else(|| pictures.first()).map(|picture| picture.data().to_vec());
        }
    }

    metadata.merge_missing(texts);
    if metadata.is_compilation && metadata.album_artist.is_none() {
        metadata.album_artist = Some(VARIOUS_ARTISTS.into());
    }
    Ok((metadata, cover))
}

/// Fills what is missing in `metadata` from a tag.
fn merge_tag(metadata: &mut Metadata, tag: &Tag) {
    // A number may be followed by the number of all: `2/12`.
    let number = |key| {
        let text = tag.get_string(key)?;
        text.split('/').next()?.trim().parse::<u16>().ok()
    };
    // The first four characters of either are the year.
    let year = || tag.get_string(ItemKey::RecordingDate).or_else(|| tag.get_string(ItemKey::Year));
    let flag = tag.get_string(ItemKey::FlagCompilation);

    metadata.merge_missing(Metadata {
        title: tag.get_string(ItemKey::TrackTitle).map(str::to_owned),
        artist: joined(tag, &[ItemKey::TrackArtist, ItemKey::TrackArtists]),
        album: joined(tag, &[ItemKey::AlbumTitle]),
        album_artist: joined(tag, &[ItemKey::AlbumArtist, ItemKey::AlbumArtists]),
        genre: joined(tag, &[ItemKey::Genre]),
        track: number(ItemKey::TrackNumber),
        disc: number(ItemKey::DiscNumber),
        year: year().and_then(|year| year.get(..4)?.parse().ok()),
        is_compilation: flag.is_some_and(|flag| matches!(flag.trim(), "1" | "true")),
        ..Metadata::default()
    });
}

/// All values of the first of these keys that has more than one, or otherwise of the first that has any, each once:
/// `Anna, Bertram`.
fn joined(tag: &Tag, keys: &[ItemKey]) -> Option<String> {
    let values = |key: &ItemKey| {
        let mut values: Vec<&str> = Vec::new();
        for value in tag.get_strings(*key).flat_map(|value| value.split('\0')) {
            let value = value.trim();
            if !value.is_empty() && !values.contains(&value) {
                values.push(value);
            }
        }
        values
    };
    let all: Vec<Vec<&str>> = keys.iter().map(values).collect();
    let several = all.iter().find(|values| values.len() > 1);
    let chosen = several.or_else(|| all.iter().find(|values| !values.is_empty()))?;
    Some(chosen.join(", "))
}

/// The texts of a file that its `ID3v2` tag says are in Latin-1.
fn latin1_values(mpeg: &MpegFile) -> HashSet<String> {
    let mut values = HashSet::new();
    for frame in mpeg.id3v2().into_iter().flatten() {
        let (encoding, value) = match frame {
            Frame::Text(frame) => (frame.encoding, &frame.value),
            Frame::UserText(frame) => (frame.encoding, &frame.content),
            Frame::Comment(frame) => (frame.encoding, &frame.content),
            _ => continue,
        };
        if encoding == TextEncoding::Latin1 {
            values.extend(value.split(['\0', '/']).map(str::to_owned));
            values.insert(value.to_string());
        }
    }
    values
}

/// Returns the tag with texts decoded again that programs of the time wrote in the encoding of their system, in a
/// field for Latin-1. `latin1` contains the texts that are said to be Latin-1, if the file tells.
fn with_legacy_text(tag: &Tag, latin1: Option<&HashSet<String>>) -> Tag {
    let is_suspect = |text: &str| match tag.tag_type() {
        TagType::Id3v2 => latin1.is_none_or(|values| values.contains(text)),
        TagType::Id3v1 | TagType::RiffInfo | TagType::AiffText => true,
        // The others are always UTF-8.
        _ => false,
    };

    let mut keys = Vec::new();
    let mut bytes = Vec::new();
    for (index, item) in tag.items().enumerate() {
        if let ItemValue::Text(text) = item.value()
            && is_suspect(text)
            && let Some(text) = legacy_text::latin1_bytes(text)
        {
            keys.push(index);
            bytes.push(text);
        }
    }
    if bytes.is_empty() {
        return tag.clone();
    }

    let mut decoded = keys.into_iter().zip(legacy_text::decode_all(&bytes)).peekable();
    let mut repaired = Tag::new(tag.tag_type());
    for (index, item) in tag.items().enumerate() {
        let text = decoded.next_if(|(at, _)| *at == index);
        repaired.push(match text {
            Some((_, text)) => TagItem::new(item.key(), ItemValue::Text(text)),
            None => item.clone(),
        });
    }
    for picture in tag.pictures() {
        repaired.push_picture(picture.clone());
    }
    repaired
}
