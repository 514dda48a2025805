//! A set's tables in a temporary database, where they are checked and migrated before anything is replaced.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use diesel::Connection;

use super::set::{BackupSet, OmittedFile};
use crate::db::table_rows::{Columns, TABLES, TableChecksum, TableWriter, delete};
use crate::db::{Conn, Db, newest_schema};
use crate::error::{Error, Result};
use crate::model::now;
use crate::state::Services;
use crate::store;

/// The prefix of such files in the data directory.
const FILE_PREFIX: &str = "restoring-";

/// A database that is deleted on drop.
pub(crate) struct StagingDatabase {
    path: PathBuf,
    /// The connection. In a `RefCell`, so that the closure of a retried transaction can borrow it again.
    pub conn: RefCell<Conn>,
}

impl StagingDatabase {
    /// Creates a temporary database with the schema of the set, fills it with the rows of the set, and migrates it to
    /// the newest schema.
    pub(crate) fn load(services: &Services, set: &BackupSet) -> Result<Self> {
        let newest = newest_schema()?;
        if set.manifest.schema > newest {
            let actor = &set.manifest.made_by;
            return Err(Error::Conflict(format!(
                "A later version ({actor}) made the backup {}: update first.",
                set.name
            )));
        }

        let path = services
            .settings
            .data_dir
            .join(format!("{FILE_PREFIX}{}.db", uuid::Uuid::now_v7().simple()));

        // Created before the rows are loaded, so that its files are deleted on drop if loading fails.
        let mut loaded =
            Self { conn: RefCell::new(Db::scratch(&path, &set.manifest.schema)?), path };
        let conn = loaded.conn.get_mut();
        conn.transaction(|conn| load_tables(conn, set))?;
        Db::migrate_scratch(conn)?;
        // One-time codes, sessions and reserved bytes must not come back.
        store::backup_rows::update_clear_temporary(conn)?;
        Ok(loaded)
    }

    /// Marks the items of `left` as missing and all others as present.
    pub(crate) fn mark_missing<'a>(
        &mut self,
        left: impl Iterator<Item = &'a OmittedFile>,
    ) -> Result<()> {
        let conn = self.conn.get_mut();
        store::backup_rows::update_all_there(conn)?;
        // What was ended since the backup must stay ended, which the backup cannot tell.
        store::share_links::update_everything_ended(conn, now())?;
        for OmittedFile { folder, directory, name, .. } in left {
            store::backup_rows::update_missing_at(conn, folder, directory, name)?;
        }
        Ok(())
    }
}

impl Drop for StagingDatabase {
    fn drop(&mut self) {
        drop(remove_files(&self.path));
    }
}

fn remove_files(path: &Path) -> std::io::Result<()> {
    for end in ["-wal", "-shm", ""] {
        crate::config::remove_secret(Path::new(&format!("{}{end}", path.display())))?;
    }
    Ok(())
}

/// Removes what a killed restore left in the data directory.
pub(crate) fn sweep(data_dir: &Path) -> Result<()> {
    Ok(crate::config::remove_by_prefix(data_dir, FILE_PREFIX)?)
}

/// Fills the database with the rows of the set, and compares row count and checksum of each table with the manifest.
fn load_tables(conn: &mut Conn, set: &BackupSet) -> Result<()> {
    // Tables in the order of their foreign keys.
    let parts: Vec<_> = TABLES
        .iter()
        .filter_map(|table| Some((*table, set.manifest.tables.get(*table)?)))
        .collect();

    // Migrations insert rows, such as the one of `site`; the rows of the set replace them.
    for (table, _) in parts.iter().rev() {
        delete(conn, table)?;
    }

    for (table, part) in parts {
        let columns = Columns::of(conn, table)?.column_order(&part.columns)?;
        let (mut sum, mut filling) =
            (TableChecksum::default(), TableWriter::new(conn, table, &columns));

        set.each_row(table, |row| {
            sum.add(&columns, &row);
            filling.push(row)
        })?;

        filling.flush()?;

        // The rows must be the ones that were written.
        if (sum.rows, sum.checksum()) != (part.rows, part.checksum.clone()) {
            return Err(Error::Conflict(format!(
                "The rows of {table} in the backup {} are not those that were written.",
                set.name
            )));
        }
    }
    Ok(())
}
