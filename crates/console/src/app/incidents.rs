//! Incidents as far as the console holds them: the list, and the open one with its chat.

use std::collections::HashMap;

use onsite_wire::ids::{DeviceId, IncidentId, MessageId};
use onsite_wire::onsite::{IncidentState, PhotoState, PhotoType};
use ratatui::text::Line;

use super::field::Field;
use super::message::{Command, Intent};
use super::position::Position;
use super::{Model, Screen};
use crate::api::{Batch, ChatRow, Delivery, IncidentCounts, IncidentFilter, IncidentPage, IncidentRow};
use crate::sheets::Sheet;
use crate::snapshot::half_blocks;

/// The incidents.
#[derive(Debug, Clone, Default)]
pub struct Incidents {
    /// The number of the list's window: what an older one says is not taken.
    pub window: u64,
    /// The tab of solved ones is shown, not the active one.
    pub is_solved: bool,
    /// Of this device only.
    pub device: Option<DeviceId>,
    /// The rows.
    pub rows: Vec<IncidentRow>,
    /// The rows are this window's.
    pub is_read: bool,
    /// How many there are in each state.
    pub counts: Option<IncidentCounts>,
    /// Where the person is.
    pub at: Position,
    /// The open one.
    pub open: Option<OpenIncident>,
    /// How many are under way, and how many messages in them are unread.
    pub under_way: Option<(u64, i64)>,
}

/// The incident that is open.
#[derive(Debug, Clone)]
pub struct OpenIncident {
    /// Which.
    pub id: IncidentId,
    /// All that is known of it.
    pub page: Option<IncidentPage>,
    /// Its chat, newest first.
    pub rows: Vec<ChatRow>,
    /// The store has older ones.
    pub has_more: bool,
    /// How many lines of the chat lie below the screen.
    pub from_end: usize,
    /// What is being written, while it is.
    pub writing: Option<Field>,
    /// Previews of photos, drawn.
    pub pictures: HashMap<MessageId, Vec<Line<'static>>>,
}

impl OpenIncident {
    /// The oldest message of one's own that was not taken.
    pub fn parked(&self) -> Option<&ChatRow> {
        self.rows.iter().rev().find(|row| matches!(row.delivery, Some(Delivery::Parked(_))))
    }

    /// The message of the newest photo that is there, and a name for its file.
    pub fn newest_photo(&self) -> Option<(MessageId, String)> {
        let there = |row: &&ChatRow| row.photo.as_ref().is_some_and(|photo| photo.state == PhotoState::There);
        let row = self.rows.iter().find(there)?;
        let is_png = row.photo.as_ref().is_some_and(|photo| photo.facts.kind == PhotoType::Png);
        let (id, ending) = (row.id.to_string(), if is_png { "png" } else { "jpg" });
        let name = id.rsplit('-').next().unwrap_or_default();
        Some((row.id, format!("onsite-photo-{name}.{ending}")))
    }

    /// The number of the newest message.
    fn newest(&self) -> Option<i64> {
        self.rows.iter().find_map(|row| row.number)
    }
}

impl Incidents {
    /// Which incidents the list shows.
    pub fn filter(&self, model_organization: Option<onsite_wire::ids::OrganizationId>) -> IncidentFilter {
        let tab = if self.is_solved { IncidentFilter::solved() } else { IncidentFilter::active() };
        IncidentFilter { organization: model_organization, device: self.device, ..tab }
    }
}

/// Shows the list anew.
pub fn reopen(model: &mut Model) -> Vec<Command> {
    let organization = model.organization;
    let incidents = &mut model.incidents;
    incidents.window += 1;
    incidents.is_read = false;
    vec![Command::OpenIncidents(incidents.window, Box::new(incidents.filter(organization)))]
}

/// Goes to the list; of one device, or of all.
pub fn list(model: &mut Model, device: Option<DeviceId>) -> Vec<Command> {
    model.go(Screen::Incidents);
    model.incidents.device = device;
    model.incidents.is_solved = false;
    reopen(model)
}

/// Opens one with its chat.
pub fn open(model: &mut Model, id: IncidentId) -> Vec<Command> {
    model.go(Screen::Incident);
    model.incidents.open = Some(OpenIncident {
        id,
        page: None,
        rows: Vec::new(),
        has_more: false,
        from_end: 0,
        writing: None,
        pictures: HashMap::new(),
    });
    vec![Command::OpenIncident(id)]
}

