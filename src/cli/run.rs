//! Reads the command line and does what it says.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory, Parser};

use super::arguments::{Arguments, BackupCommand, Command};
use super::output::{answer, say};
use super::{audit, backup, import, maintenance, settings, user, users_file};
use crate::app::Application;
use crate::config::{Given, Settings};
use crate::domain::checking::How;
use crate::domain::{Services, recovery, setup};
use crate::error::{Error, Result};
use crate::model::Scan;
use crate::{http, telemetry};

/// sysexits.h: used wrongly; as clap says it.
const USAGE: u8 = 2;
/// sysexits.h: a service that is needed is away.
const UNAVAILABLE: u8 = 69;
/// sysexits.h: this user may not.
const NO_PERMISSION: u8 = 77;
/// sysexits.h: something is wrong with the settings.
const CONFIGURATION: u8 = 78;

/// Runs what the arguments say and returns the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match obey(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("nexus-media: {}", words_of(&error)));
            match error {
                Error::Configuration(_) => ExitCode::from(CONFIGURATION),
                Error::Unavailable(_) => ExitCode::from(UNAVAILABLE),
                Error::NoPermission(_) => ExitCode::from(NO_PERMISSION),
                Error::Internal(cause) if is_denied(&cause) => ExitCode::from(NO_PERMISSION),
                Error::Invalid(_) => ExitCode::from(USAGE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn words_of(error: &Error) -> String {
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

fn obey(arguments: &Arguments) -> Result<()> {
    // What needs no settings.
    match &arguments.command {
        Some(Command::Version) => return answer(env!("CARGO_PKG_VERSION")),
        Some(Command::Openapi) => return answer(&http::openapi::document()?),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(*shell, &mut Arguments::command(), "nexus-media", &mut std::io::stdout());
            return Ok(());
        }
        Some(Command::Man) => return Ok(clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout())?),
        _ => {}
    }
    let flags = [("listen", &arguments.listen), ("data_dir", &arguments.data_dir), ("media_dir", &arguments.media_dir)];
    let flags: Given = flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
    if let Some(Command::Config(command)) = &arguments.command {
        return settings::run(&flags, arguments.config.as_deref(), command, arguments.json);
    }
    let settings = Settings::load(&flags, arguments.config.as_deref())?;
    let is_serving = matches!(arguments.command, None | Some(Command::Serve));
    telemetry::start(if is_serving { settings.log } else { tracing::Level::WARN.min(settings.log) }, settings.logs_json);
    actix_web::rt::System::new().block_on(async {
        match &arguments.command {
            None | Some(Command::Serve) => serve(settings).await,
            Some(Command::Migrate(command)) => settings::migrate(&settings, command, arguments.json),
            Some(Command::UsersFile(command)) => users_file::run(&settings, command, arguments.json).await,
            Some(Command::User(command)) => user::run(&Arc::new(Services::open(settings)?), command, arguments.json).await,
            Some(Command::Check { repair, accept_changes, quick }) => {
                let how =
                    How { is_repairing: *repair, takes_changes: *accept_changes, is_quick: *quick, arrives_as: Scan::Pending };
                maintenance::check(&Services::open(settings)?, how, arguments.json)
            }
            Some(Command::Audit(command)) => audit::run(&Services::open(settings)?, command, arguments.json),
            Some(Command::Backup(command @ BackupCommand::Restore { .. })) => {
                backup::run(&settled(settings)?, command, arguments.json)
            }
            Some(Command::Backup(command)) => {
                // A server may start while a backup is made: the folders are claimed for the settling alone.
                drop(settled(settings.clone())?);
                backup::run(&Services::open(settings)?, command, arguments.json)
            }
            Some(Command::Move(to)) => backup::change_database(&settled(settings)?, to, arguments.json),
            Some(Command::Import(command)) => import::run(&settled(settings)?, command, arguments.json),
            Some(Command::Scan { user, settled: seconds }) => {
                let still = Duration::from_secs(*seconds);
                maintenance::scan(&settled(settings)?, user.as_deref(), still, arguments.json)
            }
            Some(Command::Rescan { all }) => maintenance::rescan(&Services::open(settings)?, *all, arguments.json),
            Some(Command::SetupCode) => {
                let services = Services::open(settings)?;
                if services.has_admin()? {
                    return Err(Error::Conflict("There is an admin already; set-up is over.".into()));
                }
                answer(&setup::code(&services)?)
            }
            Some(_) => Err(Error::internal("a command that needs no settings came with some")),
        }
    })
}

/// The services, and where no server is at work, what one that was killed has left behind is settled.
fn settled(settings: Settings) -> Result<Services> {
    let services = Services::open(settings)?;
    match services.claim() {
        Ok(()) => recovery::recover(&services)?,
        Err(Error::Unavailable(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(services)
}

/// As many open files as the system lets us have: each connection and each file that is sent is one.
fn take_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(cause) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!("the number of open files stays as it is: {cause}");
    }
}

async fn serve(settings: Settings) -> Result<()> {
    take_descriptors();
    // What reads JSON reads nothing else.
    let tell = if settings.logs_json { |text: &str| tracing::info!("{text}") } else { say };
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
