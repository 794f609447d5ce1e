//! Which photo is sent next, from which byte, and when: a pure step function beside the outbox.
//!
//! What is on its way follows from the outbox: an action that announces a photo is held there, then on the server for seven
//! days, which is as long as the server waits for the bytes. How far they have come the server is asked. So nothing is kept
//! here that a process could lose; after a start each one is asked for again.
//!
//! - One request is under way at a time. Those that failed seldom go first, then the oldest; so one that the server stumbles
//!   over holds nobody else back.
//! - A failure that may pass waits 2 s, 4 s, 8 s … at most 5 min for that photo; what the network or the whole server failed
//!   at waits for all. A nudge (network back, app in front) brings attempts forward.
//! - Bytes that arrived damaged are sent anew, three times; then, or when the file is lost, the photo is given up, so that
//!   nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};

use onsite_wire::codes::Code;
use onsite_wire::ids::{IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::{PhotoHash, PhotoState, PhotoUpload};

use crate::sync::backoff::{SENDING, obeyed_ms};
use crate::time::Moment;

/// The bytes of one part: with 25 kbit/s it takes as long as a phone waits for an answer.
pub const PART: u64 = 128 * 1_024;
/// So often a photo is sent anew when its bytes arrived damaged.
const RESTARTS: u32 = 3;
/// A request without any end after this long is given up.
const GIVE_UP_MS: i64 = 120_000;

/// A photo that an action of the outbox announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Its message.
    pub message: MessageId,
    /// Whose.
    pub organization: OrganizationId,
    /// In which chat.
    pub incident: IncidentId,
    /// What it is.
    pub hash: PhotoHash,
    /// How many bytes.
    pub size: u64,
    /// The server has the message.
    pub on_server: bool,
    /// The phone's copy of the server's rows says that nothing is left to be done.
    pub settled: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// What the outbox holds now of these, and which messages it let go of.
    Outbox {
        /// New or changed.
        announced: Vec<Announced>,
        /// Forgotten.
        gone: Vec<MessageId>,
    },
    /// A request came to its end.
    Answered {
        /// Which.
        ticket: u64,
        /// How.
        answer: Result<PhotoUpload, Failure>,
    },
    /// Whether its person is signed in.
    Session(bool),
    /// An attempt is worth more now than its schedule says.
    Nudged,
    /// Time passed.
    Tick,
}

/// Why a request did not bring what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No network, a busy server, a lost answer: it may pass, for all photos alike.
    Passing {
        /// What it was.
        code: Code,
        /// The server's wish, in milliseconds.
        retry_after_ms: Option<i64>,
    },
    /// The server stumbled over this one.
    Stumbled(Code),
    /// The server has come to another byte.
    Elsewhere(u64),
    /// All bytes arrived, and are not the right ones.
    Damaged,
    /// The file is not on this phone any more, or cannot be read.
    Lost,
    /// It will never be taken.
    Refused(Code),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask how far a photo has come.
    Ask(OnWay),
    /// Send a part.
    Put {
        /// Of which photo.
        of: OnWay,
        /// The byte at which it begins.
        from: u64,
    },
    /// Tell the server that a photo will not come.
    GiveUp(OnWay),
    /// Nobody wants this photo any more: its message was let go of before it was sent.
    Drop(PhotoHash),
    /// Call with [`Event::Tick`] when the monotonic clock stands here; takes the place of the last one.
    WakeAt(Option<i64>),
}

/// One request for a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnWay {
    /// Names the attempt.
    pub ticket: u64,
    /// Its message.
    pub message: MessageId,
    /// Whose.
    pub organization: OrganizationId,
    /// In which chat.
    pub incident: IncidentId,
    /// What it is.
    pub hash: PhotoHash,
    /// How many bytes.
    pub size: u64,
}

/// Where a photo on this phone is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits for its message, which is on this phone or parked.
    Held,
    /// Its bytes go, part by part.
    Going,
    /// It is to be given up.
    GivingUp,
    /// Nothing is left to be done.
    Done,
    /// The server will not take it; why.
    Refused(Code),
}

