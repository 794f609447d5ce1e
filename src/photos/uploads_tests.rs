//! The way of photos to a server, step by step: whatever is lost, each arrives once and whole.

use onsite_wire::ids::ActionId;
use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

fn at(ms: i64) -> Moment {
    Moment { wall: Timestamp::from_millis(ms), monotonic_ms: ms, boot: 1 }
}

fn announced(n: u8, size: u64, on_server: bool) -> Announced {
    Announced {
        message: MessageId(ActionId::from_bytes([n; 16]).0),
        organization: OrganizationId::from_bytes([1; 16]),
        incident: IncidentId::from_bytes([2; 16]),
        hash: PhotoHash([n; 32]),
        size,
        on_server,
        settled: false,
    }
}

fn outbox(announced: Vec<Announced>) -> Event {
    Event::Outbox { announced, gone: Vec::new() }
}

fn waiting(offset: u64) -> PhotoUpload {
    let offset = i64::try_from(offset).unwrap();
    PhotoUpload { offset, state: PhotoState::Waiting, reason: None, arguments: BTreeMap::new() }
}

fn there() -> PhotoUpload {
    PhotoUpload { state: PhotoState::There, ..waiting(0) }
}

fn answered(of: OnWay, answer: Result<PhotoUpload, Failure>) -> Event {
    Event::Answered { ticket: of.ticket, answer }
}

/// The one request of a step, and the byte from which it sends.
fn request(effects: &[Effect]) -> Option<(OnWay, Option<u64>)> {
    let mut requests = effects.iter().filter_map(|effect| match effect {
        Effect::Ask(of) => Some((*of, None)),
        Effect::Put { of, from } => Some((*of, Some(*from))),
        _ => None,
    });
    let first = requests.next();
    assert_eq!(requests.next(), None, "one at a time");
    first
}

#[test]
fn bytes_wait_for_their_message_and_for_its_person() {
    let mut uploads = Uploads::default();
    let effects = uploads.step(outbox(vec![announced(1, 500, false)]), &at(0), 0);
    assert_eq!(request(&effects), None);
    assert_eq!(request(&uploads.step(Event::Session(true), &at(1), 0)), None, "parked, or on this phone");
    assert_eq!(uploads.needed().len(), 1);
    let (of, from) = request(&uploads.step(outbox(vec![announced(1, 500, true)]), &at(2), 0)).unwrap();
    assert_eq!(from, None, "first it asks");
    let (of, from) = request(&uploads.step(answered(of, Ok(waiting(0))), &at(3), 0)).unwrap();
    assert_eq!(from, Some(0));
    assert!(uploads.is_being_sent(of.message));
    let effects = uploads.step(answered(of, Ok(there())), &at(4), 0);
    assert_eq!(effects, [Effect::WakeAt(None)]);
    assert!(uploads.needed().is_empty() && uploads.waiting().next().is_none());
}

#[test]
fn a_discarded_message_takes_its_photo_along_unless_another_one_needs_it() {
    let mut uploads = Uploads::default();
    let twin = Announced { hash: PhotoHash([1; 32]), ..announced(2, 500, false) };
    uploads.step(outbox(vec![announced(1, 500, false), twin.clone()]), &at(0), 0);
    let gone = |message| Event::Outbox { announced: Vec::new(), gone: vec![message] };
    assert_eq!(uploads.step(gone(announced(1, 500, false).message), &at(1), 0), []);
    assert_eq!(uploads.step(gone(twin.message), &at(2), 0), [Effect::Drop(PhotoHash([1; 32]))]);
    // What the server has had for seven days is not dropped with its action.
    uploads.step(outbox(vec![announced(3, 500, true)]), &at(3), 0);
    assert_eq!(uploads.step(gone(announced(3, 500, true).message), &at(4), 0), []);
}

#[test]
fn a_failure_that_passes_waits_longer_each_time_and_a_nudge_brings_it_forward() {
    let mut uploads = Uploads::default();
    uploads.step(Event::Session(true), &at(0), 0);
    let mut now = 0;
    let (mut of, _) = request(&uploads.step(outbox(vec![announced(1, 500, true)]), &at(now), 0)).unwrap();
    let mut waits = Vec::new();
    for _ in 0..10 {
        let failure = Failure::Passing { code: Code::NoNetwork, retry_after_ms: None };
        let effects = uploads.step(answered(of, Err(failure)), &at(now), u64::MAX);
        assert_eq!(request(&effects), None);
        let next = uploads.next_attempt().unwrap();
        waits.push(next - now);
        assert_eq!(request(&uploads.step(Event::Tick, &at(next - 1), 0)), None);
        now = next;
        of = request(&uploads.step(Event::Tick, &at(now), 0)).unwrap().0;
    }
    assert!(waits.windows(2).all(|two| two[0] <= two[1] || two[1] >= 150_000), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= 300_000));
    let busy = Failure::Passing { code: Code::TooManyRequests, retry_after_ms: Some(60_000) };
    uploads.step(answered(of, Err(busy)), &at(now), 0);
    assert_eq!(request(&uploads.step(Event::Nudged, &at(now + 59_999), 0)), None, "the server's own word holds");
    let of = request(&uploads.step(Event::Nudged, &at(now + 60_000), 0)).unwrap().0;
    uploads.step(
        answered(of, Err(Failure::Passing { code: Code::NoNetwork, retry_after_ms: None })),
        &at(now + 60_001),
        0,
    );
    assert!(request(&uploads.step(Event::Nudged, &at(now + 60_002), 0)).is_some());
}

