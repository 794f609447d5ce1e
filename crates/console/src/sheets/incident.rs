//! Opening an incident: its subject, and that it may cost money, said before anything is sent (I1).

use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, MessageId};
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::Answer;
use crate::app::field::Field;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::widgets::drawing::{Drawing, middle};

/// What an incident is opened for.
#[derive(Debug, Clone)]
pub enum Reason {
    /// An alarm of a device.
    Alarm(DeviceId, AlarmId),
    /// A message that was not taken elsewhere.
    Message(IncidentId, MessageId, String),
}

/// A new incident.
#[derive(Debug, Clone)]
pub struct OpeningSheet {
    reason: Reason,
    subject: Field,
}

impl OpeningSheet {
    pub fn new(reason: Reason, subject: &str) -> Self {
        Self { reason, subject: Field::holding(subject) }
    }

    pub const fn field(&mut self) -> Option<&mut Field> {
        Some(&mut self.subject)
    }

    pub fn keys() -> Vec<Key> {
        vec![Key::of(KeyCode::Enter, "open it, costs accepted", Intent::Submit)]
    }

    pub fn wish(&self, intent: Intent) -> Answer {
        if intent != Intent::Submit {
            return Answer::Stay(Vec::new());
        }
        let subject = self.subject.text().trim().to_owned();
        Answer::Close(vec![match self.reason.clone() {
            Reason::Alarm(device, alarm) => Command::NewIncident(device, subject, vec![alarm]),
            Reason::Message(id, message, text) => Command::SendInNew(id, message, text, subject),
        }])
    }

    pub fn view(&self, drawing: &mut Drawing<'_>, area: Rect) {
        let look = drawing.look;
        let inside = drawing.framed(middle(area, 78, 6), "New incident", true);
        drawing.lines(
            inside,
            &[
                Line::styled(" An incident of the service bureau may cost money.", look.warning()),
                Line::styled(" Enter accepts that and opens it; Esc does not.", look.dim()),
            ],
        );
        let field = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
        drawing.field(field, " Subject", &self.subject, true, false);
    }
}
