//! The promises of the schedule, each as a sentence. A [`Desk`] stands for the driver.

mod gone;

use onsite_wire::ids::{Generation, Uuid};
use onsite_wire::time::Timestamp;

use super::*;
use crate::sync::backoff::PULLING;

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const GENERATION: Generation = Generation(Uuid::from_u128(9));

struct Desk {
    schedule: Schedule,
    now: Moment,
    /// What was wanted and has not ended.
    pulls: Vec<(Feed, u64, Read)>,
    digests: Vec<(Feed, u64)>,
    stream: Option<(u64, i64)>,
    wake_ms: Option<i64>,
    remembered: BTreeMap<Feed, FeedTimes>,
    notes: Vec<Note>,
}

fn feed(organization: u128, name: &str) -> Feed {
    Feed { organization: OrganizationId(Uuid::from_u128(organization)), name: name.to_owned() }
}

fn alarms() -> Feed {
    feed(1, "alarms")
}

fn mark(offset: i64) -> Mark {
    Mark { generation: Some(GENERATION), offset }
}

impl Desk {
    fn empty() -> Self {
        let now = Moment { wall: Timestamp::from_millis(1_800_000_000_000), monotonic_ms: 70_000, boot: 1 };
        Self {
            schedule: Schedule::new(),
            now,
            pulls: Vec::new(),
            digests: Vec::new(),
            stream: None,
            wake_ms: None,
            remembered: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// Signed in, in front, with one feed that was read just now at offset 5; `rings`: the stream is up.
    fn fresh(rings: bool) -> Self {
        let mut desk = Self::empty();
        let just_now = Some(desk.now);
        let times = FeedTimes { full: just_now, read: just_now, compared: just_now, mended: None };
        desk.open(1, rings, vec![FeedRecord { feed: alarms(), mark: Some(mark(5)), times }]);
        desk.step(Event::Front(true));
        desk.step(Event::Session(true));
        if rings {
            desk.stream_up();
        }
        while !desk.pulls.is_empty() {
            desk.read_to(5);
            desk.pass_waking(2_000);
        }
        desk
    }

    fn open(&mut self, organization: u128, rings: bool, feeds: Vec<FeedRecord>) {
        let organization = OrganizationId(Uuid::from_u128(organization));
        self.step(Event::Opened { organization, rings, digests: true, feeds });
    }

    fn step(&mut self, event: Event) {
        for effect in self.schedule.step(event, &self.now, 3) {
            match effect {
                Effect::Pull { feed, ticket, read } => self.pulls.push((feed, ticket, read)),
                Effect::CompareDigest { feed, ticket } => self.digests.push((feed, ticket)),
                Effect::OpenStream { ticket, heartbeat_ms } => self.stream = Some((ticket, heartbeat_ms)),
                Effect::CloseStream => self.stream = None,
                Effect::Remember { feed, times } => drop(self.remembered.insert(feed, times)),
                Effect::Noted(note) => self.notes.push(note),
                Effect::WakeAt(at) => self.wake_ms = at,
            }
        }
    }

    fn pass_waking(&mut self, ms: i64) {
        let until = self.now.monotonic_ms + ms;
        loop {
            let at = self.wake_ms.map_or(until, |at| at.clamp(self.now.monotonic_ms, until));
            self.now.wall = self.now.wall.plus_millis(at - self.now.monotonic_ms);
            self.now.monotonic_ms = at;
            self.step(Event::Tick);
            if at == until {
                return;
            }
        }
    }

    /// How long it takes until a pull is wanted.
    fn wait_for_pull(&mut self) -> i64 {
        let since_ms = self.now.monotonic_ms;
        while self.pulls.is_empty() && self.now.monotonic_ms < since_ms + DAY_MS {
            self.pass_waking(500);
        }
        self.now.monotonic_ms - since_ms
    }

    /// The oldest pull ends.
    fn pulled(&mut self, end: PullEnd) {
        let (feed, ticket, _) = self.pulls.remove(0);
        self.step(Event::Pulled { feed, ticket, end });
    }

    fn read_to(&mut self, offset: i64) {
        self.pulled(PullEnd::Read { mark: mark(offset), more: false });
    }

    fn compared(&mut self, end: DigestEnd) {
        let (feed, ticket) = self.digests.remove(0);
        self.step(Event::Compared { feed, ticket, end });
    }

    fn stream_up(&mut self) {
        let (ticket, _) = self.stream.unwrap();
        self.step(Event::StreamUp { ticket });
    }

    fn ring(&mut self, offset: i64) {
        self.step(Event::Rung { feed: alarms(), offset });
    }

    fn reads(&self) -> Vec<Read> {
        self.pulls.iter().map(|(_, _, read)| *read).collect()
    }

    /// The stream lives on for this long.
    fn pass_beating(&mut self, ms: i64) {
        for _ in 0..ms / HEARTBEAT_FRONT_MS {
            self.pass_waking(HEARTBEAT_FRONT_MS);
            let (ticket, _) = self.stream.unwrap();
            self.step(Event::StreamBeat { ticket });
        }
    }
}

const DOWN: PullEnd = PullEnd::Failed(Failure::Unreachable);

#[test]
fn a_feed_without_a_copy_is_read_in_full_and_one_with_a_fresh_copy_by_its_changes() {
    let mut desk = Desk::empty();
    let times = FeedTimes { full: Some(desk.now), read: Some(desk.now), compared: None, mended: None };
    let known = FeedRecord { feed: alarms(), mark: Some(mark(5)), times };
    let new = FeedRecord { feed: feed(1, "inventory"), mark: None, times: FeedTimes::default() };
    desk.open(1, true, vec![known, new]);
    assert_eq!(desk.pulls.len(), 0, "nobody is signed in");
    desk.step(Event::Session(true));
    assert_eq!(desk.reads(), [Read::Changes(mark(5)), Read::Full]);
    assert_eq!(desk.notes, [Note::FullRead { feed: feed(1, "inventory"), why: Why::First }]);
}

#[test]
fn a_copy_over_a_day_old_or_last_read_in_full_over_a_week_ago_is_read_in_full() {
    let open = |full_ms: i64, read_ms: i64| {
        let mut desk = Desk::empty();
        let ago = |ms: i64| {
            let wall = desk.now.wall.plus_millis(-ms);
            Some(Moment { wall, monotonic_ms: 1, boot: 0 })
        };
        let times = FeedTimes { full: ago(full_ms), read: ago(read_ms), compared: None, mended: None };
        desk.open(1, true, vec![FeedRecord { feed: alarms(), mark: Some(mark(5)), times }]);
        desk.step(Event::Session(true));
        desk.reads()
    };
    assert_eq!(open(7 * DAY_MS, DAY_MS), [Read::Changes(mark(5))]);
    assert_eq!(open(7 * DAY_MS + 1, 5), [Read::Full]);
    assert_eq!(open(2 * DAY_MS, DAY_MS + 1), [Read::Full]);
    assert_eq!(open(-HOUR_MS, -HOUR_MS), [Read::Full], "a read in the future proves nothing");
}

#[test]
fn rings_during_a_read_lead_to_exactly_one_more_unless_it_reached_them() {
    let mut desk = Desk::fresh(true);
    desk.ring(6);
    desk.ring(7);
    desk.ring(8);
    assert_eq!(desk.reads(), [Read::Changes(mark(5))]);
    desk.read_to(6);
    assert_eq!(desk.reads(), [Read::Changes(mark(6))]);
    desk.read_to(8);
    desk.ring(8);
    desk.pass_beating(HEARTBEAT_FRONT_MS);
    assert!(desk.pulls.is_empty(), "the copy has what was rung");

    desk.ring(9);
    desk.ring(10);
    desk.read_to(10);
    assert!(desk.pulls.is_empty(), "the read reached both");
}

#[test]
fn a_ring_for_more_than_the_server_gives_is_followed_once() {
    let mut desk = Desk::fresh(true);
    desk.ring(900);
    desk.ring(901);
    desk.read_to(6);
    desk.read_to(6);
    desk.pass_beating(HEARTBEAT_FRONT_MS);
    assert!(desk.pulls.is_empty());
}

#[test]
fn a_read_goes_on_until_nothing_is_left() {
    let mut desk = Desk::fresh(true);
    desk.ring(30);
    for offset in [10, 20, 30] {
        desk.pulled(PullEnd::Read { mark: mark(offset), more: true });
        assert_eq!(desk.reads(), [Read::Changes(mark(offset))]);
    }
    let before = desk.remembered.get(&alarms()).unwrap().read;
    desk.pass_waking(1_000);
    desk.read_to(30);
    assert!(desk.pulls.is_empty());
    assert_ne!(desk.remembered[&alarms()].read, before, "now the copy is as fresh as can be");
}

#[test]
fn without_a_live_stream_a_feed_is_polled_every_ten_seconds_in_front_and_seldom_behind() {
    let mut desk = Desk::fresh(false);
    assert_eq!(desk.stream, None);
    desk.wait_for_pull();
    for _ in 0..3 {
        desk.read_to(5);
        assert_eq!(desk.wait_for_pull(), POLL_FRONT_MS);
    }
    desk.step(Event::Front(false));
    desk.read_to(5);
    assert_eq!(desk.wait_for_pull(), POLL_BEHIND_MS);
}

#[test]
fn with_a_live_stream_nothing_is_read_before_six_silent_hours() {
    let mut desk = Desk::fresh(true);
    desk.pass_beating(6 * HOUR_MS - 60_000);
    assert!(desk.pulls.is_empty());
    desk.pass_beating(2 * 60_000);
    assert_eq!(desk.reads(), [Read::Changes(mark(5))]);
}

#[test]
fn a_failed_read_is_tried_again_with_longer_waits_up_to_ten_minutes() {
    let mut desk = Desk::fresh(true);
    desk.ring(6);
    let mut waits = Vec::new();
    for _ in 0..12 {
        desk.pulled(DOWN);
        let next_ms = desk.schedule.status(&alarms(), &desk.now).unwrap().next_ms.unwrap();
        waits.push(next_ms - desk.now.monotonic_ms);
        desk.pass_waking(next_ms - desk.now.monotonic_ms);
        assert_eq!(desk.pulls.len(), 1);
    }
    assert!(waits.is_sorted_by(|a, b| a <= b || *a >= PULLING.cap_ms / 2), "{waits:?}");
    assert!(waits[0] <= 2_000 && waits[11] >= PULLING.cap_ms / 2 && waits[11] <= PULLING.cap_ms, "{waits:?}");
}

#[test]
fn nothing_starts_before_retry_after_whatever_rings() {
    let mut desk = Desk::fresh(true);
    desk.ring(6);
    desk.pulled(PullEnd::Failed(Failure::Busy { retry_after_ms: Some(60_000) }));
    desk.open(2, true, vec![FeedRecord { feed: feed(2, "alarms"), mark: None, times: FeedTimes::default() }]);
    desk.ring(7);
    desk.step(Event::NetworkChanged);
    desk.step(Event::Refresh(None));
    desk.pass_waking(59_999);
    assert!(desk.pulls.is_empty());
    desk.pass_waking(1);
    assert_eq!(desk.pulls.len(), 2);
}

#[test]
fn a_network_that_returns_and_a_person_who_asks_bring_a_read_forward() {
    for event in [Event::NetworkChanged, Event::Front(true), Event::Refresh(Some(alarms().organization))] {
        let mut desk = Desk::fresh(false);
        desk.step(Event::Refresh(None));
        for _ in 0..8 {
            desk.pulled(DOWN);
            desk.wait_for_pull();
        }
        desk.pulled(DOWN);
        desk.step(event);
        assert!(desk.wait_for_pull() <= 1_000);
    }
}

#[test]
fn a_gone_offset_another_generation_and_changed_rights_are_each_a_full_read() {
    let why = |tell: &dyn Fn(&mut Desk)| {
        let mut desk = Desk::fresh(true);
        desk.pass_beating(120_000);
        tell(&mut desk);
        assert_eq!(desk.reads(), [Read::Full]);
        desk.notes.pop()
    };
    let ends = |end: PullEnd| {
        why(&move |desk: &mut Desk| {
            desk.ring(6);
            desk.pulled(end);
        })
    };
    let note = |why| Some(Note::FullRead { feed: alarms(), why });
    assert_eq!(ends(PullEnd::OffsetGone), note(Why::OffsetGone));
    assert_eq!(ends(PullEnd::GenerationChanged), note(Why::Generation));
    assert_eq!(why(&|desk| desk.step(Event::RightsChanged(alarms().organization))), note(Why::Rights));
}

#[test]
fn a_wish_for_a_full_read_outlives_its_failure() {
    let mut desk = Desk::fresh(true);
    desk.step(Event::RightsChanged(alarms().organization));
    desk.pulled(DOWN);
    desk.wait_for_pull();
    assert_eq!(desk.reads(), [Read::Full]);
}

#[test]
fn digests_are_compared_after_a_full_read_and_daily() {
    let mut desk = Desk::fresh(true);
    desk.step(Event::RightsChanged(alarms().organization));
    desk.read_to(5);
    assert_eq!(desk.digests.len(), 1);
    desk.compared(DigestEnd::Same);
    let mut quiet_ms = 0;
    while desk.digests.is_empty() && quiet_ms < 2 * DAY_MS {
        desk.pass_beating(HOUR_MS);
        quiet_ms += HOUR_MS;
        if !desk.pulls.is_empty() {
            desk.read_to(5);
        }
    }
    assert!((DAY_MS - HOUR_MS..=DAY_MS + HOUR_MS).contains(&quiet_ms), "{quiet_ms}");
}

#[test]
fn a_digest_that_differs_is_counted_and_mended_by_at_most_one_full_read_an_hour() {
    let mut desk = Desk::fresh(true);
    desk.step(Event::RightsChanged(alarms().organization));
    desk.read_to(5);
    let (mut full, mut differed) = (0, 0);
    for _ in 0..5 * HOUR_MS / HEARTBEAT_FRONT_MS {
        if !desk.digests.is_empty() {
            differed += 1;
            desk.compared(DigestEnd::Differs);
        }
        if let [(_, _, read)] = desk.pulls.as_slice() {
            full += i32::from(*read == Read::Full);
            desk.read_to(5);
        }
        desk.pass_beating(HEARTBEAT_FRONT_MS);
    }
    let noted = desk.notes.iter().filter(|note| matches!(note, Note::DigestDiffers(_))).count();
    assert!((4..=6).contains(&full), "{full}");
    assert!(noted == differed && differed >= 4, "{noted} of {differed}");
}

#[test]
fn a_digest_of_another_offset_says_nothing_and_is_compared_again_after_a_read() {
    let mut desk = Desk::fresh(true);
    desk.step(Event::RightsChanged(alarms().organization));
    desk.read_to(5);
    desk.compared(DigestEnd::Moved);
    assert_eq!(desk.wait_for_pull(), 0);
    desk.read_to(6);
    assert!(desk.digests.is_empty());
    desk.pass_beating(2 * HEARTBEAT_FRONT_MS);
    assert_eq!(desk.digests.len(), 1);
}

#[test]
fn a_stream_is_dead_after_two_missed_heartbeats_and_feeds_are_polled_until_it_is_back() {
    let mut desk = Desk::fresh(true);
    let (first, heartbeat_ms) = desk.stream.unwrap();
    assert_eq!(heartbeat_ms, HEARTBEAT_FRONT_MS);
    desk.pass_beating(10 * HEARTBEAT_FRONT_MS);
    desk.pass_waking(2 * HEARTBEAT_FRONT_MS);
    assert!(!desk.notes.contains(&Note::StreamSilent), "only one can be said to be missed");
    desk.pass_waking(10_000);
    assert!(desk.notes.contains(&Note::StreamSilent));
    assert_ne!(desk.stream.unwrap().0, first, "it is opened again");
    desk.wait_for_pull();
    desk.read_to(5);
    assert_eq!(desk.wait_for_pull(), POLL_FRONT_MS);
    desk.read_to(5);
    desk.stream_up();
    assert!(desk.wait_for_pull() <= 1_000, "what was rung meanwhile");
    desk.read_to(5);
    desk.pass_beating(HOUR_MS);
    assert!(desk.pulls.is_empty());
}

#[test]
fn a_stream_that_is_accepted_and_dropped_again_is_not_opened_without_end() {
    let mut desk = Desk::fresh(true);
    let mut opened = 0;
    let end_ms = desk.now.monotonic_ms + HOUR_MS;
    while desk.now.monotonic_ms < end_ms {
        if let Some((ticket, _)) = desk.stream.take() {
            opened += 1;
            desk.step(Event::StreamUp { ticket });
            desk.step(Event::StreamDown { ticket, failure: Failure::Unreachable });
        }
        desk.pass_waking(1_000);
    }
    assert!((10..=40).contains(&opened), "{opened}");
}

#[test]
fn the_heartbeat_is_short_in_front_and_long_behind_and_without_a_session_there_is_no_stream() {
    let mut desk = Desk::fresh(true);
    desk.step(Event::Front(false));
    assert_eq!(desk.stream.unwrap().1, HEARTBEAT_BEHIND_MS);
    desk.step(Event::Session(false));
    assert_eq!((desk.stream, desk.wake_ms), (None, None));
    desk.pass_waking(DAY_MS);
    desk.step(Event::Session(true));
    assert!(desk.stream.is_some());
}

#[test]
fn a_token_that_is_not_accepted_stops_everything_until_a_session_is_back() {
    let mut desk = Desk::fresh(true);
    desk.ring(6);
    desk.pulled(PullEnd::Failed(Failure::SignedOut));
    desk.pass_waking(HOUR_MS);
    assert!(desk.pulls.is_empty() && desk.stream.is_none());
    desk.step(Event::Session(true));
    assert_eq!(desk.reads(), [Read::Changes(mark(5))]);
}

#[test]
fn a_slow_organization_takes_no_place_from_the_others() {
    let mut desk = Desk::empty();
    desk.step(Event::Session(true));
    for organization in 1..=4 {
        let names = ["alarms", "inventory", "people", "sensors"];
        let new = |name: &str| FeedRecord { feed: feed(organization, name), mark: None, times: FeedTimes::default() };
        desk.open(organization, false, names.map(new).into());
    }
    let of = |desk: &Desk, n: u128| desk.pulls.iter().filter(|(it, ..)| *it == feed(n, &it.name)).count();
    assert_eq!((desk.pulls.len(), of(&desk, 1), of(&desk, 2)), (MOST_RUNS, MOST_RUNS_EACH, MOST_RUNS_EACH));
    // The first organization never answers; the others come through beside it.
    let mut seen = std::collections::BTreeSet::new();
    while let Some(at) = desk.pulls.iter().position(|(it, ..)| it.organization != feed(1, "").organization) {
        let (feed, ticket, _) = desk.pulls.remove(at);
        if !seen.insert(feed.clone()) {
            break;
        }
        desk.step(Event::Pulled { feed, ticket, end: PullEnd::Read { mark: mark(1), more: false } });
        let digests = std::mem::take(&mut desk.digests);
        for (feed, ticket) in digests {
            desk.step(Event::Compared { feed, ticket, end: DigestEnd::Same });
        }
    }
    assert_eq!(seen.len(), 12);
}

#[test]
fn what_ends_for_a_closed_organization_ends_unheard() {
    let mut desk = Desk::fresh(true);
    desk.ring(6);
    desk.step(Event::Closed(alarms().organization));
    desk.read_to(6);
    assert_eq!(desk.notes.last(), Some(&Note::StaleEnd));
    assert_eq!(desk.schedule.status(&alarms(), &desk.now), None);
}
