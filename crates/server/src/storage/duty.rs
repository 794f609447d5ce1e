//! Sites with their fences and call lists, who is on duty, and the leases of sites (U2, U6, U7).
//!
//! A person on duty is one object, seen by everybody; where the person is, is another, seen by whoever may see the site.
//! It is gone when the lease ends, and its site with it: nothing of where somebody was is kept.

use std::sync::atomic::Ordering;

use onsite_rules::duty::lease_until;
use onsite_wire::ids::{DeviceId, LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{AtSite, CallEntry, DutyEntry, Outline, SiteEntry};
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;
use rusqlite::params;
use uuid::Uuid;

use super::changes::{Feed, Write};
use super::inventory::{read_body, write_body};
use super::objects::{Kind, Stored};
use super::{Storage, StorageError, View};

/// How long the log tells a switch or a presence that comes twice from one that is new: longer than one is taken. A switch
/// off, which is never too late, changes nothing when it comes again: the one that holds was pressed later.
const LOGGED_MS: i64 = 2 * onsite_rules::duty::LEASE_MS;

/// What is read at about the same time may differ by this much: two who look at once, a lease that is made meanwhile.
const AT_ONCE_MICROS: i64 = 1_000_000;

/// How long leases are taken to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Until their time, and never for longer than a lease from now on: see [`onsite_rules::duty::lease_holds`].
    UntilTheirTime,
    /// Not at all.
    Never,
}

impl Held {
    /// Leases that end between these, in microseconds, hold.
    const fn bounds(self, now: Timestamp) -> [i64; 2] {
        match self {
            Self::UntilTheirTime => [now.micros(), lease_until(now).micros() + AT_ONCE_MICROS],
            Self::Never => [i64::MAX, i64::MAX],
        }
    }
}

/// The id of the object that says where a person is.
fn presence_id(person: PersonId) -> Uuid {
    let mut bytes = *person.bytes();
    bytes.iter_mut().for_each(|byte| *byte = !*byte);
    Uuid::from_bytes(bytes)
}