/// Takes what the list's window says.
pub fn take_rows(model: &mut Model, window: u64, batch: &Batch<IncidentRow, IncidentCounts>) {
    let incidents = &mut model.incidents;
    if window != incidents.window {
        return;
    }
    batch.rows.apply(&mut incidents.rows);
    incidents.counts = batch.counts.as_deref().copied();
    if !incidents.is_read {
        incidents.is_read = true;
        incidents.at = Position::default();
    }
    incidents.at.keep_inside(incidents.rows.len());
}

/// Takes what the chat's window says. What is on the screen is read.
pub fn take_chat(model: &mut Model, id: IncidentId, batch: &Batch<ChatRow, ()>) -> Vec<Command> {
    let Some(open) = model.incidents.open.as_mut().filter(|open| open.id == id) else { return Vec::new() };
    let before = open.newest();
    batch.rows.apply(&mut open.rows);
    open.has_more = batch.has_more;
    for row in &open.rows {
        if let Some(preview) = row.photo.as_ref().and_then(|photo| photo.facts.preview.as_ref()) {
            open.pictures.entry(row.id).or_insert_with(|| half_blocks(preview));
        }
    }
    match open.newest() {
        Some(number) if open.from_end == 0 && before != Some(number) => vec![Command::ReadUpTo(id, number)],
        _ => Vec::new(),
    }
}

/// Takes the page of the open one. What was begun to be written comes back.
pub fn take_page(model: &mut Model, page: IncidentPage) {
    if let Some(open) = model.incidents.open.as_mut().filter(|open| open.id == page.row.id) {
        if open.page.is_none() && !page.draft.is_empty() {
            open.writing = Some(Field::holding(&page.draft));
        }
        open.page = Some(page);
    }
}

/// Scrolls the chat; upwards there may be more.
pub fn scroll(model: &mut Model, by: isize) -> Vec<Command> {
    let Some(open) = &mut model.incidents.open else { return Vec::new() };
    let most = open.rows.len().saturating_mul(3);
    open.from_end = open.from_end.saturating_add_signed(by.saturating_neg()).min(most);
    if by < 0 && open.has_more && open.from_end + 40 > open.rows.len() {
        vec![Command::MoreChat(100)]
    } else {
        Vec::new()
    }
}

/// Leaves the open one; what was begun to be written is kept.
pub fn left(model: &mut Model) -> Vec<Command> {
    let Some(open) = model.incidents.open.take() else { return Vec::new() };
    let mut commands = vec![Command::CloseIncident];
    if let Some(field) = open.writing {
        commands.push(Command::KeepDraft(open.id, field.text().to_owned()));
    }
    commands
}

/// Does what a person wants with the open incident.
pub fn wish(model: &mut Model, intent: Intent) -> Vec<Command> {
    let Some(open) = &mut model.incidents.open else { return Vec::new() };
    let id = open.id;
    match intent {
        Intent::WriteLine => {
            open.writing.get_or_insert_with(Field::default);
            Vec::new()
        }
        Intent::Submit => {
            let Some(field) = open.writing.take() else { return Vec::new() };
            open.from_end = 0;
            vec![Command::Write(id, field.text().trim().to_owned())]
        }
        Intent::AttachPhoto => {
            model.sheet = Some(Sheet::photo(id));
            Vec::new()
        }
        Intent::SavePhoto => {
            open.newest_photo().map(|(row, name)| Command::SavePhoto(id, row, name.into())).into_iter().collect()
        }
        Intent::Solve => vec![Command::Solve(id)],
        Intent::Reopen => match open.parked() {
            Some(row) => vec![Command::ReopenAndSend(id, row.id, row.text.clone())],
            None => vec![Command::Reopen(id)],
        },
        Intent::FillGap => vec![Command::FillChat(id)],
        Intent::Discard => open.parked().map(|row| discard(row.id)).into_iter().collect(),
        Intent::Feedback => {
            model.sheet = Some(Sheet::feedback(model));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

const fn discard(id: MessageId) -> Command {
    Command::Discard(onsite_wire::ids::ActionId(id.0))
}

/// Whether the gap before the oldest of these messages, or between them, can be filled.
pub fn has_gap(open: &OpenIncident) -> bool {
    open.page.as_ref().is_some_and(|page| page.missing > 0) || open.rows.iter().any(|row| row.missing_before > 0)
}

/// A state as people say it.
pub const fn state_words(state: IncidentState) -> &'static str {
    match state {
        IncidentState::New => "new",
        IncidentState::Open => "in progress",
        IncidentState::Pending => "pending",
        IncidentState::Solved => "solved",
        IncidentState::Closed => "closed",
    }
}
