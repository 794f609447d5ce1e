//! The driver in memory: performs the effects of both step functions in order, and may die between any two.

use onsite::sync::{outbox, schedule};

use super::phone::Todo;
use super::world::{Happening, MINUTE, Request, SECOND, World};

impl World {
    pub(super) fn lives(&self, phone: usize, number: u64) -> bool {
        self.phones[phone].life.as_ref().is_some_and(|life| life.number == number)
    }

    /// One step of the outbox, and its effects.
    pub(super) fn tell_outbox(&mut self, phone: usize, event: outbox::Event) -> Result<(), String> {
        let now = self.phones[phone].moment(self.now_ms);
        let random = self.chance.roll();
        let Some(life) = &mut self.phones[phone].life else { return Ok(()) };
        let effects = life.outbox.step(event, &now, random);
        self.phones[phone].touched = true;
        self.phones[phone].queue(effects);
        self.perform_all(phone)
    }

    /// One step of the schedule, and its effects.
    pub(super) fn tell_schedule(&mut self, phone: usize, event: schedule::Event) -> Result<(), String> {
        let now = self.phones[phone].moment(self.now_ms);
        let random = self.chance.roll();
        let Some(life) = &mut self.phones[phone].life else { return Ok(()) };
        let effects = life.schedule.step(event, &now, random);
        life.todo.extend(effects.into_iter().map(Todo::Schedule));
        self.phones[phone].touched = true;
        self.perform_all(phone)
    }

    pub(super) fn perform_all(&mut self, phone: usize) -> Result<(), String> {
        while let Some(todo) = self.phones[phone].life.as_mut().and_then(|life| life.todo.pop_front()) {
            if self.chance.happens(self.weather.dies_between_effects) {
                self.tally.count("died between effects");
                self.dies(phone, false);
                return Ok(());
            }
            match todo {
                Todo::Outbox(effect) => self.perform_outbox(phone, effect)?,
                Todo::Schedule(effect) => self.perform_schedule(phone, effect),
                Todo::Duty(effect) => self.perform_duty(phone, effect)?,
            }
        }
        Ok(())
    }

    fn perform_outbox(&mut self, phone: usize, effect: outbox::Effect) -> Result<(), String> {
        match effect {
            outbox::Effect::Record(record) => {
                self.counts(phone, &record);
                self.phones[phone].record(&record, &mut self.ledger, &self.server, self.now_ms)?;
            }
            outbox::Effect::Rejected { action, .. } => {
                self.phones[phone].wishes.remove(&action);
                self.ledger.made.retain(|id, made| *id != action || made.durable);
            }
            outbox::Effect::Changed { .. } | outbox::Effect::LetGo { .. } => {}
            outbox::Effect::Noted(note) => self.noted(&note),
            outbox::Effect::Send(batch) => {
                let ticket = batch.ticket;
                let batch = self.phones[phone].outgoing(batch, &mut self.ledger)?;
                self.send(phone, Request::Actions { ticket, body: batch.into_request() });
            }
            outbox::Effect::WakeAt(at) => self.set_wake(phone, at, true),
        }
        Ok(())
    }

    fn noted(&mut self, note: &outbox::Note) {
        let what = match note {
            outbox::Note::Replaced { .. } => "replaced",
            outbox::Note::StaleAnswer => "stale answer",
            outbox::Note::StrayResult(_) => "stray result",
            outbox::Note::MissingResult(_) => "left out",
            outbox::Note::AskedAgain { .. } => "asked again",
            outbox::Note::Settled { .. } | outbox::Note::Failed { .. } => return,
        };
        self.tally.count(what);
    }

    fn perform_schedule(&mut self, phone: usize, effect: schedule::Effect) {
        match effect {
            schedule::Effect::Pull { feed, ticket, read } => {
                if let Some(life) = &mut self.phones[phone].life {
                    life.pulls.insert(feed.clone(), ticket);
                }
                self.send(phone, Request::Pull { ticket, feed, read });
            }
            schedule::Effect::CompareDigest { feed, ticket } => self.send(phone, Request::Digest { ticket, feed }),
            schedule::Effect::OpenStream { ticket, heartbeat_ms } => {
                self.listeners.remove(&phone);
                self.send(phone, Request::Stream { ticket, heartbeat_ms });
            }
            schedule::Effect::CloseStream => {
                self.listeners.remove(&phone);
            }
            schedule::Effect::Remember { feed, times } => {
                self.phones[phone].disk.times.insert(feed, times);
            }
            schedule::Effect::Noted(schedule::Note::StreamSilent) => self.tally.count("stream silent"),
            schedule::Effect::Noted(_) => {}
            schedule::Effect::WakeAt(at) => self.set_wake(phone, at, false),
        }
    }

    fn set_wake(&mut self, phone: usize, at: Option<i64>, of_outbox: bool) {
        let set = self.phones[phone].set_wake(at, of_outbox);
        let now = self.phones[phone].moment(self.now_ms).monotonic_ms;
        let number = self.phones[phone].lives;
        if let Some(at) = at.filter(|_| set) {
            self.later(at - now, Happening::Wake { phone, life: number, at, of_outbox });
        }
    }

    /// The alarm clock: only the last one that was set rings.
    pub(super) fn wakes(&mut self, phone: usize, life: u64, at: i64, of_outbox: bool) -> Result<(), String> {
        let Some(present) = self.phones[phone].life.as_mut().filter(|present| present.number == life) else {
            return Ok(());
        };
        let set = if of_outbox { &mut present.outbox_wake } else { &mut present.schedule_wake };
        if *set != Some(at) {
            return Ok(());
        }
        *set = None;
        if of_outbox {
            self.tell_outbox(phone, outbox::Event::Tick)
        } else {
            self.tell_schedule(phone, schedule::Event::Tick)
        }
    }

    /// The process ends where it stands, and comes again later.
    pub(super) fn dies(&mut self, phone: usize, reboot: bool) {
        self.phones[phone].die(self.now_ms, reboot);
        self.listeners.remove(&phone);
        let longest = if self.chance.happens(200) { 60 * MINUTE } else { 30 * SECOND };
        let again = self.chance.between(0, longest);
        self.later(again, Happening::Starts(phone));
    }

    pub(super) fn starts(&mut self, phone: usize) -> Result<(), String> {
        if self.phones[phone].life.is_some() {
            return Ok(());
        }
        self.phones[phone].start(self.now_ms)?;
        self.empties_inbox(phone)?;
        let (to_outbox, to_schedule) = self.phones[phone].first_events();
        to_outbox.into_iter().try_for_each(|event| self.tell_outbox(phone, event))?;
        to_schedule.into_iter().try_for_each(|event| self.tell_schedule(phone, event))?;
        self.takes_up_duty(phone)
    }

    pub(super) fn tells_session(&mut self, phone: usize) -> Result<(), String> {
        let session = self.phones[phone].session();
        let usable = self.phones[phone].token;
        self.tell_outbox(phone, outbox::Event::Session(session))?;
        self.tell_schedule(phone, schedule::Event::Session(usable))
    }
}
