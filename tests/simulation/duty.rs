//! On duty: people who switch, walk, and take permissions away; the phone's step function of duty with its driver in memory;
//! and what a colleague's phone shows of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use onsite::duty::room::is_shown;
use onsite::duty::switch::{is_free_switch, own_end, wished};
use onsite::duty::{Effect, Event, Fix, Settings, Site, Sites, Watched, Why, table};
use onsite::net::ClockReading;
use onsite::sync::outbox::{self, Draft, Entry, State, SubjectName};
use onsite_rules::action::{DUTY, PRESENCE};
use onsite_rules::duty::{EVIDENCE_MS, LEASE_MS};
use onsite_rules::fence::Fence;
use onsite_wire::ids::{ActionId, LocationId, OrganizationId, Uuid};
use onsite_wire::onsite::{DutyBody, Outline, PresenceBody, Subject, SubjectKind};
use onsite_wire::time::Timestamp;
use serde::Serialize;

use super::chance::Chance;
use super::leases::presence_of;
use super::ledger::Made;
use super::phone::{Mutant, Phone, Todo};
use super::world::{HOUR, Happening, MINUTE, SECOND, World};

/// How far apart the sites lie, in degrees of latitude: 3 km.
const APART: f64 = 0.027;
/// By so much a phone that heard the server may be wrong about its time: half of the slowest answer that it believes.
const CLOCK_MS: i64 = 10_001;

/// What happens around duty.
#[derive(Debug)]
pub enum OnDuty {
    Wake {
        life: u64,
        at: i64,
    },
    Switches,
    /// To the how-manieth site, or to none.
    Walks(Option<usize>),
    Permission(bool),
    /// The end comes: nothing more happens by itself.
    Rests,
    Located(bool),
    /// Whether positions are received.
    Receives(bool),
    Fix {
        life: u64,
        jump: bool,
    },
    Region {
        life: u64,
        site: LocationId,
    },
}

/// Where a person is, and what the phone's system gives away of it.
#[derive(Debug, Clone)]
pub struct Walk {
    pub at: Option<usize>,
    pub permitted: bool,
    pub located: bool,
    pub receives: bool,
    /// When the phone was last told truly of being at a site.
    seen: BTreeMap<LocationId, i64>,
}

impl Default for Walk {
    fn default() -> Self {
        Self { at: None, permitted: true, located: true, receives: true, seen: BTreeMap::new() }
    }
}

/// The sites, in the order of their numbers.
#[derive(Debug, Clone)]
pub struct Places {
    sites: Arc<Sites>,
    ids: Vec<LocationId>,
}

impl Places {
    /// Three sites; the last one is of the last organization.
    pub fn of(organizations: &[OrganizationId]) -> Self {
        let ids: Vec<_> = (0..3).map(|n| LocationId(Uuid::from_u128(700 + n))).collect();
        let site = |(n, id): (usize, &LocationId)| {
            let center = [8.0, 47.0 + APART * n as f64];
            let organization = if n == 2 { organizations.last() } else { organizations.first() };
            let outline = Outline::Circle { center, radius_m: 150.0 };
            Some(Site { id: *id, organization: *organization?, fence: Fence::of(&outline).ok()? })
        };
        Self { sites: Arc::new(Sites::of(ids.iter().enumerate().filter_map(site).collect())), ids }
    }
}

impl Phone {
    /// What its person chose about duty.
    pub fn chooses(&mut self, chance: &mut Chance) {
        let auto_off_hours = chance.happens(300).then(|| 1 + u32::try_from(chance.below(9)).unwrap_or(0));
        self.settings = Settings { auto_off_hours, shift_hours: 1 };
    }
}

