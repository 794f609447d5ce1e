//! What the core says of itself, for the shell's own log: the flight recorder's lines, failed listeners and caught panics.
//!
//! Codes, ids, times and numbers; no names, no texts, no positions. At most [`BURST`] lines at once and [`A_SECOND`] a
//! second; what is left out is counted and said with the next line. A slow sink costs lines, and nobody waits for it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use onsite::journal::Line;
use onsite::time::{Clock, SystemClock};

use crate::error::OnsiteError;
use crate::subscription::ListenerError;

/// So many lines may come at once.
const BURST: i64 = 50;
/// So many lines a second come in the long run.
const A_SECOND: i64 = 10;
/// So many lines wait for a sink that takes its time.
const WAITING: usize = 256;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum LogLevel {
    /// A defect.
    Error,
    /// Something did not go as it should.
    Warning,
    /// What happened.
    Info,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LogLine {
    /// By the phone's wall clock, in milliseconds since 1970.
    pub at: i64,
    /// How much it matters.
    pub level: LogLevel,
    /// What happened: `action_made`, `pull_ended`, `panicked` …
    pub code: String,
    /// The organization.
    pub organization: Option<String>,
    /// The alarm, device or incident.
    pub subject: Option<String>,
    /// The action.
    pub action: Option<String>,
    /// Numbers and codes, `feed=alarms rows=12`.
    pub detail: String,
    /// So many lines before this one were left out.
    pub left_out: i64,
}

/// Where lines go. Called on a thread of its own, one call at a time.
#[uniffi::export(callback_interface)]
pub trait LogSink: Send + Sync {
    /// Takes a line.
    fn log(&self, line: LogLine) -> Result<(), ListenerError>;
}

struct Sink {
    sender: SyncSender<LogLine>,
    limit: Limit,
    left_out: i64,
}

static SINK: Mutex<Option<Sink>> = Mutex::new(None);

fn sink() -> MutexGuard<'static, Option<Sink>> {
    SINK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the core's lines told to this sink from now on, and to no other; without one, to nobody.
#[uniffi::export]
pub fn set_log_sink(to: Option<Box<dyn LogSink>>) -> Result<(), OnsiteError> {
    crate::calls::now("set_log_sink", || {
        let Some(to) = to else {
            *sink() = None;
            return Ok(());
        };
        let (sender, lines) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("onsite-log".to_owned()).spawn(move || tell(&*to, &lines));
        thread.map_err(|_| OnsiteError::panicked())?;
        *sink() = Some(Sink { sender, limit: Limit::default(), left_out: 0 });
        Ok(())
    })
}

fn tell(to: &dyn LogSink, lines: &Receiver<LogLine>) {
    while let Ok(line) = lines.recv() {
        // A sink that fails loses this line and nothing else.
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| to.log(line))));
    }
}

fn say(line: LogLine) {
    let mut sink = sink();
    let Some(sink) = sink.as_mut() else { return };
    let told = sink.limit.admits(SystemClock.now().monotonic_ms)
        && sink.sender.try_send(LogLine { left_out: sink.left_out, ..line }).is_ok();
    sink.left_out = if told { 0 } else { sink.left_out + 1 };
}

fn own(level: LogLevel, code: &str, detail: String) {
    let at = SystemClock.now().wall.millis();
    let code = code.to_owned();
    say(LogLine { at, level, code, organization: None, subject: None, action: None, detail, left_out: 0 });
}

/// A call panicked and was caught.
pub(crate) fn panicked(call: &str) {
    own(LogLevel::Error, "panicked", format!("call={call}"));
}

/// A listener failed in a call.
pub(crate) fn listener_failed() {
    own(LogLevel::Warning, "listener_failed", String::new());
}

/// A line of the flight recorder.
pub(crate) fn recorded(line: &Line) {
    say(LogLine {
        at: line.at.millis(),
        level: if line.code == "fault" { LogLevel::Warning } else { LogLevel::Info },
        code: line.code.clone(),
        organization: line.organization.map(|id| id.to_string()),
        subject: line.subject.map(|id| id.to_string()),
        action: line.action.map(|id| id.to_string()),
        detail: line.detail.clone(),
        left_out: 0,
    });
}

/// Lets so many lines through: in thousandths, so that slow refilling is not rounded away.
#[derive(Debug, Default)]
struct Limit {
    used: i64,
    at_ms: i64,
}

impl Limit {
    fn admits(&mut self, now_ms: i64) -> bool {
        let passed = now_ms.saturating_sub(self.at_ms).max(0);
        self.at_ms = now_ms;
        self.used = self.used.saturating_sub(passed.saturating_mul(A_SECOND)).max(0);
        let fits = self.used + 1_000 <= BURST * 1_000;
        self.used += if fits { 1_000 } else { 0 };
        fits
    }
}

/// One line of the flight recorder as a record.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct JournalLine {
    /// By the phone's wall clock, in milliseconds since 1970.
    pub at: i64,
    /// What happened.
    pub code: String,
    /// The organization.
    pub organization: Option<String>,
    /// The alarm, device or incident.
    pub subject: Option<String>,
    /// The action.
    pub action: Option<String>,
    /// Numbers and codes.
    pub detail: String,
}

impl From<Line> for JournalLine {
    fn from(line: Line) -> Self {
        Self {
            at: line.at.millis(),
            code: line.code,
            organization: line.organization.map(|id| id.to_string()),
            subject: line.subject.map(|id| id.to_string()),
            action: line.action.map(|id| id.to_string()),
            detail: line.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::count;

    #[test]
    fn a_storm_of_lines_is_cut_and_a_slow_stream_is_not() {
        let mut limit = Limit::default();
        let through = (0..10_000).filter(|n| limit.admits(n / 10)).count();
        assert_eq!(count(through), BURST + A_SECOND - 1, "a second with 10,000 lines");
        let mut limit = Limit::default();
        assert!((0..1_000).all(|n| limit.admits(n * 1_000 / A_SECOND)));
    }

    #[test]
    fn a_clock_that_jumps_back_admits_nothing_by_itself() {
        let mut limit = Limit::default();
        while limit.admits(1_000_000) {}
        assert!(!limit.admits(0));
        assert!(limit.admits(1_000));
    }
}
