//! Scanning for malware: what waits is scanned, what is found is taken away from its owner and kept for an admin.

use std::fs::File;
use std::io::Read;

use sha2::{Digest, Sha256};

use super::audit::{self, Actor};
use super::moving::{self, Plan};
use super::scanner::Health;
use super::storing::{self, decided};
use super::upload::Arrival;
use super::{Services, items, previews};
use crate::config::Unscannable;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::media::clamd::Verdict;
use crate::media::{FileName, Place, Received};
use crate::model::finding::{Finding, FindingState};
use crate::model::{Event, FindingId, Item, Scan, User, UserId, now};
use crate::store;
use crate::store::counts::Deltas;

/// Files looked at in one go.
const BATCH: i64 = 50;
/// What a file is called in the table of findings that the scanner does not take, where the policy is to keep it back.
const NOT_SCANNED: &str = "Too large to scan";
/// How often a file is given to a scanner that answers but cannot scan it.
const TRIES: u8 = 3;

/// What came of a round.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    pub clean: u64,
    pub found: u64,
    /// Larger than the scanner takes.
    pub unscannable: u64,
    /// Could not be read.
    pub unreadable: u64,
}

/// Scans everything that waits. What it does not get to because the scanner is away goes on waiting.
///
/// # Errors
/// The database's and the system's.
pub fn scan_waiting(services: &Services) -> Result<Scanned> {
    let mut scanned = Scanned::default();
    let mut troublesome = Vec::new();
    let mut after = None;
    loop {
        let waiting = services.db.read(|conn| Ok(store::scans::list_to_scan(conn, after, BATCH)?))?;
        let Some(last) = waiting.last() else { break };
        after = Some(last.id);
        let Some(version) = services.scanner.version() else { return Ok(scanned) };
        for item in waiting {
            // What failed before must not keep the others waiting.
            if services.scanner.has_failed(item.id) {
                troublesome.push(item);
            } else if !scan_one(services, &item, &version, &mut scanned)? {
                return Ok(scanned);
            }
        }
    }
    for item in troublesome {
        let Some(version) = services.scanner.version() else { return Ok(scanned) };
        if !scan_one(services, &item, &version, &mut scanned)? {
            return Ok(scanned);
        }
    }
    Ok(scanned)
}

/// Scans again what was scanned with other signatures, or everything. Files stay open to their owners meanwhile.
///
/// # Errors
/// `Unavailable` when there is no scanner or it does not answer.
pub fn rescan(services: &Services, everything: bool, mut each: impl FnMut(&Item)) -> Result<Scanned> {
    const AWAY: Error = Error::Unavailable("The malware scanner does not answer.");
    if services.scanner.health() == Health::Off {
        return Err(Error::Configuration("There is no malware scanner: set NEXUS_CLAMD.".into()));
    }
    let version = services.scanner.version().ok_or(AWAY)?;
    let mut scanned = Scanned::default();
    let mut after = None;
    loop {
        let but = (!everything).then_some(version.as_str());
        let items = services.db.read(|conn| Ok(store::scans::list_not_scanned_with(conn, but, after, BATCH)?))?;
        let Some(last) = items.last() else { return Ok(scanned) };
        after = Some(last.id);
        for item in &items {
            each(item);
            if !scan_one(services, item, &version, &mut scanned)? {
                return Err(AWAY);
            }
        }
    }
}

