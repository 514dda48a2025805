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

const fn option(
    name: &'static str,
    variable: &'static str,
    default: &'static str,
    help: &'static str,
) -> SettingOption {
    SettingOption { name, variable, default, is_secret: false, is_file_only: false, help }
}

pub const OPTIONS: &[SettingOption] = &[
    option(
        "listen",
        "NEXUS_LISTEN",
        "127.0.0.1:8420",
        "address and port to listen on; port 0 picks a free one",
    ),
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
    option("media_dir", "NEXUS_MEDIA_DIR", "./media", "users' files"),
    option(
        "admin_username",
        "NEXUS_ADMIN_USERNAME",
        "",
        "username of the first admin, for an unattended installation",
    ),
    option("admin_email", "NEXUS_ADMIN_EMAIL", "", "email of the first admin"),
    SettingOption {
        is_secret: true,
        is_file_only: true,
        ..option(
            "admin_password",
            "NEXUS_ADMIN_PASSWORD",
            "",
            "password of the first admin; only as NEXUS_ADMIN_PASSWORD_FILE",
        )
    },
    option(
        "registration",
        "NEXUS_REGISTRATION",
        "approval",
        "registration of new users: approval, open or closed",
    ),
    option("rate_limit", "NEXUS_RATE_LIMIT", "on", "rate limits: on or off"),
    option(
        "public_url",
        "NEXUS_PUBLIC_URL",
        "",
        "the server's public address if it differs, optionally with a path; https makes cookies Secure",
    ),
    option(
        "trusted_proxies",
        "NEXUS_TRUSTED_PROXIES",
        "",
        "networks (CIDR) of proxies whose X-Forwarded-For is trusted",
    ),
    option(
        "x_accel",
        "NEXUS_X_ACCEL",
        "",
        "nginx's internal location of the media folder, such as /.files; trusted proxies then send large files",
    ),
    option(
        "cors_origins",
        "NEXUS_CORS_ORIGINS",
        "",
        "web origins whose pages may use the API with a token, such as https://app.example.org",
    ),
    option(
        "users_file",
        "NEXUS_USERS_FILE",
        "",
        "file with users, one per line: username:hash[:email[:access level]]",
    ),
    option("max_upload", "NEXUS_MAX_UPLOAD", "68719476736", "maximum size of a file in bytes"),
    option(
        "clamd",
        "NEXUS_CLAMD",
        "",
        "address of the malware scanner clamd: unix:/path or host:port; empty = off",
    ),
    option(
        "clamd_max",
        "NEXUS_CLAMD_MAX",
        "104857600",
        "maximum size of a file that clamd scans, in bytes: its MaxFileSize and StreamMaxLength",
    ),
    option(
        "unscannable",
        "NEXUS_UNSCANNABLE",
        "keep",
        "files too large for clamd: keep (marked as not scanned) or quarantine",
    ),
    option(
        "default_quota",
        "NEXUS_DEFAULT_QUOTA",
        "0",
        "quota of a new user in bytes; 0 = no limit",
    ),
    option("trash_days", "NEXUS_TRASH_DAYS", "30", "days until items in the trash are deleted"),
    option(
        "time_zone",
        "NEXUS_TIME_ZONE",
        "",
        "time zone of users who have chosen none, such as Europe/Vienna; empty = that of the system",
    ),
    option(
        "language",
        "NEXUS_LANGUAGE",
        "en",
        "language of pages if neither the user nor the browser asks for one that is offered: en or de",
    ),
    option(
        "xmp_files",
        "NEXUS_XMP_FILES",
        "off",
        "write edited dates, descriptions, tags and places to an .xmp file beside the photo or video: on or off",
    ),
    option(
        "people",
        "NEXUS_PEOPLE",
        "listed",
        "whether users choose from all names when they share something (listed), or type exact usernames (hidden)",
    ),
    option(
        "links",
        "NEXUS_LINKS",
        "on",
        "whether users can share albums, folders and items with anyone who has a link: on, passwords (only with a password) or off",
    ),
    option(
        "link_days_max",
        "NEXUS_LINK_DAYS_MAX",
        "0",
        "the most days until a link ends; 0 for no limit",
    ),
    option(
        "spaces",
        "NEXUS_SPACES",
        "admins",
        "who can create spaces, libraries that several people share: admins or everybody",
    ),
    option("pwa", "NEXUS_PWA", "on", "whether browsers may install the pages as an app: on or off"),
    option(
        "previews_at_once",
        "NEXUS_PREVIEWS_AT_ONCE",
        "auto",
        "files decoded at the same time; auto = one per processor, 0 = no previews",
    ),
    option(
        "metrics_listen",
        "NEXUS_METRICS_LISTEN",
        "",
        "address and port of a listener for /metrics without a token; empty = none",
    ),
    SettingOption {
        is_secret: true,
        ..option(
            "metrics_token",
            "NEXUS_METRICS_TOKEN",
            "",
            "Bearer token for /metrics on the main listener; empty = not available there",
        )
    },
    option(
        "watch",
        "NEXUS_WATCH",
        "10",
        "seconds that files from other programs must be unchanged before they are added; off = folders are not watched",
    ),
    option(
        "backup_dir",
        "NEXUS_BACKUP_DIR",
        "",
        "backup folder, preferably on another disk; empty = no backups",
    ),
    option(
        "backup_every",
        "NEXUS_BACKUP_EVERY",
        "24",
        "hours between scheduled backups; off = none",
    ),
    option(
        "backup_keep",
        "NEXUS_BACKUP_KEEP",
        "7d 4w 12m",
        "backups to keep: the newest of each of the last days, weeks and months",
    ),
    option(
        "audit_days",
        "NEXUS_AUDIT_DAYS",
        "730",
        "days until rows of the audit log are removed; 0 = never",
    ),
    option("workers", "NEXUS_WORKERS", "0", "server threads; 0 = one per processor"),
    option("log", "NEXUS_LOG", "info", "log level: error, warn, info, debug or trace"),
    option("log_format", "NEXUS_LOG_FORMAT", "text", "log format: text or json"),
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
    OPTIONS
        .iter()
        .map(|option| option.name)
        .min_by_key(|candidate| edit_distance(candidate, name))
        .unwrap_or("listen")
}

/// Computes the Levenshtein distance of two texts, keeping one row of the matrix at a time.
fn edit_distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        // The first cells of the previous row and of the current row.
        let mut above_left = i;
        let mut left_of = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(right.chars()) {
            let above = *cell;
            // Insertion, deletion, or substitution if the characters differ.
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
    fn the_closest_name_is_the_one_with_the_fewest_edits() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(nearest("max_uploads"), "max_upload");
        assert_eq!(nearest("datadir"), "data_dir");
    }
}
