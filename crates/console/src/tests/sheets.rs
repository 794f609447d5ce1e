//! The sheets.

use onsite_wire::ids::{AlarmId, LocationId};
use onsite_wire::rest::{Assignee, AssigneeKind, MuteReason};
use ratatui::crossterm::event::KeyCode;
use secrecy::ExposeSecret;

use super::states::{acknowledged_by_ada, detail, home, id, list, now, open, row};
use super::{drawn, letter, press, shown, type_in};
use crate::api::{
    AlarmFilter, AlarmRow, AlarmSort, AssigneeChoice, Chosen, MuteUntil, SavedFilter, SessionState, Status,
};
use crate::app::message::{Command, Intent, Message};
use crate::app::{Model, update};

fn choice(n: u8, name: &str, me: bool, can_see: bool) -> AssigneeChoice {
    let assignee = Assignee { kind: AssigneeKind::Person, id: id(n), name: name.to_owned() };
    AssigneeChoice { assignee, me, can_see }
}

fn people() -> Vec<AssigneeChoice> {
    vec![
        choice(1, "Søren Åkesson", true, true),
        choice(2, "Ada Krüger", false, true),
        choice(3, "Zoë Lindqvist", false, false),
    ]
}

fn acknowledging(row: AlarmRow) -> Model {
    let mut model = open();
    model.alarm.as_mut().unwrap().detail = Some(detail(row));
    letter(&mut model, 'a');
    update(&mut model, Message::Assignees(people()));
    model
}

