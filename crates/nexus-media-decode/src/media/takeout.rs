//! The JSON files that Google Takeout puts beside photos and videos.

use serde::Deserialize;

use super::metadata::{Metadata, clean_text};
use super::taken_at::{TakenAt, TakenIn};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TakeoutFile {
    title: Option<String>,
    description: Option<String>,
    photo_taken_time: Option<TakeoutTime>,
    geo_data: Option<TakeoutPlace>,
    geo_data_exif: Option<TakeoutPlace>,
    #[serde(default)]
    favorited: bool,
    #[serde(default)]
    people: Vec<TakeoutPerson>,
}

#[derive(Deserialize)]
struct TakeoutTime {
    timestamp: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
struct TakeoutPlace {
    latitude: f64,
    longitude: f64,
}

impl TakeoutPlace {
    /// Zeros stand for an unknown place.
    fn known(self) -> Option<Self> {
        (self.latitude != 0.0 || self.longitude != 0.0).then_some(self)
    }
}

#[derive(Deserialize)]
struct TakeoutPerson {
    name: Option<String>,
}

/// Reads a file of Google Takeout. `None` for other JSON.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Metadata> {
    let file: TakeoutFile = serde_json::from_slice(bytes).ok()?;
    // Other JSON has no such field.
    let taken = file.photo_taken_time?;
    // Seconds since 1970, in UTC.
    let taken = taken
        .timestamp
        .and_then(|seconds| seconds.parse::<i64>().ok()?.checked_mul(1000))
        .map(|local_ms| {
            TakenAt { local_ms, is_utc: true, ..TakenAt::default() }.found_in(TakenIn::Container)
        })
        .filter(|taken| taken.is_plausible() && !taken.is_unset_clock());

    let place = file.geo_data.and_then(TakeoutPlace::known);
    let place = place.or_else(|| file.geo_data_exif.and_then(TakeoutPlace::known));
    let metadata = Metadata {
        taken,
        caption: file.description,
        latitude: place.map(|place| place.latitude),
        longitude: place.map(|place| place.longitude),
        keywords: file.people.into_iter().filter_map(|person| person.name).collect(),
        describes: file.title,
        is_favorite: file.favorited,
        ..Metadata::default()
    };
    Some(metadata.bounded())
}

#[derive(Deserialize)]
struct TakeoutAlbum {
    title: String,
}

/// The title in the file that describes an album. `None` for other JSON.
#[must_use]
pub fn album_title(bytes: &[u8]) -> Option<String> {
    let album: TakeoutAlbum = serde_json::from_slice(bytes).ok()?;
    clean_text(&album.title, 190)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_place_description_people_and_mark_are_read() {
        let text = r#"{"title":"IMG_1.jpg","description":"At the lake","photoTakenTime":{"timestamp":"1562247012","formatted":"x"},
            "geoData":{"latitude":0.0,"longitude":0.0},"geoDataExif":{"latitude":48.2,"longitude":16.37,"altitude":1.0},
            "favorited":true,"people":[{"name":"Anna"}],"url":"https://example.org"}"#;
        let read = read(text.as_bytes()).unwrap();
        assert_eq!(
            read.taken.map(|taken| (taken.local_ms, taken.is_utc)),
            Some((1_562_247_012_000, true))
        );
        assert_eq!((read.latitude, read.longitude), (Some(48.2), Some(16.37)));
        assert_eq!(
            (read.caption.as_deref(), read.describes.as_deref()),
            (Some("At the lake"), Some("IMG_1.jpg"))
        );
        assert_eq!((read.keywords, read.is_favorite), (vec!["Anna".to_owned()], true));
    }

    #[test]
    fn other_json_is_none() {
        for text in ["", "{}", "[1]", r#"{"title":"album"}"#, r#"{"photoTakenTime":5}"#] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(album_title(br#"{"title":"Croatia"}"#).as_deref(), Some("Croatia"));
        assert_eq!(album_title(br#"{"title":""}"#), None);
    }
}
