//! An item's metadata as lines of its page.

use crate::http::pages::components::format::{
    date, date_and_time, decimal_sign, duration, month_name, thousands,
};
use crate::language::t;
use crate::media::Metadata;
use crate::model::item::ItemKind;
use crate::model::item_place::place_name;
use crate::model::{City, Item, ItemDetails, TakenPrecision, TakenSource, WallClock};
use crate::{fill, msg};

/// One line of an item's page.
pub struct MetadataRow {
    pub label: &'static str,
    pub value: String,
    /// A search for similar items, or the place on the map.
    pub href: Option<String>,
    /// What is shown under the mouse.
    pub title: String,
}

fn row(label: &'static str, value: String) -> MetadataRow {
    MetadataRow { label, value, href: None, title: String::new() }
}

fn text_row(label: &'static str, value: Option<&String>) -> Option<MetadataRow> {
    value.map(|value| row(label, value.clone()))
}

fn searchable_row(label: &'static str, value: Option<&String>) -> Option<MetadataRow> {
    value.map(|value| {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("q", value).finish();
        MetadataRow { href: Some(format!("/search?{query}")), ..row(label, value.clone()) }
    })
}

/// How a photo, film or song was made: nothing that people have written, no place and no time.
pub fn technical_rows(item: &Item, details: &ItemDetails) -> Vec<MetadataRow> {
    const TECHNICAL: [&str; 13] = [
        msg!("Dimensions"),
        msg!("Pages"),
        msg!("Length"),
        msg!("Artist"),
        msg!("Album"),
        msg!("Genre"),
        msg!("Year"),
        msg!("Track"),
        msg!("Camera"),
        msg!("Lens"),
        msg!("Exposure"),
        msg!("Codec"),
        msg!("Quality"),
    ];
    let mut rows = metadata_rows(item, details);
    // The artist of a photo is a person.
    let is_song = item.kind == ItemKind::Audio;
    rows.retain(|row| TECHNICAL.contains(&row.label) && (is_song || row.label != msg!("Artist")));
    // Searches are pages of the owner.
    for row in &mut rows {
        row.href = None;
    }
    rows
}

/// All lines that have a value.
pub fn metadata_rows(item: &Item, details: &ItemDetails) -> Vec<MetadataRow> {
    let facts = &details.metadata;
    let size = item.width.zip(item.height);

    // In the order of the page; empty values are left out.
    let mut rows: Vec<Option<MetadataRow>> = vec![
        text_row(msg!("Title"), facts.title.as_ref()),
        text_row(msg!("Caption"), facts.caption.as_ref()),
        taken(item),
        size.map(|(width, height)| row(msg!("Dimensions"), pixels(width, height))),
        facts.pages.map(|pages| row(msg!("Pages"), thousands(pages.into()))),
        item.duration_ms.map(|length| row(msg!("Length"), duration(length))),
        searchable_row(msg!("Artist"), facts.artist.as_ref()),
        searchable_row(msg!("Album"), facts.album.as_ref()),
        text_row(msg!("Genre"), facts.genre.as_ref()),
        facts.year.map(|year| row(msg!("Year"), year.to_string())),
        track(facts),
        searchable_row(msg!("Camera"), facts.camera.as_ref()),
        searchable_row(msg!("Lens"), facts.lens.as_ref()),
        exposure(facts),
        searchable_row(msg!("Place"), facts.place.as_ref()),
        position(facts),
        codecs(facts),
        sound(facts),
    ];

    if !facts.keywords.is_empty() {
        rows.push(Some(row(msg!("Tags"), facts.keywords.join(", "))));
    }
    rows.into_iter().flatten().collect()
}

/// When a photo or video was taken, as exactly as it is known, and where the time comes from unless the camera said so.
fn taken(item: &Item) -> Option<MetadataRow> {
    if item.taken_source == TakenSource::Upload {
        return None;
    }
    let at = item.shown_at.time();
    let time = match item.taken_precision {
        TakenPrecision::Second => taken_row(item.shown_at, item.taken_offset),
        TakenPrecision::Day => date(at),
        TakenPrecision::Month => {
            fill!("about {month} {year}", month = month_name(at.month()), year = at.year())
        }
        TakenPrecision::Year => fill!("about {year}", year = at.year()),
    };
    let note = item.taken_source.in_words();
    Some(row(msg!("Taken"), note.map_or(time.clone(), |note| format!("{time}, {}", t(note)))))
}

fn taken_row(clock: WallClock, offset: Option<i16>) -> String {
    let at = clock.time();
    let zone = offset.map_or(String::new(), |minutes| match minutes {
        0 => " UTC".into(),
        minutes => {
            let sign = if minutes < 0 { '−' } else { '+' };
            format!(" (UTC{sign}{}:{:02})", minutes.abs() / 60, minutes.abs() % 60)
        }
    });
    format!("{}{zone}", date_and_time(at))
}

