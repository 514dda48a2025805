//! Parses the command line and dispatches to the commands.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory, Parser};

use super::arguments::{Arguments, BackupCommand, Command, UserCommand};
use super::output::{print_message, print_result, print_result_as};
use super::{audit, backup, config, import, link, maintenance, space, user, users_file};
use crate::app::Application;
use crate::config::{RawSettings, Settings};
use crate::db::database_file;
use crate::domain::accounts::first_run;
use crate::domain::ops::crash_recovery;
use crate::domain::reconcile::problem::CheckOptions;
use crate::error::{Error, Result};
use crate::model::ScanStatus;
use crate::state::Services;
use crate::{http, telemetry};

/// Wrong usage, as clap reports it.
const EXIT_USAGE: u8 = 2;
/// sysexits.h: a required service is unavailable.
const EXIT_UNAVAILABLE: u8 = 69;
/// sysexits.h: the user lacks permission.
const EXIT_NO_PERMISSION: u8 = 77;
/// sysexits.h: the configuration is wrong.
const EXIT_CONFIGURATION: u8 = 78;

/// Parses the command line, runs the command and returns the exit code; an error is printed on standard error.
#[must_use]
pub fn run() -> ExitCode {
    // For wrong usage, clap exits here with code 2.
    let arguments = Arguments::parse();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_message(&format!("nexus-media: {}", error_text(&error)));
            match error {
                Error::Configuration(_) => ExitCode::from(EXIT_CONFIGURATION),
                Error::Unavailable(_) => ExitCode::from(EXIT_UNAVAILABLE),
                Error::NoPermission(_) => ExitCode::from(EXIT_NO_PERMISSION),
                Error::Internal(cause) if is_denied(&cause) => ExitCode::from(EXIT_NO_PERMISSION),
                // On the command line, an invalid field comes from an invalid argument.
                Error::Invalid(_) => ExitCode::from(EXIT_USAGE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Returns the text that the command line shows for an error. Unlike HTTP responses, it includes the cause of an
/// internal error.
fn error_text(error: &Error) -> String {
    match error {
        Error::Internal(cause) => format!("{cause:#}"),
        // Without the request to try again, which `Display` adds.
        Error::Unavailable(what) => (*what).to_owned(),
        Error::Invalid(fields) => fields
            .iter()
            .map(|field| format!("{}: {}", field.field, field.message))
            .collect::<Vec<_>>()
            .join("\n"),
        error => error.to_string(),
    }
}

fn is_denied(cause: &anyhow::Error) -> bool {
    cause
        .downcast_ref::<std::io::Error>()
        .is_some_and(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied)
}

/// Runs the command. Commands that need no valid settings come first; the others load the settings and open the
/// services that they need.
fn dispatch(arguments: &Arguments) -> Result<()> {
    // Commands that need no settings.
    match &arguments.command {
        Some(Command::Version) => {
            let version = env!("CARGO_PKG_VERSION");
            return print_result_as(
                arguments.json,
                &serde_json::json!({ "version": version }),
                version,
            );
        }
        Some(Command::Openapi) => return print_result(&http::openapi::document()?),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "nexus-media", &mut text);
            return print_result(String::from_utf8_lossy(&text).trim_end());
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut text)?;
            return print_result(String::from_utf8_lossy(&text).trim_end());
        }
        _ => {}
    }

    // Flags override variables and the settings file.
    let flags = [
        ("listen", &arguments.listen),
        ("data_dir", &arguments.data_dir),
        ("media_dir", &arguments.media_dir),
    ];

    let flags: RawSettings =
        flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
    if let Some(Command::Config(command)) = &arguments.command {
        return config::run(&flags, arguments.config.as_deref(), command, arguments.json);
    }

    let settings = Settings::load(&flags, arguments.config.as_deref())?;
    let is_serving = matches!(arguments.command, None | Some(Command::Serve));

    // A mistyped folder must not become a new installation.
    if !may_create_database(arguments.command.as_ref()) {
        require_existing_database(&settings)?;
    }

    // Commands other than the server log only warnings to standard error.
    telemetry::start(
        if is_serving { settings.log } else { tracing::Level::WARN.min(settings.log) },
        settings.logs_json,
    );

    actix_web::rt::System::new().block_on(async {
        // Each command opens the services with the locks that it needs.
        match &arguments.command {
            None | Some(Command::Serve) => serve(settings).await,
            Some(Command::Migrate(command)) => config::migrate(&settings, command, arguments.json),
            Some(Command::UsersFile(command)) => {
                users_file::run(&settings, command, arguments.json).await
            }
            Some(Command::User(command)) => {
                user::run(&Arc::new(Services::open(settings)?), command, arguments.json).await
            }
            Some(Command::Check { repair, accept_changes, quick }) => {
                let options = CheckOptions {
                    repair: *repair,
                    accept_changes: *accept_changes,
                    is_quick: *quick,
                    // Files that a repair adds wait for the malware scanner of the server, if it has one.
                    initial_scan: ScanStatus::Pending,
                };
                maintenance::check(&Services::open(settings)?, options, arguments.json)
            }
            Some(Command::Audit(command)) => {
                audit::run(&Services::open(settings)?, command, arguments.json)
            }
            Some(Command::Link(command)) => {
                link::run(&Services::open(settings)?, command, arguments.json)
            }
            Some(Command::Space(command)) => {
                space::run(&Services::open(settings)?, command, arguments.json)
            }
            Some(Command::Backup(command)) => backup::run(settings, command, arguments.json),
            // Excludes a running server, so that nothing changes during the copy.
            Some(Command::Move(to)) => backup::change_database(
                &crash_recovery::open_claimed(settings)?,
                to,
                arguments.json,
            ),
            Some(Command::Import(command)) => {
                import::run(&crash_recovery::open_recovered(settings)?, command, arguments.json)
            }
            Some(Command::Scan { user, settled: seconds }) => {
                let quiet_period = Duration::from_secs(*seconds);
                // Works beside a running server; without one, it first recovers from a crash.
                let services = crash_recovery::open_recovered(settings)?;
                // If the disk of the media folder is not mounted, all files would seem to have vanished.
                crash_recovery::ensure_mounted(&services)?;
                maintenance::scan(&services, user.as_deref(), quiet_period, arguments.json)
            }
            Some(Command::Rescan { facts: true, user, .. }) => maintenance::rescan_facts(
                &Services::open(settings)?,
                user.as_deref(),
                arguments.json,
            ),
            Some(Command::Rescan { all, .. }) => {
                maintenance::rescan(&Services::open(settings)?, *all, arguments.json)
            }
            Some(Command::SetupCode) => {
                let services = Services::open(settings)?;
                if services.has_admin()? {
                    return Err(Error::Conflict("There already is an admin.".into()));
                }
                print_result(&first_run::setup_code(&services)?)
            }
            Some(_) => Err(Error::internal("a command without settings reached the dispatcher")),
        }
    })
}

