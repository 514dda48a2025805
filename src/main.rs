//! The `nexus-media` program: runs a command, or a sandboxed decoder.

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    // A decoder enters its sandbox before anything else is set up.
    nexus_media::media::worker::run_if_requested(&arguments).unwrap_or_else(nexus_media::cli::run)
}
