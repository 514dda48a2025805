//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::Application;
use crate::config::{Given, Settings};
use crate::domain::{Services, setup};
use crate::error::{Error, Result};
use crate::telemetry;

/// sysexits.h: a service that is needed is away.
const UNAVAILABLE: u8 = 69;
/// sysexits.h: something is wrong with the settings.
const CONFIGURATION: u8 = 78;

/// Nexus Media Server: photos, videos, music and files for families, clubs and small teams.
#[derive(Parser)]
#[command(name = "nexus-media", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Settings file (TOML); `nexus.toml` where it runs if there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 picks one
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Database, keys and caches
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// People's files
    #[arg(long, global = true, value_name = "FOLDER")]
    media_dir: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until stopped (the default)
    Serve,
    /// Print the one-time code for /setup
    SetupCode,
    /// Print the version
    Version,
}

/// Runs what the arguments say and returns the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match obey(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let said = if let Error::Internal(cause) = &error { format!("{cause:#}") } else { error.to_string() };
            say(&format!("nexus-media: {said}"));
            match error {
                Error::Configuration(_) => ExitCode::from(CONFIGURATION),
                Error::Unavailable(_) => ExitCode::from(UNAVAILABLE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn obey(arguments: &Arguments) -> Result<()> {
    if matches!(arguments.command, Some(Command::Version)) {
        return answer(env!("CARGO_PKG_VERSION"));
    }
    let flags = [("listen", &arguments.listen), ("data_dir", &arguments.data_dir), ("media_dir", &arguments.media_dir)];
    let flags: Given = flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
    let settings = Settings::load(&flags, arguments.config.as_deref())?;
    telemetry::start(settings.log);
    match arguments.command {
        Some(Command::SetupCode) => {
            let services = Services::open(settings)?;
            if services.has_admin()? {
                return Err(Error::Conflict("There is an admin already; set-up is over.".into()));
            }
            answer(&setup::code(&services)?)
        }
        _ => actix_web::rt::System::new().block_on(serve(settings)),
    }
}

async fn serve(settings: Settings) -> Result<()> {
    let application = Application::build(settings).await?;
    say(&format!("listening on http://{}", application.address()));
    if let Some(link) = application.setup_link()? {
        say(&format!("no admin yet; open this link to become it: {link}"));
    }
    application.run_until_stopped().await
}

/// A result, on standard output.
fn answer(text: &str) -> Result<()> {
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// Talk, on standard error; nobody is there to hear that it failed.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