#[test]
fn one_over_which_the_server_stumbles_holds_nobody_back() {
    let mut uploads = Uploads::default();
    uploads.step(Event::Session(true), &at(0), 0);
    let (of, _) =
        request(&uploads.step(outbox(vec![announced(1, 500, true), announced(2, 500, true)]), &at(0), 0)).unwrap();
    let stumbled = answered(of, Err(Failure::Stumbled(Code::ServerFault)));
    let (other, _) = request(&uploads.step(stumbled, &at(1), 0)).unwrap();
    assert_ne!(of.message, other.message);
}

#[test]
fn bytes_that_arrive_damaged_are_sent_anew_and_given_up_in_the_end_as_is_a_lost_file() {
    let mut uploads = Uploads::default();
    uploads.step(Event::Session(true), &at(0), 0);
    let (mut of, _) = request(&uploads.step(outbox(vec![announced(1, 500, true)]), &at(0), 0)).unwrap();
    let mut now = 0;
    for _ in 0..RESTARTS {
        uploads.step(answered(of, Err(Failure::Damaged)), &at(now), 0);
        now = uploads.next_attempt().unwrap();
        let (asked, from) = request(&uploads.step(Event::Tick, &at(now), 0)).unwrap();
        assert_eq!(from, None);
        of = asked;
    }
    let effects = uploads.step(answered(of, Err(Failure::Damaged)), &at(now), 0);
    let Some(Effect::GiveUp(of)) = effects.first() else { panic!("{effects:?}") };
    let refused = PhotoUpload { state: PhotoState::Failed, reason: Some(Code::PhotoGivenUp), ..waiting(0) };
    uploads.step(answered(*of, Ok(refused)), &at(now), 0);
    assert_eq!(uploads.waiting().next().unwrap().stage, Stage::Refused(Code::PhotoGivenUp));
    let (of, _) = request(&uploads.step(outbox(vec![announced(2, 500, true)]), &at(now), 0)).unwrap();
    let effects = uploads.step(answered(of, Err(Failure::Lost)), &at(now), 0);
    assert!(matches!(effects.first(), Some(Effect::GiveUp(_))));
}

#[test]
fn after_a_restored_backup_a_photo_that_was_there_is_asked_for_again() {
    let mut uploads = Uploads::default();
    uploads.step(Event::Session(true), &at(0), 0);
    let done = Announced { settled: true, ..announced(1, 500, true) };
    assert_eq!(request(&uploads.step(outbox(vec![done]), &at(0), 0)), None, "known to be there");
    assert!(!uploads.is_news(announced(1, 500, true).message, true));
    uploads.step(outbox(vec![announced(1, 500, false)]), &at(1), 0);
    assert!(request(&uploads.step(outbox(vec![announced(1, 500, true)]), &at(2), 0)).is_some());
}

/// A server that appends a part in its place, and loses requests and answers by chance.
struct Server {
    size: u64,
    has: u64,
    parts: usize,
}

impl Server {
    fn put(&mut self, from: u64) -> Result<PhotoUpload, Failure> {
        if self.has == self.size {
            return Ok(there());
        }
        if from != self.has {
            return Err(Failure::Elsewhere(self.has));
        }
        self.has = (from + PART).min(self.size);
        self.parts += 1;
        Ok(if self.has == self.size { there() } else { waiting(self.has) })
    }
}

proptest! {
    #[test]
    fn cut_at_any_part_with_lost_requests_answers_and_processes_a_photo_arrives_once_and_whole(
        size in 1..40 * PART, chances in prop::collection::vec(0..10_u8, 400),
    ) {
        let mut server = Server { size, has: 0, parts: 0 };
        let mut uploads = Uploads::default();
        let mut now = 0;
        let begin = |uploads: &mut Uploads, now| {
            uploads.step(outbox(vec![announced(1, size, true)]), &at(now), 7);
            uploads.step(Event::Session(true), &at(now), 7)
        };
        let mut effects = begin(&mut uploads, now);
        // After enough of bad luck all goes well.
        let mut chances = chances.into_iter().chain(std::iter::repeat(9));
        for _ in 0..2_000 {
            if uploads.waiting().next().is_none() {
                break;
            }
            let Some((of, from)) = request(&effects) else {
                now = uploads.wake_at().unwrap_or(now).max(now);
                effects = uploads.step(Event::Tick, &at(now), 7);
                continue;
            };
            let lost = || Err(Failure::Passing { code: Code::NoNetwork, retry_after_ms: None });
            let chance = chances.next().unwrap();
            let answer = match (chance, from) {
                (0, _) => {
                    // The process ends, before or after the server had it.
                    if let Some(from) = from {
                        drop(server.put(from));
                    }
                    uploads = Uploads::default();
                    effects = begin(&mut uploads, now);
                    continue;
                }
                (1, _) => lost(),
                (2, Some(from)) => {
                    drop(server.put(from));
                    lost()
                }
                (3, _) => Err(Failure::Stumbled(Code::ServerFault)),
                (_, None) if server.has == size => Ok(there()),
                (_, None) => Ok(waiting(server.has)),
                (_, Some(from)) => server.put(from),
            };
            effects = uploads.step(answered(of, answer), &at(now), 7);
        }
        prop_assert!(uploads.waiting().next().is_none(), "it never arrived: {:?}", uploads);
        prop_assert_eq!((server.has, server.parts as u64), (size, size.div_ceil(PART)));
    }
}
