//! When a position is asked for. Positions cost the battery: at rest at most six an hour are asked for, whatever happens.

use std::collections::VecDeque;

use crate::duty::fix::Good;

/// At rest so many positions an hour are asked for at most.
pub const MOST_AT_REST: usize = 6;
/// So many of them are kept for finding out whether the person moves, enters or leaves.
const RESERVED: usize = 2;
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// Two questions are never nearer to each other.
const SPACING_MS: i64 = 10_000;
/// A question is unanswered after this long.
const UNANSWERED_MS: i64 = 60_000;
/// Farther than this between two fixes is a move, in metres …
const MOVE_M: f64 = 50.0;
/// … and so many times what both may be wrong by: in a building fixes wander.
const MOVE_ACCURACIES: f64 = 1.5;
/// A move is believed when it holds this long: a jump between buildings does not.
const MOVE_HOLDS_MS: i64 = 40_000;
/// After a move the person counts as on the way for this long.
const ON_THE_WAY_MS: i64 = 5 * 60_000;

/// What the asking remembers.
#[derive(Debug, Clone, Default)]
pub(super) struct Asking {
    /// When positions were asked for at rest, within the last hour.
    at_rest: VecDeque<i64>,
    last_ms: Option<i64>,
    /// The last question has no answer yet.
    open: bool,
    unanswered: u32,
    hint: Option<Hint>,
    /// The most exact fix of where the person rests.
    anchor: Option<Good>,
    away: Option<Good>,
    moving_until_ms: i64,
}

/// How much a hint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    /// A circle around a site was crossed: at its rim that happens by itself.
    Weak,
    /// The circle around where the person rests was left.
    Strong,
}

/// How often positions are wanted, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Something is about to be decided.
    pub(super) urgent: bool,
    pub(super) moving_ms: i64,
    pub(super) resting_ms: i64,
}

impl Asking {
    /// Something hints that the person may be elsewhere now.
    pub(super) fn hint(&mut self, hint: Hint) {
        self.hint = self.hint.max(Some(hint));
    }

    pub(super) const fn is_moving(&self, now_ms: i64) -> bool {
        now_ms < self.moving_until_ms
    }

    /// Questions in a row that nothing came to.
    pub(super) const fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// A fix came, whatever it is worth.
    pub(super) fn answered(&mut self) {
        self.open = false;
    }

    /// A fix came that is believed.
    pub(super) fn believed(&mut self, good: &Good, now_ms: i64) {
        self.unanswered = 0;
        let Some(anchor) = self.anchor else {
            self.anchor = Some(*good);
            return;
        };
        let wandering_m = MOVE_M + (good.accuracy_m + anchor.accuracy_m) * MOVE_ACCURACIES;
        if good.position.distance_m(&anchor.position) <= wandering_m {
            self.away = None;
            if good.accuracy_m < anchor.accuracy_m {
                self.anchor = Some(*good);
            }
            return;
        }
        let holds = self.away.is_some_and(|away| good.taken_ms - away.taken_ms >= MOVE_HOLDS_MS);
        if holds || self.is_moving(now_ms) {
            self.anchor = Some(*good);
            self.away = None;
            // An hour in which the person moved is none at rest.
            self.at_rest.clear();
            self.moving_until_ms = now_ms + ON_THE_WAY_MS;
        } else if self.away.is_none() {
            self.away = Some(*good);
        }
    }

    /// Notes a question that nothing came to.
    pub(super) fn pass_time(&mut self, now_ms: i64) {
        if self.open && self.last_ms.is_none_or(|last| now_ms - last >= UNANSWERED_MS) {
            self.open = false;
            self.unanswered = self.unanswered.saturating_add(1);
        }
        while self.at_rest.front().is_some_and(|asked| now_ms - asked >= HOUR_MS) {
            self.at_rest.pop_front();
        }
    }

    /// When the next position is to be asked for.
    pub(super) fn due_ms(&self, now_ms: i64, pace: Pace) -> i64 {
        let Some(last) = self.last_ms else { return now_ms };
        if self.open {
            return last + UNANSWERED_MS;
        }
        let moving = self.is_moving(now_ms);
        let pause = if self.away.is_some() && !moving {
            // The next one tells whether it was a move; one before would be wasted.
            MOVE_HOLDS_MS + SPACING_MS / 2
        } else if self.hint.is_some() {
            SPACING_MS
        } else if moving {
            pace.moving_ms
        } else {
            pace.resting_ms
        };
        let due = last + pause.max(SPACING_MS);
        let urgent = pace.urgent || self.away.is_some() || self.hint == Some(Hint::Strong);
        let most = if urgent { MOST_AT_REST } else { MOST_AT_REST - RESERVED };
        if moving || self.at_rest.len() < most {
            return due;
        }
        let oldest = self.at_rest.len().checked_sub(most).and_then(|n| self.at_rest.get(n));
        due.max(oldest.map_or(now_ms, |oldest| oldest + HOUR_MS))
    }

    /// A position is asked for now.
    pub(super) fn ask(&mut self, now_ms: i64) {
        if !self.is_moving(now_ms) {
            self.at_rest.push_back(now_ms);
        }
        self.last_ms = Some(now_ms);
        self.open = true;
        self.hint = None;
    }
}
