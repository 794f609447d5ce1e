//! A photo for the chat (I4): its file, and words with it.

use onsite_wire::ids::IncidentId;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Answer;
use crate::app::field::Field;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::widgets::drawing::{Drawing, middle};

/// Which photo.
#[derive(Debug, Clone)]
pub struct PhotoSheet {
    id: IncidentId,
    file: Field,
    words: Field,
    in_words: bool,
}

impl PhotoSheet {
    pub fn new(id: IncidentId) -> Self {
        Self { id, file: Field::default(), words: Field::default(), in_words: false }
    }

    pub const fn field(&mut self) -> Option<&mut Field> {
        Some(if self.in_words { &mut self.words } else { &mut self.file })
    }

    pub fn keys() -> Vec<Key> {
        vec![Key::of(KeyCode::Enter, "send it", Intent::Submit), Key::of(KeyCode::Tab, "file or words", Intent::Next)]
    }

    pub fn wish(&mut self, intent: Intent) -> Answer {
        match intent {
            Intent::Next | Intent::Previous => {
                self.in_words = !self.in_words;
                Answer::Stay(Vec::new())
            }
            Intent::Submit if !self.file.text().trim().is_empty() => {
                let file = self.file.text().trim().into();
                Answer::Close(vec![Command::WritePhoto(self.id, file, self.words.text().trim().to_owned())])
            }
            _ => Answer::Stay(Vec::new()),
        }
    }

    pub fn view(&self, drawing: &mut Drawing<'_>, area: Rect) {
        let look = drawing.look;
        let inside = drawing.framed(middle(area, 78, 7), "A photo", true);
        drawing.lines(
            inside,
            &[
                Line::styled(" A JPEG or PNG of at most 10 MB. Where it was taken stays on this phone.", look.dim()),
                Line::styled(" The message goes first; the photo follows when there is signal.", look.dim()),
            ],
        );
        let line = |above: u16| Rect { y: inside.bottom().saturating_sub(above), height: 1, ..inside };
        drawing.field(line(2), " File ", &self.file, !self.in_words, false);
        drawing.field(line(1), " Words", &self.words, self.in_words, false);
    }
}
