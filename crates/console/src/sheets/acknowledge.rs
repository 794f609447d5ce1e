//! Who becomes responsible (A7): oneself unless another is chosen, with a note if there is one to make. The same list hands
//! all of mine over to a colleague.

use onsite_wire::ids::{ActionId, OrganizationId};
use onsite_wire::rest::AssigneeKind;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::{Answer, choice};
use crate::api::{AcknowledgedBy, AssigneeChoice, Chosen, Deed, OwnAction};
use crate::app::Model;
use crate::app::alarm_list::Choice;
use crate::app::field::Field;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::app::position::Position;
use crate::widgets::drawing::{Drawing, List, middle};
use crate::widgets::row::spread;
use crate::words;

/// The alarms that a sheet is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Which.
    pub chosen: Chosen,
    /// How they are named.
    pub label: String,
    /// How many.
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    Acknowledge(Box<Target>),
    /// Instead of an action that had no effect.
    Instead(ActionId, Box<Target>),
    HandOver(OrganizationId),
}

/// What is asked, and what was answered so far.
#[derive(Debug, Clone)]
pub struct AcknowledgeSheet {
    purpose: Purpose,
    /// Who is responsible now.
    standing: Option<AcknowledgedBy>,
    /// Who can be.
    pub choices: Vec<AssigneeChoice>,
    is_read: bool,
    /// The one that is selected becomes responsible.
    pub at: Position,
    note: Field,
    /// What stands in the note until the person types.
    offered: String,
    is_note: bool,
}

impl AcknowledgeSheet {
    /// For alarms; who can be chosen comes with [`AcknowledgeSheet::take`].
    pub fn new(target: Target, standing: Option<AcknowledgedBy>) -> Self {
        Self {
            purpose: Purpose::Acknowledge(Box::new(target)),
            standing,
            choices: Vec::new(),
            is_read: false,
            at: Position::default(),
            note: Field::default(),
            offered: String::new(),
            is_note: false,
        }
    }

    /// Instead of a parked action, with its note.
    pub fn instead_of(action: &OwnAction, target: Target) -> Self {
        let note = action.body.get("note").and_then(serde_json::Value::as_str).unwrap_or_default();
        Self {
            purpose: Purpose::Instead(action.id, Box::new(target.clone())),
            note: Field::holding(note),
            ..Self::new(target, None)
        }
    }

    /// For all of mine in an organization.
    pub fn to_hand_over(organization: OrganizationId, choices: Vec<AssigneeChoice>) -> Self {
        Self {
            purpose: Purpose::HandOver(organization),
            standing: None,
            choices,
            is_read: true,
            at: Position::default(),
            note: Field::default(),
            offered: String::new(),
            is_note: false,
        }
    }

    /// Who can be made responsible: oneself, unless another is chosen.
    pub fn take(&mut self, choices: Vec<AssigneeChoice>) {
        self.at.selected = choices.iter().position(|choice| choice.me).unwrap_or_default();
        self.choices = choices;
        self.is_read = true;
        self.moved();
    }

    /// Another one is selected. Who is responsible keeps the note that is there; to another it does not go along.
    pub fn moved(&mut self) {
        if self.note.text() == self.offered {
            let standing = self.standing.as_ref().filter(|_| self.is_unchanged_person());
            self.offered = standing.map_or_else(String::new, |standing| standing.note.clone());
            self.note = Field::holding(&self.offered);
        }
    }

    /// The selected one is responsible already.
    fn is_unchanged_person(&self) -> bool {
        let selected = self.choices.get(self.at.selected).map(|choice| choice.assignee.id);
        selected.is_some() && selected == self.standing.as_ref().map(|standing| standing.id)
    }

    pub const fn field(&mut self) -> Option<&mut Field> {
        if self.is_note { Some(&mut self.note) } else { None }
    }

