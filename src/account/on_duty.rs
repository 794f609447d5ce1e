//! What the step function of duty decides, done: actions handed over, the phone's system asked, the rest kept in own.db.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onsite_rules::action::{DUTY, PRESENCE};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId};
use onsite_wire::onsite::{Capability, DutyBody, PresenceBody, Subject, SubjectKind};
use serde::Serialize;

use super::driver::Driver;
use super::members;
use super::own_file;
use crate::duty::feed::people;
use crate::duty::room::{Done, all_sites};
use crate::duty::switch::{own_end, switch_of, wished};
use crate::duty::{ANDROID_REGIONS, AtServer, Duty, Effect, Event, Heard, IOS_REGIONS, Settings, Stored, Wish};
use crate::error::Error;
use crate::journal::Line;
use crate::store::{Fault, Store};
use crate::sync::handover::new_action_id;
use crate::sync::outbox::{Draft, Entry, OnPhone, Outbox, Stage, State, SubjectName};
use crate::time::Moment;

const STORED: &str = "duty.stored";
const SETTINGS: &str = "duty.settings";

/// What could not be written is tried again after this long.
const AGAIN_MS: i64 = 30_000;

const REGIONS: usize = if cfg!(target_os = "ios") { IOS_REGIONS } else { ANDROID_REGIONS };

