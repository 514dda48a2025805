//! Logging: one line per event on stderr, as text or JSON, with the id of its request.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging at `level`, as text or as one JSON object per line. A second call has no effect.
pub fn start(level: tracing::Level, is_json: bool) {
    let filter = Targets::new()
        // The span with the request id is needed at every level.
        .with_target("nexus_media::http::middleware::request_log", level.max(tracing::Level::INFO))
        .with_target("nexus_media", level)
        // These crates log a line per foreign cookie or malformed request, which would let anyone fill the disk.
        .with_target("actix_session", tracing::Level::ERROR)
        .with_target("actix_http", LevelFilter::OFF)
        // Other crates log warnings at most. Levels compare by verbosity, so the smaller one logs less.
        .with_default(tracing::Level::WARN.min(level));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let layer = if is_json {
        layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    } else {
        layer.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed()
    };
    // Fails only if logging was started before.
    drop(tracing_subscriber::registry().with(filter).with(layer).try_init());
}
