//! Builds and runs the server: the only place that wires settings, services, middleware and routes.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_server::ServerBuilder;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::web::{Data, PayloadConfig};
use actix_web::{App, HttpServer};
use sd_notify::NotifyState;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::background_tasks::{
    run_folder_watch, run_housekeeping, run_malware_scan, run_reindex, run_scheduled_backups,
    run_systemd_notify, run_xmp_files, spawn_preview_workers,
};
use super::memory::run_memory_trim;
use crate::config::Settings;
use crate::domain::accounts::first_run;
use crate::domain::auth::login;
use crate::domain::ops::{crash_recovery, housekeeping};
use crate::domain::sessions::lifecycle;
use crate::domain::sharing::access;
use crate::error::{Error, Result};
use crate::http;
use crate::state::Services;
use crate::sync::run_on_blocking_pool;

/// Time for running requests after a stop signal.
const SHUTDOWN_TIMEOUT_SECONDS: u64 = 30;
/// Time for running parts of resumable uploads; the rest of the shutdown is needed to make them durable.
const UPLOADS_STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// Time for a client to send its headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a client to read the error before its connection is closed.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes of a response that are collected before they are written. A client that does not read keeps them in memory.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// How often connections are checked.
const IDLE_CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// How often the sessions of long responses are checked. Together with the time after which a response counts as long, it
/// stays below a second.
const SESSION_CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// A server that is listening and ready to run.
pub struct Application {
    server: Server,
    /// The server for metrics, if configured.
    metrics: Option<(SocketAddr, Server)>,
    address: SocketAddr,
    services: Arc<Services>,
}

impl Application {
    /// Opens the services, creates the first admin if the settings describe one, and binds the ports.
    ///
    /// # Errors
    /// `Configuration` for what the administrator must fix.
    pub async fn build(settings: Settings) -> Result<Self> {
        let services = Arc::new(
            run_on_blocking_pool(move || {
                // Claims the media folder, so that no second server can use it, and recovers from a crash.
                let services = crash_recovery::open_claimed(settings)?;
                crash_recovery::ensure_mounted(&services)?;
                Ok(services)
            })
            .await?,
        );

        let settings = &services.settings;
        // Once there is an admin, this setting has no effect.
        if let Some(admin) = settings.first_admin.as_ref().filter(|_| !services.is_set_up()) {
            first_run::set_up_unattended(&services, admin.ensure_complete()?).await?;
        }
        let listener = bind(settings.listen)?;
        let address = listener.local_addr()?;
        let metrics =
            settings.metrics_listen.map(|address| serve_metrics(address, &services)).transpose()?;
        let server = serve(listener, &services)?;
        Ok(Self { server, metrics, address, services })
    }

