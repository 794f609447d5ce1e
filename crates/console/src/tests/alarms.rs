//! The list of alarms.

use std::collections::BTreeMap;
use std::sync::Arc;

use onsite_wire::ids::AlarmId;
use ratatui::crossterm::event::KeyCode;

use super::states::{home, id, list, row, rows};
use super::{drawn, letter, press, shown, type_in};
use crate::api::{AlarmFilter, AlarmRow, AlarmSort, Batch, Chosen, Code, Facets, Status, Why};
use crate::app::message::{Command, Intent, Message};
use crate::app::{Model, Screen, update};
use onsite::live::{Diff, RowsChange};

fn batch(rows: RowsChange<AlarmRow>, total: u64) -> Box<Batch<AlarmRow, Facets>> {
    let counts = Some(Arc::new(Facets::default()));
    Box::new(Batch { rows, total: Some(total), counts, newer: 0, searching: false, has_more: false })
}

fn opened(commands: &[Command]) -> (AlarmFilter, AlarmSort) {
    let window = commands.iter().find_map(|command| match command {
        Command::OpenWindow { filter, sort, .. } => Some(((**filter).clone(), *sort)),
        _ => None,
    });
    window.expect("a list is opened")
}

#[test]
fn without_colour_severity_is_still_told() {
    let text = shown(&list());
    for words in ["!! CRIT UPS on battery", " ! WARN High temperature", " ✓ crit Door open"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn a_row_says_what_where_since_when_and_what_was_done() {
    let text = shown(&list());
    let lines: Vec<&str> = text.lines().collect();
    let of = |label: &str| {
        let at = lines.iter().position(|line| line.contains(label)).unwrap();
        (lines[at], lines[at + 1])
    };
    let (first, second) = of("Water leak");
    assert!(first.contains("×3") && first.ends_with("24 min"), "{first}");
    assert!(second.contains("HAM-UPS-02 · Hamburg Süd › Speicher K › Rechnerraum 1"), "{second}");
    assert!(second.ends_with("@ Ada Krüger"), "{second}");
    assert!(of("High temperature").1.ends_with("muted until 07:00"));
    assert!(of("Fan fault").1.ends_with("↑ on this phone"));
    assert!(of("Door open").0.ends_with("cleared 14 min ago"));
}

#[test]
fn a_tile_opens_exactly_the_list_it_counts() {
    let mut model = home();
    let counted = model.tiles[1].filter.clone();
    let commands = letter(&mut model, '2');
    assert_eq!(model.screen, Screen::Alarms);
    assert_eq!(opened(&commands).0, counted);
    let mut clicked = home();
    let (drawn, _) = drawn(&clicked, 120, 36);
    assert_eq!(drawn.meaning(40, 4), Some(Intent::Tile(1)));
    assert_eq!(opened(&update(&mut clicked, Message::Wish(Intent::Tile(1)))).0, counted);
}

#[test]
fn a_batch_of_an_older_list_is_not_taken() {
    let mut model = list();
    let commands = letter(&mut model, 's');
    assert_eq!(opened(&commands).1, AlarmSort::Severity);
    update(&mut model, Message::Rows(1, batch(RowsChange::Reset(vec![row(9, "Too late")]), 1)));
    assert!(!shown(&model).contains("Too late"));
    let window = model.alarms.window;
    update(&mut model, Message::Rows(window, batch(RowsChange::Reset(vec![row(8, "In time")]), 1)));
    assert!(shown(&model).contains("In time"));
}

#[test]
fn the_selection_stays_on_its_alarm_when_others_come_in_above() {
    let mut model = list();
    press(&mut model, KeyCode::Down);
    assert_eq!(model.alarms.selected().unwrap().label, "Water leak");
    let insert = Diff::Insert { at: 0, row: row(7, "New one") };
    update(&mut model, Message::Rows(1, batch(RowsChange::Diffs(vec![insert]), 6)));
    assert_eq!(model.alarms.selected().unwrap().label, "Water leak");
    let commands = letter(&mut model, 'a');
    assert!(matches!(commands[..], [Command::Assignees(AlarmId(alarm))] if alarm == id(2)), "{commands:?}");
}

#[test]
fn words_are_searched_for_while_they_are_typed_and_escape_takes_them_back() {
    let mut model = list();
    letter(&mut model, '/');
    let commands = type_in(&mut model, "ups q");
    assert_eq!(opened(&commands[commands.len() - 2..]).0.words, "ups q", "letters are no keys now");
    assert!(shown(&model).contains("Search ups q"));
    assert_eq!(opened(&press(&mut model, KeyCode::Esc)).0.words, "");
    assert_eq!(model.screen, Screen::Alarms);
}

#[test]
fn an_empty_list_says_why_and_one_key_shows_what_is_hidden() {
    let mut model = list();
    model.alarms.rows.clear();
    model.alarms.total = Some(0);
    let everything = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let arguments = BTreeMap::from([("count".to_owned(), "31".to_owned())]);
    let why = Why { code: Code::HiddenByFilter, arguments, lift: Some(everything.clone()) };
    let filter = model.alarms.filter.clone();
    update(&mut model, Message::Why(Box::new(filter), vec![why]));
    let text = shown(&model);
    assert!(text.contains("31 hidden by the filter.  z shows them"), "{text}");
    assert_eq!(opened(&letter(&mut model, 'z')).0, everything);
}

#[test]
fn what_the_chosen_place_hides_is_shown_by_the_same_key() {
    let mut model = list();
    let arguments = BTreeMap::from([("count".into(), "4".into()), ("location".into(), "Speicher K".into())]);
    model.alarms.why = vec![Why { code: Code::HiddenByLocation, arguments, lift: None }];
    assert!(shown(&model).contains("4 hidden outside Speicher K.  z shows them"));
    assert!(matches!(letter(&mut model, 'z')[..], [Command::SetLocation(None)]));
}

#[test]
fn a_short_list_asks_why_and_a_long_one_does_not() {
    let mut model = list();
    let short = update(&mut model, Message::Rows(1, batch(RowsChange::Reset(rows()), 5)));
    assert!(short.iter().any(|command| matches!(command, Command::Why(_))));
    let many = (0..40).map(|n| row(n, "Fan fault")).collect();
    let long = update(&mut model, Message::Rows(1, batch(RowsChange::Reset(many), 40)));
    assert!(!long.iter().any(|command| matches!(command, Command::Why(_))));
}

#[test]
fn several_are_chosen_and_acted_on_together() {
    let mut model = list();
    letter(&mut model, ' ');
    letter(&mut model, ' ');
    let text = shown(&model);
    assert!(text.contains("2 chosen") && text.contains("[x] !! CRIT UPS on battery"), "{text}");
    letter(&mut model, 'u');
    letter(&mut model, ' ');
    letter(&mut model, ' ');
    let commands = letter(&mut model, 'r');
    let both = vec![AlarmId(id(3)), AlarmId(id(4))];
    assert!(matches!(&commands[..], [Command::Release(Chosen::These(ids))] if *ids == both), "{commands:?}");
    assert!(!shown(&model).contains("chosen"), "then they are let go");
}

#[test]
fn all_that_the_filter_leaves_are_one_action_even_those_not_on_the_screen() {
    let mut model = list();
    model.alarms.total = Some(500);
    model.alarms.filter.words = "ups".to_owned();
    letter(&mut model, '*');
    assert!(shown(&model).contains("all 500 chosen"));
    let commands = letter(&mut model, 'r');
    assert!(
        matches!(&commands[..], [Command::Release(Chosen::AllOf(filter))] if filter.words == "ups"),
        "{commands:?}"
    );
}

#[test]
fn escape_lets_the_choice_go_before_it_leaves_the_list() {
    let mut model = list();
    letter(&mut model, ' ');
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.screen, model.alarms.count_chosen()), (Screen::Alarms, 1));
    assert!(!shown(&model).contains("chosen"));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.screen, Screen::Home);
}

