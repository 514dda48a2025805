//! When an item was taken: the one rule.
//!
//! The first of these that is possible wins: what the owner said, the file beside it, the file itself, its name, the
//! sender's date of the file, the upload. Photos and videos are ordered by the clock where they were taken. Most videos
//! only keep UTC, which becomes local by the name, by the place, or by the owner's time zone.

use crate::media::{Metadata, Precision, TakenAt};
use crate::model::item::ItemKind;
use crate::model::item_annotations::Annotations;
use crate::model::{
    Item, TakenPrecision, TakenSource, Time, TimeZone, WallClock, file_name_date, now,
};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Clocks differ from UTC by a multiple of this.
const OFFSET_STEP_MS: i64 = 15 * MINUTE_MS;
/// How far a name may be from the time in the file: phones name a file before they write it.
const NAME_TOLERANCE_MS: i64 = 2 * MINUTE_MS;
/// 1980-01-02: file systems and archives that keep no time set the first of January.
const FIRST_FILE_DATE: i64 = 315_619_200_000;

/// When an item was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CaptureTime {
    pub at: WallClock,
    pub offset: Option<i16>,
    pub source: TakenSource,
    pub precision: TakenPrecision,
}

impl CaptureTime {
    fn new(taken: TakenAt, source: TakenSource) -> Self {
        Self {
            at: WallClock(taken.local_ms),
            offset: taken.offset,
            source,
            precision: taken.precision.into(),
        }
    }

    /// The item with this time.
    pub(crate) fn apply(self, item: Item) -> Item {
        Item {
            shown_at: self.at,
            taken_offset: self.offset,
            taken_source: self.source,
            taken_precision: self.precision,
            ..item
        }
    }
}

/// What is known of a file beside its content.
pub(crate) struct FileFacts<'a> {
    pub name: &'a str,
    pub kind: ItemKind,
    /// Milliseconds since 1970 in UTC.
    pub file_modified: Option<i64>,
    pub uploaded_at: Time,
    pub duration_ms: Option<u64>,
    /// The time so far, if it came from a name that the file no longer has.
    pub from_former_name: Option<CaptureTime>,
}

/// Decides when an existing item was taken.
pub(crate) fn of_item(
    item: &Item,
    metadata: &Metadata,
    annotations: &Annotations,
    owner_zone: &TimeZone,
) -> CaptureTime {
    let from_name = (item.taken_source == TakenSource::Name).then_some(CaptureTime {
        at: item.shown_at,
        offset: item.taken_offset,
        source: TakenSource::Name,
        precision: item.taken_precision,
    });
    let facts = FileFacts {
        name: &item.name,
        kind: item.kind,
        file_modified: item.file_modified,
        uploaded_at: item.created_at,
        duration_ms: metadata.duration_ms,
        from_former_name: from_name,
    };
    decide(&facts, metadata, annotations, owner_zone)
}