impl World {
    /// What happens around one phone's duty.
    pub(super) fn on_duty(&mut self, phone: usize, what: OnDuty) -> Result<(), String> {
        let walk = &mut self.phones[phone].walk;
        match what {
            OnDuty::Wake { life, at } => {
                let Some(present) = self.phones[phone].life.as_mut().filter(|present| present.number == life) else {
                    return Ok(());
                };
                if present.duty_wake != Some(at) {
                    return Ok(());
                }
                present.duty_wake = None;
                self.tell_duty(phone, Event::Tick)
            }
            OnDuty::Switches => {
                let on = !self.phones[phone].is_on_duty(self.now_ms);
                self.tally.count(if on { "switched on" } else { "switched off" });
                self.switches(phone, on)
            }
            OnDuty::Walks(to) => {
                walk.at = to;
                // The system notices sooner or later, as a hint.
                self.tell_duty(phone, Event::Crossed(Watched::Roaming))
            }
            OnDuty::Permission(permitted) => {
                walk.permitted = permitted;
                self.tell_duty(phone, Event::Permission(permitted))
            }
            OnDuty::Rests => {
                walk.permitted = false;
                self.phones[phone].settings = Settings::default();
                self.tell_duty(phone, Event::Settings(Settings::default()))?;
                self.tell_duty(phone, Event::Permission(false))
            }
            OnDuty::Located(located) => {
                walk.located = located;
                self.tell_duty(phone, Event::LocationServices(located))
            }
            OnDuty::Receives(receives) => {
                walk.receives = receives;
                Ok(())
            }
            OnDuty::Fix { life, jump } if self.lives(phone, life) => self.fix_comes(phone, jump),
            OnDuty::Region { life, site } if self.lives(phone, life) => {
                let inside = self.truly_at(phone) == Some(site);
                if inside {
                    self.phones[phone].walk.seen.insert(site, self.now_ms);
                }
                self.tell_duty(phone, Event::RegionAnswer { site, inside })
            }
            OnDuty::Fix { .. } | OnDuty::Region { .. } => Ok(()),
        }
    }

    fn truly_at(&self, phone: usize) -> Option<LocationId> {
        self.phones[phone].walk.at.and_then(|n| self.places.ids.get(n).copied())
    }

    /// The system answers with a position; a jump lies far away.
    fn fix_comes(&mut self, phone: usize, jump: bool) -> Result<(), String> {
        let there = self.truly_at(phone);
        if let Some(site) = there.filter(|_| !jump) {
            self.phones[phone].walk.seen.insert(site, self.now_ms);
        }
        let lat = match self.phones[phone].walk.at {
            _ if jump => 49.0,
            Some(n) => 47.0 + APART * n as f64,
            None => 46.98,
        };
        let off = self.chance.between(-40, 40) as f64 / 111_195.0;
        self.tell_duty(phone, Event::Fix(Fix { lat: lat + off, lon: 8.0, accuracy_m: 15.0, age_ms: 0, mocked: false }))
    }

    /// The person presses the switch: handed over first, then duty follows.
    fn switches(&mut self, phone: usize, on: bool) -> Result<(), String> {
        let life = self.phones[phone].lives;
        if self.phones[phone].life.is_none() {
            return Ok(());
        }
        self.hand_switch(phone, on)?;
        if self.lives(phone, life) {
            self.tell_duty(phone, Event::Follows { on })?;
        }
        Ok(())
    }

    fn hand_switch(&mut self, phone: usize, on: bool) -> Result<(), String> {
        let organizations = self.organizations.clone();
        let mut drafts = Vec::new();
        for organization in organizations {
            let parked = self.phones[phone].entries().find(|entry| {
                let parked = matches!(entry.state, State::Parked(_));
                entry.kind == DUTY.name && entry.organization == organization && parked
            });
            // Who presses the switch has decided about one that was parked.
            let retry_of = parked.map(|entry| entry.id);
            self.phones[phone].wishes.extend(retry_of);
            drafts.push(self.draft_about_oneself(phone, organization, DUTY.name, &DutyBody { on }, retry_of)?);
        }
        self.hand(phone, drafts)
    }

    /// Hands actions over in the middle of other effects, which wait for it.
    fn hand(&mut self, phone: usize, drafts: Vec<Draft>) -> Result<(), String> {
        let life = self.phones[phone].lives;
        let Some(present) = &mut self.phones[phone].life else { return Ok(()) };
        let waiting = std::mem::take(&mut present.todo);
        self.tell_outbox(phone, outbox::Event::Made(drafts))?;
        if let Some(present) = self.phones[phone].life.as_mut().filter(|present| present.number == life) {
            present.todo.extend(waiting);
        }
        Ok(())
    }

