//! Numbers: samples, medians, a line of the table, and what it must and should reach. Measures nothing by itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::Outcome;

/// What was seen, one number for each try: seconds or bytes.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds a duration.
    pub fn time(&mut self, took: Duration) {
        self.number(took.as_secs_f64());
    }

    /// Adds a number.
    pub fn number(&mut self, number: f64) {
        let at = self.0.partition_point(|seen| *seen < number);
        self.0.insert(at, number);
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// The number below which this share of all lies.
    fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "small"
        )]
        let at = (share * last as f64).ceil() as usize;
        self.0.get(at.min(last)).copied().unwrap_or(f64::NAN)
    }

    /// The middle one.
    pub fn median(&self) -> f64 {
        let (low, high) = (self.0.get((self.0.len().max(1) - 1) / 2), self.0.get(self.0.len() / 2));
        low.zip(high).map_or(f64::NAN, |(low, high)| f64::midpoint(*low, *high))
    }

    /// The one that 99 of 100 do not exceed.
    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }
}

/// Runs both sides in turn, so that whatever else the machine does meets both.
pub fn in_turn(
    times: usize,
    mut ours: impl FnMut(usize) -> Outcome<Duration>,
    mut bare: impl FnMut(usize) -> Outcome<Duration>,
) -> Outcome<(Samples, Samples)> {
    let (mut our_times, mut bare_times) = (Samples::default(), Samples::default());
    for time in 0..times {
        // Whoever comes second finds warmer caches of the machine: they change places.
        if time % 2 == 0 {
            our_times.time(ours(time)?);
            bare_times.time(bare(time)?);
        } else {
            bare_times.time(bare(time)?);
            our_times.time(ours(time)?);
        }
    }
    Ok((our_times, bare_times))
}

/// What the numbers of a line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Time,
    /// Bytes.
    Size,
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Our median by the bare one.
    Ratio,
    /// Our median.
    Median,
    /// Our 99th of a hundred.
    P99,
}

/// What a line must reach, and what it should.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    figure: Figure,
    must: f64,
    aim: f64,
}

/// A limit.
pub const fn limit(figure: Figure, must: f64, aim: f64) -> Limit {
    Limit { figure, must, aim }
}

/// A line of the table.
#[derive(Debug)]
pub struct Line {
    what: String,
    unit: Unit,
    ours: Samples,
    bare: Option<Samples>,
    limits: Vec<Limit>,
    note: String,
}

/// The table's head.
pub const HEAD: &str =
    "| what | ours | p99 | bare | ratio | must | aim | reached | |\n|---|---|---|---|---|---|---|---|---|";

impl Line {
    /// A line with its bare counterpart, if it has one.
    pub fn new(what: impl Into<String>, unit: Unit, ours: Samples, bare: Option<Samples>) -> Self {
        Self { what: what.into(), unit, ours, bare, limits: Vec::new(), note: String::new() }
    }

    /// Adds what it must reach.
    #[must_use]
    pub fn limits(mut self, limits: &[Limit]) -> Self {
        self.limits.extend_from_slice(limits);
        self
    }

    /// Adds words.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.bare.as_ref().map(|bare| self.ours.median() / bare.median())
    }

    fn figure(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Ratio => self.ratio().unwrap_or(f64::NAN),
            Figure::Median => self.ours.median(),
            Figure::P99 => self.ours.p99(),
        }
    }

    /// `aim`, `must`, or `MISSED`; empty without limits.
    pub fn reached(&self) -> &'static str {
        let all = |pick: fn(&Limit) -> f64| self.limits.iter().all(|limit| self.figure(limit.figure) <= pick(limit));
        match (self.limits.is_empty(), all(|limit| limit.aim), all(|limit| limit.must)) {
            (true, ..) => "",
            (_, true, _) => "aim",
            (_, _, true) => "must",
            _ => "MISSED",
        }
    }

    fn said(&self, limit: &Limit, number: f64) -> String {
        match limit.figure {
            Figure::Ratio => format!("≤ {number}"),
            Figure::Median => format!("< {}", shown(self.unit, number)),
            Figure::P99 => format!("p99 < {}", shown(self.unit, number)),
        }
    }

    fn all_said(&self, pick: fn(&Limit) -> f64) -> String {
        self.limits.iter().map(|limit| self.said(limit, pick(limit))).collect::<Vec<_>>().join(", ")
    }

    /// The line as a row of a Markdown table.
    pub fn row(&self) -> String {
        let p99 = if self.ours.count() >= 20 { shown(self.unit, self.ours.p99()) } else { String::new() };
        format!(
            "| {} | {} | {p99} | {} | {} | {} | {} | {} | {} |",
            self.what,
            shown(self.unit, self.ours.median()),
            self.bare.as_ref().map(|bare| shown(self.unit, bare.median())).unwrap_or_default(),
            self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            self.all_said(|limit| limit.must),
            self.all_said(|limit| limit.aim),
            self.reached(),
            self.note,
        )
    }

    /// The line for a program.
    pub fn json(&self) -> Value {
        json!({
            "what": self.what,
            "unit": match self.unit { Unit::Time => "seconds", Unit::Size => "bytes" },
            "samples": self.ours.count(),
            "ours": self.ours.median(),
            "ours_p99": self.ours.p99(),
            "bare": self.bare.as_ref().map(Samples::median),
            "ratio": self.ratio(),
            "must": self.all_said(|limit| limit.must),
            "aim": self.all_said(|limit| limit.aim),
            "reached": self.reached(),
            "note": self.note,
        })
    }
}

/// A number as people read it.
fn shown(unit: Unit, number: f64) -> String {
    match unit {
        Unit::Size => format!("{:.1} MB", number / 1e6),
        Unit::Time if number >= 1.0 => format!("{number:.2} s"),
        Unit::Time if number >= 0.01 => format!("{:.0} ms", number * 1e3),
        Unit::Time if number >= 0.001 => format!("{:.1} ms", number * 1e3),
        Unit::Time => format!("{:.0} µs", number * 1e6),
    }
}
