//! The filter of the list (A4): kinds of choices at the left, their values with counts at the right. Each choice works at
//! once; the list beneath and all counts follow.

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::filter_values::{Pick, Section, Value, picked, values};
use super::{Answer, choice};
use crate::api::{AlarmFilter, SavedFilter};
use crate::app::Model;
use crate::app::field::Field;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::app::position::Position;
use crate::widgets::drawing::{Drawing, List, middle};
use crate::widgets::row::spread;
use crate::words;

/// Where the person is in the filter.
#[derive(Debug, Clone, Default)]
pub struct FilterSheet {
    sections: Position,
    values: Position,
    is_value: bool,
    /// What is being typed, and what for.
    typing: Option<(Pick, Field)>,
}

impl FilterSheet {
    fn section(&self) -> Section {
        Section::ALL.get(self.sections.selected).copied().unwrap_or(Section::Status)
    }

    pub const fn position(&mut self) -> &mut Position {
        if self.is_value { &mut self.values } else { &mut self.sections }
    }

    pub fn len(&self, model: &Model) -> usize {
        if self.is_value { values(model, self.section()).len() } else { Section::ALL.len() }
    }

    pub const fn field(&mut self) -> Option<&mut Field> {
        match &mut self.typing {
            Some((_, field)) => Some(field),
            None => None,
        }
    }

    pub fn keys(&self, model: &Model) -> Vec<Key> {
        if self.typing.is_some() {
            return vec![Key::of(KeyCode::Enter, "done", Intent::Submit)];
        }
        let mut keys = if self.is_value {
            vec![
                Key::of(KeyCode::Enter, "choose", Intent::Enter),
                Key::letter(' ', "choose", Intent::Choose),
                Key::of(KeyCode::Left, "back to the kinds", Intent::Previous),
            ]
        } else {
            vec![
                Key::of(KeyCode::Enter, "its values", Intent::Enter),
                Key::of(KeyCode::Right, "its values", Intent::Next),
            ]
        };
        let is_saved = matches!(self.value(model).map(|value| value.pick), Some(Pick::Saved(_)));
        if self.is_value && is_saved {
            keys.push(Key::letter('d', "forget it", Intent::DeleteSaved));
        }
        keys.push(Key::letter('c', "clear all", Intent::ClearFilter));
        keys
    }

    fn value(&self, model: &Model) -> Option<Value> {
        values(model, self.section()).into_iter().nth(self.values.selected)
    }

    pub fn wish(&mut self, model: &mut Model, intent: Intent) -> Answer {
        match intent {
            Intent::Submit => return self.typed(model),
            Intent::Enter | Intent::Choose if self.is_value => return self.choose(model),
            Intent::Tap(_) if self.is_value => return self.choose(model),
            Intent::Enter | Intent::Next | Intent::Tap(_) => self.enter_values(model),
            Intent::Previous => self.is_value = false,
            Intent::Part(n) if n >= Section::ALL.len() => {
                self.is_value = true;
                self.values.selected = n - Section::ALL.len();
                return self.choose(model);
            }
            Intent::Part(n) => {
                self.sections.selected = n;
                self.enter_values(model);
            }
            Intent::ClearFilter => {
                let filter = AlarmFilter { organization: model.organization, ..AlarmFilter::default() };
                return Answer::Stay(model.alarms.open(filter, model.alarms.sort));
            }
            Intent::DeleteSaved => {
                if let Some(Value { pick: Pick::Saved(name), .. }) = self.value(model) {
                    return Answer::Stay(vec![Command::DeleteFilter(name)]);
                }
            }
            _ => {}
        }
        Answer::Stay(Vec::new())
    }

    fn enter_values(&mut self, model: &Model) {
        self.is_value = true;
        let chosen = values(model, self.section()).iter().position(|value| value.is_chosen);
        self.values = Position { selected: chosen.unwrap_or_default(), top: 0 };
    }

    fn choose(&mut self, model: &mut Model) -> Answer {
        let Some(value) = self.value(model) else { return Answer::Stay(Vec::new()) };
        match value.pick {
            pick @ (Pick::From | Pick::To | Pick::Save) => {
                self.typing = Some((pick, Field::default()));
                Answer::Stay(Vec::new())
            }
            Pick::Saved(name) => match model.saved.iter().find(|saved| saved.name == name).cloned() {
                Some(saved) => Answer::Close(model.alarms.open(saved.filter, saved.sort)),
                None => Answer::Stay(Vec::new()),
            },
            pick => {
                let filter = picked(&model.alarms.filter, &pick, model.now());
                Answer::Stay(model.alarms.open(filter, model.alarms.sort))
            }
        }
    }

