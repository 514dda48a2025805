//! Settings: flags override the environment, which overrides the settings file, which overrides defaults.

use super::parse::{
    ON_OFF, parse_backup_interval, parse_choice, parse_network, parse_origin, parse_quiet_period,
    parse_time_zone, parse_value, parse_x_accel,
};
use super::sharing::{self, LinkPolicy, SpacePolicy};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::first_admin::{FirstAdmin, UNREADABLE_PASSWORD_FILE, from_settings};
use super::options::{self, OPTIONS, SettingOption, invalid_value};
use super::permissions;
use super::public_url;
use super::retention::Retention;

use crate::error::{Error, Result};
use crate::language::Language;

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Anyone may apply; an admin decides.
    Approval,
    /// Anyone gets an active account.
    Open,
    /// Sign-up is closed.
    Closed,
}

/// What to do with files that the malware scanner does not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unscannable {
    /// They stay available to their owners, marked as not scanned.
    Keep,
    /// They are quarantined until an admin decides.
    Quarantine,
}

const REGISTRATION: [(&str, Registration); 3] = [
    ("approval", Registration::Approval),
    ("open", Registration::Open),
    ("closed", Registration::Closed),
];
const UNSCANNABLE: [(&str, Unscannable); 2] =
    [("keep", Unscannable::Keep), ("quarantine", Unscannable::Quarantine)];
/// All settings, validated.
#[derive(Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    pub database_url: String,
    pub data_dir: PathBuf,
    pub media_dir: PathBuf,
    pub first_admin: Option<FirstAdmin>,
    pub registration: Registration,
    pub rate_limit: bool,
    /// Without a trailing slash.
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// The internal location under which a trusted proxy serves the media folder; without a trailing slash.
    pub x_accel: Option<String>,
    /// Origins whose pages may use the API with a token.
    pub cors_origins: Vec<String>,
    pub users_file: Option<PathBuf>,
    /// Bytes.
    pub max_upload_bytes: u64,
    /// Bytes; 0 for none.
    pub default_quota: u64,
    /// Days after which trashed items are deleted.
    pub trash_days: u32,
    /// The name of the time zone of users who have chosen none; `None` for that of the system.
    pub time_zone: Option<String>,
    /// The language of pages if nobody asks for another one.
    pub language: Language,
    /// Whether edits are also written to XMP files.
    pub writes_xmp_files: bool,
    /// Whether users can choose from the names of all others; otherwise they type exact usernames.
    pub lists_people: bool,
    /// Whether users can share things with anyone who has an address.
    pub links: LinkPolicy,
    /// The most days until such an address ends.
    pub link_days_max: Option<u16>,
    /// Who can create spaces.
    pub spaces: SpacePolicy,
    /// Whether browsers may install the pages as an app.
    pub is_installable: bool,
    /// `unix:/path` or `host:port`.
    pub clamd: Option<String>,
    /// Bytes.
    pub clamd_max_bytes: u64,
    pub unscannable: Unscannable,
    pub workers: usize,
    /// Files decoded at the same time; `None` for one per processor, 0 for no previews.
    pub previews_at_once: Option<usize>,
    /// The program that is started as a sandboxed worker: the server itself. Tests, which are another program, set it.
    pub program: PathBuf,
    /// Static files are served from this folder instead of from the binary. Debug builds only.
    pub static_dir: Option<PathBuf>,
    /// How long files that other programs write must be quiet before they are scanned; `None` if folders are not watched.
    pub watch_quiet_period: Option<std::time::Duration>,
    /// The backup folder.
    pub backup_dir: Option<PathBuf>,
    /// Time between scheduled backups; `None` for none.
    pub backup_interval: Option<time::Duration>,
    pub backup_keep: Retention,
    /// Days after which rows of the audit log are deleted; 0 for never.
    pub audit_days: u32,
    pub log: tracing::Level,
    /// Whether to log one JSON object per line.
    pub logs_json: bool,
    /// The address that serves metrics without a token.
    pub metrics_listen: Option<SocketAddr>,
    /// The token that `/metrics` requires on the server itself.
    pub metrics_token: Option<String>,
}

