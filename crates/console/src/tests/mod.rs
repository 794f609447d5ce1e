//! The screens against states made by hand, and (`real`) the whole console over a real core and server.

mod alarm;
mod alarms;
mod duty;
mod frame;
mod incidents;
mod notices;
mod real;
mod sheets;
mod states;
mod waiting;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use crate::app::message::{Command, Message};
use crate::app::{Model, update};
use crate::screens::draw;
use crate::widgets::drawing::Drawn;

/// The screen of this size, as it is drawn and as text.
fn drawn(model: &Model, width: u16, height: u16) -> (Drawn, String) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let drawn = draw(model, &mut buffer);
    (drawn, text(&buffer))
}

fn text(buffer: &Buffer) -> String {
    let line = |y| {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol)).unwrap().max(1);
        }
        line.trim_end().to_owned()
    };
    (0..buffer.area.height).map(line).collect::<Vec<_>>().join("\n")
}

/// The screen of the size in pictures.
fn shown(model: &Model) -> String {
    drawn(model, 120, 36).1
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Command> {
    update(model, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn letter(model: &mut Model, letter: char) -> Vec<Command> {
    press(model, KeyCode::Char(letter))
}

fn type_in(model: &mut Model, text: &str) -> Vec<Command> {
    text.chars().flat_map(|typed| letter(model, typed)).collect()
}
