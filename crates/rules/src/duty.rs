//! On duty (U1, U2, U6, U7): what may still be said, how long the lease of a site holds, and whom to call.

use std::collections::BTreeMap;

use onsite_wire::codes::Code;
use onsite_wire::ids::{LocationId, PersonId};
use onsite_wire::onsite::{CallEntry, DutyBody};
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;

use crate::action::Refusal;
use crate::incident;

const MINUTE_MS: i64 = 60_000;
/// How long a site is a person's without being renewed (U7).
pub const LEASE_MS: i64 = 15 * MINUTE_MS;
/// How often the phone renews it (U7).
pub const RENEWED_MS: i64 = 5 * MINUTE_MS;
/// The oldest evidence on which it is renewed (U7).
pub const EVIDENCE_MS: i64 = 60 * MINUTE_MS;
/// A switch to on duty is not sent when it is older (O2).
pub const SWITCH_ON_MS: i64 = 15 * MINUTE_MS;
/// A request is given up after so long.
const TRAVEL_MS: i64 = 2 * MINUTE_MS;
/// Sites nearer than this to each other are near, in metres (U6).
pub const NEAR_M: f64 = 50_000.0;

/// When the lease ends that was asked for then: counted from the asking, so that a request under way for long brings less.
pub const fn lease_until(made_at: Timestamp) -> Timestamp {
    made_at.plus_millis(LEASE_MS)
}

/// Whether a switch of this age still says what its person wants (O2): off is always taken, on only while it is fresh.
/// `confirmed_before`: it was taken in time once, and a restored backup has forgotten it.
pub fn switch_in_time(body: DutyBody, age_ms: i64, confirmed_before: bool) -> Result<(), Refusal> {
    if body.on && age_ms > SWITCH_ON_MS && !confirmed_before {
        return Err(Refusal::of(Code::TooOld).with("hours", age_ms / (60 * MINUTE_MS)));
    }
    Ok(())
}

/// A switch that arrives, or the last one that did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressed {
    /// To on duty.
    pub on: bool,
    /// When it was pressed, as far as the server can tell: never earlier than it was, later by as long as it travelled.
    pub at: Timestamp,
    /// The phone was restarted in between: `at` comes from its wall clock.
    pub uncertain: bool,
    /// Both come from one phone, which sends its switches in the order of pressing.
    pub same_session: bool,
}

/// Whether a switch holds after the last one that arrived, or another phone was switched later (U1).
///
/// Off holds where nobody can tell when it was pressed: who is not shown can switch on again, who is shown for ever is not
/// asked. Switches of one phone come in the order of pressing; what seems earlier by no more than a request may travel was not.
pub fn holds(pressed: Pressed, last: Pressed) -> Result<(), Refusal> {
    let safe = !pressed.on && pressed.uncertain;
    let travelled = if pressed.same_session { TRAVEL_MS } else { 0 };
    if safe || pressed.on == last.on || pressed.at.plus_millis(travelled) >= last.at {
        return Ok(());
    }
    Err(Refusal::of(Code::SwitchedLater))
}

/// Where somebody on the list is, as far as calling is concerned; in the order of calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// On duty at this site.
    Here,
    /// On duty at a site within 50 km.
    Near,
    /// On duty, farther away or at no site.
    Elsewhere,
    /// Not on duty: shown only when nobody is.
    OffDuty,
}

/// One to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who, and what a tap calls.
    pub entry: CallEntry,
    /// Why here in the order.
    pub reach: Reach,
    /// At which site the person is.
    pub at: Option<LocationId>,
}

/// Whether who to call is open (U6, P10): with Asset Advisor for at least one of the devices there.
pub fn calls_open(devices: impl IntoIterator<Item = Subscription>) -> Result<(), Refusal> {
    let has_it = devices.into_iter().any(|subscription| subscription == Subscription::AssetAdvisor);
    incident::subscribed(has_it.then_some(Subscription::AssetAdvisor))
}