/// Scans one; false when the scanner is away.
fn scan_one(services: &Services, item: &Item, version: &str, scanned: &mut Scanned) -> Result<bool> {
    let owner = owner_of(services, item.user_id)?;
    let Some(mut file) = items::open_settled(services, &owner, item.id)? else {
        scanned.unreadable += 1;
        if !item.is_missing {
            services.change(owner.id, |conn| Ok(store::items::update_missing(conn, owner.id, item.id, true)?))?;
        }
        return Ok(true);
    };
    let mut hashed = Hashed { file: &mut file, hash: Sha256::new(), failed: false };
    let verdict = services.scanner.scan(&mut hashed, item.bytes());
    let (digest, is_unreadable) = (hex::encode(hashed.hash.finalize()), hashed.failed);
    if is_unreadable {
        scanned.unreadable += 1;
        services.scanner.failed(item.id);
        return Ok(true);
    }
    let verdict = match verdict {
        Some(verdict) => verdict,
        // It may be the file: then the scanner still answers, and the others need not wait.
        None if services.scanner.version().is_none() => {
            services.scanner.failed(item.id);
            return Ok(false);
        }
        None if services.scanner.failed(item.id) < TRIES => return Ok(true),
        None => Verdict::TooLarge,
    };
    if matches!(verdict, Verdict::Clean | Verdict::Found(_)) && digest != item.sha256 {
        // Something else lay there, or it was changed: nothing is known of this item.
        scanned.unreadable += 1;
        services.scanner.failed(item.id);
        return Ok(true);
    }
    let note = |scan: Scan| {
        services.change(owner.id, |conn| {
            store::scans::update_scan(conn, item, scan, version)?;
            if item.scan == Scan::Pending { previews::order(conn, &Item { scan, ..item.clone() }) } else { Ok(()) }
        })?;
        services.previewing.ring();
        Ok::<(), Error>(())
    };
    match (verdict, services.scanner.policy()) {
        (Verdict::Clean, _) => {
            note(Scan::Clean)?;
            scanned.clean += 1;
        }
        (Verdict::TooLarge, Unscannable::Keep) => {
            note(Scan::Unscannable)?;
            scanned.unscannable += 1;
        }
        (Verdict::TooLarge, Unscannable::Quarantine) => {
            quarantine(services, &owner, item, NOT_SCANNED)?;
            scanned.unscannable += 1;
        }
        (Verdict::Found(signature), _) => {
            quarantine(services, &owner, item, &signature)?;
            scanned.found += 1;
        }
    }
    services.scanner.forget(item.id);
    Ok(true)
}

