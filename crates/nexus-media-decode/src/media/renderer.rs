//! Renders previews and reads metadata by sending each file to sandboxed workers; runs outside the sandbox.

use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::video;
use super::wire_format::{self, Rendered};
use super::worker::PREVIEW_SIDES;
use crate::sandbox::{Input, SandboxError, SandboxSupervisor, SandboxTask};

/// Time limit of one worker.
const RENDER_TIMEOUT: Duration = Duration::from_mins(1);
/// How long to wait before a sandbox that does not work is tried again.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);
/// Longest output of ffprobe, and of a poster or converted image, in bytes.
const MAX_PROBE_BYTES: usize = 256 * 1024;
const MAX_POSTER_BYTES: usize = 16 << 20;
/// A GIF of one pixel.
const TEST_IMAGE: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// Environment of external tools: one thread, no cache on disk, no unsafe loaders.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("VIPS_CONCURRENCY", "1"),
    ("VIPS_BLOCK_UNTRUSTED", "1"),
    ("VIPS_DISC_THRESHOLD", "1g"),
    ("LC_ALL", "C"),
];

/// Whether previews can be rendered on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RendererHealth {
    /// Not tried yet.
    Unknown,
    Works,
    /// The kernel cannot lock decoders down, for this reason. Nothing is decoded.
    Off(String),
}

/// The external tools, each with the argument that makes it print its version.
const TOOLS: [(&str, &str); 3] =
    [("ffmpeg", "-version"), ("ffprobe", "-version"), ("vipsthumbnail", "--vips-version")];

const FFMPEG: usize = 0;
const FFPROBE: usize = 1;
const VIPS: usize = 2;

/// What is known of an external tool.
#[derive(Clone)]
enum ToolState {
    /// It is installed, but was not started yet.
    Installed(PathBuf),
    /// Its path, or why it is not used.
    Tested(Result<String, String>),
}

/// Renders previews.
pub struct PreviewRenderer {
    supervisor: SandboxSupervisor,
    state: Mutex<RendererState>,
    /// Workers that crashed or were killed.
    pub crashes: AtomicU64,
}

struct RendererState {
    health: RendererHealth,
    tried_at: Option<Instant>,
    /// In the order of [`TOOLS`]; empty before the first probe.
    tools: Vec<ToolState>,
}