/// Values as given, by name.
pub type RawSettings = HashMap<&'static str, String>;

impl Settings {
    /// Reads flags, environment and the settings file.
    ///
    /// # Errors
    /// `Configuration` names the setting and what it takes.
    pub fn load(flags: &RawSettings, config: Option<&Path>) -> Result<Self> {
        Self::from_raw(&Self::read_raw(flags, config)?)
    }

    /// Reads the values that flags, environment and settings file set, by name.
    ///
    /// # Errors
    /// `Configuration` names an unknown option, or a file that cannot be read.
    pub fn read_raw(flags: &RawSettings, config: Option<&Path>) -> Result<RawSettings> {
        let config = config
            .map(Path::to_path_buf)
            .or_else(|| std::env::var_os("NEXUS_CONFIG").map(PathBuf::from));
        let mut values = match config {
            Some(path) => read_file(&path)?,
            None if Path::new("nexus.toml").exists() => {
                let path = Path::new("nexus.toml");
                // Any user who can write to the current folder can have put the file there.
                permissions::ensure_trusted(path)?;
                read_file(path)?
            }
            None => RawSettings::new(),
        };
        // Later sources override earlier ones.
        values.extend(read_environment(|name| std::env::var(name).ok())?);
        values.extend(flags.iter().map(|(name, value)| (*name, value.clone())));
        Ok(values)
    }

