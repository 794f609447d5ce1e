//! Keys pressed: into the field where something is typed, else what the table of keys says.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Model;
use super::field::{Edit, Field};
use super::keys::{keys, motion};
use super::message::{Command, Intent};
use super::wishes;

/// A key was pressed.
pub fn key(model: &mut Model, key: KeyEvent) -> Vec<Command> {
    if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
        return vec![Command::Quit];
    }
    if let Some(edit) = edit(key)
        && let Some(field) = field(model)
    {
        field.edit(edit);
        return wishes::typed(model);
    }
    let code = if key.code == KeyCode::Backspace { KeyCode::Esc } else { key.code };
    let meant = keys(model).into_iter().find(|known| known.code == code).map(|known| known.intent);
    match meant.or_else(|| motion(code)).or_else(|| silent(code)) {
        Some(intent) => wishes::wish(model, intent),
        None => Vec::new(),
    }
}

/// Second names of shown keys, for hands that know them.
const fn silent(code: KeyCode) -> Option<Intent> {
    match code {
        KeyCode::BackTab => Some(Intent::Previous),
        KeyCode::Char('j') => Some(Intent::Move(1)),
        KeyCode::Char('k') => Some(Intent::Move(-1)),
        _ => None,
    }
}

const fn edit(key: KeyEvent) -> Option<Edit> {
    match key.code {
        KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Edit::Clear),
        KeyCode::Char(letter) if !key.modifiers.intersects(KeyModifiers::CONTROL.union(KeyModifiers::ALT)) => {
            Some(Edit::Letter(letter))
        }
        KeyCode::Backspace => Some(Edit::Backspace),
        KeyCode::Delete => Some(Edit::Delete),
        KeyCode::Left => Some(Edit::Left),
        KeyCode::Right => Some(Edit::Right),
        KeyCode::Home => Some(Edit::Start),
        KeyCode::End => Some(Edit::End),
        _ => None,
    }
}

/// The field where something is typed now.
fn field(model: &mut Model) -> Option<&mut Field> {
    match &mut model.sheet {
        Some(sheet) => sheet.field(),
        None if model.screen == super::Screen::Incident => model.incidents.open.as_mut()?.writing.as_mut(),
        None => model.alarms.typing.as_mut().filter(|_| model.screen == super::Screen::Alarms),
    }
}
