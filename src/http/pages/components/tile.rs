//! One item as a tile: its thumbnail, its shape, and its placeholder.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::format::{
    Size, When, count_of, date, date_and_time, duration, kind_icon, month_and_year, month_name,
    short_month_name, short_weekday_name, size, when,
};
use crate::domain::previews;
use crate::fill;
use crate::http::media_response::{full_size_path, motion_path, preview_path};
use crate::media::sniff::is_shown_inline;
use crate::model::item::ItemKind;
use crate::model::{
    Gives, Item, PreviewState, ScanStatus, TakenPrecision, Time, TimeZone, Track, now,
};
use crate::state::Services;

/// One item in a list.
pub struct Tile {
    pub id: String,
    pub name: String,
    pub kind: &'static str,
    pub icon: &'static str,
    pub picture: Option<Picture>,
    /// The preview is still being made.
    pub is_waiting: bool,
    /// The CSS class with the thumbnail's aspect ratio.
    pub shape: String,
    /// The placeholder colour while the thumbnail loads.
    pub color: Option<String>,
    /// The address of its page.
    pub href: String,
    /// The address of the file.
    pub file: String,
    /// Whether the file may be downloaded.
    pub may_save: bool,
    /// Whose it is, if it is not the user's.
    pub owner: Option<String>,
    /// The address of the file itself, if a browser can display it.
    pub original: Option<String>,
    /// The address of the video of a moving photo.
    pub motion: Option<String>,
    pub is_favorite: bool,
    pub is_missing: bool,
    pub duration: Option<String>,
    pub size: Size,
    pub added: When,
    /// When it was taken, as exactly as it is known: `4 August 2018, 15:20`. Empty for what is not taken.
    pub taken: String,
    /// Days until the trash is purged of it.
    pub flag: Option<String>,
    /// Set on the first tile of a month.
    pub heading: Option<Heading>,
    /// Title and artist, where the recording can be played.
    pub song: Option<TrackLabel>,
    /// Among the first of a page: its thumbnail is not loaded lazily.
    pub is_eager: bool,
    /// The same item may already be on this page.
    pub is_repeated: bool,
    /// Whether it can be part of a selection.
    pub is_selectable: bool,
}

/// Where the page and the bytes of an item are, and which of these the user gets.
pub struct Source {
    /// Before the id, without a slash.
    pub pages: String,
    /// After the id of a page.
    pub query: String,
    pub media: String,
    pub gives: Gives,
    /// Whose it is, if it is not the user's.
    pub owner: Option<String>,
}

impl Source {
    /// The user's own library.
    pub fn own() -> Self {
        Self {
            pages: "/items".into(),
            query: String::new(),
            media: "/media".into(),
            gives: Gives::Originals,
            owner: None,
        }
    }

    /// What is reached below an address, such as that of a grant.
    pub fn below(base: &str, gives: Gives, owner: String) -> Self {
        Self {
            pages: format!("{base}/items"),
            media: format!("{base}/media"),
            gives,
            owner: Some(owner),
            ..Self::own()
        }
    }

    pub fn page_of(&self, item: &Item) -> String {
        format!("{}/{}{}", self.pages, item.id, self.query)
    }
}

/// A recording's title and artist; empty where unknown.
pub struct TrackLabel {
    pub title: String,
    pub artist: String,
    pub album: String,
}

impl TrackLabel {
    pub fn from_track(item: &Item, track: Option<&Track>) -> Self {
        Self {
            title: track.map_or_else(|| item.name.clone(), |track| track.title.clone()),
            artist: track.map(|track| track.artist.clone()).unwrap_or_default(),
            album: track.map(|track| track.album.clone()).unwrap_or_default(),
        }
    }
}

/// What is above a tile that is the first of its month or day.
pub struct Heading {
    pub month: Option<MonthHeading>,
    pub day: Option<DayHeading>,
}

pub struct MonthHeading {
    pub text: String,
    /// `2024-05`.
    pub month: String,
    pub count: Option<String>,
}

pub struct DayHeading {
    /// `Sat 4 Aug`.
    pub text: String,
    /// `2024-08-04`; without the day for items of which only the month is known.
    pub day: String,
}