    /// What was typed is used; what cannot be read as a time stays to be changed.
    fn typed(&mut self, model: &mut Model) -> Answer {
        let Some((pick, field)) = self.typing.take() else { return Answer::Stay(Vec::new()) };
        let text = field.text().trim().to_owned();
        if pick == Pick::Save {
            if text.is_empty() {
                return Answer::Stay(Vec::new());
            }
            let saved = SavedFilter { name: text, filter: model.alarms.filter.clone(), sort: model.alarms.sort };
            return Answer::Stay(vec![Command::SaveFilter(Box::new(saved))]);
        }
        let at = model.setting.zone.read(&text, model.now(), false);
        if at.is_none() && !text.is_empty() {
            model.say("Type a time: 22:30, or 2026-12-24 06:00.");
            self.typing = Some((pick, field));
            return Answer::Stay(Vec::new());
        }
        let mut filter = model.alarms.filter.clone();
        if pick == Pick::From {
            filter.from = at
        } else {
            filter.to = at
        }
        Answer::Stay(model.alarms.open(filter, model.alarms.sort))
    }

    pub fn view(&self, model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
        let total = model.alarms.total.filter(|_| model.alarms.is_read);
        let leaves = total.map_or_else(|| "counting …".to_owned(), |total| words::counted(total, "alarm"));
        let inside = drawing.framed(middle(area, 84, area.height), &format!("Filter: leaves {leaves}"), true);
        let mut columns = inside;
        if let Some((pick, field)) = &self.typing {
            let label = match pick {
                Pick::Save => " Name",
                Pick::From => " From",
                _ => " Until",
            };
            columns.height = columns.height.saturating_sub(1);
            let line = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
            drawing.field(line, label, field, true, false);
        }
        let left = Rect { width: 18, ..columns };
        let right = Rect { x: columns.x + 18, width: columns.width.saturating_sub(18), ..columns };
        self.view_sections(model, drawing, left);
        self.view_values(model, drawing, right);
    }

    fn view_sections(&self, model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
        let look = drawing.look;
        let line = |n: usize| {
            let section = Section::ALL.get(n).copied().unwrap_or(Section::Status);
            let is_used = section.is_used(&model.alarms.filter);
            let mark = if is_used { "• " } else { "  " };
            let style = match (n == self.sections.selected, is_used) {
                (true, _) => look.key(),
                (false, true) => look.strong(),
                (false, false) => ratatui::style::Style::new(),
            };
            vec![Line::styled(format!("{mark}{}", section.label()), style)]
        };
        if self.is_value {
            for (n, y) in (0..Section::ALL.len()).zip(area.y..area.bottom()) {
                let row = Rect { x: area.x + 1, y, height: 1, width: area.width.saturating_sub(1) };
                drawing.lines(row, &line(n));
                if n == self.sections.selected {
                    drawing.lines(Rect { x: area.x, ..row }, &[Line::styled("›", look.key())]);
                }
                drawing.click(row, Intent::Part(n));
            }
        } else {
            drawing.list(area, List { at: self.sections, len: Section::ALL.len(), height: 1 }, |n, _| line(n));
        }
    }

    fn view_values(&self, model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
        let (look, section) = (drawing.look, self.section());
        let values = values(model, section);
        let line = |value: &Value, width: usize| {
            let is_asked = matches!(value.pick, Pick::From | Pick::To | Pick::Save | Pick::LastHours(_));
            let mark = if is_asked && !value.is_chosen { "    " } else { choice(value.is_chosen, !section.is_many()) };
            let count = value.count.map_or_else(String::new, |count| count.to_string());
            let style = if value.is_chosen { look.strong() } else { ratatui::style::Style::new() };
            spread(vec![(format!("{mark}{}", value.label), style)], vec![(count, look.dim())], width)
        };
        if self.is_value {
            drawing.list(area, List { at: self.values, len: values.len(), height: 1 }, |n, width| {
                values.get(n).map(|value| line(value, width)).into_iter().collect()
            });
            return;
        }
        for (n, (value, y)) in values.iter().zip(area.y..area.bottom()).enumerate() {
            let row = Rect { x: area.x + 1, y, height: 1, width: area.width.saturating_sub(1) };
            drawing.lines(row, &[line(value, usize::from(row.width))]);
            drawing.click(row, Intent::Part(Section::ALL.len() + n));
        }
    }
}