/// Who to call at a site (U6): those on duty here, then those at a site within 50 km, then those on duty elsewhere, each in
/// call order; nobody on duty, and the first on the list is called.
///
/// `on_duty`: who is, and at which site while the lease holds. `apart_m`: metres from this site to another one; `None` for
/// one without a fence.
pub fn who_to_call(
    list: &[CallEntry],
    on_duty: &BTreeMap<PersonId, Option<LocationId>>,
    site: LocationId,
    apart_m: impl Fn(LocationId) -> Option<f64>,
) -> Vec<Call> {
    let mut calls: Vec<Call> = list
        .iter()
        .filter_map(|entry| {
            let at = *on_duty.get(&entry.person)?;
            let reach = match at {
                Some(at) if at == site => Reach::Here,
                Some(at) if apart_m(at).is_some_and(|metres| metres <= NEAR_M) => Reach::Near,
                Some(_) | None => Reach::Elsewhere,
            };
            Some(Call { entry: entry.clone(), reach, at })
        })
        .collect();
    calls.sort_by_key(|call| call.reach);
    if calls.is_empty() {
        calls.extend(list.first().map(|entry| Call { entry: entry.clone(), reach: Reach::OffDuty, at: None }));
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(n: u8) -> PersonId {
        PersonId::from_bytes([n; 16])
    }

    fn site(n: u8) -> LocationId {
        LocationId::from_bytes([n; 16])
    }

    fn list(people: &[u8]) -> Vec<CallEntry> {
        people.iter().map(|n| CallEntry { person: person(*n), phone: format!("+41 {n}") }).collect()
    }

    fn called(on_duty: &[(u8, Option<u8>)], order: &[u8]) -> Vec<(u8, Reach)> {
        let on_duty = on_duty.iter().map(|(n, at)| (person(*n), at.map(site))).collect();
        // Site 2 is 50 km away, site 3 a metre more, site 4 has no fence.
        let apart = |to: LocationId| match to.bytes()[0] {
            2 => Some(50_000.0),
            3 => Some(50_001.0),
            _ => None,
        };
        let calls = who_to_call(&list(order), &on_duty, site(1), apart);
        calls.iter().map(|call| (call.entry.person.bytes()[0], call.reach)).collect()
    }

    #[test]
    fn those_here_come_first_then_those_near_then_the_others_each_in_call_order() {
        let on_duty = [(1, None), (2, Some(3)), (3, Some(2)), (4, Some(1)), (5, Some(4)), (6, Some(2)), (7, Some(1))];
        let calls = called(&on_duty, &[1, 2, 3, 4, 5, 6, 7, 8]);
        let expected = [
            (4, Reach::Here),
            (7, Reach::Here),
            (3, Reach::Near),
            (6, Reach::Near),
            (1, Reach::Elsewhere),
            (2, Reach::Elsewhere),
            (5, Reach::Elsewhere),
        ];
        assert_eq!(calls, expected);
    }

    #[test]
    fn with_nobody_on_duty_the_first_on_the_list_is_called() {
        assert_eq!(called(&[], &[5, 6]), [(5, Reach::OffDuty)]);
        assert_eq!(called(&[(9, None)], &[5, 6]), [(5, Reach::OffDuty)], "who is not on the list is not called");
        assert_eq!(called(&[], &[]), []);
    }

    #[test]
    fn who_to_call_opens_with_asset_advisor_for_a_device_there_and_says_so() {
        use Subscription::{AssetAdvisor, ItExpert, None};
        assert_eq!(calls_open([None, ItExpert, AssetAdvisor]), Ok(()));
        for without in [&[][..], &[None], &[ItExpert, None]] {
            let refused = calls_open(without.iter().copied()).unwrap_err();
            let said = (refused.code, refused.arguments["subscription"].as_str());
            assert_eq!(said, (Code::SubscriptionNeeded, "asset_advisor"));
        }
    }

    #[test]
    fn a_switch_on_of_hours_ago_comes_too_late_and_one_off_never() {
        let (on, off) = (DutyBody { on: true }, DutyBody { on: false });
        assert_eq!(switch_in_time(on, SWITCH_ON_MS, false), Ok(()));
        assert_eq!(switch_in_time(on, SWITCH_ON_MS + 1, false).unwrap_err().code, Code::TooOld);
        assert_eq!(switch_in_time(on, 3 * SWITCH_ON_MS, true), Ok(()));
        assert_eq!(switch_in_time(off, 100 * SWITCH_ON_MS, false), Ok(()));
    }

    proptest! {
        #[test]
        fn everybody_on_duty_and_on_the_list_is_called_exactly_once(
            order in proptest::collection::btree_set(0..40_u8, 0..30), at in proptest::collection::vec(proptest::option::of(proptest::option::of(1..6_u8)), 40),
        ) {
            let order: Vec<u8> = order.into_iter().collect();
            let on_duty: Vec<(u8, Option<u8>)> = (0..40).filter_map(|n| at[usize::from(n)].map(|at| (n, at))).collect();
            let calls = called(&on_duty, &order);
            let mut people: Vec<u8> = calls.iter().map(|call| call.0).collect();
            people.sort_unstable();
            let expected: Vec<u8> = order.iter().copied().filter(|n| at[usize::from(*n)].is_some()).collect();
            if expected.is_empty() {
                prop_assert_eq!(people.len(), order.len().min(1));
            } else {
                prop_assert_eq!(people, expected);
            }
        }
    }

    fn pressed(on: bool, at_s: i64) -> Pressed {
        Pressed { on, at: Timestamp::from_millis(at_s * 1_000), uncertain: false, same_session: false }
    }

    #[test]
    fn of_two_phones_the_switch_that_was_pressed_later_holds_whichever_arrives_first() {
        assert_eq!(holds(pressed(true, 10), pressed(false, 5)), Ok(()));
        assert_eq!(holds(pressed(true, 5), pressed(false, 10)).unwrap_err().code, Code::SwitchedLater);
        assert_eq!(holds(pressed(false, 5), pressed(true, 10)).unwrap_err().code, Code::SwitchedLater);
        assert_eq!(holds(pressed(true, 5), pressed(true, 10)), Ok(()), "both say the same");
    }

    #[test]
    fn off_holds_when_nobody_can_tell_when_it_was_pressed_and_on_does_not() {
        let uncertain = |on, at| Pressed { uncertain: true, ..pressed(on, at) };
        assert_eq!(holds(uncertain(false, 5), pressed(true, 10)), Ok(()));
        assert!(holds(uncertain(true, 5), pressed(false, 10)).is_err());
    }

    #[test]
    fn a_slow_request_does_not_make_a_phones_next_switch_an_earlier_one() {
        let same = |on, at| Pressed { same_session: true, ..pressed(on, at) };
        assert_eq!(holds(same(false, 5), same(true, 100)), Ok(()), "on travelled for 95 s and more");
        assert!(holds(same(false, 5), same(true, 200)).is_err(), "no request travels so long");
    }
}
