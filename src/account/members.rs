//! Which organizations the account reaches, and what it may do there: asked of the server, kept in cache.db.

use std::collections::BTreeMap;

use onsite_wire::ids::{Generation, OrganizationId};
use onsite_wire::onsite::{Capability, Me, MyOrganization};
use onsite_wire::rest::OrganizationsResponse;
use rusqlite::Connection;

use super::driver::{Driver, Message};
use crate::journal::Line;
use crate::net::{self, Http};
use crate::session::Status;
use crate::store::Fault;
use crate::sync::feed::organization_number;
use crate::sync::outbox;
use crate::sync::pull::record_of;
use crate::sync::schedule::{self, Mark};

/// An organization that the account reaches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) id: OrganizationId,
    pub(super) label: String,
    /// Rights and capabilities; missing against a server that has the vendor's API only.
    pub(super) mine: Option<MyOrganization>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Membership {
    pub(super) organizations: Vec<Member>,
}

/// What a schedule must know of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offers {
    rings: bool,
    digests: bool,
    feeds: Vec<&'static str>,
}

/// What an organization offers; one that does not say has the vendor's feeds and nothing else.
pub(super) fn offers(member: &Member) -> Offers {
    let has = |capability| member.mine.as_ref().is_some_and(|mine| mine.capabilities.contains(&capability));
    let mut feeds = vec!["inventory", "alarms"];
    if has(Capability::People) {
        feeds.push("people");
    }
    if has(Capability::Duty) {
        feeds.extend([crate::duty::feed::SITES, crate::duty::feed::DUTY]);
    }
    Offers { rings: has(Capability::Events), digests: has(Capability::Digest), feeds }
}

/// What cache.db knows.
pub(super) fn stored(cache: &Connection) -> Result<Membership, Fault> {
    let mut select = cache.prepare_cached("SELECT id, label, me FROM organization WHERE reached = 1 ORDER BY n")?;
    let rows = select.query_map([], |row| {
        Ok(Member {
            id: OrganizationId::from_bytes(row.get(0)?),
            label: row.get(1)?,
            mine: row.get::<_, Option<String>>(2)?.and_then(|text| serde_json::from_str(&text).ok()),
        })
    })?;
    Ok(Membership { organizations: rows.collect::<rusqlite::Result<_>>()? })
}

fn write(cache: &Connection, membership: &Membership) -> Result<(), Fault> {
    cache.execute("UPDATE organization SET reached = 0 WHERE reached = 1", [])?;
    for member in &membership.organizations {
        let n = organization_number(cache, member.id)?;
        let me = member.mine.as_ref().map(serde_json::to_string).transpose().map_err(|_| Fault::Value("me"))?;
        cache
            .prepare_cached("UPDATE organization SET reached = 1, me = ?2, label = CASE WHEN ?3 = '' THEN label ELSE ?3 END WHERE n = ?1")?
            .execute((n, me, &member.label))?;
    }
    // Names of organizations are part of the directory.
    cache.execute("UPDATE directory_version SET version = version + 1", [])?;
    Ok(())
}

