//! What answers, feeds and generations do.

use super::*;

#[test]
fn on_the_server_is_said_when_the_server_said_it_and_the_overlay_goes_with_the_feed() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    assert_eq!(desk.overlay(1), [id(1)]);
    desk.applied();
    assert_eq!(desk.outbox.stage(id(1)), Some(Stage::OnServer { overlay: true }));
    desk.feed_reaches(FIRST, 39);
    assert_eq!(desk.overlay(1), [id(1)], "the row does not have it yet");
    desk.feed_reaches(FIRST, 40);
    assert_eq!(desk.outbox.stage(id(1)), Some(Stage::OnServer { overlay: false }));
    assert!(desk.overlay(1).is_empty());
}

#[test]
fn an_answer_that_comes_after_its_feed_leaves_no_overlay_behind() {
    let mut desk = Desk::signed_in();
    desk.feed_reaches(FIRST, 50);
    desk.make(draft(1, "acknowledge", 1));
    desk.applied();
    assert_eq!(desk.outbox.stage(id(1)), Some(Stage::OnServer { overlay: false }));
}

#[test]
fn a_row_that_came_with_the_answer_takes_the_overlay_away() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.applied();
    desk.step(Event::Shown(id(1)));
    assert!(desk.overlay(1).is_empty());
    desk.make(Draft { seen: 1, ..draft(2, "acknowledge", 1) });
    assert_eq!(desk.basis(2), Some(Basis::Version(1)), "the person saw the server's row");
}

#[test]
fn a_parked_action_keeps_its_content_shapes_nothing_and_says_what_can_be_done() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "mute", 1));
    desk.answer(|_| Outcome::Refused);
    let Some(Stage::Parked { reason, decisions }) = desk.outbox.stage(id(1)) else { panic!("not parked") };
    assert_eq!((reason.code(), decisions), (Code::AlarmCleared, reason.decisions()));
    assert!(decisions.contains(&Decision::Retry) && desk.overlay(1).is_empty());
    assert_eq!(desk.disk[&id(1)].body, json!({ "text": "1" }));
    desk.pass_waking(30 * 24 * HOUR_MS);
    assert!(desk.parked(1).is_some(), "only the person ends it");
    desk.step(Event::Discarded(id(1)));
    assert!(desk.disk.is_empty());
}

#[test]
fn behind_a_conflict_what_builds_on_it_is_blocked_and_what_does_not_goes_on() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "mute", 1));
    desk.make(draft(2, "unmute", 1));
    desk.make(draft(3, "acknowledge", 1));
    desk.answer(|_| Outcome::Conflict);
    assert_eq!(desk.parked(2), Some(Reason::Blocked { by: Some(id(1)) }));
    assert_eq!(desk.last_ids(), [id(3)]);
    desk.make(Draft { seen: 8, ..draft(4, "mute", 1) });
    assert_eq!(desk.basis(4), Some(Basis::Version(8)), "made later, against what is there now");
}

#[test]
fn results_left_out_are_not_answered_and_strange_or_second_ones_are_noted() {
    let mut desk = Desk::signed_in();
    desk.step(Event::Made(vec![draft(1, "acknowledge", 1), draft(2, "acknowledge", 2)]));
    let second = result(id(1), Outcome::Refused);
    desk.answer_with(FIRST, vec![result(id(1), Outcome::Applied), second, result(id(77), Outcome::Applied)]);
    assert!(matches!(desk.outbox.stage(id(1)), Some(Stage::OnServer { .. })), "the first result counts");
    assert_eq!(desk.waiting(2), Waiting { attempts: 1, asked: true, confirmed_before: false });
    assert!(desk.notes.contains(&Note::MissingResult(id(2))));
    assert!(desk.notes.contains(&Note::StrayResult(id(1))) && desk.notes.contains(&Note::StrayResult(id(77))));
    assert_eq!(desk.sent.len(), 1, "a server that forgets it each time is not asked without end");
    desk.pass_waking(10_000);
    assert_eq!(desk.last_ids(), [id(2)]);
}

#[test]
fn an_answer_without_results_is_a_broken_one_and_a_late_one_is_only_noted() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    let first = desk.last().ticket;
    desk.answer_with(FIRST, Vec::new());
    assert!(desk.notes.contains(&Note::Failed { organization: ORGANIZATION, code: Code::AnswerBroken }));
    let late = Answer { generation: FIRST, results: vec![result(id(1), Outcome::Applied)] };
    desk.step(Event::Answered { ticket: first, answer: Ok(late) });
    assert!(desk.notes.contains(&Note::StaleAnswer) && desk.outbox.unsent() == 1);
}

