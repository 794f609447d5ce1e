//! A sensor around an alarm, drawn with braille dots: smallest to largest value of each piece of time, the bands that mean
//! something with their edges and names, and beneath it how long the alarm lasted.

use onsite_wire::onsite::{Bucket, SensorHistory};
use onsite_wire::rest::{ThresholdZone, ZoneSeverity};
use ratatui::text::{Line, Span};

use super::look::Look;
use super::steps;
use crate::api::{Plot, Timestamp};
use crate::words::{self, Zone};

/// Columns left of the plot, for values.
const LEFT: usize = 9;
/// Columns right of it, for the names of the bands.
const RIGHT: usize = 6;

/// The plot as lines, so wide and with so many rows of dots.
pub fn lines(plot: &Plot, width: usize, rows: usize, look: Look, zone: &Zone, now: Timestamp) -> Vec<Line<'static>> {
    if !plot.history.states.is_empty() {
        return steps::lines(plot, width, rows, look, zone, now);
    }
    let Some(scale) = Scale::of(&plot.history, width.saturating_sub(LEFT + RIGHT), rows) else {
        return vec![Line::styled("No values from this time.", look.dim())];
    };
    let dots = Dots::of(&plot.history.buckets, &scale);
    let mut lines: Vec<_> = (0..rows).map(|row| scale.line(row, &dots, plot, look)).collect();
    lines.push(duration(plot, &scale.time, look, now));
    lines.push(times(&scale.time, zone, now, look));
    lines
}

/// What time stands where.
pub(super) struct Stretch {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// Cells left of it.
    pub(super) left: usize,
    /// Cells that it takes.
    pub(super) columns: usize,
}

impl Stretch {
    /// The column of dots at a time, two to a cell.
    pub(super) fn x(&self, at: Timestamp) -> Option<usize> {
        let all = self.to.millis_since(self.from).max(1);
        let into = at.millis_since(self.from);
        let dots = i64::try_from(self.columns * 2).ok()?;
        usize::try_from(into * dots / all).ok().filter(|x| *x < self.columns * 2)
    }
}

/// What value and what time stands where.
struct Scale {
    low: f64,
    high: f64,
    time: Stretch,
    rows: usize,
    zones: Vec<ThresholdZone>,
    unit: String,
}

impl Scale {
    /// Shows all values, and the edges of bands that are not far from them.
    fn of(history: &SensorHistory, columns: usize, rows: usize) -> Option<Self> {
        let finite = |bucket: &&Bucket| bucket.min.is_finite() && bucket.max.is_finite();
        let values = || history.buckets.iter().filter(finite);
        let min = values().map(|bucket| bucket.min).min_by(f64::total_cmp)?;
        let max = values().map(|bucket| bucket.max).max_by(f64::total_cmp)?;
        let reach = (max - min).max(max.abs() * 0.05).max(0.1);
        let edges = history.zones.iter().flat_map(|zone| [zone.from, zone.to]).flatten();
        let near: Vec<f64> = edges.filter(|edge| (min - reach..=max + reach).contains(edge)).collect();
        let low = near.iter().copied().fold(min, f64::min);
        let high = near.iter().copied().fold(max, f64::max);
        let margin = ((high - low) * 0.06).max(0.05);
        (columns > 0 && rows > 0 && history.to > history.from).then(|| Self {
            low: low - margin,
            high: high + margin,
            time: Stretch { from: history.from, to: history.to, left: LEFT, columns },
            rows,
            zones: history.zones.clone(),
            unit: history.unit.clone().unwrap_or_default(),
        })
    }

    /// The row of dots of a value from the top, four to a cell.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the rows before")]
    fn y(&self, value: f64) -> usize {
        let last = (self.rows * 4 - 1) as f64;
        ((self.high - value) / (self.high - self.low) * last).round().clamp(0.0, last) as usize
    }

    /// The value in the middle of a row of cells.
    fn value(&self, row: usize) -> f64 {
        self.high - (row as f64 + 0.5) / self.rows as f64 * (self.high - self.low)
    }

    fn severity(&self, value: f64) -> Option<ZoneSeverity> {
        let inside =
            |zone: &&ThresholdZone| zone.from.is_none_or(|from| value >= from) && zone.to.is_none_or(|to| value < to);
        self.zones.iter().find(inside).map(|zone| zone.severity)
    }

    /// The edge of a band that lies in a row.
    fn edge(&self, row: usize) -> Option<f64> {
        let edges = self.zones.iter().flat_map(|zone| [zone.from, zone.to]).flatten();
        edges.filter(|edge| (self.low..self.high).contains(edge)).find(|edge| self.y(*edge) / 4 == row)
    }

    fn written(&self, value: f64) -> String {
        let decimals = if self.high - self.low < 2.0 { 2 } else { usize::from(self.high - self.low < 50.0) };
        format!("{value:.decimals$}")
    }

