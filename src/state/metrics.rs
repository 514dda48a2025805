//! Prometheus metrics of this process.

use crate::sync::lock;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Counter, Encoder, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, Opts, Registry, TextEncoder,
};

use crate::error::{Error, Result};

/// Buckets for the time to the first byte of a response, in seconds.
const DURATION_BUCKETS: [f64; 11] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 2.5, 10.0];

/// Counters, incremented when events happen, and gauges, set when the metrics are requested.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    /// Bytes received over all connections.
    pub received: IntCounter,
    /// Bytes sent over all connections.
    pub sent: IntCounter,
    /// Open connections.
    pub connections: IntGauge,
    stored: IntCounter,
    stored_bytes: IntCounter,
    uploads: IntCounterVec,
    /// Bytes of files that were received, also of those that were refused later.
    pub upload_bytes: IntCounter,
    log_ins: IntCounterVec,
    /// Locked, so that simultaneous requests for the metrics do not mix their values.
    gauges: Mutex<Gauges>,
}

/// What happens to a file that is sent to the server.
#[derive(Clone, Copy)]
pub(crate) enum UploadEvent {
    Begun,
    /// It was stored, or is a duplicate.
    Finished,
    Refused,
}

impl UploadEvent {
    pub(crate) fn from_result<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Finished } else { Self::Refused }
    }
}

/// Metrics that are looked up on request.
pub(crate) struct Gauges {
    pub ready: GaugeVec,
    pub queues: GaugeVec,
    pub findings: Gauge,
    pub scanner: Gauge,
    pub crashes: Counter,
    pub people: GaugeVec,
    pub kept: Gauge,
    pub disk: GaugeVec,
    pub statements: Counter,
    pub checkouts: Counter,
    pub waited: Counter,
    pub backup: Gauge,
    pub uptime: Gauge,
}

/// Registers a metric.
fn register_metric<M: Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<M>,
) -> Result<M> {
    let metric = made.map_err(Error::internal)?;
    registry.register(Box::new(metric.clone())).map_err(Error::internal)?;
    Ok(metric)
}

impl Metrics {
    /// Creates and registers all metrics.
    ///
    /// # Errors
    /// `Internal` if two metrics share a name.
    pub fn new() -> Result<Self> {
        let registry = Registry::new();
        // Shorthands that register one metric; the plural forms create metrics with labels.
        let gauges = |name: &str, help: &str, label: &str| {
            register_metric(&registry, GaugeVec::new(Opts::new(name, help), &[label]))
        };
        let gauge = |name: &str, help: &str| register_metric(&registry, Gauge::new(name, help));
        let counter = |name: &str, help: &str| register_metric(&registry, Counter::new(name, help));
        let count =
            |name: &str, help: &str| register_metric(&registry, IntCounter::new(name, help));
        let counts = |name: &str, help: &str, labels: &[&str]| {
            register_metric(&registry, IntCounterVec::new(Opts::new(name, help), labels))
        };

        let build_info = Opts::new("nexus_build_info", "1, with the version that runs")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        register_metric(&registry, Gauge::with_opts(build_info))?.set(1.0);

        // Read from other modules when the metrics are requested.
        let gauges_read_on_request = Gauges {
            ready: gauges("nexus_ready", "1 if what the server needs works", "check")?,
            queues: gauges("nexus_queue_length", "Files that wait for it", "queue")?,
            findings: gauge("nexus_findings", "Malware that waits for an admin")?,
            scanner: gauge(
                "nexus_scanner_up",
                "1 if the malware scanner answers, 0 if it does not, -1 if there is none",
            )?,
            crashes: counter("nexus_decoder_crashes_total", "Decoders that died in their sandbox")?,
            people: gauges("nexus_accounts", "Accounts in each state", "status")?,
            kept: gauge("nexus_kept_bytes", "Bytes of all people's files, the trash too")?,
            disk: gauges("nexus_media_disk_bytes", "The disk of people's files", "what")?,
            statements: counter(
                "nexus_database_statements_total",
                "Statements sent to the database",
            )?,
            checkouts: counter(
                "nexus_database_checkouts_total",
                "Connections taken out of the pool",
            )?,
            waited: counter(
                "nexus_database_wait_seconds_total",
                "Time spent waiting for a connection of the pool",
            )?,
            backup: gauge(
                "nexus_backup_last_timestamp_seconds",
                "When the newest backup was made; 0: there is none",
            )?,
            uptime: gauge("nexus_uptime_seconds", "Time since the start")?,
        };

        // Incremented by the code that they measure.
        Ok(Self {
            requests: counts(
                "nexus_http_requests_total",
                "Answered requests",
                &["kind", "status"],
            )?,
            seconds: register_metric(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "nexus_http_answer_seconds",
                        "Time from a request to the head of its answer",
                    )
                    .buckets(DURATION_BUCKETS.to_vec()),
                    &["kind"],
                ),
            )?,
            received: count("nexus_http_received_bytes_total", "Bytes that came in")?,
            sent: count("nexus_http_sent_bytes_total", "Bytes that went out")?,
            connections: register_metric(
                &registry,
                IntGauge::new("nexus_http_connections", "Open connections"),
            )?,
            stored: count("nexus_stored_files_total", "Files taken in")?,
            stored_bytes: count("nexus_stored_bytes_total", "Bytes of files taken in")?,
            uploads: counts(
                "nexus_uploads_total",
                "Files sent to the server: begun, finished and refused",
                &["event"],
            )?,
            upload_bytes: count("nexus_upload_bytes_total", "Bytes of files sent to the server")?,
            log_ins: counts("nexus_log_ins_total", "Logins", &["outcome"])?,
            gauges: Mutex::new(gauges_read_on_request),
            registry,
        })
    }

    /// Locks the gauges while they are filled in and rendered; concurrent requests wait.
    pub(crate) fn lock_gauges(&self) -> MutexGuard<'_, Gauges> {
        lock(&self.gauges)
    }

    /// Renders all metrics in the Prometheus text format 0.0.4.
    ///
    /// # Errors
    /// `Internal` if rendering fails.
    pub(crate) fn render(&self) -> Result<String> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).map_err(Error::internal)?;
        String::from_utf8(text).map_err(Error::internal)
    }

    /// Records a finished request.
    pub fn record_request(&self, kind: &str, status: u16, took: Duration) {
        // Grouped into classes, so that the number of time series stays small.
        let class = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.requests.with_label_values(&[kind, class]).inc();
        self.seconds.with_label_values(&[kind]).observe(took.as_secs_f64());
    }

    /// Records stored files.
    pub(crate) fn record_stored(&self, files: u64, bytes: u64) {
        self.stored.inc_by(files);
        self.stored_bytes.inc_by(bytes);
    }

    /// Records an event of an upload.
    pub(crate) fn record_upload(&self, event: UploadEvent) {
        let event = match event {
            UploadEvent::Begun => "begun",
            UploadEvent::Finished => "finished",
            UploadEvent::Refused => "refused",
        };
        self.uploads.with_label_values(&[event]).inc();
    }

    /// Records the outcome of a login.
    pub(crate) fn record_login(&self, is_in: bool) {
        self.log_ins.with_label_values(&[if is_in { "in" } else { "refused" }]).inc();
    }
}