    /// Lists every setting with its effective value; for a secret only whether it is set.
    #[must_use]
    pub fn displayed(values: &RawSettings) -> Vec<(&'static SettingOption, String)> {
        let show = |option: &'static SettingOption| {
            let value =
                values.get(option.name).cloned().unwrap_or_else(|| option.default.to_owned());
            let displayed = if option.is_secret && !value.is_empty() {
                "(set, not displayed)".to_owned()
            } else {
                value
            };
            (option, displayed)
        };
        OPTIONS.iter().map(show).collect()
    }

    /// Returns variables that look like settings but are not.
    pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
        let is_setting = |name: &str| {
            name == "NEXUS_CONFIG"
                || OPTIONS.iter().any(|option| {
                    name == option.variable || name.strip_suffix("_FILE") == Some(option.variable)
                })
        };
        names.filter(|name| name.starts_with("NEXUS_") && !is_setting(name)).collect()
    }

    /// Validates values; missing ones take their defaults.
    ///
    /// # Errors
    /// `Configuration` names the setting and what it takes.
    pub fn from_raw(values: &RawSettings) -> Result<Self> {
        let get = |name: &'static str| -> String {
            values.get(name).cloned().unwrap_or_else(|| options::default_of(name).to_owned())
        };
        let optional = |name: &'static str| Some(get(name)).filter(|value| !value.is_empty());
        let data_dir = PathBuf::from(get("data_dir"));

        // The default database is in the data directory.
        let database_url = match get("database_url") {
            url if url.is_empty() => format!("sqlite://{}", data_dir.join("nexus.db").display()),
            url => url,
        };

        // Each value is parsed here and nowhere else.
        let settings = Self {
            listen: parse_value(
                "listen",
                &get("listen"),
                "an address and port such as 127.0.0.1:8420",
            )?,
            database_url,
            media_dir: PathBuf::from(get("media_dir")),
            first_admin: from_settings(&get),
            registration: parse_choice(
                "registration",
                &get("registration"),
                "approval, open or closed",
                &REGISTRATION,
            )?,
            rate_limit: parse_choice("rate_limit", &get("rate_limit"), "on or off", &ON_OFF)?,
            public_url: public_url::parse(&get("public_url"))?,
            trusted_proxies: get("trusted_proxies")
                .split([',', ' '])
                .filter(|part| !part.is_empty())
                .map(|part| {
                    parse_network(part).ok_or_else(|| {
                        invalid_value("trusted_proxies", "networks such as 10.0.0.0/8, ::1")
                    })
                })
                .collect::<Result<_>>()?,
            x_accel: parse_x_accel(&get("x_accel"))?,
            cors_origins: get("cors_origins")
                .split([',', ' '])
                .filter(|part| !part.is_empty())
                .map(parse_origin)
                .collect::<Result<_>>()?,
            users_file: optional("users_file").map(PathBuf::from),
            max_upload_bytes: parse_value("max_upload", &get("max_upload"), "a number of bytes")?,
            default_quota: parse_value(
                "default_quota",
                &get("default_quota"),
                "a number of bytes, 0 for none",
            )?,
            time_zone: parse_time_zone(&get("time_zone"))?,
            language: Language::parse(&get("language"))
                .ok_or_else(|| invalid_value("language", "en or de"))?,
            writes_xmp_files: parse_choice("xmp_files", &get("xmp_files"), "on or off", &ON_OFF)?,
            is_installable: parse_choice("pwa", &get("pwa"), "on or off", &ON_OFF)?,
            lists_people: sharing::parse_people(&get("people"))?,
            links: sharing::parse_policy(&get("links"))?,
            link_days_max: sharing::parse_days_max(&get("link_days_max"))?,
            spaces: sharing::parse_space_policy(&get("spaces"))?,
            trash_days: parse_value("trash_days", &get("trash_days"), "a number of days")?,
            clamd: optional("clamd"),
            clamd_max_bytes: parse_value("clamd_max", &get("clamd_max"), "a number of bytes")?,
            unscannable: parse_choice(
                "unscannable",
                &get("unscannable"),
                "keep or quarantine",
                &UNSCANNABLE,
            )?,
            workers: parse_value("workers", &get("workers"), "a number of threads, or 0")?,
            previews_at_once: match get("previews_at_once").as_str() {
                "auto" => None,
                number => Some(parse_value(
                    "previews_at_once",
                    number,
                    "auto, or a number; 0 for no previews",
                )?),
            },
            // The program is started as a sandboxed worker; this path is the running version, even if an update has
            // replaced its file.
            program: PathBuf::from("/proc/self/exe"),
            // The server sets it at its start, in debug builds only.
            static_dir: None,
            watch_quiet_period: parse_quiet_period(&get("watch"))?,
            backup_dir: optional("backup_dir").map(PathBuf::from),
            backup_interval: parse_backup_interval(&get("backup_every"))?,
            audit_days: parse_value(
                "audit_days",
                &get("audit_days"),
                "a number of days, 0 for good",
            )?,
            backup_keep: Retention::parse(&get("backup_keep")).ok_or_else(|| {
                invalid_value("backup_keep", "numbers of days, weeks and months such as 7d 4w 12m")
            })?,
            log: parse_value("log", &get("log"), "error, warn, info, debug or trace")?,
            logs_json: parse_choice(
                "log_format",
                &get("log_format"),
                "text or json",
                &[("text", false), ("json", true)],
            )?,
            metrics_listen: optional("metrics_listen")
                .map(|address| {
                    let expected = "an address and port such as 127.0.0.1:9464";
                    parse_value("metrics_listen", &address, expected)
                })
                .transpose()?,
            metrics_token: match optional("metrics_token") {
                Some(short) if short.len() < 16 => {
                    return Err(invalid_value("metrics_token", "16 characters or more"));
                }
                token => token,
            },
            data_dir,
        };
        Ok(settings)
    }

    /// The path below which the server is reached: empty, or such as `/nexus`.
    #[must_use]
    pub fn base_path(&self) -> &str {
        self.public_url.as_deref().and_then(public_url::split_origin).map_or("", |(_, path)| path)
    }

    /// The web origin of the public address (RFC 6454), as browsers send it.
    #[must_use]
    pub fn public_origin(&self) -> Option<&str> {
        self.public_url.as_deref().and_then(public_url::split_origin).map(|(origin, _)| origin)
    }

    /// Whether the public address uses TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// Reads the environment variables of the settings. A secret may be in a file, whose path is in `<variable>_FILE`; some
