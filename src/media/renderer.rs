//! Where previews are made: knows which tools there are, and sends each file to its cage.

use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::video;
use super::wire_format::{self, Rendered};
use super::worker::PREVIEW_SIDES;
use crate::sandbox::{Input, SandboxError, SandboxSupervisor, SandboxTask};

/// How long one child may take.
const RENDER_TIMEOUT: Duration = Duration::from_mins(1);
/// When a cage that did not work is tried again.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);
/// Bytes of what ffprobe says, and of a poster or a converted picture.
const MAX_PROBE_BYTES: usize = 256 * 1024;
const MAX_POSTER_BYTES: usize = 16 << 20;
/// The smallest picture there is: a dot, as a GIF.
const TEST_IMAGE: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// What foreign tools find in their environment: one thread, no cache on disk, no loaders that are not safe.
const ENVIRONMENT: [(&str, &str); 4] =
    [("VIPS_CONCURRENCY", "1"), ("VIPS_BLOCK_UNTRUSTED", "1"), ("VIPS_DISC_THRESHOLD", "1g"), ("LC_ALL", "C")];

/// Whether previews can be made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RendererHealth {
    /// Not tried yet.
    Unknown,
    Works,
    /// The kernel cannot shut decoders in, and this is why. Nothing is decoded then.
    Off(String),
}

/// A foreign tool: where it is, or why it is not used.
type ToolPath = Result<PathBuf, String>;

/// Where previews are made.
pub struct PreviewRenderer {
    keeper: SandboxSupervisor,
    state: Mutex<RendererState>,
    /// Children that died or had to be ended.
    pub crashes: AtomicU64,
}

struct RendererState {
    health: RendererHealth,
    tried: Option<Instant>,
    ffmpeg: ToolPath,
    ffprobe: ToolPath,
    vips: ToolPath,
}

