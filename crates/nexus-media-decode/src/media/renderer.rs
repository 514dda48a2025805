//! Renders previews and reads metadata by sending each file to sandboxed workers; runs outside the sandbox.

use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::sniff::{SIDECAR_JSON, SIDECAR_XMP};
use super::video;
use super::wire_format::{self, FULL_SIZE_SIDES, OutputLimits, PREVIEW_SIDES, Picture, Rendered};
use crate::sandbox::{Input, SandboxError, SandboxSupervisor, SandboxTask};

/// Time limit of one worker.
const RENDER_TIMEOUT: Duration = Duration::from_mins(1);
/// How long to wait before a sandbox that does not work is tried again.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);
/// Longest output of ffprobe, and of a poster or converted image, in bytes.
pub(super) const MAX_PROBE_BYTES: usize = 256 * 1024;
pub(super) const MAX_POSTER_BYTES: usize = 16 << 20;
/// Longest converted image in full size, in bytes.
const MAX_CONVERTED_BYTES: usize = 96 << 20;
/// The longer side of a page that is read, in pixels.
const PAGE_SIDE: u32 = 1600;
/// A GIF of one pixel.
const TEST_IMAGE: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// Environment of external tools: one thread, no cache on disk, only the loaders of libvips that are considered safe.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("VIPS_CONCURRENCY", "1"),
    ("VIPS_DISC_THRESHOLD", "1g"),
    ("LC_ALL", "C"),
    ("VIPS_BLOCK_UNTRUSTED", "1"),
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
const TOOLS: [(&str, &str); 5] = [
    ("ffmpeg", "-version"),
    ("ffprobe", "-version"),
    ("vipsthumbnail", "--vips-version"),
    ("pdftocairo", "-v"),
    ("pdfinfo", "-v"),
];

