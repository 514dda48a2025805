//! Files that need external tools: ffmpeg for videos and much audio, libvips for HEIF and other image formats, poppler
//! for PDF. Each tool runs in the sandbox, and what it makes is decoded in the sandbox once more.

use std::fs::File;

use super::container_dates;
use super::kind::{Kind, Sniffed};
use super::metadata::Metadata;
use super::probe::{self, Probed};
use super::renderer::{
    FFMPEG, FFPROBE, MAX_POSTER_BYTES, MAX_PROBE_BYTES, PDFINFO, PDFTOCAIRO, PreviewRenderer, VIPS,
    max_tool_output, reopen,
};
use super::video::{self, PosterFormat};
use super::wire_format::{PREVIEW_SIDES, Rendered};
use crate::sandbox::{Input, SandboxError};

/// Longest list of packets in bytes.
const MAX_PACKETS_BYTES: usize = 64 << 20;

impl PreviewRenderer {
    /// Renders an image such as HEIC, which only vipsthumbnail can decode: our decoder reads the metadata,
    /// vipsthumbnail converts the pixels to a JPEG, and our decoder makes the previews of it.
    pub(super) fn render_with_vips(
        &self,
        file: &File,
        mime: &str,
        sides: &[u32],
    ) -> Result<Rendered, SandboxError> {
        // Without sides, the decoder only reads the metadata.
        let mut rendered = self.decode(mime, &[], Input::File(reopen(file)?))?;
        let vips = match self.tool_path(VIPS) {
            Ok(vips) => vips,
            Err(why) => {
                rendered.error =
                    Some(format!("vipsthumbnail, which decodes this format, is {why}"));
                return Ok(rendered);
            }
        };

        // The metadata of these formats may belong to another size of the picture.
        let needs_all_loaders = mime == "image/jxl";
        if needs_all_loaders && let Some(probed) = self.probe_file(file, mime)? {
            (rendered.metadata.width, rendered.metadata.height) =
                (probed.metadata.width, probed.metadata.height);
        }

        // Shrinks to the largest side, and writes a JPEG of quality 92 without metadata to standard output.
        let side = sides.first().copied().unwrap_or_default();
        let size = format!("{side}x{side}>");
        let mut arguments = vec!["stdin", "-s", &size, "-o", ".jpg[Q=92,strip]"];
        // Converts to sRGB. Without a profile in the file, libvips would convert from a profile of its own.
        if rendered.metadata.has_color_profile || needs_all_loaders {
            arguments.extend(["--eprofile", "srgb"]);
        }
        let input = Input::File(reopen(file)?);
        let picture = if needs_all_loaders {
            self.run_with_all_loaders(&vips, &arguments, input, max_tool_output(sides))?
        } else {
            self.run_tool(&vips, &arguments, input, max_tool_output(sides))?
        };
        self.finish_render(rendered, picture, "image/jpeg", sides)
    }

    /// Renders an image with our decoder, or with libvips if it is of a kind that ours does not know, such as TIFF with
    /// palettes or fax compression, or too large for ours, which holds all of it in memory.
    pub(super) fn render_raster(
        &self,
        file: &File,
        mime: &str,
        sides: &[u32],
    ) -> Result<Rendered, SandboxError> {
        let rendered = self.decode(mime, sides, Input::File(reopen(file)?))?;
        if rendered.error.is_none() {
            return Ok(rendered);
        }
        match self.render_with_vips(file, mime, sides) {
            Ok(converted) if converted.error.is_none() => Ok(converted),
            // The first error says more.
            Ok(_) | Err(SandboxError::Refused(_)) => Ok(rendered),
            Err(failure) => Err(failure),
        }
    }

    /// Renders an image that ffmpeg decodes: JPEG 2000, and the flattened image of a file with layers.
    pub(super) fn render_with_ffmpeg(
        &self,
        file: &File,
        mime: &str,
        sides: &[u32],
    ) -> Result<Rendered, SandboxError> {
        let mut rendered = self.decode(mime, &[], Input::File(reopen(file)?))?;
        let Some(probed) = self.probe_file(file, mime)? else {
            rendered.error = Some("ffmpeg, which decodes this format, is missing".into());
            return Ok(rendered);
        };
        let Metadata { width, height, .. } = probed.metadata;
        (rendered.metadata.width, rendered.metadata.height) = (width, height);
        self.extract_frame(file, mime, rendered, probed.poster, &[0], sides)
    }

    /// Renders the first page of a PDF, and counts the pages.
    pub(super) fn render_pdf(&self, file: &File) -> Result<Rendered, SandboxError> {
        let mut rendered = self.render_page(file, 1, 1280, &PREVIEW_SIDES)?;
        // A page has no size in pixels.
        (rendered.metadata.width, rendered.metadata.height) = (None, None);
        rendered.metadata.pages = self.count_pages(file)?;
        Ok(rendered)
    }

