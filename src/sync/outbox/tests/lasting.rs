//! What lasts beyond the time in which it may be sent first, what the phone says by itself, and ages that only the wall clock
//! tells.

use onsite_rules::action::{DUTY, PRESENCE};
use onsite_rules::duty::{LEASE_MS, SWITCH_ON_MS};

use super::*;

const OFF: u128 = 2;
const ON: u128 = 1;

fn me() -> Subject {
    Subject { kind: SubjectKind::Person, id: ME.0 }
}

fn kinds() -> Vec<KindRules> {
    vec![KindRules::of(&DUTY, &[&DUTY]).lasting(), KindRules::of(&PRESENCE, &[&PRESENCE]).fleeting(LEASE_MS)]
}

/// A desk whose kinds are those of duty.
fn desk() -> Desk {
    let mut desk = Desk::signed_in();
    desk.outbox = Outbox::recover(ME, kinds(), Vec::new(), &desk.now);
    desk.step(Event::Session(Some(ME)));
    desk
}

fn switched(desk: &Desk, n: u128) -> Draft {
    let body = json!({ "on": n == ON });
    let expires_at = (n == ON).then(|| desk.now.wall.plus_millis(SWITCH_ON_MS));
    Draft { subject: me(), body, expires_at, ..draft(n, "duty", 0) }
}

fn said(n: u128) -> Draft {
    Draft { subject: me(), body: json!({ "site": Uuid::from_u128(9), "sinceMs": 0 }), ..draft(n, "presence", 0) }
}

/// The phone is started again, and its wall clock stands so much later, or earlier.
fn restart(desk: &mut Desk, wall_ms: i64) {
    let wall = desk.now.wall.plus_millis(wall_ms);
    desk.now = Moment { wall, monotonic_ms: 1_000, boot: desk.now.boot + 1 };
    desk.outbox = Outbox::recover(ME, kinds(), desk.disk.values().cloned().collect(), &desk.now);
    desk.sent.clear();
    desk.step(Event::Session(Some(ME)));
}

#[test]
fn after_a_restore_who_is_on_duty_for_hours_is_on_duty_again() {
    let mut desk = desk();
    desk.make(switched(&desk, ON));
    desk.applied();
    desk.pass_waking(5 * HOUR_MS);
    desk.feed_reaches(SECOND, 3);
    assert_eq!((desk.last_ids(), desk.last().actions[0].confirmed_before), (vec![id(ON)], true));
}

#[test]
fn a_switch_on_that_was_never_sent_is_too_old_after_a_quarter_of_an_hour() {
    let mut desk = desk();
    desk.step(Event::Session(None));
    desk.make(switched(&desk, ON));
    desk.pass_waking(SWITCH_ON_MS + 2);
    assert!(matches!(desk.parked(ON), Some(Reason::TooOld { .. })));
}

#[test]
fn a_site_said_before_the_phone_was_started_again_is_not_sent_any_more() {
    for (sent, wall_ms) in [(false, 60_000), (true, 60_000), (true, -3 * HOUR_MS)] {
        let mut desk = desk();
        if !sent {
            desk.step(Event::Session(None));
        }
        desk.make(said(3));
        assert_eq!(desk.sent.len(), usize::from(sent));
        restart(&mut desk, wall_ms);
        assert!(desk.sent.is_empty() && desk.disk.is_empty(), "{sent} {wall_ms}");
    }
    let mut confirmed = self::desk();
    confirmed.make(said(3));
    confirmed.applied();
    restart(&mut confirmed, -3 * HOUR_MS);
    confirmed.feed_reaches(SECOND, 3);
    assert!(confirmed.sent.is_empty(), "nor is one that a restored backup has forgotten");
}

#[test]
fn an_age_that_only_the_wall_clock_tells_is_never_below_that_of_a_later_action() {
    let mut desk = desk();
    desk.make(switched(&desk, ON));
    desk.applied();
    // Two hours later by the truth, two hours earlier by the clock.
    restart(&mut desk, -2 * HOUR_MS);
    desk.make(switched(&desk, OFF));
    desk.applied();
    desk.pass_waking(3 * HOUR_MS);
    desk.feed_reaches(SECOND, 3);
    let ages: Vec<i64> = desk.last().actions.iter().map(|action| action.age_ms).collect();
    assert_eq!((desk.last_ids(), ages), (vec![id(ON), id(OFF)], vec![3 * HOUR_MS; 2]));
}
