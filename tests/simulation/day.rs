//! What a day brings: when people act, phones die, servers restart. Times are drawn, most of them close together, because
//! trouble comes in company.

use onsite::sync::outbox::{self, Draft, Entry, State, SubjectName};
use onsite_rules::action::{DUTY, MESSAGE, PRESENCE, READ_NOTICES};
use onsite_wire::ids::{ActionId, OrganizationId, Uuid};
use onsite_wire::onsite::{Subject, SubjectKind};
use onsite_wire::time::Timestamp;
use serde_json::{Value, json};

use super::ledger::Made;
use super::server::INCIDENT;
use super::world::{HOUR, Happening, MINUTE, SECOND, World};

impl World {
    /// Draws the whole day.
    pub(super) fn plan(&mut self) {
        let longest = if self.chance.happens(300) { 40 * HOUR } else { 8 * HOUR };
        let day_ms = self.chance.between(HOUR, longest);
        let troubles: Vec<i64> = (0..4).map(|_| self.chance.between(0, day_ms)).collect();
        for phone in 0..self.phones.len() {
            self.later(0, Happening::Starts(phone));
            self.plan_phone(phone, &troubles, day_ms);
            self.plan_duty(phone, &troubles, day_ms);
        }
        self.plan_notices(&troubles, day_ms);
        for _ in 0..2 {
            let at = self.moment(&troubles, day_ms);
            self.later(at, Happening::BacksUp);
        }
        for _ in 0..self.chance.below(4) {
            let at = self.moment(&troubles, day_ms);
            self.later(at, Happening::Restores);
        }
        if self.chance.happens(200) {
            // The backup of the beginning is restored at the end: what was confirmed a day ago comes again.
            self.later(0, Happening::BacksUp);
            self.later(day_ms - MINUTE, Happening::Restores);
        }
        for _ in 0..self.chance.below(4) {
            let at = self.moment(&troubles, day_ms);
            let back = at + self.chance.between(SECOND, 20 * MINUTE);
            self.later(at, Happening::ServerUp(false));
            self.later(back, Happening::ServerUp(true));
        }
        for _ in 0..self.chance.below(8) {
            let at = self.moment(&troubles, day_ms);
            self.later(at, Happening::Changes);
        }
        self.later(day_ms, Happening::Peace);
    }

    /// A moment of the day, near one of its troubles as a rule.
    pub(super) fn moment(&mut self, troubles: &[i64], day_ms: i64) -> i64 {
        let near = self.chance.pick(troubles).copied().filter(|_| self.chance.happens(800));
        let at = match near {
            Some(trouble) => trouble + self.chance.between(0, 10 * MINUTE),
            None => self.chance.between(0, day_ms),
        };
        at.min(day_ms - 1)
    }

    fn plan_phone(&mut self, phone: usize, troubles: &[i64], day_ms: i64) {
        for _ in 0..3 + self.chance.below(7) {
            let at = self.moment(troubles, day_ms);
            self.later(at, Happening::Acts(phone));
        }
        for _ in 0..self.chance.below(5) {
            let at = self.moment(troubles, day_ms);
            self.later(at, Happening::Decides(phone));
        }
        for _ in 0..self.chance.below(4) {
            let at = self.moment(troubles, day_ms);
            let reboot = self.chance.happens(400);
            self.later(at, Happening::Dies { phone, reboot });
        }
        self.plan_spans(3, 3 * HOUR, (troubles, day_ms), |trouble| Happening::Signal(phone, !trouble));
        self.plan_spans(2, 30 * MINUTE, (troubles, day_ms), |trouble| Happening::Token(phone, !trouble));
        self.plan_spans(2, 30 * MINUTE, (troubles, day_ms), |trouble| Happening::Lent(phone, trouble));
        self.plan_spans(3, 2 * MINUTE, (troubles, day_ms), |front| Happening::Front(phone, front));
        if self.chance.happens(150) {
            // Without signal for a day: what was made at its beginning is too old at its end.
            self.later(1, Happening::Signal(phone, false));
        }
        for _ in 0..self.chance.below(3) {
            let at = self.moment(troubles, day_ms);
            let by_ms = self.chance.between(-5 * HOUR, 5 * HOUR);
            self.later(at, Happening::ClockSet(phone, by_ms));
        }
    }

    /// Something that begins and ends a few times a day.
    pub(super) fn plan_spans(
        &mut self,
        most: u64,
        longest_ms: i64,
        (troubles, day_ms): (&[i64], i64),
        happening: impl Fn(bool) -> Happening,
    ) {
        for _ in 0..self.chance.below(most) {
            let at = self.moment(troubles, day_ms);
            let until = at + self.chance.between(SECOND, longest_ms);
            self.later(at, happening(true));
            self.later(until.min(day_ms - 1), happening(false));
        }
    }

