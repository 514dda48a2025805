//! Validated account fields: names, username, email address, password.

use crate::error::{Error, FieldError, Result};
use crate::{fill, msg};

fn field_error(field: &'static str, message: &str) -> FieldError {
    FieldError::new(field, message)
}

/// A first or last name: 1 to 100 characters, one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Parses the value of `field`.
    ///
    /// # Errors
    /// Says what the field accepts.
    pub fn parse(field: &'static str, raw: &str) -> Result<Self, FieldError> {
        parse_line(field, raw, 100)?.map(Self).ok_or_else(|| field_error(field, msg!("Required")))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 2 to 64 characters: lower-case letters, digits, `.`, `_`, `-`; starts with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Parses a username, ignoring case.
    ///
    /// # Errors
    /// Says what a username consists of.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let name = raw.trim().to_lowercase();
        let is_plain = name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'));
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if is_plain && starts_well && (2..=64).contains(&name.len()) {
            Ok(Self(name))
        } else {
            Err(field_error(
                "username",
                msg!(
                    "2 to 64 characters: letters a to z, digits, dot, hyphen, underscore; a letter or digit first."
                ),
            ))
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An email address in lower case, at most 190 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Parses an email address.
    ///
    /// # Errors
    /// Gives an example.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let address = raw.trim().to_lowercase();
        let is_address = address.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.contains('@')
                && domain.split('.').all(|label| !label.is_empty())
                && !address.contains(|c: char| {
                    c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"')
                })
        });
        // The database column holds 190 characters.
        if is_address && address.len() <= 190 {
            Ok(Self(address))
        } else {
            Err(field_error("email", msg!("An address such as ada@example.org.")))
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 8 to 200 characters of any kind (NIST SP 800-63B). Never shown or logged.
#[derive(Clone)]
pub struct Password(String);

const COMMON_PASSWORD_MESSAGE: &str =
    msg!("That password is too common. A few random words work well.");
/// The most common passwords that are long enough, one per line in lower case, the most common first.
const COMMON_PASSWORDS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/vendor/common-passwords.txt"));

impl Password {
    /// Parses a new password. `related_words` lists words that may not be the password, such as the user's names.
    ///
    /// # Errors
    /// Says what a password needs.
    pub fn parse(raw: &str, related_words: &[&str]) -> Result<Self, FieldError> {
        let count = raw.chars().count();
        let lower = raw.to_lowercase();
        if count < 8 {
            Err(field_error(
                "password",
                msg!("At least 8 characters. A few random words work well."),
            ))
        } else if count > 200 {
            Err(field_error("password", msg!("200 characters at most.")))
        } else if COMMON_PASSWORDS.lines().any(|common| lower == common) {
            Err(field_error("password", COMMON_PASSWORD_MESSAGE))
        } else {
            let password = Self(raw.to_owned());
            password.ensure_unrelated_to(related_words)?;
            Ok(password)
        }
    }

    /// Requires the password not to be one of these words about the user.
    ///
    /// # Errors
    /// The password is too easy to guess.
    pub fn ensure_unrelated_to(&self, related_words: &[&str]) -> Result<(), FieldError> {
        let lower = self.0.to_lowercase();
        let is_about =
            related_words.iter().any(|word| !word.is_empty() && lower == word.to_lowercase());
        if is_about { Err(field_error("password", COMMON_PASSWORD_MESSAGE)) } else { Ok(()) }
    }

    /// Wraps a password that was just verified and may not meet today's rules.
    #[must_use]
    pub fn parse_existing(raw: &str) -> Self {
        Self(raw.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Parses an optional line such as a phone number; `None` when empty.
///
/// # Errors
/// Says how long it may be.
pub fn parse_optional_line(
    field: &'static str,
    raw: &str,
    max: usize,
) -> Result<Option<String>, FieldError> {
    parse_line(field, raw, max)
}

/// The name of an album, a group or a space, with white space collapsed: 1 to `max` characters.
///
/// # Errors
/// As [`bad_title`].
pub fn parse_title(raw: &str, max: usize) -> Result<String> {
    let title = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_valid =
        (1..=max).contains(&title.chars().count()) && !title.chars().any(char::is_control);
    if is_valid { Ok(title) } else { Err(bad_title(max)) }
}

/// Says how long the name of an album, a group or a space may be.
#[must_use]
pub fn bad_title(max: usize) -> Error {
    Error::field("name", fill!("Give it a name of {count} characters at most.", count = max))
}

/// Collapses white space and removes control and direction characters; `None` if nothing remains. Fails above `max`
/// characters.
fn parse_line(field: &'static str, raw: &str, max: usize) -> Result<Option<String>, FieldError> {
    // Line breaks and tabs are control characters too, but separate words.
    let is_visible = |c: &char| {
        // Characters that change the direction of text can make one name look like another.
        (c.is_whitespace() || !c.is_control())
            && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    // White space is collapsed last, because a removed character may have stood between two spaces.
    let visible: String = raw.chars().filter(is_visible).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > max {
        return Err(field_error(field, &fill!("{max} characters at most.", max = max)));
    }
    Ok((!line.is_empty()).then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_lower_case_ascii() {
        assert_eq!(Username::parse(" Ada.L ").unwrap().as_str(), "ada.l");
        for bad in ["", "a", "-ada", "ada lovelace", "ada@x", "ädä", &"a".repeat(65)] {
            assert!(Username::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_email_has_a_local_part_and_a_domain() {
        assert_eq!(Email::parse("Ada@Example.ORG").unwrap().as_str(), "ada@example.org");
        assert!(Email::parse("admin@localhost").is_ok());
        for bad in
            ["", "ada", "@x.org", "ada@", "ada@x..org", "a b@x.org", "a@b@c", "ada@x.org\nBcc: y"]
        {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn short_long_and_common_passwords_and_user_names_are_rejected() {
        assert!(Password::parse("correct horse battery", &["ada"]).is_ok());
        for bad in [
            "seven77",
            "password",
            "Password123",
            "iloveyou",
            "13101988",
            "LovelaceAda",
            &"x".repeat(201),
        ] {
            assert!(Password::parse(bad, &["lovelaceada"]).is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", Password::parse("correct horse", &[]).unwrap()), "Password(…)");
    }

    #[test]
    fn names_are_one_line_without_direction_control_characters() {
        assert_eq!(PersonName::parse("firstname", "  Ada\n King ").unwrap().as_str(), "Ada King");
        assert_eq!(PersonName::parse("firstname", "A\u{202e}da").unwrap().as_str(), "Ada");
        for raw in ["Ada \u{202e} King", "\u{202e} Ada King", "Ada\tKing\u{7} "] {
            assert_eq!(
                PersonName::parse("firstname", raw).unwrap().as_str(),
                "Ada King",
                "{raw:?}"
            );
        }
        assert!(PersonName::parse("firstname", "\u{202e} \u{202e}").is_err());
        assert!(PersonName::parse("firstname", " \t ").is_err());
    }
}
