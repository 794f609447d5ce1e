//! Saves what can still be read of a damaged own.db: every table from its beginning up to the first unreadable page, and
//! from its end back to it.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::connection::{self, Use};
use super::fault::{Fault, File};
use super::files::Key;

/// What was saved of a damaged own.db.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rescued {
    /// Rows that were read and written to the new file.
    pub rows: usize,
    /// Tables of which some part could not be read.
    pub torn_tables: usize,
}

/// Copies what can be read of the file at `damaged` into the new, empty `own`.
pub(super) fn rescue(damaged: &Path, key: &Key, own: &Connection) -> Result<Rescued, Fault> {
    let mut rescued = Rescued::default();
    let of = |error| Fault::of(File::Own, error);
    let transaction = own.unchecked_transaction().map_err(of)?;
    for table in tables(&transaction).map_err(of)? {
        for order in ["ASC", "DESC"] {
            let (rows, whole) = copy(damaged, key, &transaction, &table, order);
            rescued.rows += rows;
            if whole {
                break;
            }
            rescued.torn_tables += usize::from(order == "ASC");
        }
    }
    transaction.commit().map_err(of)?;
    Ok(rescued)
}

fn tables(own: &Connection) -> rusqlite::Result<Vec<String>> {
    own.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('migration') AND name NOT LIKE 'sqlite_%'")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Copies rows in one order until the first that cannot be read; says how many, and whether that was all.
fn copy(damaged: &Path, key: &Key, new: &Connection, table: &str, order: &str) -> (usize, bool) {
    // A connection that met an unreadable page reads nothing any more, so each look has one of its own. A file whose first
    // page is gone gives nothing; it is kept all the same.
    let Ok(old) = connection::open(damaged, key, File::Own, Use::Rescue) else { return (0, false) };
    let mut copied = 0;
    let whole = copy_readable(&old, new, table, order, &mut copied).is_ok();
    (copied, whole)
}

fn copy_readable(
    old: &Connection,
    new: &Connection,
    table: &str,
    order: &str,
    copied: &mut usize,
) -> rusqlite::Result<()> {
    let mut select = old.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1 {order}"))?;
    let columns = select.column_names().collect::<Vec<_>>().join(", ");
    let width = select.column_count();
    let marks = vec!["?"; width].join(", ");
    let mut insert = new.prepare(&format!("INSERT OR IGNORE INTO \"{table}\" ({columns}) VALUES ({marks})"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..width).map(|at| row.get::<_, Value>(at)).collect::<rusqlite::Result<Vec<_>>>()?;
        *copied += insert.execute(params_from_iter(values))?;
    }
    Ok(())
}
