//! Audio files: tags, duration and cover.

use std::io::{Read, Seek};

use lofty::config::{ParseOptions, ParsingMode};
use lofty::file::{AudioFile, TaggedFileExt};
use lofty::picture::PictureType;
use lofty::probe::Probe;
use lofty::tag::{Accessor, ItemKey};

use super::metadata::Metadata;

/// Largest tag in bytes.
const MAX_TAG_BYTES: usize = 24 << 20;

/// Reads the metadata of an audio file and its cover as an image file.
pub fn read<R: Read + Seek>(file: R) -> Result<(Metadata, Option<Vec<u8>>), String> {
    // Bounds what a malformed tag can allocate.
    lofty::config::apply_global_options(
        lofty::config::GlobalOptions::new().allocation_limit(MAX_TAG_BYTES),
    );

    let options = ParseOptions::new().parsing_mode(ParsingMode::Relaxed);
    let probe = Probe::new(std::io::BufReader::new(file))
        .options(options)
        .guess_file_type()
        .map_err(|cause| cause.to_string())?;

    let read = probe.read().map_err(|cause| cause.to_string())?;
    let properties = read.properties();

    let mut metadata = Metadata {
        duration_ms: u64::try_from(properties.duration().as_millis()).ok(),
        bit_rate: properties.audio_bitrate().map(|kilobits| u64::from(kilobits) * 1000),
        sample_rate: properties.sample_rate(),
        channels: properties.channels(),
        audio_codec: Some(format!("{:?}", read.file_type())),
        ..Metadata::default()
    };

    let mut cover = None;

    // The primary tag first; others fill what it lacks.
    for tag in read.primary_tag().into_iter().chain(read.tags()) {
        metadata.merge_missing(Metadata {
            title: tag.title().map(Into::into),
            artist: tag.artist().map(Into::into),
            ..Metadata::default()
        });

        // `merge_missing` does not merge these fields.
        metadata.album = metadata.album.take().or_else(|| tag.album().map(Into::into));
        metadata.genre = metadata.genre.take().or_else(|| tag.genre().map(Into::into));

        metadata.album_artist = metadata
            .album_artist
            .take()
            .or_else(|| tag.get_string(ItemKey::AlbumArtist).map(str::to_owned));

        let small = |number: Option<u32>| number.and_then(|number| u16::try_from(number).ok());
        metadata.track = metadata.track.or_else(|| small(tag.track()));
        metadata.disc = metadata.disc.or_else(|| small(tag.disk()));
        // The first four characters of either are the year.
        let year =
            || tag.get_string(ItemKey::RecordingDate).or_else(|| tag.get_string(ItemKey::Year));
        metadata.year = metadata.year.or_else(|| year()?.get(..4)?.parse().ok());

        // The front cover, or any picture.
        if cover.is_none() {
            let pictures = tag.pictures();
            let front =
                pictures.iter().find(|picture| picture.pic_type() == PictureType::CoverFront);
            cover = front.or_else(|| pictures.first()).map(|picture| picture.data().to_vec());
        }
    }
    Ok((metadata, cover))
}