async fn kept<T: serde::de::DeserializeOwned + Default + Send + 'static>(
    store: &Store,
    name: &'static str,
) -> Result<T, Fault> {
    let text = store.read(move |reading| reading.own(|own| own_file::setting::<String>(own, name))).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

async fn keep(store: &Store, name: &'static str, value: &impl Serialize) -> Result<(), Fault> {
    let text = serde_json::to_string(value).map_err(|_| Fault::Value("duty"))?;
    store.write(move |writer| writer.own(|own| own_file::set_setting(own, name, Some(&text)))).await
}

/// Where a switch stands; `None`: it says nothing about how the phone is switched now.
fn stands(entry: &Entry, on: bool) -> Option<AtServer> {
    let body: DutyBody = serde_json::from_value(entry.body.clone()).ok()?;
    match &entry.state {
        State::Waiting(_) => Some(AtServer::OnPhone),
        State::OnServer(_) => (body.on == on).then_some(AtServer::Same),
        State::Parked(parked) => (body.on == on).then(|| AtServer::Differs(parked.reason.code())),
    }
}

/// Why an action is still on this phone.
fn waits_for(outbox: &Outbox, entry: &Entry) -> Option<Code> {
    match outbox.stage(entry.id)? {
        Stage::OnPhone(OnPhone::Waiting { trouble, .. }) => trouble,
        Stage::OnPhone(OnPhone::Paused(_)) => Some(Code::NotSignedIn),
        Stage::OnPhone(OnPhone::BeingSent) | Stage::OnServer { .. } | Stage::Parked { .. } => None,
    }
}

impl Driver {
    /// Takes duty up from own.db once it is known whose it is.
    pub(super) async fn recover_duty(&mut self) -> Result<(), Fault> {
        if self.person.is_none() || self.parts.duty.duty().is_some() {
            return Ok(());
        }
        let stored: Stored = kept(&self.parts.store, STORED).await?;
        let settings: Settings = kept(&self.parts.store, SETTINGS).await?;
        *self.parts.duty.duty() = Some(Duty::recover(stored, settings, REGIONS, &self.now()));
        self.sites_changed().await?;
        self.follow_switch(self.wished()).await
    }

    /// What the person wishes by the switches that are kept.
    pub(super) fn wished(&self) -> Option<bool> {
        wished(self.outbox.iter().flat_map(Outbox::entries))
    }

    /// Has duty follow a switch that is recorded already, or was let go of.
    pub(super) async fn follow_switch(&mut self, on: Option<bool>) -> Result<(), Fault> {
        let Some(on) = on.filter(|on| *on != self.is_on_duty()) else { return Ok(()) };
        self.duty_happens(Event::Follows { on }).await;
        Ok(())
    }

    /// What somebody handed over. A switch that is tried again in one organization is the one switch of all of them (U1).
    pub(super) async fn made_by_hand(&mut self, mut drafts: Vec<Draft>) -> Result<Vec<Result<ActionId, Code>>, Fault> {
        let asked = drafts.len();
        let Some((on, organization)) = drafts.iter().find_map(|draft| Some((switch_of(draft)?, draft.organization)))
        else {
            return self.made(drafts).await;
        };
        let mut others = self.offering_duty().await?;
        others.remove(&organization);
        drafts.extend(self.drafts(others, DUTY.name, &DutyBody { on }).map_err(|_| Fault::Value("duty"))?);
        let mut made = self.made(drafts).await?;
        made.truncate(asked);
        self.follow_switch(self.wished()).await?;
        Ok(made)
    }

    /// Whether colleagues read that the person is on duty, as far as it came down.
    pub(super) async fn is_read_as_on_duty(&self) -> Result<bool, Fault> {
        let Some(me) = self.person.as_ref().map(|person| person.id) else { return Ok(false) };
        let people = self.parts.store.read(|reading| people(reading.cache)).await?;
        Ok(people.iter().any(|(_, entry)| entry.person == me && entry.since.is_some()))
    }

    fn is_on_duty(&self) -> bool {
        self.parts.duty.duty().as_ref().is_some_and(|duty| duty.standing(&self.now()).on.is_some())
    }

    /// Sites or fences are others now.
    pub(super) async fn sites_changed(&mut self) -> Result<(), Fault> {
        let sites = self.parts.store.read(all_sites).await?;
        self.duty_happens(Event::Sites(Arc::new(sites))).await;
        Ok(())
    }

    /// An event that somebody may wait for.
    pub(super) async fn duty_event(&mut self, event: Event, done: Option<Done>) {
        let result = self.duty_asked(event).await;
        self.show();
        match (done, result) {
            (Some(done), result) => drop(done.send(result)),
            // Before the first sign-in nobody is on duty.
            (None, Ok(()) | Err(Error { code: Code::NotSignedIn, .. })) => {}
            (None, Err(error)) => self.note(Line::new(self.now().wall, "fault").saying(error.code.as_str())),
        }
    }

    async fn duty_asked(&mut self, event: Event) -> Result<(), Error> {
        if self.parts.duty.duty().is_none() {
            return Err(Error::new(Code::NotSignedIn));
        }
        if let Event::Settings(settings) = &event {
            keep(&self.parts.store, SETTINGS, settings).await?;
        }
        self.step_duty(event).await
    }

    /// An event that nobody waits for: what cannot be done is noted, and tried again.
    pub(super) async fn duty_happens(&mut self, event: Event) {
        if let Err(error) = self.step_duty(event).await {
            let again = self.now().monotonic_ms.saturating_add(AGAIN_MS);
            self.wake_duty = self.wake_duty.map(|at| at.max(again));
            self.note(Line::new(self.now().wall, "fault").saying(error.code.as_str()));
        }
    }

    /// One step of duty, and its effects. Where its switch cannot be handed over nothing has happened.
    async fn step_duty(&mut self, event: Event) -> Result<(), Error> {
        let now = self.now();
        let asked = matches!(event, Event::SwitchedOn | Event::SwitchedOff);
        let Some(mut duty) = self.parts.duty.duty().clone() else { return Ok(()) };
        let mut effects = duty.step(event, &now);
        let switch = effects.iter().find_map(|effect| if let Effect::Switch(on) = effect { Some(*on) } else { None });
        if let Some(on) = switch {
            let stored =
                effects.iter().find_map(|effect| if let Effect::Remember(it) = effect { Some(*it) } else { None });
            match self.hand_switch(on, stored).await {
                Ok(()) => effects.retain(|effect| !matches!(effect, Effect::Remember(_))),
                // Off by itself where no organization has duty any more: nobody is to be told.
                Err(error) if error.code == Code::NotOffered && !asked => {}
                Err(error) => return Err(error),
            }
        }
        *self.parts.duty.duty() = Some(duty);
        for effect in effects {
            self.perform_duty(effect, &now).await?;
        }
        Ok(())
    }

    async fn perform_duty(&mut self, effect: Effect, now: &Moment) -> Result<(), Fault> {
        match effect {
            Effect::AskFix => self.parts.duty.wish(Wish::Fix),
            Effect::AskRegion(site) => self.parts.duty.wish(Wish::Region(site)),
            Effect::Watch(plan) => self.parts.duty.wish(Wish::Watch(plan)),
            Effect::Remind => self.parts.duty.wish(Wish::Remind),
            Effect::Decided(decision) => {
                if decision.from != decision.to {
                    let detail = format!("{} {} {}", decision.from.as_str(), decision.to.as_str(), decision.why.word());
                    self.note(Line::new(now.wall, "duty").saying(detail));
                }
                self.parts.duty.decided(decision);
            }
            Effect::Remember(stored) => keep(&self.parts.store, STORED, &stored).await?,
            Effect::WakeAt(at) => self.wake_duty = at,
            Effect::Claim { site, since_ms } => {
                let of = self.parts.duty.organization_of(site);
                self.claimed_in = of;
                let body = PresenceBody { site: Some(site), since_ms };
                self.hand_presence(of.into_iter().collect(), body).await?;
            }
            Effect::Withdraw => {
                let known: BTreeSet<OrganizationId> = self.claimed_in.take().into_iter().collect();
                let to = if known.is_empty() { self.offering_duty().await? } else { known };
                self.hand_presence(to, PresenceBody { site: None, since_ms: 0 }).await?;
            }
            // Was handed over before anything else.
            Effect::Switch(_) => {}
        }
        Ok(())
    }

    /// Tells duty what became of its switch and its claims (U7).
    pub(super) async fn hear_of_duty(&mut self) {
        for code in std::mem::take(&mut self.claims_refused) {
            self.duty_happens(Event::ClaimRefused(code)).await;
        }
        let Some(on) = self.parts.duty.duty().as_ref().map(|duty| duty.standing(&self.now()).on.is_some()) else {
            return;
        };
        let heard = self.heard_now(on);
        if heard != self.heard {
            self.heard = heard;
            // Whoever reads the standing finds the actions to be as it says.
            self.show();
            self.duty_happens(Event::Heard(heard)).await;
        }
    }

    fn myself(&self) -> Option<Subject> {
        self.person.as_ref().map(|person| Subject { kind: SubjectKind::Person, id: person.id.0 })
    }

    /// What stands in the outbox of duty.
    fn heard_now(&self, on: bool) -> Heard {
        let (Some(outbox), Some(myself)) = (&self.outbox, self.myself()) else { return Heard::default() };
        let mut switches: BTreeMap<OrganizationId, &Entry> = BTreeMap::new();
        let mut heard = Heard::default();
        let mut leased = None;
        for entry in outbox.everywhere(myself) {
            if entry.kind == DUTY.name {
                switches.insert(entry.organization, entry);
            } else if entry.kind == PRESENCE.name {
                let said: Option<PresenceBody> = serde_json::from_value(entry.body.clone()).ok();
                match &entry.state {
                    State::OnServer(_) if leased.is_none_or(|(order, _)| order < entry.order) => {
                        let at_site = said.is_some_and(|said| said.site.is_some());
                        let same_start = entry.made.boot == self.now().boot;
                        // At no site any more, or nobody knows how long ago.
                        let at = (at_site && same_start).then_some(entry.made.monotonic_ms);
                        leased = Some((entry.order, at));
                    }
                    State::Waiting(_) => heard.trouble = heard.trouble.or(waits_for(outbox, entry)),
                    State::OnServer(_) | State::Parked(_) => {}
                }
            }
        }
        heard.lease_ms = leased.and_then(|(_, at)| at);
        heard.switch = switches.values().filter_map(|entry| stands(entry, on)).max();
        heard
    }

    /// The server's list of those on duty was read: says whether the person is in it, unless a switch of one's own is under
    /// way or waits for a decision.
    pub(super) async fn duty_was_read(&mut self) -> Result<(), Fault> {
        let (Some(outbox), Some(myself)) = (&self.outbox, self.myself()) else { return Ok(()) };
        let settled = |entry: &Entry| matches!(&entry.state, State::OnServer(done) if done.shown);
        if outbox.everywhere(myself).any(|entry| entry.kind == DUTY.name && !settled(entry)) {
            return Ok(());
        }
        let listed = self.parts.store.read(|reading| people(reading.cache)).await?;
        let on = listed.iter().any(|(_, entry)| entry.person.0 == myself.id && entry.since.is_some());
        self.duty_happens(Event::Told { on }).await;
        Ok(())
    }

    async fn offering_duty(&self) -> Result<BTreeSet<OrganizationId>, Fault> {
        let members = self.parts.store.read(|reading| members::stored(reading.cache)).await?;
        let offers = |member: &members::Member| {
            member.mine.as_ref().is_some_and(|mine| mine.capabilities.contains(&Capability::Duty))
        };
        Ok(members.organizations.iter().filter(|member| offers(member)).map(|member| member.id).collect())
    }

    /// The one switch goes to every organization in which the person works, in one transaction with what the phone remembers
    /// of it. A switch that waits for a decision is decided by it.
    async fn hand_switch(&mut self, on: bool, stored: Option<Stored>) -> Result<(), Error> {
        let to = self.offering_duty().await?;
        if to.is_empty() {
            return Err(Error::new(Code::NotOffered));
        }
        let drafts = self.drafts(to, DUTY.name, &DutyBody { on })?;
        let text = stored.map(|stored| serde_json::to_string(&stored)).transpose();
        self.beside = text.map_err(|_| Fault::Value("duty"))?.map(|text| (STORED, text));
        let made = self.made(drafts).await;
        self.beside = None;
        for made in made? {
            made.map_err(Error::new)?;
        }
        Ok(())
    }

    async fn hand_presence(&mut self, to: BTreeSet<OrganizationId>, body: PresenceBody) -> Result<(), Fault> {
        let drafts = self.drafts(to, PRESENCE.name, &body).map_err(|_| Fault::Value("presence"))?;
        if !drafts.is_empty() {
            self.made(drafts).await?;
        }
        Ok(())
    }

    fn drafts(
        &self,
        to: BTreeSet<OrganizationId>,
        kind: &'static str,
        body: &impl Serialize,
    ) -> Result<Vec<Draft>, Error> {
        let Some(person) = &self.person else { return Err(Error::new(Code::NotSignedIn)) };
        let now = self.now();
        let body = serde_json::to_value(body).map_err(|_| Error::new(Code::Internal).with("detail", "action body"))?;
        let subject = Subject { kind: SubjectKind::Person, id: person.id.0 };
        // Who presses the switch has decided about one that was parked.
        let parked = |organization| {
            self.outbox.iter().flat_map(Outbox::entries).find(|entry| {
                let parked = matches!(entry.state, State::Parked(_));
                kind == DUTY.name && entry.kind == kind && entry.organization == organization && parked
            })
        };
        let draft = |organization| Draft {
            id: new_action_id(&now),
            organization,
            kind: kind.to_owned(),
            subject,
            expires_at: own_end(kind, &body, now.wall),
            body: body.clone(),
            seen: 0,
            retry_of: parked(organization).map(|entry| entry.id),
            name: SubjectName { label: person.name.clone(), within: String::new() },
        };
        Ok(to.into_iter().map(draft).collect())
    }
}
