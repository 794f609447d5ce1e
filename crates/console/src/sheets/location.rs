//! Which place narrows every screen (A5): typing finds it.

use onsite_wire::ids::LocationId;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Answer;
use crate::app::Model;
use crate::app::field::Field;
use crate::app::message::{Command, Intent};
use crate::app::position::Position;
use crate::widgets::drawing::{Drawing, List, middle};
use crate::widgets::row::spread;

/// What is typed, and where the person is among what it finds.
#[derive(Debug, Clone)]
pub struct LocationSheet {
    pub field: Field,
    pub at: Position,
}

/// A row: a place, or everywhere.
pub struct Found {
    pub id: Option<LocationId>,
    pub label: String,
    pub kind: String,
}

impl LocationSheet {
    pub fn new(model: &Model) -> Self {
        let mut sheet = Self { field: Field::default(), at: Position::default() };
        let chosen = sheet.found(model).iter().position(|found| found.id == model.location);
        sheet.at.selected = chosen.unwrap_or_default();
        sheet
    }

    /// The places that what is typed finds; all, when nothing is.
    pub fn found(&self, model: &Model) -> Vec<Found> {
        let typed = self.field.text().trim().to_lowercase();
        let everywhere = Found { id: None, label: "everywhere".to_owned(), kind: String::new() };
        let nodes = model.locations.iter().filter(|node| node.label.to_lowercase().contains(&typed));
        let places = nodes.map(|node| Found {
            id: Some(node.id),
            label: format!("{}{}", "  ".repeat(if typed.is_empty() { node.depth } else { 0 }), node.label),
            kind: node.kind.to_lowercase(),
        });
        typed.is_empty().then_some(everywhere).into_iter().chain(places).collect()
    }

    pub fn wish(&self, model: &Model, intent: Intent) -> Answer {
        match (intent, self.found(model).get(self.at.selected)) {
            (Intent::Submit | Intent::Tap(_), Some(found)) => Answer::Close(vec![Command::SetLocation(found.id)]),
            _ => Answer::Stay(Vec::new()),
        }
    }

    pub fn view(&self, model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
        let inside = drawing.framed(middle(area, 70, area.height), "Only this place, on every screen", true);
        drawing.field(Rect { height: 1, ..inside }, " Find", &self.field, true, false);
        let found = self.found(model);
        let look = drawing.look;
        let rows = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
        if found.is_empty() {
            drawing.lines(rows, &[Line::raw(" No place has this in its name.")]);
        }
        let list = List { at: self.at, len: found.len(), height: 1 };
        drawing.list(rows, list, |n, width| {
            let Some(found) = found.get(n) else { return Vec::new() };
            let style = if found.id == model.location { look.key() } else { ratatui::style::Style::new() };
            vec![spread(vec![(found.label.clone(), style)], vec![(found.kind.clone(), look.dim())], width)]
        });
    }
}
