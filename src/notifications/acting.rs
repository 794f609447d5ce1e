//! What a person does with notifications, as actions: reading them, and choosing how to be told.

use std::collections::{BTreeMap, BTreeSet};

use onsite_rules::action::{Kind, NOTICE_SETTINGS, READ_NOTICES};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::{Capability, NoticeSettings, ReadBody, Subject, SubjectKind, Urgency};
use rusqlite::Connection;
use serde::Serialize;
use uuid::Uuid;

use super::shape::Reads;
use crate::error::Error;
use crate::people;
use crate::store::Fault;
use crate::sync::outbox::{self, Draft, KindRules, SubjectName};
use crate::sync::overlays::{Overlays, Pending};

/// The most notifications that one action names.
const LIMIT: usize = 1_000;
/// Minutes of a day.
const MINUTES: u16 = 24 * 60;
/// The longest name of a time zone, in bytes.
const ZONE: usize = 64;

/// The kinds of actions of this room. What was read is no matter to decide about: it is kept for a restored backup, and
/// never parked.
pub(crate) fn kinds() -> Vec<KindRules> {
    vec![
        KindRules::of(&NOTICE_SETTINGS, &[&NOTICE_SETTINGS]),
        KindRules::of(&READ_NOTICES, &[&READ_NOTICES]).fleeting(outbox::KEPT_MS),
    ]
}

/// Whether an organization's server offers notifications.
pub(super) fn offered(cache: &Connection, organization: OrganizationId) -> Result<bool, Fault> {
    let mine = people::mine(cache, organization)?;
    Ok(mine.is_some_and(|mine| mine.capabilities.contains(&Capability::Notifications)))
}

/// Who acts.
pub(super) struct Actor {
    pub(super) id: PersonId,
    pub(super) name: String,
}

impl Actor {
    pub(super) fn draft(
        &self,
        id: ActionId,
        organization: OrganizationId,
        kind: &Kind,
        body: impl Serialize,
    ) -> Result<Draft, Error> {
        let body = serde_json::to_value(body).map_err(|_| Error::new(Code::Internal).with("detail", "action body"))?;
        Ok(Draft {
            id,
            organization,
            kind: kind.name.to_owned(),
            subject: Subject { kind: SubjectKind::Person, id: self.id.0 },
            body,
            seen: 0,
            expires_at: None,
            retry_of: None,
            name: SubjectName { label: self.name.clone(), within: String::new() },
        })
    }
}

/// What is to be read, by organization.
pub(super) type ToRead = BTreeMap<OrganizationId, ReadBody>;

/// The unread ones among these, by organization.
pub(super) fn unread_among(cache: &Connection, ids: &[Uuid]) -> Result<ToRead, Fault> {
    let mut found = ToRead::new();
    let mut select = cache.prepare_cached(
        "SELECT organization.id FROM notification JOIN organization ON organization.n = notification.organization
          WHERE notification.id = ?1 AND notification.read = 0",
    )?;
    for id in ids.iter().collect::<BTreeSet<_>>() {
        let mut rows = select.query([id.as_bytes()])?;
        if let Some(row) = rows.next()? {
            found.entry(OrganizationId::from_bytes(row.get(0)?)).or_default().notifications.push(*id);
        }
    }
    Ok(found)
}

/// All unread ones, of one organization or of all: those of the feed up to its newest revision here, those that only a push
/// has brought by their ids.
pub(super) fn all_unread(cache: &Connection, of: Option<OrganizationId>) -> Result<ToRead, Fault> {
    let mut found = ToRead::new();
    let mut select = cache.prepare_cached(
        "SELECT organization.id, notification.id, notification.revision
           FROM organization JOIN notification INDEXED BY notification_unread
             ON notification.organization = organization.n AND notification.read_server = 0
          WHERE notification.read = 0",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let organization = OrganizationId::from_bytes(row.get(0)?);
        if of.is_some_and(|wanted| wanted != organization) {
            continue;
        }
        let body = found.entry(organization).or_default();
        match row.get::<_, i64>(2)? {
            0 => body.notifications.push(Uuid::from_bytes(row.get(1)?)),
            revision => body.up_to = body.up_to.max(Some(revision)),
        }
    }
    Ok(found)
}

/// A reading with all that was read before and not sent: it takes that one's place in the outbox.
pub(super) fn gathered(body: ReadBody, pending: &[Pending]) -> Result<ReadBody, Error> {
    let mut reads = Reads::unsent(pending);
    reads.add(body);
    if reads.ids.len() > LIMIT {
        return Err(Error::new(Code::TooLarge).with("limit", format!("{LIMIT} notifications")));
    }
    Ok(ReadBody { notifications: reads.ids.into_iter().collect(), up_to: reads.up_to })
}

/// What is pending about oneself in an organization.
pub(super) fn pending(overlays: &Overlays, organization: OrganizationId, me: PersonId) -> Vec<Pending> {
    overlays.of_in(organization, SubjectKind::Person, me.0)
}

/// Whether settings can be sent as they are: the rest is the server's to know.
pub(super) fn check(settings: &NoticeSettings) -> Result<(), Error> {
    if let Some(daily) = &settings.daily {
        if daily.minute >= MINUTES {
            return Err(Error::input("a day has 1,440 minutes"));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+');
        if daily.zone.is_empty() || daily.zone.len() > ZONE || !daily.zone.bytes().all(is_name) {
            return Err(Error::new(Code::ZoneUnknown).with("zone", daily.zone.chars().take(ZONE).collect::<String>()));
        }
    }
    if settings.severities.iter().any(|severity| !Urgency::ALL.contains(severity)) {
        return Err(Error::input("a severity that there is not"));
    }
    if settings.sounds.len() > LIMIT {
        return Err(Error::new(Code::TooLarge).with("limit", format!("{LIMIT} sounds")));
    }
    Ok(())
}
