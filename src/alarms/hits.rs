//! Which alarms have the typed words.

use rusqlite::Connection;

use crate::store::Fault;

/// Looking one alarm up by its number reads a page from somewhere in the file; walking along an index passes this many in
/// the same time (measured at a million alarms: 50 µs and 0.4 µs).
const PASSED_MEANWHILE: usize = 125;
/// A window's rows, for which a walk goes on.
const WANTED: usize = 50;

/// Alarms that have the typed words: one bit per row number.
#[derive(Debug, Clone, Default)]
pub(super) struct WordHits {
    bits: Vec<u64>,
    count: usize,
}

impl WordHits {
    /// Asks the index.
    pub(super) fn find(cache: &Connection, query: &str) -> Result<Self, Fault> {
        let mut hits = Self::default();
        let mut select = cache.prepare_cached("SELECT rowid FROM alarm_words WHERE alarm_words MATCH ?1")?;
        let mut rows = select.query([query])?;
        while let Some(row) = rows.next()? {
            hits.set(row.get(0)?, true);
        }
        Ok(hits)
    }

    /// Whether an alarm has the words.
    pub(super) fn contains(&self, n: i64) -> bool {
        let Ok(n) = usize::try_from(n) else { return false };
        self.bits.get(n / 64).is_some_and(|word| word >> (n % 64) & 1 == 1)
    }

    /// From now on an alarm has them, or has not.
    pub(super) fn set(&mut self, n: i64, hit: bool) {
        let Ok(at) = usize::try_from(n) else { return };
        if self.contains(n) == hit {
            return;
        }
        if self.bits.len() <= at / 64 {
            self.bits.resize(at / 64 + 1, 0);
        }
        if let Some(word) = self.bits.get_mut(at / 64) {
            *word ^= 1 << (at % 64);
            self.count = if hit { self.count + 1 } else { self.count.saturating_sub(1) };
        }
    }

    /// Whether looking each of them up is quicker than walking along a list until enough of them are met.
    pub(super) const fn are_few(&self) -> bool {
        if cfg!(test) {
            // Tests have small stores and see both ways.
            return self.count <= 12;
        }
        let alarms = self.bits.len() * 64;
        self.count <= WANTED || self.count * self.count <= alarms * WANTED / PASSED_MEANWHILE
    }

    /// Their row numbers, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = i64> + '_ {
        self.bits.iter().enumerate().flat_map(|(at, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).filter_map(move |bit| i64::try_from(at * 64 + bit).ok())
        })
    }
}