impl DayHeading {
    /// The heading of the day on which an item was taken, as exactly as it is known.
    pub fn from_item(item: &Item) -> Self {
        let at = item.shown_at.time();
        let month = item.shown_at.month().iso();
        match item.taken_precision {
            TakenPrecision::Year => Self {
                text: fill!("Sometime in {year}", year = at.year()),
                day: format!("{month}-year"),
            },
            TakenPrecision::Month => Self {
                text: fill!("Sometime in {month}", month = month_name(at.month())),
                day: format!("{month}-month"),
            },
            TakenPrecision::Day | TakenPrecision::Second => Self {
                text: fill!(
                    "{weekday} {day} {month}",
                    weekday = short_weekday_name(at.weekday()),
                    day = at.day(),
                    month = short_month_name(at.month())
                ),
                day: format!("{month}-{:02}", at.day()),
            },
        }
    }
}

/// A thumbnail in its three sizes.
pub struct Picture {
    pub small: String,
    pub middle: String,
    pub large: String,
    /// Size of the original in pixels, as displayed.
    pub width: i32,
    pub height: i32,
    /// Widths of the three sizes, in pixels.
    pub widths: [i32; 3],
    /// The `sizes` attribute for a grid of medium tiles.
    pub sizes: String,
}

impl Picture {
    /// Creates the addresses and sizes of an item's thumbnail in its three sizes; `None` while the item has no preview.
    pub fn from_item(item: &Item) -> Option<Self> {
        Self::from_item_at(item, "/media")
    }

    /// As [`Picture::from_item`], for an item whose bytes are below another address.
    pub fn from_item_at(item: &Item, media: &str) -> Option<Self> {
        if item.preview != PreviewState::Ready {
            return None;
        }
        let at = |side| preview_path(media, item, side);
        // Without a size, 4:3.
        let (width, height) = (item.width.unwrap_or(4).max(1), item.height.unwrap_or(3).max(1));

        // The longest side decides about the scale.
        let scaled = |side: i32| {
            let longest = width.max(height);
            if longest <= side {
                width
            } else {
                (i64::from(width) * i64::from(side) / i64::from(longest))
                    .try_into()
                    .unwrap_or(side)
                    .max(1)
            }
        };

        // Rows have a fixed height, so the width follows from the aspect ratio.
        let row = i64::from(ROW_HEIGHT) * i64::from(width) / i64::from(height);

        Some(Self {
            small: at(320)?,
            middle: at(640)?,
            large: at(1280)?,
            width,
            height,
            widths: [scaled(320), scaled(640), scaled(1280)],
            // For the sizes attribute of the image; on narrow screens, half the width is assumed.
            sizes: format!(
                "(max-width: 640px) {}px, {}px",
                (row / 2).clamp(40, 640),
                row.clamp(80, 1280),
            ),
        })
    }
}

/// How many thumbnails of a page are not loaded lazily.
const EAGER_TILES: usize = 8;
/// Height of a row in a medium grid, in CSS pixels.
const ROW_HEIGHT: i32 = 200;

/// The CSS class of the nearest aspect ratio, in twentieths.
fn shape_class(item: &Item) -> String {
    // Without a size, about 4:3.
    let (Some(width), Some(height)) = (item.width, item.height) else { return "s27".into() };
    // Adding half the height rounds to the nearest twentieth.
    let twentieths = (i64::from(width) * 20 + i64::from(height) / 2) / i64::from(height.max(1));
    // The style sheet has a class for each twentieth from 8 to 50, and then only 55, 65 and 80.
    let ratio = match twentieths {
        51..60 => 55,
        60..75 => 65,
        75.. => 80,
        few => few.max(8),
    };
    format!("s{ratio}")
}

/// `4 August 2018, 15:20`, or a part of it.
fn taken_text(item: &Item) -> String {
    if !matches!(item.kind, ItemKind::Photo | ItemKind::Video) {
        return String::new();
    }
    let at = item.shown_at.time();
    match item.taken_precision {
        TakenPrecision::Year => at.year().to_string(),
        TakenPrecision::Month => month_and_year(item.shown_at.month()),
        TakenPrecision::Day => date(at),
        TakenPrecision::Second => date_and_time(at),
    }
}