    pub fn keys(&self) -> Vec<Key> {
        let is_me = self.choices.get(self.at.selected).is_some_and(|choice| choice.me);
        let does = match (&self.purpose, self.standing.is_some()) {
            (Purpose::HandOver(_), _) => "hand over",
            (Purpose::Acknowledge(_) | Purpose::Instead(..), false) => "acknowledge",
            (Purpose::Acknowledge(_) | Purpose::Instead(..), true) if self.is_unchanged_person() => "change the note",
            (Purpose::Acknowledge(_) | Purpose::Instead(..), true) if is_me => "take over",
            (Purpose::Acknowledge(_) | Purpose::Instead(..), true) => "reassign",
        };
        let mut keys = Vec::new();
        if !self.choices.is_empty() {
            keys.push(Key::of(KeyCode::Enter, does, Intent::Submit));
        }
        if !matches!(self.purpose, Purpose::HandOver(_)) {
            keys.push(Key::of(KeyCode::Tab, if self.is_note { "person" } else { "note" }, Intent::Next));
        }
        keys
    }

    pub fn wish(&mut self, model: &mut Model, intent: Intent) -> Answer {
        match intent {
            Intent::Submit => return self.submit(model),
            Intent::Next | Intent::Previous => self.is_note = !self.is_note,
            Intent::Part(part) => self.is_note = part == 1,
            Intent::Tap(_) => {
                self.is_note = false;
                self.moved();
            }
            _ => {}
        }
        Answer::Stay(Vec::new())
    }

    fn submit(&self, model: &mut Model) -> Answer {
        let Some(choice) = self.choices.get(self.at.selected) else { return Answer::Stay(Vec::new()) };
        let to = choice.assignee.clone();
        if self.is_unchanged_person() && self.note.text() == self.offered {
            model.say("Nothing was changed.");
            return Answer::Close(Vec::new());
        }
        model.alarms.choice = Choice::None;
        Answer::Close(vec![match &self.purpose {
            Purpose::Acknowledge(target) => {
                Command::Acknowledge(target.chosen.clone(), to, self.note.text().trim().to_owned())
            }
            Purpose::Instead(action, _) => {
                let note = self.note.text().trim().to_owned();
                Command::Change(*action, Box::new(Deed::Acknowledge { assignee: to, note }))
            }
            Purpose::HandOver(organization) => Command::HandOver(*organization, to),
        }])
    }

    pub fn view(&self, model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
        let title = match &self.purpose {
            Purpose::Acknowledge(target) | Purpose::Instead(_, target) => {
                format!("Who is responsible: {}", target.label)
            }
            Purpose::HandOver(_) => "Hand all of mine over to".to_owned(),
        };
        let has_note = !matches!(self.purpose, Purpose::HandOver(_));
        let lines = self.choices.len().max(1) + usize::from(self.standing.is_some()) + if has_note { 2 } else { 0 };
        let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2);
        let mut inside = drawing.framed(middle(area, 78, height), &title, true);
        if let Some(standing) = &self.standing {
            let now = words::acknowledged(standing, &model.setting.zone, model.now());
            let line = words::cut(&format!(" Now {now}"), usize::from(inside.width));
            drawing.lines(inside, &[Line::styled(line, drawing.look.dim())]);
            inside = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
        }
        if has_note {
            let field = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
            drawing.field(field, " Note", &self.note, self.is_note, false);
            drawing.click(field, Intent::Part(1));
            inside.height = inside.height.saturating_sub(2);
        }
        self.view_choices(drawing, inside);
    }

    fn view_choices(&self, drawing: &mut Drawing<'_>, area: Rect) {
        if self.choices.is_empty() {
            let words = if self.is_read { " Nobody is known here yet." } else { " …" };
            drawing.lines(area, &[Line::raw(words)]);
        }
        let (look, selected) = (drawing.look, self.at.selected);
        let list = List { at: self.at, len: self.choices.len(), height: 1 };
        drawing.list(area, list, |n, width| {
            let Some(who) = self.choices.get(n) else { return Vec::new() };
            let (style, hint) = match (who.can_see, who.me, who.assignee.kind) {
                (false, ..) => (look.dim(), "may not see this alarm"),
                (true, true, _) => (look.strong(), "me"),
                (true, false, AssigneeKind::Partner) => (Style::new(), "partner"),
                (true, false, AssigneeKind::Person) => (Style::new(), ""),
            };
            let name = format!("{}{}", choice(n == selected, true), who.assignee.name);
            vec![spread(vec![(name, style)], vec![(hint.to_owned(), look.dim())], width)]
        });
    }
}
