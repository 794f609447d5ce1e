//! When what is sent: waits, pauses, batches, ages.

use proptest::prelude::*;

use super::*;

#[test]
fn a_queue_without_signal_always_has_a_next_attempt_and_shows_when() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    let mut before = 0;
    for _ in 0..12 {
        assert_eq!(desk.outbox.stage(id(1)), Some(Stage::OnPhone(OnPhone::BeingSent)));
        desk.fail(NO_SIGNAL);
        let at = desk.outbox.next_attempt().unwrap();
        let shown = OnPhone::Waiting { next_attempt_ms: at, trouble: Some(Code::NoNetwork) };
        assert_eq!(desk.outbox.stage(id(1)), Some(Stage::OnPhone(shown)));
        let wait_ms = at - desk.now.monotonic_ms;
        assert!((before / 2..=SENDING.cap_ms).contains(&wait_ms), "{wait_ms} after {before}");
        assert_eq!(desk.wake_ms, Some(at));
        before = wait_ms;
        desk.pass(wait_ms);
    }
    assert!(before >= SENDING.cap_ms / 2);
    assert_eq!(desk.waiting(1).attempts, 13);
}

#[test]
fn nothing_comes_before_retry_after_however_often_the_network_returns() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.fail(Failure::Busy { retry_after_ms: Some(90_000) });
    desk.step(Event::Nudged);
    desk.make(Draft { organization: OTHER_ORGANIZATION, ..draft(2, "acknowledge", 1) });
    desk.pass(89_999);
    desk.step(Event::Nudged);
    assert_eq!(desk.sent.len(), 1);
    desk.pass_waking(20_000);
    assert_eq!(desk.sent.len(), 3);
}

#[test]
fn a_network_that_returns_brings_the_attempt_forward() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    for _ in 0..10 {
        desk.fail(NO_SIGNAL);
        desk.pass(desk.outbox.next_attempt().unwrap() - desk.now.monotonic_ms);
    }
    desk.fail(NO_SIGNAL);
    let sent = desk.sent.len();
    desk.step(Event::Nudged);
    assert_eq!(desk.outbox.next_attempt(), Some(desk.now.monotonic_ms + NUDGE_GAP_MS));
    desk.pass(NUDGE_GAP_MS);
    assert_eq!(desk.sent.len(), sent + 1);
}

#[test]
fn a_wall_clock_that_is_set_moves_no_attempt_and_no_age() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.fail(NO_SIGNAL);
    let at = desk.outbox.next_attempt().unwrap();
    desk.now.wall = desk.now.wall.plus_millis(-400 * 24 * HOUR_MS);
    desk.step(Event::Tick);
    assert_eq!(desk.outbox.next_attempt(), Some(at));
    desk.now.wall = desk.now.wall.plus_millis(900 * 24 * HOUR_MS);
    desk.pass(at - desk.now.monotonic_ms);
    assert_eq!(desk.last().actions[0].age_ms, at - 50_000);
    assert!(!desk.last().actions[0].age_uncertain);
}

#[test]
fn a_queue_waits_for_its_own_person_and_is_never_sent_under_another() {
    let mut desk = Desk::new();
    desk.make(draft(1, "acknowledge", 1));
    assert_eq!(desk.outbox.stage(id(1)), Some(Stage::OnPhone(OnPhone::Paused(Pause::SignedOut))));
    desk.step(Event::Session(Some(SOMEBODY_ELSE)));
    desk.pass(HOUR_MS);
    desk.step(Event::Nudged);
    assert_eq!(desk.outbox.stage(id(1)), Some(Stage::OnPhone(OnPhone::Paused(Pause::AnotherPerson))));
    assert_eq!((desk.sent.len(), desk.outbox.unsent()), (0, 1));
    desk.step(Event::Session(Some(ME)));
    assert_eq!(desk.last_ids(), [id(1)]);
}

#[test]
fn a_token_that_is_gone_pauses_the_queue_until_the_session_is_back() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.fail(Failure::SignedOut);
    desk.pass(HOUR_MS);
    assert_eq!((desk.sent.len(), desk.outbox.pause()), (1, Some(Pause::SignedOut)));
    desk.step(Event::Session(Some(ME)));
    assert_eq!(desk.sent.len(), 2);
}

#[test]
fn organizations_do_not_wait_for_each_other_and_never_share_a_batch() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.make(Draft { organization: OTHER_ORGANIZATION, ..draft(2, "acknowledge", 1) });
    assert_eq!(
        desk.sent.iter().map(|batch| batch.organization).collect::<Vec<_>>(),
        [ORGANIZATION, OTHER_ORGANIZATION]
    );
}

#[test]
fn a_batch_without_any_end_is_given_up_and_asked_again() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    assert_eq!(desk.wake_ms, Some(desk.now.monotonic_ms + GIVE_UP_MS));
    desk.pass_waking(GIVE_UP_MS + 10_000);
    assert_eq!((desk.sent.len(), desk.last_ids()), (2, vec![id(1)]));
}

#[test]
fn what_was_in_flight_when_the_process_died_is_asked_again_under_its_id() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.restart(None);
    assert_eq!((desk.last_ids(), desk.waiting(1).attempts), (vec![id(1)], 2));
    desk.answer(|_| Outcome::AlreadyApplied);
    assert_eq!(desk.outbox.stage(id(1)), Some(Stage::OnServer { overlay: true }));
}

