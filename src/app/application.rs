//! The application: the only place that wires settings, database, layers and routes into a server.

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

use super::background_tasks::{
    run_folder_watch, run_housekeeping, run_malware_scan, run_scheduled_backups, run_systemd_notify, spawn_preview_workers,
};
use crate::config::Settings;
use crate::db::run_on_blocking_pool;
use crate::domain::accounts::first_run;
use crate::domain::ops::{crash_recovery, housekeeping};
use crate::error::{Error, Result};
use crate::http;
use crate::state::Services;

/// How long running requests may go on after a stop signal.
const SHUTDOWN_TIMEOUT_SECONDS: u64 = 30;
/// How long parts of resumable uploads may go on after it: they need the rest to become durable.
const UPLOADS_STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client may take to send its headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client that has to go may take to read why.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often connections are looked at.
const IDLE_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// A server that listens and is about to run.
pub struct Application {
    server: Server,
    /// For Prometheus alone, where that is set.
    metrics: Option<(SocketAddr, Server)>,
    address: SocketAddr,
    services: Arc<Services>,
}

impl Application {
    /// Opens everything, binds the port, and makes the first admin where the settings name one.
    ///
    /// # Errors
    /// `Configuration` for what the admin has to mend.
    pub async fn build(settings: Settings) -> Result<Self> {
        let services = Arc::new(
            run_on_blocking_pool(move || {
                let services = crash_recovery::open_claimed(settings)?;
                crash_recovery::ensure_mounted(&services)?;
                Ok(services)
            })
            .await?,
        );
        let settings = &services.settings;
        if let Some(admin) = settings.first_admin.as_ref().filter(|_| !services.is_set_up()) {
            first_run::set_up_unattended(&services, admin.ensure_complete()?).await?;
        }
        let listener = bind(settings.listen)?;
        let address = listener.local_addr()?;
        let metrics = settings.metrics_listen.map(|address| serve_metrics(address, &services)).transpose()?;
        let server = serve(listener, &services)?;
        Ok(Self { server, metrics, address, services })
    }

    /// The port that was bound.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where Prometheus is answered without a token.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(address, _)| *address)
    }

    #[must_use]
    pub const fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// The link with which the first admin is made; `None` once there is one.
    ///
    /// # Errors
    /// The system's, when the code cannot be kept.
    pub fn setup_link(&self) -> Result<Option<String>> {
        if self.services.has_admin()? {
            return Ok(None);
        }
        // Nobody can open 0.0.0.0.
        let here = if self.address.ip().is_unspecified() {
            format!("localhost:{}", self.address.port())
        } else {
            self.address.to_string()
        };
        let base = self.services.settings.public_url.clone().unwrap_or_else(|| format!("http://{here}"));
        Ok(Some(format!("{base}/setup?code={}", first_run::setup_code(&self.services)?)))
    }

    /// Serves until a stop signal; then lets running requests finish.
    ///
    /// # Errors
    /// The system's.
    pub async fn run_until_stopped(self) -> Result<()> {
        let keeper = tokio::spawn(run_housekeeping(self.services.clone()));
        let scanner = tokio::spawn(run_malware_scan(self.services.clone()));
        let backer = tokio::spawn(run_scheduled_backups(self.services.clone()));
        let previewers = spawn_preview_workers(&self.services);
        let follower = self
            .services
            .settings
            .watch_quiet_period
            .map(|settled| tokio::spawn(run_folder_watch(self.services.clone(), settled)));
        let metrics = self.metrics.map(|(_, metrics)| (metrics.handle(), tokio::spawn(metrics)));
        let watcher = tokio::spawn(stop_on_signal(self.server.handle(), self.services.clone()));
        let alive = tokio::spawn(run_systemd_notify());
        let ended = self.server.await;
        alive.abort();
        if let Some((handle, serving)) = metrics {
            handle.stop(false).await;
            drop(serving.await);
        }
        keeper.abort();
        scanner.abort();
        backer.abort();
        self.services.preview_queue.stop();
        follower.inspect(JoinHandle::abort);
        previewers.iter().for_each(JoinHandle::abort);
        watcher.abort();
        let services = self.services;
        run_on_blocking_pool(move || housekeeping::write_last_seen(&services)).await?;
        Ok(ended?)
    }
}

