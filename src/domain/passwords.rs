//! Passwords: hashed with argon2id, a few at once, the same work whether the person exists or not.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::db::blocking;
use crate::error::{Error, Result};
use crate::model::Password;

/// OWASP Password Storage: argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How long a log-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(15);

/// Hashes and verifies, off the async threads, on half the processors at most.
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Verified where there is nobody, so that nobody costs the same time.
    nobody: Arc<str>,
}

/// What became of a password that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and its hash is older than what is made today.
    RightButOld,
}

impl Passwords {
    /// # Errors
    /// `Internal` if the parameters were not argon2's.
    pub fn new() -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self { turns: Arc::new(Semaphore::new((processors / 2).max(1))), nobody: hashed("nobody has this password")?.into() })
    }

    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let password = password.clone();
        self.in_turn(move || hashed(password.as_str())).await
    }

    /// Tries a password on a person's hash, or on nobody's.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn verify(&self, hash: Option<String>, password: &str) -> Result<Verdict> {
        let (password, nobody) = (password.to_owned(), self.nobody.clone());
        self.in_turn(move || {
            Ok(match hash {
                Some(hash) => {
                    let verdict = verified(&hash, &password);
                    if hash.starts_with("$2") {
                        // Nobody tells by the time that this hash is a cheaper one.
                        verified(&nobody, &password);
                    }
                    verdict
                }
                None => {
                    verified(&nobody, &password);
                    Verdict::Wrong
                }
            })
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        const BUSY: Error = Error::Unavailable("Too many people are logging in at once.");
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| BUSY)?.map_err(|_| BUSY)?;
        blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hashed(password: &str) -> Result<String> {
    Ok(argon2()?.hash_password(password.as_bytes()).map_err(Error::internal)?.to_string())
}

fn verified(hash: &str, password: &str) -> Verdict {
    if hash.starts_with("$2") {
        let is_right = bcrypt::verify(password, hash).unwrap_or(false);
        return if is_right { Verdict::RightButOld } else { Verdict::Wrong };
    }
    let Ok(parsed) = PasswordHash::new(hash) else { return Verdict::Wrong };
    if Argon2::default().verify_password(password.as_bytes(), &parsed).is_err() {
        return Verdict::Wrong;
    }
    let today = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$");
    if hash.starts_with(&today) { Verdict::Right } else { Verdict::RightButOld }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_with_the_parameters_of_today_and_its_own_salt() {
        let (one, two) = (hashed("correct horse").unwrap(), hashed("correct horse").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        assert_eq!(verified(&one, "correct horse"), Verdict::Right);
        assert_eq!(verified(&one, "correct horsf"), Verdict::Wrong);
    }

    #[test]
    fn older_parameters_and_php_bcrypt_are_right_but_old() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
        let hash = weak.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(verified(&hash, "correct horse"), Verdict::RightButOld);
        let php = bcrypt::hash_with_result("correct horse", 4).unwrap().format_for_version(bcrypt::Version::TwoY);
        assert!(php.starts_with("$2y$"));
        assert_eq!(verified(&php, "correct horse"), Verdict::RightButOld);
        assert_eq!(verified(&php, "wrong"), Verdict::Wrong);
    }

    #[test]
    fn nonsense_in_the_column_lets_nobody_in() {
        for hash in ["", "plain", "$argon2id$", "$2y$", "$2y$10$short"] {
            assert_eq!(verified(hash, hash), Verdict::Wrong);
        }
    }
}
