//! Sheets: what slides over a screen to ask something. One file each: what it holds, what keys do in it, how it is drawn.

mod acknowledge;
mod decide;
mod feedback;
mod filter;
mod filter_values;
mod incident;
mod keys;
mod location;
mod mute;
mod photo;
mod report;
mod sign_in;
mod sign_out;

use onsite_wire::ids::{ActionId, IncidentId};
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

pub use acknowledge::{AcknowledgeSheet, Target};
pub use decide::DecideSheet;
pub use feedback::FeedbackSheet;
pub use filter::FilterSheet;
pub use filter_values::in_words;
pub use incident::{OpeningSheet, Reason};
pub use location::LocationSheet;
pub use mute::{MuteSheet, MuteTarget};
pub use photo::PhotoSheet;
pub use report::ReportSheet;
pub use sign_in::SignInSheet;

use crate::app::Model;
use crate::app::field::Field;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::app::position::Position;
use crate::widgets::drawing::Drawing;

/// What lies over the screen.
#[derive(Debug, Clone)]
pub enum Sheet {
    /// All keys.
    Keys,
    /// The filter of the list.
    Filter(FilterSheet),
    /// Who becomes responsible.
    Acknowledge(AcknowledgeSheet),
    /// Until when, and why.
    Mute(MuteSheet),
    /// What to do about a parked action.
    Decide(DecideSheet),
    /// Which place narrows every screen.
    Location(LocationSheet),
    /// E-mail and password.
    SignIn(SignInSheet),
    /// Whether to sign out.
    SignOut,
    /// A text to be read.
    Report(ReportSheet),
    /// A new incident.
    Opening(OpeningSheet),
    /// What somebody thought of one.
    Feedback(FeedbackSheet),
    /// A photo for the chat.
    Photo(PhotoSheet),
}

/// What a sheet makes of a wish.
pub enum Answer {
    /// It stays.
    Stay(Vec<Command>),
    /// It closes.
    Close(Vec<Command>),
}

impl Sheet {
    /// The filter of the list.
    pub fn filter() -> Self {
        Self::Filter(FilterSheet::default())
    }

    /// What to do about a parked action.
    pub const fn decide(action: ActionId) -> Self {
        Self::Decide(DecideSheet { action })
    }

    /// Which place narrows every screen.
    pub fn location(model: &Model) -> Self {
        Self::Location(LocationSheet::new(model))
    }

    /// E-mail and password.
    pub fn sign_in() -> Self {
        Self::SignIn(SignInSheet::default())
    }

    /// A new incident, under this subject.
    pub fn opening(reason: Reason, subject: &str) -> Self {
        Self::Opening(OpeningSheet::new(reason, subject))
    }

    /// What somebody thought of the open incident.
    pub fn feedback(model: &Model) -> Self {
        Self::Feedback(FeedbackSheet::new(model))
    }

    /// A photo for the chat of this incident.
    pub fn photo(id: IncidentId) -> Self {
        Self::Photo(PhotoSheet::new(id))
    }

    /// A text to be read.
    pub const fn report(title: String, lines: Vec<String>) -> Self {
        Self::Report(ReportSheet::new(title, lines))
    }

    /// The list in which the arrow keys move.
    pub const fn position(&mut self) -> Option<&mut Position> {
        match self {
            Self::Filter(sheet) => Some(sheet.position()),
            Self::Acknowledge(sheet) => Some(&mut sheet.at),
            Self::Mute(sheet) => sheet.position(),
            Self::Location(sheet) => Some(&mut sheet.at),
            Self::Report(sheet) => Some(&mut sheet.at),
            Self::Feedback(sheet) => Some(&mut sheet.at),
            Self::Keys | Self::Decide(_) | Self::SignIn(_) | Self::SignOut | Self::Opening(_) | Self::Photo(_) => None,
        }
    }

    /// How many rows that list has.
    pub fn len(&self, model: &Model) -> usize {
        match self {
            Self::Filter(sheet) => sheet.len(model),
            Self::Acknowledge(sheet) => sheet.choices.len(),
            Self::Mute(sheet) => sheet.len(),
            Self::Location(sheet) => sheet.found(model).len(),
            Self::Report(sheet) => sheet.len(),
            Self::Feedback(_) => FeedbackSheet::len(),
            Self::Keys | Self::Decide(_) | Self::SignIn(_) | Self::SignOut | Self::Opening(_) | Self::Photo(_) => 0,
        }
    }

    /// The field in which something is typed now.
    pub const fn field(&mut self) -> Option<&mut Field> {
        match self {
            Self::Filter(sheet) => sheet.field(),
            Self::Acknowledge(sheet) => sheet.field(),
            Self::Mute(sheet) => sheet.field(),
            Self::Location(sheet) => Some(&mut sheet.field),
            Self::SignIn(sheet) => Some(sheet.field()),
            Self::Opening(sheet) => sheet.field(),
            Self::Feedback(sheet) => sheet.field(),
            Self::Photo(sheet) => sheet.field(),
            Self::Keys | Self::Decide(_) | Self::Report(_) | Self::SignOut => None,
        }
    }

