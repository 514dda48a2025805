//! Refresh tokens: all tokens of a session begin with the same random part, so that a token that was exchanged long ago is
//! still recognized, without a record of each.

use std::fmt;

use crate::state::session_cache::{random_token, token_hash};

/// Separates the parts. It does not occur in them.
const SEPARATOR: char = '.';

/// A refresh token of an API session.
pub(crate) struct RefreshToken {
    /// The same for all tokens of a session.
    family: String,
    own: String,
}

impl RefreshToken {
    /// The first token of a new session.
    pub fn new() -> Self {
        Self { family: random_token(), own: random_token() }
    }

    /// `None` for a token of an earlier version or of another kind.
    pub fn parse(token: &str) -> Option<Self> {
        let (family, own) = token.split_once(SEPARATOR)?;
        Some(Self { family: family.to_owned(), own: own.to_owned() })
    }

    /// The token that replaces this one.
    pub fn next(&self) -> Self {
        Self { family: self.family.clone(), own: random_token() }
    }

    /// The hash by which the session is found. Only clients that had one of its tokens know the part itself.
    pub fn family_hash(&self) -> String {
        token_hash(&format!("family {}", self.family))
    }
}

impl fmt::Display for RefreshToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{SEPARATOR}{}", self.family, self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_a_session_differ_and_have_one_family() {
        let first = RefreshToken::new();
        let second = RefreshToken::parse(&first.to_string()).unwrap().next();
        assert_ne!(first.to_string(), second.to_string());
        assert_eq!(first.family_hash(), second.family_hash());
        assert_ne!(first.family_hash(), RefreshToken::new().family_hash());
        assert!(RefreshToken::parse(&random_token()).is_none(), "a token without a family");
    }
}