/// Who becomes responsible, and the note.
fn made(commands: &[Command]) -> (Vec<AlarmId>, String, String) {
    match commands {
        [Command::Acknowledge(Chosen::These(ids), to, note)] => (ids.clone(), to.name.clone(), note.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_keys_make_me_responsible() {
    let mut model = acknowledging(row(1, "UPS on battery"));
    assert!(shown(&model).contains("(•) Søren Åkesson"));
    let (ids, who, note) = made(&press(&mut model, KeyCode::Enter));
    assert_eq!((ids, who.as_str(), note.as_str()), (vec![AlarmId(id(1))], "Søren Åkesson", ""));
    assert!(model.sheet.is_none());
}

#[test]
fn a_colleague_is_chosen_and_a_note_goes_along() {
    let mut model = acknowledging(row(1, "UPS on battery"));
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Tab);
    type_in(&mut model, "key is at the gate");
    let (_, who, note) = made(&press(&mut model, KeyCode::Enter));
    assert_eq!((who.as_str(), note.as_str()), ("Ada Krüger", "key is at the gate"));
}

#[test]
fn somebody_who_may_not_see_the_alarm_is_marked() {
    let text = shown(&acknowledging(row(1, "UPS on battery")));
    let line = text.lines().find(|line| line.contains("Zoë Lindqvist")).unwrap();
    assert!(line.contains("may not see this alarm"), "{line}");
}

#[test]
fn a_note_stays_with_its_person_and_does_not_go_along_to_another() {
    let taken = AlarmRow { acknowledged: Some(acknowledged_by_ada()), ..row(1, "UPS on battery") };
    let mut model = acknowledging(taken.clone());
    assert!(shown(&model).contains("Enter take over"));
    let (_, who, note) = made(&press(&mut model, KeyCode::Enter));
    assert_eq!((who.as_str(), note.as_str()), ("Søren Åkesson", ""));

    let mut model = acknowledging(taken);
    press(&mut model, KeyCode::Down);
    let text = shown(&model);
    assert!(text.contains("Note on my way") && text.contains("Enter change the note"), "{text}");
    assert!(press(&mut model.clone(), KeyCode::Enter).is_empty(), "nothing was changed, so nothing is done");
    press(&mut model, KeyCode::Tab);
    type_in(&mut model, ", 5 min");
    let (_, who, note) = made(&press(&mut model, KeyCode::Enter));
    assert_eq!((who.as_str(), note.as_str()), ("Ada Krüger", "on my way, 5 min"));
}

fn muting(model: &mut Model) -> (Chosen, MuteUntil, MuteReason, String) {
    match press(model, KeyCode::Enter).as_slice() {
        [Command::Mute(chosen, wish)] => (chosen.clone(), wish.until, wish.reason, wish.text.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mute_has_an_end_and_a_reason_and_says_both_before_enter() {
    let mut model = open();
    letter(&mut model, 'm');
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Down);
    assert!(shown(&model).contains("Enter mutes until 07:00: known issue"));
    press(&mut model, KeyCode::Tab);
    type_in(&mut model, "ticket 7");
    let four_hours = MuteUntil::For(std::time::Duration::from_secs(4 * 3_600));
    let chosen = Chosen::These(vec![AlarmId(id(1))]);
    assert_eq!(muting(&mut model), (chosen, four_hours, MuteReason::KnownIssue, "ticket 7".to_owned()));
}

#[test]
fn a_mute_until_a_time_asks_for_the_time() {
    let mut model = open();
    letter(&mut model, 'm');
    (0..5).for_each(|_| drop(press(&mut model, KeyCode::Down)));
    assert!(press(&mut model, KeyCode::Enter).is_empty(), "no time was typed");
    assert!(shown(&model).contains("Type a time: 22:30"));
    type_in(&mut model, "02:30");
    assert!(shown(&model).contains("Enter mutes until 24 Nov 02:30"), "02:30 is over for today");
    let tomorrow = now().plus_millis((24 * 60 - 30) * 60_000);
    assert_eq!(muting(&mut model).1, MuteUntil::At(tomorrow));
}

#[test]
fn only_an_alarm_can_be_muted_until_cleared_and_a_device_names_itself() {
    let mut model = open();
    letter(&mut model, 'm');
    press(&mut model, KeyCode::End);
    assert_eq!(muting(&mut model).1, MuteUntil::Cleared);
    letter(&mut model, 'd');
    let text = shown(&model);
    assert!(text.contains("Mute everything of HAM-UPS-01") && !text.contains("( ) until cleared"), "{text}");
    let commands = press(&mut model, KeyCode::Enter);
    assert!(matches!(commands[..], [Command::MuteDevice(device, _)] if device == row(1, "").device));
}

#[test]
fn a_storm_is_muted_at_once() {
    let mut model = list();
    model.alarms.total = Some(200);
    letter(&mut model, '*');
    letter(&mut model, 'm');
    assert!(shown(&model).contains("Mute 200 alarms"));
    assert!(matches!(muting(&mut model).0, Chosen::AllOf(_)));
}

#[test]
fn the_filter_has_a_count_beside_every_value() {
    let mut model = list();
    letter(&mut model, 'f');
    let text = shown(&model);
    assert!(text.contains("Filter: leaves 5 alarms"), "{text}");
    for (value, count) in [("( ) active", "4"), ("( ) cleared", "1"), ("(•) active and cleared", "5")] {
        let beside = text.lines().filter_map(|line| line.split_once(value)).map(|(_, rest)| rest.trim_start());
        let counts: Vec<&str> = beside.filter_map(|rest| rest.split_once('┃')).map(|(count, _)| count).collect();
        assert!(counts.contains(&count), "{value}: {counts:?}\n{text}");
    }
    (0..4).for_each(|_| drop(press(&mut model, KeyCode::Down)));
    let text = shown(&model);
    assert!(text.contains("[ ] Cooling") && text.contains("[ ] Power"), "{text}");
}

#[test]
fn a_choice_in_the_filter_works_at_once_and_several_values_add_up() {
    let mut model = list();
    letter(&mut model, 'f');
    (0..4).for_each(|_| drop(press(&mut model, KeyCode::Down)));
    press(&mut model, KeyCode::Right);
    let commands = letter(&mut model, ' ');
    assert!(matches!(&commands[0], Command::OpenWindow { filter, .. } if filter.categories.contains("Cooling")));
    press(&mut model, KeyCode::Down);
    letter(&mut model, ' ');
    assert_eq!(model.alarms.filter.categories.len(), 2);
    let mut beneath = model.clone();
    press(&mut beneath, KeyCode::Esc);
    assert!(shown(&beneath).contains("Cooling or Power"), "the list beneath says its filter");
    letter(&mut model, 'c');
    assert_eq!(model.alarms.filter, AlarmFilter::default());
}

#[test]
fn a_click_in_the_filter_chooses_the_value_under_it() {
    let mut model = list();
    letter(&mut model, 'f');
    let (drawn, text) = drawn(&model, 120, 36);
    let row = text.lines().position(|line| line.contains("( ) cleared")).unwrap();
    let column = text.lines().nth(row).unwrap().chars().position(|letter| letter == '(').unwrap();
    let meant = drawn.meaning(u16::try_from(column).unwrap(), u16::try_from(row).unwrap()).unwrap();
    update(&mut model, Message::Wish(meant));
    assert_eq!(model.alarms.filter.status, Some(Status::Cleared));
}

#[test]
fn a_filter_is_kept_under_a_name_used_again_and_forgotten() {
    let mut model = list();
    model.alarms.filter.words = "ups".to_owned();
    letter(&mut model, 'f');
    press(&mut model, KeyCode::End);
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Enter);
    type_in(&mut model, "my night");
    let commands = press(&mut model, KeyCode::Enter);
    let [Command::SaveFilter(saved)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((saved.name.as_str(), saved.filter.words.as_str()), ("my night", "ups"));

    let last = Box::new((AlarmFilter::default(), AlarmSort::default()));
    update(&mut model, Message::Saved(vec![SavedFilter::clone(saved)], last));
    model.alarms.filter = AlarmFilter::default();
    press(&mut model, KeyCode::Home);
    assert!(matches!(&letter(&mut model.clone(), 'd')[..], [Command::DeleteFilter(name)] if name == "my night"));
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.alarms.filter.words, "ups");
}

#[test]
fn a_time_range_is_chosen_or_typed() {
    let mut model = list();
    letter(&mut model, 'f');
    update(&mut model, Message::Wish(Intent::Part(9)));
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.alarms.filter.from, Some(now().plus_millis(-3_600_000)));
    press(&mut model, KeyCode::End);
    press(&mut model, KeyCode::Enter);
    type_in(&mut model, "2026-11-22 20:00");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.alarms.filter.to.unwrap().to_string(), "2026-11-22T20:00:00.000Z");
}

#[test]
fn a_place_is_found_by_typing_a_part_of_its_name() {
    let mut model = home();
    letter(&mut model, 'l');
    type_in(&mut model, "rechner");
    let text = shown(&model);
    assert!(text.contains("Rechnerraum 1") && !text.contains("Speicher K"), "{text}");
    let commands = press(&mut model, KeyCode::Enter);
    assert!(matches!(commands[..], [Command::SetLocation(Some(LocationId(place)))] if place == id(3)));
}

#[test]
fn a_session_that_ended_is_taken_up_again_and_the_password_is_never_shown() {
    let mut model = home();
    model.state.session = SessionState::Ended;
    update(&mut model, Message::Wish(Intent::Session));
    type_in(&mut model, "ada@example");
    press(&mut model, KeyCode::Enter);
    type_in(&mut model, "quiet-river");
    let text = shown(&model);
    assert!(text.contains("•••••••••••") && !text.contains("quiet-river"), "{text}");
    let commands = press(&mut model, KeyCode::Enter);
    let [Command::SignIn(email, password)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((email.as_str(), password.expose_secret()), ("ada@example", "quiet-river"));
}

#[test]
fn signing_out_says_how_many_unsent_actions_it_loses() {
    let mut model = home();
    model.state.waiting = 2;
    update(&mut model, Message::Wish(Intent::Session));
    assert!(shown(&model).contains("2 actions on this phone only: signing out LOSES them."));
    assert!(press(&mut model.clone(), KeyCode::Esc).is_empty());
    assert!(matches!(press(&mut model, KeyCode::Enter)[..], [Command::SignOut(true)]));
}

#[test]
fn all_keys_of_a_screen_are_behind_the_question_mark() {
    let mut model = list();
    letter(&mut model, '?');
    let text = drawn(&model, 60, 20).1;
    for does in ["acknowledge", "its life", "clear filter", "take back", "quit"] {
        assert!(text.contains(does), "{does}\n{text}");
    }
}
