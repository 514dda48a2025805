//! Where pages of the activity of an album begin, as clients name it.

use crate::model::{Cursor, ItemId, Sort, Time};

/// Encodes where a page of the activity begins, for clients.
#[must_use]
pub fn encode_position(before: Time) -> String {
    Cursor::Time(before, ItemId(uuid::Uuid::nil())).encode()
}

/// Decodes where a page of the activity begins.
#[must_use]
pub fn decode_position(text: &str) -> Option<Time> {
    match Cursor::decode(text, Sort::Recent)? {
        Cursor::Time(before, _) => Some(before),
        _ => None,
    }
}
