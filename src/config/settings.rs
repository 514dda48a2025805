//! Settings: flags override the environment, which overrides the settings file, which overrides defaults.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::first_admin::{FirstAdmin, UNREADABLE_PASSWORD_FILE, from_settings};
use super::options::{self, OPTIONS, SettingOption, invalid_value};
use super::public_url;
use super::retention::Retention;

use crate::error::{Error, Result};

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Anyone may ask; an admin decides.
    Approval,
    /// Anyone is in at once.
    Open,
    /// Nobody.
    Closed,
}

/// What becomes of files that the malware scanner does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unscannable {
    /// They are open to their owners, and never called clean.
    Keep,
    /// They are taken away until an admin decides.
    Quarantine,
}

/// Everything that can be set from outside, checked.
#[derive(Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    pub database_url: String,
    pub data_dir: PathBuf,
    pub media_dir: PathBuf,
    pub first_admin: Option<FirstAdmin>,
    pub registration: Registration,
    pub rate_limit: bool,
    /// Without a slash at its end.
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Where a trusted proxy finds the media folder; without a slash at its end.
    pub x_accel: Option<String>,
    /// Origins whose pages may use the API with a token.
    pub cors_origins: Vec<String>,
    pub users_file: Option<PathBuf>,
    /// Bytes.
    pub max_upload_bytes: u64,
    /// Bytes; 0 = none.
    pub default_quota: u64,
    /// How long the trash keeps things.
    pub trash_days: u32,
    /// `unix:/path` or `host:port`.
    pub clamd: Option<String>,
    /// Bytes.
    pub clamd_max_bytes: u64,
    pub unscannable: Unscannable,
    pub workers: usize,
    /// Files that are decoded at the same time; `None` = one a processor, 0 = there are no previews.
    pub previews_at_once: Option<usize>,
    /// Ourselves: what is started to decode a file. Tests, which are another program, name it.
    pub program: PathBuf,
    /// How long files that others put into people's folders have to stand still; `None`: nobody watches.
    pub watch_quiet_period: Option<std::time::Duration>,
    /// Where backups are made.
    pub backup_dir: Option<PathBuf>,
    /// How often the server makes one by itself; `None`: never.
    pub backup_interval: Option<time::Duration>,
    pub backup_keep: Retention,
    /// How long the audit log keeps its rows; 0 = for good.
    pub audit_days: u32,
    pub log: tracing::Level,
    /// One JSON object a line.
    pub logs_json: bool,
    /// Where Prometheus is answered without a token.
    pub metrics_listen: Option<SocketAddr>,
    /// What Prometheus has to say at the server itself.
    pub metrics_token: Option<String>,
}

/// Values as they were given, by key name.
pub type RawSettings = HashMap<&'static str, String>;

impl Settings {
    /// Reads flags, environment and the settings file.
    ///
    /// # Errors
    /// `Configuration` names the setting and what it takes.
    pub fn load(flags: &RawSettings, config: Option<&Path>) -> Result<Self> {
        Self::from_raw(&Self::read_raw(flags, config)?)
    }

    /// The values that flags, environment and settings file give, by key name.
    ///
    /// # Errors
    /// `Configuration` names a key that is unknown, or a file that cannot be read.
    pub fn read_raw(flags: &RawSettings, config: Option<&Path>) -> Result<RawSettings> {
        let config = config.map(Path::to_path_buf).or_else(|| std::env::var_os("NEXUS_CONFIG").map(PathBuf::from));
        let mut values = match config {
            Some(path) => read_file(&path)?,
            None if Path::new("nexus.toml").exists() => read_file(Path::new("nexus.toml"))?,
            None => RawSettings::new(),
        };
        values.extend(read_environment(|name| std::env::var(name).ok())?);
        values.extend(flags.iter().map(|(name, value)| (*name, value.clone())));
        Ok(values)
    }

