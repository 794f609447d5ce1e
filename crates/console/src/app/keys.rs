//! Keys and what they mean. One table is drawn at the bottom, answers clicks there, and is asked when a key is pressed: a
//! key that is not shown does nothing, and one that is shown works.

use ratatui::crossterm::event::KeyCode;

use super::message::Intent;
use super::{Model, Screen};
use crate::screens;

/// A key that works now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What is pressed.
    pub code: KeyCode,
    /// What it does, in a word or two.
    pub does: String,
    /// What it means.
    pub intent: Intent,
}

impl Key {
    /// A letter.
    pub fn letter(letter: char, does: &str, intent: Intent) -> Self {
        Self::of(KeyCode::Char(letter), does, intent)
    }

    /// Any key.
    pub fn of(code: KeyCode, does: &str, intent: Intent) -> Self {
        Self { code, does: does.to_owned(), intent }
    }

    /// As it is written on the screen.
    pub fn shown(&self) -> String {
        match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::Enter => "Enter".to_owned(),
            KeyCode::Esc => "Esc".to_owned(),
            KeyCode::Tab => "Tab".to_owned(),
            KeyCode::Left | KeyCode::Right => "← →".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            other => format!("{other:?}"),
        }
    }
}

/// The keys that work now, the most needed first.
pub fn keys(model: &Model) -> Vec<Key> {
    if let Some(sheet) = &model.sheet {
        return sheet.keys(model);
    }
    let mut keys = screens::keys(model);
    if model.location.is_some() {
        keys.push(Key::letter('x', "everywhere again", Intent::LiftLocation));
    }
    if model.screen != Screen::Home {
        keys.push(Key::of(KeyCode::Esc, "back", Intent::Back));
        keys.push(Key::letter('h', "home", Intent::Go(Screen::Home)));
    }
    if model.screen != Screen::Actions {
        let does = if model.state.parked > 0 { "needs you" } else { "my actions" };
        keys.push(Key::letter('w', does, Intent::Go(Screen::Actions)));
    }
    keys.push(Key::letter('l', "place", Intent::ChooseLocation));
    keys.push(Key::letter('?', "keys", Intent::Keys));
    keys.push(Key::letter('q', "quit", Intent::Quit));
    let mut seen = Vec::new();
    keys.retain(|key| {
        let is_new = !seen.contains(&key.code);
        seen.push(key.code);
        is_new
    });
    keys
}

/// What moves in a list; the same everywhere, and so not in the line of keys.
pub fn motion(code: KeyCode) -> Option<Intent> {
    Some(match code {
        KeyCode::Up => Intent::Move(-1),
        KeyCode::Down => Intent::Move(1),
        KeyCode::PageUp => Intent::Page(-1),
        KeyCode::PageDown => Intent::Page(1),
        KeyCode::Home => Intent::First,
        KeyCode::End => Intent::Last,
        _ => return None,
    })
}
