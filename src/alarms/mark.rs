//! What must be known of an alarm to place, filter and count it: a mark. Small, because every change carries two (before
//! and after), and a count reads one per alarm.

use onsite_rules::severity::Shown;
use onsite_wire::ids::{AlarmId, PersonId};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::store::Fault;
use crate::time::Timestamp;

/// Whether an alarm is active. Ordered as lists are: active first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Its condition holds, or went less than the clearing window ago.
    Active,
    /// Over.
    Cleared,
}

/// An alarm as lists see it. Alarms that are not shown (severity OK or INFO, device gone) have no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Row number.
    pub n: i64,
    /// Its id.
    pub id: AlarmId,
    /// The organization's row number.
    pub organization: i64,
    /// The device's row number.
    pub device: i64,
    /// Active or cleared.
    pub status: Status,
    /// Critical or warning.
    pub severity: Shown,
    /// The category's number; 0 is none.
    pub category: i64,
    /// A mute of its own or of its device holds.
    pub muted: bool,
    /// Who is responsible: a person's or partner's id.
    pub assignee: Option<PersonId>,
    /// When it was activated.
    pub activated: Timestamp,
}

/// The columns of a mark, in the order in which [`Mark::read`] takes them. All of them stand in each list's index.
pub(super) const COLUMNS: &str = "alarm.n, alarm.id, alarm.organization, alarm.device, alarm.status, alarm.shown, \
     alarm.category, alarm.muted, alarm.assignee, alarm.recency";

/// The status of an alarm that no list shows.
pub(super) const NOT_SHOWN: i64 = 2;

impl Mark {
    /// Reads a row of [`COLUMNS`]; `None` when no list shows it.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let status = match row.get::<_, i64>(4)? {
            0 => Status::Active,
            1 => Status::Cleared,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            n: row.get(0)?,
            id: AlarmId::from_bytes(row.get(1)?),
            organization: row.get(2)?,
            device: row.get(3)?,
            status,
            severity: if row.get::<_, i64>(5)? == 0 { Shown::Critical } else { Shown::Warning },
            category: row.get(6)?,
            muted: row.get(7)?,
            assignee: row.get::<_, Option<[u8; 16]>>(8)?.map(PersonId::from_bytes),
            activated: Timestamp::from_micros(-row.get::<_, i64>(9)?),
        }))
    }

    /// The mark of a row as it stands.
    pub(super) fn of(cache: &Connection, n: i64) -> Result<Option<Self>, Fault> {
        let found = cache
            .prepare_cached(
                "SELECT alarm.n, alarm.id, alarm.organization, alarm.device, alarm.status, alarm.shown,
                        alarm.category, alarm.muted, alarm.assignee, alarm.recency
                   FROM alarm WHERE n = ?1",
            )?
            .query_row([n], Self::read)
            .optional()?;
        Ok(found.flatten())
    }
}

/// Noted with a commit: alarms before and after. `None` on one side: no list showed it, or shows it now.
#[derive(Debug, Default)]
pub(crate) struct AlarmsChanged(pub(crate) Vec<(Option<Mark>, Option<Mark>)>);

impl AlarmsChanged {
    /// Adds a change, unless no list showed the alarm before or shows it now. Equal marks say that the row looks different.
    pub(super) fn push(&mut self, before: Option<Mark>, after: Option<Mark>) {
        if before.is_some() || after.is_some() {
            self.0.push((before, after));
        }
    }
}