    /// Every setting's name and the value in force; a secret only says whether it is set.
    #[must_use]
    pub fn displayed(values: &RawSettings) -> Vec<(&'static SettingOption, String)> {
        let show = |key: &'static SettingOption| {
            let value = values.get(key.name).cloned().unwrap_or_else(|| key.default.to_owned());
            let shown = if key.is_secret && !value.is_empty() { "(set, not shown)".to_owned() } else { value };
            (key, shown)
        };
        OPTIONS.iter().map(show).collect()
    }

    /// Variables of the environment that look like settings and are none.
    pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
        let is_known = |name: &str| {
            name == "NEXUS_CONFIG"
                || OPTIONS.iter().any(|key| name == key.variable || name.strip_suffix("_FILE") == Some(key.variable))
        };
        names.filter(|name| name.starts_with("NEXUS_") && !is_known(name)).collect()
    }

    /// Checks values that were read; keys that are absent take their defaults.
    ///
    /// # Errors
    /// `Configuration` names the setting and what it takes.
    pub fn from_raw(values: &RawSettings) -> Result<Self> {
        let get =
            |name: &'static str| -> String { values.get(name).cloned().unwrap_or_else(|| options::default_of(name).to_owned()) };
        let data_dir = PathBuf::from(get("data_dir"));
        let database_url = match get("database_url") {
            url if url.is_empty() => format!("sqlite://{}", data_dir.join("nexus.db").display()),
            url => url,
        };
        let settings = Self {
            listen: parse_value("listen", &get("listen"), "an address and port such as 127.0.0.1:8420")?,
            database_url,
            media_dir: PathBuf::from(get("media_dir")),
            first_admin: from_settings(&get),
            registration: match get("registration").as_str() {
                "approval" => Registration::Approval,
                "open" => Registration::Open,
                "closed" => Registration::Closed,
                _ => return Err(invalid_value("registration", "approval, open or closed")),
            },
            rate_limit: match get("rate_limit").as_str() {
                "on" => true,
                "off" => false,
                _ => return Err(invalid_value("rate_limit", "on or off")),
            },
            public_url: public_url::parse(&get("public_url"))?,
            trusted_proxies: get("trusted_proxies")
                .split([',', ' '])
                .filter(|part| !part.is_empty())
                .map(|part| {
                    parse_network(part).ok_or_else(|| invalid_value("trusted_proxies", "networks such as 10.0.0.0/8, ::1"))
                })
                .collect::<Result<_>>()?,
            x_accel: parse_x_accel(&get("x_accel"))?,
            cors_origins: get("cors_origins")
                .split([',', ' '])
                .filter(|part| !part.is_empty())
                .map(parse_origin)
                .collect::<Result<_>>()?,
            users_file: Some(get("users_file")).filter(|path| !path.is_empty()).map(PathBuf::from),
            max_upload_bytes: parse_value("max_upload", &get("max_upload"), "a number of bytes")?,
            default_quota: parse_value("default_quota", &get("default_quota"), "a number of bytes, 0 for none")?,
            trash_days: parse_value("trash_days", &get("trash_days"), "a number of days")?,
            clamd: Some(get("clamd")).filter(|text| !text.is_empty()),
            clamd_max_bytes: parse_value("clamd_max", &get("clamd_max"), "a number of bytes")?,
            unscannable: match get("unscannable").as_str() {
                "keep" => Unscannable::Keep,
                "quarantine" => Unscannable::Quarantine,
                _ => return Err(invalid_value("unscannable", "keep or quarantine")),
            },
            workers: parse_value("workers", &get("workers"), "a number of threads, 0 for one a processor")?,
            previews_at_once: match get("previews_at_once").as_str() {
                "auto" => None,
                number => Some(parse_value("previews_at_once", number, "auto, or a number; 0 for no previews")?),
            },
            program: PathBuf::from("/proc/self/exe"),
            watch_quiet_period: match get("watch").as_str() {
                "off" => None,
                seconds => Some(std::time::Duration::from_secs(parse_value("watch", seconds, "a number of seconds, or off")?)),
            },
            backup_dir: Some(get("backup_dir")).filter(|path| !path.is_empty()).map(PathBuf::from),
            backup_interval: match get("backup_every").as_str() {
                "off" => None,
                hours => match parse_value::<u32>("backup_every", hours, "a number of hours, or off")? {
                    0 => return Err(invalid_value("backup_every", "a number of hours, or off")),
                    hours => Some(time::Duration::hours(hours.into())),
                },
            },
            audit_days: parse_value("audit_days", &get("audit_days"), "a number of days, 0 for good")?,
            backup_keep: Retention::parse(&get("backup_keep"))
                .ok_or_else(|| invalid_value("backup_keep", "numbers of days, weeks and months such as 7d 4w 12m"))?,
            log: parse_value("log", &get("log"), "error, warn, info, debug or trace")?,
            logs_json: match get("log_format").as_str() {
                "text" => false,
                "json" => true,
                _ => return Err(invalid_value("log_format", "text or json")),
            },
            metrics_listen: match get("metrics_listen") {
                none if none.is_empty() => None,
                address => Some(parse_value("metrics_listen", &address, "an address and port such as 127.0.0.1:9464")?),
            },
            metrics_token: match get("metrics_token") {
                none if none.is_empty() => None,
                short if short.len() < 16 => return Err(invalid_value("metrics_token", "16 characters or more")),
                token => Some(token),
            },
            data_dir,
        };
        Ok(settings)
    }

    /// The path below which people reach this server: empty, or such as `/nexus`.
    #[must_use]
    pub fn base_path(&self) -> &str {
        self.public_url.as_deref().and_then(public_url::split_origin).map_or("", |(_, path)| path)
    }

    /// The web origin that people reach this server at (RFC 6454), as browsers send it.
    #[must_use]
    pub fn public_origin(&self) -> Option<&str> {
        self.public_url.as_deref().and_then(public_url::split_origin).map(|(origin, _)| origin)
    }

    /// Whether people reach this server over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