    /// An action about the person, as the feature would make it, entered in the ledger.
    pub(super) fn draft_about_oneself(
        &mut self,
        phone: usize,
        organization: OrganizationId,
        kind: &str,
        body: &impl Serialize,
        retry_of: Option<ActionId>,
    ) -> Result<Draft, String> {
        self.ids += 1;
        let id = ActionId(Uuid::from_u128(self.ids));
        let body = serde_json::to_value(body).map_err(|error| error.to_string())?;
        let root = retry_of.and_then(|old| self.ledger.made.get(&old)).map_or(id, |made| made.root);
        let it = &mut self.phones[phone];
        it.made += 1;
        let subject = Subject { kind: SubjectKind::Person, id: it.person.0 };
        let wall = it.moment(self.now_ms).wall;
        let made = Made {
            phone,
            person: it.person,
            organization,
            subject,
            root,
            number: it.made,
            body: body.clone(),
            at_ms: self.now_ms,
            durable: false,
            let_go: false,
            heard: false,
        };
        self.ledger.made.insert(id, made);
        let (kind, name) = (kind.to_owned(), SubjectName::default());
        let expires_at = own_end(&kind, &body, wall);
        Ok(Draft { id, organization, kind, subject, body, seen: 0, expires_at, retry_of, name })
    }

    /// One step of duty, and its effects.
    pub(super) fn tell_duty(&mut self, phone: usize, event: Event) -> Result<(), String> {
        let now = self.phones[phone].moment(self.now_ms);
        let Some(life) = &mut self.phones[phone].life else { return Ok(()) };
        let effects = life.duty.step(event, &now);
        life.todo.extend(effects.into_iter().map(Todo::Duty));
        self.perform_all(phone)
    }

    pub(super) fn perform_duty(&mut self, phone: usize, effect: Effect) -> Result<(), String> {
        let life = self.phones[phone].lives;
        match effect {
            Effect::AskFix => {
                let walk = &self.phones[phone].walk;
                if walk.permitted && walk.located && walk.receives {
                    let (late, jump) = (self.chance.between(SECOND, 8 * SECOND), self.chance.happens(50));
                    self.later(late, Happening::OnDuty(phone, OnDuty::Fix { life, jump }));
                }
            }
            Effect::AskRegion(site) => {
                if self.phones[phone].walk.permitted {
                    self.later(SECOND / 2, Happening::OnDuty(phone, OnDuty::Region { life, site }));
                }
            }
            Effect::Claim { site, since_ms } => {
                self.may_claim(phone, site)?;
                self.tally.count("at a site");
                let organization = self.places.sites.site(site).map(|site| site.organization);
                let body = PresenceBody { site: Some(site), since_ms };
                self.hand_presence(phone, organization.into_iter().collect(), body)?;
            }
            Effect::Withdraw => {
                self.tally.count("site withdrawn");
                let body = PresenceBody { site: None, since_ms: 0 };
                self.hand_presence(phone, self.organizations.clone(), body)?;
            }
            Effect::Remember(stored) => {
                self.phones[phone].disk.duty = serde_json::to_string(&stored).map_err(|error| error.to_string())?;
            }
            Effect::WakeAt(at) => self.wake_duty_at(phone, at),
            // Those that are pressed are handed over before duty follows them.
            Effect::Switch(on) => {
                self.tally.count("off by itself");
                self.hand_switch(phone, on)?;
            }
            Effect::Decided(decision) => {
                if !table::allows(decision.from, decision.to) {
                    return Err(format!("a move that the table has not: {decision:?}"));
                }
                match decision.why {
                    Why::CannotKnow(_) => self.tally.count("cannot know"),
                    Why::Refused(_) => self.tally.count("fix refused"),
                    _ => {}
                }
            }
            Effect::Remind => self.tally.count("reminded"),
            Effect::Watch(_) => {}
        }
        Ok(())
    }

    /// What a record says of duty, for the tally.
    pub(super) fn counts(&mut self, phone: usize, record: &outbox::Record) {
        let old =
            |state: &State| matches!(state, State::Parked(it) if matches!(it.reason, outbox::Reason::TooOld { .. }));
        if record.put.iter().any(|entry| entry.kind == DUTY.name && old(&entry.state)) {
            self.tally.count("switch too old");
        }
        let mut own = self.phones[phone].entries().filter(|entry| record.forget.contains(&entry.id));
        if own.any(|entry| entry.kind == PRESENCE.name) {
            self.tally.count("presence forgotten");
        }
    }