impl View<'_> {
    /// A location's fence and call list, or the organization's own under its id.
    pub(crate) fn site(&self, organization: OrganizationId, id: Uuid) -> Result<Option<SiteEntry>, StorageError> {
        let found = self.object(organization, Kind::Site, id)?;
        found.map(|(stored, _)| read_body("site", &stored.body)).transpose()
    }

    /// What is subscribed to for the devices of a location and below; without one, of the organization.
    pub(crate) fn subscriptions(
        &self,
        organization: OrganizationId,
        location: Option<LocationId>,
    ) -> Result<Vec<Subscription>, StorageError> {
        let inside =
            location.map(|top| Ok::<_, StorageError>(self.locations(organization)?.subtree(top))).transpose()?;
        let mut subscriptions = Vec::new();
        for id in self.ids_of(organization, Kind::Device)? {
            let Some((device, place, _)) = self.device(organization, DeviceId(id))? else { continue };
            let counts = inside.as_ref().is_none_or(|inside| place.is_some_and(|place| inside.contains(&place)));
            subscriptions.extend(device.subscription.filter(|_| counts));
        }
        Ok(subscriptions)
    }

    /// Somebody who is on duty.
    pub(crate) fn duty(
        &self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<Option<DutyEntry>, StorageError> {
        let found = self.object(organization, Kind::Duty, person.0)?;
        found.map(|(stored, _)| read_body("duty", &stored.body)).transpose()
    }

    /// Where somebody is.
    pub(crate) fn presence(
        &self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<Option<AtSite>, StorageError> {
        let found = self.object(organization, Kind::Presence, presence_id(person))?;
        let entry: Option<DutyEntry> = found.map(|(stored, _)| read_body("presence", &stored.body)).transpose()?;
        Ok(entry.and_then(|entry| entry.at))
    }

    /// The locations that are sites, by id and label.
    pub(crate) fn labelled_sites(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<(LocationId, String)>, StorageError> {
        let mut sites = Vec::new();
        for id in self.ids_of(organization, Kind::Location)? {
            let location = self.location(organization, LocationId(id))?;
            sites.extend(location.filter(|it| it.kind == "SITE").map(|it| (it.id, it.label)));
        }
        Ok(sites)
    }

    fn a_lease_is_over(&self, now: Timestamp, held: Held) -> Result<bool, StorageError> {
        let over = "SELECT 1 FROM leases WHERE until <= ?1 OR until > ?2";
        let over = self.connection.prepare_cached(over)?.exists(held.bounds(now))?;
        let logged = now.plus_millis(-LOGGED_MS);
        let old = "SELECT 1 FROM actions WHERE kind IN ('presence', 'duty') AND arrived_at < ?1";
        Ok(over || self.connection.prepare_cached(old)?.exists([logged.micros()])?)
    }
}

impl Storage {
    /// Ends the leases that were not renewed, and all when the clock was set back: how long they have held is not known
    /// then, and whoever is still there says so within five minutes. Gives how many.
    pub async fn end_leases(&self) -> Result<usize, StorageError> {
        let now = self.clock.now();
        let last = self.looked_at.swap(now.micros(), Ordering::SeqCst);
        let set_back = last.saturating_sub(now.micros()) > AT_ONCE_MICROS;
        let held = if set_back { Held::Never } else { Held::UntilTheirTime };
        // Looking costs the writer nothing; there is seldom something due.
        if self.read(move |view| view.a_lease_is_over(now, held)).await? {
            self.write(move |write| write.end_leases(held)).await
        } else {
            Ok(0)
        }
    }

    /// Gives sites their fences, all or none.
    pub async fn put_fences(
        &self,
        organization: OrganizationId,
        fences: Vec<(LocationId, Outline)>,
    ) -> Result<(), StorageError> {
        self.write(move |write| {
            for (site, outline) in fences {
                write.put_fence(organization, site, Some(outline))?;
            }
            Ok(())
        })
        .await
    }
}

impl Write<'_> {
    /// Gives a site this fence, or takes it away.
    pub(crate) fn put_fence(
        &mut self,
        organization: OrganizationId,
        site: LocationId,
        outline: Option<Outline>,
    ) -> Result<(), StorageError> {
        let calls = self.view().site(organization, site.0)?.map(|entry| entry.calls).unwrap_or_default();
        self.put_site(organization, SiteEntry { id: site.0, outline, calls, revision: 0 })
    }

    /// Orders the call list of a location, or under its own id the organization's.
    pub(crate) fn put_calls(
        &mut self,
        organization: OrganizationId,
        id: Uuid,
        calls: Vec<CallEntry>,
    ) -> Result<(), StorageError> {
        let outline = self.view().site(organization, id)?.and_then(|entry| entry.outline);
        self.put_site(organization, SiteEntry { id, outline, calls, revision: 0 })
    }

    pub(super) fn put_site(&mut self, organization: OrganizationId, entry: SiteEntry) -> Result<(), StorageError> {
        let present = self.view().object(organization, Kind::Site, entry.id)?.is_some();
        if entry.outline.is_none() && entry.calls.is_empty() {
            return if present { self.remove(organization, Kind::Site, entry.id) } else { Ok(()) };
        }
        let stored = Stored {
            kind: Kind::Site,
            id: entry.id,
            parent: None,
            place: (entry.id != organization.0).then_some(LocationId(entry.id)),
            audience: None,
            ended_at: None,
            body: without_revision(write_body("site", &entry)?),
        };
        self.put_if_different(organization, &stored)?;
        Ok(())
    }

    /// Shows somebody as on duty since then; gives the offset.
    pub(crate) fn begin_duty(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        name: &str,
        since: Timestamp,
    ) -> Result<i64, StorageError> {
        self.forget_kept_back(organization, person)?;
        let entry =
            DutyEntry { id: person.0, person, name: name.to_owned(), since: Some(since), at: None, revision: 0 };
        self.put_if_different(organization, &stored_duty(Kind::Duty, &entry, None)?)
    }

    /// Shows somebody as off duty; gives the offset.
    pub(crate) fn end_duty(&mut self, organization: OrganizationId, person: PersonId) -> Result<i64, StorageError> {
        self.end_presence(organization, person)?;
        if self.view().object(organization, Kind::Duty, person.0)?.is_some() {
            self.remove(organization, Kind::Duty, person.0)?;
        }
        self.duty_offset(organization)
    }

    /// Shows somebody at a site while the lease holds; gives the offset.
    pub(crate) fn put_presence(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        name: &str,
        at: AtSite,
    ) -> Result<i64, StorageError> {
        self.connection()
            .prepare_cached(
                "INSERT INTO leases (organization, person, until) VALUES (?1, ?2, ?3)
                 ON CONFLICT (organization, person) DO UPDATE SET until = excluded.until",
            )?
            .execute(params![organization.bytes(), person.bytes(), at.until.micros()])?;
        let id = presence_id(person);
        let entry = DutyEntry { id, person, name: name.to_owned(), since: None, at: Some(at), revision: 0 };
        self.put_if_different(organization, &stored_duty(Kind::Presence, &entry, Some(at.site))?)
    }

    /// Shows somebody at no site; gives the offset.
    pub(crate) fn end_presence(&mut self, organization: OrganizationId, person: PersonId) -> Result<i64, StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM leases WHERE organization = ?1 AND person = ?2")?
            .execute(params![organization.bytes(), person.bytes()])?;
        let id = presence_id(person);
        if self.view().object(organization, Kind::Presence, id)?.is_some() {
            // What is left of it for 90 days must not say where it was.
            self.touch(organization, Kind::Presence, id, None)?;
            self.remove(organization, Kind::Presence, id)?;
        }
        self.duty_offset(organization)
    }

    pub(crate) fn duty_offset(&self, organization: OrganizationId) -> Result<i64, StorageError> {
        // What this transaction moved is not written to the feed's row yet.
        Ok(self.moved_to(organization, Feed::Duty).unwrap_or(self.view().feed(organization, Feed::Duty)?.offset))
    }

    fn end_leases(&mut self, held: Held) -> Result<usize, StorageError> {
        let now = self.now();
        let over: Vec<([u8; 16], [u8; 16])> = self
            .connection()
            .prepare_cached("SELECT organization, person FROM leases WHERE until <= ?1 OR until > ?2")?
            .query_map(held.bounds(now), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (organization, person) in &over {
            self.end_presence(OrganizationId::from_bytes(*organization), PersonId::from_bytes(*person))?;
        }
        self.connection()
            .prepare_cached("DELETE FROM actions WHERE kind IN ('presence', 'duty') AND arrived_at < ?1")?
            .execute([now.plus_millis(-LOGGED_MS).micros()])?;
        Ok(over.len())
    }
}

fn stored_duty(kind: Kind, entry: &DutyEntry, place: Option<LocationId>) -> Result<Stored, StorageError> {
    Ok(Stored {
        kind,
        id: entry.id,
        parent: None,
        place,
        audience: None,
        ended_at: None,
        body: without_revision(write_body("duty", entry)?),
    })
}

/// Objects are kept without their revision, which is the offset of their last change.
fn without_revision(body: String) -> String {
    body.strip_suffix(",\"revision\":0}").map(|rest| format!("{rest}}}")).unwrap_or(body)
}
