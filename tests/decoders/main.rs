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

/// A renderer whose sandbox and tools work.
fn studio() -> PreviewRenderer {
    let studio = PreviewRenderer::new(program());
    studio.probe();
    assert_eq!(studio.health(), RendererHealth::Works);
    for (tool, why) in studio.tools() {
        assert_eq!(why, None, "{tool}: run `make test-packages`");
    }
    studio
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn make(studio: &PreviewRenderer, bytes: &[u8], mime: &str) -> Result<Rendered, SandboxError> {
    studio.render(&file(bytes), mime)
}
