//! The event stream: when it is open, and when it counts as dead.

use super::Work;
use super::event::{Effect, Failure, Note};
use crate::sync::backoff::LISTENING;
use crate::time::Moment;

/// A stream that is being opened for longer than this is given up.
const OPENING_MS: i64 = 60_000;
/// What a heartbeat may be late before it counts as missed.
const LATE_MS: i64 = 5_000;

/// The event stream of an account.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    connection: Option<Connection>,
    /// Failures since the last sign of life.
    failures: u32,
    not_before_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Connection {
    ticket: u64,
    heartbeat_ms: i64,
    up: bool,
    /// The last sign of life; the opening, before there is one.
    heard_ms: i64,
}

impl Connection {
    /// When it counts as dead, if nothing is heard until then.
    const fn dead_ms(&self) -> i64 {
        let silence_ms = if self.up { self.heartbeat_ms * 2 + LATE_MS } else { OPENING_MS };
        self.heard_ms.saturating_add(silence_ms)
    }
}

impl Stream {
    pub(super) fn is_up(&self) -> bool {
        self.connection.is_some_and(|connection| connection.up)
    }

    /// The stream is open. Says whether it is the present one.
    pub(super) fn up(&mut self, ticket: u64, now: &Moment) -> bool {
        let present = self.connection.as_mut().filter(|connection| connection.ticket == ticket && !connection.up);
        let is_present = present.is_some();
        if let Some(connection) = present {
            connection.up = true;
            connection.heard_ms = now.monotonic_ms;
        }
        is_present
    }

    /// A heartbeat.
    pub(super) fn beat(&mut self, ticket: u64, now: &Moment) {
        if self.connection.is_some_and(|connection| connection.ticket == ticket) {
            self.heard(now);
        }
    }

    /// A sign of life.
    pub(super) fn heard(&mut self, now: &Moment) {
        if let Some(connection) = self.connection.as_mut().filter(|connection| connection.up) {
            connection.heard_ms = now.monotonic_ms;
            self.failures = 0;
        }
    }

    /// The stream ended or could not be opened. Says whether it was the present one.
    pub(super) fn down(&mut self, ticket: u64, failure: Failure, work: &mut Work) -> bool {
        if self.connection.take_if(|connection| connection.ticket == ticket).is_none() {
            return false;
        }
        let wait_ms = match failure {
            Failure::Refused => LISTENING.cap_ms,
            _ => self.wait_ms(work),
        };
        self.not_before_ms = work.now.monotonic_ms.saturating_add(wait_ms);
        true
    }

    fn wait_ms(&mut self, work: &mut Work) -> i64 {
        self.failures = self.failures.saturating_add(1);
        LISTENING.wait_ms(self.failures, work.dice.roll())
    }

    /// The network became another: a connection over the old one is dead without knowing, and a wait may be over.
    pub(super) fn renew(&mut self, now: &Moment) {
        self.connection = None;
        self.not_before_ms = self.not_before_ms.min(now.monotonic_ms);
    }

    /// Opens, reopens or closes. `wanted`: the heartbeat; `None`: no stream.
    pub(super) fn settle(&mut self, wanted: Option<i64>, floor_ms: i64, next_ticket: &mut u64, work: &mut Work) {
        let now_ms = work.now.monotonic_ms;
        if self.connection.take_if(|connection| connection.dead_ms() <= now_ms).is_some() {
            work.note(Note::StreamSilent);
            work.effects.push(Effect::CloseStream);
            self.not_before_ms = now_ms.saturating_add(self.wait_ms(work));
        }
        let Some(heartbeat_ms) = wanted else {
            if self.connection.take().is_some() {
                work.effects.push(Effect::CloseStream);
            }
            return;
        };
        let as_wanted = self.connection.is_some_and(|connection| connection.heartbeat_ms == heartbeat_ms);
        let waits = self.connection.is_none() && self.not_before_ms.max(floor_ms) > now_ms;
        if as_wanted || waits {
            return;
        }
        let ticket = *next_ticket;
        *next_ticket = next_ticket.wrapping_add(1);
        self.connection = Some(Connection { ticket, heartbeat_ms, up: false, heard_ms: now_ms });
        work.effects.push(Effect::OpenStream { ticket, heartbeat_ms });
    }

    /// When time alone changes something.
    pub(super) fn wake_at(&self, wanted: bool, floor_ms: i64) -> Option<i64> {
        match &self.connection {
            Some(connection) => Some(connection.dead_ms()),
            None => wanted.then(|| self.not_before_ms.max(floor_ms)),
        }
    }
}
