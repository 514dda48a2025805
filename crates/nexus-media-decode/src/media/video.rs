//! Videos, and audio that only ffmpeg reads: media types, and the arguments for ffprobe and ffmpeg.

use super::resize::fit_within;

/// The demuxer for a media type. It is always named, so that a file cannot select one that opens other files.
#[must_use]
pub fn demuxer(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "video/mp4" | "video/quicktime" | "video/x-m4v" | "video/3gpp" | "audio/mp4"
        | "audio/m4a" | "audio/3gpp" => "mov",
        "video/webm" | "video/x-matroska" | "audio/webm" | "audio/x-matroska" => "matroska",
        "video/x-msvideo" => "avi",
        "video/ogg" | "audio/ogg" | "audio/opus" => "ogg",
        "video/mpeg" => "mpeg",
        "video/mp2t" | "audio/mp2t" => "mpegts",
        "video/x-dv" => "dv",
        "application/mxf" => "mxf",
        "video/x-flv" => "flv",
        "video/x-ms-wmv" | "audio/x-ms-wma" => "asf",
        "application/vnd.rn-realmedia" | "audio/vnd.rn-realaudio" => "rm",
        "audio/mpeg" => "mp3",
        "audio/aac" => "aac",
        "audio/ac3" => "ac3",
        "audio/vnd.dts" => "dts",
        "audio/amr" => "amr",
        "audio/x-flac" | "audio/flac" => "flac",
        "audio/x-wav" | "audio/wav" => "wav",
        "audio/x-w64" => "w64",
        "audio/x-aiff" => "aiff",
        "audio/x-caf" => "caf",
        "audio/basic" => "au",
        "audio/x-wavpack" => "wv",
        "audio/x-tta" => "tta",
        "audio/x-dsf" => "dsf",
        "audio/x-dff" => "iff",
        "audio/x-ape" => "ape",
        "image/vnd.adobe.photoshop" => "psd_pipe",
        "image/jxl" => "jpegxl_pipe",
        "image/jp2" => "j2k_pipe",
        _ => return None,
    })
}

/// The media type of a file of this type that contains sound but no moving picture.
#[must_use]
pub fn audio_only_mime(mime: &str) -> &'static str {
    match mime {
        "video/webm" => "audio/webm",
        "video/x-matroska" => "audio/x-matroska",
        "video/3gpp" => "audio/3gpp",
        "video/ogg" => "audio/ogg",
        "video/x-ms-wmv" => "audio/x-ms-wma",
        "video/mp2t" => "audio/mp2t",
        "application/vnd.rn-realmedia" => "audio/vnd.rn-realaudio",
        _ => "audio/mp4",
    }
}

/// The media type of a file that was taken for sound but contains a moving picture.
#[must_use]
pub fn video_mime(mime: &str) -> &'static str {
    match mime {
        "audio/ogg" | "audio/opus" => "video/ogg",
        _ => "video/mp4",
    }
}

/// Whether the length in the header of this type is only an estimate.
#[must_use]
pub fn is_length_estimated(mime: &str) -> bool {
    matches!(mime, "audio/aac" | "audio/amr" | "audio/ac3" | "audio/vnd.dts")
}

/// The file on standard input, as a seekable path.
const INPUT_PATH: &str = "/proc/self/fd/0";

/// Arguments that make ffprobe describe a video as JSON.
#[must_use]
pub fn probe_arguments(demuxer: &'static str) -> Vec<&'static str> {
    let query = [
        "-print_format",
        "json",
        "-show_entries",
        "format=duration,bit_rate:format_tags:stream=codec_type,codec_name,width,height,avg_frame_rate,sample_rate,channels,duration,\
         sample_aspect_ratio,color_transfer:stream_tags:stream_disposition=attached_pic,timed_thumbnails:stream_side_data=rotation",
    ];
    ffprobe_arguments(demuxer, &query)
}

/// Arguments that make ffprobe list the times of all packets of the first stream of this kind (`v` or `a`).
#[must_use]
pub fn packet_arguments<'a>(demuxer: &'a str, stream: &'a str) -> Vec<&'a str> {
    let query = [
        "-select_streams",
        stream,
        "-show_entries",
        "packet=pts_time,duration_time",
        "-print_format",
        "csv=p=0",
    ];
    ffprobe_arguments(demuxer, &query)
}

/// The arguments of every call of ffprobe, around a query.
fn ffprobe_arguments<'a>(demuxer: &'a str, query: &[&'a str]) -> Vec<&'a str> {
    let fixed = [
        "-v",
        "quiet",
        // With `file` as the only protocol, a video cannot make ffprobe open network addresses.
        "-protocol_whitelist",
        "file",
        // The demuxer is named, so that a file cannot select one that opens other files.
        "-f",
        demuxer,
    ];
    [&fixed, query, &[INPUT_PATH]].concat()
}

/// How a poster is made of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PosterFormat {
    /// The size as it is shown, if known.
    pub size: Option<(u32, u32)>,
    /// The frame has a high dynamic range, which a JPEG does not have.
    pub is_hdr: bool,
    /// The picture is the cover of a recording.
    pub is_cover: bool,
}

impl PosterFormat {
    /// Filters that make a JPEG that fits into a square of `side` pixels, in the shape in which the video is shown.
    #[must_use]
    pub fn filters(self, side: u32) -> String {
        let scale = match self.size {
            Some((width, height)) => {
                let (width, height) = fit_within(width, height, side);
                format!("scale=w={width}:h={height}:flags=bicubic,setsar=1")
            }
            None => format!(
                "scale=w='min({side},iw)':h='min({side},ih)':force_original_aspect_ratio=decrease:flags=bicubic"
            ),
        };
        // Linear light in a wide range of values is compressed to the range of a JPEG.
        let tone_mapping = if self.is_hdr {
            ",zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
        } else {
            ""
        };
        // `yuvj420p` is a pixel format of JPEG.
        format!("{scale}{tone_mapping},format=yuvj420p")
    }
}

/// Arguments that make ffmpeg write one frame, rotated as shown, as a JPEG. `filters` are those of [`PosterFormat`].
#[must_use]
pub fn poster_arguments<'a>(
    demuxer: &'a str,
    seek_time: &'a str,
    filters: &'a str,
    is_cover: bool,
) -> Vec<&'a str> {
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
        if is_cover { "0:v:0" } else { "0:V:0" },
        "-frames:v",
        "1",
        // Without audio, subtitles and data streams.
        "-an",
        "-sn",
        "-dn",
    ]);

    arguments.extend(["-vf", filters]);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poster_keeps_the_shape_of_the_video() {
        let scale =
            |size| PosterFormat { size: Some(size), ..PosterFormat::default() }.filters(1280);
        assert!(scale((3840, 2160)).starts_with("scale=w=1280:h=720:"));
        assert!(scale((2160, 3840)).starts_with("scale=w=720:h=1280:"));
        assert!(scale((100, 50)).starts_with("scale=w=100:h=50:"));
    }
}
