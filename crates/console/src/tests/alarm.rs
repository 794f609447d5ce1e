//! One alarm.

use onsite_wire::onsite::StatePoint;
use ratatui::crossterm::event::KeyCode;

use super::states::{acknowledged_by_ada, detail, minutes_ago, muted, open, plot, row};
use super::{drawn, letter, press, shown};
use crate::api::{AlarmRow, Offer, Offers};
use crate::app::Model;
use crate::app::keys::keys;
use crate::app::message::Command;

fn showing(row: AlarmRow) -> Model {
    let mut model = open();
    model.alarm.as_mut().unwrap().detail = Some(detail(row));
    model
}

fn with_offers(change: impl FnOnce(&mut Offers)) -> Model {
    let mut model = open();
    change(&mut model.alarm.as_mut().unwrap().detail.as_mut().unwrap().may);
    model
}

fn has_key(model: &Model, code: char) -> bool {
    keys(model).iter().any(|key| key.code == KeyCode::Char(code))
}

#[test]
fn a_muted_alarm_says_who_why_and_until_when() {
    let text = shown(&showing(AlarmRow { muted: Some(muted()), ..row(1, "UPS on battery") }));
    assert!(text.contains("muted by Ada Krüger until 07:00: under repair (fan on order)"), "{text}");
    assert!(text.contains("m extend mute") && text.contains("u unmute"));
}

#[test]
fn an_acknowledged_alarm_says_who_when_and_with_which_note() {
    let text = shown(&showing(AlarmRow { acknowledged: Some(acknowledged_by_ada()), ..row(1, "UPS on battery") }));
    assert!(text.contains("Ada Krüger (set 02:55 by Ada Krüger): “on my way”"), "{text}");
    assert!(text.contains("r take back"));
}

#[test]
fn an_assignee_whose_rights_ended_is_marked() {
    let mut by = acknowledged_by_ada();
    by.cannot_see = true;
    let text = shown(&showing(AlarmRow { acknowledged: Some(by), ..row(1, "UPS on battery") }));
    assert!(text.contains("who may no longer see this alarm"), "{text}");
}

#[test]
fn the_plot_names_its_bands_and_shows_how_long_the_alarm_lasts() {
    let text = shown(&open());
    for words in ["°C", "27.0 ┤", "32.0 ┤", " ok", " warn", " CRIT", "alarm, 30 min so far", "02:00", "02:30"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn the_plot_rises_from_the_lower_left_to_the_upper_right() {
    let text = shown(&open());
    let is_dot = |letter: char| ('\u{2801}'..='\u{28ff}').contains(&letter);
    let rows: Vec<&str> = text.lines().filter(|line| line.chars().any(is_dot)).collect();
    let column = |line: &str| line.chars().position(is_dot).unwrap();
    assert!(rows.len() >= 8, "{text}");
    assert!(column(rows[0]) > 80 && column(rows[rows.len() - 1]) < 20, "{text}");
    assert!(rows.windows(2).all(|pair| column(pair[0]) >= column(pair[1])), "{text}");
}

fn saying(states: &[(i64, &str)]) -> Model {
    let mut model = open();
    let mut seen = plot();
    let point = |(ago, state): &(i64, &str)| StatePoint { at: minutes_ago(*ago), state: (*state).to_owned() };
    seen.history.states = states.iter().map(point).collect();
    model.alarm.as_mut().unwrap().plot = Some(Ok(seen));
    model
}

#[test]
fn a_sensor_that_says_words_is_drawn_as_steps_one_row_to_a_word() {
    let text = shown(&saying(&[(100, "online"), (30, "on battery"), (10, "online")]));
    let row = |word: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(word) && line.contains('│'));
        let row = found.unwrap_or_else(|| panic!("{word}: {text}"));
        row.split_once('│').unwrap().1.trim_end_matches(['│', ' ']).chars().collect::<Vec<_>>()
    };
    let (online, battery) = (row("online"), row("on battery"));
    let bars = |row: &[char]| row.iter().filter(|cell| **cell == '━').count();
    assert!(bars(&battery) > 3 && bars(&online) > bars(&battery), "{text}");
    let first = |row: &[char]| row.iter().position(|cell| *cell == '━').unwrap();
    assert!(first(&online) < first(&battery) && online.len() > battery.len(), "first and last it was online: {text}");
    let both = online.iter().zip(&battery).filter(|(one, other)| **one == '━' && **other == '━').count();
    assert!(both <= 2, "only where one gives way to the other: {text}");
}

