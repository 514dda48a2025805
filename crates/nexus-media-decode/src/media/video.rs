//! Videos: the arguments for ffprobe and ffmpeg, and their output.

use serde::Deserialize;

use super::metadata::{Metadata, TakenAt};

/// The demuxer for a media type. It is always named, so that a file cannot select one that opens other files.
#[must_use]
pub fn demuxer(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "video/mp4" | "video/quicktime" | "video/x-m4v" | "video/3gpp" => "mov",
        "video/webm" | "video/x-matroska" => "matroska",
        "video/x-msvideo" => "avi",
        "video/ogg" => "ogg",
        "video/mpeg" => "mpeg",
        "video/x-flv" => "flv",
        "video/x-ms-wmv" => "asf",
        _ => return None,
    })
}

/// The file on standard input, as a seekable path.
const INPUT_PATH: &str = "/proc/self/fd/0";

/// Arguments that make ffprobe describe a video as JSON.
#[must_use]
pub fn probe_arguments(demuxer: &'static str) -> Vec<&'static str> {
    vec![
        "-v",
        "quiet",
        // With `file` as the only protocol, a video cannot make ffprobe open network addresses.
        "-protocol_whitelist",
        "file",
        // The demuxer is named, so that a file cannot select one that opens other files.
        "-f",
        demuxer,
        "-print_format",
        "json",
        "-show_entries",
        "format=duration,bit_rate:format_tags:stream=codec_type,codec_name,width,height,avg_frame_rate,sample_rate,channels,duration:\
         stream_disposition=attached_pic:stream_side_data=rotation",
        INPUT_PATH,
    ]
}

/// Arguments that make ffmpeg write one frame, rotated as shown, as a JPEG of at most 1280 pixels a side.
#[must_use]
pub fn poster_arguments<'a>(demuxer: &'a str, seek_time: &'a str) -> Vec<&'a str> {
    let mut arguments = vec![
        "-nostdin",
        "-v",
        "quiet",
        "-threads",
        "1",
        "-filter_threads",
        "1",
        // The input may only use the protocol `file`; the output below may only use `pipe`.
        "-protocol_whitelist",
        "file",
    ];

    // Seeking before the input is fast; only one frame is decoded.
    arguments.extend([
        "-ss",
        seek_time,
        "-f",
        demuxer,
        "-i",
        INPUT_PATH,
        "-map",
        // `V` excludes cover pictures.
        "0:V:0",
        "-frames:v",
        "1",
        // Without audio, subtitles and data streams.
        "-an",
        "-sn",
        "-dn",
    ]);

    // Shrinks to at most 1280 pixels a side with the same aspect ratio; `yuvj420p` is a pixel format of JPEG.
    arguments.extend([
        "-vf",
        "scale=w='min(1280,iw)':h='min(1280,ih)':force_original_aspect_ratio=decrease:flags=bicubic,format=yuvj420p",
    ]);

    // Options of the output: one JPEG, written to standard output.
    arguments.extend([
        "-threads",
        "1",
        "-protocol_whitelist",
        "pipe",
        "-f",
        "image2pipe",
        "-c:v",
        "mjpeg",
        "-q:v",
        "3",
        "pipe:1",
    ]);
    arguments
}

/// The time of the poster frame in milliseconds: after a black beginning, never after the end.
#[must_use]
pub fn poster_time(duration_ms: Option<u64>) -> u64 {
    duration_ms.map_or(0, |length| (length / 10).min(20_000))
}

#[derive(Deserialize)]
struct ProbeOutput {
    #[serde(default)]
    streams: Vec<ProbedStream>,
    #[serde(default)]
    format: ProbedFormat,
}

#[derive(Deserialize, Default)]
struct ProbedFormat {
    duration: Option<String>,
    bit_rate: Option<String>,
    #[serde(default)]
    tags: std::collections::HashMap<String, String>,
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
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<i32>,
}

/// Parses the output of ffprobe; `None` if it is invalid.
#[must_use]
pub fn parse_probe(output: &[u8]) -> Option<Metadata> {
    let probed: ProbeOutput = serde_json::from_slice(output).ok()?;

    // Cover pictures are video streams to ffprobe.
    let find_stream = |kind: &str| {
        probed.streams.iter().find(|stream| {
            stream.codec_type.as_deref() == Some(kind) && stream.disposition.attached_pic == 0
        })
    };

    let (video, audio) = (find_stream("video"), find_stream("audio"));

    // Phones record a rotation instead of turning the pixels.
    let is_turned = video.is_some_and(|stream| {
        stream
            .side_data_list
            .iter()
            .any(|data| data.rotation.is_some_and(|degrees| degrees.rem_euclid(180) == 90))
    });

    let size = video.map(|stream| (stream.width, stream.height));

    let (width, height) = match size {
        Some((width, height)) if is_turned => (height, width),
        Some(size) => size,
        None => (None, None),
    };

    let tag = |names: &[&str]| names.iter().find_map(|name| probed.format.tags.get(*name)).cloned();
    let seconds = |text: &String| {
        text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds > 0.0)
    };
    // Without a duration of the whole file, that of the video stream is used.
    let length =
        probed.format.duration.as_ref().or_else(|| video?.duration.as_ref()).and_then(seconds);

    // Position in ISO 6709 notation.
    let (latitude, longitude) = tag(&["com.apple.quicktime.location.ISO6709", "location"])
        .as_deref()
        .and_then(parse_position)
        .unzip();

    Some(Metadata {
        width,
        height,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive; bounded later"
        )]
        duration_ms: length.map(|seconds| (seconds * 1000.0) as u64),
        taken: tag(&["com.apple.quicktime.creationdate", "creation_time"])
            .as_deref()
            .and_then(TakenAt::parse),
        title: tag(&["title", "TITLE"]),
        artist: tag(&["artist", "ARTIST"]),
        camera: tag(&["com.apple.quicktime.model", "model"]),
        latitude,
        longitude,
        video_codec: video.and_then(|stream| stream.codec_name.clone()),
        audio_codec: audio.and_then(|stream| stream.codec_name.clone()),
        frame_rate: video.and_then(|stream| parse_ratio(stream.avg_frame_rate.as_deref()?)),
        bit_rate: probed.format.bit_rate.as_ref().and_then(|text| text.parse().ok()),
        sample_rate: audio.and_then(|stream| stream.sample_rate.as_ref()?.parse().ok()),
        channels: audio.and_then(|stream| stream.channels),
        ..Metadata::default()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_video_has_its_rotation_date_and_place() {
        let facts = parse_probe(
            br#"{"streams":[{"codec_type":"video","codec_name":"hevc","width":1920,"height":1080,"avg_frame_rate":"30000/1001",
              "side_data_list":[{"rotation":-90}]},{"codec_type":"audio","codec_name":"aac","sample_rate":"44100","channels":2}],
              "format":{"duration":"12.5","tags":{"com.apple.quicktime.creationdate":"2024-05-06T07:08:09+0200",
              "com.apple.quicktime.location.ISO6709":"+48.2082+016.3738+171.000/"}}}"#,
        )
        .unwrap();
        assert_eq!(
            (facts.width, facts.height, facts.duration_ms),
            (Some(1080), Some(1920), Some(12_500))
        );
        assert_eq!(facts.taken.unwrap().offset, Some(120));
        assert_eq!((facts.latitude, facts.longitude), (Some(48.2082), Some(16.3738)));
        assert_eq!(facts.video_codec.as_deref(), Some("hevc"));
    }

    #[test]
    fn cover_art_is_not_a_video() {
        let facts = parse_probe(
            br#"{"streams":[{"codec_type":"video","codec_name":"mjpeg","width":9,"height":9,"disposition":{"attached_pic":1}}]}"#,
        );
        assert_eq!(facts, Some(Metadata::default()));
    }
}
