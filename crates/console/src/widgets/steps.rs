//! A sensor that says words, drawn as steps: one row to a word, a bar where it was said, and beneath them how long the alarm
//! lasted. Where there are more words than rows, they are listed instead.

use onsite_wire::onsite::StatePoint;
use ratatui::text::{Line, Span};

use super::look::Look;
use super::plot::{Stretch, duration, times};
use crate::api::{Plot, Timestamp};
use crate::words::{self, Zone};

/// Columns for a word, at most.
const WORD: usize = 18;

/// The steps as lines, so wide and with so many rows at most.
pub fn lines(plot: &Plot, width: usize, rows: usize, look: Look, zone: &Zone, now: Timestamp) -> Vec<Line<'static>> {
    let points = &plot.history.states;
    let said = said(points);
    let left = said.iter().map(|word| words::columns(word)).max().unwrap_or_default().min(WORD) + 2;
    let columns = width.saturating_sub(left);
    if said.len() > rows || columns == 0 || plot.history.to <= plot.history.from {
        return listed(points, look, zone, now);
    }
    let time = Stretch { from: plot.history.from, to: plot.history.to, left, columns };
    let cells = cells(points, &time, now);
    let line = |word: &&str| {
        let label = words::cut(word, left - 2);
        let gap = " ".repeat(left - 1 - words::columns(&label));
        let bar: String = cells.iter().map(|cell| if cell.contains(word) { '━' } else { ' ' }).collect();
        Line::from_iter([Span::styled(format!("{label}{gap}│"), look.dim()), Span::raw(bar)])
    };
    let mut lines: Vec<_> = said.iter().map(line).collect();
    lines.push(duration(plot, &time, look, now));
    lines.push(times(&time, zone, now, look));
    lines
}

/// The words, in the order in which each was said first.
fn said(points: &[StatePoint]) -> Vec<&str> {
    points.iter().fold(Vec::new(), |mut said, point| {
        if !said.contains(&point.state.as_str()) {
            said.push(&point.state);
        }
        said
    })
}

/// What was said within each cell: from one change to the next, the last one until now. Before the first change nobody knows.
fn cells<'a>(points: &'a [StatePoint], time: &Stretch, now: Timestamp) -> Vec<Vec<&'a str>> {
    let mut cells = vec![Vec::new(); time.columns];
    let until = points.iter().skip(1).map(|point| point.at).chain([now.min(time.to)]);
    for (point, until) in points.iter().zip(until) {
        if until < time.from || point.at >= time.to {
            continue;
        }
        let first = time.x(point.at.max(time.from)).unwrap_or_default() / 2;
        let last = time.x(until).map_or(time.columns.saturating_sub(1), |x| x / 2);
        for cell in cells.iter_mut().take(last + 1).skip(first) {
            cell.push(point.state.as_str());
        }
    }
    cells
}

/// When it said what.
fn listed(points: &[StatePoint], look: Look, zone: &Zone, now: Timestamp) -> Vec<Line<'static>> {
    let line = |point: &StatePoint| {
        Line::from_iter([
            Span::styled(format!("{:>14}  ", zone.time(point.at, now)), look.dim()),
            Span::raw(words::cut(&point.state, 60)),
        ])
    };
    points.iter().map(line).collect()
}
