//! Copies everything from one database to another.

use std::cell::RefCell;

use crate::db::Db;
use crate::db::table_rows::{self, TABLES, TableChecksum};
use crate::error::{Error, Result};
use crate::state::Services;
use crate::store;

/// A copied table; rows and checksum are equal on both sides.
pub struct CopyReport {
    pub table: &'static str,
    pub rows: u64,
    pub checksum: String,
}

/// Copies all tables into the database at `url`, sessions included, and compares both sides before the commit. The
/// caller has locked the server's folders against other processes, so that nothing changes meanwhile.
///
/// # Errors
/// `Conflict` if the URL is the database in use, the other database has users, or the two sides differ. The other
/// database is then unchanged.
pub fn copy_to(services: &Services, url: &str) -> Result<Vec<CopyReport>> {
    // Copying onto itself would delete everything.
    if url == services.settings.database_url {
        return Err(Error::Conflict("That is the database in use.".into()));
    }

    let target = Db::open(url)?;
    if target.read(|conn| Ok(store::users::count_all(conn)?))?.0 > 0 {
        return Err(Error::Conflict("That database has people in it already.".into()));
    }

    // One snapshot, and one transaction on the other side.
    services.db.snapshot(|from| {
        // The closure of `write` may run again after a conflict, so it borrows the connection anew each time.
        let from = RefCell::new(from);
        target.write(|to| {
            let from = &mut **from.borrow_mut();
            // `&[]`: no table is excepted.
            table_rows::delete_all_except(to, &[])?;
            table_rows::copy_all_except(from, to, &[])?;

            TABLES
                .iter()
                .map(|table| {
                    compare_table(
                        table,
                        &TableChecksum::of_table(from, table)?,
                        &TableChecksum::of_table(to, table)?,
                    )
                })
                .collect()
        })
    })
}

/// Returns the number of rows and the checksum of a copied table; fails if source (`here`) and target (`there`) differ.
fn compare_table(
    table: &'static str,
    here: &TableChecksum,
    there: &TableChecksum,
) -> Result<CopyReport> {
    if here != there {
        let (had, has) = (here.rows, there.rows);
        return Err(Error::Conflict(format!(
            "{table}: {had} rows here and {has} there, or other ones. Nothing was moved."
        )));
    }
    Ok(CopyReport { table, rows: here.rows, checksum: here.checksum() })
}
