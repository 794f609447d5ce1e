//! The three feeds of this room: incidents, the messages of their chats, and how far the person has read them.

use std::collections::BTreeSet;
use std::sync::Arc;

use onsite_rules::digest::Tally;
use onsite_wire::ids::{IncidentId, OrganizationId};
use onsite_wire::onsite::{Capability, Incident, Message, ReadPosition};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::chat::MessagesChanged;
use super::list::IncidentsChanged;
use super::{chat_intake, intake};
use crate::store::Fault;
use crate::sync::feed::{Feed, Intake, Needs, Read, Route, Unreadable};
use crate::sync::overlays::Overlays;
use crate::time::Timestamp;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// What closed longer ago is not in a full read.
const SHOWN_MS: i64 = 7 * DAY_MS;
/// What closed longer ago is let go.
const KEPT_MS: i64 = 90 * DAY_MS;

/// An object, or the id of one that is gone or out of sight.
#[derive(Debug, Clone)]
pub enum Change<T> {
    /// New or different.
    Present(Box<T>),
    /// Gone.
    Gone(Uuid),
}

fn route(organization: OrganizationId, feed: &str, read: Read) -> Route {
    let path = match read {
        Read::Full => format!("onsite/v1/organizations/{organization}/feeds/{feed}"),
        Read::After(offset) => format!("onsite/v1/organizations/{organization}/feeds/{feed}?after={offset}"),
    };
    Route { path, arrays: &["objects", "removed"] }
}

fn parse<T: DeserializeOwned>(array: usize, raw: &[u8]) -> Result<Change<T>, Unreadable> {
    if array == 0 {
        serde_json::from_slice(raw).map(|object| Change::Present(Box::new(object))).map_err(|_| Unreadable)
    } else {
        serde_json::from_slice(raw).map(Change::Gone).map_err(|_| Unreadable)
    }
}

/// The feed `incidents`.
pub struct IncidentFeed {
    /// The person's own actions, which are laid over what comes.
    pub overlays: Arc<Overlays>,
}

impl Feed for IncidentFeed {
    type Item = Change<Incident>;

    fn name(&self) -> &'static str {
        "incidents"
    }

    fn needs(&self) -> Needs {
        Needs::Offered(Capability::Incidents)
    }

    fn route(&self, organization: OrganizationId, read: Read) -> Route {
        route(organization, self.name(), read)
    }

    fn parse(&self, array: usize, raw: &[u8]) -> Result<Self::Item, Unreadable> {
        parse(array, raw)
    }

    fn take(&self, intake: &mut Intake<'_>, items: Vec<Self::Item>) -> Result<(), Fault> {
        let (mut incidents, mut messages) = (IncidentsChanged::default(), MessagesChanged::default());
        for item in items {
            match item {
                Change::Present(incident) => {
                    intake::take(intake, &self.overlays, &incident, &mut incidents, &mut messages)?;
                }
                Change::Gone(id) => intake::remove(intake.cache, IncidentId(id), &mut incidents, &mut messages)?,
            }
        }
        incidents.note(intake.changes);
        messages.note(intake.changes);
        Ok(())
    }

    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<Uuid>, Fault> {
        if intake.full {
            let (mut incidents, mut messages) = (IncidentsChanged::default(), MessagesChanged::default());
            // An hour of tolerance: the server counts by its own clock.
            let shown_since = intake.now.plus_millis(-SHOWN_MS + 60 * 60 * 1_000);
            let kept_since = intake.now.plus_millis(-KEPT_MS);
            intake::remove_unseen(intake, shown_since, kept_since, &mut incidents, &mut messages)?;
            incidents.note(intake.changes);
            messages.note(intake.changes);
        }
        Ok(Vec::new())
    }

    fn digest(&self, cache: &Connection, organization: i64, since: Option<Timestamp>) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        let mut select = cache.prepare_cached(
            "SELECT id, revision FROM incident
              WHERE organization = ?1 AND revision > 0 AND (closed IS NULL OR closed >= ?2)",
        )?;
        let since = since.map_or(i64::MIN, Timestamp::micros);
        let mut rows = select.query((organization, since))?;
        while let Some(row) = rows.next()? {
            tally.add(&row.get(0)?, row.get(1)?);
        }
        Ok(tally)
    }
}

