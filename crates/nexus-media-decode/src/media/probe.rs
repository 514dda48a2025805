//! What ffprobe says about a file.

use std::collections::HashMap;

use serde::Deserialize;

use super::metadata::Metadata;
use super::taken_at::{Precision, TakenAt, TakenIn};
use super::video::PosterFormat;

#[derive(Deserialize)]
struct ProbeOutput {
    #[serde(default)]
    streams: Vec<ProbedStream>,
    #[serde(default)]
    format: ProbedFormat,
}

type Tags = HashMap<String, String>;

#[derive(Deserialize, Default)]
struct ProbedFormat {
    duration: Option<String>,
    bit_rate: Option<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Deserialize)]
struct ProbedStream {
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    avg_frame_rate: Option<String>,
    sample_rate: Option<String>,
    channels: Option<u8>,
    duration: Option<String>,
    sample_aspect_ratio: Option<String>,
    color_transfer: Option<String>,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

impl ProbedStream {
    fn is_cover(&self) -> bool {
        self.disposition.attached_pic + self.disposition.timed_thumbnails > 0
    }

    /// The size as it is shown: pixels can be wider than high, and phones record a rotation instead of turning them.
    fn shown_size(&self) -> Option<(u32, u32)> {
        let (width, height) = self.width.zip(self.height).filter(|(w, h)| *w > 0 && *h > 0)?;
        let shape = self.sample_aspect_ratio.as_deref().and_then(|shape| {
            let (wide, high) = shape.split_once(':')?;
            let (wide, high): (u64, u64) = (wide.parse().ok()?, high.parse().ok()?);
            (wide > 0 && high > 0).then_some((wide, high))
        });
        let (wide, high) = shape.unwrap_or((1, 1));
        let width = u32::try_from((u64::from(width) * wide + high / 2) / high).ok()?.max(1);

        let is_turned = self
            .side_data_list
            .iter()
            .any(|data| data.rotation.is_some_and(|degrees| degrees.rem_euclid(180) == 90));
        Some(if is_turned { (height, width) } else { (width, height) })
    }
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
    #[serde(default)]
    timed_thumbnails: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<i32>,
}

/// What ffprobe says about a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Probed {
    pub metadata: Metadata,
    /// Whether it contains a moving picture, not counting covers.
    pub has_video: bool,
    pub has_audio: bool,
    pub has_cover: bool,
    pub poster: PosterFormat,
}

/// Parses the output of ffprobe; `None` if it is invalid.
#[must_use]
pub fn parse_probe(output: &[u8]) -> Option<Probed> {
    let probed: ProbeOutput = serde_json::from_slice(output).ok()?;

    let is_kind = |stream: &&ProbedStream, kind: &str| stream.codec_type.as_deref() == Some(kind);
    // Cover pictures are video streams to ffprobe.
    let video = probed.streams.iter().find(|of| is_kind(of, "video") && !of.is_cover());
    let audio = probed.streams.iter().find(|of| is_kind(of, "audio"));
    let has_cover = probed.streams.iter().any(|of| is_kind(&of, "video") && of.is_cover());
    let size = video.and_then(ProbedStream::shown_size);

    // The names of tags differ in case between formats. Some formats have the tags in the streams.
    let stream_tags = video.into_iter().chain(audio).flat_map(|stream| &stream.tags);
    let mut tags = Tags::new();
    for (name, value) in probed.format.tags.iter().chain(stream_tags) {
        tags.entry(name.to_ascii_lowercase()).or_insert_with(|| value.clone());
    }
    let tag = |names: &[&str]| {
        let found = names.iter().find_map(|name| tags.get(*name));
        found.filter(|value| !value.trim().is_empty()).cloned()
    };
    let number = |names: &[&str]| tag(names)?.split('/').next()?.trim().parse::<u16>().ok();

    // Without a duration of the whole file, that of a stream is used.
    let stream_duration = video.or(audio).and_then(|stream| stream.duration.as_ref());
    let length = probed.format.duration.as_ref().or(stream_duration);

    // Position in ISO 6709 notation.
    let (latitude, longitude) = tag(&["com.apple.quicktime.location.iso6709", "location"])
        .as_deref()
        .and_then(parse_position)
        .unzip();

    let metadata = Metadata {
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
        duration_ms: length.and_then(|text| milliseconds(text.parse().ok()?)),
        taken: taken_at(&tags).filter(|_| video.is_some()),
        content_id: tag(&["com.apple.quicktime.content.identifier"])
            .map(|text| text.trim().to_ascii_uppercase()),
        title: tag(&["title"]),
        artist: tag(&["artist", "author"]),
        album: tag(&["album", "wm/albumtitle"]),
        album_artist: tag(&["album_artist", "albumartist", "album artist", "wm/albumartist"]),
        genre: tag(&["genre", "wm/genre"]),
        year: tag(&["date", "year", "wm/year"]).and_then(|date| date.get(..4)?.parse().ok()),
        track: number(&["track", "tracknumber", "wm/tracknumber"]),
        disc: number(&["disc", "discnumber", "wm/partofset"]),
        is_compilation: tag(&["compilation", "wm/iscompilation"])
            .is_some_and(|flag| matches!(flag.trim(), "1" | "true")),
        camera: camera(&tags),
        caption: tag(&["description", "comment"]).filter(|_| video.is_some()),
        latitude,
        longitude,
        video_codec: video.and_then(|stream| stream.codec_name.clone()),
        audio_codec: audio.and_then(|stream| stream.codec_name.clone()),
        frame_rate: video.and_then(|stream| parse_ratio(stream.avg_frame_rate.as_deref()?)),
        bit_rate: probed.format.bit_rate.as_ref().and_then(|text| text.parse().ok()),
        sample_rate: audio.and_then(|stream| stream.sample_rate.as_ref()?.parse().ok()),
        channels: audio.and_then(|stream| stream.channels),
        ..Metadata::default()
    };

    let transfer = video.and_then(|stream| stream.color_transfer.as_deref());
    let is_hdr = matches!(transfer, Some("smpte2084" | "arib-std-b67"));
    Some(Probed {
        metadata,
        has_video: video.is_some(),
        has_audio: audio.is_some(),
        has_cover,
        poster: PosterFormat { size, is_hdr, is_cover: false },
    })
}

