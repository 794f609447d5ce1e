//! One feed's copy on the phone: what it wants next, and when.

use super::Work;
use super::event::{DigestEnd, Failure, FeedTimes, Mark, PullEnd, Read, Why};
use crate::sync::backoff::PULLING;
use crate::time::Moment;

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A full read at least this often.
const WEEKLY_MS: i64 = 7 * DAY_MS;
/// With a live stream, a read at least this often.
const QUIET_MS: i64 = 6 * HOUR_MS;
/// Full reads for the server's reasons lie this far apart,
const SERVER_FULL_GAP_MS: i64 = 60_000;
/// and those because digests differ, this far.
const MEND_GAP_MS: i64 = HOUR_MS;
/// After the server's offset had moved on, digests are compared again this much later.
const COMPARE_AGAIN_MS: i64 = 30_000;
/// However often it is asked for, reads of a feed lie this far apart.
const GAP_MS: i64 = 1_000;

/// How a feed is watched now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    /// Poll this often; `None`: the stream is live.
    pub(super) poll_ms: Option<i64>,
    /// The server has digests.
    pub(super) digests: bool,
}

/// What is done with a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    Pull,
    Compare,
}

/// What is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    ticket: u64,
    job: Job,
    /// A full read, for this reason.
    full: Option<Why>,
}

/// The phone's copy of a feed.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    mark: Option<Mark>,
    pub(super) times: FeedTimes,
    pub(super) run: Option<Run>,
    pub(super) trouble: Option<Failure>,
    /// A read is wanted since then.
    soon_ms: Option<i64>,
    /// It must be a full one.
    full: Option<Why>,
    /// The digests differ, but the last full read for that reason is too recent.
    mend: bool,
    rung_to: Option<i64>,
    failures: u32,
    not_before_ms: i64,
    ended_ms: i64,
    /// A comparison is wanted, but not before then.
    compare_ms: Option<i64>,
    compare_failures: u32,
}

impl Copy {
    pub(super) const fn open(mark: Option<Mark>, times: FeedTimes, now_ms: i64) -> Self {
        Self {
            mark,
            times,
            run: None,
            trouble: None,
            soon_ms: Some(now_ms),
            full: None,
            mend: false,
            rung_to: None,
            failures: 0,
            not_before_ms: i64::MIN,
            ended_ms: i64::MIN,
            compare_ms: None,
            compare_failures: 0,
        }
    }

    /// The next thing that is wanted, and when. `None`: something is under way.
    pub(super) fn next(&self, now: &Moment, watch: Watch) -> Option<(i64, Job)> {
        if self.run.is_some() {
            return None;
        }
        let pull = self.pull_at(now, watch).max(self.not_before_ms);
        let compare = if watch.digests && self.mark.is_some() { self.compare_at(now) } else { None };
        match compare {
            Some(at) if pull > now.monotonic_ms && at < pull => Some((at, Job::Compare)),
            _ => Some((pull, Job::Pull)),
        }
    }

    fn pull_at(&self, now: &Moment, watch: Watch) -> i64 {
        let by_time = match watch.poll_ms {
            Some(poll_ms) => self.ended_ms.saturating_add(poll_ms),
            None => due(self.times.read, QUIET_MS, now),
        };
        let mend = self.mend.then(|| due(self.times.mended, MEND_GAP_MS, now));
        [self.soon_ms, mend].into_iter().flatten().fold(by_time, i64::min)
    }

    fn compare_at(&self, now: &Moment) -> Option<i64> {
        // What differs is known to differ until a full read has mended it.
        if self.mend || self.full.is_some() {
            return None;
        }
        Some(self.compare_ms.unwrap_or_else(|| due(self.times.compared, DAY_MS, now)))
    }

    /// The reason of its age for which the next read is a full one.
    pub(super) fn grown_old(&self, now: &Moment) -> Option<Why> {
        if self.full.is_some() {
            None
        } else if self.mark.is_none() {
            Some(Why::First)
        } else if age(self.times.full, now) > WEEKLY_MS {
            Some(Why::Weekly)
        } else if age(self.times.read, now) > DAY_MS {
            Some(Why::Stale)
        } else if self.mend && age(self.times.mended, now) >= MEND_GAP_MS {
            Some(Why::Digest)
        } else {
            None
        }
    }

    /// Begins a job: what to read, or `None` to compare.
    pub(super) fn start(&mut self, ticket: u64, job: Job, now: &Moment) -> Option<Read> {
        let full = match job {
            Job::Pull => self.full.or_else(|| self.grown_old(now)),
            Job::Compare => None,
        };
        self.run = Some(Run { ticket, job, full });
        if job == Job::Compare {
            self.compare_ms = None;
            return None;
        }
        // What is wanted from now on is wanted beyond this read.
        self.soon_ms = None;
        self.full = None;
        if full == Some(Why::Digest) {
            self.times.mended = Some(*now);
        }
        match self.mark {
            Some(mark) if full.is_none() => Some(Read::Changes(mark)),
            _ => Some(Read::Full),
        }
    }