    /// The keys that work in it.
    pub fn keys(&self, model: &Model) -> Vec<Key> {
        let mut keys = match self {
            Self::Keys | Self::Report(_) => Vec::new(),
            Self::Filter(sheet) => sheet.keys(model),
            Self::Acknowledge(sheet) => sheet.keys(),
            Self::Mute(sheet) => sheet.keys(),
            Self::Decide(sheet) => sheet.keys(model),
            Self::Location(_) => vec![Key::of(KeyCode::Enter, "only this place", Intent::Submit)],
            Self::SignIn(sheet) => sheet.keys(),
            Self::SignOut => sign_out::keys(),
            Self::Opening(_) => OpeningSheet::keys(),
            Self::Feedback(_) => FeedbackSheet::keys(),
            Self::Photo(_) => PhotoSheet::keys(),
        };
        keys.push(Key::of(KeyCode::Esc, "close", Intent::Back));
        keys
    }

    fn wish(&mut self, model: &mut Model, intent: Intent) -> Answer {
        match self {
            Self::Keys | Self::Report(_) => Answer::Stay(Vec::new()),
            Self::Filter(sheet) => sheet.wish(model, intent),
            Self::Acknowledge(sheet) => sheet.wish(model, intent),
            Self::Mute(sheet) => sheet.wish(model, intent),
            Self::Decide(sheet) => sheet.wish(model, intent),
            Self::Location(sheet) => sheet.wish(model, intent),
            Self::SignIn(sheet) => sheet.wish(intent),
            Self::SignOut => sign_out::wish(model, intent),
            Self::Opening(sheet) => sheet.wish(intent),
            Self::Feedback(sheet) => sheet.wish(intent),
            Self::Photo(sheet) => sheet.wish(intent),
        }
    }

    fn view(&self, model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
        match self {
            Self::Keys => keys::view(model, drawing, area),
            Self::Filter(sheet) => sheet.view(model, drawing, area),
            Self::Acknowledge(sheet) => sheet.view(model, drawing, area),
            Self::Mute(sheet) => sheet.view(model, drawing, area),
            Self::Decide(sheet) => sheet.view(model, drawing, area),
            Self::Location(sheet) => sheet.view(model, drawing, area),
            Self::SignIn(sheet) => sheet.view(drawing, area),
            Self::SignOut => sign_out::view(model, drawing, area),
            Self::Report(sheet) => sheet.view(drawing, area),
            Self::Opening(sheet) => sheet.view(drawing, area),
            Self::Feedback(sheet) => sheet.view(drawing, area),
            Self::Photo(sheet) => sheet.view(drawing, area),
        }
    }
}

/// Lets the sheet in front do what a person wants; `None`: there is none, or it is about moving in its list.
pub fn wish(model: &mut Model, intent: Intent) -> Option<Vec<Command>> {
    let mut sheet = model.sheet.take()?;
    match intent {
        Intent::Back => return Some(Vec::new()),
        // Another screen comes to the front, so the sheet goes.
        Intent::OpenSubject => return None,
        Intent::Move(_) | Intent::Page(_) | Intent::First | Intent::Last => {
            model.sheet = Some(sheet);
            return None;
        }
        Intent::Tap(row) => {
            if let Some(at) = sheet.position() {
                at.selected = row;
            }
        }
        _ => {}
    }
    Some(match sheet.wish(model, intent) {
        Answer::Stay(commands) => {
            // Unless it opened another one.
            model.sheet.get_or_insert(sheet);
            commands
        }
        Answer::Close(commands) => commands,
    })
}

/// What is typed in the sheet's field changed.
pub fn typed(model: &mut Model) {
    if let Some(Sheet::Location(sheet)) = &mut model.sheet {
        sheet.at = Position::default();
    }
}

/// The selection in the sheet's list moved.
pub fn moved(model: &mut Model) {
    if let Some(Sheet::Acknowledge(sheet)) = &mut model.sheet {
        sheet.moved();
    }
}

/// Draws the sheet in front.
pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    if let Some(sheet) = &model.sheet {
        drawing.cover();
        sheet.view(model, drawing, area);
    }
}

/// A choice in a list: `(•) words` or `( ) words`, `[x]` where several can be chosen.
fn choice(is_chosen: bool, is_one_of: bool) -> &'static str {
    match (is_chosen, is_one_of) {
        (true, true) => "(•) ",
        (false, true) => "( ) ",
        (true, false) => "[x] ",
        (false, false) => "[ ] ",
    }
}

/// Lines of plain text.
fn text(lines: &[String]) -> Vec<Line<'static>> {
    lines.iter().map(|line| Line::raw(line.clone())).collect()
}
