//! Storms: what was counted within the last minute for a person, under a name (N1).

use onsite_rules::notice::{self, Event, Storm};
use onsite_wire::ids::{OrganizationId, PersonId};
use onsite_wire::onsite::{NoticeKind, NoticeSubject, NoticeWords};
use onsite_wire::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Happened, Told};
use crate::storage::StorageError;
use crate::storage::changes::Write;
use crate::storage::inventory::{read_body, write_body};

/// Under which name an event is counted. What settings silenced is counted by itself: it is no reason for a push to be quiet.
pub(super) fn name_of(event: &Event, rings: bool) -> String {
    let name = notice::storm_of(event).as_str();
    if rings { name.to_owned() } else { format!("{name}_silenced") }
}

impl Write<'_> {
    /// Tells an instant event by itself; from the 6th within a minute counted up in one notification.
    pub(super) fn tell_in_storm(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        (key, happened): (String, &Happened),
        told: &Told<'_>,
    ) -> Result<(), StorageError> {
        let name = name_of(&happened.event(person), told.rings());
        let mut storm = self.storm(organization, person, &name)?;
        let counted = storm.one_more(self.now());
        self.keep_storm((organization, person, &name), &storm, counted)?;
        let Some((began, count)) = counted else {
            return self.notify(organization, person, key, happened, told);
        };
        // Alarms become a bundle; of what people did it is still said what it was.
        let of_alarms = notice::storm_of(&happened.event(person)) == NoticeKind::Alarm;
        let storm = Happened {
            kind: if of_alarms { NoticeKind::Bundle } else { happened.kind },
            subject_kind: NoticeSubject::Organization,
            subject: organization.0,
            // Below zero a silenced one cannot meet one that rings.
            occurrence: if told.rings() { began.micros() } else { -began.micros() },
            place: None,
            count,
            words: NoticeWords { organization: happened.words.organization.clone(), ..NoticeWords::default() },
            ..happened.clone()
        };
        let key = notice::key(organization, storm.kind, storm.subject, storm.occurrence);
        self.note(organization, person, &key, &storm, told)?;
        self.notify(organization, person, key, &storm, told)
    }

    /// What was counted for a person under this name.
    pub(super) fn storm(
        &self,
        organization: OrganizationId,
        person: PersonId,
        name: &str,
    ) -> Result<Storm, StorageError> {
        let found: Option<(String, Option<i64>, i64)> = self
            .connection()
            .prepare_cached(
                "SELECT newest, began, count FROM notice_storms WHERE organization = ?1 AND person = ?2 AND kind = ?3",
            )?
            .query_row(params![organization.bytes(), person.bytes(), name], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((newest, began, count)) = found else { return Ok(Storm::default()) };
        let newest: Vec<i64> = read_body("storm", &newest)?;
        let newest = newest.into_iter().map(Timestamp::from_micros).collect();
        Ok(Storm::kept(newest, began.map(|began| (Timestamp::from_micros(began), count))))
    }

    pub(super) fn keep_storm(
        &mut self,
        (organization, person, name): (OrganizationId, PersonId, &str),
        storm: &Storm,
        counted: Option<(Timestamp, i64)>,
    ) -> Result<(), StorageError> {
        let newest: Vec<i64> = storm.newest().iter().map(|at| at.micros()).collect();
        self.connection()
            .prepare_cached(
                "INSERT INTO notice_storms (organization, person, kind, newest, began, count)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (organization, person, kind) DO UPDATE
                    SET newest = excluded.newest, began = excluded.began, count = excluded.count",
            )?
            .execute(params![
                organization.bytes(),
                person.bytes(),
                name,
                write_body("storm", &newest)?,
                counted.map(|(began, _)| began.micros()),
                counted.map_or(0, |(_, count)| count),
            ])?;
        Ok(())
    }
}