fn pixels(width: i32, height: i32) -> String {
    let all = i64::from(width) * i64::from(height);
    let size = format!("{width} × {height}");
    if all < 500_000 {
        size
    } else {
        format!("{size} ({}{}{} MP)", all / 1_000_000, decimal_sign(), all / 100_000 % 10)
    }
}

fn track(facts: &Metadata) -> Option<MetadataRow> {
    let track = facts.track?;
    Some(row(
        msg!("Track"),
        facts.disc.map_or(track.to_string(), |disc| {
            fill!("{track}, disc {disc}", track = track, disc = disc)
        }),
    ))
}

fn exposure(facts: &Metadata) -> Option<MetadataRow> {
    let iso = facts.iso.map(|iso| format!("ISO {iso}"));
    let parts = [facts.exposure.clone(), facts.aperture.clone(), iso, facts.focal_length.clone()];
    let present: Vec<String> = parts.into_iter().flatten().collect();
    (!present.is_empty()).then(|| row(msg!("Exposure"), present.join(" · ")))
}

fn position(facts: &Metadata) -> Option<MetadataRow> {
    let (north, east) = facts.latitude.zip(facts.longitude)?;
    let side = |degrees: f64, plus, minus| {
        format!("{:.5}° {}", degrees.abs(), if degrees < 0.0 { minus } else { plus })
    };
    let words = format!("{}, {}", side(north, 'N', 'S'), side(east, 'E', 'W'));
    let href = Some(format!("/map?at={north:.5},{east:.5},13"));
    match City::nearest(north, east) {
        Some(city) => {
            let name = place_name(city.name, city.country);
            Some(MetadataRow { href, title: words, ..row(msg!("Location"), name) })
        }
        None => Some(MetadataRow { href, ..row(msg!("Location"), words) }),
    }
}

fn codecs(facts: &Metadata) -> Option<MetadataRow> {
    let rate = facts.frame_rate.map(|rate| {
        let rate = format!("{rate:.2}");
        fill!("{rate} frames a second", rate = rate.trim_end_matches('0').trim_end_matches('.'))
    });
    let parts = [facts.video_codec.clone(), facts.audio_codec.clone(), rate];
    let present: Vec<String> = parts.into_iter().flatten().collect();
    (!present.is_empty()).then(|| row(msg!("Codec"), present.join(" · ")))
}

fn sound(facts: &Metadata) -> Option<MetadataRow> {
    let bits = facts.bit_rate.map(|bits| format!("{} kbit/s", thousands(bits / 1000)));
    let sample = facts
        .sample_rate
        .map(|rate| format!("{}{}{} kHz", rate / 1000, decimal_sign(), rate % 1000 / 100));
    let channels = facts.channels.map(|count| match count {
        1 => t("mono").into_owned(),
        2 => t("stereo").into_owned(),
        more => fill!("{more} channels", more = more),
    });
    let present: Vec<String> = [bits, sample, channels].into_iter().flatten().collect();
    (!present.is_empty()).then(|| row(msg!("Quality"), present.join(" · ")))
}

/// Codecs for which no warning is shown; browser support for others varies.
const PLAYABLE_CODECS: [&str; 5] = ["h264", "vp8", "vp9", "av1", "theora"];

/// Why a video may not play in this browser; `None` if its codec has not been determined or no problem is expected.
pub fn may_not_play(item: &Item, facts: &Metadata) -> Option<String> {
    let codec = facts.video_codec.as_deref().unwrap_or_default();
    // Some browsers play the codec but not this container.
    if item.mime == "video/x-matroska" && PLAYABLE_CODECS.contains(&codec) {
        return Some(
            msg!("Some browsers can't play Matroska videos. If it stays black, download it.")
                .into(),
        );
    }
    if codec.is_empty() || PLAYABLE_CODECS.contains(&codec) {
        return None;
    }

    let name = match codec {
        "hevc" => "HEVC (H.265)",
        "mpeg4" => "MPEG-4 Part 2",
        "mpeg2video" => "MPEG-2",
        "prores" => "ProRes",
        "mjpeg" => "Motion JPEG",
        other => other,
    };

    Some(fill!(
        "Only some browsers can play {name} videos. If it stays black, download it.",
        name = name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_said_in_words() {
        assert_eq!(
            taken_row(WallClock(1_714_979_289_000), Some(-330)),
            "6 May 2024, 07:08 (UTC−5:30)"
        );
        assert_eq!(pixels(6000, 4000), "6000 × 4000 (24.0 MP)");
        assert_eq!(pixels(200, 133), "200 × 133");
        let facts =
            Metadata { latitude: Some(-33.8568), longitude: Some(151.2153), ..Metadata::default() };
        let row = position(&facts).unwrap();
        assert_eq!(row.value, "Sydney, Australia");
        assert_eq!(row.title, "33.85680° S, 151.21530° E");
        assert_eq!(row.href.unwrap(), "/map?at=-33.85680,151.21530,13");
        let at_sea =
            Metadata { latitude: Some(30.0), longitude: Some(-40.0), ..Metadata::default() };
        assert_eq!(position(&at_sea).unwrap().value, "30.00000° N, 40.00000° W");
    }
}
