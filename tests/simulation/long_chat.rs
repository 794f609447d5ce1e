//! One chat of three phones that is ten thousand messages long, over some bad days: requests, answers, signal and processes are
//! lost at random, the server is restarted and restored.

use onsite::sync::outbox;
use onsite_rules::action::MESSAGE;

use super::chance::Chance;
use super::phone::Mutant;
use super::server::INCIDENT;
use super::world::{HOUR, Happening, MINUTE, SECOND, Weather, World};

/// Who writes.
const PHONES: usize = 3;
/// The most that one writes at a time.
const AT_ONCE: u64 = 12;
/// How long it takes.
const DAYS_MS: i64 = 3 * 24 * HOUR;

/// Some lines that are still to be written.
#[derive(Debug, Clone, Copy)]
pub struct Lines {
    pub phone: usize,
    pub count: u64,
}

impl World {
    /// Three phones in one organization that write so many messages.
    pub fn of_a_long_chat(seed: u64, messages: u64) -> Self {
        let mut world = Self::bare(Chance::new(seed), seed, Mutant::None, (1, 1, PHONES));
        world.weather = Weather {
            lost_on_the_way: 150,
            answer_lost: 150,
            doubled: 150,
            slow: 100,
            busy: 40,
            fault: 40,
            expired: 10,
            left_out: 60,
            dies_between_effects: 3,
            ..Weather::default()
        };
        world.messages = usize::try_from(messages).ok();
        world.plan_chat(messages);
        world
    }

    fn plan_chat(&mut self, messages: u64) {
        (0..PHONES).for_each(|phone| self.later(0, Happening::Starts(phone)));
        let mut left = messages;
        while left > 0 {
            let count = (1 + self.chance.below(AT_ONCE)).min(left);
            left -= count;
            let at = self.chance.between(SECOND, DAYS_MS);
            let phone = usize::try_from(self.chance.below(PHONES as u64)).unwrap_or(0);
            self.later(at, Happening::Writes(Lines { phone, count }));
        }
        for phone in 0..PHONES {
            for _ in 0..24 {
                let (at, lost_ms) = (self.chance.between(0, DAYS_MS), self.chance.between(SECOND, HOUR));
                self.later(at, Happening::Signal(phone, false));
                self.later(at + lost_ms, Happening::Signal(phone, true));
            }
            for _ in 0..12 {
                let (at, reboot) = (self.chance.between(0, DAYS_MS), self.chance.happens(300));
                self.later(at, Happening::Dies { phone, reboot });
            }
            for _ in 0..3 {
                let (at, by_ms) = (self.chance.between(0, DAYS_MS), self.chance.between(-5 * HOUR, 5 * HOUR));
                self.later(at, Happening::ClockSet(phone, by_ms));
            }
        }
        for _ in 0..3 {
            let at = self.chance.between(0, DAYS_MS - HOUR);
            self.later(at, Happening::BacksUp);
            let after = self.chance.between(MINUTE, HOUR);
            self.later(at + after, Happening::Restores);
            let down = self.chance.between(0, DAYS_MS);
            self.later(down, Happening::ServerUp(false));
            self.later(down + 10 * MINUTE, Happening::ServerUp(true));
        }
        self.later(DAYS_MS + HOUR, Happening::Peace);
    }

    /// A person writes; with the app ended, they start it first.
    pub(super) fn writes_lines(&mut self, lines: Lines) -> Result<(), String> {
        let Some(organization) = self.organizations.first().copied() else { return Ok(()) };
        self.starts(lines.phone)?;
        for _ in 0..lines.count {
            let draft = self.draft(lines.phone, organization, INCIDENT, MESSAGE.name, None);
            let id = draft.id;
            self.tell_outbox(lines.phone, outbox::Event::Made(vec![draft]))?;
            self.starts(lines.phone)?;
            if self.ledger.of(id).is_ok_and(|made| !made.durable) {
                // The app died before it kept the line: the person sees that, and writes it again.
                self.later(SECOND, Happening::Writes(Lines { count: 1, ..lines }));
            }
        }
        Ok(())
    }
}