/// secrets are accepted only in that way.
fn read_environment(read: impl Fn(&str) -> Option<String>) -> Result<RawSettings> {
    let mut values = RawSettings::new();
    for option in OPTIONS {
        // A secret can be in a file of its own, such as a container secret.
        let in_file =
            option.is_secret.then(|| read(&format!("{}_FILE", option.variable))).flatten();
        let plain = if option.is_file_only { None } else { read(option.variable) };

        if let Some(path) = in_file {
            match std::fs::read_to_string(&path) {
                Ok(text) => {
                    drop(
                        values.insert(option.name, text.trim_end_matches(['\r', '\n']).to_owned()),
                    );
                }
                Err(cause) => {
                    let why = format!("{}_FILE: {path}: {cause}", option.variable);
                    if option.name != "admin_password" {
                        return Err(Error::Configuration(why));
                    }
                    // Only needed while there is no admin, so first_admin reports it then.
                    values.insert(UNREADABLE_PASSWORD_FILE, why);
                }
            }
        } else if let Some(value) = plain {
            values.insert(option.name, value);
        }
    }

    Ok(values)
}

/// Reads the settings file and returns its values as text, by name. Unknown names are errors.
fn read_file(path: &Path) -> Result<RawSettings> {
    let path_text = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::Configuration(format!("{path_text}: {cause}")))?;

    // The parser's own message quotes the line, which may contain a secret.
    let table: toml::Table = toml::from_str(&text).map_err(|cause| {
        let line = cause
            .span()
            .and_then(|span| text.get(..span.start))
            .map_or(1, |before| before.matches('\n').count() + 1);
        Error::Configuration(format!("{path_text}, line {line}: {}", cause.message()))
    })?;

    let mut values = RawSettings::new();

    // Unknown names are errors, so that a typing mistake does not go unnoticed.
    for (name, value) in table {
        let Some(option) = OPTIONS.iter().find(|option| option.name == name) else {
            // The name of the environment variable may have been used.
            let nearest = options::nearest(name.to_lowercase().trim_start_matches("nexus_"));
            return Err(Error::Configuration(format!(
                "{path_text}: unknown option {name:?}; did you mean {nearest:?}?"
            )));
        };

        // Numbers, booleans and lists have the same form as in variables.
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(is_on) => if is_on { "on" } else { "off" }.into(),
            toml::Value::Array(parts) => {
                parts.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
            }
            _ => return Err(invalid_value(option.name, option.help)),
        };
        values.insert(option.name, value);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_need_no_set_up() {
        let settings = Settings::from_raw(&RawSettings::new()).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8420");
        assert_eq!(settings.database_url, "sqlite://./data/nexus.db");
        assert_eq!(settings.max_upload_bytes, 64 << 30);
        assert_eq!(settings.registration, Registration::Approval);
    }

    #[test]
    fn an_unknown_key_in_the_settings_file_is_refused_with_the_nearest_right_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "registraton = \"open\"\n").unwrap();
        let Err(Error::Configuration(text)) = read_file(file.path()) else { panic!("accepted") };
        assert!(text.contains("\"registraton\"") && text.contains("\"registration\""), "{text}");
    }

    #[test]
    fn a_secret_may_come_from_a_file_and_loses_only_its_line_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "  sesame \n").unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let values =
            read_environment(|name| (name == "NEXUS_ADMIN_PASSWORD_FILE").then(|| path.clone()))
                .unwrap();
        assert_eq!(values.get("admin_password").map(String::as_str), Some("  sesame "));
    }

    #[test]
    fn a_password_in_a_plain_variable_is_not_read() {
        let values =
            read_environment(|name| (name == "NEXUS_ADMIN_PASSWORD").then(|| "sesame".into()))
                .unwrap();
        assert!(values.is_empty());
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        let Err(Error::Configuration(text)) =
            Settings::from_raw(&RawSettings::from([("listen", "here".to_owned())]))
        else {
            panic!("accepted")
        };
        assert!(text.contains("NEXUS_LISTEN"), "{text}");
    }
}