/// SIGTERM: running requests may finish, and resumable uploads end in time with what they have.
/// SIGINT: at once.
async fn stop_on_signal(server: ServerHandle, services: Arc<Services>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be waited for");
        return;
    };
    let is_graceful = tokio::select! {
        _ = term.recv() => true,
        _ = interrupt.recv() => false,
    };
    tracing::info!("stopping");
    drop(sd_notify::notify(&[NotifyState::Stopping]));
    let stopping = tokio::spawn(server.stop(is_graceful));
    tokio::select! {
        () = tokio::time::sleep(UPLOADS_STOP_TIMEOUT) => services.upload_locks.stop_all(),
        _ = interrupt.recv() => std::process::exit(130),
    }
    drop(stopping.await);
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|cause| Error::Configuration(format!("{address} cannot be listened on: {cause}")))
}

/// Numbers for Prometheus and nothing else, for everybody who reaches that address.
fn serve_metrics(address: SocketAddr, services: &Arc<Services>) -> Result<(SocketAddr, Server)> {
    let listener = bind(address)?;
    let address = listener.local_addr()?;
    let data = Data::from(services.clone());
    let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(http::metrics));
    Ok((address, server.disable_signals().workers(1).client_request_timeout(HEADERS_TIMEOUT).listen(listener)?.run()))
}

fn serve(listener: TcpListener, services: &Arc<Services>) -> Result<Server> {
    let data = Data::from(services.clone());
    let workers = match services.settings.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        set => set,
    };
    // The key is read once, so that a start without it fails at once.
    http::session_middleware(&services.settings)?;
    http::check_base_path(&services.settings)?;
    let watch = http::ConnectionTracker::default();
    close_idle_connections(watch.clone());
    let application = move || {
        let session = http::session_middleware(&data.settings);
        App::new()
            .app_data(data.clone())
            .app_data(PayloadConfig::new(64 * 1024))
            .configure(http::configure)
            .wrap(from_fn(http::request_checks))
            .wrap(session.unwrap_or_else(|error| {
                tracing::error!("the cookie key is gone: {error}");
                std::process::exit(78)
            }))
            .wrap(http::cors(&data.settings))
            .wrap(from_fn(http::request_log))
    };
    let address = listener.local_addr()?;
    let builder = ServerBuilder::default().disable_signals().workers(workers).shutdown_timeout(SHUTDOWN_TIMEOUT_SECONDS);
    let stopping = builder.graceful_shutdown_signal();
    let sockets = services.clone();
    // What `HttpServer` does, with a socket of our own.
    let builder = builder.listen("http", listener, move || {
        let (watch, stopping, sockets) = (watch.clone(), stopping.clone(), sockets.clone());
        let application = application().into_factory().map_err(|error: actix_web::Error| error.error_response());
        let protocol = HttpService::build()
            .client_request_timeout(HEADERS_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .local_addr(address)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(http::SendfileSocket::describe)
            .h1(map_config(application, |()| AppConfig::default()));
        let socket = fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let socket = http::SendfileSocket::new(stream, &watch, &sockets);
            async move { Ok((socket?, peer)) }
        });
        socket.and_then(protocol)
    });
    Ok(builder?.run())
}

/// Cuts connections that nobody uses, as long as the server runs.
fn close_idle_connections(watch: http::ConnectionTracker) {
    actix_web::rt::spawn(async move {
        let mut looks = tokio::time::interval(IDLE_CHECK_INTERVAL);
        loop {
            looks.tick().await;
            let cut = watch.close_idle();
            if cut > 0 {
                tracing::debug!("{cut} unused connections cut");
            }
        }
    });
}
