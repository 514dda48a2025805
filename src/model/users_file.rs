//! The format of the users file: lines of `username:hash[:email[:access level]]`, as `htpasswd -nbB` and
//! `users-file add` write them.

use std::collections::BTreeMap;

use super::password_hash::{UnusableHash, ensure_usable};
use super::{AccessLevel, Email, Username};

/// A user in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsersFileEntry {
    pub username: String,
    /// An argon2id PHC string or Apache's bcrypt hash.
    pub hash: String,
    pub email: Option<String>,
    pub access_level: Option<AccessLevel>,
}

/// The content of a users file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsersFile {
    pub entries: BTreeMap<String, UsersFileEntry>,
    /// Lines that cannot be used: number and reason.
    pub problems: Vec<(usize, String)>,
}

/// Parses a users file. Unusable lines are reported in `problems`.
#[must_use]
pub fn parse(text: &str) -> UsersFile {
    let mut file = UsersFile::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }

        match parse_entry(line) {
            Ok(entry) if file.entries.contains_key(&entry.username) => {
                file.problems.push((
                    index + 1,
                    format!("{} is there twice; the first line counts", entry.username),
                ));
            }
            Ok(entry) => drop(file.entries.insert(entry.username.clone(), entry)),
            Err(why) => file.problems.push((index + 1, why)),
        }
    }

    file
}

/// Parses a line of the users file; the error says what is wrong with it.
fn parse_entry(line: &str) -> Result<UsersFileEntry, String> {
    // `username:hash[:email[:access level]]`
    let mut parts = line.split(':').map(str::trim);
    let (name, hash) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let username =
        Username::parse(name).map_err(|error| format!("the username: {}", error.message))?;
    if hash.is_empty() {
        return Err("the hash is missing".into());
    }

    // A line of another program may contain any hash.
    match ensure_usable(hash) {
        Ok(()) if !hash.starts_with("$argon2i$") && !hash.starts_with("$argon2d$") => {}
        Err(UnusableHash::TooExpensive) => {
            return Err(
                "the hash takes too long to verify; make the line with `nexus-media users-file add` or a lower cost".into(),
            );
        }
        // Also argon2i and argon2d, which `ensure_usable` accepts but this file does not.
        Ok(()) | Err(UnusableHash::Unknown) => {
            return Err(
                "the hash is neither argon2id nor bcrypt; make the line with `nexus-media users-file add` or `htpasswd -nbB`".into(),
            );
        }
    }

    let email = parts.next().filter(|text| !text.is_empty()).map(Email::parse).transpose();
    let email = email.map_err(|error| format!("the email: {}", error.message))?;
    let level = parts.next().filter(|text| !text.is_empty());

    let access_level = match level {
        None => None,
        Some(word) => Some(AccessLevel::parse(word).ok_or("the access level is user or admin")?),
    };

    if parts.next().is_some() {
        return Err("more than four parts".into());
    }
    Ok(UsersFileEntry {
        username: username.as_str().to_owned(),
        hash: hash.to_owned(),
        email: email.map(|email| email.as_str().to_owned()),
        access_level,
    })
}

impl UsersFileEntry {
    fn to_line(&self) -> String {
        let mut line = format!("{}:{}", self.username, self.hash);
        if self.email.is_some() || self.access_level.is_some() {
            line = format!("{line}:{}", self.email.as_deref().unwrap_or_default());
        }
        if let Some(level) = self.access_level {
            line = format!("{line}:{}", level.as_str());
        }
        line
    }
}

/// Returns the text with this user's line replaced or added.
#[must_use]
pub fn insert_line(text: &str, entry: &UsersFileEntry) -> String {
    replace_lines(text, &entry.username, Some(&entry.to_line())).0
}

/// Returns the text without this user's line; `None` if there is none.
#[must_use]
pub fn remove_line(text: &str, username: &str) -> Option<String> {
    let (text, was_there) = replace_lines(text, username, None);
    was_there.then_some(text)
}

/// Replaces the first line of a user by `new_line`, or adds it at the end if there is none, and removes the user's
/// other lines; without `new_line`, all of them are removed. Returns the new text and whether the user had a line; all
/// other lines, including comments and unusable ones, stay as they are.
fn replace_lines(text: &str, username: &str, mut new_line: Option<&str>) -> (String, bool) {
    let is_theirs = |line: &str| {
        let name = line.split(':').next().unwrap_or_default().trim().to_lowercase();
        !line.trim_start().starts_with('#') && name == username
    };
    let mut was_there = false;
    let mut lines: Vec<&str> = Vec::new();

    for line in text.lines() {
        if is_theirs(line) {
            was_there = true;
            // The first line of the user is replaced; others are removed.
            lines.extend(new_line.take());
        } else {
            lines.push(line);
        }
    }
    // The user had no line, so the new one is added at the end.
    lines.extend(new_line);
    (lines.iter().flat_map(|line| [*line, "\n"]).collect(), was_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGON: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA";
    const BCRYPT: &str = "$2y$05$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O";

    #[test]
    fn lines_have_two_to_four_parts() {
        let listed = parse(&format!(
            "# people\n\nada:{ARGON}\nGrace:{BCRYPT}:grace@example.org\nroot:{ARGON}::admin\n"
        ));
        assert_eq!(listed.problems, []);
        assert_eq!(listed.entries["ada"].hash, ARGON);
        assert_eq!(listed.entries["grace"].email.as_deref(), Some("grace@example.org"));
        assert_eq!(listed.entries["root"].access_level, Some(AccessLevel::Admin));
    }

    #[test]
    fn a_broken_line_is_named_with_its_number_and_the_rest_works() {
        let listed = parse(&format!(
            "ada:{ARGON}\nno hash\nx y:{ARGON}\nmd5:$apr1$abc\nplain:secret\nada:{BCRYPT}\ng:{ARGON}:nomail\nhh:{ARGON}::boss\nii:{ARGON}:a@b.c:user:x\nzoe:{BCRYPT}\nslow:$2y$31$abcdefghijklmnopqrstuuUxkRmdgyp4jvPHJU0xq6g7RCoSrkm5O\n"
        ));
        assert_eq!(listed.entries.keys().collect::<Vec<_>>(), ["ada", "zoe"]);
        assert_eq!(
            listed.problems.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
            [2, 3, 4, 5, 6, 7, 8, 9, 11]
        );
        assert!(
            listed.problems.iter().all(|(_, why)| !why.contains("secret")),
            "a problem shows no password"
        );
    }

    #[test]
    fn adding_and_removing_keep_the_other_lines() {
        let entry = |name: &str, hash: &str| UsersFileEntry {
            username: name.into(),
            hash: hash.into(),
            email: None,
            access_level: Some(AccessLevel::User),
        };
        assert_eq!(insert_line("", &entry("ada", ARGON)), format!("ada:{ARGON}::user\n"));
        let text = format!("# ours\nada:{ARGON}\nbroken\nGrace:{ARGON}");
        let text = insert_line(&text, &entry("ada", BCRYPT));
        assert_eq!(text, format!("# ours\nada:{BCRYPT}::user\nbroken\nGrace:{ARGON}\n"));
        assert_eq!(
            remove_line(&text, "grace"),
            Some(format!("# ours\nada:{BCRYPT}::user\nbroken\n"))
        );
        assert_eq!(remove_line(&text, "nobody"), None);
    }
}
