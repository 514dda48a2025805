//! Decoders in their cage: what kills them, what they open, and what hostile files do to them.

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

use nexus_media::media::{Health, Made, Studio};
use nexus_media::sandbox::Failure;

#[path = "../support/samples.rs"]
mod samples;

mod formats;
mod hostile;
mod sandbox;

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_nexus-media"))
}

/// A studio whose cage and tools work.
fn studio() -> Studio {
    let studio = Studio::new(program());
    studio.try_out();
    assert_eq!(studio.health(), Health::Works);
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

fn make(studio: &Studio, bytes: &[u8], mime: &str) -> Result<Made, Failure> {
    studio.make(&file(bytes), mime)
}
