//! On duty (U1, U2, U6, U7): what may still be said, how long the lease of a site holds, and whom to call.

use std::collections::BTreeMap;

use onsite_wire::codes::Code;
use onsite_wire::ids::{LocationId, PersonId};
use onsite_wire::onsite::{AtSite, CallEntry, DutyBody, PresenceBody};
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

/// Whether a lease holds: until its time, and never for longer than a lease from now on. One that ends later was written
/// by a clock that was set back since, and must not gain by it.
pub const fn lease_holds(until: Timestamp, now: Timestamp) -> bool {
    let left = until.millis_since(now);
    until.micros() > now.micros() && left <= LEASE_MS
}

/// Whether a switch of this age still says what its person wants (O2): off is always taken, on only while it is fresh.
/// `confirmed_before`: it was taken in time once, and a restored backup has forgotten it.
pub fn switch_in_time(body: DutyBody, age_ms: i64, confirmed_before: bool) -> Result<(), Refusal> {
    if body.on && age_ms > SWITCH_ON_MS && !confirmed_before {
        return Err(Refusal::of(Code::TooOld).with("hours", age_ms / (60 * MINUTE_MS)));
    }
    Ok(())
}

/// When a switch was pressed, as the server reckons it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressed {
    /// When.
    pub at: Timestamp,
    /// The phone was not started again since.
    pub certain: bool,
}

/// What a switch makes of somebody's duty when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switched {
    /// It stays as it is.
    AsItWas,
    /// On duty since then.
    Begins(Timestamp),
    /// Off duty, and at no site.
    Ends,
}

/// What becomes of the duty of somebody who is on duty since then, or is not, by a switch that was pressed then (U1).
///
/// Switches of one phone come in their order. One off that was pressed long before the one on that holds is of another phone,
/// and says nothing any more; but only where that is certain: how long a request was under way nobody knows, and a beginning
/// in the future is of a clock that was set back since.
pub const fn switched(since: Option<Timestamp>, body: DutyBody, pressed: Pressed, now: Timestamp) -> Switched {
    match (since, body.on) {
        (None, true) => Switched::Begins(pressed.at),
        (Some(_), true) => Switched::AsItWas,
        (Some(since), false)
            if pressed.certain && since.micros() <= now.micros() && since.millis_since(pressed.at) > SWITCH_ON_MS =>
        {
            Switched::AsItWas
        }
        (_, false) => Switched::Ends,
    }
}

/// What a presence makes of somebody's lease when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It stays as it is.
    AsItWas,
    /// At this site, until then.
    At(AtSite),
    /// At no site.
    Ends,
}

/// What is known of somebody who says where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placing {
    /// On duty since; missing: off duty.
    pub on_duty: Option<Timestamp>,
    /// The lease that there is.
    pub present: Option<AtSite>,
    /// When it was said.
    pub made_at: Timestamp,
    /// The time of its arrival.
    pub now: Timestamp,
}

/// What becomes of a lease by a presence (U2, U7). `usable`: the site has a fence, and the person may see it.
pub fn placed(
    body: PresenceBody,
    placing: &Placing,
    usable: impl FnOnce(LocationId) -> bool,
) -> Result<Placed, Refusal> {
    let Placing { on_duty, present, made_at, now } = *placing;
    let until = lease_until(made_at);
    // What was said later holds; what is over when it arrives begins no more.
    if present.is_some_and(|present| lease_holds(present.until, now) && present.until > until) || until <= now {
        return Ok(Placed::AsItWas);
    }
    let Some(site) = body.site else { return Ok(Placed::Ends) };
    let Some(on_since) = on_duty else { return Err(Refusal::of(Code::NotOnDuty)) };
    if !usable(site) {
        return Err(Refusal::of(Code::SiteUnknown));
    }
    let since = made_at.plus_millis(body.since_ms.max(0).saturating_neg()).max(on_since);
    Ok(Placed::At(AtSite { site, since, until }))
}

/// A switch that arrives, or the last one that did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    /// To on duty.
    pub on: bool,
    /// When it was pressed, as far as the server can tell: never earlier than it was, later by as long as it travelled.
    pub at: Timestamp,
    /// The phone was restarted in between: `at` comes from its wall clock.
    pub uncertain: bool,
}