#[test]
fn a_click_on_a_row_opens_it_and_while_choosing_chooses_it() {
    let mut model = list();
    let (drawn, _) = drawn(&model, 120, 36);
    let tapped = drawn.meaning(20, 5).unwrap();
    assert_eq!(tapped, Intent::Tap(1));
    letter(&mut model, ' ');
    update(&mut model, Message::Wish(Intent::Tap(2)));
    assert!(model.alarms.is_chosen(AlarmId(id(3))));
    press(&mut model, KeyCode::Esc);
    let commands = update(&mut model, Message::Wish(tapped));
    assert!(matches!(commands[..], [Command::OpenAlarm(AlarmId(alarm))] if alarm == id(2)));
}

#[test]
fn more_rows_are_asked_for_before_the_last_one_is_reached() {
    let mut model = list();
    model.alarms.rows = (0..100).map(|n| row(n, "Fan fault")).collect();
    model.alarms.has_more = true;
    assert!(press(&mut model, KeyCode::Down).is_empty());
    assert!(matches!(press(&mut model, KeyCode::End)[..], [Command::More(_)]));
}

#[test]
fn text_from_outside_cannot_move_what_stands_beside_it() {
    let hostile = ["a\nb\tc\u{0}d", "\u{202e}drow", "🔥🔥🔥 空調 故障", &"x".repeat(100_000), ""];
    for label in hostile {
        let mut model: Model = list();
        model.alarms.rows = vec![AlarmRow { message: label.to_owned(), ..row(1, label) }];
        for width in [60, 61, 120] {
            let (_, text) = drawn(&model, width, 20);
            let line = text.lines().find(|line| line.contains("!! CRIT")).unwrap();
            assert!(line.ends_with("12 min"), "{line}");
        }
    }
}

#[test]
fn what_an_organization_does_not_offer_is_said_at_once() {
    let mut model = list();
    model.organizations[0].capabilities.clear();
    assert!(letter(&mut model, 'a').is_empty() && model.sheet.is_none());
    assert!(shown(&model).contains("Not offered here."));
}
