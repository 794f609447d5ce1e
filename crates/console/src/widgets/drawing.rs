//! A screen being drawn: cells, and what a click on them means.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::look::Look;
use crate::app::field::Field;
use crate::app::message::Intent;
use crate::app::position::Position;
use crate::words;

/// A screen being drawn.
pub struct Drawing<'a> {
    buffer: &'a mut Buffer,
    /// With colours or without.
    pub look: Look,
    drawn: Drawn,
}

/// What is known after drawing.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// What a click means; a later area lies over an earlier one.
    pub clicks: Vec<(Rect, Intent)>,
    /// The first row on the screen of the list in front.
    pub top: usize,
    /// How many of its rows are on the screen.
    pub rows: usize,
}

impl Drawn {
    /// What a click at this cell means.
    pub fn meaning(&self, column: u16, row: u16) -> Option<Intent> {
        let hit = self.clicks.iter().rev().find(|(area, _)| area.contains((column, row).into()));
        hit.map(|(_, intent)| *intent)
    }
}

/// A list to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Where the person is in it.
    pub at: Position,
    /// How many rows it has.
    pub len: usize,
    /// How many lines each row takes.
    pub height: u16,
}

impl<'a> Drawing<'a> {
    /// Begins a screen.
    pub fn new(buffer: &'a mut Buffer, look: Look) -> Self {
        Self { buffer, look, drawn: Drawn::default() }
    }

    /// Ends it.
    pub fn done(self) -> Drawn {
        self.drawn
    }

    /// Whatever comes from now on lies over what was drawn: that can no longer be clicked.
    pub fn cover(&mut self) {
        self.drawn = Drawn::default();
    }

    /// All of the screen.
    pub const fn area(&self) -> Rect {
        self.buffer.area
    }

    /// The part of an area that there is.
    fn on_screen(&self, area: Rect) -> Rect {
        area.intersection(self.buffer.area)
    }

    /// Lines from the top of an area; those that do not fit are left out.
    pub fn lines(&mut self, area: Rect, lines: &[Line<'_>]) {
        let area = self.on_screen(area);
        for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
            self.buffer.set_line(area.x, y, line, area.width);
        }
    }

    /// A style over what is there.
    pub fn style(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(self.on_screen(area), style);
    }

    /// A click in the area means this.
    pub fn click(&mut self, area: Rect, intent: Intent) {
        self.drawn.clicks.push((area, intent));
    }

    /// A frame with a title; the area inside it.
    pub fn framed(&mut self, area: Rect, title: &str, is_strong: bool) -> Rect {
        let area = self.on_screen(area);
        Clear.render(area, self.buffer);
        let style = if is_strong { self.look.key() } else { self.look.dim() };
        let title = words::cut(title, usize::from(area.width.saturating_sub(6)));
        let block = Block::bordered()
            .border_type(if is_strong { BorderType::Thick } else { BorderType::Plain })
            .border_style(style)
            .title(Line::styled(format!(" {title} "), self.look.strong()));
        let inside = block.inner(area);
        block.render(area, self.buffer);
        inside
    }

    /// A column of lines from this one on, or from the last one from which all of the area is filled.
    pub fn scrolled(&mut self, area: Rect, lines: &[Line<'_>], first: usize) {
        let visible = usize::from(area.height);
        let top = first.min(lines.len().saturating_sub(visible));
        (self.drawn.top, self.drawn.rows) = (top, visible);
        self.lines(Rect { width: area.width.saturating_sub(1), ..area }, lines.get(top..).unwrap_or_default());
        if lines.len() > visible {
            self.bar(self.on_screen(area), top, visible, lines.len());
        }
    }

    /// A list: the selected row is marked, each row can be clicked, and at the right a bar shows where in the list one is.
    pub fn list(&mut self, area: Rect, list: List, row: impl Fn(usize, usize) -> Vec<Line<'static>>) {
        let area = self.on_screen(area);
        let visible = usize::from(area.height / list.height.max(1));
        if visible == 0 || area.width < 2 {
            return;
        }
        let top = list.at.top_within(visible, list.len);
        (self.drawn.top, self.drawn.rows) = (top, visible);
        let has_bar = list.len > visible;
        let width = area.width.saturating_sub(1 + u16::from(has_bar));
        for (place, number) in (top..list.len.min(top + visible)).enumerate() {
            let y = area.y + u16::try_from(place).unwrap_or_default() * list.height;
            let cells = Rect { x: area.x, y, width: width + 1, height: list.height };
            let text = Rect { x: area.x + 1, width, ..cells };
            self.lines(text, &row(number, usize::from(width)));
            if number == list.at.selected {
                self.style(cells, self.look.here());
                self.buffer.set_string(area.x, y, "▸", self.look.key().patch(self.look.here()));
            }
            self.click(cells, Intent::Tap(number));
        }
        if has_bar {
            self.bar(area, top, visible, list.len);
        }
    }

    fn bar(&mut self, area: Rect, top: usize, visible: usize, len: usize) {
        let height = usize::from(area.height);
        let size = (height * visible / len).max(1);
        let first = (height - size) * top / len.saturating_sub(visible).max(1);
        for line in 0..height {
            let sign = if (first..first + size).contains(&line) { border::THICK.vertical_right } else { "│" };
            let y = area.y + u16::try_from(line).unwrap_or_default();
            self.buffer.set_string(area.right() - 1, y, sign, self.look.dim());
        }
    }

    /// A field with a cursor when it is the one that is typed in.
    pub fn field(&mut self, area: Rect, label: &str, field: &Field, is_typed_in: bool, is_secret: bool) {
        let hide = |text: &str| if is_secret { "•".repeat(text.chars().count()) } else { words::cut(text, 10_000) };
        let (before, behind) = field.halves();
        let (before, behind) = (hide(before), hide(behind));
        let room = usize::from(area.width).saturating_sub(words::columns(label) + 2);
        // The end of what is before the cursor stays in sight.
        let skipped = words::columns(&before).saturating_sub(room.saturating_sub(1));
        let before: String = before.chars().skip(skipped).collect();
        let mut letters = behind.chars();
        let under = letters.next().map_or_else(|| " ".to_owned(), String::from);
        let cursor =
            if is_typed_in { Style::new().add_modifier(ratatui::style::Modifier::REVERSED) } else { Style::new() };
        let line = Line::from_iter([
            ratatui::text::Span::styled(format!("{label} "), self.look.strong()),
            ratatui::text::Span::raw(before),
            ratatui::text::Span::styled(under, cursor),
            ratatui::text::Span::raw(letters.collect::<String>()),
        ]);
        self.lines(area, &[line]);
        let typed = Rect { x: area.x, height: 1, ..area };
        self.style(typed, Style::new().add_modifier(ratatui::style::Modifier::UNDERLINED));
    }
}

/// An area in the middle of another, at most so large.
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}
