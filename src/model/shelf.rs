//! Shelves, which are views of a library, and sort orders.

use super::placement::Placement;
use super::text_enum::text_enum;
use crate::msg;

/// A view of a user's library.
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
pub enum Shelf {
    All,
    Photos,
    Videos,
    Audios,
    Uploads,
    Favorites,
    Recents,
    Trash,
    /// What visitors of share links have sent and its owner has not accepted yet.
    Received,
    /// Photos and videos together. No item has it in its row.
    Timeline,
    /// No page shows it: videos that are shown with the photo that was taken at the same moment, and files that this
    /// server wrote beside a photo.
    Motion,
}
text_enum!(Shelf {
    All = "all", Photos = "photos", Videos = "videos", Audios = "audios", Uploads = "uploads",
    Favorites = "favorites", Recents = "recents", Trash = "trash",
    Received = "received", Timeline = "timeline", Motion = "motion",
});

impl Shelf {
    /// Shelves that have a row in `shelf_counts`.
    pub const COUNTED: [Self; 8] = [
        Self::All,
        Self::Photos,
        Self::Videos,
        Self::Audios,
        Self::Uploads,
        Self::Favorites,
        Self::Trash,
        Self::Received,
    ];

    /// The standard directory whose contents the shelf shows.
    #[must_use]
    pub const fn directory_name(self) -> Option<&'static str> {
        match self {
            Self::Photos | Self::Timeline => Some("Photos"),
            Self::Videos => Some("Videos"),
            Self::Audios => Some("Audios"),
            Self::Uploads => Some("Uploads"),
            Self::Favorites => Some("Favorites"),
            Self::Recents => Some("Recents"),
            Self::Trash => Some("Trash"),
            Self::All | Self::Motion | Self::Received => None,
        }
    }

    /// The title shown to users.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::All => msg!("Everything"),
            Self::Photos | Self::Timeline => msg!("Photos"),
            Self::Videos => msg!("Videos"),
            Self::Audios => msg!("Music"),
            Self::Uploads => msg!("Files"),
            Self::Favorites => msg!("Favorites"),
            Self::Recents => msg!("Recent"),
            Self::Trash => msg!("Trash"),
            Self::Received => msg!("Received"),
            Self::Motion => msg!("Moving photos"),
        }
    }

    /// The shelves of which it consists.
    #[must_use]
    pub const fn parts(self) -> &'static [Self] {
        match self {
            Self::Timeline => &[Self::Photos, Self::Videos],
            Self::All => &[Self::All],
            Self::Photos => &[Self::Photos],
            Self::Videos => &[Self::Videos],
            Self::Audios => &[Self::Audios],
            Self::Uploads => &[Self::Uploads],
            Self::Favorites => &[Self::Favorites],
            Self::Recents => &[Self::Recents],
            Self::Trash => &[Self::Trash],
            Self::Received => &[Self::Received],
            Self::Motion => &[Self::Motion],
        }
    }

    /// Where its items are.
    #[must_use]
    pub const fn placement(self) -> Placement {
        match self {
            Self::Trash => Placement::Trash,
            Self::Received => Placement::Received,
            _ => Placement::Library,
        }
    }

    /// The order of a shelf that has only one.
    #[must_use]
    pub const fn fixed_sort(self) -> Option<Sort> {
        match self {
            Self::Recents | Self::Received => Some(Sort::Recent),
            Self::Trash => Some(Sort::Trashed),
            _ => None,
        }
    }
}

/// The order of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Newest,
    Oldest,
    Name,
    NameReversed,
    Largest,
    Smallest,
    /// By when it was added or opened; Recents and Received only.
    Recent,
    /// By when it was trashed; Trash only.
    Trashed,
}

impl Sort {
    /// Orders that users choose from a menu. The heads of columns offer the others, too.
    pub const CHOICES: [Self; 4] = [Self::Newest, Self::Oldest, Self::Name, Self::Largest];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Name => "name",
            Self::NameReversed => "name-desc",
            Self::Largest => "largest",
            Self::Smallest => "smallest",
            Self::Recent => "recent",
            Self::Trashed => "trashed",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let by_column = [Self::NameReversed, Self::Smallest];
        Self::CHOICES.into_iter().chain(by_column).find(|sort| sort.as_str() == word)
    }

    /// The opposite of an order by date.
    #[must_use]
    pub const fn reversed(self) -> Option<Self> {
        match self {
            Self::Newest => Some(Self::Oldest),
            Self::Oldest => Some(Self::Newest),
            _ => None,
        }
    }

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Newest => msg!("Newest first"),
            Self::Oldest => msg!("Oldest first"),
            Self::Name => msg!("By name"),
            Self::NameReversed => msg!("By name, reversed"),
            Self::Largest => msg!("Largest first"),
            Self::Smallest => msg!("Smallest first"),
            Self::Recent => msg!("Recently opened or added"),
            Self::Trashed => msg!("Recently deleted"),
        }
    }
}
