//! Password hashes: argon2id, and verification of hashes that PHP or older parameters produced.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::error::{Error, Result};
use crate::model::password_hash::ensure_usable;

/// OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Size of the allocation for working memory, in blocks of 1 KiB. glibc keeps freed blocks below 32 MiB and returns
/// larger ones to the kernel at once (mallopt(3), `M_MMAP_THRESHOLD`), so more is allocated than is used.
const MIN_MAPPED_BLOCKS: usize = 33 * 1024;

/// The result of verifying a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashCheck {
    Wrong,
    Right,
    /// Right, but the hash does not use the current parameters.
    RightButOld,
}

/// Allocates the memory of a hash here instead of in the library, as a block that is returned to the system after use.
fn working_memory(params: &Params) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(MIN_MAPPED_BLOCKS.max(params.block_count()));
    blocks.resize(params.block_count(), Block::default());
    blocks
}

/// Hashes a password into a PHC string.
///
/// # Errors
/// `Internal` if the parameters are invalid.
pub(crate) fn hash_password(password: &str) -> Result<String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
    let salt = Salt::new(&rand::random::<[u8; 16]>()).map_err(Error::internal)?;
    let memory = working_memory(&params);
    // Converted here, because `params` is moved into `argon2` below.
    let phc_params = ParamsString::try_from(&params).map_err(Error::internal)?;
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);

    argon2
        .hash_password_into_with_memory(password.as_bytes(), &salt, &mut output, memory)
        .map_err(Error::internal)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: phc_params,
        salt: Some(salt),
        hash: Some(Output::new(&output).map_err(Error::internal)?),
    };

    Ok(hash.to_string())
}

/// Verifies a password against a stored hash. One that cannot be verified in reasonable time matches no password.
pub(crate) fn verify_password(hash: &str, password: &str) -> HashCheck {
    if ensure_usable(hash).is_err() {
        return HashCheck::Wrong;
    }
    // A bcrypt hash, from the PHP application that this server replaces or from the users file.
    if hash.starts_with("$2") {
        let is_right = bcrypt::verify(password, hash).unwrap_or(false);
        return if is_right { HashCheck::RightButOld } else { HashCheck::Wrong };
    }
    if !matches_hash(hash, password).unwrap_or(false) {
        return HashCheck::Wrong;
    }
    // Any other algorithm or parameter makes the hash an old one.
    if hash.starts_with(&format!("{}$", current_parameters())) {
        HashCheck::Right
    } else {
        HashCheck::RightButOld
    }
}

/// The parameters with which new hashes begin.
pub(crate) fn current_parameters() -> String {
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}")
}

/// Verifies a password against an argon2 PHC string; `None` if it cannot be parsed.
fn matches_hash(hash: &str, password: &str) -> Option<bool> {
    let parsed = PasswordHash::new(hash).ok()?;
    let (salt, expected) = (parsed.salt?, parsed.hash?);
    let params = Params::try_from(&parsed).ok()?;
    let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).ok()?;
    let version = parsed.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let memory = working_memory(&params);
    // The stored hash determines the output length.
    let mut output = vec![0; expected.as_bytes().len()];
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), &salt, &mut output, memory).ok()?;
    // `Output` compares in constant time.
    Some(Output::new(&output).ok()? == expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::PasswordHasher;

    #[test]
    fn a_hash_is_argon2id_with_the_parameters_of_today_and_its_own_salt() {
        let (one, two) =
            (hash_password("correct horse").unwrap(), hash_password("correct horse").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        assert_eq!(verify_password(&one, "correct horse"), HashCheck::Right);
        assert_eq!(verify_password(&one, "correct horsf"), HashCheck::Wrong);
    }

    #[test]
    fn older_parameters_and_php_bcrypt_verify_and_are_outdated() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8 * 1024, 1, 1, None).unwrap(),
        );
        let hash = weak.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(verify_password(&hash, "correct horse"), HashCheck::RightButOld);
        let php = bcrypt::hash_with_result("correct horse", 4)
            .unwrap()
            .format_for_version(bcrypt::Version::TwoY);
        assert!(php.starts_with("$2y$"));
        assert_eq!(verify_password(&php, "correct horse"), HashCheck::RightButOld);
        assert_eq!(verify_password(&php, "wrong"), HashCheck::Wrong);
    }

    #[test]
    fn an_invalid_hash_in_the_column_matches_no_password() {
        for hash in ["", "plain", "$argon2id$", "$2y$", "$2y$10$short"] {
            assert_eq!(verify_password(hash, hash), HashCheck::Wrong);
        }
        // Would take days: it is not computed at all.
        let slow = "$2y$31$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O";
        assert_eq!(verify_password(slow, "anything"), HashCheck::Wrong);
    }
}