    fn wake_duty_at(&mut self, phone: usize, at: Option<i64>) {
        let now = self.phones[phone].moment(self.now_ms).monotonic_ms;
        let Some(life) = &mut self.phones[phone].life else { return };
        life.duty_wake = at;
        let life = life.number;
        if let Some(at) = at {
            self.later(at - now, Happening::OnDuty(phone, OnDuty::Wake { life, at }));
        }
    }

    fn hand_presence(&mut self, phone: usize, to: Vec<OrganizationId>, body: PresenceBody) -> Result<(), String> {
        let drafts = to.into_iter().map(|of| self.draft_about_oneself(phone, of, PRESENCE.name, &body, None));
        let drafts = drafts.collect::<Result<_, _>>()?;
        self.hand(phone, drafts)
    }

    /// A site is said only on duty, with permission, and on evidence of the last hour (U7).
    fn may_claim(&self, phone: usize, site: LocationId) -> Result<(), String> {
        let it = &self.phones[phone];
        let seen = it.walk.seen.get(&site).is_some_and(|seen| self.now_ms - seen <= EVIDENCE_MS);
        if it.is_on_duty(self.now_ms) && it.walk.permitted && it.walk.located && seen {
            Ok(())
        } else {
            Err(format!("phone {phone}: a site is said without duty, permission or evidence"))
        }
    }

    /// Duty as the app takes it up when it starts.
    pub(super) fn takes_up_duty(&mut self, phone: usize) -> Result<(), String> {
        let (permitted, located) = (self.phones[phone].walk.permitted, self.phones[phone].walk.located);
        self.tell_duty(phone, Event::Sites(Arc::clone(&self.places.sites)))?;
        if self.phones[phone].mutant != Mutant::ForgetsTheSwitchAtStart {
            let wished = self.phones[phone].wished();
            if wished.is_some_and(|on| on != self.phones[phone].is_on_duty(self.now_ms)) {
                self.tally.count("switch followed at start");
            }
            self.follow_switch(phone, wished)?;
        }
        self.tell_duty(phone, Event::Permission(permitted))?;
        self.tell_duty(phone, Event::LocationServices(located))
    }

    fn follow_switch(&mut self, phone: usize, on: Option<bool>) -> Result<(), String> {
        let Some(on) = on.filter(|on| *on != self.phones[phone].is_on_duty(self.now_ms)) else { return Ok(()) };
        self.tell_duty(phone, Event::Follows { on })
    }

    /// A person decides about a switch that is parked or waits.
    pub(super) fn decides_switch(&mut self, phone: usize, entry: &Entry) -> Result<(), String> {
        let body: DutyBody = serde_json::from_value(entry.body.clone()).map_err(|error| error.to_string())?;
        let life = self.phones[phone].lives;
        if matches!(entry.state, State::Parked(_)) && self.chance.happens(600) {
            // The one switch of all organizations.
            self.hand_switch(phone, body.on)?;
            if self.lives(phone, life) {
                self.follow_switch(phone, self.phones[phone].wished())?;
            }
            return Ok(());
        }
        if is_free_switch(entry) {
            let it = &self.phones[phone];
            let others = it.life.iter().flat_map(|life| life.outbox.entries());
            let read =
                it.disk.rows.values().any(|rows| rows.get(&it.person.0).is_some_and(|row| row.on_duty.is_some()));
            let before = wished(others.filter(|other| other.id != entry.id)).unwrap_or(read);
            self.follow_switch(phone, Some(before))?;
        }
        if self.lives(phone, life) {
            self.tell_outbox(phone, outbox::Event::Discarded(entry.id))?;
        }
        Ok(())
    }

    /// The server ends what is over, rings, and looks again when the next one is.
    pub(super) fn look_at_leases(&mut self) {
        if !self.server.up {
            return;
        }
        let (over, next) = self.server.end_leases(self.now_ms);
        for organization in over {
            self.tally.count("lease over");
            self.ring(organization);
        }
        if let Some(next) = next.filter(|next| self.lease_ends_ms != Some(*next)) {
            self.lease_ends_ms = Some(next);
            self.later(next - self.now_ms, Happening::LeasesEnd);
        }
    }

    /// An answer says what time it is at the server.
    pub(super) fn reads_the_clock(&mut self, phone: usize, life: u64, clock: Option<(i64, i64)>) {
        let Some((sent_ms, server_ms)) = clock.filter(|_| self.lives(phone, life)) else { return };
        let it = &mut self.phones[phone];
        let (sent, received) = (it.moment(sent_ms), it.moment(self.now_ms));
        let reading = ClockReading { sent, received, server: Timestamp::from_millis(server_ms), resolution_ms: 0 };
        let Some(life) = &mut it.life else { return };
        life.clock.observe(&reading);
        if let Some(kept) = life.clock.to_keep(&received) {
            it.disk.clock = Some(kept);
        }
    }

