//! The table of settings: name in the file, variable, default, and description.

use crate::error::Error;

/// A setting.
pub struct SettingOption {
    /// Name in the settings file.
    pub name: &'static str,
    /// Environment variable.
    pub variable: &'static str,
    pub default: &'static str,
    /// Whether it can also be read from the file that `<variable>_FILE` names.
    pub is_secret: bool,
    /// Whether the variable itself is ignored.
    pub is_file_only: bool,
    pub help: &'static str,
}

const fn option(name: &'static str, variable: &'static str, default: &'static str, help: &'static str) -> SettingOption {
    SettingOption { name, variable, default, is_secret: false, is_file_only: false, help }
}

pub const OPTIONS: &[SettingOption] = &[
    option("listen", "NEXUS_LISTEN", "127.0.0.1:8420", "address and port to listen on; port 0 picks one"),
    SettingOption {
        is_secret: true,
        ..option(
            "database_url",
            "DATABASE_URL",
            "",
            "sqlite://FILE or mysql://USER:PASSWORD@HOST:PORT/NAME; default sqlite in the data directory",
        )
    },
    option("data_dir", "NEXUS_DATA_DIR", "./data", "database, keys and caches (mode 0700)"),
    option("media_dir", "NEXUS_MEDIA_DIR", "./media", "people's files"),
    option("admin_username", "NEXUS_ADMIN_USERNAME", "", "first admin of an unattended installation"),
    option("admin_email", "NEXUS_ADMIN_EMAIL", "", "the first admin's e-mail"),
    SettingOption {
        is_secret: true,
        is_file_only: true,
        ..option("admin_password", "NEXUS_ADMIN_PASSWORD", "", "the first admin's password; only as NEXUS_ADMIN_PASSWORD_FILE")
    },
    option("registration", "NEXUS_REGISTRATION", "approval", "who may sign up: approval, open or closed"),
    option("rate_limit", "NEXUS_RATE_LIMIT", "on", "on or off"),
    option(
        "public_url",
        "NEXUS_PUBLIC_URL",
        "",
        "the address people type, where it differs, also below a path; https turns on Secure cookies",
    ),
    option("trusted_proxies", "NEXUS_TRUSTED_PROXIES", "", "networks (CIDR) whose X-Forwarded-For is believed"),
    option(
        "x_accel",
        "NEXUS_X_ACCEL",
        "",
        "internal location of nginx that is the media folder, such as /.files: trusted proxies send large files from there",
    ),
    option(
        "cors_origins",
        "NEXUS_CORS_ORIGINS",
        "",
        "web origins whose pages may use the API with a token, such as https://app.example.org",
    ),
    option("users_file", "NEXUS_USERS_FILE", "", "people kept in a file: username:hash[:e-mail[:access level]] a line"),
    option("max_upload", "NEXUS_MAX_UPLOAD", "68719476736", "bytes in one file at most"),
    option("clamd", "NEXUS_CLAMD", "", "malware scanner: unix:/path or host:port of clamd; empty = off"),
    option("clamd_max", "NEXUS_CLAMD_MAX", "104857600", "bytes of a file that clamd takes: its MaxFileSize and StreamMaxLength"),
    option(
        "unscannable",
        "NEXUS_UNSCANNABLE",
        "keep",
        "files that clamd does not take: keep (marked as not scanned) or quarantine",
    ),
    option("default_quota", "NEXUS_DEFAULT_QUOTA", "0", "bytes a new person may store; 0 = no limit"),
    option("trash_days", "NEXUS_TRASH_DAYS", "30", "days the trash keeps things"),
    option(
        "previews_at_once",
        "NEXUS_PREVIEWS_AT_ONCE",
        "auto",
        "files decoded at the same time; auto = one a processor, 0 = no previews",
    ),
    option(
        "metrics_listen",
        "NEXUS_METRICS_LISTEN",
        "",
        "address and port where /metrics is answered without a token; empty = nowhere",
    ),
    SettingOption {
        is_secret: true,
        ..option(
            "metrics_token",
            "NEXUS_METRICS_TOKEN",
            "",
            "Bearer token for /metrics on the server itself; empty = no such page",
        )
    },
    option(
        "watch",
        "NEXUS_WATCH",
        "10",
        "seconds that files which others put into people's folders have to stand still before they are taken in; off = not watched",
    ),
    option("backup_dir", "NEXUS_BACKUP_DIR", "", "folder of backups, on another disk if there is one; empty = none are made"),
    option("backup_every", "NEXUS_BACKUP_EVERY", "24", "hours between two backups that the server makes by itself; off = none"),
    option(
        "backup_keep",
        "NEXUS_BACKUP_KEEP",
        "7d 4w 12m",
        "backups that are kept: the newest of each of so many days, weeks and months",
    ),
    option("audit_days", "NEXUS_AUDIT_DAYS", "730", "days the audit log keeps its rows; 0 = for good"),
    option("workers", "NEXUS_WORKERS", "0", "server threads; 0 = one a processor"),
    option("log", "NEXUS_LOG", "info", "error, warn, info, debug or trace"),
    option("log_format", "NEXUS_LOG_FORMAT", "text", "text or json"),
];

pub(crate) fn default_of(name: &str) -> &'static str {
    OPTIONS.iter().find(|option| option.name == name).map_or("", |option| option.default)
}

pub(crate) fn variable_of(name: &str) -> &'static str {
    OPTIONS.iter().find(|option| option.name == name).map_or("", |option| option.variable)
}

/// An error that says what a setting accepts.
pub(crate) fn invalid_value(name: &'static str, takes: &str) -> Error {
    Error::Configuration(format!("{name} ({}) takes {takes}.", variable_of(name)))
}

/// Returns the known variable with the smallest edit distance.
#[must_use]
pub fn nearest_variable(variable: &str) -> &'static str {
    OPTIONS
        .iter()
        .map(|option| option.variable)
        .min_by_key(|candidate| edit_distance(candidate, variable))
        .unwrap_or("NEXUS_LISTEN")
}

/// Returns the known name with the smallest edit distance.
pub(crate) fn nearest(name: &str) -> &'static str {
    OPTIONS.iter().map(|option| option.name).min_by_key(|candidate| edit_distance(candidate, name)).unwrap_or("listen")
}

/// Levenshtein distance.
fn edit_distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut above_left = i;
        let mut left_of = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(right.chars()) {
            let above = *cell;
            left_of = (left_of + 1).min(above + 1).min(above_left + usize::from(a != b));
            *cell = left_of;
            above_left = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_with_the_fewest_edits() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(nearest("max_uploads"), "max_upload");
        assert_eq!(nearest("datadir"), "data_dir");
    }
}