pub(super) const FFMPEG: usize = 0;
pub(super) const FFPROBE: usize = 1;
pub(super) const VIPS: usize = 2;
pub(super) const PDFTOCAIRO: usize = 3;
pub(super) const PDFINFO: usize = 4;

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
        let health = match self.decode("image/gif", &[320], Input::Bytes(TEST_IMAGE.to_vec())) {
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
    pub(super) fn tool_path(&self, index: usize) -> Result<String, String> {
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
        mime.starts_with("image/")
            || mime.starts_with("audio/")
            || mime == "application/pdf"
            || mime == SIDECAR_JSON
            || mime == SIDECAR_XMP
            || video::demuxer(mime).is_some()
    }

    /// Renders the previews of a file and reads its metadata.
    ///
    /// # Errors
    /// [`SandboxError`]: the file was rejected, or its decoder crashed.
    pub fn render(&self, file: &File, mime: &str) -> Result<Rendered, SandboxError> {
        let rendered = match mime {
            "application/pdf" => self.render_pdf(file),
            _ if mime.starts_with("audio/") => self.render_audio(file, mime, None),
            SIDECAR_JSON | SIDECAR_XMP => {
                self.decode(mime, &PREVIEW_SIDES, Input::File(reopen(file)?))
            }
            _ if mime.starts_with("image/") => self.render_image(file, mime, &PREVIEW_SIDES),
            _ => self.render_video(file, mime),
        };
        self.count_crash(rendered)
    }

    /// Renders an image in full size as WebP, scaled down only if a side has more than 8192 pixels.
    ///
    /// # Errors
    /// As [`PreviewRenderer::render`].
    pub fn render_full_size(&self, file: &File, mime: &str) -> Result<Picture, SandboxError> {
        let rendered = self.count_crash(self.render_image(file, mime, &FULL_SIZE_SIDES))?;
        let why = rendered.error.unwrap_or_else(|| "there is no image".into());
        rendered.pictures.into_iter().next().ok_or(SandboxError::Refused(why))
    }

    /// Renders a page of a PDF as WebP. The first page is 1.
    ///
    /// # Errors
    /// As [`PreviewRenderer::render`]; `Refused` for a page that does not exist.
    pub fn render_pdf_page(&self, file: &File, page: u32) -> Result<Picture, SandboxError> {
        let rendered =
            self.count_crash(self.render_page(file, page, PAGE_SIDE, &FULL_SIZE_SIDES))?;
        let why = rendered.error.unwrap_or_else(|| "there is no such page".into());
        rendered.pictures.into_iter().next().ok_or(SandboxError::Refused(why))
    }

    fn render_image(
        &self,
        file: &File,
        mime: &str,
        sides: &[u32],
    ) -> Result<Rendered, SandboxError> {
        match mime {
            "image/heic" | "image/heif" | "image/avif" | "image/jxl" => {
                self.render_with_vips(file, mime, sides)
            }
            "image/tiff" | "image/png" | "image/gif" | "image/webp" => {
                self.render_raster(file, mime, sides)
            }
            "image/jp2" | "image/vnd.adobe.photoshop" => self.render_with_ffmpeg(file, mime, sides),
            _ => self.decode(mime, sides, Input::File(reopen(file)?)),
        }
    }

    fn count_crash<T>(&self, rendered: Result<T, SandboxError>) -> Result<T, SandboxError> {
        if matches!(rendered, Err(SandboxError::Died(_) | SandboxError::TimedOut)) {
            self.crashes.fetch_add(1, Ordering::Relaxed);
        }
        rendered
    }

    /// Decodes a file in a sandboxed worker and makes pictures for `sides`, largest first. Without sides, only the
    /// metadata of an image is read.
    pub(super) fn decode(
        &self,
        mime: &str,
        sides: &[u32],
        input: Input,
    ) -> Result<Rendered, SandboxError> {
        let sides_argument = sides.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let arguments = ["decode", mime, &sides_argument];
        let limits = OutputLimits::for_sides(sides);
        let answer = self.supervisor.run(SandboxTask {
            arguments: &arguments,
            environment: &[],
            input,
            max_output: limits.bytes,
            timeout: RENDER_TIMEOUT,
        })?;
        wire_format::decode(&answer, limits)
            .ok_or_else(|| SandboxError::Died("wrote invalid output".into()))
    }

    /// Runs an external tool in a sandboxed worker and returns what it writes to standard output.
    pub(super) fn run_tool(
        &self,
        program: &str,
        arguments: &[&str],
        input: Input,
        max_output: usize,
    ) -> Result<Vec<u8>, SandboxError> {
        self.run_tool_with(program, arguments, input, max_output, &ENVIRONMENT)
    }

    /// As `run_tool`, with loaders that libvips does not consider safe against hostile files. The sandbox is.
    pub(super) fn run_with_all_loaders(
        &self,
        program: &str,
        arguments: &[&str],
        input: Input,
        max_output: usize,
    ) -> Result<Vec<u8>, SandboxError> {
        let environment = ENVIRONMENT.split_last().map_or(&[][..], |(_, others)| others);
        self.run_tool_with(program, arguments, input, max_output, environment)
    }

    fn run_tool_with(
        &self,
        program: &str,
        arguments: &[&str],
        input: Input,
        max_output: usize,
        environment: &[(&str, &str)],
    ) -> Result<Vec<u8>, SandboxError> {
        // With `tool`, the worker locks itself down and then becomes the program.
        let all = [&["tool", program], arguments].concat();
        self.supervisor.run(SandboxTask {
            arguments: &all,
            environment,
            input,
            max_output,
            timeout: RENDER_TIMEOUT,
        })
    }
}

/// Looks for a tool in the folders of the system.
fn find_tool(name: &str) -> ToolState {
    let found = ["/usr/local/bin", "/usr/bin"]
        .iter()
        .find_map(|folder| std::fs::canonicalize(Path::new(folder).join(name)).ok());
    found.map_or_else(|| ToolState::Tested(Err("not installed".into())), ToolState::Installed)
}

/// Longest image that a tool may write, in bytes, for pictures of these sides.
pub(super) fn max_tool_output(sides: &[u32]) -> usize {
    if sides == PREVIEW_SIDES { MAX_POSTER_BYTES } else { MAX_CONVERTED_BYTES }
}

/// Returns the file at its start. The position is shared with the worker, so only one worker at a time may use it.
pub(super) fn reopen(file: &File) -> Result<File, SandboxError> {
    let mut again = file.try_clone().map_err(SandboxError::System)?;
    again.rewind().map_err(SandboxError::System)?;
    Ok(again)
}
