//! The command line's arguments, as clap definitions.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Nexus Media Server: photos, videos, music and files for families, clubs and small teams.
#[derive(Parser)]
#[command(
    name = "nexus-media",
    version,
    about,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 69 service unavailable, 77 no permission, 78 configuration."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings file (TOML); by default `nexus.toml` in the current directory, if it exists
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on; port 0 picks one
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Directory for database, keys and caches
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Directory for users' files
    #[arg(long, global = true, value_name = "FOLDER")]
    pub media_dir: Option<String>,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve until stopped (the default)
    Serve,
    /// Print the one-time code for /setup
    SetupCode,
    /// Manage accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Manage users in a file (`users_file`)
    #[command(subcommand)]
    UsersFile(UsersFileCommand),
    /// Inspect the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage the database schema
    #[command(subcommand)]
    Migrate(MigrateCommand),
    /// Compare files and database and report what is missing, changed, extra or unsafe (exit code 1 if problems remain)
    Check {
        /// Mark missing and changed files, add extra ones; no file is deleted
        #[arg(long)]
        repair: bool,
        /// Accept changed files as they are now
        #[arg(long)]
        accept_changes: bool,
        /// Compare sizes only
        #[arg(long)]
        quick: bool,
    },
    /// Apply changes that other programs made to user folders: new, moved, changed and missing files (exit code 1 if any is skipped)
    Scan {
        /// Only this user's folder
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Skip files that were changed or renamed within this many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 10)]
        settled: u64,
    },
    /// Back up database and files while the server runs
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Inspect the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Manage spaces, libraries that several people share
    #[command(subcommand)]
    Space(SpaceCommand),
    /// Inspect and end links through which people without an account see something
    #[command(subcommand)]
    Link(LinkCommand),
    /// Copy the whole database to another one, of the same or the other kind
    Move(MoveArguments),
    /// Import from another system
    #[command(subcommand)]
    Import(ImportCommand),
    /// Scan files for malware again that were scanned with other signatures, or read their metadata again
    Rescan {
        /// All files, whatever they were scanned with
        #[arg(long, conflicts_with = "facts")]
        all: bool,
        /// Read dates, kinds and texts of all files again; a running server does it in the background
        #[arg(long)]
        facts: bool,
        /// Only this user's files
        #[arg(long, value_name = "NAME", requires = "facts")]
        user: Option<String>,
    },
    /// Print the `OpenAPI` document of the API
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
    /// Create an account
    Add(AddUser),
    /// List accounts
    List {
        /// Only accounts with this status
        #[arg(long)]
        status: Option<StatusWord>,
    },
    /// Show an account
    Show { user: String },
    /// Approve a pending or rejected account
    Approve { user: String },
    /// Reject a pending account
    Reject { user: String },
    /// Suspend an account; its sessions stop working
    Suspend { user: String },
    /// Reactivate a suspended account
    Reactivate { user: String },
    /// Set a password; sessions and access tokens end
    Passwd {
        user: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Make a user an admin, or an admin a user
    AccessLevel { user: String, level: LevelWord },
    /// Limit the bytes that a user may store; 0 for no limit
    Quota { user: String, bytes: u64 },
    /// Remove an account; the folder with the files stays on disk
    Remove {
        user: String,
        /// Do not ask for confirmation
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
    /// Leave the account pending until an admin approves it
    #[arg(long)]
    pub pending: bool,
    #[command(flatten)]
    pub password: PasswordSource,
}

/// Where to read a password from; by default a prompt.
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
    /// Add a user to the file, or change their password
    Add {
        username: String,
        #[arg(long)]
        email: Option<String>,
        #[arg(long)]
        access_level: Option<LevelWord>,
        /// The file; by default the setting `users_file`
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Remove a user from the file
    Remove {
        username: String,
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// List lines that cannot be used
    Check {
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Verify the hash chain from the first row to the last (exit code 1 if a row is changed or missing)
    Verify {
        /// Output of an earlier verify: proves that nothing up to that row has changed since
        #[arg(long, value_name = "NUMBER:HASH")]
        noted: Option<String>,
    },
    /// Print all rows, newest first, as CSV, or with --json one object per line
    Export,
}

#[derive(Subcommand)]
pub enum SpaceCommand {
    /// List all spaces with their managers; not what they contain
    List,
    /// Create a space
    Add {
        name: String,
        /// Username of its manager
        #[arg(long, value_name = "NAME")]
        manager: String,
    },
    /// Make a person a manager of a space
    Appoint {
        /// The number of the space
        id: i64,
        /// A username
        name: String,
    },
    /// Limit the bytes that a space may store; 0 for no limit
    Quota {
        /// The number of the space
        id: i64,
        bytes: u64,
    },
    /// Delete a space; its folder stays on disk
    Remove {
        /// The number of the space
        id: i64,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Subcommand)]
pub enum LinkCommand {
    /// List the links of all users, newest first; not what they show
    List,
    /// End a link
    End {
        /// Its id, as in the list
        id: String,
    },
}

#[derive(Subcommand)]
pub enum BackupCommand {
    /// Create a backup; unchanged files are not copied again (exit code 1 if a file could not be read)
    Create {
        /// Backup folder; by default the setting `backup_dir`
        dir: Option<PathBuf>,
    },
    /// List backups, oldest first
    List {
        /// Backup folder
        dir: Option<PathBuf>,
    },
    /// Read and verify a backup completely (exit code 1 if anything is missing or damaged)
    Verify {
        /// Backup folder
        dir: Option<PathBuf>,
        /// Name of the backup; by default the newest
        #[arg(long, value_name = "NAME")]
        set: Option<String>,
        /// Compare sizes only
        #[arg(long)]
        quick: bool,
    },
    /// Replace everything by a backup, after backing up the current state; the server must not run
    Restore {
        /// Backup folder
        dir: Option<PathBuf>,
        /// Name of the backup; by default the newest
        #[arg(long, value_name = "NAME")]
        set: Option<String>,
        /// Restore even if some files are damaged, without them
        #[arg(long)]
        skip_damaged: bool,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Remove old backups and files that no other backup needs
    Prune {
        /// Backup folder
        dir: Option<PathBuf>,
        /// Keep the newest backup of so many days, weeks and months; by default the setting `backup_keep`
        #[arg(long, value_name = "7d 4w 12m")]
        keep: Option<String>,
        /// Only report what would be done
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Args)]
pub struct MoveArguments {
    /// URL of the target database, as in `DATABASE_URL`; visible in process listings
    #[arg(long, value_name = "URL", required_unless_present = "to_file")]
    pub to: Option<String>,
    /// Read the URL from a file (its first line)
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub to_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum ImportCommand {
    /// From the PHP original: users, folders and files; can be interrupted and repeated (exit code 1 if anything is skipped)
    Php {
        /// URL of its database, as in `DATABASE_URL`; visible in process listings
        #[arg(long, value_name = "URL", required_unless_present = "database_file")]
        database: Option<String>,
        /// Read the URL from a file (its first line)
        #[arg(long, value_name = "FILE", conflicts_with = "database")]
        database_file: Option<PathBuf>,
        /// Prefix of its table names
        #[arg(long, value_name = "PREFIX", default_value = "")]
        table_prefix: String,
        /// Its media folder (`includes/MEDIA`)
        #[arg(long, value_name = "FOLDER")]
        media: PathBuf,
        /// Delete its files after they have been imported
        #[arg(long = "move")]
        moves: bool,
        /// Only report what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Photos and videos from Google Takeout, with date, place, description and mark; can be interrupted and repeated
    Takeout {
        /// Username or email of the account that gets them
        #[arg(long, value_name = "NAME")]
        user: String,
        /// Only report what would be done
        #[arg(long)]
        dry_run: bool,
        /// Folders, or ZIP archives as Google sends them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Check whether the settings are valid
    Check,
    /// Print the effective settings; secrets are not shown
    Show,
    /// Print every setting with its default as Markdown
    Reference,
}

#[derive(Subcommand)]
pub enum MigrateCommand {
    /// Report whether the schema is up to date (exit code 1 if not)
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