    pub(super) fn is_running(&self, ticket: u64, compare: bool) -> bool {
        self.run.is_some_and(|run| run.ticket == ticket && (run.job == Job::Compare) == compare)
    }

    /// A read ended. Says why everything is to be read, when that is news.
    pub(super) fn pulled(&mut self, end: PullEnd, work: &mut Work) -> Option<Why> {
        let run = self.run.take();
        let full = run.and_then(|run| run.full);
        self.ended_ms = work.now.monotonic_ms;
        match end {
            PullEnd::Read { mark, more } => {
                self.read(mark, more, full, &work.now);
                None
            }
            PullEnd::OffsetGone => self.gone(Why::OffsetGone, full, work),
            PullEnd::GenerationChanged => self.gone(Why::Generation, full, work),
            PullEnd::Failed(failure) => {
                self.failed(failure, full, work);
                None
            }
        }
    }

    fn read(&mut self, mark: Mark, more: bool, full: Option<Why>, now: &Moment) {
        self.failures = 0;
        self.trouble = None;
        self.mark = Some(mark);
        if full.is_some() {
            self.times.full = Some(*now);
            self.mend = false;
            self.compare_ms = Some(now.monotonic_ms);
        }
        let missed = self.rung_to.take().is_some_and(|offset| offset > mark.offset);
        if more || missed {
            self.soon_ms.get_or_insert(now.monotonic_ms);
        }
        if !more {
            self.times.read = Some(*now);
        }
    }

    /// The mark is worth nothing. A server that says so again and again is not asked for everything again and again.
    fn gone(&mut self, why: Why, full: Option<Why>, work: &mut Work) -> Option<Why> {
        if full.is_some() {
            self.failed(Failure::Fault { retry_after_ms: None }, full, work);
            return None;
        }
        self.full = Some(self.full.unwrap_or(why));
        self.soon_ms.get_or_insert(work.now.monotonic_ms);
        self.not_before_ms = due(self.times.full, SERVER_FULL_GAP_MS, &work.now);
        if self.rung_to.take().is_some() {
            // It rang while the read was under way: as good as a ring that comes now.
            self.read_soon(&work.now);
        }
        Some(why)
    }

    fn failed(&mut self, failure: Failure, full: Option<Why>, work: &mut Work) {
        let now_ms = work.now.monotonic_ms;
        self.trouble = Some(failure);
        self.failures = self.failures.saturating_add(1);
        self.soon_ms.get_or_insert(now_ms);
        self.full = self.full.or(full);
        let wait_ms = match failure {
            Failure::Refused => PULLING.cap_ms,
            _ => PULLING.wait_ms(self.failures, work.dice.roll()),
        };
        self.not_before_ms = now_ms.saturating_add(wait_ms);
    }

    /// A comparison ended.
    pub(super) fn compared(&mut self, end: DigestEnd, work: &mut Work) {
        self.run = None;
        let now_ms = work.now.monotonic_ms;
        match end {
            DigestEnd::Same => {
                self.compare_failures = 0;
                self.times.compared = Some(work.now);
            }
            DigestEnd::Differs => {
                self.compare_failures = 0;
                self.mend = true;
            }
            DigestEnd::Moved => {
                self.soon_ms.get_or_insert(now_ms);
                self.compare_ms = Some(now_ms.saturating_add(COMPARE_AGAIN_MS));
            }
            DigestEnd::Failed(_) => {
                self.compare_failures = self.compare_failures.saturating_add(1);
                let wait_ms = PULLING.wait_ms(self.compare_failures, work.dice.roll());
                self.compare_ms = Some(now_ms.saturating_add(wait_ms));
            }
        }
    }

    /// A ring: the feed has moved to this offset.
    pub(super) fn rung(&mut self, offset: i64, now: &Moment) {
        if self.mark.is_some_and(|mark| mark.offset >= offset) {
            return;
        }
        if self.run.is_some_and(|run| run.job == Job::Pull) {
            self.rung_to = Some(self.rung_to.map_or(offset, |known| known.max(offset)));
        } else {
            self.read_soon(now);
        }
    }

    /// A read is worth more now than its schedule says. One that is under way may have looked too early.
    pub(super) fn read_soon(&mut self, now: &Moment) {
        let soon = now.monotonic_ms.max(self.ended_ms.saturating_add(GAP_MS));
        self.not_before_ms = self.not_before_ms.min(soon);
        self.soon_ms.get_or_insert(now.monotonic_ms);
    }

    pub(super) fn want_full(&mut self, why: Why, now: &Moment) {
        self.full = Some(why);
        self.soon_ms.get_or_insert(now.monotonic_ms);
    }
}

/// Milliseconds since then; without end where the wall clock has to tell and says that it lies in the future.
fn age(then: Option<Moment>, now: &Moment) -> i64 {
    let Some(then) = then else { return i64::MAX };
    match now.since(&then) {
        (_, false) if now.wall < then.wall => i64::MAX,
        (age, _) => age,
    }
}

/// When that will be over this age, in monotonic milliseconds.
fn due(then: Option<Moment>, limit_ms: i64, now: &Moment) -> i64 {
    now.monotonic_ms.saturating_add(limit_ms.saturating_sub(age(then, now)).max(0))
}
