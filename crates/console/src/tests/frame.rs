//! What holds on every screen.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::states::{account, actions, every_screen, home, id, list, now, open};
use super::{drawn, letter, press, shown};
use crate::api::{Code, SessionState};
use crate::app::keys::keys;
use crate::app::message::{Command, Intent, Message};
use crate::app::{Model, Screen, update};
use crate::screens::draw;
use crate::widgets::look::Look;
use onsite_wire::ids::LocationId;

/// Each screen, and each screen with each sheet that opens on it.
fn every_state() -> Vec<Model> {
    let mut states = every_screen();
    for screen in every_screen() {
        for key in keys(&screen) {
            let mut model = screen.clone();
            press(&mut model, key.code);
            if model.sheet.is_some() {
                states.push(model);
            }
        }
    }
    states
}

#[test]
fn at_60_by_20_every_screen_still_shows_its_keys_and_the_age_of_data() {
    for model in every_state() {
        let (_, text) = drawn(&model, 60, 20);
        let screen = model.screen;
        assert!(text.lines().next().unwrap().contains("live · data 3 s old"), "{screen:?}\n{text}");
        let last: String = text.lines().rev().take(2).collect();
        let first = keys(&model).into_iter().next().unwrap();
        assert!(last.contains(&first.shown()) && last.contains(&first.does), "{screen:?}\n{text}");
        assert!(model.sheet.is_some() || last.contains("? keys"), "{screen:?}\n{text}");
    }
}

#[test]
fn no_size_of_the_window_is_too_small_to_say_so() {
    for model in every_state() {
        for (width, height) in [(1, 1), (10, 3), (59, 20), (60, 19), (60, 20), (61, 21), (80, 24), (200, 60), (300, 20)]
        {
            let (_, text) = drawn(&model, width, height);
            let fits = width >= 60 && height >= 20;
            assert_eq!(text.contains("data"), fits, "{width} × {height}\n{text}");
        }
    }
}

#[test]
fn every_key_that_is_shown_does_something() {
    for state in every_state() {
        for key in keys(&state) {
            let mut model = state.clone();
            let commands = press(&mut model, key.code);
            let is_same = format!("{model:?}") == format!("{state:?}");
            assert!(!commands.is_empty() || !is_same, "{:?}: {} {}", state.screen, key.shown(), key.does);
        }
    }
}

#[test]
fn a_click_on_a_key_is_the_key() {
    for state in every_state() {
        let (drawn, text) = drawn(&state, 120, 36);
        for key in keys(&state) {
            let words = format!("{} {}", key.shown(), key.does);
            let Some(row) = (34..36).find(|row| text.lines().nth(*row).is_some_and(|line| line.contains(&words)))
            else {
                continue;
            };
            let line = text.lines().nth(row).unwrap();
            let column = line[..line.find(&words).unwrap()].chars().count();
            let meant = drawn.meaning(u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
            assert_eq!(meant, Some(key.intent), "{words}");
        }
    }
}

#[test]
fn each_screen_is_left_by_escape_and_home_is_one_key_away() {
    for mut model in every_screen().into_iter().filter(|model| model.screen != Screen::Home) {
        let screen = model.screen;
        press(&mut model, KeyCode::Esc);
        assert_ne!(model.screen, screen);
    }
    let mut model = open();
    assert!(matches!(letter(&mut model, 'h')[..], [Command::CloseAlarm]));
    assert_eq!(model.screen, Screen::Home);
}

#[test]
fn the_age_of_data_grows_with_the_clock_and_says_why_it_is_not_younger() {
    let mut model = home();
    let mut state = account();
    (state.age_ms, state.live, state.trouble) = (Some(4 * 3_600_000), false, Some(Code::NoNetwork));
    update(&mut model, Message::State(Box::new(state.clone())));
    assert!(shown(&model).contains("○ no signal to the server · data 4 h 00 old"));
    state.offline = true;
    update(&mut model, Message::State(Box::new(state.clone())));
    assert!(shown(&model).contains("○ signal off · data 4 h 00 old"));
    (state.offline, state.session) = (false, SessionState::Ended);
    update(&mut model, Message::State(Box::new(state)));
    assert!(shown(&model).contains("○ sign in again · data 4 h 00 old"));
    let mut state = account();
    (state.read_at, state.age_ms) = (None, None);
    update(&mut model, Message::State(Box::new(state)));
    assert!(shown(&model).contains("○ asking the server · data nothing read yet"));
}

#[test]
fn before_anything_was_read_no_tile_says_that_all_is_well() {
    let mut model = home();
    model.tiles.iter_mut().for_each(|tile| tile.count = Some(0));
    assert_eq!(shown(&model).matches("✓ 0").count(), 4);
    model.state.read_at = None;
    let text = shown(&model);
    assert!(!text.contains('✓') && text.matches('…').count() >= 4, "{text}");
}

#[test]
fn a_chosen_place_stands_on_every_screen_and_one_key_lifts_it() {
    for mut model in every_screen() {
        model.location = Some(LocationId(id(2)));
        let text = shown(&model);
        assert!(text.contains("Only Speicher K (x: everywhere)"), "{text}");
        assert!(matches!(letter(&mut model, 'x')[..], [Command::SetLocation(None)]));
        let (drawn, _) = drawn(&model, 120, 36);
        assert_eq!(drawn.meaning(3, 1), Some(Intent::LiftLocation), "and so does a click");
    }
}

#[test]
fn another_place_counts_and_lists_anew() {
    let mut model = list();
    let nodes = model.locations.clone();
    let commands = update(&mut model, Message::Places(nodes, Some(LocationId(id(3)))));
    assert!(commands.iter().any(|command| matches!(command, Command::WatchTiles(_))));
    assert!(commands.iter().any(|command| matches!(command, Command::OpenWindow { .. })));
}

#[test]
fn an_error_is_a_line_and_the_screen_stays() {
    let mut model = list();
    let error = crate::api::Error::new(Code::DiskFull);
    update(&mut model, Message::Failed(error));
    let text = shown(&model);
    assert!(text.contains("‼ The phone's storage is full.") && text.contains("UPS on battery"), "{text}");
    let mut later = account();
    later.now = now().plus_millis(60_000);
    update(&mut model, Message::State(Box::new(later)));
    assert!(!shown(&model).contains("storage is full"), "it goes by itself");
}

#[test]
fn what_waits_and_what_needs_a_decision_stands_on_every_screen() {
    let mut model = list();
    model.state = actions().state;
    let text = shown(&model);
    assert!(text.contains("↑ 1 on this phone, next attempt in 12 s"), "{text}");
    assert!(text.contains("‼ 1 action needs you (w)"), "{text}");
    letter(&mut model, 'w');
    assert_eq!(model.screen, Screen::Actions);
}

#[test]
fn without_colour_no_cell_has_one() {
    for mut model in every_state() {
        model.setting.look = Look::plain();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
        draw(&model, &mut buffer);
        let is_bare = |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
        assert!(buffer.content.iter().all(is_bare), "{:?}", model.screen);
    }
}

#[test]
fn with_colour_the_same_words_are_shown() {
    for mut model in every_state() {
        let plain = shown(&model);
        model.setting.look = Look::colours();
        assert_eq!(shown(&model), plain);
    }
}
