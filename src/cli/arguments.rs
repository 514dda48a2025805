//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Nexus Media Server: photos, videos, music and files for families, clubs and small teams.
#[derive(Parser)]
#[command(
    name = "nexus-media",
    version,
    about,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 69 a service is away, 77 no permission, 78 configuration."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings file (TOML); `nexus.toml` where it runs if there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on; port 0 picks one
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Database, keys and caches
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// People's files
    #[arg(long, global = true, value_name = "FOLDER")]
    pub media_dir: Option<String>,
    /// Results as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve until stopped (the default)
    Serve,
    /// Print the one-time code for /setup
    SetupCode,
    /// People's accounts
    #[command(subcommand)]
    User(UserCommand),
    /// People kept in a file (`users_file`)
    #[command(subcommand)]
    UsersFile(UsersFileCommand),
    /// The settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The database's schema
    #[command(subcommand)]
    Migrate(MigrateCommand),
    /// Compare files and tables, and name what is missing, changed, extra or unsafe (exit code 1 if anything stays so)
    Check {
        /// Mark what is missing or changed, take in what is extra; nobody's file is deleted
        #[arg(long)]
        repair: bool,
        /// Take changed files as they are now
        #[arg(long)]
        accept_changes: bool,
        /// Look at lengths only
        #[arg(long)]
        quick: bool,
    },
    /// Take what others did to people's folders: new, moved, changed and vanished files (exit code 1 if anything is left)
    Scan {
        /// Only this person's folder
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Leave files that were changed or renamed in the last so many seconds for the next time
        #[arg(long, value_name = "SECONDS", default_value_t = 10)]
        settled: u64,
    },
    /// Backups of tables and files, made while the server runs
    #[command(subcommand)]
    Backup(BackupCommand),
    /// The audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Move everything the tables hold to another database, of the same kind or the other
    Move(MoveArguments),
    /// Move in from another system
    #[command(subcommand)]
    Import(ImportCommand),
    /// Scan files for malware again that were scanned with other signatures
    Rescan {
        /// Everything, whatever it was scanned with
        #[arg(long)]
        all: bool,
    },
    /// Print the API's `OpenAPI` document
    Openapi,
    /// Print completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the man page
    Man,
    /// Print the version
    Version,
}