/// Decides when a file was taken.
pub(crate) fn decide(
    file: &FileFacts<'_>,
    metadata: &Metadata,
    annotations: &Annotations,
    owner_zone: &TimeZone,
) -> CaptureTime {
    let (uploaded, offset) = owner_zone.local(WallClock::from_utc(file.uploaded_at));
    let upload = CaptureTime {
        at: uploaded,
        offset: Some(offset),
        source: TakenSource::Upload,
        precision: TakenPrecision::Second,
    };
    // Documents and music are not taken. They are ordered by when they came.
    if !matches!(file.kind, ItemKind::Photo | ItemKind::Video) {
        return upload;
    }

    if let Some(edited) = annotations.edits.taken {
        return CaptureTime::new(edited, TakenSource::Edited);
    }

    // A camera whose clock is ahead is as wrong as one whose clock was never set.
    let latest = WallClock::from_utc(now()).0 + DAY_MS;
    let is_possible = |taken: &TakenAt| taken.is_plausible() && taken.local_ms <= latest;
    let name = file_name_date::parse(file.name, now());

    let in_file = metadata.taken.filter(is_possible);
    let sidecar =
        annotations.sidecar.as_ref().and_then(|sidecar| sidecar.taken).filter(is_possible);
    // A sidecar with the same moment as the file says nothing new.
    let sidecar = sidecar.filter(|sidecar| {
        !in_file.is_some_and(|own| {
            if sidecar.is_utc {
                is_same_moment(own.local_ms, sidecar.local_ms)
            } else {
                own.local_ms.div_euclid(1000) == sidecar.local_ms.div_euclid(1000)
            }
        })
    });

    let known = sidecar
        .map(|taken| (taken, TakenSource::Sidecar))
        .or_else(|| in_file.map(|taken| (taken, taken.found_in.into())));
    if let Some((taken, source)) = known {
        let local = to_local(taken, name, file.duration_ms, metadata, owner_zone);
        // The name may know the time of a day that the file only names.
        return match name.filter(|name| adds_time(*name, local)) {
            Some(name) => CaptureTime::new(to_zone(name, owner_zone), TakenSource::Name),
            None => CaptureTime::new(local, source),
        };
    }

    let modified = file
        .file_modified
        .filter(|modified| (FIRST_FILE_DATE..=latest).contains(modified))
        .map(|local_ms| {
            to_zone(TakenAt { local_ms, is_utc: true, ..TakenAt::default() }, owner_zone)
        });

    if let Some(name) = name {
        let name = to_zone(name, owner_zone);
        // The date of the file may know the time of the day.
        let with_time = modified.filter(|modified| adds_time(*modified, name));
        return CaptureTime::new(with_time.unwrap_or(name), TakenSource::Name);
    }
    if let Some(former) = file.from_former_name {
        return former;
    }
    modified.map_or(upload, |modified| CaptureTime::new(modified, TakenSource::File))
}

/// Whether a time lies on the day that another one only names.
fn adds_time(exact: TakenAt, day: TakenAt) -> bool {
    day.precision == Precision::Day
        && exact.precision == Precision::Second
        && exact.local_ms.div_euclid(DAY_MS) == day.local_ms.div_euclid(DAY_MS)
}

/// Whether a local time and one in UTC can be the same moment.
fn is_same_moment(local_ms: i64, utc_ms: i64) -> bool {
    offset_between(local_ms, utc_ms).is_some()
}

/// The offset of a zone in which a clock shows `local_ms` at `utc_ms`, in minutes.
fn offset_between(local_ms: i64, utc_ms: i64) -> Option<i16> {
    let difference = local_ms - utc_ms;
    let steps = (difference + OFFSET_STEP_MS / 2).div_euclid(OFFSET_STEP_MS);
    let offset = steps * OFFSET_STEP_MS;
    let minutes = i16::try_from(offset / MINUTE_MS).ok()?;
    let is_offset = (-12 * 60..=14 * 60).contains(&minutes);
    (is_offset && (difference - offset).abs() <= NAME_TOLERANCE_MS).then_some(minutes)
}

/// The local time of a moment in UTC: by the name, by the place, or by the zone of the owner. Others stay.
fn to_local(
    taken: TakenAt,
    name: Option<TakenAt>,
    duration_ms: Option<u64>,
    metadata: &Metadata,
    owner_zone: &TimeZone,
) -> TakenAt {
    if !taken.is_utc {
        return taken;
    }

    // The name is local. Some phones write the time at which a recording ended.
    if let Some(name) = name.filter(|name| name.precision == Precision::Second && !name.is_utc) {
        let duration = i64::try_from(duration_ms.unwrap_or(0)).unwrap_or(0);
        let offset = offset_between(name.local_ms, taken.local_ms)
            .or_else(|| offset_between(name.local_ms, taken.local_ms - duration));
        if let Some(offset) = offset {
            return TakenAt {
                local_ms: name.local_ms,
                offset: Some(offset),
                is_utc: false,
                ..taken
            };
        }
    }

    let place = metadata.latitude.zip(metadata.longitude);
    let place_zone = place.and_then(|(north, east)| TimeZone::at_place(north, east));
    to_zone(taken, place_zone.as_ref().unwrap_or(owner_zone))
}

