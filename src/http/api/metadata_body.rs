//! What is known of the content of a file, in responses of the API.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{City, ItemDetails};

/// What a file and its owner say about it. Values that are unknown are missing.
#[derive(Serialize, ToSchema, Default)]
#[schema(as = Metadata)]
pub struct MetadataBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    tags: Vec<String>,
    /// Photographer or musician; several are separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    artist: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    album: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    album_artist: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    genre: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lens: Option<String>,
    /// City, region, country.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// Degrees; north is positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    /// Degrees; east is positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
    /// The city at this position, or the nearest one.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'static str>,
    /// ISO 3166.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_codec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_codec: Option<String>,
    /// The file is cut off or damaged; the preview shows what could be decoded.
    is_damaged: bool,
    /// Why there is no preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview_error: Option<String>,
}

impl MetadataBody {
    /// Creates a body from an item's metadata.
    pub fn from_details(details: ItemDetails) -> Self {
        let metadata = details.metadata;
        let position = metadata.latitude.zip(metadata.longitude);
        let city = position.and_then(|(north, east)| City::nearest(north, east));
        Self {
            title: metadata.title,
            description: metadata.caption,
            tags: metadata.keywords,
            artist: metadata.artist,
            album: metadata.album,
            album_artist: metadata.album_artist,
            genre: metadata.genre,
            camera: metadata.camera,
            lens: metadata.lens,
            place: metadata.place,
            latitude: metadata.latitude,
            longitude: metadata.longitude,
            city: city.map(|city| city.name),
            country: city.map(|city| city.country),
            video_codec: metadata.video_codec,
            audio_codec: metadata.audio_codec,
            is_damaged: metadata.is_damaged,
            preview_error: details.error,
        }
    }
}
