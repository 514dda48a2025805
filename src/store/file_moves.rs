//! `file_moves`: the journal of renames on disk that are not reflected in the rows yet.

use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::file_moves;
use crate::model::id::MoveId;
use crate::model::{Time, UserId};
use crate::storage::FileLocation;

/// A rename in progress. `subject` is the id of the item or directory; it is unique, so each moves once at a time.
#[derive(Debug, Clone)]
pub struct FileMove {
    pub id: MoveId,
    pub user_id: UserId,
    pub subject: MoveId,
    pub from: FileLocation,
    pub to: FileLocation,
}

/// Inserts the journal entry of a move before the file or directory is renamed, so that the rename can be undone after
/// a crash. The subject is the id of the item or directory that is moved.
///
/// # Errors
/// `UniqueViolation` when the subject is already being moved.
pub fn insert(conn: &mut Conn, new: &FileMove, at: Time) -> QueryResult<usize> {
    diesel::insert_into(file_moves::table)
        .values((
            file_moves::id.eq(new.id),
            file_moves::user_id.eq(new.user_id),
            file_moves::subject.eq(new.subject),
            file_moves::from_directory.eq(new.from.directory_text()),
            file_moves::from_name.eq(new.from.name().to_owned()),
            file_moves::to_directory.eq(new.to.directory_text()),
            file_moves::to_name.eq(new.to.name().to_owned()),
            file_moves::started_at.eq(at),
        ))
        .execute(conn)
}

pub fn delete(conn: &mut Conn, id: MoveId) -> QueryResult<usize> {
    diesel::delete(file_moves::table.find(id)).execute(conn)
}

/// Returns whether a file is being moved to this location.
pub fn is_going_to(conn: &mut Conn, place: &FileLocation) -> QueryResult<bool> {
    let going = file_moves::table
        .filter(file_moves::to_directory.eq(place.directory_text()))
        .filter(file_moves::to_name.eq(place.name().to_owned()));
    Ok(going.count().get_result::<i64>(conn)? > 0)
}

/// Returns whether that item or directory is being moved away from this location.
pub fn is_moving_from(conn: &mut Conn, subject: MoveId, place: &FileLocation) -> QueryResult<bool> {
    let moving = file_moves::table
        .filter(file_moves::subject.eq(subject))
        .filter(file_moves::from_directory.eq(place.directory_text()))
        .filter(file_moves::from_name.eq(place.name().to_owned()));
    Ok(moving.count().get_result::<i64>(conn)? > 0)
}

/// Lists all entries, the newest first, so that they can be rolled back in reverse order.
pub fn list(conn: &mut Conn) -> QueryResult<Vec<FileMove>> {
    type Row = (MoveId, UserId, MoveId, String, String, String, String);

    let rows: Vec<Row> = file_moves::table
        .select((
            file_moves::id,
            file_moves::user_id,
            file_moves::subject,
            file_moves::from_directory,
            file_moves::from_name,
            file_moves::to_directory,
            file_moves::to_name,
        ))
        .order(file_moves::id.desc())
        .load(conn)?;

    Ok(rows
        .into_iter()
        .map(|(id, user_id, subject, from_directory, from_name, to_directory, to_name)| FileMove {
            id,
            user_id,
            subject,
            from: FileLocation::from_text(&from_directory, &from_name),
            to: FileLocation::from_text(&to_directory, &to_name),
        })
        .collect())
}
