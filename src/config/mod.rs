//! Settings: flags override the environment, which overrides the settings file, which overrides defaults.

pub mod atomic_file;
pub mod backup_dir;
mod first_admin;
mod options;
mod parse;
mod permissions;
mod public_url;
mod retention;
mod settings;
mod sharing;

pub use first_admin::FirstAdmin;
pub use options::{OPTIONS, SettingOption, nearest_variable};
pub use permissions::{
    create_data_dir, create_private_dir, create_private_file, read_or_create_secret,
    remove_by_prefix, remove_secret,
};
pub use retention::Retention;
pub use settings::{RawSettings, Registration, Settings, Unscannable};
pub use sharing::{LinkPolicy, SpacePolicy};
