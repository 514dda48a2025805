//! The malware scanner as the rest of the house sees it: whether there is one, and how it is.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::config::{Settings, Unscannable};
use crate::error::{Error, Result};
use crate::media::clamd::{Clamd, Verdict};
use crate::model::{ItemId, Scan};

/// How it was when it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    Off,
    /// Not asked yet.
    Unknown,
    /// Its version and that of its signatures.
    Works(String),
    /// What it failed with.
    Away(String),
}

/// The scanner of this server.
pub struct Scanner {
    clamd: Option<Clamd>,
    /// Bytes of a file that is given to it.
    largest: u64,
    policy: Unscannable,
    health: Mutex<Health>,
    /// Files that could not be scanned, and how often while the scanner answered.
    troubles: Mutex<HashMap<ItemId, u8>>,
    /// Rung when something is to be scanned.
    pub bell: Notify,
}

impl Scanner {
    /// # Errors
    /// `Configuration` for an address that is none.
    pub fn of(settings: &Settings) -> Result<Self> {
        let clamd = settings.clamd.as_deref().map(|text| {
            let wrong = || Error::Configuration("clamd (NEXUS_CLAMD) takes unix:/path or host:port.".into());
            Clamd::parse(text).ok_or_else(wrong)
        });
        Ok(Self {
            clamd: clamd.transpose()?,
            largest: settings.clamd_max,
            policy: settings.unscannable,
            health: Mutex::new(if settings.clamd.is_some() { Health::Unknown } else { Health::Off }),
            troubles: Mutex::default(),
            bell: Notify::new(),
        })
    }

    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.clamd.is_some()
    }

    /// Says that something has arrived.
    pub fn ring(&self) {
        if self.is_on() {
            self.bell.notify_one();
        }
    }

    /// What a file is that has just arrived.
    #[must_use]
    pub const fn first(&self) -> Scan {
        if self.is_on() { Scan::Pending } else { Scan::Skipped }
    }

    /// What becomes of files it does not take.
    #[must_use]
    pub const fn policy(&self) -> Unscannable {
        self.policy
    }

    #[must_use]
    pub fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note<T>(&self, asked: std::io::Result<T>, version: impl Fn(&T) -> Option<String>) -> Option<T> {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match asked {
            Ok(said) => {
                if let Some(version) = version(&said) {
                    *health = Health::Works(version);
                }
                Some(said)
            }
            Err(cause) => {
                if !matches!(*health, Health::Away(_)) {
                    tracing::warn!("the malware scanner is away: {cause}; new files wait for it");
                }
                *health = Health::Away(cause.to_string());
                None
            }
        }
    }

    fn troubles(&self) -> MutexGuard<'_, HashMap<ItemId, u8>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a file could not be scanned. Returns how often that was.
    pub fn failed(&self, id: ItemId) -> u8 {
        let mut troubles = self.troubles();
        let count = troubles.entry(id).or_default();
        *count = count.saturating_add(1);
        *count
    }

    #[must_use]
    pub fn has_failed(&self, id: ItemId) -> bool {
        self.troubles().contains_key(&id)
    }

    pub fn forget(&self, id: ItemId) {
        self.troubles().remove(&id);
    }

    /// Its version, so that it is known with which signatures a file was scanned. `None` when it is away or off.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        let clamd = self.clamd.as_ref()?;
        self.note(clamd.version(), |said| Some(said.chars().take(190).collect()))
    }

    /// Scans a file of that size. `None` when it is away or off.
    #[must_use]
    pub fn scan(&self, file: &mut impl Read, size: u64) -> Option<Verdict> {
        let clamd = self.clamd.as_ref()?;
        // clamd calls what is larger than MaxFileSize clean, unless it is told otherwise: it is not asked.
        if size > self.largest {
            return Some(Verdict::TooLarge);
        }
        self.note(clamd.scan(file), |_| None)
    }
}
