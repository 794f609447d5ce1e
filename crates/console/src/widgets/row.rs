//! One line of a list: what it says on the left, what it says on the right, and a gap that gives way.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::words::{columns, cut};

/// A line of exactly this width at most: the right part is kept, the left one is cut where they would meet.
pub fn spread(left: Vec<(String, Style)>, right: Vec<(String, Style)>, width: usize) -> Line<'static> {
    let right_width: usize = right.iter().map(|(text, _)| columns(text)).sum();
    let room = width.saturating_sub(right_width + usize::from(right_width > 0));
    let mut spans = Vec::new();
    let mut used = 0;
    for (text, style) in left {
        let text = cut(&text, room.saturating_sub(used));
        used += columns(&text);
        spans.push(Span::styled(text, style));
    }
    if right_width > 0 {
        spans.push(Span::raw(" ".repeat(width.saturating_sub(used + right_width))));
        spans.extend(right.into_iter().map(|(text, style)| Span::styled(text, style)));
    }
    Line::from(spans)
}
