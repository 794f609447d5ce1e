//! Filters that a person saved under a name, and the one used last (A4). They are the person's own, so they lie in own.db.

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use super::filter::{AlarmFilter, AlarmSort};
use super::room::Alarms;
use crate::error::Error;
use crate::store::Fault;

/// The longest name, in characters.
const NAME_LIMIT: usize = 60;
/// Where the last filter lies among the settings.
const LAST: &str = "alarms.last_filter";

/// A filter with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFilter {
    /// Unique; saving under a known name replaces.
    pub name: String,
    /// What it leaves.
    pub filter: AlarmFilter,
    /// In which order.
    pub sort: AlarmSort,
}

#[derive(Serialize, Deserialize)]
struct Last {
    filter: AlarmFilter,
    sort: AlarmSort,
}

fn text(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::Value("filter"))
}

impl Alarms {
    /// The saved filters by name. One that this version cannot read stays where it is and is left out.
    pub async fn saved_filters(&self) -> Result<Vec<SavedFilter>, Error> {
        let saved = self.store.read(|reading| {
            reading.own(|own| {
                let mut select = own.prepare_cached("SELECT name, filter, sort FROM saved_filter ORDER BY name")?;
                let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                Ok(rows.collect::<rusqlite::Result<Vec<(String, String, String)>>>()?)
            })
        });
        let saved = saved.await?.into_iter().filter_map(|(name, filter, sort)| {
            Some(SavedFilter {
                name,
                filter: serde_json::from_str(&filter).ok()?,
                sort: serde_json::from_str(&sort).ok()?,
            })
        });
        Ok(saved.collect())
    }

    /// Saves a filter under its name.
    pub async fn save_filter(&self, saved: &SavedFilter) -> Result<(), Error> {
        let name = saved.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME_LIMIT {
            return Err(Error::input(format!("a name has 1 to {NAME_LIMIT} characters")));
        }
        let (filter, sort) = (text(&saved.filter)?, text(&saved.sort)?);
        let kept = self.store.write(move |writer| {
            writer.own(|own| {
                own.prepare_cached(
                    "INSERT INTO saved_filter (name, filter, sort) VALUES (?1, ?2, ?3)
                     ON CONFLICT (name) DO UPDATE SET filter = excluded.filter, sort = excluded.sort",
                )?
                .execute((name, filter, sort))?;
                Ok(())
            })
        });
        Ok(kept.await?)
    }

    /// Forgets a saved filter; one that is not there is no error.
    pub async fn delete_filter(&self, name: &str) -> Result<(), Error> {
        let name = name.to_owned();
        let gone = self.store.write(move |writer| {
            writer.own(|own| {
                own.prepare_cached("DELETE FROM saved_filter WHERE name = ?1")?.execute([name])?;
                Ok(())
            })
        });
        Ok(gone.await?)
    }

    /// Keeps the filter that is used now, for the next start.
    pub async fn remember_filter(&self, filter: &AlarmFilter, sort: AlarmSort) -> Result<(), Error> {
        let value = text(&Last { filter: filter.clone(), sort })?;
        let kept = self.store.write(move |writer| {
            writer.own(|own| {
                own.prepare_cached(
                    "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )?
                .execute((LAST, value))?;
                Ok(())
            })
        });
        Ok(kept.await?)
    }

    /// The filter that was used last; everything, before the first.
    pub async fn last_filter(&self) -> Result<(AlarmFilter, AlarmSort), Error> {
        let last = self.store.read(|reading| {
            reading.own(|own| {
                let mut select = own.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
                Ok(select.query_row([LAST], |row| row.get::<_, String>(0)).optional()?)
            })
        });
        let last: Option<Last> = last.await?.and_then(|text| serde_json::from_str(&text).ok());
        Ok(last.map(|last| (last.filter, last.sort)).unwrap_or_default())
    }
}