    fn line(&self, row: usize, dots: &Dots, plot: &Plot, look: Look) -> Line<'static> {
        let edge = self.edge(row);
        let label = match (edge, row) {
            (Some(edge), _) => self.written(edge),
            (None, 0) => self.unit.clone(),
            (None, _) if row + 1 == self.rows => self.written(self.low),
            _ => String::new(),
        };
        let severity = self.severity(self.value(row));
        let mut spans = vec![Span::styled(format!("{:>7} ", words::cut(&label, 7)), look.dim())];
        spans.push(Span::styled(if edge.is_some() { "┤" } else { "│" }, look.dim()));
        let marks = [Some(plot.alarm_from), plot.alarm_to].map(|at| at.and_then(|at| self.time.x(at)).map(|x| x / 2));
        for column in 0..self.time.columns {
            let dots = dots.cell(column, row);
            spans.push(if dots != 0 {
                let sign = char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ');
                Span::styled(String::from(sign), look.zone(severity))
            } else if marks.contains(&Some(column)) {
                Span::styled("┊", look.dim())
            } else if edge.is_some() {
                Span::styled("┄", look.dim())
            } else {
                Span::raw(" ")
            });
        }
        spans.push(self.band(row, severity, look));
        Line::from(spans)
    }

    /// The band's name beside its first row, then a line beside the rest of it.
    fn band(&self, row: usize, severity: Option<ZoneSeverity>, look: Look) -> Span<'static> {
        let Some(severity) = severity else { return Span::raw("") };
        let is_first = row == 0 || self.severity(self.value(row - 1)) != Some(severity);
        let name = match (is_first, severity) {
            (false, _) => " │",
            (true, ZoneSeverity::Normal) => " ok",
            (true, ZoneSeverity::Warning) => " warn",
            (true, ZoneSeverity::Critical) => " CRIT",
        };
        Span::styled(name, look.zone(Some(severity)))
    }
}

/// Braille dots, one byte to a cell.
struct Dots {
    cells: Vec<u8>,
    columns: usize,
}

impl Dots {
    /// From the smallest to the largest value of each bucket, and from its mean to the next one's when they are neighbours.
    fn of(buckets: &[Bucket], scale: &Scale) -> Self {
        let mut dots = Self { cells: vec![0; scale.time.columns * scale.rows], columns: scale.time.columns };
        let mut last: Option<(usize, usize)> = None;
        // A gap longer than this is a gap in the plot.
        let near = (scale.time.columns * 2 / 20).max(4);
        for bucket in buckets.iter().filter(|bucket| bucket.average.is_finite()) {
            let Some(x) = scale.time.x(bucket.at) else { continue };
            dots.upright(x, scale.y(bucket.max), scale.y(bucket.min));
            let y = scale.y(bucket.average);
            if let Some((last_x, last_y)) = last
                && x > last_x
                && x - last_x <= near
            {
                dots.between((last_x, last_y), (x, y));
            }
            last = Some((x, y));
        }
        dots
    }

    fn upright(&mut self, x: usize, top: usize, bottom: usize) {
        (top.min(bottom)..=top.max(bottom)).for_each(|y| self.set(x, y));
    }

    fn between(&mut self, (x0, y0): (usize, usize), (x1, y1): (usize, usize)) {
        let mut before = y0;
        for x in x0..=x1 {
            let y = (y0 * (x1 - x) + y1 * (x - x0)) / (x1 - x0).max(1);
            self.upright(x, before, y);
            before = y;
        }
    }

    fn set(&mut self, x: usize, y: usize) {
        // Unicode numbers the dots of a cell: 1 2 3 7 down the left, 4 5 6 8 down the right.
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let bit = BITS.get(y % 4).and_then(|row| row.get(x % 2)).copied().unwrap_or_default();
        if let Some(cell) = self.cells.get_mut(y / 4 * self.columns + x / 2) {
            *cell |= bit;
        }
    }

    fn cell(&self, column: usize, row: usize) -> u8 {
        self.cells.get(row * self.columns + column).copied().unwrap_or_default()
    }
}

/// How long the alarm lasted, beneath the time when it did.
pub(super) fn duration(plot: &Plot, scale: &Stretch, look: Look, now: Timestamp) -> Line<'static> {
    let end = plot.alarm_to.unwrap_or(now);
    let first = scale.x(plot.alarm_from).map_or(0, |x| x / 2);
    let is_open = plot.alarm_to.is_none() || end > scale.to;
    let last = scale.x(end).map_or(scale.columns.saturating_sub(1), |x| x / 2).max(first);
    let lasted = words::span(end.millis_since(plot.alarm_from));
    let text = if plot.alarm_to.is_none() { format!(" alarm, {lasted} so far ") } else { format!(" alarm, {lasted} ") };
    let room = last - first + 1;
    let bar = if room > words::columns(&text) + 2 {
        let rest = room - words::columns(&text) - 2;
        format!("├{}{text}{}{}", "─".repeat(rest / 2), "─".repeat(rest - rest / 2), if is_open { '→' } else { '┤' })
    } else {
        let bar = format!("{}{}", "━".repeat(room), if is_open { "→" } else { "" });
        let fits_right = first + words::columns(&bar) + words::columns(&text) <= scale.columns;
        if fits_right {
            format!("{bar}{text}")
        } else {
            let start = first.saturating_sub(words::columns(&text));
            let line = format!("{}{}{text}{bar}", " ".repeat(scale.left), " ".repeat(start));
            return Line::styled(line, look.warning());
        }
    };
    Line::styled(format!("{}{}{bar}", " ".repeat(scale.left), " ".repeat(first)), look.warning())
}

/// Times beneath the plot: first, middle, last.
pub(super) fn times(scale: &Stretch, zone: &Zone, now: Timestamp, look: Look) -> Line<'static> {
    let middle = scale.from.plus_millis(scale.to.millis_since(scale.from) / 2);
    let [first, middle, last] = [scale.from, middle, scale.to].map(|at| zone.time(at, now));
    let used = words::columns(&first) + words::columns(&middle) + words::columns(&last);
    let gap = scale.columns.saturating_sub(used) / 2;
    let rest = scale.columns.saturating_sub(used + gap);
    let text = format!("{}{first}{}{middle}{}{last}", " ".repeat(scale.left), " ".repeat(gap), " ".repeat(rest));
    Line::styled(text, look.dim())
}