/// Whether a command may run without an existing database, because it may create one or does not use it.
const fn may_create_database(command: Option<&Command>) -> bool {
    matches!(
        command,
        None | Some(
            Command::Serve
                | Command::SetupCode
                | Command::Migrate(_)
                | Command::Import(_)
                | Command::UsersFile(_)
                | Command::User(UserCommand::Add { .. })
                | Command::Backup(
                    BackupCommand::Restore { .. }
                        | BackupCommand::List { .. }
                        | BackupCommand::Verify { .. }
                )
        )
    )
}

/// Requires the database to exist, so that a command started in the wrong folder does not work on a new, empty one.
fn require_existing_database(settings: &Settings) -> Result<()> {
    database_file(&settings.database_url)?.filter(|file| !file.exists()).map_or(Ok(()), |missing| {
        let shown = missing.display();
        Err(Error::Configuration(format!(
            "There is no Nexus installation here: {shown} does not exist. Use --config or --data-dir."
        )))
    })
}

/// Raises the limit on open files to the maximum: each connection and each file being sent needs one.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(cause) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(error = %cause, "cannot raise the limit on open files");
    }
}

/// The static files of the checkout, if `cargo run` started a debug build: a changed script or style sheet is then visible
/// after a reload.
fn checkout_static_dir() -> Option<PathBuf> {
    let checkout = std::env::var_os("CARGO_MANIFEST_DIR").filter(|_| cfg!(debug_assertions))?;
    Some(PathBuf::from(checkout).join("static"))
}

/// Runs the server until it is stopped. At the start it announces its addresses and, while there is no admin, the link
/// that creates one.
async fn serve(mut settings: Settings) -> Result<()> {
    raise_descriptor_limit();
    settings.static_dir = checkout_static_dir();
    // With JSON logs, every line must be JSON.
    let announce =
        if settings.logs_json { |text: &str| tracing::info!("{text}") } else { print_message };
    let application = Application::build(settings).await?;
    announce(&format!("listening on http://{}", application.address()));
    if let Some(address) = application.metrics_address() {
        announce(&format!("metrics at http://{address}/metrics"));
    }
    if let Some(link) = application.setup_link()? {
        announce(&format!("No admin account yet. Open this link to create one: {link}"));
    }
    application.run_until_stopped().await
}
