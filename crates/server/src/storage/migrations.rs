//! Steps from one format of the data to the next. A step that was released is never changed; a new one gets a new number.

use rusqlite::Connection;

use super::StorageError;

/// All steps in order; the format of the data is how many of them were made.
const STEPS: &[&str] = &[
    include_str!("migrations/0001_start.sql"),
    include_str!("migrations/0002_incidents.sql"),
    include_str!("migrations/0003_duty.sql"),
    include_str!("migrations/0004_notices.sql"),
    include_str!("migrations/0005_told.sql"),
    include_str!("migrations/0006_photos.sql"),
    include_str!("migrations/0007_ringing.sql"),
    include_str!("migrations/0008_switches.sql"),
];

/// Makes the steps that are missing, all in one transaction. Data of a newer version is refused and not touched.
pub(super) fn run(connection: &mut Connection) -> Result<(), StorageError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = format(&transaction)?;
    if found > known {
        return Err(StorageError::Newer { found, known });
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    if found == 0 {
        let generation = crate::random::id();
        transaction.execute("INSERT INTO server (one, generation) VALUES (1, ?1)", [generation.as_bytes()])?;
    }
    if found != known {
        transaction.pragma_update(None, "user_version", known)?;
    }
    transaction.commit()?;
    Ok(())
}

/// The format of the data in this file: 0 when there is none yet.
pub(super) fn format(connection: &Connection) -> Result<i64, StorageError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_a_newer_version_is_refused_and_not_touched() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(run(&mut connection), Err(StorageError::Newer { found: 99, .. })));
        assert_eq!(format(&connection).unwrap(), 99);
    }
}
