//! When the server is told where pushes go, and what was shown and opened: a step function, `(state, event, now, random) ->
//! effects`. It knows no HTTP: the driver goes its errands. What fails is tried again, later and later; what is to be told
//! lies in own.db meanwhile.

use crate::sync::backoff::{SENDING, obeyed_ms};

/// What the server is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Errand {
    /// Where pushes go.
    Register,
    /// What was shown and opened.
    Report,
}

impl Errand {
    const ALL: [Self; 2] = [Self::Register, Self::Report];
}

/// How an errand ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Done; the next one is due after so many milliseconds, if any.
    Done {
        /// From now.
        again_ms: Option<i64>,
    },
    /// It may go through later.
    Failed {
        /// What the server asked to wait.
        retry_after_ms: Option<i64>,
    },
    /// It never will as it is: the next change brings the next attempt.
    Refused,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Whether somebody is signed in, and the network not switched off.
    Able(bool),
    /// There is something to tell.
    Due(Errand),
    /// The network is back, or the app is in front.
    Nudged,
    /// An errand came to its end.
    Ended(Errand, End),
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Go this errand, and say how it ended.
    Go(Errand),
    /// Step again at this point of the monotonic clock; `None`: nothing is due.
    WakeAt(Option<i64>),
}

#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    due_ms: Option<i64>,
    is_under_way: bool,
    came_up: bool,
    failures: u32,
}

/// The state.
#[derive(Debug, Clone, Default)]
pub struct Courier {
    is_able: bool,
    register: Standing,
    report: Standing,
    wake_ms: Option<i64>,
}

impl Courier {
    const fn of(&mut self, errand: Errand) -> &mut Standing {
        match errand {
            Errand::Register => &mut self.register,
            Errand::Report => &mut self.report,
        }
    }

    /// One step. `now_ms` is monotonic.
    pub fn step(&mut self, event: Event, now_ms: i64, random: u64) -> Vec<Effect> {
        match event {
            Event::Able(is_able) => self.is_able = is_able,
            Event::Due(errand) => {
                let standing = self.of(errand);
                standing.came_up = standing.is_under_way;
                if !standing.is_under_way {
                    standing.due_ms = Some(now_ms);
                }
            }
            Event::Nudged => {
                for errand in Errand::ALL {
                    let standing = self.of(errand);
                    if standing.failures > 0 && standing.due_ms.is_some() {
                        standing.due_ms = Some(now_ms);
                    }
                }
            }
            Event::Ended(errand, end) => self.of(errand).ended(end, now_ms, random),
            Event::Tick => {}
        }
        let mut effects = Vec::new();
        for errand in Errand::ALL {
            let is_able = self.is_able;
            let standing = self.of(errand);
            if is_able && !standing.is_under_way && standing.due_ms.is_some_and(|due| due <= now_ms) {
                (standing.is_under_way, standing.due_ms) = (true, None);
                effects.push(Effect::Go(errand));
            }
        }
        let wake_ms = [self.register, self.report].iter().filter_map(|standing| standing.due_ms).min();
        let wake_ms = wake_ms.filter(|_| self.is_able);
        if wake_ms != self.wake_ms {
            self.wake_ms = wake_ms;
            effects.push(Effect::WakeAt(wake_ms));
        }
        effects
    }
}

impl Standing {
    fn ended(&mut self, end: End, now_ms: i64, random: u64) {
        self.is_under_way = false;
        let came_up = std::mem::take(&mut self.came_up);
        (self.failures, self.due_ms) = match end {
            End::Done { again_ms } => (0, again_ms.map(|wait| now_ms.saturating_add(wait.max(0)))),
            End::Refused => (0, None),
            End::Failed { retry_after_ms } => {
                let failures = self.failures.saturating_add(1);
                let wait = SENDING.wait_ms(failures, random).max(retry_after_ms.map_or(0, obeyed_ms));
                (failures, Some(now_ms.saturating_add(wait)))
            }
        };
        if came_up && !matches!(end, End::Failed { .. }) {
            self.due_ms = Some(now_ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn goes(effects: &[Effect]) -> bool {
        effects.iter().any(|effect| matches!(effect, Effect::Go(_)))
    }

    #[test]
    fn what_fails_is_told_again_later_and_at_once_when_the_network_is_back() {
        let mut courier = Courier::default();
        assert!(!goes(&courier.step(Event::Due(Errand::Report), 0, 7)), "nobody is signed in");
        assert_eq!(courier.step(Event::Able(true), 0, 7), [Effect::Go(Errand::Report)]);
        let failed = Event::Ended(Errand::Report, End::Failed { retry_after_ms: None });
        let effects = courier.step(failed, 10, 7);
        let Some(Effect::WakeAt(Some(at))) = effects.last() else { panic!("{effects:?}") };
        assert!(!goes(&courier.step(Event::Tick, at - 1, 7)));
        assert!(goes(&courier.step(Event::Tick, *at, 7)));
        courier.step(failed, 10_000, 7);
        assert!(goes(&courier.step(Event::Nudged, 10_001, 7)));
        let done = Event::Ended(Errand::Report, End::Done { again_ms: None });
        assert_eq!(courier.step(done, 10_002, 7), [], "nothing is due any more");
    }

    #[test]
    fn what_came_up_under_way_is_told_after_it_and_what_is_refused_waits_for_a_change() {
        let mut courier = Courier::default();
        courier.step(Event::Able(true), 0, 7);
        assert!(goes(&courier.step(Event::Due(Errand::Register), 0, 7)));
        assert!(!goes(&courier.step(Event::Due(Errand::Register), 1, 7)));
        assert!(goes(&courier.step(Event::Ended(Errand::Register, End::Refused), 2, 7)));
        assert!(!goes(&courier.step(Event::Ended(Errand::Register, End::Refused), 3, 7)));
        assert!(!goes(&courier.step(Event::Nudged, 4, 7)));
        assert!(goes(&courier.step(Event::Due(Errand::Register), 5, 7)));
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let errand = || prop::sample::select(Errand::ALL.to_vec());
        prop_oneof![
            any::<bool>().prop_map(Event::Able),
            errand().prop_map(Event::Due),
            Just(Event::Nudged),
            Just(Event::Tick),
            (errand(), 0..3_u8, 0..100_000_i64).prop_map(|(errand, how, ms)| Event::Ended(
                errand,
                match how {
                    0 => End::Done { again_ms: Some(ms) },
                    1 => End::Failed { retry_after_ms: Some(ms) },
                    _ => End::Refused,
                }
            )),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_due_is_under_way_or_has_a_time(events in prop::collection::vec((any_event(), 0..5_000_i64), 0..40)) {
            let mut courier = Courier::default();
            let (mut now, mut wake) = (0, None);
            let mut under_way = std::collections::BTreeSet::new();
            for (event, passed) in events {
                now += passed;
                if let Event::Ended(errand, _) = event
                    && !under_way.remove(&errand)
                {
                    continue;
                }
                for effect in courier.step(event, now, 7) {
                    match effect {
                        Effect::Go(errand) => prop_assert!(under_way.insert(errand), "twice at once"),
                        Effect::WakeAt(at) => wake = at,
                    }
                }
                let due = Errand::ALL.into_iter().filter_map(|errand| courier.of(errand).due_ms).min();
                prop_assert_eq!(wake, due.filter(|_| courier.is_able));
                prop_assert!(wake.is_none_or(|at| at > now));
            }
        }
    }
}
