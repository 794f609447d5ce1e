//! The screens: each is a function of the model, and says which keys work on it. Around each stands the same frame: where
//! one is, how old the data is, what narrows the view, what waits; below it a line of words and the keys.

pub mod actions;
pub mod alarm;
pub mod alarms;
pub mod diagnostics;
pub mod duty;
mod frame;
pub mod home;
pub mod incident;
pub mod incidents;
pub mod notice_settings;
pub mod notices;
pub mod organizations;
pub mod readiness;
pub mod settings;

use ratatui::buffer::Buffer;
use ratatui::text::Line;

use crate::app::keys::Key;
use crate::app::{Model, Screen};
use crate::sheets;
use crate::widgets::drawing::{Drawing, Drawn};

/// Columns and lines that the screens need.
const LEAST: (u16, u16) = (60, 20);

/// Draws everything.
pub fn draw(model: &Model, buffer: &mut Buffer) -> Drawn {
    let mut drawing = Drawing::new(buffer, model.setting.look);
    if drawing.area().width < LEAST.0 || drawing.area().height < LEAST.1 {
        let words = format!("Make the window larger: {} × {}", LEAST.0, LEAST.1);
        drawing.lines(drawing.area(), &[Line::raw(words)]);
        return drawing.done();
    }
    let body = frame::body(model, drawing.area());
    match model.screen {
        Screen::Home => home::view(model, &mut drawing, body),
        Screen::Organizations => organizations::view(model, &mut drawing, body),
        Screen::Alarms => alarms::view(model, &mut drawing, body),
        Screen::Alarm => alarm::view(model, &mut drawing, body),
        Screen::Incidents => incidents::view(model, &mut drawing, body),
        Screen::Incident => incident::view(model, &mut drawing, body),
        Screen::Actions => actions::view(model, &mut drawing, body),
        Screen::Settings => settings::view(model, &mut drawing, body),
        Screen::Diagnostics => diagnostics::view(model, &mut drawing, body),
        Screen::Duty => duty::view(model, &mut drawing, body),
        Screen::Notices => notices::view(model, &mut drawing, body),
        Screen::Readiness => readiness::view(model, &mut drawing, body),
        Screen::NoticeSettings => notice_settings::view(model, &mut drawing, body),
    }
    sheets::view(model, &mut drawing, body);
    frame::view(model, &mut drawing);
    drawing.done()
}

/// The keys of the screen itself.
pub fn keys(model: &Model) -> Vec<Key> {
    match model.screen {
        Screen::Home => home::keys(model),
        Screen::Organizations => organizations::keys(),
        Screen::Alarms => alarms::keys(model),
        Screen::Alarm => alarm::keys(model),
        Screen::Incidents => incidents::keys(model),
        Screen::Incident => incident::keys(model),
        Screen::Actions => actions::keys(model),
        Screen::Settings => settings::keys(),
        Screen::Diagnostics => diagnostics::keys(),
        Screen::Duty => duty::keys(),
        Screen::Notices => notices::keys(model),
        Screen::Readiness => readiness::keys(),
        Screen::NoticeSettings => notice_settings::keys(),
    }
}

/// How many rows the screen's list has.
pub fn len(model: &Model) -> usize {
    match model.screen {
        Screen::Home => home::len(model),
        Screen::Organizations => model.organizations.len() + 1,
        Screen::Alarms => model.alarms.rows.len(),
        Screen::Alarm | Screen::Incident => 0,
        Screen::Incidents => model.incidents.rows.len(),
        Screen::Actions => model.actions.len(),
        Screen::Settings => settings::len(model),
        Screen::Diagnostics => model.journal.len(),
        Screen::Duty => model.duty.as_ref().map_or(0, |duty| duty.sites.len()),
        Screen::Notices => model.notices.rows.len(),
        Screen::Readiness => readiness::len(model),
        Screen::NoticeSettings => crate::app::notices::Choice::ALL.len(),
    }
}
