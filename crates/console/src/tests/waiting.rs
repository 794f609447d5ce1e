//! The person's own actions: their three states, conflicts, and the switch that takes the signal away.

use onsite_wire::ids::ActionId;
use ratatui::crossterm::event::KeyCode;

use super::states::{account, action, actions, conflict, home, id, now};
use super::{letter, press, shown};
use crate::api::{ActionStage, Code, Deed as Wanted, Outcome};
use crate::app::message::{Command, Deed, Intent, Message};
use crate::app::{Screen, update};

#[test]
fn each_action_shows_its_state_and_one_that_waits_its_next_attempt() {
    let text = shown(&actions());
    assert!(text.contains("needs you: Ada Krüger was here in between"), "{text}");
    assert!(text.contains("on this phone, next attempt in 12 s · No signal to the server"), "{text}");
    assert!(text.contains("✓ Take back UPS on battery · HAM-UPS-01"), "{text}");
    assert!(text.contains("on the server"), "{text}");
}

#[test]
fn next_attempts_are_told_against_the_phones_own_clock() {
    let mut model = actions();
    // The phone is an hour behind the server, and so is what it says of itself.
    model.state.clock_offset_ms = Some(3_600_000);
    model.state.now = model.state.now.plus_millis(3_600_000);
    assert!(shown(&model).contains("next attempt in 12 s"));
}

#[test]
fn a_conflict_says_who_was_there_how_long_before_and_what_each_wanted() {
    let mut model = actions();
    press(&mut model, KeyCode::Enter);
    let text = shown(&model);
    assert!(text.contains("Ada Krüger, 12 s before you (02:58:48): Ada Krüger is responsible"), "{text}");
    assert!(text.contains("acknowledge for Søren Åkesson: “at it”, at 02:59:00"), "{text}");
    assert!(text.contains("r mine anyway") && text.contains("d leave theirs"), "{text}");
    assert!(matches!(letter(&mut model.clone(), 'r')[..], [Command::Retry(ActionId(action))] if action == id(60)));
    assert!(matches!(letter(&mut model, 'd')[..], [Command::Discard(ActionId(action))] if action == id(60)));
}

