//! Storms: from the 6th instant push within a minute, one notification that counts up (N1).

use onsite_wire::time::Timestamp;

use super::STORM;

/// The time in which instant pushes are counted.
pub const WINDOW_MS: i64 = 60 * 1_000;

/// The instant events of one organization to one person: when the newest were, and the storm they make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storm {
    newest: Vec<Timestamp>,
    counting: Option<(Timestamp, i64)>,
}

impl Storm {
    /// From what is kept: the times of the newest instant events, and the storm they are counted into: its beginning and
    /// how many it stands for.
    pub const fn kept(newest: Vec<Timestamp>, counting: Option<(Timestamp, i64)>) -> Self {
        Self { newest, counting }
    }

    /// How many were within the window before `now`.
    pub fn before(&self, now: Timestamp) -> usize {
        self.newest.iter().filter(|at| now.millis_since(**at) < WINDOW_MS).count()
    }

    /// One more: missing, if it is told by itself; else the beginning of its storm, and how many that stands for now.
    pub fn one_more(&mut self, now: Timestamp) -> Option<(Timestamp, i64)> {
        self.newest.retain(|at| now.millis_since(*at) < WINDOW_MS);
        let counted = self.newest.len() >= STORM;
        self.newest.push(now);
        self.counting = match (counted, self.counting) {
            (true, Some((began, count))) => Some((began, count + 1)),
            (true, None) => Some((now, 1)),
            (false, _) => None,
        };
        self.counting
    }

    /// The times that are to be kept.
    pub fn newest(&self) -> &[Timestamp] {
        &self.newest
    }
}