/// Hashes what is read, so that a verdict is of the bytes it is written down for.
struct Hashed<'a> {
    file: &'a mut File,
    hash: Sha256,
    /// Whether our own disk failed.
    failed: bool,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.file.read(buffer).inspect_err(|_| self.failed = true)?;
        self.hash.update(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

/// Takes a file away from its owner, to where nobody opens it.
fn quarantine(services: &Services, owner: &User, scanned: &Item, signature: &str) -> Result<()> {
    let id = scanned.id;
    let finding = FindingId::new();
    let to = Place::quarantined(finding.0);
    let name = FileName::parse(to.name()).unwrap_or_else(FileName::unnamed);
    moving::relocate(
        services,
        owner.id,
        |conn| {
            let item = store::items::find(conn, owner.id, id)?;
            let Some(item) = item.filter(|item| item.sha256 == scanned.sha256) else { return Ok(Vec::new()) };
            let from = items::place_of(conn, owner, &item)?;
            Ok(vec![Plan { subject: id.0, from, to: to.clone(), wanted: name.clone(), may_number: false }])
        },
        |conn, _| {
            let item = store::items::find(conn, owner.id, id)?.ok_or(Error::NotFound)?;
            let directory = store::directories::find(conn, owner.id, item.directory_id)?.ok_or(Error::NotFound)?;
            let at = now();
            let row = Finding {
                id: finding,
                user_id: owner.id,
                name: item.name.clone(),
                directory_path: item.trashed_from.clone().unwrap_or(directory.directory_path),
                size: item.size,
                sha256: item.sha256.clone(),
                signature: signature.chars().take(190).collect(),
                state: FindingState::Quarantined,
                is_seen: false,
                found_at: at,
                decided_at: None,
                decided_by: None,
            };
            store::findings::insert(conn, &row)?;
            store::items::delete(conn, owner.id, id)?;
            let mut deltas = Deltas::default();
            deltas.subtract(&item);
            deltas.write(conn, owner.id)?;
            store::users::update_subtract_used(conn, owner.id, item.size)?;
            store::directories::update_modified(conn, owner.id, &[item.directory_id], at)?;
            audit::note(conn, Event::Found, &Actor::server(), &owner.username, signature)
        },
    )?;
    services.previews.forget(id.0);
    services.sessions.forget(owner.id);
    tracing::warn!(user = owner.id.0, item = %id, "malware found and taken away: {signature}");
    Ok(())
}

/// How many files wait for the scanner, and how many findings for an admin.
///
/// # Errors
/// The database's.
pub fn counts(services: &Services) -> Result<(i64, i64)> {
    services.db.read(|conn| Ok((store::scans::count_to_scan(conn)?, store::findings::count_quarantined(conn)?)))
}

/// The newest findings of everybody, each with its owner's username.
///
/// # Errors
/// The database's.
pub fn findings(services: &Services) -> Result<Vec<(Finding, String)>> {
    services.db.read(|conn| Ok(store::findings::list(conn, 500)?))
}

/// What was taken away from a person that they have not read of.
///
/// # Errors
/// The database's.
pub fn unseen(conn: &mut Conn, user: &User) -> Result<Vec<Finding>> {
    Ok(store::findings::list_unseen(conn, user.id, 20)?)
}

/// They have read of it.
///
/// # Errors
/// `NotFound` for what is not theirs.
pub fn see(services: &Services, user: &User, id: FindingId) -> Result<()> {
    services.change(user.id, |conn| crate::db::one_row(store::findings::update_seen(conn, user.id, id)?))
}

/// Deletes a quarantined file for good.
///
/// # Errors
/// `NotFound`; `Conflict` when it was decided already.
pub fn delete(services: &Services, by: &Actor, id: FindingId) -> Result<()> {
    let finding = services.db.read(|conn| store::findings::find(conn, id)?.ok_or(Error::NotFound))?;
    let owner = owner_of(services, finding.user_id)?;
    services.change(finding.user_id, |conn| {
        match store::findings::update_decided(conn, id, FindingState::Deleted, now(), by.name())? {
            0 => Err(decided()),
            _ => audit::note(conn, Event::FindingDeleted, by, &owner.username, &finding.signature),
        }
    })?;
    Ok(services.tree.remove_file(&Place::quarantined(id.0))?)
}

/// Gives a quarantined file back to its owner: a false alarm. It is called clean from then on.
///
/// # Errors
/// `NotFound`; `Conflict` when it was decided already; `QuotaExceeded`.
pub fn release(services: &Services, by: &Actor, id: FindingId) -> Result<()> {
    let finding = services.db.read(|conn| store::findings::find(conn, id)?.ok_or(Error::NotFound))?;
    if finding.state != FindingState::Quarantined {
        return Err(decided());
    }
    let owner = owner_of(services, finding.user_id)?;
    let received =
        Received::at_rest(services.tree.clone(), Place::quarantined(id.0), Some(&finding.sha256)).map_err(|cause| match cause
            .kind()
        {
            std::io::ErrorKind::NotFound => Error::FileMissing,
            _ => cause.into(),
        })?;
    let directory = services.db.read(|conn| Ok(store::directories::find_by_path(conn, owner.id, &finding.directory_path)?))?;
    let arrival = Arrival {
        directory: directory.map(|directory| directory.directory_id),
        keeps_both: true,
        released: Some((id, by.clone())),
        ..Arrival::of(received, finding.name, Scan::Clean)
    };
    storing::store(services, &owner, arrival)?;
    Ok(())
}

fn owner_of(services: &Services, id: UserId) -> Result<User> {
    services.db.read(|conn| store::users::find(conn, id)?.ok_or(Error::NotFound))
}

/// Without a scanner nobody will ever say that what waits is clean: it is open to its owner again.
///
/// # Errors
/// The database's.
pub fn forget_waiting(services: &Services) -> Result<()> {
    if services.scanner.is_on() || services.db.read(|conn| Ok(store::scans::count_to_scan(conn)?))? == 0 {
        return Ok(());
    }
    let changed = services.db.write(|conn| {
        store::jobs::insert_for_waiting(conn)?;
        store::libraries::update_next_of_all(conn)?;
        Ok(store::scans::update_all_scans(conn, Scan::Pending, Scan::Skipped)?)
    })?;
    services.libraries.forget_all();
    if changed > 0 {
        tracing::warn!("there is no malware scanner: {changed} files that waited for one are open unscanned");
    }
    Ok(())
}
