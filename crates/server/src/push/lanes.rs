//! How many pushes are under way at a time, so that nobody's alarm waits behind a service that does not answer.
//!
//! Apple's and Google's services have a lane each. Each push service that phones name has a lane of its own, too, and together
//! they have a bound. Of those, one whose last answer was slow has one place, and the slow ones together have a few. One
//! installation has one push under way, so that its pushes keep their order.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onsite_wire::ids::Uuid;

/// Places on the lane of a provider that is set up here.
const OWN: usize = 16;
/// Places on the lane of a push service that a phone named.
const NAMED: usize = 4;
/// Places of all those together.
const ALL_NAMED: usize = 32;
/// Places of those among them that are slow, together.
const ALL_SLOW: usize = 8;
/// An answer that took longer is slow.
const SLOW: Duration = Duration::from_secs(5);
/// The most slow lanes that are remembered.
const REMEMBERED: usize = 10_000;

/// What is under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes {
    under_way: HashMap<String, usize>,
    installations: HashSet<Uuid>,
    slow: HashSet<String>,
}

/// Whether a phone named the service of this lane: then its name is a URL.
fn is_named(lane: &str) -> bool {
    lane.contains("://")
}

impl Lanes {
    /// Whether a push may set out.
    pub(super) fn admit(&self, lane: &str, installation: Uuid) -> bool {
        let sum = |counts: &dyn Fn(&str) -> bool| -> usize {
            self.under_way.iter().filter(|(lane, _)| counts(lane)).map(|(_, count)| count).sum()
        };
        let (named, slow) = (is_named(lane), self.slow.contains(lane));
        let places = match (named, slow) {
            (true, true) => 1,
            (true, false) => NAMED,
            (false, _) => OWN,
        };
        !self.installations.contains(&installation)
            && self.under_way.get(lane).copied().unwrap_or(0) < places
            && (!named || sum(&is_named) < ALL_NAMED)
            && (!named || !slow || sum(&|lane| is_named(lane) && self.slow.contains(lane)) < ALL_SLOW)
    }

    fn enter(&mut self, lane: &str, installation: Uuid) {
        *self.under_way.entry(lane.to_owned()).or_default() += 1;
        self.installations.insert(installation);
    }

    fn leave(&mut self, lane: &str, installation: Uuid) {
        if let Some(count) = self.under_way.get_mut(lane) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.under_way.remove(lane);
            }
        }
        self.installations.remove(&installation);
    }

    /// The service of this lane took so long to answer.
    fn took(&mut self, lane: &str, time: Duration) {
        if time < SLOW {
            self.slow.remove(lane);
        } else if self.slow.len() < REMEMBERED {
            self.slow.insert(lane.to_owned());
        }
    }
}

/// The place of a push that is under way; given back when dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    lane: String,
    installation: Uuid,
    lanes: Arc<Mutex<Lanes>>,
}

impl UnderWay {
    pub(super) fn new(lanes: &Arc<Mutex<Lanes>>, lane: &str, installation: Uuid) -> Self {
        lanes.lock().unwrap_or_else(PoisonError::into_inner).enter(lane, installation);
        Self { lane: lane.to_owned(), installation, lanes: Arc::clone(lanes) }
    }

    /// How long the answer took.
    pub(super) fn took(&self, time: Duration) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).took(&self.lane, time);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).leave(&self.lane, self.installation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(number: usize) -> Uuid {
        Uuid::from_u128(u128::try_from(number).unwrap())
    }

    #[test]
    fn services_that_do_not_answer_leave_room_for_those_that_do_and_none_for_apple_or_google_is_taken() {
        let mut lanes = Lanes::default();
        let mut number = 0;
        // As many black holes as somebody cares to name, each slow already.
        for hole in 0..100 {
            let lane = format!("https://hole-{hole}.example.com");
            lanes.took(&lane, SLOW);
            for _ in 0..10 {
                number += 1;
                if lanes.admit(&lane, one(number)) {
                    lanes.enter(&lane, one(number));
                }
            }
        }
        assert_eq!(lanes.installations.len(), ALL_SLOW);
        for good in ["https://push.example.com", "apns", "fcm"] {
            assert!(lanes.admit(good, one(9_999)), "{good}");
        }
        // New ones are bounded, too, and take nothing from the providers that are set up here.
        for fresh in 0..100 {
            number += 1;
            let lane = format!("https://fresh-{fresh}.example.com");
            if lanes.admit(&lane, one(number)) {
                lanes.enter(&lane, one(number));
            }
        }
        assert_eq!(lanes.installations.len(), ALL_NAMED);
        assert!(lanes.admit("apns", one(9_999)) && !lanes.admit("https://push.example.com", one(9_999)));
    }

    #[test]
    fn an_installation_has_one_push_under_way_and_gives_its_place_back() {
        let lanes = Arc::new(Mutex::new(Lanes::default()));
        let admits = |lane: &str, number| lanes.lock().unwrap().admit(lane, one(number));
        let held: Vec<_> = (0..NAMED).map(|number| UnderWay::new(&lanes, "https://a.example", one(number))).collect();
        assert!(!admits("https://b.example", 0), "its pushes keep their order");
        assert!(!admits("https://a.example", 99) && admits("https://b.example", 99));
        drop(held);
        assert!(admits("https://a.example", 0));
        let slow = UnderWay::new(&lanes, "https://a.example", one(1));
        slow.took(SLOW);
        assert!(!admits("https://a.example", 2), "a slow one has one place");
        slow.took(Duration::ZERO);
        assert!(admits("https://a.example", 2), "until it answers in time");
    }
}