/// Apple's date, which has the local time and its offset, before the date of a recording in Matroska, the date in the
/// header, and the date of publication, which AVI files of cameras have as well.
fn taken_at(tags: &Tags) -> Option<TakenAt> {
    let parse =
        |name: &str| TakenAt::parse(tags.get(name)?).filter(|taken| !taken.is_unset_clock());
    let apple =
        parse("com.apple.quicktime.creationdate").map(|taken| taken.found_in(TakenIn::QuickTime));
    let recorded = || parse("date_recorded").map(|taken| taken.found_in(TakenIn::Container));
    let created = || {
        let taken = parse("creation_time").or_else(|| parse("modification_date"))?;
        let taken = taken.found_in(TakenIn::Container);
        // MP4, QuickTime and Matroska keep UTC, which ffprobe marks. AVI keeps local time.
        let is_utc = taken.offset == Some(0);
        Some(TakenAt { is_utc, offset: taken.offset.filter(|_| !is_utc), ..taken })
    };
    // The year alone is that of a publication.
    let published = || {
        let taken = parse("date").or_else(|| parse("icrd"))?;
        let taken = taken.found_in(TakenIn::Container);
        (taken.precision < Precision::Year).then_some(taken)
    };
    apple.or_else(recorded).or_else(created).or_else(published)
}

fn camera(tags: &Tags) -> Option<String> {
    let find = |names: [&str; 2]| names.iter().find_map(|name| tags.get(*name));
    let model = find(["com.apple.quicktime.model", "model"])?;
    let make = find(["com.apple.quicktime.make", "make"]);
    match make {
        Some(make) if !model.to_lowercase().starts_with(&make.to_lowercase()) => {
            Some(format!("{make} {model}"))
        }
        _ => Some(model.clone()),
    }
}

fn parse_ratio(text: &str) -> Option<f64> {
    let (top, bottom) = text.split_once('/')?;
    let (top, bottom) = (top.parse::<f64>().ok()?, bottom.parse::<f64>().ok()?);
    (bottom > 0.0).then(|| top / bottom)
}

/// Parses ISO 6709: `+37.7850-122.4060+010.000/`.
fn parse_position(text: &str) -> Option<(f64, f64)> {
    let second = text.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'))?.0;
    let (north, rest) = text.split_at_checked(second)?;
    let end = rest
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '+' | '-' | '/'))
        .map_or(rest.len(), |(at, _)| at);
    Some((north.parse().ok()?, rest.get(..end)?.parse().ok()?))
}