/// Where the copies of all feeds stand.
pub(super) fn marks(cache: &Connection) -> Result<Vec<(schedule::Feed, Mark)>, Fault> {
    let mut select = cache.prepare_cached(
        "SELECT organization.id, feed.name, feed.generation, feed.position
           FROM feed JOIN organization ON organization.n = feed.organization WHERE feed.position IS NOT NULL",
    )?;
    let rows = select.query_map([], |row| {
        let feed = schedule::Feed { organization: OrganizationId::from_bytes(row.get(0)?), name: row.get(1)? };
        let generation = row.get::<_, Option<[u8; 16]>>(2)?.map(Generation::from_bytes);
        Ok((feed, Mark { generation, offset: row.get(3)? }))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Asks the server.
async fn ask(http: &Http, person: bool) -> Result<Membership, net::Fault> {
    if !person {
        let answer = http.get::<OrganizationsResponse>("rest/v1/organizations").await?;
        let organizations = answer.body.organizations.into_iter();
        return Ok(Membership {
            organizations: organizations.map(|entry| Member { id: entry.id, label: entry.label, mine: None }).collect(),
        });
    }
    let me = http.get::<Me>("onsite/v1/me").await?.body;
    let organizations = me.organizations.into_iter();
    Ok(Membership {
        organizations: organizations
            .map(|mine| Member { id: mine.id, label: mine.label.clone(), mine: Some(mine) })
            .collect(),
    })
}

impl Driver {
    /// Whether somebody, or a key, can call the server.
    pub(super) fn signed_in(&self) -> bool {
        match &self.parts.session {
            Some(session) => matches!(session.status(), Status::SignedIn(_)),
            None => true,
        }
    }

    /// Somebody signed in or out, or the session ended.
    pub(super) async fn session_changed(&mut self) -> Result<(), Fault> {
        let person = match self.parts.session.as_ref().map(crate::session::Session::status) {
            Some(Status::SignedIn(person) | Status::Ended(person)) => Some(person),
            Some(Status::SignedOut) | None => None,
        };
        let moved = person.as_ref().map(|person| person.id) != self.person.as_ref().map(|person| person.id);
        if person.is_some() || self.parts.session.is_none() {
            self.person = person;
        }
        if moved && self.outbox.is_none() {
            self.recover_outbox().await?;
        }
        self.recover_duty().await?;
        let signed_in = self.signed_in();
        let who = self.person.as_ref().filter(|_| signed_in).map(|person| person.id);
        self.step_outbox(outbox::Event::Session(who)).await?;
        self.step_schedule(schedule::Event::Session(signed_in)).await?;
        self.ask_membership();
        Ok(())
    }

    /// Asks which organizations the account reaches, unless that is under way.
    pub(super) fn ask_membership(&mut self) {
        if self.asking_membership || !self.signed_in() || *self.offline.borrow() {
            return;
        }
        self.asking_membership = true;
        self.membership_at = Some(self.now());
        let http = self.parts.puller.http.clone();
        let person = self.parts.session.is_some();
        let sender = self.parts.sender.clone();
        self.running.push(tokio::spawn(async move {
            drop(sender.send(Message::Membership(ask(&http, person).await)));
        }));
    }

    pub(super) async fn take_membership(&mut self, found: Result<Membership, net::Fault>) -> Result<(), Fault> {
        self.asking_membership = false;
        let membership = match found {
            Ok(membership) => membership,
            Err(fault) => {
                self.note(Line::new(self.now().wall, "membership_failed").saying(fault.code().as_str()));
                return Ok(());
            }
        };
        let before = self.parts.store.read(|reading| stored(reading.cache)).await?;
        if before != membership {
            let new = membership.clone();
            self.parts
                .store
                .write_behind(move |writer| {
                    writer.cache(|cache, changes| {
                        changes.note(crate::devices::intake::PlacesChanged);
                        write(cache, &new)
                    })
                })
                .await?;
        }
        let known: BTreeMap<OrganizationId, &Member> =
            before.organizations.iter().map(|member| (member.id, member)).collect();
        for member in &membership.organizations {
            self.open_organization(&member.id, &offers(member)).await?;
            let rights = |member: &Member| member.mine.as_ref().map(|mine| mine.rights.clone());
            if known.get(&member.id).is_some_and(|before| rights(before) != rights(member)) {
                self.note(Line::new(self.now().wall, "rights_changed").of(member.id));
                self.step_schedule(schedule::Event::RightsChanged(member.id)).await?;
            }
        }
        let reached: Vec<OrganizationId> = membership.organizations.iter().map(|member| member.id).collect();
        for gone in self.known.clone().into_iter().filter(|id| !reached.contains(id)) {
            self.known.remove(&gone);
            self.step_schedule(schedule::Event::Closed(gone)).await?;
        }
        Ok(())
    }

    /// Has an organization's feeds read.
    pub(super) async fn open_organization(&mut self, id: &OrganizationId, offers: &Offers) -> Result<(), Fault> {
        let organization = *id;
        let names = offers.feeds.clone();
        let feeds = self
            .parts
            .store
            .write_behind(move |writer| {
                writer.cache(|cache, _| {
                    let n = organization_number(cache, organization)?;
                    names
                        .into_iter()
                        .map(|name| {
                            let (mark, times) = record_of(cache, n, name)?;
                            let feed = schedule::Feed { organization, name: name.to_owned() };
                            Ok(schedule::FeedRecord { feed, mark, times })
                        })
                        .collect::<Result<Vec<_>, Fault>>()
                })
            })
            .await?;
        self.known.insert(organization);
        let event = schedule::Event::Opened { organization, rings: offers.rings, digests: offers.digests, feeds };
        self.step_schedule(event).await
    }
}
