//! What somebody thought of a completed incident (I5): 1 to 5, and words.

use onsite_wire::ids::IncidentId;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Answer, choice};
use crate::app::Model;
use crate::app::field::Field;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::app::position::Position;
use crate::widgets::drawing::{Drawing, List, middle};

const RATINGS: [&str; 5] = ["1 · bad", "2", "3 · as it should be", "4", "5 · very good"];

/// Feedback.
#[derive(Debug, Clone)]
pub struct FeedbackSheet {
    id: Option<IncidentId>,
    /// Which rating.
    pub at: Position,
    comment: Field,
}

impl FeedbackSheet {
    pub fn new(model: &Model) -> Self {
        let open = model.incidents.open.as_ref();
        let given = open.and_then(|open| open.page.as_ref()?.feedback.clone());
        let rating = given.as_ref().map_or(5, |given| given.rating);
        Self {
            id: open.map(|open| open.id),
            at: Position { selected: usize::try_from(rating - 1).unwrap_or(0).min(4), top: 0 },
            comment: Field::holding(given.as_ref().map_or("", |given| given.comment.as_str())),
        }
    }

    pub const fn field(&mut self) -> Option<&mut Field> {
        Some(&mut self.comment)
    }

    pub const fn len() -> usize {
        RATINGS.len()
    }

    pub fn keys() -> Vec<Key> {
        vec![Key::of(KeyCode::Enter, "give it", Intent::Submit)]
    }

    pub fn wish(&self, intent: Intent) -> Answer {
        match (intent, self.id) {
            (Intent::Submit, Some(id)) => {
                let rating = i32::try_from(self.at.selected).unwrap_or(0) + 1;
                Answer::Close(vec![Command::Judge(id, rating, self.comment.text().trim().to_owned())])
            }
            _ => Answer::Stay(Vec::new()),
        }
    }

    pub fn view(&self, drawing: &mut Drawing<'_>, area: Rect) {
        let inside = drawing.framed(middle(area, 60, 9), "Feedback", true);
        let selected = self.at.selected;
        let list = List { at: self.at, len: RATINGS.len(), height: 1 };
        drawing.list(Rect { height: 5, ..inside }, list, |n, _| {
            RATINGS
                .get(n)
                .map(|words| Line::raw(format!("{}{words}", choice(n == selected, true))))
                .into_iter()
                .collect()
        });
        let field = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
        drawing.field(field, " Comment", &self.comment, true, false);
    }
}
