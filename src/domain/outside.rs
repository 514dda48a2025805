//! What others have done to people's folders, by rsync, SMB or hand, taken as it is: new files are taken in, moved and
//! renamed ones recognised by their bytes, changed ones looked at anew, vanished ones marked. Nobody's file is deleted.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::items::named;
use super::moving::{self, Plan};
use super::upload::{Arrival, Outcome};
use super::{Services, amending, folders, search, storing};
use crate::error::{Error, Result};
use crate::media::entry::{Entry, EntryKind};
use crate::media::tree::{ICON, STANDARD};
use crate::media::{FileName, Place, Received};
use crate::model::item::ItemKind;
use crate::model::{Directory, Item, ItemId, Scan, User, UserId};
use crate::store;

/// Rows looked at in one go.
const PAGE: i64 = 1000;
/// Directories of one person that are looked at.
const DIRECTORIES: i64 = 100_000;
/// Characters of a path at most: the column's.
const LONGEST: usize = 700;
/// Files taken in together.
const AT_ONCE: usize = 64;
/// A file that was changed or renamed less than this ago may still be on its way.
pub const SETTLED: Duration = Duration::from_secs(10);
/// Times of files and rows are compared to the second.
const SLACK: Duration = Duration::from_secs(1);
/// How names end that programs give to what they have not finished.
const UNFINISHED: [&str; 7] = [".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".download"];

/// What was found and done.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Noticed {
    pub looked_at: u64,
    pub taken_in: u64,
    pub moved: u64,
    pub changed: u64,
    pub vanished: u64,
    pub back: u64,
    /// Files that may still be on their way; the next look will tell.
    pub waiting: u64,
    /// What is not taken in, and why.
    pub left: Vec<(String, String)>,
}

/// Looks through everybody's folders, or one person's. What was changed or renamed less than `settled` ago is left for
/// the next look.
///
/// # Errors
/// The database's and the system's.
pub fn scan(services: &Services, only: Option<UserId>, settled: Duration) -> Result<Noticed> {
    let mut noticed = Noticed::default();
    let mut after = UserId(0);
    loop {
        let people = services.db.read(|conn| Ok(store::users::list_after(conn, after, PAGE)?))?;
        let Some(last) = people.last() else { return Ok(noticed) };
        after = last.id;
        for user in people.iter().filter(|user| only.is_none_or(|only| user.id == only)) {
            let settled_by = SystemTime::now() - settled;
            Look { services, user, noticed: &mut noticed, gone: Vec::new(), settled_by }.run()?;
        }
    }
}

/// Whether a name says that its file is not finished, or is nobody's business.
fn is_passing(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with('.') || name.ends_with('~') || UNFINISHED.iter().any(|end| lower.ends_with(end))
}

/// A look through one person's folder.
struct Look<'a> {
    services: &'a Services,
    user: &'a User,
    noticed: &'a mut Noticed,
    /// Items whose file was not there.
    gone: Vec<ItemId>,
    /// What was last touched before this stands still.
    settled_by: SystemTime,
}

