//! Finding the people to share with.

use crate::db::Conn;
use crate::error::Result;
use crate::model::{Status, User};
use crate::state::Services;
use crate::store;
use crate::text_fold::fold;

/// People in one list.
const MAX_PEOPLE: i64 = 500;

/// The other active users, by name, if users of this server may know each other.
///
/// # Errors
/// Database errors.
pub fn list(services: &Services, user: &User) -> Result<Vec<User>> {
    if !services.settings.lists_people {
        return Ok(Vec::new());
    }
    let mut people =
        services.db.read(|conn| Ok(store::people::list_active_by_name(conn, MAX_PEOPLE)?))?;
    people.retain(|person| person.id != user.id);
    Ok(people)
}

/// Those of [`list`] whose name or username contains these words.
///
/// # Errors
/// Database errors.
pub fn search(services: &Services, user: &User, words: &str) -> Result<Vec<User>> {
    let folded = |text: &str| fold(text).collect::<String>();
    let words: Vec<String> = words.split_whitespace().map(folded).collect();
    let mut people = list(services, user)?;
    people.retain(|person| {
        let text = folded(&format!("{} {} {}", person.firstname, person.lastname, person.username));
        words.iter().all(|word| text.contains(word.as_str()))
    });
    Ok(people)
}

/// The active user with this username; an e-mail address finds nobody.
pub(super) fn find(conn: &mut Conn, username: &str) -> Result<Option<User>> {
    let username = username.trim().trim_start_matches('@');
    if username.contains('@') {
        return Ok(None);
    }
    let user = store::users::find_by_login(conn, username)?;
    Ok(user.filter(|user| user.status == Status::Active))
}