    /// No lease outlives its time, on the server and on each phone that somebody looks at.
    pub(super) fn check_leases(&mut self) -> Result<(), String> {
        self.server.check_leases(self.now_ms)?;
        let mut seen = 0;
        for viewer in &self.phones {
            let Some(life) = &viewer.life else { continue };
            for (rows, person) in
                viewer.disk.rows.values().flat_map(|rows| self.server.people.iter().map(move |it| (rows, it)))
            {
                let Some(at) = rows.get(&presence_of(*person)).and_then(|row| row.at) else { continue };
                let on_duty = rows.get(&person.0).is_some_and(|row| row.on_duty.is_some());
                let now = life.clock.estimate(&viewer.moment(self.now_ms));
                let shown = is_shown(&at, now) || viewer.mutant == Mutant::ShowsWhatIsOver;
                if on_duty && shown {
                    seen += 1;
                    if at.until.millis() + CLOCK_MS <= self.now_ms {
                        return Err(format!("phone {}: a lease outlives its time by what it shows", viewer.index));
                    }
                    if at.until.millis() - self.now_ms > LEASE_MS + CLOCK_MS {
                        return Err(format!("phone {}: a lease that is longer than one", viewer.index));
                    }
                }
            }
        }
        if seen > 0 {
            self.tally.count("seen at a site");
        }
        Ok(())
    }

    /// In the end nobody is at a site, and phone and server agree on who is on duty, but for what a person has to decide about. Who let go of a
    /// switch in one organization stays on duty in the others.
    pub(super) fn check_switches(&self) -> Result<(), String> {
        for phone in &self.phones {
            let on = phone.is_on_duty(self.now_ms);
            let kept: Vec<&Entry> = phone.entries().filter(|entry| entry.kind == DUTY.name).collect();
            if kept.iter().any(|entry| matches!(entry.state, State::Parked(_))) {
                continue;
            }
            let there = |of: &OrganizationId| self.server.on_duty(*of, phone.person).is_some();
            let mut rows = self.server.data.rows.values();
            if rows.any(|rows| rows.get(&presence_of(phone.person)).is_some_and(|row| row.at.is_some())) {
                return Err(format!(
                    "phone {} without permission, and a lease that nobody renews: it is there still",
                    phone.index
                ));
            }
            if on != self.organizations.iter().any(there) {
                let kept: Vec<_> =
                    kept.iter().map(|entry| (entry.order, entry.organization, &entry.body["on"])).collect();
                let (phone, on) = (phone.index, if on { "on" } else { "off" });
                return Err(format!("phone {phone} is {on} duty, and the server says otherwise: {kept:?}"));
            }
        }
        Ok(())
    }

    /// What a day brings of duty.
    pub(super) fn plan_duty(&mut self, phone: usize, troubles: &[i64], day_ms: i64) {
        let later = |world: &mut Self, at: i64, what| world.later(at, Happening::OnDuty(phone, what));
        for _ in 0..self.chance.below(3) {
            let at = self.moment(troubles, day_ms);
            let again = at + self.chance.between(MINUTE, 4 * HOUR);
            later(self, at, OnDuty::Switches);
            later(self, again.min(day_ms - 1), OnDuty::Switches);
        }
        for _ in 0..self.chance.below(6) {
            let at = self.moment(troubles, day_ms);
            let to = usize::try_from(self.chance.below(4)).ok().filter(|n| *n < 3);
            later(self, at, OnDuty::Walks(to));
        }
        let spans: [(u64, i64, fn(bool) -> OnDuty); 3] = [
            (2, 60 * MINUTE, |lost| OnDuty::Permission(!lost)),
            (2, 60 * MINUTE, |lost| OnDuty::Located(!lost)),
            (3, 180 * MINUTE, |lost| OnDuty::Receives(!lost)),
        ];
        for (most, longest_ms, what) in spans {
            self.plan_spans(most, longest_ms, (troubles, day_ms), |begins| Happening::OnDuty(phone, what(begins)));
        }
    }
}