    /// A person does something: to one alarm, or in a storm to all of them.
    pub(super) fn acts(&mut self, phone: usize) -> Result<(), String> {
        if self.phones[phone].life.is_none() {
            return Ok(());
        }
        let Some(organization) = self.chance.pick(&self.organizations).copied() else { return Ok(()) };
        if self.chance.happens(400) {
            return self.writes(phone, organization);
        }
        let mut alarms = self.alarms.clone();
        if !self.chance.happens(150) {
            alarms = self.chance.pick(&self.alarms).copied().into_iter().collect();
        }
        let kind = ["acknowledge", "acknowledge", "mute", "mute", "release", "unmute"];
        let kind = self.chance.pick(&kind).copied().unwrap_or("mute");
        let drafts = alarms.into_iter().map(|alarm| self.draft(phone, organization, alarm, kind, None)).collect();
        self.tally.count("acted");
        self.tell_outbox(phone, outbox::Event::Made(drafts))
    }

    /// A person writes some lines in the organization's incident, one after the other.
    fn writes(&mut self, phone: usize, organization: OrganizationId) -> Result<(), String> {
        for _ in 0..1 + self.chance.below(6) {
            let draft = self.draft(phone, organization, INCIDENT, MESSAGE.name, None);
            self.tally.count("written");
            self.tell_outbox(phone, outbox::Event::Made(vec![draft]))?;
        }
        Ok(())
    }

    /// An action as the feature would make it, entered in the ledger.
    pub(super) fn draft(
        &mut self,
        phone: usize,
        organization: OrganizationId,
        alarm: Uuid,
        kind: &str,
        retry_of: Option<ActionId>,
    ) -> Draft {
        self.ids += 1;
        let id = ActionId(Uuid::from_u128(self.ids));
        let kind_of = if alarm == INCIDENT { SubjectKind::Incident } else { SubjectKind::Alarm };
        let subject = Subject { kind: kind_of, id: alarm };
        let wall_ms = self.now_ms + self.phones[phone].wall_offset_ms;
        let ends_in_ms = (kind == "mute").then(|| self.chance.between(5 * MINUTE, 8 * HOUR));
        let until = ends_in_ms.map(|ms| Timestamp::from_millis(wall_ms + ms));
        let body = self.body(kind, until);
        let row = self.phones[phone].disk.rows.get(&organization).and_then(|rows| rows.get(&alarm));
        let aspect = row.map(|row| if kind.ends_with("mute") { &row.mute } else { &row.acknowledgement });
        let seen = aspect.map_or(0, |aspect| aspect.version);
        let it = &mut self.phones[phone];
        it.made += 1;
        let root = retry_of.and_then(|old| self.ledger.made.get(&old)).map_or(id, |made| made.root);
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
        let name = SubjectName::default();
        Draft { id, organization, kind: kind.to_owned(), subject, body, seen, expires_at: until, retry_of, name }
    }

    fn body(&mut self, kind: &str, until: Option<Timestamp>) -> Value {
        let number = self.chance.below(1_000_000);
        match kind {
            "acknowledge" => {
                let poison = if self.chance.happens(self.weather.poison) { "poison " } else { "" };
                let id = Uuid::from_u128(5);
                json!({ "assignee": { "kind": "person", "id": id }, "note": format!("{poison}{number}") })
            }
            "message" => {
                let poison = if self.chance.happens(self.weather.poison) { "poison " } else { "" };
                json!({ "text": format!("{poison}{number}") })
            }
            "mute" => json!({ "until": until, "reason": "nuisance", "text": number.to_string() }),
            _ => json!({}),
        }
    }

    /// A person decides about a parked action, or takes a waiting one back.
    pub(super) fn decides(&mut self, phone: usize) -> Result<(), String> {
        let Some(life) = &self.phones[phone].life else { return Ok(()) };
        let open = |state: &State| !matches!(state, State::OnServer(_));
        // A presence is the phone's own: nobody sees one waiting.
        let undecided =
            |entry: &&Entry| open(&entry.state) && ![PRESENCE.name, READ_NOTICES.name].contains(&entry.kind.as_str());
        let undecided: Vec<_> = life.outbox.entries().filter(undecided).cloned().collect();
        let Some(entry) = self.chance.pick(&undecided).cloned() else { return Ok(()) };
        self.phones[phone].wishes.insert(entry.id);
        if entry.kind == DUTY.name {
            return self.decides_switch(phone, &entry);
        }
        if matches!(entry.state, State::Parked(_)) && self.chance.happens(600) {
            self.tally.count("retried");
            let draft = self.draft(phone, entry.organization, entry.subject.id, &entry.kind, Some(entry.id));
            return self.tell_outbox(phone, outbox::Event::Made(vec![draft]));
        }
        self.tally.count("discarded");
        self.tell_outbox(phone, outbox::Event::Discarded(entry.id))
    }
}
