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
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::changes::{Feed, Write};
use super::inventory::{read_body, write_body};
use super::objects::{Kind, Stored};
use super::{Storage, StorageError, View};

/// How long the log tells a switch or a presence that comes twice from one that is new: longer than one is taken. A switch
/// off, which is never too late, changes nothing when it comes again: the one that holds was pressed later. The last switch
/// off is kept as long: no switch on that was pressed before it is taken any more then.
const LOGGED_MS: i64 = 2 * onsite_rules::duty::LEASE_MS;

/// The last switch of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Switch {
    /// To on duty.
    pub(crate) on: bool,
    /// When it was pressed, as far as the server can tell.
    pub(crate) made_at: Timestamp,
    /// The session that sent it.
    pub(crate) family: Option<Uuid>,
}

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
        Ok(self.stay(organization, person)?.and_then(|entry| entry.at))
    }

    /// The object that says where somebody is. Each stay has an id of its own, which says nothing of its person: it goes out
    /// as a removal also to those who may not see the site.
    fn stay(&self, organization: OrganizationId, person: PersonId) -> Result<Option<DutyEntry>, StorageError> {
        let Some(id) = self.ids_below(organization, Kind::Presence, person.0)?.into_iter().next() else {
            return Ok(None);
        };
        let found = self.object(organization, Kind::Presence, id)?;
        found.map(|(stored, _)| read_body("presence", &stored.body)).transpose()
    }

    /// The last switch of a person, while it is kept.
    pub(crate) fn last_switch(
        &self,
        organization: OrganizationId,
        person: PersonId,
    ) -> Result<Option<Switch>, StorageError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT on_duty, made_at, family FROM duty_switches WHERE organization = ?1 AND person = ?2",
            )?
            .query_row(params![organization.bytes(), person.bytes()], |row| {
                let family: Option<[u8; 16]> = row.get(2)?;
                let made_at = Timestamp::from_micros(row.get(1)?);
                Ok(Switch { on: row.get(0)?, made_at, family: family.map(Uuid::from_bytes) })
            })
            .optional()?;
        // Who was on duty before switches were kept.
        let since = self.duty(organization, person)?.and_then(|entry| entry.since);
        Ok(found.or(since.map(|made_at| Switch { on: true, made_at, family: None })))
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
        let off = "SELECT 1 FROM duty_switches WHERE on_duty = 0 AND made_at < ?1";
        Ok(over
            || self.connection.prepare_cached(old)?.exists([logged.micros()])?
            || self.connection.prepare_cached(off)?.exists([logged.micros()])?)
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

    /// Keeps a person's last switch, and no earlier one.
    pub(crate) fn put_switch(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        switch: Switch,
    ) -> Result<(), StorageError> {
        let family = switch.family.map(|family| *family.as_bytes());
        self.connection()
            .prepare_cached(
                "INSERT INTO duty_switches (organization, person, on_duty, made_at, family) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (organization, person) DO UPDATE
                    SET on_duty = excluded.on_duty, made_at = excluded.made_at, family = excluded.family",
            )?
            .execute(params![organization.bytes(), person.bytes(), switch.on, switch.made_at.micros(), family])?;
        Ok(())
    }

    /// Ends the duty that a session switched on: with the session goes the phone that could switch it off.
    pub(super) fn end_duty_of_session(&mut self, family: Uuid) -> Result<(), StorageError> {
        let switched_on: Vec<([u8; 16], [u8; 16])> = self
            .connection()
            .prepare_cached("SELECT organization, person FROM duty_switches WHERE family = ?1 AND on_duty = 1")?
            .query_map([family.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (organization, person) in switched_on {
            let (organization, person) = (OrganizationId::from_bytes(organization), PersonId::from_bytes(person));
            self.end_duty(organization, person)?;
            self.put_switch(organization, person, Switch { on: false, made_at: self.now(), family: None })?;
        }
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
        self.connection()
            .prepare_cached("DELETE FROM duty_switches WHERE organization = ?1 AND person = ?2 AND on_duty = 1")?
            .execute(params![organization.bytes(), person.bytes()])?;
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
        let stay = self.view().stay(organization, person)?;
        let goes_on = stay.filter(|stay| stay.at.is_some_and(|before| before.site == at.site));
        if goes_on.is_none() {
            self.end_stay(organization, person)?;
        }
        let id = goes_on.map_or_else(crate::random::id, |stay| stay.id);
        let entry = DutyEntry { id, person, name: name.to_owned(), since: None, at: Some(at), revision: 0 };
        let stored = stored_duty(Kind::Presence, &entry, Some(at.site))?;
        self.put_if_different(organization, &Stored { parent: Some(person.0), ..stored })
    }

    /// Shows somebody at no site; gives the offset.
    pub(crate) fn end_presence(&mut self, organization: OrganizationId, person: PersonId) -> Result<i64, StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM leases WHERE organization = ?1 AND person = ?2")?
            .execute(params![organization.bytes(), person.bytes()])?;
        self.end_stay(organization, person)?;
        self.duty_offset(organization)
    }

    fn end_stay(&mut self, organization: OrganizationId, person: PersonId) -> Result<(), StorageError> {
        for id in self.view().ids_below(organization, Kind::Presence, person.0)? {
            self.remove(organization, Kind::Presence, id)?;
            // What is left of it for 90 days must not say who was where.
            self.connection()
                .prepare_cached(
                    "UPDATE objects SET place = NULL, parent = NULL WHERE organization = ?1 AND feed = ?2 AND id = ?3",
                )?
                .execute(params![organization.bytes(), Feed::Duty.name(), id.as_bytes()])?;
        }
        Ok(())
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
        self.connection()
            .prepare_cached("DELETE FROM duty_switches WHERE on_duty = 0 AND made_at < ?1")?
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