#[test]
fn something_else_instead_is_asked_for_by_the_sheet_that_made_it_and_names_the_old_action() {
    let mut model = actions();
    press(&mut model, KeyCode::Enter);
    assert!(shown(&model).contains("c something else"));
    assert!(matches!(letter(&mut model, 'c')[..], [Command::Assignees(_)]));
    let who = onsite_wire::rest::Assignee {
        kind: onsite_wire::rest::AssigneeKind::Person,
        id: id(2),
        name: "Ada Krüger".to_owned(),
    };
    let choice = crate::api::AssigneeChoice { assignee: who.clone(), me: false, can_see: true };
    update(&mut model, Message::Assignees(vec![choice]));
    assert!(shown(&model).contains("at it"), "what was wanted stands in it");
    let commands = press(&mut model, KeyCode::Enter);
    let [Command::Change(ActionId(old), deed)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((*old, &**deed), (id(60), &Wanted::Acknowledge { assignee: who, note: "at it".to_owned() }));
    assert!(model.sheet.is_none());
}

#[test]
fn a_mute_of_a_device_is_changed_into_another_of_the_same_device() {
    let mut model = actions();
    let mut parked = conflict(12);
    parked.kind = "mute".to_owned();
    parked.subject.kind = onsite_wire::onsite::SubjectKind::Device;
    parked.body = serde_json::json!({ "reason": "under_repair", "text": "fan" });
    model.actions = vec![parked];
    press(&mut model, KeyCode::Enter);
    assert!(letter(&mut model, 'c').is_empty());
    let commands = press(&mut model, KeyCode::Enter);
    let [Command::Change(ActionId(old), deed)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(*old, id(60));
    let Wanted::Mute { reason, text, .. } = &**deed else { panic!("{deed:?}") };
    assert_eq!((*reason, text.as_str()), (onsite_wire::rest::MuteReason::UnderRepair, "fan"));
}

#[test]
fn one_that_was_made_later_but_arrived_first_is_told_so() {
    let mut model = actions();
    model.actions = vec![conflict(-30)];
    press(&mut model, KeyCode::Enter);
    assert!(shown(&model).contains("30 s after you, but it arrived first"));
}

#[test]
fn a_refusal_says_its_reason_and_offers_only_what_can_be_done() {
    let mut model = actions();
    let refused = ActionStage::Parked {
        code: Code::NotOffered,
        arguments: std::collections::BTreeMap::new(),
        current: None,
        decisions: &[crate::api::Decision::Discard],
    };
    model.actions = vec![action(70, "mute", refused)];
    press(&mut model, KeyCode::Enter);
    let text = shown(&model);
    assert!(
        text.contains("Not offered here.") && text.contains("d let it go") && !text.contains("try again"),
        "{text}"
    );
    assert!(letter(&mut model, 'r').is_empty());
}

#[test]
fn a_sheet_about_an_action_that_needs_nothing_any_more_closes() {
    let mut model = actions();
    press(&mut model, KeyCode::Enter);
    assert!(model.sheet.is_some());
    update(&mut model, Message::Actions(vec![action(60, "acknowledge", ActionStage::OnServer)]));
    assert!(model.sheet.is_none());
}

#[test]
fn a_sheet_leads_to_the_alarm_it_is_about() {
    let mut model = actions();
    press(&mut model, KeyCode::Enter);
    assert!(matches!(letter(&mut model, 'o')[..], [Command::OpenAlarm(_)]));
    assert_eq!(model.screen, Screen::Alarm);
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.screen, Screen::Actions);
}

#[test]
fn the_outcome_of_a_storm_is_told_in_one_line() {
    let mut model = home();
    let outcome = Outcome { done: 197, decided_by_others: vec![id(1), id(2), id(3)], ..Outcome::default() };
    update(&mut model, Message::Outcome(Deed::Acknowledged, outcome));
    let text = shown(&model);
    assert!(text.contains("Acknowledged: 197 on the server, 3 decided by others. w shows them."), "{text}");
}

#[test]
fn nothing_is_called_done_while_it_is_on_this_phone_only() {
    let mut model = home();
    update(&mut model, Message::Outcome(Deed::Muted, Outcome { waiting: 2, ..Outcome::default() }));
    let text = shown(&model);
    assert!(text.contains("Muted: 2 on this phone, sent as soon as possible."), "{text}");
    assert!(!text.contains("on the server"), "{text}");
}

#[test]
fn one_key_takes_the_signal_away_and_brings_it_back() {
    let mut model = home();
    assert!(matches!(letter(&mut model, 'n')[..], [Command::SetOffline(true)]));
    model.state.offline = true;
    assert!(shown(&model).contains("switched off: everything works, and is sent later"));
    assert!(matches!(letter(&mut model, 'n')[..], [Command::SetOffline(false)]));
}

#[test]
fn a_clock_that_is_wrong_is_told_with_what_to_do() {
    let mut model = home();
    model.go(Screen::Settings);
    let mut state = account();
    state.clock_offset_ms = Some(-200_000);
    update(&mut model, Message::State(Box::new(state)));
    let text = shown(&model);
    assert!(
        text.contains("3 min ahead of the server’s: set it to automatic") && text.contains("clock is wrong"),
        "{text}"
    );
}

#[test]
fn another_organization_is_worked_for_from_the_next_tile_on() {
    let mut model = home();
    letter(&mut model, 'o');
    let text = shown(&model);
    assert!(text.contains("!! 3 critical") && text.contains("operator · acknowledge, mute, plots"), "{text}");
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Down);
    let commands = press(&mut model, KeyCode::Enter);
    let of_second = |filters: &[crate::api::AlarmFilter]| {
        filters.iter().all(|filter| filter.organization.is_some_and(|organization| organization.0 == id(2)))
    };
    assert!(commands.iter().any(|command| matches!(command, Command::WatchTiles(filters) if of_second(filters))));
    assert!(shown(&model).contains("Home · São Rafael"));
    let commands = letter(&mut model, 'a');
    assert!(matches!(&commands[0], Command::OpenWindow { filter, .. } if filter.organization.unwrap().0 == id(2)));
}

#[test]
fn the_life_of_an_action_is_one_key_away() {
    let mut model = actions();
    assert!(matches!(&letter(&mut model, 'e')[..], [Command::Explain(title, action)]
        if title.contains("UPS on battery") && *action == id(60)));
    let line = onsite::journal::Line::new(now(), "action_made");
    update(&mut model, Message::Life("it".to_owned(), vec![line]));
    let text = shown(&model);
    assert!(text.contains("The life of: it") && text.contains("03:00:00  action_made"), "{text}");
    assert_eq!(update(&mut model, Message::Wish(Intent::Back)).len(), 0);
    assert!(model.sheet.is_none());
}

#[test]
fn leaving_asks_once_where_it_would_lose_what_was_not_sent() {
    let mut model = home();
    assert!(matches!(letter(&mut model, 'q')[..], [Command::Quit]), "nothing waits");
    model.state.waiting = 2;
    assert!(letter(&mut model, 'q').is_empty());
    assert!(shown(&model).contains("2 actions on this phone only, lost with its temporary folder. q again leaves."));
    assert!(matches!(letter(&mut model, 'q')[..], [Command::Quit]));
    model.is_warned = false;
    model.setting.is_temporary = false;
    assert!(matches!(letter(&mut model, 'q')[..], [Command::Quit]), "a folder of one's own keeps them");
}