/// The name of the feed of messages.
pub(crate) const MESSAGES: &str = "messages";

/// The feed `messages`. A full read brings the last 50 of each incident that is not closed.
pub struct MessageFeed {
    /// The person's own actions, which are laid over what comes.
    pub overlays: Arc<Overlays>,
}

impl Feed for MessageFeed {
    type Item = Change<Message>;

    fn name(&self) -> &'static str {
        MESSAGES
    }

    fn needs(&self) -> Needs {
        Needs::Offered(Capability::Incidents)
    }

    fn route(&self, organization: OrganizationId, read: Read) -> Route {
        route(organization, self.name(), read)
    }

    fn parse(&self, array: usize, raw: &[u8]) -> Result<Self::Item, Unreadable> {
        parse(array, raw)
    }

    fn take(&self, intake: &mut Intake<'_>, items: Vec<Self::Item>) -> Result<(), Fault> {
        let (mut touched, mut changed) = (BTreeSet::new(), MessagesChanged::default());
        let me = self.overlays.person();
        for item in items {
            match item {
                Change::Present(message) => chat_intake::take(intake, me, &message, &mut touched, &mut changed)?,
                Change::Gone(id) => chat_intake::remove(intake.cache, id, &mut touched, &mut changed)?,
            }
        }
        changed.note(intake.changes);
        intake::reshape_all(intake, &self.overlays, &touched)
    }

    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<Uuid>, Fault> {
        if intake.full {
            let (mut touched, mut changed) = (BTreeSet::new(), MessagesChanged::default());
            chat_intake::finish(intake, &mut touched, &mut changed)?;
            changed.note(intake.changes);
            intake::reshape_all(intake, &self.overlays, &touched)?;
        }
        Ok(Vec::new())
    }

    fn digest(&self, cache: &Connection, organization: i64, _: Option<Timestamp>) -> Result<Tally, Fault> {
        chat_intake::digest(cache, organization)
    }
}

/// The feed `read_positions`: the person's own, also those made on another phone.
pub struct ReadPositionFeed {
    /// The person's own actions, which are laid over what comes.
    pub overlays: Arc<Overlays>,
}

impl Feed for ReadPositionFeed {
    type Item = Change<ReadPosition>;

    fn name(&self) -> &'static str {
        "read_positions"
    }

    fn needs(&self) -> Needs {
        Needs::Offered(Capability::Incidents)
    }

    fn route(&self, organization: OrganizationId, read: Read) -> Route {
        route(organization, self.name(), read)
    }

    fn parse(&self, array: usize, raw: &[u8]) -> Result<Self::Item, Unreadable> {
        parse(array, raw)
    }

    fn take(&self, intake: &mut Intake<'_>, items: Vec<Self::Item>) -> Result<(), Fault> {
        let mut touched = BTreeSet::new();
        for item in items {
            match item {
                Change::Present(position) => intake::take_position(intake, &position, &mut touched)?,
                Change::Gone(id) => intake::remove_position(intake.cache, id, &mut touched)?,
            }
        }
        intake::reshape_all(intake, &self.overlays, &touched)
    }

    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<Uuid>, Fault> {
        if intake.full {
            let mut touched = BTreeSet::new();
            let held: Vec<(i64, [u8; 16])> = intake
                .cache
                .prepare_cached("SELECT n, id FROM read_position WHERE organization = ?1")?
                .query_map([intake.organization], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            for (n, id) in held {
                if !intake.seen.contains("read_position", n) {
                    intake::remove_position(intake.cache, Uuid::from_bytes(id), &mut touched)?;
                }
            }
            intake::reshape_all(intake, &self.overlays, &touched)?;
        }
        Ok(Vec::new())
    }

    fn digest(&self, cache: &Connection, organization: i64, _: Option<Timestamp>) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        let mut select = cache.prepare_cached("SELECT id, revision FROM read_position WHERE organization = ?1")?;
        let mut rows = select.query([organization])?;
        while let Some(row) = rows.next()? {
            tally.add(&row.get(0)?, row.get(1)?);
        }
        Ok(tally)
    }
}