fn parse_x_accel(text: &str) -> Result<Option<String>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    match text.trim_end_matches('/') {
        "" if text.is_empty() => Ok(None),
        path if path.len() > 1 && path.starts_with('/') && path.chars().all(is_plain) => Ok(Some(path.to_owned())),
        _ => Err(invalid_value("x_accel", "a path such as /.files")),
    }
}

/// A web origin as browsers send it: scheme, host, and the port where it is not the usual one.
fn parse_origin(text: &str) -> Result<String> {
    let takes = "origins such as https://app.example.org; * is not taken";
    let url = url::Url::parse(text).map_err(|_| invalid_value("cors_origins", takes))?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_web && url.path() == "/" && url.query().is_none() && url.username().is_empty() {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(invalid_value("cors_origins", takes))
    }
}

fn parse_network(text: &str) -> Option<ipnet::IpNet> {
    text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))
}

fn parse_value<T: std::str::FromStr>(name: &'static str, value: &str, takes: &str) -> Result<T> {
    value.trim().parse().map_err(|_| invalid_value(name, takes))
}

/// Every setting's variable, and `<variable>_FILE` for the secret ones.
fn read_environment(read: impl Fn(&str) -> Option<String>) -> Result<RawSettings> {
    let mut values = RawSettings::new();
    for key in OPTIONS {
        let in_file = key.is_secret.then(|| read(&format!("{}_FILE", key.variable))).flatten();
        let plain = if key.is_file_only { None } else { read(key.variable) };
        if let Some(path) = in_file {
            match std::fs::read_to_string(&path) {
                Ok(text) => drop(values.insert(key.name, text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(cause) => {
                    let why = format!("{}_FILE: {path}: {cause}", key.variable);
                    if key.name != "admin_password" {
                        return Err(Error::Configuration(why));
                    }
                    // Once there is an admin nobody needs it any more.
                    values.insert(UNREADABLE_PASSWORD_FILE, why);
                }
            }
        } else if let Some(value) = plain {
            values.insert(key.name, value);
        }
    }
    Ok(values)
}

fn read_file(path: &Path) -> Result<RawSettings> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|cause| Error::Configuration(format!("{shown}: {cause}")))?;
    // Its own words show the line, and that may be a secret.
    let table: toml::Table = toml::from_str(&text).map_err(|cause| {
        let line = cause.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.matches('\n').count() + 1);
        Error::Configuration(format!("{shown}, line {line}: {}", cause.message()))
    })?;
    let mut values = RawSettings::new();
    for (name, value) in table {
        let Some(key) = OPTIONS.iter().find(|key| key.name == name) else {
            let nearest = options::nearest(name.to_lowercase().trim_start_matches("nexus_"));
            return Err(Error::Configuration(format!("{shown}: unknown key {name:?}; did you mean {nearest:?}?")));
        };
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(is_on) => if is_on { "on" } else { "off" }.into(),
            toml::Value::Array(parts) => parts.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(","),
            _ => return Err(invalid_value(key.name, key.help)),
        };
        values.insert(key.name, value);
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
        let values = read_environment(|name| (name == "NEXUS_ADMIN_PASSWORD_FILE").then(|| path.clone())).unwrap();
        assert_eq!(values.get("admin_password").map(String::as_str), Some("  sesame "));
    }

    #[test]
    fn a_password_in_a_plain_variable_is_not_read() {
        let values = read_environment(|name| (name == "NEXUS_ADMIN_PASSWORD").then(|| "sesame".into())).unwrap();
        assert!(values.is_empty());
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        let Err(Error::Configuration(text)) = Settings::from_raw(&RawSettings::from([("listen", "here".to_owned())])) else {
            panic!("accepted")
        };
        assert!(text.contains("NEXUS_LISTEN"), "{text}");
    }
}