#[derive(Subcommand)]
pub enum UserCommand {
    /// Make an account
    Add(AddUser),
    /// List accounts
    List {
        /// Only those with this status
        #[arg(long)]
        status: Option<StatusWord>,
    },
    /// Show an account
    Show { user: String },
    /// Let a waiting or rejected person in
    Approve { user: String },
    /// Turn a waiting person down
    Reject { user: String },
    /// Lock an account; its sessions end
    Suspend { user: String },
    /// Unlock a suspended account
    Reactivate { user: String },
    /// Set a password; sessions and access tokens end
    Passwd {
        user: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Make somebody an admin, or a user again
    AccessLevel { user: String, level: LevelWord },
    /// Say how many bytes somebody may store; 0 = no limit
    Quota { user: String, bytes: u64 },
    /// Take an account away; the folder with the files stays on disk
    Remove {
        user: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub struct AddUser {
    pub username: String,
    #[arg(long)]
    pub email: String,
    #[arg(long, value_name = "NAME")]
    pub firstname: String,
    #[arg(long, value_name = "NAME")]
    pub lastname: String,
    #[arg(long, default_value = "user")]
    pub access_level: LevelWord,
    /// Let an admin approve it first
    #[arg(long)]
    pub pending: bool,
    #[command(flatten)]
    pub password: PasswordSource,
}

/// Where a password comes from; typed at a prompt where nothing is said.
#[derive(Args)]
#[group(multiple = false)]
pub struct PasswordSource {
    /// Read the password from a file (its first line)
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Read the password from standard input (its first line)
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Subcommand)]
pub enum UsersFileCommand {
    /// Put somebody into the file, or give them a new password
    Add {
        username: String,
        #[arg(long)]
        email: Option<String>,
        #[arg(long)]
        access_level: Option<LevelWord>,
        /// The file; `users_file` of the settings where it is not said
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Take somebody out of the file
    Remove {
        username: String,
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Name the lines that cannot be used
    Check {
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Follow the chain from its first row to its last (exit code 1 if a row is changed or gone)
    Verify {
        /// What an earlier verify printed: shows that nothing up to there was changed since
        #[arg(long, value_name = "NUMBER:HASH")]
        noted: Option<String>,
    },
    /// Print all rows, the newest first: CSV, or with --json an object a line
    Export,
}

#[derive(Subcommand)]
pub enum BackupCommand {
    /// Make a backup; what an earlier one has is not copied again (exit code 1 if a file could not be read)
    Create {
        /// Folder of backups; `backup_dir` of the settings where it is not said
        dir: Option<PathBuf>,
    },
    /// List backups, the oldest first
    List {
        /// Folder of backups
        dir: Option<PathBuf>,
    },
    /// Read all of a backup (exit code 1 if anything is gone or damaged)
    Verify {
        /// Folder of backups
        dir: Option<PathBuf>,
        /// Which one; the newest where it is not said
        #[arg(long, value_name = "NAME")]
        set: Option<String>,
        /// Look at lengths only
        #[arg(long)]
        quick: bool,
    },
    /// Put a backup in the place of everything that is here, after a backup of that; the server must not run
    Restore {
        /// Folder of backups
        dir: Option<PathBuf>,
        /// Which one; the newest where it is not said
        #[arg(long, value_name = "NAME")]
        set: Option<String>,
        /// Put back what is whole although some files are damaged
        #[arg(long)]
        skip_damaged: bool,
        /// Do not ask at a terminal
        #[arg(long)]
        yes: bool,
    },
    /// Let go of old backups, and of files that no other one needs
    Prune {
        /// Folder of backups
        dir: Option<PathBuf>,
        /// The newest of how many days, weeks and months stays; `backup_keep` of the settings where it is not said
        #[arg(long, value_name = "7d 4w 12m")]
        keep: Option<String>,
        /// Change nothing, say what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Args)]
pub struct MoveArguments {
    /// Address of the other database, as in `DATABASE_URL`; seen by whoever lists processes
    #[arg(long, value_name = "URL", required_unless_present = "to_file")]
    pub to: Option<String>,
    /// Read that address from a file (its first line)
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub to_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum ImportCommand {
    /// From the PHP original: its people, folders and files; can be stopped and started again (exit code 1 if anything stays behind)
    Php {
        /// Address of its database, as in `DATABASE_URL`; seen by whoever lists processes
        #[arg(long, value_name = "URL", required_unless_present = "database_file")]
        database: Option<String>,
        /// Read that address from a file (its first line)
        #[arg(long, value_name = "FILE", conflicts_with = "database")]
        database_file: Option<PathBuf>,
        /// What the names of its tables begin with
        #[arg(long, value_name = "PREFIX", default_value = "")]
        table_prefix: String,
        /// Its folder of people's folders (`includes/MEDIA`)
        #[arg(long, value_name = "FOLDER")]
        media: PathBuf,
        /// Take its files away once they are kept here
        #[arg(long = "move")]
        moves: bool,
        /// Change nothing, say what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Say whether the settings can be used
    Check,
    /// Print the settings in force; secrets are not shown
    Show,
    /// Print every setting with its default as Markdown
    Reference,
}

#[derive(Subcommand)]
pub enum MigrateCommand {
    /// Say whether the schema is up to date (exit code 1 if not)
    Status,
    /// Bring the schema up to date
    Run,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum StatusWord {
    Pending,
    Active,
    Suspended,
    Rejected,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum LevelWord {
    User,
    Admin,
}
