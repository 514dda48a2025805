//! Logs: one line an event on stderr.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging at `level` (`error warn info debug trace`). A second call changes nothing.
pub fn start(level: tracing::Level) {
    let ours = Targets::new()
        .with_target("nexus_media", level)
        // A line for every cookie that is not ours, or for every request that is no HTTP, would let anybody fill the disk.
        .with_target("actix_session", tracing::Level::ERROR)
        .with_target("actix_http", LevelFilter::OFF)
        .with_default(tracing::Level::WARN.min(level));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false);
    drop(tracing_subscriber::registry().with(ours).with(lines).try_init());
}