    /// Renders a page of a PDF with a longer side of `side` pixels.
    pub(super) fn render_page(
        &self,
        file: &File,
        page: u32,
        side: u32,
        sides: &[u32],
    ) -> Result<Rendered, SandboxError> {
        let pdftocairo = match self.tool_path(PDFTOCAIRO) {
            Ok(pdftocairo) => pdftocairo,
            Err(why) => {
                let error = Some(format!("pdftocairo, which renders PDF, is {why}"));
                return Ok(Rendered { error, ..Rendered::default() });
            }
        };
        let (page, side) = (page.to_string(), side.to_string());
        let arguments =
            ["-png", "-singlefile", "-f", &page, "-l", &page, "-scale-to", &side, "-", "-"];
        let picture =
            self.run_tool(&pdftocairo, &arguments, Input::File(reopen(file)?), MAX_POSTER_BYTES)?;
        self.finish_render(Rendered::default(), picture, "image/png", sides)
    }

    /// Counts the pages of a PDF; `None` if that is not possible.
    fn count_pages(&self, file: &File) -> Result<Option<u32>, SandboxError> {
        let Ok(pdfinfo) = self.tool_path(PDFINFO) else { return Ok(None) };
        match self.run_tool(&pdfinfo, &["-"], Input::File(reopen(file)?), MAX_PROBE_BYTES) {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output);
                let count = text.lines().find_map(|line| line.strip_prefix("Pages:"));
                Ok(count.and_then(|count| count.trim().parse().ok()))
            }
            Err(failure @ (SandboxError::System(_) | SandboxError::Unavailable(_))) => Err(failure),
            Err(_) => Ok(None),
        }
    }

    /// Reads the metadata of a video with ffprobe, and renders the previews of one frame that ffmpeg extracts. A file
    /// without a moving picture is audio.
    pub(super) fn render_video(&self, file: &File, mime: &str) -> Result<Rendered, SandboxError> {
        if video::demuxer(mime).is_none() {
            let error = Some("this video format is not supported".into());
            return Ok(Rendered { error, ..Rendered::default() });
        }
        // Both tools are needed.
        if let Err(why) = self.tool_path(FFPROBE).and(self.tool_path(FFMPEG)) {
            let error = Some(format!("ffmpeg, which decodes videos, is {why}"));
            return Ok(Rendered { error, ..Rendered::default() });
        }

        // Without valid output of ffprobe, a frame may still be decodable.
        let mut probed = self.probe_file(file, mime)?.unwrap_or_default();
        if probed.has_audio && !probed.has_video {
            let mime = video::audio_only_mime(mime);
            let rendered = self.render_audio(file, mime, Some(probed))?;
            return Ok(Rendered { found: Some(Sniffed { kind: Kind::Audio, mime }), ..rendered });
        }
        if probed.has_video && probed.metadata.duration_ms.is_none() {
            probed.metadata.duration_ms = self.measure_length(file, mime, "v:0")?;
        }

        // The worker reads some dates that ffprobe does not know. A file that it rejects has none.
        if container_dates::can_have(mime)
            && probed.metadata.taken.is_none()
            && let Ok(dates) = self.decode(mime, &[], Input::File(reopen(file)?))
        {
            probed.metadata.taken = dates.metadata.taken;
        }

        // The duration tells where a typical frame is. If it is wrong, there may be no frame at that time, so the first
        // frame is tried as well.
        let at = video::poster_time(probed.metadata.duration_ms);
        let rendered = Rendered { metadata: probed.metadata.bounded(), ..Rendered::default() };
        self.extract_frame(file, mime, rendered, probed.poster, &[at, 0], &PREVIEW_SIDES)
    }

    /// Reads the tags and the cover of an audio file with our decoder, and with ffmpeg what ours does not know. `probed`
    /// is what ffprobe has said about the file, if it was asked.
    pub(super) fn render_audio(
        &self,
        file: &File,
        mime: &str,
        probed: Option<Probed>,
    ) -> Result<Rendered, SandboxError> {
        // This container says only inside whether it holds a moving picture.
        let probed = match probed {
            None if mime == "audio/mp4" => self.probe_file(file, mime)?,
            probed => probed,
        };
        if probed.as_ref().is_some_and(|probed| probed.has_video) {
            let mime = video::video_mime(mime);
            let rendered = self.render_video(file, mime)?;
            return Ok(Rendered { found: Some(Sniffed { kind: Kind::Video, mime }), ..rendered });
        }

        let decoded = self.decode(mime, &PREVIEW_SIDES, Input::File(reopen(file)?));
        let mut rendered = match decoded {
            Ok(rendered) => {
                let is_long = rendered.metadata.duration_ms.is_some_and(|length| length > 0);
                if is_long && !video::is_length_estimated(mime) {
                    // Our decoder does not know the tags of every container.
                    return Ok(match probed {
                        Some(probed) => {
                            let mut metadata = rendered.metadata;
                            metadata.merge_missing(probed.metadata);
                            Rendered { metadata: metadata.bounded(), ..rendered }
                        }
                        None => rendered,
                    });
                }
                rendered
            }
            Err(SandboxError::Refused(why)) => Rendered { error: Some(why), ..Rendered::default() },
            Err(failure) => return Err(failure),
        };

        let probed = match probed {
            Some(probed) => Some(probed),
            None => self.probe_file(file, mime)?,
        };
        let Some(mut probed) = probed.filter(|probed| probed.has_audio) else {
            return match rendered.error {
                Some(why) => Err(SandboxError::Refused(why)),
                None => Ok(rendered),
            };
        };

        rendered.error = None;
        if probed.metadata.duration_ms.is_none() || video::is_length_estimated(mime) {
            probed.metadata.duration_ms = self.measure_length(file, mime, "a:0")?;
        }
        rendered.metadata.duration_ms = probed.metadata.duration_ms;
        rendered.metadata.merge_missing(probed.metadata);
        rendered.metadata = rendered.metadata.bounded();

        if rendered.pictures.is_empty() && probed.has_cover {
            let poster = PosterFormat { is_cover: true, ..PosterFormat::default() };
            let metadata = rendered.metadata.clone();
            // A broken cover is no reason to reject the recording.
            rendered = self.extract_frame(file, mime, rendered, poster, &[0], &PREVIEW_SIDES)?;
            (rendered.metadata, rendered.error) = (metadata, None);
        }
        Ok(rendered)
    }

    /// Asks ffprobe about a file. `None` if it is missing, does not support the type or rejects the file.
    fn probe_file(&self, file: &File, mime: &str) -> Result<Option<Probed>, SandboxError> {
        let (Some(demuxer), Ok(ffprobe)) = (video::demuxer(mime), self.tool_path(FFPROBE)) else {
            return Ok(None);
        };
        let arguments = video::probe_arguments(demuxer);
        match self.run_tool(&ffprobe, &arguments, Input::File(reopen(file)?), MAX_PROBE_BYTES) {
            Ok(output) => Ok(probe::parse_probe(&output)),
            Err(SandboxError::Refused(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Measures a stream whose length no header says, by reading all of it.
    fn measure_length(
        &self,
        file: &File,
        mime: &str,
        stream: &str,
    ) -> Result<Option<u64>, SandboxError> {
        let (Some(demuxer), Ok(ffprobe)) = (video::demuxer(mime), self.tool_path(FFPROBE)) else {
            return Ok(None);
        };
        let arguments = video::packet_arguments(demuxer, stream);
        match self.run_tool(&ffprobe, &arguments, Input::File(reopen(file)?), MAX_PACKETS_BYTES) {
            Ok(output) => Ok(probe::length_of_packets(&output)),
            Err(failure @ (SandboxError::System(_) | SandboxError::Unavailable(_))) => Err(failure),
            // The length stays unknown.
            Err(_) => Ok(None),
        }
    }

    /// Renders the previews of the first frame that can be decoded at one of these times, in milliseconds.
    fn extract_frame(
        &self,
        file: &File,
        mime: &str,
        mut rendered: Rendered,
        poster: PosterFormat,
        times: &[u64],
        sides: &[u32],
    ) -> Result<Rendered, SandboxError> {
        let (Some(demuxer), Ok(ffmpeg)) = (video::demuxer(mime), self.tool_path(FFMPEG)) else {
            rendered.error = Some("ffmpeg, which decodes this format, is missing".into());
            return Ok(rendered);
        };

        // A file may say that it has a high dynamic range without saying what is needed to convert it.
        let plain = PosterFormat { is_hdr: false, ..poster };
        let mut formats = vec![poster];
        formats.extend(poster.is_hdr.then_some(plain));

        for format in formats {
            let filters = format.filters(sides.first().copied().unwrap_or_default());
            for at in times {
                let at = format!("{at}ms");
                let arguments = video::poster_arguments(demuxer, &at, &filters, format.is_cover);
                let input = Input::File(reopen(file)?);
                match self.run_tool(&ffmpeg, &arguments, input, max_tool_output(sides)) {
                    Ok(picture) if !picture.is_empty() => {
                        return self.finish_render(rendered, picture, "image/jpeg", sides);
                    }
                    Ok(_) => {}
                    // These failures do not depend on the file.
                    Err(failure @ (SandboxError::System(_) | SandboxError::Unavailable(_))) => {
                        return Err(failure);
                    }
                    Err(failure) => rendered.error = Some(failure.to_string()),
                }
            }
        }
        rendered.error.get_or_insert_with(|| "no frame could be decoded".into());
        Ok(rendered)
    }

    /// Renders the previews of an image that an external tool has produced.
    fn finish_render(
        &self,
        mut rendered: Rendered,
        picture: Vec<u8>,
        mime: &str,
        sides: &[u32],
    ) -> Result<Rendered, SandboxError> {
        let shown = self.decode(mime, sides, Input::Bytes(picture))?;
        // The metadata of the original file is kept. The error of an earlier attempt is replaced.
        (rendered.pictures, rendered.thumbhash, rendered.error) =
            (shown.pictures, shown.thumbhash, shown.error);
        // If the metadata lacks the size of the original, the size of the largest preview is used.
        if let (None, Some(largest)) = (rendered.metadata.width, rendered.pictures.first()) {
            (rendered.metadata.width, rendered.metadata.height) =
                (Some(largest.width), Some(largest.height));
        }
        Ok(rendered)
    }
}
