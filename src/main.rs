//! `nexus-media`: reads the command line and does it.

fn main() -> std::process::ExitCode {
    nexus_media::cli::run()
}