/// Whether a switch holds after the last one that arrived, or another phone was switched later (U1).
///
/// Off holds where nobody can tell when it was pressed: who is not shown can switch on again, who is shown for ever is not
/// asked. Switches of one phone come in the order of pressing; what seems earlier by no more than a request may travel was not.
pub fn holds(press: Press, last: Press, same_session: bool) -> Result<(), Refusal> {
    let safe = !press.on && press.uncertain;
    let travelled = if same_session { TRAVEL_MS } else { 0 };
    if safe || press.on == last.on || press.at.plus_millis(travelled) >= last.at {
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

    /// A server's memory of one person, by the rules alone: its clock may be set, and it sweeps like the real one.
    struct Kept {
        on_duty: Option<Timestamp>,
        present: Option<AtSite>,
        /// How far the server's clock is ahead of the truth.
        ahead_ms: i64,
        true_ms: i64,
        /// When the presence that is shown was truly said.
        said_ms: i64,
        /// By how much the clock was set back since.
        back_ms: i64,
    }

    impl Kept {
        const fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_800_000_000_000 + self.true_ms + self.ahead_ms)
        }

        fn sweep(&mut self) {
            self.present = self.present.filter(|at| lease_holds(at.until, self.now()));
        }

        fn switch(&mut self, on: bool, age_ms: i64) {
            let body = DutyBody { on };
            let made_at = self.now().plus_millis(-age_ms);
            if switch_in_time(body, age_ms, false).is_err() {
                return;
            }
            match switched(self.on_duty, body, Pressed { at: made_at, certain: true }, self.now()) {
                Switched::AsItWas => {}
                Switched::Begins(since) => self.on_duty = Some(since),
                Switched::Ends => (self.on_duty, self.present) = (None, None),
            }
        }

        fn place(&mut self, to: Option<u8>, age_ms: i64) {
            let made_at = self.now().plus_millis(-age_ms);
            let placing = Placing { on_duty: self.on_duty, present: self.present, made_at, now: self.now() };
            match placed(PresenceBody { site: to.map(site), since_ms: 1_000 }, &placing, |_| true) {
                Ok(Placed::At(at)) => {
                    (self.present, self.said_ms, self.back_ms) = (Some(at), self.true_ms - age_ms, 0);
                }
                Ok(Placed::Ends) => self.present = None,
                Ok(Placed::AsItWas) => {}
                Err(refusal) => assert_eq!((refusal.code, self.on_duty), (Code::NotOnDuty, None)),
            }
        }
    }

    #[test]
    fn who_switches_off_is_off_also_when_the_servers_clock_was_set_back() {
        let mut kept = Kept { on_duty: None, present: None, ahead_ms: 0, true_ms: 0, said_ms: 0, back_ms: 0 };
        kept.switch(true, 0);
        kept.place(Some(1), 0);
        kept.ahead_ms -= 3 * 60 * MINUTE_MS;
        kept.sweep();
        assert_eq!(kept.present, None, "three hours and a quarter would be no lease");
        kept.true_ms += MINUTE_MS;
        kept.switch(false, 1_000);
        assert_eq!(kept.on_duty, None);
    }

    #[test]
    fn an_old_switch_off_of_another_phone_ends_nothing_and_a_slow_one_of_this_phone_does() {
        let begun = Timestamp::from_millis(1_800_000_000_000);
        let ended = |minutes: i64, certain| {
            let pressed = Pressed { at: begun.plus_millis(-minutes * MINUTE_MS), certain };
            switched(Some(begun), DutyBody { on: false }, pressed, begun.plus_millis(60 * MINUTE_MS))
        };
        assert_eq!(ended(20, true), Switched::AsItWas);
        assert_eq!(ended(2, true), Switched::Ends, "the switch on before it was under way for longer");
        assert_eq!(ended(20, false), Switched::Ends, "its phone was started again, and its clock may have been set");
    }

    proptest! {
        #[test]
        fn a_lease_never_outlives_its_time_whatever_arrives_and_however_the_clock_is_set(
            steps in proptest::collection::vec((0..8_u8, 0..40 * MINUTE_MS, 0..3_u8), 1..120),
        ) {
            let mut kept = Kept { on_duty: None, present: None, ahead_ms: 0, true_ms: 0, said_ms: 0, back_ms: 0 };
            for (what, amount, which) in steps {
                match what {
                    0 => kept.switch(true, amount / 2),
                    1 if which == 0 => kept.switch(false, amount / 40),
                    1..=3 => kept.place(Some(which), amount / 2),
                    4 => kept.place(None, amount / 8),
                    5 if which == 0 => {
                        kept.ahead_ms -= amount;
                        kept.back_ms += amount;
                    }
                    5 if which == 1 => kept.ahead_ms += amount,
                    _ => kept.true_ms += amount / 4,
                }
                kept.sweep();
                let Some(at) = kept.present else { continue };
                prop_assert!(kept.on_duty.is_some(), "at a site, but not on duty");
                prop_assert!(at.until.millis_since(kept.now()) <= LEASE_MS, "longer than a lease from now");
                let held_ms = kept.true_ms - kept.said_ms;
                prop_assert!(held_ms <= LEASE_MS + kept.back_ms, "{held_ms} ms, set back by {} ms", kept.back_ms);
            }
        }

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

    fn pressed(on: bool, at_s: i64) -> Press {
        Press { on, at: Timestamp::from_millis(at_s * 1_000), uncertain: false }
    }

    #[test]
    fn of_two_phones_the_switch_that_was_pressed_later_holds_whichever_arrives_first() {
        assert_eq!(holds(pressed(true, 10), pressed(false, 5), false), Ok(()));
        assert_eq!(holds(pressed(true, 5), pressed(false, 10), false).unwrap_err().code, Code::SwitchedLater);
        assert_eq!(holds(pressed(false, 5), pressed(true, 10), false).unwrap_err().code, Code::SwitchedLater);
        assert_eq!(holds(pressed(true, 5), pressed(true, 10), false), Ok(()), "both say the same");
    }

    #[test]
    fn off_holds_when_nobody_can_tell_when_it_was_pressed_and_on_does_not() {
        let uncertain = |on, at| Press { uncertain: true, ..pressed(on, at) };
        assert_eq!(holds(uncertain(false, 5), pressed(true, 10), false), Ok(()));
        assert!(holds(uncertain(true, 5), pressed(false, 10), false).is_err());
    }

    #[test]
    fn a_slow_request_does_not_make_a_phones_next_switch_an_earlier_one() {
        assert_eq!(holds(pressed(false, 5), pressed(true, 100), true), Ok(()), "on travelled for 95 s and more");
        assert!(holds(pressed(false, 5), pressed(true, 200), true).is_err(), "no request travels so long");
    }
}
