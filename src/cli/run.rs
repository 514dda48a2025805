//! Reads the command line and does what it says.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory, Parser};

use super::arguments::{Arguments, BackupCommand, Command, UserCommand};
use super::output::{print_message, print_result, print_result_as};
use super::{audit, backup, config, import, maintenance, user, users_file};
use crate::app::Application;
use crate::config::{RawSettings, Settings};
use crate::db::sqlite_file;
use crate::domain::accounts::first_run;
use crate::domain::ops::crash_recovery;
use crate::domain::reconcile::problem::CheckOptions;
use crate::error::{Error, Result};
use crate::model::ScanStatus;
use crate::state::Services;
use crate::{http, telemetry};

/// sysexits.h: used wrongly; as clap says it.
const EXIT_USAGE: u8 = 2;
/// sysexits.h: a service that is needed is away.
const EXIT_UNAVAILABLE: u8 = 69;
/// sysexits.h: this user may not.
const EXIT_NO_PERMISSION: u8 = 77;
/// sysexits.h: something is wrong with the settings.
const EXIT_CONFIGURATION: u8 = 78;

/// Runs what the arguments say and returns the exit code.
#[must_use]
pub fn run() -> ExitCode {
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
                Error::Invalid(_) => ExitCode::from(EXIT_USAGE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn error_text(error: &Error) -> String {
    match error {
        Error::Internal(cause) => format!("{cause:#}"),
        Error::Unavailable(what) => (*what).to_owned(),
        Error::Invalid(fields) => {
            fields.iter().map(|field| format!("{}: {}", field.field, field.message)).collect::<Vec<_>>().join("\n")
        }
        error => error.to_string(),
    }
}

fn is_denied(cause: &anyhow::Error) -> bool {
    cause.downcast_ref::<std::io::Error>().is_some_and(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied)
}

fn dispatch(arguments: &Arguments) -> Result<()> {
    // What needs no settings.
    match &arguments.command {
        Some(Command::Version) => {
            let version = env!("CARGO_PKG_VERSION");
            return print_result_as(arguments.json, &serde_json::json!({ "version": version }), version);
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
    let flags = [("listen", &arguments.listen), ("data_dir", &arguments.data_dir), ("media_dir", &arguments.media_dir)];
    let flags: RawSettings = flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
    if let Some(Command::Config(command)) = &arguments.command {
        return config::run(&flags, arguments.config.as_deref(), command, arguments.json);
    }
    let settings = Settings::load(&flags, arguments.config.as_deref())?;
    let is_serving = matches!(arguments.command, None | Some(Command::Serve));
    if !may_create_database(arguments.command.as_ref()) {
        require_existing_database(&settings)?;
    }
    telemetry::start(if is_serving { settings.log } else { tracing::Level::WARN.min(settings.log) }, settings.logs_json);
    actix_web::rt::System::new().block_on(async {
        match &arguments.command {
            None | Some(Command::Serve) => serve(settings).await,
            Some(Command::Migrate(command)) => config::migrate(&settings, command, arguments.json),
            Some(Command::UsersFile(command)) => users_file::run(&settings, command, arguments.json).await,
            Some(Command::User(command)) => user::run(&Arc::new(Services::open(settings)?), command, arguments.json).await,
            Some(Command::Check { repair, accept_changes, quick }) => {
                let how = CheckOptions {
                    is_repairing: *repair,
                    takes_changes: *accept_changes,
                    is_quick: *quick,
                    arrives_as: ScanStatus::Pending,
                };
                maintenance::check(&Services::open(settings)?, how, arguments.json)
            }
            Some(Command::Audit(command)) => audit::run(&Services::open(settings)?, command, arguments.json),
            Some(Command::Backup(command)) => backup::run(settings, command, arguments.json),
            Some(Command::Move(to)) => backup::change_database(&crash_recovery::open_claimed(settings)?, to, arguments.json),
            Some(Command::Import(command)) => import::run(&crash_recovery::open_recovered(settings)?, command, arguments.json),
            Some(Command::Scan { user, settled: seconds }) => {
                let still = Duration::from_secs(*seconds);
                let services = crash_recovery::open_recovered(settings)?;
                crash_recovery::ensure_mounted(&services)?;
                maintenance::scan(&services, user.as_deref(), still, arguments.json)
            }
            Some(Command::Rescan { all }) => maintenance::rescan(&Services::open(settings)?, *all, arguments.json),
            Some(Command::SetupCode) => {
                let services = Services::open(settings)?;
                if services.has_admin()? {
                    return Err(Error::Conflict("There is an admin already; set-up is over.".into()));
                }
                print_result(&first_run::setup_code(&services)?)
            }
            Some(_) => Err(Error::internal("a command that needs no settings came with some")),
        }
    })
}

/// Whether a command may make the database and the folders where there are none.
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
                | Command::Backup(BackupCommand::Restore { .. } | BackupCommand::List { .. } | BackupCommand::Verify { .. })
        )
    )
}

/// A command that was started in the wrong folder, or without its settings, must not work on an empty house of its own.
fn require_existing_database(settings: &Settings) -> Result<()> {
    sqlite_file(&settings.database_url)?.filter(|file| !file.exists()).map_or(Ok(()), |missing| {
        let shown = missing.display();
        Err(Error::Configuration(format!(
            "There is no Nexus here: {shown} is not there. Say where it is: --config, or --data-dir."
        )))
    })
}

/// As many open files as the system lets us have: each connection and each file that is sent is one.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(cause) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!("the number of open files stays as it is: {cause}");
    }
}

async fn serve(settings: Settings) -> Result<()> {
    raise_descriptor_limit();
    // What reads JSON reads nothing else.
    let tell = if settings.logs_json { |text: &str| tracing::info!("{text}") } else { print_message };
    let application = Application::build(settings).await?;
    tell(&format!("listening on http://{}", application.address()));
    if let Some(address) = application.metrics_address() {
        tell(&format!("metrics at http://{address}/metrics"));
    }
    if let Some(link) = application.setup_link()? {
        tell(&format!("no admin yet; open this link to become it: {link}"));
    }
    application.run_until_stopped().await
}
