//! Which stored password hashes can be verified.

/// Limits of the parameters of a stored hash. Verifying one outside of them would occupy the server for minutes.
const MAX_BCRYPT_COST: u32 = 14;
const MAX_ARGON2_MEMORY_KIB: u32 = 256 * 1024;
const MAX_ARGON2_PASSES: u32 = 10;
const MAX_ARGON2_LANES: u32 = 8;

/// Why a hash that was made elsewhere cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnusableHash {
    /// Neither bcrypt nor argon2.
    Unknown,
    /// Its parameters exceed the limits.
    TooExpensive,
}

/// Requires a stored hash to be bcrypt or argon2 with parameters within the limits.
///
/// # Errors
/// Why it cannot be used.
pub fn ensure_usable(hash: &str) -> Result<(), UnusableHash> {
    // The text begins with `$`, so the first part is empty.
    let mut parts = hash.split('$').skip(1);
    let kind = parts.next().unwrap_or_default();
    if matches!(kind, "2y" | "2a" | "2b") {
        let cost: u32 = number(parts.next())?;
        return within(cost <= MAX_BCRYPT_COST);
    }
    if !matches!(kind, "argon2id" | "argon2i" | "argon2d") {
        return Err(UnusableHash::Unknown);
    }

    // The version may be missing: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
    let parameters = parts.find(|part| !part.starts_with("v=")).unwrap_or_default();
    let value = |name: &str| {
        let value_text = parameters.split(',').find_map(|pair| pair.strip_prefix(name));
        number(value_text.and_then(|value| value.strip_prefix('=')))
    };
    let (memory, passes, lanes) = (value("m")?, value("t")?, value("p")?);
    within(
        memory <= MAX_ARGON2_MEMORY_KIB && passes <= MAX_ARGON2_PASSES && lanes <= MAX_ARGON2_LANES,
    )
}

/// The part of a usable hash that determines how long verifying it takes: everything before salt and result.
#[must_use]
pub fn parameters_of(hash: &str) -> Option<&str> {
    ensure_usable(hash).ok()?;
    // bcrypt writes salt and result as one part, argon2 as two.
    let parts = if hash.starts_with("$2") { 1 } else { 2 };
    let end = hash.rmatch_indices('$').nth(parts - 1)?.0;
    hash.get(..end)
}

fn number(text: Option<&str>) -> Result<u32, UnusableHash> {
    text.and_then(|text| text.parse().ok()).ok_or(UnusableHash::Unknown)
}

const fn within(is_within: bool) -> Result<(), UnusableHash> {
    if is_within { Ok(()) } else { Err(UnusableHash::TooExpensive) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_php_htpasswd_and_our_own_are_usable() {
        for hash in [
            "$2y$10$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O",
            "$2b$14$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA",
            "$argon2i$v=19$m=65536,t=4,p=1$c2FsdHNhbHQ$aGFzaA",
            "$argon2id$m=262144,t=10,p=8$c2FsdHNhbHQ$aGFzaA",
        ] {
            assert_eq!(ensure_usable(hash), Ok(()), "{hash}");
        }
    }

    #[test]
    fn parameters_end_before_the_salt() {
        for (hash, parameters) in [
            ("$2y$10$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O", "$2y$10"),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA", "$argon2id$v=19$m=19456,t=2,p=1"),
            ("$argon2i$m=65536,t=4,p=1$c2FsdHNhbHQ$aGFzaA", "$argon2i$m=65536,t=4,p=1"),
        ] {
            assert_eq!(parameters_of(hash), Some(parameters), "{hash}");
        }
        assert_eq!(parameters_of("!"), None);
    }

    #[test]
    fn hashes_that_would_occupy_the_server_are_not() {
        for hash in [
            "$2y$15$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O",
            "$2y$31$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O",
            "$argon2id$v=19$m=786432,t=2,p=1$c2FsdHNhbHQ$aGFzaA",
            "$argon2id$v=19$m=19456,t=40,p=1$c2FsdHNhbHQ$aGFzaA",
            "$argon2id$v=19$m=19456,t=2,p=64$c2FsdHNhbHQ$aGFzaA",
        ] {
            assert_eq!(ensure_usable(hash), Err(UnusableHash::TooExpensive), "{hash}");
        }
        for hash in ["", "!", "plain", "$apr1$abc", "$2y$", "$argon2id$", "$argon2id$v=19$m=x$a$b"]
        {
            assert_eq!(ensure_usable(hash), Err(UnusableHash::Unknown), "{hash}");
        }
    }
}