fn to_zone(taken: TakenAt, zone: &TimeZone) -> TakenAt {
    if taken.is_utc { taken.at_offset(zone.offset_at(WallClock(taken.local_ms))) } else { taken }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::TakenIn;

    const AFTERNOON: i64 = 1_562_254_212_000;

    fn vienna() -> TimeZone {
        TimeZone::parse("Europe/Vienna").unwrap()
    }

    fn file(name: &str) -> FileFacts<'_> {
        FileFacts {
            name,
            kind: ItemKind::Photo,
            file_modified: None,
            uploaded_at: now(),
            duration_ms: None,
            from_former_name: None,
        }
    }

    fn metadata(taken: TakenAt) -> Metadata {
        Metadata { taken: Some(taken), ..Metadata::default() }
    }

    fn at(local_ms: i64) -> TakenAt {
        TakenAt { local_ms, ..TakenAt::default() }
    }

    fn utc(local_ms: i64) -> TakenAt {
        TakenAt { is_utc: true, found_in: TakenIn::Container, ..at(local_ms) }
    }

    fn decided(file: &FileFacts<'_>, metadata: &Metadata) -> (i64, TakenSource) {
        let decided = decide(file, metadata, &Annotations::default(), &vienna());
        (decided.at.0, decided.source)
    }

    #[test]
    fn the_file_comes_before_its_name_its_date_and_the_upload() {
        let named = FileFacts {
            file_modified: Some(AFTERNOON + 5 * DAY_MS),
            ..file("IMG_20180101_120000.jpg")
        };
        assert_eq!(decided(&named, &metadata(at(AFTERNOON))), (AFTERNOON, TakenSource::Exif));
        let new_year = TakenAt::parse("2018-01-01 12:00:00").unwrap().local_ms;
        assert_eq!(decided(&named, &Metadata::default()), (new_year, TakenSource::Name));
        let dated = FileFacts { name: "IMG_0001.jpg", ..named };
        let local = AFTERNOON + 5 * DAY_MS + 2 * 3_600_000;
        assert_eq!(decided(&dated, &Metadata::default()), (local, TakenSource::File));
        let bare = file("IMG_0001.jpg");
        assert_eq!(decided(&bare, &Metadata::default()).1, TakenSource::Upload);
    }

    #[test]
    fn a_time_that_cannot_be_gives_way_to_the_next() {
        let future = at(WallClock::from_utc(now()).0 + 40 * DAY_MS);
        let named = file("IMG_20190704_153012.jpg");
        assert_eq!(decided(&named, &metadata(future)), (AFTERNOON, TakenSource::Name));
        // The first day of the file systems of DOS.
        let reset = FileFacts { file_modified: Some(315_532_800_000), ..file("a.jpg") };
        assert_eq!(decided(&reset, &Metadata::default()).1, TakenSource::Upload);
    }

    #[test]
    fn utc_becomes_local_by_the_name_or_by_the_zone_of_the_owner() {
        let evening = TakenAt::parse("2019-07-04 21:30:12").unwrap().local_ms;
        let local = |name, duration| {
            let file =
                FileFacts { kind: ItemKind::Video, duration_ms: Some(duration), ..file(name) };
            let decided =
                decide(&file, &metadata(utc(evening)), &Annotations::default(), &vienna());
            (decided.at.0 - evening, decided.offset)
        };
        assert_eq!(local("VID_20190704_173012.mp4", 1000), (-4 * 3_600_000, Some(-240)));
        assert_eq!(local("VID_20190704_232005.mp4", 607_000), (2 * 3_600_000 - 607_000, Some(120)));
        assert_eq!(local("clip.mp4", 1000), (2 * 3_600_000, Some(120)));
        assert_eq!(local("VID_20180101_000000.mp4", 1000), (2 * 3_600_000, Some(120)));
    }

    #[test]
    fn a_day_gets_the_time_of_the_next_source_on_it() {
        let day = FileFacts {
            file_modified: Some(AFTERNOON - 2 * 3_600_000),
            ..file("IMG-20190704-WA0012.jpg")
        };
        assert_eq!(decided(&day, &Metadata::default()), (AFTERNOON, TakenSource::Name));
        let other = FileFacts { file_modified: Some(AFTERNOON + 9 * DAY_MS), ..day };
        let noon = TakenAt::parse("2019-07-04").unwrap().local_ms;
        assert_eq!(decided(&other, &Metadata::default()), (noon, TakenSource::Name));
    }
}