    /// The bound port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// The bound address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that serves metrics without a token.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(address, _)| *address)
    }

    #[must_use]
    pub const fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Returns the link for creating the first admin; `None` once there is one.
    ///
    /// # Errors
    /// The code cannot be stored.
    pub fn setup_link(&self) -> Result<Option<String>> {
        if self.services.has_admin()? {
            return Ok(None);
        }
        // Browsers cannot open 0.0.0.0.
        let host = if self.address.ip().is_unspecified() {
            format!("localhost:{}", self.address.port())
        } else {
            self.address.to_string()
        };
        // Behind a reverse proxy, browsers need the public URL instead of the bound address.
        let base =
            self.services.settings.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
        Ok(Some(format!("{base}/setup?code={}", first_run::setup_code(&self.services)?)))
    }

    /// Runs the server and its background tasks until a stop signal, then lets running requests finish.
    pub async fn run_until_stopped(self) -> Result<()> {
        // Background tasks run beside the server, which is already listening.
        let housekeeping_task = tokio::spawn(run_housekeeping(self.services.clone()));
        let malware_task = tokio::spawn(run_malware_scan(self.services.clone()));
        let backup_task = tokio::spawn(run_scheduled_backups(self.services.clone()));
        let preview_workers = spawn_preview_workers(&self.services);
        let memory_task = tokio::spawn(run_memory_trim());
        let reindex_task = tokio::spawn(run_reindex(self.services.clone()));
        let xmp_task = self
            .services
            .settings
            .writes_xmp_files
            .then(|| tokio::spawn(run_xmp_files(self.services.clone())));

        let folder_watch = self.services.settings.watch_quiet_period.map(|quiet_period| {
            tokio::spawn(run_folder_watch(self.services.clone(), quiet_period))
        });

        // Metrics have a listener of their own, if one is configured.
        let metrics = self.metrics.map(|(_, metrics)| (metrics.handle(), tokio::spawn(metrics)));
        let signal_task = tokio::spawn(stop_on_signal(self.server.handle(), self.services.clone()));
        let systemd_task = tokio::spawn(run_systemd_notify());
        let result = self.server.await;

        // The watchdog must not report a server that has stopped.
        systemd_task.abort();

        if let Some((handle, serving)) = metrics {
            // `false` means not graceful: open requests for metrics are not waited for.
            handle.stop(false).await;
            drop(serving.await);
        }

        // Requests have ended; background tasks may be cut off at any point.
        housekeeping_task.abort();
        malware_task.abort();
        backup_task.abort();
        memory_task.abort();
        reindex_task.abort();
        xmp_task.inspect(JoinHandle::abort);
        // A worker's current file cannot be aborted, because it is processed on the blocking pool.
        self.services.preview_queue.stop();
        folder_watch.inspect(JoinHandle::abort);
        preview_workers.iter().for_each(JoinHandle::abort);
        signal_task.abort();
        let services = self.services;

        // Activity is written in batches: write the last one.
        run_on_blocking_pool(move || {
            let merged = login::write_merged_refusals(&services, true);
            // Also written if the first has failed.
            housekeeping::write_last_seen(&services).and(merged)
        })
        .await?;
        // Returned last, so that the activity is also written after an error.
        Ok(result?)
    }
}

/// Waits for a signal. After SIGTERM, running requests may finish, and resumable uploads end in time with what has
/// arrived. SIGINT stops at once.
async fn stop_on_signal(server: ServerHandle, services: Arc<Services>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("cannot wait for signals");
        return;
    };

    let is_graceful = tokio::select! {
        _ = term.recv() => true,
        _ = interrupt.recv() => false,
    };

    tracing::info!("stopping");
    drop(sd_notify::notify(&[NotifyState::Stopping]));
    let stop_task = tokio::spawn(server.stop(is_graceful));

    // Uploads are ended before the shutdown timeout, so that there is time to store what has arrived. If the server
    // stops earlier, `run_until_stopped` aborts this task.
    tokio::select! {
        () = tokio::time::sleep(UPLOADS_STOP_TIMEOUT) => services.upload_locks.stop_all(),
        // A further SIGINT ends the process at once; 130 is 128 plus the number of the signal.
        _ = interrupt.recv() => std::process::exit(130),
    }
    drop(stop_task.await);
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|cause| Error::Configuration(format!("{address} cannot be listened on: {cause}")))
}

/// Builds a server for metrics on a separate address, where no token is required.
fn serve_metrics(address: SocketAddr, services: &Arc<Services>) -> Result<(SocketAddr, Server)> {
    let listener = bind(address)?;
    let address = listener.local_addr()?;
    let data = Data::from(services.clone());
    let server =
        HttpServer::new(move || App::new().app_data(data.clone()).configure(http::metrics));
    Ok((
        address,
        server
            // `stop_on_signal` handles the signals of the whole process.
            .disable_signals()
            .workers(1)
            .client_request_timeout(HEADERS_TIMEOUT)
            .listen(listener)?
            .run(),
    ))
}

