//! What the step function of duty decides, done: actions handed over, the phone's system asked, the rest kept in own.db.

use std::collections::BTreeSet;
use std::sync::Arc;

use onsite_rules::action::{DUTY, PRESENCE};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId};
use onsite_wire::onsite::{Capability, DutyBody, PresenceBody, Subject, SubjectKind};
use serde::Serialize;

use super::driver::Driver;
use super::members;
use super::own_file;
use crate::duty::feed;
use crate::duty::room::{Done, all_sites};
use crate::duty::switch::{own_end, switch_of, wished};
use crate::duty::{ANDROID_REGIONS, Duty, Effect, Event, IOS_REGIONS, Settings, Stored, Wish};
use crate::error::Error;
use crate::journal::Line;
use crate::store::{Fault, Store};
use crate::sync::handover::new_action_id;
use crate::sync::outbox::{self, Draft, Outbox, SubjectName};

const STORED: &str = "duty.stored";
const SETTINGS: &str = "duty.settings";

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
        self.step_duty(if on { Event::SwitchedOn } else { Event::SwitchedOff }).await
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
        let people = self.parts.store.read(|reading| feed::people(reading.cache)).await?;
        Ok(people.iter().any(|(_, entry)| entry.person == me && entry.since.is_some()))
    }

    fn is_on_duty(&self) -> bool {
        self.parts.duty.duty().as_ref().is_some_and(|duty| duty.standing(&self.now()).on.is_some())
    }

    /// Sites or fences are others now.
    pub(super) async fn sites_changed(&mut self) -> Result<(), Fault> {
        let sites = self.parts.store.read(all_sites).await?;
        self.step_duty(Event::Sites(Arc::new(sites))).await.map(drop)
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
        if let Event::SwitchedOn | Event::SwitchedOff = event {
            let on = matches!(event, Event::SwitchedOn);
            if on == self.is_on_duty() {
                return Ok(());
            }
            self.hand_switch(on).await?;
        }
        if let Event::Settings(settings) = &event {
            keep(&self.parts.store, SETTINGS, settings).await?;
        }
        Ok(self.step_duty(event).await?)
    }

    /// One step of duty, and its effects.
    pub(super) async fn step_duty(&mut self, event: Event) -> Result<(), Fault> {
        let now = self.now();
        let effects = match self.parts.duty.duty().as_mut() {
            Some(duty) => duty.step(event, &now),
            None => return Ok(()),
        };
        for effect in effects {
            match effect {
                Effect::AskFix => self.parts.duty.wish(Wish::Fix),
                Effect::AskRegion(site) => self.parts.duty.wish(Wish::Region(site)),
                Effect::Watch(plan) => self.parts.duty.wish(Wish::Watch(plan)),
                Effect::Remind => self.parts.duty.wish(Wish::Remind),
                Effect::Decided(decision) => {
                    if decision.from != decision.to {
                        let detail =
                            format!("{} {} {}", decision.from.as_str(), decision.to.as_str(), decision.why.word());
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
                Effect::SwitchOff => {
                    if let Err(error) = self.hand_switch(false).await {
                        self.note(Line::new(now.wall, "fault").saying(error.code.as_str()));
                    }
                }
            }
        }
        Ok(())
    }

    async fn offering_duty(&self) -> Result<BTreeSet<OrganizationId>, Fault> {
        let members = self.parts.store.read(|reading| members::stored(reading.cache)).await?;
        let offers = |member: &members::Member| {
            member.mine.as_ref().is_some_and(|mine| mine.capabilities.contains(&Capability::Duty))
        };
        Ok(members.organizations.iter().filter(|member| offers(member)).map(|member| member.id).collect())
    }

    /// The one switch goes to every organization in which the person works.
    async fn hand_switch(&mut self, on: bool) -> Result<(), Error> {
        let to = self.offering_duty().await?;
        if to.is_empty() {
            return Err(Error::new(Code::NotOffered));
        }
        let drafts = self.drafts(to, DUTY.name, &DutyBody { on })?;
        for made in self.made(drafts).await? {
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
                let parked = matches!(entry.state, outbox::State::Parked(_));
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
