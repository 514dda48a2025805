//! When an item was taken: where the time comes from, and how exactly it is known.

use super::text_enum::text_enum;
use crate::media::{Precision, TakenIn};
use crate::msg;

/// Where the time of an item comes from.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum TakenSource {
    /// Nothing says when it was taken, so it is the time of the upload.
    Upload,
    Exif,
    Xmp,
    Iptc,
    QuickTime,
    Container,
    /// A file beside it.
    Sidecar,
    /// The name of the file.
    Name,
    /// The sender's date of the file.
    File,
    /// The owner.
    Edited,
}
text_enum!(TakenSource {
    Upload = "upload",
    Exif = "exif",
    Xmp = "xmp",
    Iptc = "iptc",
    QuickTime = "quicktime",
    Container = "container",
    Sidecar = "sidecar",
    Name = "name",
    File = "file",
    Edited = "edited",
});

impl TakenPrecision {
    /// Whether the day is known.
    #[must_use]
    pub const fn is_day_known(self) -> bool {
        matches!(self, Self::Second | Self::Day)
    }
}

impl From<TakenIn> for TakenSource {
    fn from(found_in: TakenIn) -> Self {
        match found_in {
            TakenIn::Exif => Self::Exif,
            TakenIn::Xmp => Self::Xmp,
            TakenIn::Iptc => Self::Iptc,
            TakenIn::QuickTime => Self::QuickTime,
            TakenIn::Container => Self::Container,
        }
    }
}

impl TakenSource {
    /// In words, for the page of an item; `None` for a time that the camera recorded, which needs no explanation.
    #[must_use]
    pub const fn in_words(self) -> Option<&'static str> {
        match self {
            Self::Exif | Self::Xmp | Self::Iptc | Self::QuickTime | Self::Container => None,
            Self::Sidecar => Some(msg!("from the file beside it")),
            Self::Name => Some(msg!("from the file name")),
            Self::File => Some(msg!("from the date of the file")),
            Self::Upload => Some(msg!("date of the upload")),
            Self::Edited => Some(msg!("set by hand")),
        }
    }
}

/// How exactly the time of an item is known; see [`Precision`].
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub enum TakenPrecision {
    Second,
    Day,
    Month,
    Year,
}
text_enum!(TakenPrecision { Second = "second", Day = "day", Month = "month", Year = "year" });

impl From<TakenPrecision> for Precision {
    fn from(precision: TakenPrecision) -> Self {
        match precision {
            TakenPrecision::Second => Self::Second,
            TakenPrecision::Day => Self::Day,
            TakenPrecision::Month => Self::Month,
            TakenPrecision::Year => Self::Year,
        }
    }
}

impl From<Precision> for TakenPrecision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::Second => Self::Second,
            Precision::Day => Self::Day,
            Precision::Month => Self::Month,
            Precision::Year => Self::Year,
        }
    }
}
