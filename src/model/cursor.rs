//! Cursors for keyset pagination: a list continues where it was, whatever was added in the meantime.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Item, ItemId, Sort, Time, WallClock};

/// The sort key and id of the last item of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    Time(Time, ItemId),
    Clock(WallClock, ItemId),
    Name(String, ItemId),
    Size(i64, ItemId),
}

impl Cursor {
    /// The position after `item` in this order.
    #[must_use]
    pub fn after_item(item: &Item, sort: Sort) -> Self {
        match sort {
            Sort::Newest | Sort::Oldest => Self::Clock(item.shown_at, item.id),
            Sort::Recent => Self::Time(item.recent_at, item.id),
            Sort::Trashed => Self::Time(item.trashed_at.unwrap_or(item.created_at), item.id),
            Sort::Name | Sort::NameReversed => Self::Name(item.name_key.clone(), item.id),
            Sort::Largest | Sort::Smallest => Self::Size(item.size, item.id),
        }
    }

    /// Encodes the cursor for a URL.
    #[must_use]
    pub fn encode(&self) -> String {
        let text = match self {
            Self::Time(time, id) => {
                format!("t{}.{id}", time.assume_utc().unix_timestamp_nanos() / 1000)
            }
            Self::Clock(clock, id) => format!("c{}.{id}", clock.0),
            Self::Name(name, id) => format!("n{name}.{id}"),
            Self::Size(size, id) => format!("s{size}.{id}"),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Decodes a cursor of a list in this order; `None` for any other text. The decoded text is a letter for the kind
    /// of key, the key, a dot and the item id.
    #[must_use]
    pub fn decode(text: &str, sort: Sort) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        // From the right, because a name may contain dots.
        let (value, id) = text.rsplit_once('.')?;
        let id = ItemId::parse(id)?;
        match sort {
            Sort::Newest | Sort::Oldest => {
                Some(Self::Clock(WallClock(value.strip_prefix('c')?.parse().ok()?), id))
            }
            Sort::Recent | Sort::Trashed => {
                let micros: i64 = value.strip_prefix('t')?.parse().ok()?;
                let at = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
                    .ok()?;
                Some(Self::Time(Time::new(at.date(), at.time()), id))
            }
            Sort::Name | Sort::NameReversed => {
                Some(Self::Name(value.strip_prefix('n')?.to_owned(), id))
            }
            Sort::Largest | Sort::Smallest => {
                Some(Self::Size(value.strip_prefix('s')?.parse().ok()?, id))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_round_trips() {
        let id = ItemId::new();
        for (cursor, sort) in [
            (Cursor::Time(crate::model::now(), id), Sort::Recent),
            (Cursor::Clock(WallClock(-5), id), Sort::Newest),
            (Cursor::Name("a.b – ü.jpg".into(), id), Sort::Name),
            (Cursor::Size(-3, id), Sort::Largest),
        ] {
            assert_eq!(Cursor::decode(&cursor.encode(), sort), Some(cursor));
        }
    }

    #[test]
    fn a_cursor_of_another_order_is_rejected() {
        let name = Cursor::Name("a".into(), ItemId::new()).encode();
        for text in ["", "x", "////", &name] {
            assert_eq!(Cursor::decode(text, Sort::Newest), None, "{text}");
        }
    }
}