#[test]
fn of_a_batch_that_is_refused_as_a_whole_only_the_culprit_is_parked() {
    let mut desk = Desk::signed_in();
    desk.step(Event::Made((0..9).map(|n| draft(n, "acknowledge", n)).collect()));
    for _ in 0..40 {
        if desk.outbox.unsent() == 0 {
            break;
        }
        if desk.last_ids().contains(&id(4)) {
            desk.fail(Failure::Rejected { code: Code::InvalidRequest, arguments: BTreeMap::new() });
        } else {
            desk.applied();
        }
    }
    let parked: Vec<u128> = (0..9).filter(|n| desk.parked(*n).is_some()).collect();
    assert_eq!((parked, desk.outbox.unsent()), (vec![4], 0));
}

#[test]
fn a_person_without_access_any_longer_is_told_of_every_action_at_once() {
    let mut desk = Desk::signed_in();
    desk.step(Event::Made((0..9).map(|n| draft(n, "acknowledge", n)).collect()));
    desk.fail(Failure::Rejected { code: Code::OtherOrganization, arguments: BTreeMap::new() });
    assert!((0..9).all(|n| desk.parked(n).is_some_and(|reason| reason.code() == Code::OtherOrganization)));
}

#[test]
fn a_restored_backup_is_asked_for_what_it_forgot_before_newer_actions() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "mute", 1));
    desk.applied();
    desk.make(draft(2, "unmute", 1));
    desk.applied();
    desk.feed_reaches(FIRST, 99);
    desk.make(Draft { seen: 2, ..draft(3, "mute", 1) });
    assert_eq!(desk.last().generation, Some(FIRST));
    desk.fail(Failure::GenerationChanged(SECOND));
    assert_eq!(desk.last_ids(), [id(1), id(2), id(3)], "in their old places, without a wait");
    assert_eq!(desk.last().generation, Some(SECOND));
    let before = |n: u128| desk.last().actions.iter().any(|action| action.id == id(n) && action.confirmed_before);
    assert_eq!((before(1), before(2), before(3)), (true, true, false));
    assert_eq!(desk.overlay(1), [id(1), id(2), id(3)], "the server's row shows none of them");
    assert!(desk.notes.contains(&Note::AskedAgain { organization: ORGANIZATION, count: 2 }));
}

#[test]
fn what_is_asked_again_after_a_restored_backup_is_not_too_old() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.applied();
    desk.pass_waking(40 * HOUR_MS);
    desk.feed_reaches(SECOND, 3);
    assert_eq!(desk.last_ids(), [id(1)]);
    assert!(desk.last().actions[0].confirmed_before);
}

#[test]
fn a_mute_that_is_over_is_not_asked_for_again() {
    let mut desk = Desk::signed_in();
    let until = desk.now.wall.plus_millis(HOUR_MS);
    desk.make(Draft { expires_at: Some(until), ..draft(1, "mute", 1) });
    desk.applied();
    desk.pass_waking(2 * HOUR_MS);
    desk.feed_reaches(SECOND, 3);
    assert_eq!((desk.sent.len(), desk.outbox.stage(id(1))), (1, Some(Stage::OnServer { overlay: false })));
}

#[test]
fn an_answer_from_before_the_restore_confirms_nothing_in_the_restored_data() {
    let mut desk = Desk::signed_in();
    desk.feed_reaches(FIRST, 1);
    desk.make(draft(1, "acknowledge", 1));
    desk.feed_reaches(SECOND, 1);
    desk.applied();
    assert_eq!((desk.last_ids(), desk.sent.len()), (vec![id(1)], 2));
    assert_eq!(desk.outbox.generation_of(ORGANIZATION), Some(SECOND));
}

#[test]
fn confirmed_actions_stay_seven_days_and_go() {
    let mut desk = Desk::signed_in();
    desk.make(draft(1, "acknowledge", 1));
    desk.applied();
    desk.feed_reaches(FIRST, 40);
    desk.pass_waking(KEPT_MS);
    assert_eq!(desk.disk.len(), 1);
    desk.restart(None);
    desk.step(Event::Tick);
    desk.pass_waking(1);
    assert!(desk.disk.is_empty());
}
