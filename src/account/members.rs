//! Which organizations the account reaches, and what it may do there: asked of the server, kept in cache.db.

use std::collections::BTreeMap;
use std::sync::Arc;

use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{Capability, Me, MyOrganization, OrganizationRights};
use onsite_wire::rest::OrganizationsResponse;
use rusqlite::Connection;

use super::driver::{Driver, Message};
use super::out_of_sight;
use crate::journal::Line;
use crate::net::{self, Http};
use crate::photos;
use crate::session::Status;
use crate::store::Fault;
use crate::sync::copies::record_of;
use crate::sync::feed::{Needs, organization_number};
use crate::sync::gaps;
use crate::sync::outbox;
use crate::sync::pull::Pullable;
use crate::sync::schedule;

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
pub(super) fn offers(member: &Member, registered: &[Arc<dyn Pullable>]) -> Offers {
    let capabilities = member.mine.as_ref().map_or(&[][..], |mine| mine.capabilities.as_slice());
    let met = |needs: Needs| needs.met_by(capabilities);
    Offers {
        rings: met(Needs::Offered(Capability::Events)),
        digests: met(Needs::Offered(Capability::Digest)),
        feeds: registered.iter().filter(|feed| met(feed.needs())).map(|feed| feed.name()).collect(),
    }
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
            self.parts.overlays.set_person(self.person.as_ref().map(|person| person.id));
        }
        if moved && self.outbox.is_none() {
            self.recover_outbox().await?;
        }
        self.recover_duty().await?;
        if moved {
            self.empty_inbox().await?;
        }
        let signed_in = self.signed_in();
        let who = self.person.as_ref().filter(|_| signed_in).map(|person| person.id);
        self.step_outbox(outbox::Event::Session(who)).await?;
        self.step_photos(photos::Event::Session(signed_in));
        self.step_schedule(schedule::Event::Session(signed_in)).await?;
        self.step_gaps(gaps::Event::Session(signed_in)).await?;
        self.courier_begins();
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
                self.membership_trouble = Some(fault.code());
                self.note(Line::new(self.now().wall, "membership_failed").saying(fault.code().as_str()));
                return Ok(());
            }
        };
        self.membership_trouble = None;
        let before = self.parts.store.read(|reading| stored(reading.cache)).await?;
        let known: BTreeMap<OrganizationId, &Member> =
            before.organizations.iter().map(|member| (member.id, member)).collect();
        let rights = |member: &Member| member.mine.as_ref().map(|mine| mine.rights.clone());
        let moved = |member: &&Member| known.get(&member.id).is_some_and(|before| rights(before) != rights(member));
        if before != membership {
            let new = membership.clone();
            let gone: Vec<OrganizationId> =
                known.keys().filter(|id| !membership.organizations.iter().any(|it| it.id == **id)).copied().collect();
            let narrowed: Vec<(OrganizationId, OrganizationRights)> =
                membership.organizations.iter().filter(moved).filter_map(|it| Some((it.id, rights(it)?))).collect();
            self.parts
                .store
                .write_behind(move |writer| {
                    writer.cache(|cache, changes| {
                        changes.note(crate::devices::intake::PlacesChanged);
                        write(cache, &new)?;
                        for id in &gone {
                            out_of_sight::let_go(cache, changes, *id)?;
                        }
                        for (id, rights) in &narrowed {
                            out_of_sight::narrow(cache, changes, *id, rights)?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        for member in &membership.organizations {
            let offers = offers(member, &self.parts.feeds);
            self.open_organization(&member.id, &offers).await?;
            if moved(&member) {
                self.note(Line::new(self.now().wall, "rights_changed").of(member.id));
                self.step_schedule(schedule::Event::RightsChanged(member.id)).await?;
            }
        }
        let reached: Vec<OrganizationId> = membership.organizations.iter().map(|member| member.id).collect();
        for gone in self.known.clone().into_iter().filter(|id| !reached.contains(id)) {
            self.known.remove(&gone);
            self.troubles.retain(|feed, _| feed.organization != gone);
            self.note(Line::new(self.now().wall, "out_of_reach").of(gone));
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use onsite_wire::ids::Generation;
    use onsite_wire::onsite::OrganizationRights;

    use super::*;
    use crate::account::feeds::feeds;

    fn member(mine: Option<Vec<Capability>>) -> Member {
        let id = OrganizationId::from_bytes([1; 16]);
        let mine = mine.map(|capabilities| MyOrganization {
            id,
            label: String::new(),
            generation: Generation::from_bytes([2; 16]),
            capabilities,
            rights: OrganizationRights::default(),
            partner: None,
            partner_name: String::new(),
        });
        Member { id, label: String::new(), mine }
    }

    #[test]
    fn every_registered_feed_is_read_where_its_server_has_what_it_needs_and_nowhere_else() {
        let registered = feeds(&Arc::default());
        let names = |mine| offers(&member(mine), &registered).feeds;
        let needed: Vec<Capability> = registered
            .iter()
            .filter_map(|feed| match feed.needs() {
                Needs::Vendor => None,
                Needs::Offered(capability) => Some(capability),
            })
            .collect();
        let all: Vec<&str> = registered.iter().map(|feed| feed.name()).collect();
        assert_eq!(names(Some(needed.clone())), all, "a registered feed was never read");
        assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len(), "two feeds of one name");
        assert_eq!(names(None), ["inventory", "alarms"], "the vendor's cloud has these two");
        assert_eq!(names(Some(Vec::new())), names(None));
        for missing in &needed {
            let rest = needed.iter().filter(|capability| *capability != missing).copied().collect();
            let unread =
                registered.iter().find(|feed| feed.needs() == Needs::Offered(*missing)).map(|feed| feed.name());
            assert!(!names(Some(rest)).contains(&unread.unwrap()));
        }
    }
}
