//! One item as a tile: its picture, its shape, and what to show until the picture has come.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::format::{Size, When, count_of, duration, kind_icon, size, when};
use crate::domain::previews;
use crate::http::media_response::preview_path;
use crate::media::sniff::is_shown_inline;
use crate::model::item::ItemKind;
use crate::model::{Item, PreviewState, ScanStatus, Time, Track, now};
use crate::state::Services;

/// One item on a shelf.
pub struct Tile {
    pub id: String,
    pub name: String,
    pub kind: &'static str,
    pub icon: &'static str,
    pub picture: Option<Picture>,
    /// A preview is being made.
    pub is_waiting: bool,
    /// The class with the picture's shape.
    pub shape: String,
    /// What to show until the picture has come.
    pub color: Option<String>,
    /// Where the file itself is, if a browser can show it in place.
    pub original: Option<String>,
    pub is_favorite: bool,
    pub is_missing: bool,
    pub duration: Option<String>,
    pub size: Size,
    pub added: When,
    /// Days until the trash forgets it.
    pub days_left: Option<String>,
    /// Set on the first of a month.
    pub heading: Option<Heading>,
    /// What a recording is called, where it can be played.
    pub song: Option<TrackLabel>,
    /// Among the first of a page: its picture is not waited with.
    pub is_eager: bool,
    /// It stands on the same page before.
    pub is_repeated: bool,
}

/// What a recording is called and whose it is; empty where nobody knows.
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

pub struct Heading {
    pub text: String,
    /// `2024-05`.
    pub month: String,
    pub count: Option<String>,
}

/// A preview in its sizes.
pub struct Picture {
    pub small: String,
    pub middle: String,
    pub large: String,
    /// Pixels of the item as it is shown.
    pub width: i32,
    pub height: i32,
    /// Widths of the three, in pixels.
    pub widths: [i32; 3],
    /// How wide it stands in a grid of middling tiles, for the browser's choice.
    pub sizes: String,
}

impl Picture {
    /// `None` while there is none.
    pub fn from_item(item: &Item) -> Option<Self> {
        if item.preview != PreviewState::Ready {
            return None;
        }
        let at = |side| preview_path("/media", item, side);
        let (width, height) = (item.width.unwrap_or(4).max(1), item.height.unwrap_or(3).max(1));
        let scaled = |side: i32| {
            let longest = width.max(height);
            if longest <= side {
                width
            } else {
                (i64::from(width) * i64::from(side) / i64::from(longest)).try_into().unwrap_or(side).max(1)
            }
        };
        let row = i64::from(ROW_HEIGHT) * i64::from(width) / i64::from(height);
        Some(Self {
            small: at(320)?,
            middle: at(640)?,
            large: at(1280)?,
            width,
            height,
            widths: [scaled(320), scaled(640), scaled(1280)],
            sizes: format!("(max-width: 640px) {}px, {}px", (row / 2).clamp(40, 640), row.clamp(80, 1280)),
        })
    }
}

/// Pictures of a page that are asked for at once.
const EAGER_TILES: usize = 8;
/// How high a row of a middling grid is, in CSS pixels.
const ROW_HEIGHT: i32 = 200;

/// The class of the shape nearest to the picture's: its width over its height in twentieths, as the style sheet has them.
fn shape_class(item: &Item) -> String {
    let (Some(width), Some(height)) = (item.width, item.height) else { return "s27".into() };
    let twentieths = (i64::from(width) * 20 + i64::from(height) / 2) / i64::from(height.max(1));
    let known = match twentieths {
        51..60 => 55,
        60..75 => 65,
        75.. => 80,
        few => few.max(8),
    };
    format!("s{known}")
}

/// The average colour of an item's placeholder, as CSS writes it.
fn placeholder_color(item: &Item) -> Option<String> {
    let hash = STANDARD_NO_PAD.decode(item.placeholder.as_deref()?).ok()?;
    let (red, green, blue, opacity) = thumbhash::thumb_hash_to_average_rgba(&hash).ok()?;
    // Behind what can be seen through it would stay to be seen.
    if opacity < 0.99 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    let byte = |part: f32| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
    Some(format!("#{:02x}{:02x}{:02x}", byte(red), byte(green), byte(blue)))
}

impl Tile {
    pub fn from_item(item: &Item, track: Option<&Track>, services: &Services) -> Self {
        let is_open = item.scan != ScanStatus::Pending && !item.is_missing;
        let original = (is_open && is_shown_inline(&item.mime)).then(|| format!("/media/{}", item.id));
        Self {
            id: item.id.to_string(),
            name: item.name.clone(),
            kind: item.kind.as_str(),
            icon: kind_icon(item.kind),
            picture: Picture::from_item(item).filter(|_| is_open),
            is_waiting: is_open && item.preview == PreviewState::Waiting && previews::is_enabled(services),
            shape: shape_class(item),
            color: placeholder_color(item),
            song: (item.kind == ItemKind::Audio && original.is_some()).then(|| TrackLabel::from_track(item, track)),
            original,
            is_favorite: item.favorite,
            is_missing: item.is_missing,
            duration: item.duration_ms.filter(|_| item.kind != ItemKind::Photo).map(duration),
            size: size(item.size),
            added: when(item.created_at),
            days_left: item.trashed_at.map(|at| days_left(at, services.settings.trash_days)),
            heading: None,
            is_eager: false,
            is_repeated: false,
        }
    }

    /// Tiles of a page; what they have to show of is made first.
    pub fn from_items(items: &[Item], tracks: &[Track], services: &Services) -> Vec<Self> {
        let waiting = items.iter().filter(|item| item.preview == PreviewState::Waiting);
        services.preview_queue.prioritize(waiting.map(|item| item.id));
        let mut tiles: Vec<Self> = items.iter().map(|item| Self::from_item(item, find_track(item, tracks), services)).collect();
        tiles.iter_mut().take(EAGER_TILES).for_each(|tile| tile.is_eager = true);
        tiles
    }
}

pub fn find_track<'a>(item: &Item, tracks: &'a [Track]) -> Option<&'a Track> {
    tracks.iter().find(|track| track.item_id == item.id)
}

/// `30 days left`, the last one as a whole.
pub fn days_left(trashed_at: Time, trash_days: u32) -> String {
    let left = trashed_at + time::Duration::days(trash_days.into()) - now();
    format!("{} left", count_of((left.whole_hours() + 24).div_euclid(24).max(0), "day"))
}
