//! Decoders in their sandbox: what kills them, what they can open, and how they handle hostile files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on fails"
)]
#![expect(clippy::print_stdout, reason = "figures for docs/PROMISES.md")]

use std::fs::File;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

use nexus_media::media::{PreviewRenderer, Rendered, RendererHealth};
use nexus_media::sandbox::SandboxError;

#[path = "../support/samples.rs"]
mod samples;

mod formats;
mod hostile;
mod sandbox;

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_nexus-media"))
}

/// The renderer that all tests of the process share; its sandbox and tools work.
fn shared_renderer() -> &'static PreviewRenderer {
    static RENDERER: OnceLock<PreviewRenderer> = OnceLock::new();
    RENDERER.get_or_init(|| {
        let renderer = PreviewRenderer::new(program());
        renderer.probe();
        assert_eq!(renderer.health(), RendererHealth::Works);
        for (tool, why) in renderer.tools() {
            assert_eq!(why, None, "{tool}: run `make test-packages`");
        }
        renderer
    })
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn make(renderer: &PreviewRenderer, bytes: &[u8], mime: &str) -> Result<Rendered, SandboxError> {
    renderer.render(&file(bytes), mime)
}