/// The placeholder's average colour as a CSS value.
fn placeholder_color(item: &Item) -> Option<String> {
    let hash = STANDARD_NO_PAD.decode(item.placeholder.as_deref()?).ok()?;
    let (red, green, blue, opacity) = thumbhash::thumb_hash_to_average_rgba(&hash).ok()?;
    // A placeholder behind a transparent picture would stay visible.
    if opacity < 0.99 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 255"
    )]
    let byte = |part: f32| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
    Some(format!("#{:02x}{:02x}{:02x}", byte(red), byte(green), byte(blue)))
}

impl Tile {
    /// Creates the tile of an item; `track` contains the tags of a recording.
    pub fn from_item(
        item: &Item,
        track: Option<&Track>,
        services: &Services,
        zone: &TimeZone,
        source: &Source,
    ) -> Self {
        let media = source.media.as_str();
        // Of what is shared, a photo is shown as its preview, and a video or song is played, unless more is given.
        let least = match item.kind {
            ItemKind::Video | ItemKind::Audio => Gives::Stream,
            _ => Gives::Originals,
        };
        let is_given = source.gives >= least;
        // Files that wait for the scanner are not linked.
        let may_be_opened = item.scan != ScanStatus::Pending && !item.is_missing;
        // The address of the uploaded file itself, if browsers can show files of its type, or else of an image that they
        // can show.
        let original = (may_be_opened && is_shown_inline(&item.mime))
            .then(|| format!("{media}/{}", item.id))
            .or_else(|| full_size_path(media, item))
            .filter(|_| is_given);

        Self {
            id: item.id.to_string(),
            name: item.name.clone(),
            kind: item.kind.as_str(),
            icon: kind_icon(item.kind),
            href: source.page_of(item),
            file: format!("{media}/{}", item.id),
            may_save: source.gives == Gives::Originals && item.scan != ScanStatus::Pending,
            owner: source.owner.clone(),
            picture: Picture::from_item_at(item, media).filter(|_| may_be_opened),
            is_waiting: may_be_opened
                && item.preview == PreviewState::Waiting
                && previews::is_enabled(services),
            shape: shape_class(item),
            color: placeholder_color(item),
            song: (item.kind == ItemKind::Audio && original.is_some())
                .then(|| TrackLabel::from_track(item, track)),
            original,
            motion: motion_path(media, item).filter(|_| source.gives >= Gives::Stream),
            is_favorite: item.favorite,
            is_missing: item.is_missing,
            duration: item.duration_ms.filter(|_| item.kind != ItemKind::Photo).map(duration),
            size: size(item.size),
            added: when(item.created_at, zone),
            taken: taken_text(item),
            flag: item.trashed_at.map(|at| days_left(at, services.settings.trash_days)),
            // Defaults; a list of tiles changes these where needed.
            heading: None,
            is_eager: false,
            is_repeated: false,
            is_selectable: true,
        }
    }

    /// The tiles of a page.
    pub fn from_items(
        items: &[Item],
        tracks: &[Track],
        services: &Services,
        zone: &TimeZone,
    ) -> Vec<Self> {
        Self::from_items_of(items, tracks, services, zone, &|_| Source::own())
    }

    /// The tiles of a page of items that are reached in different ways.
    pub fn from_items_of(
        items: &[Item],
        tracks: &[Track],
        services: &Services,
        zone: &TimeZone,
        source: &dyn Fn(&Item) -> Source,
    ) -> Vec<Self> {
        let tile = |item: &Item| {
            Self::from_item(item, find_track(item, tracks), services, zone, &source(item))
        };
        let mut tiles: Vec<Self> = items.iter().map(tile).collect();
        tiles.iter_mut().take(EAGER_TILES).for_each(|tile| tile.is_eager = true);
        tiles
    }
}

pub fn find_track<'a>(item: &Item, tracks: &'a [Track]) -> Option<&'a Track> {
    tracks.iter().find(|track| track.item_id == item.id)
}

/// `30 days left`; a part of a day counts as a whole one.
pub fn days_left(trashed_at: Time, trash_days: u32) -> String {
    let left = trashed_at + time::Duration::days(trash_days.into()) - now();
    fill!("{count} left", count = count_of((left.whole_hours() + 24).div_euclid(24).max(0), "day"))
}