#[test]
fn more_words_than_there_is_room_for_are_told_with_their_times() {
    let words: Vec<String> = (0..20).map(|n| format!("state {n}")).collect();
    let states: Vec<_> = words.iter().zip((1..=20).rev()).map(|(word, ago)| (ago, word.as_str())).collect();
    assert!(shown(&saying(&states)).contains("02:40  state 0"));
}

#[test]
fn the_device_is_shown_with_its_serial_number_and_addresses() {
    let mut model = open();
    let detail = onsite::devices::intake::DeviceDetail {
        serial_number: Some("AS1234567890".to_owned()),
        ip_addresses: vec!["10.20.30.40".to_owned(), "fd00::7".to_owned()],
        ..Default::default()
    };
    model.alarm.as_mut().unwrap().detail.as_mut().unwrap().device = Some(onsite::alarms::DeviceSummary {
        id: row(1, "").device,
        label: "HAM-UPS-01".to_owned(),
        kind: "UPS".to_owned(),
        model: "Model 3k".to_owned(),
        manufacturer: "Voltaic".to_owned(),
        detail,
    });
    assert!(shown(&model).contains("serial AS1234567890 · address 10.20.30.40, fd00::7"));
}

#[test]
fn an_alarm_that_went_while_nobody_looked_says_that_the_time_is_not_known() {
    let cleared = Some(crate::api::Cleared::TimeUnknown);
    let model = showing(AlarmRow { status: crate::api::Status::Cleared, cleared, ..row(1, "UPS on battery") });
    assert!(shown(&model).contains("cleared at a time not known"));
}

#[test]
fn a_plot_from_memory_says_how_old_it_is() {
    let mut model = open();
    let old = crate::api::Plot { seen_at: minutes_ago(90), ..plot() };
    model.alarm.as_mut().unwrap().plot = Some(Ok(old));
    assert!(shown(&model).contains("Sensor as seen 01:30"));
}

#[test]
fn what_the_server_does_not_offer_is_said_to_be_not_offered_and_has_no_key() {
    let model = with_offers(|may| {
        (may.acknowledge, may.mute, may.mute_device, may.plot) =
            (Offer::NotOffered, Offer::NotOffered, Offer::NotOffered, Offer::NotOffered);
    });
    let text = shown(&model);
    assert!(text.contains("Responsible  not offered here") && text.contains("Muted        not offered here"), "{text}");
    assert_eq!(text.matches("not offered here").count(), 3, "{text}");
    assert!(!['a', 'm', 'd', 'r', 'u'].into_iter().any(|code| has_key(&model, code)));
}

#[test]
fn what_the_role_does_not_allow_has_no_key() {
    let mut model = with_offers(|may| (may.mute, may.mute_device) = (Offer::NotAllowed, Offer::NotAllowed));
    assert!(has_key(&model, 'a') && !has_key(&model, 'm') && !has_key(&model, 'd'));
    assert!(letter(&mut model, 'm').is_empty() && model.sheet.is_none());
}

#[test]
fn the_mute_that_is_lifted_is_the_one_that_holds() {
    let mut by_device = muted();
    by_device.device = Some(row(1, "").device);
    let mut model = showing(AlarmRow { muted: Some(by_device), ..row(1, "UPS on battery") });
    assert!(matches!(letter(&mut model, 'u')[..], [Command::UnmuteDevice(device)] if device == row(1, "").device));
    let mut model = showing(AlarmRow { muted: Some(muted()), ..row(1, "UPS on battery") });
    assert!(matches!(letter(&mut model, 'u')[..], [Command::Unmute(_)]));
}

#[test]
fn a_page_longer_than_the_screen_is_scrolled_to_its_end() {
    let mut model = open();
    let (_, text) = drawn(&model, 60, 20);
    assert!(!text.contains("Ada Krüger muted it"), "{text}");
    press(&mut model, KeyCode::End);
    let (_, text) = drawn(&model, 60, 20);
    assert!(text.contains("Ada Krüger muted it until cleared"), "{text}");
    press(&mut model, KeyCode::Home);
    assert!(drawn(&model, 60, 20).1.contains("UPS on battery"));
}