#[test]
fn an_action_that_is_too_old_is_parked_in_its_time_also_while_nobody_is_signed_in() {
    let mut desk = Desk::new();
    desk.make(draft(1, "mute", 1));
    desk.make(draft(2, "acknowledge", 1));
    desk.make(draft(3, "unmute", 1));
    assert_eq!(desk.wake_ms, Some(desk.now.monotonic_ms + 24 * HOUR_MS + 1), "its time is waited for");
    desk.pass_waking(24 * HOUR_MS);
    assert_eq!(desk.parked(2), None);
    desk.pass_waking(1);
    assert_eq!(desk.parked(2), Some(Reason::TooOld { hours: 24, uncertain: false }));
    assert_eq!(desk.parked(1), None, "a mute without an end of its own waits on");
    desk.step(Event::Session(Some(ME)));
    assert_eq!(desk.last_ids(), [id(1)]);
}

#[test]
fn what_builds_on_an_action_that_is_too_old_is_blocked() {
    let mut desk = Desk::new();
    let until = desk.now.wall.plus_millis(HOUR_MS);
    desk.make(Draft { expires_at: Some(until), ..draft(1, "mute", 1) });
    desk.make(draft(2, "unmute", 1));
    desk.make(draft(3, "acknowledge", 1));
    desk.pass_waking(HOUR_MS + 1);
    assert_eq!(desk.parked(1), Some(Reason::TooOld { hours: 1, uncertain: false }), "past its own end");
    assert_eq!(desk.parked(2), Some(Reason::Blocked { by: Some(id(1)) }));
    assert_eq!(desk.parked(3), None);
}

#[test]
fn an_old_action_that_the_server_may_have_heard_of_is_asked_for_with_its_age() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.fail(Failure::Lost);
    desk.step(Event::Session(None));
    desk.pass_waking(30 * HOUR_MS);
    assert_eq!(desk.parked(1), None);
    desk.step(Event::Session(Some(ME)));
    assert!(desk.last().actions[0].age_ms >= 30 * HOUR_MS);
}

#[test]
fn after_a_restart_of_the_phone_an_age_is_the_walls_difference_and_says_so() {
    let mut desk = Desk::new();
    desk.make(draft(1, "acknowledge", 1));
    desk.restart(Some(2 * HOUR_MS));
    let action = &desk.last().actions[0];
    assert_eq!((action.age_ms, action.age_uncertain), (2 * HOUR_MS, true));
}

#[test]
fn one_action_that_makes_the_server_stumble_does_not_hold_the_others() {
    let mut desk = Desk::signed_in();
    desk.step(Event::Made((0..16).map(|n| draft(n, "acknowledge", n)).collect()));
    for _ in 0..60 {
        if desk.last_ids().contains(&id(5)) {
            desk.fail(STUMBLED);
        } else {
            desk.applied();
        }
        desk.pass(desk.outbox.next_attempt().map_or(0, |at| (at - desk.now.monotonic_ms).max(0)));
        if desk.outbox.unsent() == 1 {
            break;
        }
    }
    assert_eq!(desk.outbox.unsent(), 1);
    desk.fail(STUMBLED);
    desk.make(draft(99, "acknowledge", 99));
    desk.pass_waking(5_000);
    assert_eq!(desk.last_ids(), [id(99)], "what is made later does not travel with the culprit");
    desk.applied();
    desk.pass_waking(SENDING.cap_ms);
    assert_eq!(desk.last_ids(), [id(5)], "which is tried on its own");
}

#[test]
fn a_server_that_is_down_is_not_asked_for_each_action_by_itself() {
    let mut desk = Desk::signed_in();
    desk.step(Event::Made((0..16).map(|n| draft(n, "acknowledge", n)).collect()));
    for _ in 0..5 {
        assert_eq!(desk.last().actions.len(), 16);
        desk.fail(Failure::Fault { code: Code::Unavailable, retry_after_ms: None });
        desk.pass(desk.outbox.next_attempt().unwrap() - desk.now.monotonic_ms);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn no_batch_is_over_its_limits_or_out_of_order_whatever_the_sizes(
        actions in prop::collection::vec((0..4_u128, 0..600_000_usize), 1..12),
    ) {
        let mut desk = Desk::new();
        let rules = KindRules { replaces: Vec::new(), ..KindRules::of(&ACKNOWLEDGE, &[]) };
        desk.outbox = Outbox::recover(ME, vec![rules], Vec::new(), &desk.now);
        let drafts = actions.iter().zip(0..).map(|((on, size), n)| {
            Draft { body: json!({ "text": "x".repeat(*size) }), ..draft(n, "acknowledge", *on) }
        });
        desk.step(Event::Made(drafts.collect()));
        desk.step(Event::Session(Some(ME)));
        let mut last: BTreeMap<Subject, ActionId> = BTreeMap::new();
        let mut count = 0;
        while desk.outbox.unsent() > 0 {
            let batch = desk.last().clone();
            prop_assert!(serde_json::to_vec(&batch.clone().into_request()).unwrap().len() <= BATCH_BYTES);
            for action in &batch.actions {
                prop_assert!(last.insert(action.subject, action.id).is_none_or(|before| before < action.id));
                count += 1;
            }
            desk.applied();
        }
        prop_assert_eq!(count, actions.len());
    }
}