impl Look<'_> {
    fn run(mut self) -> Result<()> {
        let known = self.services.db.read(|conn| Ok(store::directories::list(conn, self.user.id, DIRECTORIES)?))?;
        let mut known: HashMap<String, Directory> =
            known.into_iter().map(|directory| (directory.directory_path.clone(), directory)).collect();
        let mut waiting = vec![String::new()];
        while let Some(path) = waiting.pop() {
            let Ok(entries) = self.services.tree.list(&self.user.folder, &path) else {
                self.leave(&path, "cannot be looked into");
                continue;
            };
            for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Directory) {
                if let Some(inner) = self.inner(&path, entry) {
                    waiting.push(inner);
                }
            }
            if path.is_empty() {
                continue;
            }
            let directory = match known.remove(&path) {
                Some(directory) => directory,
                None => self.services.change(self.user.id, |conn| folders::ensure(self.services, conn, self.user, &path))?,
            };
            self.directory(&directory, entries)?;
        }
        for directory in known.into_values() {
            self.rows(&directory, &mut HashMap::new())?;
        }
        self.mark_gone()?;
        self.forget_empty()
    }

    /// The path of a directory that can be one of somebody's.
    fn inner(&mut self, path: &str, entry: &Entry) -> Option<String> {
        let name = entry.name.as_deref().filter(|name| !name.starts_with('.'))?;
        let inner = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let is_plain = FileName::parse(name).is_some_and(|parsed| parsed.as_str() == name);
        if is_plain && inner.chars().count() <= LONGEST {
            return Some(inner);
        }
        self.leave(&inner, "its name cannot be kept");
        None
    }

    fn leave(&mut self, path: &str, why: &str) {
        self.noticed.left.push((format!("{}/{path}", self.user.folder), why.to_owned()));
    }

    /// Compares a directory's rows with its files; what stays in `files` is what no row knows.
    fn rows(&mut self, directory: &Directory, files: &mut HashMap<String, Entry>) -> Result<()> {
        let mut after = None;
        loop {
            let page = self
                .services
                .db
                .read(|conn| Ok(store::items::list_in_after(conn, self.user.id, directory.directory_id, after, PAGE)?))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for item in &page {
                self.noticed.looked_at += 1;
                match files.remove(&item.disk_name) {
                    None => self.gone.push(item.id),
                    Some(entry) => self.compare(directory, item, &entry)?,
                }
            }
        }
    }

    fn directory(&mut self, directory: &Directory, entries: Vec<Entry>) -> Result<()> {
        let path = &directory.directory_path;
        let mut files: HashMap<String, Entry> = HashMap::new();
        for entry in entries {
            match (entry.kind, &entry.name) {
                (EntryKind::File, Some(name)) => drop(files.insert(name.clone(), entry)),
                (EntryKind::Directory, _) => {}
                _ => self.leave(&format!("{path}/{}", entry.shown()), "a link, a device, or a name that is not UTF-8"),
            }
        }
        self.rows(directory, &mut files)?;
        let mut new: Vec<Entry> = files.into_values().collect();
        new.sort_by_key(Entry::shown);
        let mut coming = Vec::new();
        for entry in new {
            self.noticed.looked_at += 1;
            coming.extend(self.look_at_new(directory, &entry)?);
            if coming.len() >= AT_ONCE {
                self.take_in(std::mem::take(&mut coming))?;
            }
        }
        self.take_in(coming)
    }

    /// An item whose file is there.
    fn compare(&mut self, directory: &Directory, item: &Item, entry: &Entry) -> Result<()> {
        let known_at =
            UNIX_EPOCH + Duration::from_secs(u64::try_from(item.updated_at.assume_utc().unix_timestamp()).unwrap_or(0));
        let is_same = entry.length == item.bytes() && (item.is_damaged || entry.modified <= known_at + SLACK);
        if is_same && !item.is_missing {
            return Ok(());
        }
        if entry.changed > self.settled_by {
            self.noticed.waiting += 1;
            return Ok(());
        }
        let place = Place::new(&self.user.folder, &directory.directory_path, &item.disk_name);
        let (services, user) = (self.services, self.user);
        let done = moving::while_still(services, user.id, item.id.0, &place, || {
            let received = Received::at_rest(services.tree.clone(), place.clone(), None)?;
            if received.sha256 == item.sha256 && item.is_missing {
                amending::mark(services, user, item.id, false, false)?;
                return Ok(false);
            }
            amending::take_change(services, user, item, &place, Scan::Pending)?;
            Ok(true)
        })?;
        match done {
            Some(true) => self.noticed.changed += 1,
            Some(false) => self.noticed.back += 1,
            // It is being moved: the next look will tell.
            None => self.noticed.waiting += 1,
        }
        Ok(())
    }

    /// A file that no row knows. `Some` if it is to be taken in.
    fn look_at_new(&mut self, directory: &Directory, entry: &Entry) -> Result<Option<Arrival>> {
        let path = &directory.directory_path;
        let Some(name) = entry.name.as_deref().filter(|name| !is_passing(name) && *name != ICON) else { return Ok(None) };
        let place = Place::new(&self.user.folder, path, name);
        let is_coming = self.services.db.read(|conn| {
            Ok(store::moves::is_going_to(conn, &place)? || store::items::find_at(conn, self.user.id, path, name)?.is_some())
        })?;
        if is_coming {
            return Ok(None);
        }
        if entry.changed > self.settled_by || entry.modified > self.settled_by && entry.modified <= SystemTime::now() {
            self.noticed.waiting += 1;
            return Ok(None);
        }
        let received = match Received::at_rest(self.services.tree.clone(), place.clone(), None) {
            Ok(received) => received,
            Err(cause) => {
                self.leave(&format!("{path}/{name}"), &cause.to_string());
                return Ok(None);
            }
        };
        if received.size != entry.length {
            self.noticed.waiting += 1;
            return Ok(None);
        }
        if let Some(item) = self.find_moved(&received)? {
            self.follow(&item, directory, &place, name)?;
            self.noticed.moved += 1;
            return Ok(None);
        }
        let arrival = Arrival::of(received, name.to_owned(), Scan::Pending);
        Ok(Some(Arrival { directory: Some(directory.directory_id), keeps_both: true, ..arrival }))
    }

    /// The item with these bytes whose own place is empty.
    fn find_moved(&self, received: &Received) -> Result<Option<Item>> {
        let size = i64::try_from(received.size).map_err(Error::internal)?;
        let same = self.services.db.read(|conn| {
            let items = store::items::list_same_bytes(conn, self.user.id, &received.sha256, size)?;
            items
                .into_iter()
                .map(|item| {
                    let directory = store::directories::find(conn, self.user.id, item.directory_id)?.ok_or(Error::NotFound)?;
                    Ok((Place::new(&self.user.folder, &directory.directory_path, &item.disk_name), item))
                })
                .collect::<Result<Vec<_>>>()
        })?;
        for (place, item) in same {
            if !self.services.tree.is_taken(&place)? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// Lets an item's row go where its file has gone; what lies in the wrong standard folder goes on to the right one.
    fn follow(&mut self, item: &Item, found_in: &Directory, place: &Place, name: &str) -> Result<()> {
        let (services, user) = (self.services, self.user);
        let home = ItemKind::folder(item.kind);
        let target = if found_in.is_standard() && found_in.directory_path != home {
            services.change(user.id, |conn| folders::ensure(services, conn, user, home))?
        } else {
            found_in.clone()
        };
        let wanted = FileName::parse(name).unwrap_or_else(FileName::unnamed);
        moving::relocate(
            services,
            user.id,
            |_| {
                let to = Place::new(&user.folder, &target.directory_path, wanted.as_str());
                Ok(vec![Plan { subject: item.id.0, from: place.clone(), to, wanted: wanted.clone(), may_number: true }])
            },
            |conn, batch| {
                for done in batch {
                    let before = store::items::find(conn, user.id, ItemId(done.subject))?.ok_or(Error::NotFound)?;
                    let changed = [before.directory_id, target.directory_id];
                    let mut deltas = store::counts::Deltas::default();
                    deltas.subtract(&before);
                    let after = Item {
                        directory_id: target.directory_id,
                        in_trash: false,
                        trashed_at: None,
                        trashed_from: None,
                        is_missing: false,
                        is_damaged: false,
                        ..before
                    };
                    let item = named(after, &done.name);
                    deltas.add(&item);
                    deltas.write(conn, user.id)?;
                    store::items::update_place(conn, &item)?;
                    store::items::update_missing(conn, user.id, item.id, false)?;
                    store::items::update_damaged(conn, user.id, item.id, false)?;
                    search::index(conn, &item, None)?;
                    store::directories::update_modified(conn, user.id, &changed, item.updated_at)?;
                }
                Ok(())
            },
        )?;
        Ok(())
    }

    fn take_in(&mut self, arrivals: Vec<Arrival>) -> Result<()> {
        let paths: Vec<_> = arrivals.iter().map(|arrival| arrival.received.place().clone()).collect();
        for (place, outcome) in paths.into_iter().zip(storing::store_all(self.services, self.user, arrivals)) {
            match outcome {
                Ok(Outcome::Stored(_) | Outcome::Duplicate(_)) => self.noticed.taken_in += 1,
                Err(error @ (Error::QuotaExceeded | Error::Conflict(_))) => {
                    self.leave(&format!("{}/{}", place.beneath(), place.name()), &error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Marks what was not there and has not been found elsewhere.
    fn mark_gone(&mut self) -> Result<()> {
        let (services, user) = (self.services, self.user);
        for id in std::mem::take(&mut self.gone) {
            let now = services.db.read(|conn| Ok(store::items::find(conn, user.id, id)?))?;
            let Some(now) = now.filter(|now| !now.is_missing) else { continue };
            let directory = services.db.read(|conn| Ok(store::directories::find(conn, user.id, now.directory_id)?))?;
            let path = directory.ok_or(Error::NotFound)?.directory_path;
            let place = Place::new(&user.folder, &path, &now.disk_name);
            let done = moving::while_still(services, user.id, id.0, &place, || {
                let after = services.db.read(|conn| Ok(store::items::find(conn, user.id, id)?))?;
                let stands_still =
                    after.is_some_and(|after| (after.directory_id, &after.disk_name) == (now.directory_id, &now.disk_name));
                if !stands_still || services.tree.is_taken(&place)? {
                    return Ok(false);
                }
                amending::mark(services, user, id, true, false)?;
                Ok(true)
            })?;
            self.noticed.vanished += u64::from(done == Some(true));
        }
        Ok(())
    }

    /// Own directories that are gone on disk, and in which nothing is left, are gone here too.
    fn forget_empty(&self) -> Result<()> {
        let (services, user) = (self.services, self.user);
        let mut directories = services.db.read(|conn| Ok(store::directories::list(conn, user.id, DIRECTORIES)?))?;
        directories.retain(|directory| !STANDARD.contains(&directory.directory_path.as_str()));
        // The inner ones first.
        directories.sort_by_key(|directory| std::cmp::Reverse(directory.directory_path.len()));
        for directory in directories {
            let (above, name) = directory.directory_path.rsplit_once('/').unwrap_or(("", &directory.directory_path));
            if services.tree.is_taken(&Place::new(&user.folder, above, name))? {
                continue;
            }
            services.change(user.id, |conn| {
                let is_empty = store::items::list_in(conn, user.id, &[directory.directory_id], 1)?.is_empty()
                    && store::directories::list_children(conn, user.id, directory.directory_id)?.is_empty();
                if is_empty {
                    store::directories::delete(conn, user.id, directory.directory_id)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_what_is_not_finished_are_passed_over() {
        for name in [".a.jpg.Xy12", "film.mp4.part", "a.CRDOWNLOAD", "notes.txt~", ".DS_Store"] {
            assert!(is_passing(name), "{name}");
        }
        for name in ["a.jpg", "part.txt", "tmp", "a.partial.jpg"] {
            assert!(!is_passing(name), "{name}");
        }
    }
}
