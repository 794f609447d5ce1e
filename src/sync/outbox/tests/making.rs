//! Acting, replacing, following, deciding.

use super::*;

#[test]
fn an_action_is_kept_before_anything_is_sent_and_its_attempt_is_counted_with_it() {
    let mut desk = Desk::signed_in();
    let effects = desk.step(Event::Made(vec![draft(1, "acknowledge", 1)]));
    let recorded = effects.iter().position(|effect| matches!(effect, Effect::Record(_))).unwrap();
    let sent = effects.iter().position(|effect| matches!(effect, Effect::Send(_))).unwrap();
    assert!(recorded < sent, "{effects:?}");
    assert_eq!(desk.waiting(1), Waiting { attempts: 1, asked: true, confirmed_before: false });
}

#[test]
fn a_second_mute_takes_the_place_of_one_that_never_left_the_phone() {
    let mut desk = Desk::new();
    desk.make(Draft { seen: 4, ..draft(1, "mute", 1) });
    desk.make(Draft { seen: 4, ..draft(2, "mute", 1) });
    assert_eq!(desk.disk.keys().copied().collect::<Vec<_>>(), [id(2)]);
    assert_eq!(desk.basis(2), Some(Basis::Version(4)), "it builds on what the first one was built on");

    desk.step(Event::Session(Some(ME)));
    desk.fail(NO_SIGNAL);
    desk.make(draft(3, "mute", 1));
    assert_eq!(desk.disk.keys().copied().collect::<Vec<_>>(), [id(3)], "no byte of the attempt left the phone");
}

#[test]
fn an_action_that_the_server_may_have_heard_of_stays_and_the_next_one_follows_it() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "mute", 1));
    desk.make(draft(2, "mute", 1));
    assert_eq!((desk.basis(1), desk.basis(2)), (Some(Basis::Version(0)), Some(Basis::After(id(1)))));
    desk.fail(Failure::Lost);
    desk.make(draft(3, "mute", 1));
    assert_eq!(desk.disk.keys().copied().collect::<Vec<_>>(), [id(1), id(3)], "the second was never sent");
    assert_eq!(desk.basis(3), Some(Basis::After(id(1))));
}

#[test]
fn aspects_do_not_follow_each_other_and_another_kind_is_followed_not_replaced() {
    let mut desk = Desk::new();
    desk.make(Draft { seen: 2, ..draft(1, "mute", 1) });
    desk.make(Draft { seen: 5, ..draft(2, "acknowledge", 1) });
    desk.make(Draft { seen: 2, ..draft(3, "unmute", 1) });
    assert_eq!(desk.basis(2), Some(Basis::Version(5)));
    assert_eq!(desk.basis(3), Some(Basis::After(id(1))));
    assert_eq!(desk.overlay(1), [id(1), id(2), id(3)]);
}

#[test]
fn one_press_on_500_alarms_is_one_transaction_and_five_batches() {
    let mut desk = Desk::signed_in();
    desk.step(Event::Made((0..500).map(|n| draft(n, "acknowledge", n)).collect()));
    assert_eq!((desk.records, desk.disk.len(), desk.sent.len()), (1, 500, 1));
    for _ in 0..5 {
        assert_eq!(desk.last().actions.len(), BATCH_ACTIONS);
        desk.applied();
    }
    assert_eq!((desk.sent.len(), desk.outbox.unsent(), desk.outbox.next_attempt()), (5, 0, None));
}

#[test]
fn a_retry_names_the_parked_action_and_ends_it_in_the_same_transaction() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.answer(|_| Outcome::Conflict);
    let again = Draft { seen: 9, retry_of: Some(id(1)), ..draft(2, "acknowledge", 1) };
    let effects = desk.step(Event::Made(vec![again.clone()]));
    let [Effect::Record(record), ..] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((record.put.len(), record.forget.as_slice()), (1, [id(1)].as_slice()));
    assert_eq!((desk.disk[&id(2)].retry_of, desk.basis(2)), (Some(id(1)), Some(Basis::Version(9))));

    desk.step(Event::Made(vec![Draft { id: id(3), ..again }]));
    assert_eq!(desk.rejected, [Code::ActionNotWaiting], "pressed twice, it is decided once");
}

#[test]
fn a_parked_action_is_retried_in_its_own_organization_only() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.answer(|_| Outcome::Refused);
    desk.make(Draft { organization: OTHER_ORGANIZATION, retry_of: Some(id(1)), ..draft(2, "acknowledge", 1) });
    assert_eq!(desk.rejected, [Code::InputInvalid]);
    assert!(desk.parked(1).is_some());
}

#[test]
fn what_never_left_the_phone_can_be_taken_back_and_what_follows_builds_on_what_it_was_built_on() {
    let mut desk = Desk::new();
    desk.make(Draft { seen: 3, ..draft(1, "mute", 1) });
    desk.make(draft(2, "unmute", 1));
    desk.step(Event::Discarded(id(1)));
    assert_eq!((desk.disk.len(), desk.basis(2)), (1, Some(Basis::Version(3))));

    desk.step(Event::Session(Some(ME)));
    desk.step(Event::Discarded(id(2)));
    assert_eq!(
        (desk.rejected.as_slice(), desk.disk.len()),
        ([Code::ActionNotWaiting].as_slice(), 1),
        "it is being sent"
    );
}

#[test]
fn what_cannot_be_an_action_is_rejected_and_the_others_of_the_press_are_made() {
    let mut desk = Desk::signed_in();
    let large = Draft { body: json!({ "text": "x".repeat(BATCH_BYTES) }), ..draft(3, "mute", 3) };
    desk.step(Event::Made(vec![
        draft(1, "acknowledge", 1),
        draft(1, "acknowledge", 2),
        draft(2, "reboot_outlet", 2),
        large,
    ]));
    assert_eq!(desk.rejected, [Code::IdUsed, Code::NotOffered, Code::TooLarge]);
    assert_eq!(desk.last_ids(), [id(1)]);
}

#[test]
fn what_was_drafted_while_the_feed_brought_ones_own_action_back_is_no_conflict_with_oneself() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "mute", 1));
    desk.applied();
    desk.feed_reaches(FIRST, 40);
    assert!(desk.overlay(1).is_empty());
    desk.make(Draft { seen: 0, ..draft(2, "unmute", 1) });
    assert_eq!(desk.basis(2), Some(Basis::Version(1)), "the row had the mute, and not yet its version");
    desk.make(draft(3, "acknowledge", 1));
    assert_eq!(desk.basis(3), Some(Basis::Version(0)), "another aspect has nothing to do with it");
}
