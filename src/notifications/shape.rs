//! What is seen: the server's value with the person's pending actions laid over it. What was read counts as read at once, and
//! chosen settings hold at once.

use std::collections::BTreeSet;

use onsite_rules::action::{NOTICE_SETTINGS, READ_NOTICES};
use onsite_wire::ids::{OrganizationId, PersonId};
use onsite_wire::onsite::{NoticeSettings, ReadBody, StoredSettings, Subject, SubjectKind};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize as _;
use uuid::Uuid;

use super::intake::{read_text, write_text};
use super::list::{NoticeMark, NoticesChanged};
use crate::store::{Changes, Fault};
use crate::sync::feed::organization_number;
use crate::sync::overlays::{Pending, Standing};

/// What pending actions say was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reads {
    pub(super) ids: BTreeSet<Uuid>,
    pub(super) up_to: Option<i64>,
}

impl Reads {
    /// Of all that is pending.
    pub(super) fn of(pending: &[Pending]) -> Self {
        Self::of_those(pending, |_| true)
    }

    /// Of what is on this phone only: a new action takes its place.
    pub(super) fn unsent(pending: &[Pending]) -> Self {
        Self::of_those(pending, |action| action.standing == Standing::OnPhone)
    }

    fn of_those(pending: &[Pending], wanted: impl Fn(&Pending) -> bool) -> Self {
        let mut reads = Self::default();
        let ours = pending.iter().filter(|action| action.kind == READ_NOTICES.name && action.parked.is_none());
        for action in ours.filter(|action| wanted(action)) {
            let Ok(body) = ReadBody::deserialize(&action.body) else { continue };
            reads.add(body);
        }
        reads
    }

    /// And this.
    pub(super) fn add(&mut self, body: ReadBody) {
        self.ids.extend(body.notifications);
        self.up_to = self.up_to.max(body.up_to);
    }

    /// Whether a notification was read. One that only a push has brought (revision 0) is below no revision.
    pub(super) fn covers(&self, id: Uuid, revision: i64) -> bool {
        self.ids.contains(&id) || (revision > 0 && self.up_to.is_some_and(|up_to| revision <= up_to))
    }
}

/// The settings chosen last and not on the way back yet.
fn chosen(pending: &[Pending]) -> Option<NoticeSettings> {
    let ours = pending.iter().rev().filter(|action| action.kind == NOTICE_SETTINGS.name && action.parked.is_none());
    ours.filter_map(|action| NoticeSettings::deserialize(&action.body).ok()).next()
}

/// Computes the effective settings of an organization anew. `me`: whose they are, where no row says that yet.
pub(super) fn reshape_settings(
    cache: &Connection,
    organization: i64,
    me: Option<PersonId>,
    pending: &[Pending],
) -> Result<(), Fault> {
    let server: Option<Option<String>> = cache
        .prepare_cached("SELECT server FROM notice_settings WHERE organization = ?1")?
        .query_row([organization], |row| row.get(0))
        .optional()?;
    let effective = match (chosen(pending), &server) {
        (Some(settings), _) => write_text(&settings)?,
        (None, Some(Some(text))) => write_text(&read_text::<StoredSettings>(text)?.settings)?,
        (None, Some(None) | None) => {
            cache.prepare_cached("DELETE FROM notice_settings WHERE organization = ?1")?.execute([organization])?;
            return Ok(());
        }
    };
    if server.is_some() {
        cache
            .prepare_cached("UPDATE notice_settings SET settings = ?2 WHERE organization = ?1")?
            .execute((organization, effective))?;
    } else if let Some(me) = me {
        cache
            .prepare_cached("INSERT INTO notice_settings (organization, id, settings) VALUES (?1, ?2, ?3)")?
            .execute((organization, me.bytes(), effective))?;
    }
    Ok(())
}

/// How the person wishes to be told in an organization, as it is seen here; at the beginning as everybody.
pub(super) fn settings(cache: &Connection, organization: OrganizationId) -> Result<NoticeSettings, Fault> {
    let text: Option<String> = cache
        .prepare_cached(
            "SELECT notice_settings.settings FROM organization
               JOIN notice_settings ON notice_settings.organization = organization.n WHERE organization.id = ?1",
        )?
        .query_row([organization.bytes()], |row| row.get(0))
        .optional()?;
    text.map_or_else(|| Ok(NoticeSettings::default()), |text| read_text(&text))
}

/// How many critical ones "quiet while off duty" has kept back, as the server said last.
pub(super) fn kept_back(cache: &Connection, organization: OrganizationId) -> Result<i64, Fault> {
    let text: Option<Option<String>> = cache
        .prepare_cached(
            "SELECT notice_settings.server FROM organization
               JOIN notice_settings ON notice_settings.organization = organization.n WHERE organization.id = ?1",
        )?
        .query_row([organization.bytes()], |row| row.get(0))
        .optional()?;
    text.flatten().map_or(Ok(0), |text| Ok(read_text::<StoredSettings>(&text)?.kept_back))
}

/// Lays what the person read and chose over an organization's rows anew.
pub(crate) fn overlay(
    cache: &Connection,
    changes: &mut Changes,
    organization: OrganizationId,
    me: Option<PersonId>,
    pending: &[Pending],
) -> Result<(), Fault> {
    let organization = organization_number(cache, organization)?;
    reshape_settings(cache, organization, me, pending)?;
    let reads = Reads::of(pending);
    let rows: Vec<(i64, [u8; 16], i64, bool)> = cache
        .prepare_cached(
            "SELECT n, id, revision, read FROM notification INDEXED BY notification_unread
              WHERE organization = ?1 AND read_server = 0",
        )?
        .query_map([organization], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut changed = NoticesChanged::default();
    for (n, id, revision, was) in rows {
        let read = reads.covers(Uuid::from_bytes(id), revision);
        if read != was {
            let before = NoticeMark::of(cache, n)?;
            cache.prepare_cached("UPDATE notification SET read = ?2 WHERE n = ?1")?.execute((n, read))?;
            changed.push(before, NoticeMark::of(cache, n)?);
        }
    }
    changed.note(changes);
    Ok(())
}

/// The people, which is to say oneself, over whose rows something may have been laid.
pub(crate) fn covered(cache: &Connection, me: Option<PersonId>) -> Result<Vec<(OrganizationId, Subject)>, Fault> {
    let Some(me) = me else { return Ok(Vec::new()) };
    let mut select = cache.prepare_cached(
        "SELECT id FROM organization
          WHERE n IN (SELECT organization FROM notification WHERE read <> read_server
                      UNION SELECT organization FROM notice_settings)",
    )?;
    let rows = select.query_map([], |row| {
        let subject = Subject { kind: SubjectKind::Person, id: me.0 };
        Ok((OrganizationId::from_bytes(row.get(0)?), subject))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