/// The length in milliseconds of a stream: from the start of its first packet to the end of its last one.
#[must_use]
pub fn length_of_packets(output: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(output);
    let (mut start, mut end) = (f64::INFINITY, 0.0_f64);
    for line in text.lines() {
        let mut numbers = line.split(',').map(|number| number.trim().parse::<f64>());
        let Some(Ok(at)) = numbers.next() else { continue };
        let length = numbers.next().and_then(Result::ok).unwrap_or(0.0);
        start = start.min(at);
        end = end.max(at + length);
    }
    milliseconds(end - start)
}

/// Seconds as milliseconds; `None` unless positive.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive; bounded later"
)]
fn milliseconds(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && seconds > 0.0).then_some((seconds * 1000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_video_has_its_rotation_date_and_place() {
        let probed = parse_probe(
            br#"{"streams":[{"codec_type":"video","codec_name":"hevc","width":1920,"height":1080,"avg_frame_rate":"30000/1001",
              "side_data_list":[{"rotation":-90}]},{"codec_type":"audio","codec_name":"aac","sample_rate":"44100","channels":2}],
              "format":{"duration":"12.5","tags":{"com.apple.quicktime.creationdate":"2024-05-06T07:08:09+0200",
              "creation_time":"2024-05-06T05:08:12.000000Z","com.apple.quicktime.location.ISO6709":"+48.2082+016.3738+171.000/"}}}"#,
        )
        .unwrap();
        let facts = probed.metadata;
        assert_eq!(
            (facts.width, facts.height, facts.duration_ms),
            (Some(1080), Some(1920), Some(12_500))
        );
        let taken = facts.taken.unwrap();
        assert_eq!(
            (taken.offset, taken.is_utc, taken.found_in),
            (Some(120), false, TakenIn::QuickTime)
        );
        assert_eq!((facts.latitude, facts.longitude), (Some(48.2082), Some(16.3738)));
        assert_eq!(facts.video_codec.as_deref(), Some("hevc"));
    }

    #[test]
    fn dates_of_containers_are_utc_if_they_say_so_and_never_an_unset_clock() {
        let of = |name: &str, text: &str| taken_at(&Tags::from([(name.into(), text.into())]));
        let utc = of("creation_time", "2019-07-04T21:30:12.000000Z").unwrap();
        assert_eq!((utc.local_ms, utc.is_utc, utc.offset), (1_562_275_812_000, true, None));
        assert_eq!(utc.at_offset(120).local_ms, 1_562_283_012_000);
        let avi = of("creation_time", "2019-07-04 15:30:12").unwrap();
        assert_eq!((avi.local_ms, avi.is_utc), (1_562_254_212_000, false));
        assert!(of("date", "2019-07-04").is_some());
        for (name, text) in [
            ("creation_time", "1904-01-01T00:00:00.000000Z"),
            ("creation_time", "1970-01-01T00:00:00.000000Z"),
            ("date", "1999"),
        ] {
            assert_eq!(of(name, text), None, "{name} {text}");
        }
    }

    #[test]
    fn cover_art_is_not_a_video() {
        let probed = parse_probe(
            br#"{"streams":[{"codec_type":"video","codec_name":"mjpeg","width":9,"height":9,"disposition":{"attached_pic":1}}]}"#,
        );
        assert_eq!(probed, Some(Probed { has_cover: true, ..Probed::default() }));
    }

    #[test]
    fn a_video_has_the_shape_in_which_it_is_shown() {
        let size = |shape: &str, turned: i32| {
            let text = format!(
                r#"{{"streams":[{{"codec_type":"video","width":720,"height":576,"sample_aspect_ratio":"{shape}",
                   "side_data_list":[{{"rotation":{turned}}}]}}]}}"#
            );
            parse_probe(text.as_bytes()).unwrap().poster.size
        };
        assert_eq!(size("64:45", 0), Some((1024, 576)));
        assert_eq!(size("64:45", 90), Some((576, 1024)));
        for shape in ["1:1", "0:1", "N/A"] {
            assert_eq!(size(shape, 0), Some((720, 576)));
        }
    }

    #[test]
    fn the_length_of_a_stream_is_that_of_its_packets() {
        assert_eq!(
            length_of_packets(b"0.000000,0.040000\n1.960000,0.040000\n1.920000,N/A\n"),
            Some(2000)
        );
        assert_eq!(length_of_packets(b"N/A,N/A\n"), None);
        assert_eq!(length_of_packets(b""), None);
    }
}
