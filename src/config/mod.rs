//! Settings: flags override the environment, which overrides the settings file, which overrides defaults.

pub mod atomic_file;
pub mod backup_dir;
mod first_admin;
mod options;
mod permissions;
mod public_url;
mod retention;
mod settings;

pub use first_admin::FirstAdmin;
pub use options::{OPTIONS, SettingOption, nearest_variable};
pub use permissions::{data_dir, private_dir, private_file, remove_beginning_with, remove_secret, secret_file};
pub use retention::Retention;
pub use settings::{RawSettings, Registration, Settings, Unscannable};