/// A photo on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// What the outbox says.
    pub announced: Announced,
    /// Where it is.
    pub stage: Stage,
    /// So many bytes the server has; `None`: it is asked.
    pub offset: Option<u64>,
    /// Why the last attempt failed.
    pub trouble: Option<Code>,
    failures: u32,
    restarts: u32,
    next_ms: i64,
}

/// All photos on their way.
#[derive(Debug, Clone, Default)]
pub struct Uploads {
    all: BTreeMap<MessageId, Upload>,
    session: bool,
    flight: Option<(u64, MessageId, i64)>,
    not_before_ms: i64,
    /// The server's own word: nothing is sent before.
    wish_ms: i64,
    failures: u32,
    next_ticket: u64,
    wake_ms: Option<i64>,
}

impl Uploads {
    /// One step: what happened, and what is to be done about it.
    pub fn step(&mut self, event: Event, now: &Moment, random: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Outbox { announced, gone } => {
                announced.into_iter().for_each(|announced| self.announced(announced));
                gone.into_iter().for_each(|message| self.let_go(message, &mut effects));
            }
            Event::Answered { ticket, answer } => self.answered(ticket, answer, now, random),
            Event::Session(session) => {
                self.session = session;
                self.nudge(now);
            }
            Event::Nudged => self.nudge(now),
            Event::Tick => {}
        }
        self.dispatch(now, &mut effects);
        let wake_ms = self.wake_at();
        if wake_ms != self.wake_ms {
            self.wake_ms = wake_ms;
            effects.push(Effect::WakeAt(wake_ms));
        }
        effects
    }

    fn announced(&mut self, announced: Announced) {
        let stage = match (announced.on_server, announced.settled) {
            (false, _) => Stage::Held,
            (true, false) => Stage::Going,
            (true, true) => Stage::Done,
        };
        match self.all.get_mut(&announced.message) {
            // A restored backup asks for the message again, and so for its photo.
            Some(known) if known.announced.on_server == announced.on_server => known.announced = announced,
            _ => {
                let (offset, trouble, failures, restarts, next_ms) = (None, None, 0, 0, i64::MIN);
                let upload = Upload { stage, announced, offset, trouble, failures, restarts, next_ms };
                self.all.insert(upload.announced.message, upload);
            }
        }
    }

    fn let_go(&mut self, message: MessageId, effects: &mut Vec<Effect>) {
        // Confirmed long ago: what is not there by now, the server has dropped.
        let Some(upload) = self.all.remove(&message) else { return };
        let hash = upload.announced.hash;
        if upload.stage == Stage::Held && !self.needed().contains(&hash) {
            effects.push(Effect::Drop(hash));
        }
    }

    fn nudge(&mut self, now: &Moment) {
        self.not_before_ms = self.not_before_ms.min(now.monotonic_ms).max(self.wish_ms);
        self.all.values_mut().for_each(|upload| upload.next_ms = upload.next_ms.min(now.monotonic_ms));
    }

    fn answered(&mut self, ticket: u64, answer: Result<PhotoUpload, Failure>, now: &Moment, random: u64) {
        let Some((_, message, _)) = self.flight.take_if(|(known, _, _)| *known == ticket) else { return };
        if !matches!(answer, Err(Failure::Passing { .. })) {
            self.failures = 0;
        }
        let Some(upload) = self.all.get_mut(&message) else { return };
        let failed = match answer {
            Ok(found) => {
                upload.came_to(&found);
                None
            }
            Err(Failure::Elsewhere(offset)) => {
                upload.offset = Some(offset.min(upload.announced.size));
                None
            }
            Err(Failure::Passing { code, retry_after_ms }) => {
                self.failures = self.failures.saturating_add(1);
                let wish = retry_after_ms.map(obeyed_ms);
                self.wish_ms = wish.map_or(self.wish_ms, |wish| now.monotonic_ms.saturating_add(wish));
                let wait = SENDING.wait_ms(self.failures, random);
                self.not_before_ms = now.monotonic_ms.saturating_add(wait).max(self.wish_ms);
                // The answer may have been lost behind the part: the server knows.
                upload.offset = None;
                upload.trouble = Some(code);
                None
            }
            Err(Failure::Stumbled(code)) => Some(code),
            Err(Failure::Damaged) if upload.restarts < RESTARTS => {
                upload.restarts += 1;
                Some(Code::PhotoHashDiffers)
            }
            Err(Failure::Damaged | Failure::Lost) => {
                upload.stage = Stage::GivingUp;
                None
            }
            Err(Failure::Refused(code)) => {
                upload.stage = Stage::Refused(code);
                None
            }
        };
        if let Some(code) = failed {
            upload.failures = upload.failures.saturating_add(1);
            upload.next_ms = now.monotonic_ms.saturating_add(SENDING.wait_ms(upload.failures, random));
            upload.offset = None;
            upload.trouble = Some(code);
        }
    }

    /// Sends what is to be sent, if nothing is under way.
    fn dispatch(&mut self, now: &Moment, effects: &mut Vec<Effect>) {
        if self.flight.is_some_and(|(_, _, since)| now.monotonic_ms.saturating_sub(since) > GIVE_UP_MS) {
            self.flight = None;
        }
        if !self.session || self.flight.is_some() || self.not_before_ms > now.monotonic_ms {
            return;
        }
        let due = self.all.values().filter(|upload| upload.is_under_way() && upload.next_ms <= now.monotonic_ms);
        let Some(next) = due.min_by_key(|upload| (upload.failures, upload.announced.message)) else { return };
        self.next_ticket += 1;
        let Announced { message, organization, incident, hash, size, .. } = next.announced;
        let of = OnWay { ticket: self.next_ticket, message, organization, incident, hash, size };
        effects.push(match (next.stage, next.offset) {
            (Stage::GivingUp, _) => Effect::GiveUp(of),
            (_, Some(from)) => Effect::Put { of, from },
            (_, None) => Effect::Ask(of),
        });
        self.flight = Some((of.ticket, message, now.monotonic_ms));
    }

    fn wake_at(&self) -> Option<i64> {
        match self.flight {
            Some((_, _, since)) => Some(since.saturating_add(GIVE_UP_MS + 1)),
            None => self.next_attempt(),
        }
    }

    /// When the next attempt is made, in monotonic milliseconds; `None`: nothing to be sent, or nobody is signed in.
    pub fn next_attempt(&self) -> Option<i64> {
        let next = self.all.values().filter(|upload| upload.is_under_way()).map(|upload| upload.next_ms).min();
        next.filter(|_| self.session).map(|next| next.max(self.not_before_ms))
    }

    /// The photos whose bytes are only here.
    pub fn needed(&self) -> BTreeSet<PhotoHash> {
        let needed = self.all.values().filter(|upload| upload.stage == Stage::Held || upload.is_under_way());
        needed.map(|upload| upload.announced.hash).collect()
    }

    /// All that are not done, in the order of their messages.
    pub fn waiting(&self) -> impl Iterator<Item = &Upload> {
        self.all.values().filter(|upload| upload.stage != Stage::Done)
    }

    /// Whether a request for this one is under way.
    pub fn is_being_sent(&self, message: MessageId) -> bool {
        self.flight.is_some_and(|(_, flying, _)| flying == message)
    }

    /// When this one is tried next, in monotonic milliseconds.
    pub fn next_attempt_of(&self, upload: &Upload) -> Option<i64> {
        let waits = self.session && upload.is_under_way() && !self.is_being_sent(upload.announced.message);
        waits.then(|| upload.next_ms.max(self.not_before_ms))
    }

    /// Whether the outbox's word on this message is new.
    pub fn is_news(&self, message: MessageId, on_server: bool) -> bool {
        self.all.get(&message).is_none_or(|known| known.announced.on_server != on_server)
    }
}

impl Upload {
    const fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Going | Stage::GivingUp)
    }

    fn came_to(&mut self, found: &PhotoUpload) {
        self.trouble = None;
        self.failures = 0;
        match found.state {
            PhotoState::There => self.stage = Stage::Done,
            PhotoState::Failed => self.stage = found.reason.map_or(Stage::Done, Stage::Refused),
            PhotoState::Waiting => {
                let offset = u64::try_from(found.offset).unwrap_or_default();
                self.offset = Some(offset.min(self.announced.size));
            }
        }
    }
}

#[cfg(test)]
#[path = "uploads_tests.rs"]
mod tests;