/// Builds the HTTP server on a bound listener, with all middleware and with sockets that can send files. Must be run to
/// accept connections.
fn serve(listener: TcpListener, services: &Arc<Services>) -> Result<Server> {
    let data = Data::from(services.clone());

    // 0 means one worker per processor.
    let workers = match services.settings.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        count => count,
    };

    // Called here only for its error, so that an unusable cookie key fails the start instead of a worker.
    http::session_middleware(&services.settings)?;
    http::check_base_path(&services.settings)?;
    // Clones of both share their state, so they cover the connections of all workers.
    let tracker = http::ConnectionTracker::default();
    let limits = http::ConnectionLimits::default();
    actix_web::rt::spawn(close_idle_connections(tracker.clone()));
    actix_web::rt::spawn(close_long_responses(tracker.clone(), services.clone()));

    let application = move || {
        let session = http::session_middleware(&data.settings);

        // Layers run in reverse order: `choose_language` is outermost.
        App::new()
            .app_data(data.clone())
            // The largest body that a handler can extract as bytes or text.
            .app_data(PayloadConfig::new(64 * 1024))
            .app_data(http::multipart_config())
            .configure(|config| http::configure(config, &data.settings))
            .wrap(from_fn(http::request_checks))
            .wrap(session.unwrap_or_else(|error| {
                tracing::error!("cannot read the cookie key: {error}");
                // sysexits.h: the configuration is wrong.
                std::process::exit(78)
            }))
            .wrap(http::cors(&data.settings))
            .wrap(from_fn(http::request_log))
            .wrap(from_fn(http::choose_language))
    };

    let address = listener.local_addr()?;
    let builder = ServerBuilder::default()
        // `stop_on_signal` handles the signals of the process.
        .disable_signals()
        .workers(workers)
        // The limit of actix is per worker.
        .max_concurrent_connections(max_connections().div_ceil(workers))
        .shutdown_timeout(SHUTDOWN_TIMEOUT_SECONDS);

    let stop_signal = builder.graceful_shutdown_signal();
    let socket_services = services.clone();

    // Like actix's `HttpServer`, but with sockets that can send files.
    let builder = builder.listen("http", listener, move || {
        // Each worker calls this closure and needs clones of its own.
        let (tracker, limits) = (tracker.clone(), limits.clone());
        let (stop_signal, socket_services) = (stop_signal.clone(), socket_services.clone());
        let application =
            application().into_factory().map_err(|error: actix_web::Error| error.error_response());

        let protocol = HttpService::build()
            .client_request_timeout(HEADERS_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .h1_write_buffer_size(WRITE_BUFFER_BYTES)
            .local_addr(address)
            .graceful_shutdown_signal(move || {
                let stop_signal = stop_signal.clone();
                async move { stop_signal.notified().await }
            })
            // Gives requests access to their socket, so that responses can use sendfile.
            .on_connect_ext(http::SendfileSocket::describe)
            .h1(map_config(application, |()| AppConfig::default()));

        let socket = fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let socket = http::SendfileSocket::new(stream, &limits, &tracker, &socket_services);
            async move { Ok((socket?, peer)) }
        });
        socket.and_then(protocol)
    });
    Ok(builder?.run())
}

/// Connections at once. They leave a fifth of all descriptors to files and the database. Others wait until one is closed.
fn max_connections() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let descriptors = usize::try_from(limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    (descriptors / 5 * 4).clamp(16, 100_000)
}

/// Closes idle connections while the server runs.
async fn close_idle_connections(tracker: http::ConnectionTracker) {
    let mut interval = tokio::time::interval(IDLE_CHECK_INTERVAL);
    loop {
        interval.tick().await;
        let closed = tracker.close_idle();
        if closed > 0 {
            tracing::debug!(count = closed, "closed idle connections");
        }
    }
}

/// Ends downloads, archives and streams whose session was ended, whose user was suspended, or which are not shared with
/// their user any more, while the server runs.
async fn close_long_responses(tracker: http::ConnectionTracker, services: Arc<Services>) {
    let mut interval = tokio::time::interval(SESSION_CHECK_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let sessions = tracker.long_response_sessions();
        let shares = tracker.long_response_shares();
        // Most of the time there are none, and the database is not asked.
        if sessions.is_empty() && shares.is_empty() {
            continue;
        }
        let services = services.clone();
        let find_ended = move || {
            let ended = lifecycle::find_ended(&services, &sessions)?;
            Ok((ended, access::find_ended(&services, &shares)?))
        };
        match run_on_blocking_pool(find_ended).await {
            Ok((sessions, shares)) => {
                let closed = tracker.close_long_responses(&sessions);
                if closed > 0 {
                    tracing::info!(count = closed, "ended responses of sessions that have ended");
                }
                let closed = tracker.close_long_shared_responses(&shares);
                if closed > 0 {
                    tracing::info!(
                        count = closed,
                        "ended responses of what is not shared any more"
                    );
                }
            }
            // Checked again in the next round.
            Err(error) => tracing::warn!(?error, "cannot check the sessions of long responses"),
        }
    }
}