impl PreviewRenderer {
    /// `program` is our own, which shuts itself in.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        let unknown = || Err("not looked for yet".to_owned());
        let state = RendererState {
            health: RendererHealth::Unknown,
            tried: None,
            ffmpeg: unknown(),
            ffprobe: unknown(),
            vips: unknown(),
        };
        Self { keeper: SandboxSupervisor::new(program), state: Mutex::new(state), crashes: AtomicU64::new(0) }
    }

    /// Tries the cage and looks for tools. Takes some tens of milliseconds.
    pub fn probe(&self) {
        let health = match self.decode("image/gif", "320", Input::Bytes(TEST_IMAGE.to_vec())) {
            Ok(_) => RendererHealth::Works,
            Err(failure) => RendererHealth::Off(failure.to_string()),
        };
        let state = RendererState {
            ffmpeg: self.find("ffmpeg", "-version"),
            ffprobe: self.find("ffprobe", "-version"),
            vips: self.find("vipsthumbnail", "--vips-version"),
            health,
            tried: Some(Instant::now()),
        };
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn find(&self, name: &str, version: &str) -> ToolPath {
        let folders = ["/usr/local/bin", "/usr/bin"];
        let found = folders.iter().find_map(|folder| std::fs::canonicalize(Path::new(folder).join(name)).ok());
        let program = found.ok_or_else(|| "not installed".to_owned())?;
        let path = program.to_str().ok_or("a strange path")?.to_owned();
        let said = self.run_tool(&path, &[version], Input::Bytes(Vec::new()), MAX_PROBE_BYTES);
        said.map(|_| program).map_err(|failure| format!("does not run in its cage: {failure}"))
    }

    #[must_use]
    pub fn health(&self) -> RendererHealth {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).health.clone()
    }

    /// Whether the cage is to be tried: not yet known, or not working a while ago.
    #[must_use]
    pub fn should_probe(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.health {
            RendererHealth::Unknown => true,
            RendererHealth::Works => false,
            RendererHealth::Off(_) => state.tried.is_none_or(|at| at.elapsed() > RETRY_INTERVAL),
        }
    }

    /// The tools by name, and why one is not used.
    #[must_use]
    pub fn tools(&self) -> Vec<(&'static str, Option<String>)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let why = |tool: &ToolPath| tool.as_ref().err().cloned();
        vec![("ffmpeg", why(&state.ffmpeg)), ("ffprobe", why(&state.ffprobe)), ("vipsthumbnail", why(&state.vips))]
    }

    /// Whether something can be made of that kind of file here.
    #[must_use]
    pub fn can_render(mime: &str) -> bool {
        mime.starts_with("image/") || mime.starts_with("audio/") || video::demuxer(mime).is_some()
    }

    /// Makes previews of a file and reads what it says of itself.
    ///
    /// # Errors
    /// [`Failure`]: the file is refused, or its decoder died.
    pub fn render(&self, file: &File, mime: &str) -> Result<Rendered, SandboxError> {
        let made = match mime {
            "image/heic" | "image/heif" | "image/avif" => self.render_with_vips(file, mime),
            _ if mime.starts_with("video/") => self.render_video(file, mime),
            _ => self.decode(mime, &sides_argument(), Input::File(reopen(file)?)),
        };
        if matches!(made, Err(SandboxError::Died(_) | SandboxError::TimedOut)) {
            self.crashes.fetch_add(1, Ordering::Relaxed);
        }
        made
    }

    fn decode(&self, mime: &str, sides: &str, input: Input) -> Result<Rendered, SandboxError> {
        let arguments = ["decode", mime, sides];
        let answer = self.keeper.run(SandboxTask {
            arguments: &arguments,
            environment: &[],
            input,
            most: wire_format::MAX_OUTPUT_BYTES,
            time: RENDER_TIMEOUT,
        })?;
        wire_format::decode(&answer).ok_or_else(|| SandboxError::Died("answered with nonsense".into()))
    }

    fn run_tool(&self, program: &str, arguments: &[&str], input: Input, most: usize) -> Result<Vec<u8>, SandboxError> {
        let all = [&["tool", program], arguments].concat();
        self.keeper.run(SandboxTask { arguments: &all, environment: &ENVIRONMENT, input, most, time: RENDER_TIMEOUT })
    }

    fn tool_path(&self, of: impl Fn(&RendererState) -> &ToolPath) -> Result<String, String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        of(&state).as_ref().map(|path| path.to_string_lossy().into_owned()).map_err(Clone::clone)
    }

    /// Facts from our own decoder, pixels from vipsthumbnail, previews from our own decoder again.
    fn render_with_vips(&self, file: &File, mime: &str) -> Result<Rendered, SandboxError> {
        let mut made = self.decode(mime, "", Input::File(reopen(file)?))?;
        let vips = match self.tool_path(|state| &state.vips) {
            Ok(vips) => vips,
            Err(why) => {
                made.trouble = Some(format!("vipsthumbnail, which opens this kind of picture, is {why}"));
                return Ok(made);
            }
        };
        let arguments = ["stdin", "-s", "1280x1280>", "--eprofile", "srgb", "-o", ".jpg[Q=92,strip]"];
        let picture = self.run_tool(&vips, &arguments, Input::File(reopen(file)?), MAX_POSTER_BYTES)?;
        self.finish_render(made, picture)
    }

    fn render_video(&self, file: &File, mime: &str) -> Result<Rendered, SandboxError> {
        let mut made = Rendered::default();
        let Some(demuxer) = video::demuxer(mime) else {
            made.trouble = Some("nothing here opens this kind of film".into());
            return Ok(made);
        };
        let tools = (self.tool_path(|state| &state.ffprobe), self.tool_path(|state| &state.ffmpeg));
        let (probe, ffmpeg) = match tools {
            (Ok(probe), Ok(ffmpeg)) => (probe, ffmpeg),
            (Err(why), _) | (_, Err(why)) => {
                made.trouble = Some(format!("ffmpeg, which opens films, is {why}"));
                return Ok(made);
            }
        };
        let said = self.run_tool(&probe, &video::probe_arguments(demuxer), Input::File(reopen(file)?), MAX_PROBE_BYTES)?;
        made.facts = video::parse_probe(&said).unwrap_or_default().bounded();
        let at = video::poster_time(made.facts.duration_ms);
        // A film that says it is longer than it is has a first frame still.
        for at in [at, 0] {
            let at = format!("{at}ms");
            let arguments = video::poster_arguments(demuxer, &at);
            match self.run_tool(&ffmpeg, &arguments, Input::File(reopen(file)?), MAX_POSTER_BYTES) {
                Ok(picture) if !picture.is_empty() => return self.finish_render(made, picture),
                Ok(_) => {}
                Err(failure @ (SandboxError::System(_) | SandboxError::NoCage(_))) => return Err(failure),
                Err(failure) => made.trouble = Some(failure.to_string()),
            }
        }
        made.trouble.get_or_insert_with(|| "no frame of it could be shown".into());
        Ok(made)
    }

    /// Previews of a JPEG that a foreign tool has made.
    fn finish_render(&self, mut made: Rendered, picture: Vec<u8>) -> Result<Rendered, SandboxError> {
        let shown = self.decode("image/jpeg", &sides_argument(), Input::Bytes(picture))?;
        (made.pictures, made.thumbhash, made.trouble) = (shown.pictures, shown.thumbhash, shown.trouble);
        if let (None, Some(largest)) = (made.facts.width, made.pictures.first()) {
            (made.facts.width, made.facts.height) = (Some(largest.width), Some(largest.height));
        }
        Ok(made)
    }
}

fn sides_argument() -> String {
    PREVIEW_SIDES.map(|side| side.to_string()).join(",")
}

/// The same file, from its start. The position is shared with the child, so one child at a time has it.
fn reopen(file: &File) -> Result<File, SandboxError> {
    let mut again = file.try_clone().map_err(SandboxError::System)?;
    again.rewind().map_err(SandboxError::System)?;
    Ok(again)
}
