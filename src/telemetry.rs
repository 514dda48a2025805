//! Logs: one line an event on stderr, in words or as JSON, with the request it belongs to.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging at `level` (`error warn info debug trace`), in words or one JSON object a line. A second call changes
/// nothing.
pub fn start(level: tracing::Level, is_json: bool) {
    let ours = Targets::new()
        // Lines say which request they belong to, however few are wanted.
        .with_target("nexus_media::http::middleware::request_log", level.max(tracing::Level::INFO))
        .with_target("nexus_media", level)
        // A line for every cookie that is not ours, or for every request that is no HTTP, would let anybody fill the disk.
        .with_target("actix_session", tracing::Level::ERROR)
        .with_target("actix_http", LevelFilter::OFF)
        .with_default(tracing::Level::WARN.min(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = if is_json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed()
    };
    drop(tracing_subscriber::registry().with(ours).with(lines).try_init());
}