impl PreviewRenderer {
    /// Creates a renderer; `program` is this server, which contains the workers.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        let state =
            RendererState { health: RendererHealth::Unknown, tried_at: None, tools: Vec::new() };
        Self {
            supervisor: SandboxSupervisor::new(program),
            state: Mutex::new(state),
            crashes: AtomicU64::new(0),
        }
    }

    /// Locks the state. Poisoning is ignored: no code here leaves it inconsistent when it panics.
    fn state(&self) -> MutexGuard<'_, RendererState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tests the sandbox by decoding a small image, and looks for tools. Takes tens of milliseconds; tools are not
    /// started here, because that takes longer.
    pub fn probe(&self) {
        // 320 is the side of the preview to make.
        let health = match self.decode("image/gif", "320", Input::Bytes(TEST_IMAGE.to_vec())) {
            Ok(_) => RendererHealth::Works,
            Err(failure) => RendererHealth::Off(failure.to_string()),
        };

        let state = RendererState {
            tools: TOOLS.iter().map(|(name, _)| find_tool(name)).collect(),
            health,
            // If the sandbox does not work, the next test is due some time after this one.
            tried_at: Some(Instant::now()),
        };
        *self.state() = state;
    }

    /// Starts a tool of [`TOOLS`] in the sandbox; returns its path, or why it cannot be used.
    fn test_tool(&self, (name, version): (&str, &str), path: &Path) -> Result<String, String> {
        let program = path.to_str().ok_or("at a path that is not UTF-8")?;

        // The tool is only asked for its version, so its input is empty.
        let input = Input::Bytes(Vec::new());
        match self.run_tool(program, &[version], input, MAX_PROBE_BYTES) {
            Ok(_) => Ok(program.to_owned()),
            Err(failure) => {
                tracing::info!(
                    "previews without {name}: it does not run in the sandbox: {failure}"
                );
                Err(format!("does not run in the sandbox: {failure}"))
            }
        }
    }

    /// The path of a tool of [`TOOLS`], which is tested if it has not been started yet.
    fn tool_path(&self, index: usize) -> Result<String, String> {
        // Cloned, so that the state is not locked while the tool is tested.
        let tool_state = self.state().tools.get(index).cloned();
        match (tool_state, TOOLS.get(index)) {
            (Some(ToolState::Installed(path)), Some(tool)) => {
                let tested = self.test_tool(*tool, &path);
                if let Some(slot) = self.state().tools.get_mut(index) {
                    *slot = ToolState::Tested(tested.clone());
                }
                tested
            }
            (Some(ToolState::Tested(tested)), _) => tested,
            // The list is empty until `probe` has looked for the tools.
            _ => Err("not looked for yet".into()),
        }
    }

    #[must_use]
    pub fn health(&self) -> RendererHealth {
        self.state().health.clone()
    }

    /// Whether to call [`PreviewRenderer::probe`]: the state is unknown, or the sandbox failed some time ago.
    #[must_use]
    pub fn should_probe(&self) -> bool {
        let state = self.state();
        match state.health {
            RendererHealth::Unknown => true,
            RendererHealth::Works => false,
            RendererHealth::Off(_) => state.tried_at.is_none_or(|at| at.elapsed() > RETRY_INTERVAL),
        }
    }

    /// The external tools, each with the reason why it is not used, if any. Starts those that were not started yet.
    #[must_use]
    pub fn tools(&self) -> Vec<(&'static str, Option<String>)> {
        let test =
            |(index, (name, _)): (usize, &(&'static str, _))| (*name, self.tool_path(index).err());
        TOOLS.iter().enumerate().map(test).collect()
    }

    /// The external tools that are known to be unusable, each with the reason. Starts none.
    #[must_use]
    pub fn unusable_tools(&self) -> Vec<(&'static str, String)> {
        let state = self.state();
        let reason = |((name, _), state): (&(&'static str, _), &ToolState)| match state {
            ToolState::Tested(Err(why)) => Some((*name, why.clone())),
            _ => None,
        };
        TOOLS.iter().zip(&state.tools).filter_map(reason).collect()
    }

    /// Whether previews can be rendered of files of this type.
    #[must_use]
    pub fn can_render(mime: &str) -> bool {
        mime.starts_with("image/") || mime.starts_with("audio/") || video::demuxer(mime).is_some()
    }

    /// Renders the previews of a file and reads its metadata.
    ///
    /// # Errors
    /// [`SandboxError`]: the file was rejected, or its decoder crashed.
    pub fn render(&self, file: &File, mime: &str) -> Result<Rendered, SandboxError> {
        let rendered = match mime {
            "image/heic" | "image/heif" | "image/avif" => self.render_with_vips(file, mime),
            _ if mime.starts_with("video/") => self.render_video(file, mime),
            _ => self.decode(mime, &sides_argument(), Input::File(reopen(file)?)),
        };
        if matches!(rendered, Err(SandboxError::Died(_) | SandboxError::TimedOut)) {
            self.crashes.fetch_add(1, Ordering::Relaxed);
        }
        rendered
    }

    /// Decodes a file in a sandboxed worker. `sides` contains the sides of the previews, separated by commas; if it is
    /// empty, only the metadata of an image is read.
    fn decode(&self, mime: &str, sides: &str, input: Input) -> Result<Rendered, SandboxError> {
        let arguments = ["decode", mime, sides];
        let answer = self.supervisor.run(SandboxTask {
            arguments: &arguments,
            environment: &[],
            input,
            max_output: wire_format::MAX_OUTPUT_BYTES,
            timeout: RENDER_TIMEOUT,
        })?;
        wire_format::decode(&answer)
            .ok_or_else(|| SandboxError::Died("wrote invalid output".into()))
    }

    /// Runs an external tool in a sandboxed worker and returns what it writes to standard output.
    fn run_tool(
        &self,
        program: &str,
        arguments: &[&str],
        input: Input,
        max_output: usize,
    ) -> Result<Vec<u8>, SandboxError> {
        // With `tool`, the worker locks itself down and then becomes the program.
        let all = [&["tool", program], arguments].concat();
        self.supervisor.run(SandboxTask {
            arguments: &all,
            environment: &ENVIRONMENT,
            input,
            max_output,
            timeout: RENDER_TIMEOUT,
        })
    }

    /// Renders an image such as HEIC, which only vipsthumbnail can decode: our decoder reads the metadata,
    /// vipsthumbnail converts the pixels to a JPEG, and our decoder makes the previews of it.
    fn render_with_vips(&self, file: &File, mime: &str) -> Result<Rendered, SandboxError> {
        // Without sides for previews (the empty text), the decoder only reads the metadata.
        let mut rendered = self.decode(mime, "", Input::File(reopen(file)?))?;
        let vips = match self.tool_path(VIPS) {
            Ok(vips) => vips,
            Err(why) => {
                rendered.error =
                    Some(format!("vipsthumbnail, which decodes this format, is {why}"));
                return Ok(rendered);
            }
        };
        // Shrinks to at most 1280 pixels a side, converts to sRGB, and writes a JPEG of quality 92 without metadata to
        // standard output.
        let arguments =
            ["stdin", "-s", "1280x1280>", "--eprofile", "srgb", "-o", ".jpg[Q=92,strip]"];
        let picture =
            self.run_tool(&vips, &arguments, Input::File(reopen(file)?), MAX_POSTER_BYTES)?;
        self.finish_render(rendered, picture)
    }

    /// Reads the metadata of a video with ffprobe, and renders the previews of one frame that ffmpeg extracts.
    fn render_video(&self, file: &File, mime: &str) -> Result<Rendered, SandboxError> {
        let mut rendered = Rendered::default();
        let Some(demuxer) = video::demuxer(mime) else {
            rendered.error = Some("this video format is not supported".into());
            return Ok(rendered);
        };

        // Both tools are needed.
        let tools = (self.tool_path(FFPROBE), self.tool_path(FFMPEG));
        let (probe, ffmpeg) = match tools {
            (Ok(probe), Ok(ffmpeg)) => (probe, ffmpeg),
            (Err(why), _) | (_, Err(why)) => {
                rendered.error = Some(format!("ffmpeg, which decodes videos, is {why}"));
                return Ok(rendered);
            }
        };

        // The duration tells where a typical frame is.
        let probe_output = self.run_tool(
            &probe,
            &video::probe_arguments(demuxer),
            Input::File(reopen(file)?),
            MAX_PROBE_BYTES,
        )?;

        // Without valid output of ffprobe, a frame may still be decodable.
        rendered.metadata = video::parse_probe(&probe_output).unwrap_or_default().bounded();
        let at = video::poster_time(rendered.metadata.duration_ms);

        // If the duration is wrong, there may be no frame at that time, so the first frame is tried as well.
        for at in [at, 0] {
            let at = format!("{at}ms");
            let arguments = video::poster_arguments(demuxer, &at);
            match self.run_tool(&ffmpeg, &arguments, Input::File(reopen(file)?), MAX_POSTER_BYTES) {
                Ok(picture) if !picture.is_empty() => return self.finish_render(rendered, picture),
                Ok(_) => {}
                // These failures do not depend on the file.
                Err(failure @ (SandboxError::System(_) | SandboxError::Unavailable(_))) => {
                    return Err(failure);
                }
                Err(failure) => rendered.error = Some(failure.to_string()),
            }
        }

        rendered.error.get_or_insert_with(|| "no frame could be decoded".into());
        Ok(rendered)
    }

    /// Renders the previews of a JPEG that an external tool has produced.
    fn finish_render(
        &self,
        mut rendered: Rendered,
        picture: Vec<u8>,
    ) -> Result<Rendered, SandboxError> {
        let shown = self.decode("image/jpeg", &sides_argument(), Input::Bytes(picture))?;
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

/// Looks for a tool in the folders of the system.
fn find_tool(name: &str) -> ToolState {
    let found = ["/usr/local/bin", "/usr/bin"]
        .iter()
        .find_map(|folder| std::fs::canonicalize(Path::new(folder).join(name)).ok());
    found.map_or_else(|| ToolState::Tested(Err("not installed".into())), ToolState::Installed)
}

fn sides_argument() -> String {
    PREVIEW_SIDES.map(|side| side.to_string()).join(",")
}

/// Returns the file at its start. The position is shared with the worker, so only one worker at a time may use it.
fn reopen(file: &File) -> Result<File, SandboxError> {
    let mut again = file.try_clone().map_err(SandboxError::System)?;
    again.rewind().map_err(SandboxError::System)?;
    Ok(again)
}
