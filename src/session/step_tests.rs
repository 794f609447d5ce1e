//! The session by its sentences: what signs a person out, and what never does.

use onsite_wire::ids::PersonId;
use onsite_wire::time::Timestamp;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

const LIFETIME_S: i64 = 900;

fn at(seconds: i64) -> Moment {
    Moment { wall: Timestamp::from_millis(seconds * 1_000), monotonic_ms: seconds * 1_000, boot: 1 }
}

fn person() -> Person {
    Person { id: PersonId::from_bytes([7; 16]), name: "Ada".to_owned() }
}

fn access(name: &str, received: i64) -> Access {
    Access::new(name.into(), at(received), LIFETIME_S)
}

fn refresh_of(effects: &[Effect]) -> Option<(u64, String)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Renew { attempt, refresh, .. } => Some((*attempt, refresh.expose_secret().to_owned())),
        Effect::Store { .. } | Effect::Forget => None,
    })
}

/// A session driven by hand.
struct Desk {
    state: State,
    effects: Vec<Effect>,
}

impl Desk {
    fn signed_in() -> Self {
        let mut desk = Self { state: State::default(), effects: Vec::new() };
        let session = StoredSession {
            person: person(),
            refresh: "R1".into(),
            exchange: Uuid::from_u128(1),
            access: access("A1", 0),
        };
        desk.hear(0, Event::Begun(session));
        desk
    }

    fn hear(&mut self, seconds: i64, event: Event) -> &mut Self {
        let (state, effects) = step(std::mem::take(&mut self.state), event, &at(seconds), 0);
        (self.state, self.effects) = (state, effects);
        self
    }

    /// Needs a token and gives the number of the renewal that this begins.
    fn renewal(&mut self, seconds: i64) -> u64 {
        self.hear(seconds, Event::Needed);
        refresh_of(&self.effects).expect("a renewal").0
    }

    fn answer(&mut self, seconds: i64, attempt: u64) {
        let event = Event::Renewed {
            attempt,
            refresh: "R2".into(),
            exchange: Uuid::from_u128(2),
            access: access("A2", seconds),
        };
        self.hear(seconds, event);
    }

    fn token(&self, seconds: i64) -> Result<u64, Option<Fault>> {
        match self.state.standing(&at(seconds)) {
            Standing::Good(credential) => Ok(credential.serial),
            Standing::Wait => Err(None),
            Standing::None(fault) => Err(Some(fault)),
        }
    }
}

#[test]
fn a_token_is_renewed_before_it_expires_and_used_until_the_next_is_stored() {
    let mut desk = Desk::signed_in();
    let first = desk.token(0).unwrap();
    assert!(refresh_of(&desk.hear(LIFETIME_S - 61, Event::Needed).effects).is_none());
    let attempt = desk.renewal(LIFETIME_S - 60);
    assert_eq!(desk.token(LIFETIME_S - 50), Ok(first));
    desk.answer(LIFETIME_S - 40, attempt);
    assert!(matches!(desk.effects.as_slice(), [Effect::Store { .. }]));
    assert_eq!(desk.token(LIFETIME_S - 40), Ok(first), "nothing is used before it is stored");
    desk.hear(LIFETIME_S - 39, Event::Stored { attempt, outcome: Ok(()) });
    assert!(desk.token(LIFETIME_S - 39).unwrap() > first);
}

#[test]
fn many_who_need_a_token_begin_one_renewal() {
    let mut desk = Desk::signed_in();
    desk.renewal(LIFETIME_S);
    for _ in 0..9 {
        assert!(desk.hear(LIFETIME_S, Event::Needed).effects.is_empty());
        assert_eq!(desk.token(LIFETIME_S), Err(None));
    }
}

#[test]
fn a_late_refusal_of_an_old_token_does_not_touch_the_new_one() {
    let mut desk = Desk::signed_in();
    let old = desk.token(0).unwrap();
    desk.hear(100, Event::Refused { serial: old });
    let (attempt, presented) = refresh_of(&desk.effects).unwrap();
    assert_eq!(presented, "R1");
    desk.answer(101, attempt);
    desk.hear(101, Event::Stored { attempt, outcome: Ok(()) });
    let new = desk.token(101).unwrap();
    assert!(desk.hear(102, Event::Refused { serial: old }).effects.is_empty());
    assert_eq!(desk.token(102), Ok(new));
}

#[test]
fn only_session_ended_ends_a_session() {
    let refused = |code, status| Fault::Refused { status, code, arguments: std::collections::BTreeMap::new() };
    let others = [
        Fault::NoNetwork,
        Fault::Timeout,
        Fault::NotSignedIn,
        Fault::NotAllowed,
        Fault::NotFound { what: String::new() },
        Fault::OffsetGone,
        refused(Code::InvalidRequest, 400),
        refused(Code::WrongCredentials, 401),
    ];
    for fault in others {
        let mut desk = Desk::signed_in();
        let attempt = desk.renewal(LIFETIME_S);
        desk.hear(LIFETIME_S, Event::Failed { attempt, fault: fault.clone() });
        assert!(desk.effects.is_empty(), "{fault}");
        let told = desk.token(LIFETIME_S).unwrap_err().unwrap();
        assert!(told.is_transient(), "{fault:?} was told as {told:?}");
        assert_eq!(desk.state.person(), Some(&person()));
    }
    let mut desk = Desk::signed_in();
    let attempt = desk.renewal(LIFETIME_S);
    desk.hear(LIFETIME_S, Event::Failed { attempt, fault: refused(Code::SessionEnded, 401) });
    assert!(matches!(desk.effects.as_slice(), [Effect::Forget]));
    assert_eq!((desk.state.ended(), desk.token(LIFETIME_S)), (Some(&person()), Err(Some(Fault::NotSignedIn))));
}

#[test]
fn a_failed_renewal_waits_and_a_new_network_ends_the_wait() {
    let mut desk = Desk::signed_in();
    let attempt = desk.renewal(LIFETIME_S);
    desk.hear(LIFETIME_S, Event::Failed { attempt, fault: Fault::NoNetwork });
    assert!(desk.hear(LIFETIME_S, Event::Needed).effects.is_empty());
    desk.hear(LIFETIME_S, Event::NetworkChanged);
    desk.renewal(LIFETIME_S);
}

#[test]
fn what_the_server_asked_to_wait_a_new_network_does_not_shorten() {
    let mut desk = Desk::signed_in();
    let attempt = desk.renewal(LIFETIME_S);
    let fault = Fault::TooManyRequests { retry_after: Some(std::time::Duration::from_secs(90)) };
    desk.hear(LIFETIME_S, Event::Failed { attempt, fault });
    desk.hear(LIFETIME_S, Event::NetworkChanged);
    assert!(desk.hear(LIFETIME_S + 89, Event::Needed).effects.is_empty());
    desk.renewal(LIFETIME_S + 100);
}

#[test]
fn an_answer_that_cannot_be_stored_is_not_used_and_the_old_token_is_presented_again() {
    let mut desk = Desk::signed_in();
    let attempt = desk.renewal(LIFETIME_S);
    desk.answer(LIFETIME_S, attempt);
    desk.hear(LIFETIME_S, Event::Stored { attempt, outcome: Err(Code::DiskFull) });
    assert_eq!(desk.token(LIFETIME_S), Err(Some(Fault::Phone(Code::DiskFull))));
    desk.hear(LIFETIME_S + 60, Event::Needed);
    assert_eq!(refresh_of(&desk.effects).unwrap().1, "R1");
}

#[test]
fn an_answer_after_signing_out_is_dropped() {
    let mut desk = Desk::signed_in();
    let attempt = desk.renewal(LIFETIME_S);
    desk.hear(LIFETIME_S, Event::SignedOut);
    assert!(matches!(desk.effects.as_slice(), [Effect::Forget]));
    desk.answer(LIFETIME_S, attempt);
    assert!(desk.effects.is_empty());
    assert_eq!(desk.token(LIFETIME_S), Err(Some(Fault::NotSignedIn)));
}

#[test]
fn an_answer_for_the_session_before_a_new_sign_in_is_dropped() {
    let mut desk = Desk::signed_in();
    let attempt = desk.renewal(LIFETIME_S);
    let session = StoredSession {
        person: person(),
        refresh: "S1".into(),
        exchange: Uuid::from_u128(9),
        access: access("B1", LIFETIME_S),
    };
    desk.hear(LIFETIME_S, Event::Begun(session));
    desk.answer(LIFETIME_S, attempt);
    assert!(desk.effects.is_empty());
}

#[test]
fn a_server_that_refuses_what_it_gives_is_not_asked_round_and_round() {
    let mut desk = Desk::signed_in();
    let mut renewals = 0;
    for second in 0..3_600 {
        desk.hear(second, Event::Needed);
        if let Some((attempt, _)) = refresh_of(&desk.effects) {
            renewals += 1;
            desk.answer(second, attempt);
            desk.hear(second, Event::Stored { attempt, outcome: Ok(()) });
        }
        if let Ok(serial) = desk.token(second) {
            desk.hear(second, Event::Refused { serial });
        }
    }
    assert!((3..40).contains(&renewals), "{renewals} renewals in an hour");
}

#[test]
fn a_clock_set_by_hand_neither_ends_nor_renews_a_session() {
    let mut desk = Desk::signed_in();
    for wall_s in [0, 10_000_000, -10_000_000] {
        let now = Moment { wall: Timestamp::from_millis(wall_s * 1_000), ..at(100) };
        let (state, effects) = step(std::mem::take(&mut desk.state), Event::Needed, &now, 0);
        desk.state = state;
        assert!(effects.is_empty() && matches!(desk.state.standing(&now), Standing::Good(_)), "{wall_s}");
    }
}

#[test]
fn nothing_prints_a_token() {
    let mut desk = Desk::signed_in();
    let attempt = desk.renewal(LIFETIME_S);
    let shown = format!("{:?} {:?} {:?}", desk.state, desk.effects, desk.state.standing(&at(0)));
    desk.answer(LIFETIME_S, attempt);
    let shown = format!("{shown} {:?} {:?}", desk.state, desk.effects);
    for secret in ["R1", "R2", "A1", "A2"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_stored_session_is_read_back_and_other_bytes_are_none() {
    let session =
        StoredSession { person: person(), refresh: "R1".into(), exchange: Uuid::from_u128(1), access: access("A1", 5) };
    let read = StoredSession::from_bytes(&session.to_bytes()).unwrap();
    assert_eq!(read.person, session.person);
    assert_eq!((read.refresh.expose_secret(), read.access.token.expose_secret()), ("R1", "A1"));
    assert_eq!((read.access.received, read.access.lifetime_ms), (at(5), LIFETIME_S * 1_000));
    assert!(StoredSession::from_bytes(b"{}").is_none());
}

/// A server that keeps the rule of the module's head. Tokens are named by numbers.
#[derive(Debug, Default)]
struct Server {
    newest: u64,
    /// The exchange noted for the newest one's predecessor.
    noted: Option<Uuid>,
    ended: bool,
}

impl Server {
    fn present(&mut self, refresh: u64, exchange: Uuid) -> Option<u64> {
        if refresh == self.newest && !self.ended {
            self.newest += 1;
            self.noted = Some(exchange);
        } else if refresh + 1 != self.newest || self.noted != Some(exchange) {
            self.ended = true;
        }
        (!self.ended).then_some(self.newest)
    }
}

/// What becomes of one renewal.
#[derive(Debug, Clone, Copy)]
enum Fate {
    RequestLost,
    AnswerLost,
    NotStored,
    KilledBeforeStoring,
    KilledAfterStoring,
    Good,
}

fn any_fate() -> impl Strategy<Value = Fate> {
    use Fate::{AnswerLost, Good, KilledAfterStoring, KilledBeforeStoring, NotStored, RequestLost};
    prop::sample::select(vec![RequestLost, AnswerLost, NotStored, KilledBeforeStoring, KilledAfterStoring, Good])
}

/// The session that comes with the refresh token of this number; each time one comes, another exchange is drawn.
fn session(number: u64, drawn: &mut u128, received: i64) -> StoredSession {
    *drawn += 1;
    let (refresh, exchange) = (number.to_string().into(), Uuid::from_u128(*drawn));
    StoredSession { person: person(), refresh, exchange, access: access(&number.to_string(), received) }
}

proptest! {
    #[test]
    fn whatever_is_lost_nobody_is_signed_out_and_what_is_presented_is_what_lies_in_the_files(
        fates in prop::collection::vec((any_fate(), 0_i64..2_000), 1..40),
    ) {
        let (mut server, mut drawn) = (Server::default(), 0);
        let mut file = session(0, &mut drawn, 0);
        let (mut state, mut second) = (step(State::default(), Event::Begun(file.clone()), &at(0), 0).0, 0);
        for (fate, pause) in fates.into_iter().chain([(Fate::Good, 1_000)]) {
            second += pause;
            let hear = |state: &mut State, event| {
                let (next, effects) = step(std::mem::take(state), event, &at(second), 0);
                *state = next;
                effects
            };
            let effects = hear(&mut state, Event::Needed);
            if let Some(Effect::Renew { attempt, refresh, exchange }) = effects.into_iter().next() {
                prop_assert_eq!((refresh.expose_secret(), exchange), (file.refresh.expose_secret(), file.exchange));
                let answer = match fate {
                    Fate::RequestLost => None,
                    _ => server.present(refresh.expose_secret().parse().unwrap(), exchange),
                };
                prop_assert!(!server.ended);
                let (Some(answer), false) = (answer, matches!(fate, Fate::AnswerLost)) else {
                    hear(&mut state, Event::Failed { attempt, fault: Fault::Timeout });
                    continue;
                };
                let StoredSession { refresh, exchange, access, .. } = session(answer, &mut drawn, second);
                let effects = hear(&mut state, Event::Renewed { attempt, refresh, exchange, access });
                let [Effect::Store { session, .. }] = effects.as_slice() else { panic!("{effects:?}") };
                if matches!(fate, Fate::Good | Fate::KilledAfterStoring) {
                    file = session.clone();
                }
                let outcome = if matches!(fate, Fate::NotStored) { Err(Code::DiskFull) } else { Ok(()) };
                match fate {
                    Fate::KilledBeforeStoring | Fate::KilledAfterStoring => {
                        state = step(State::default(), Event::Begun(file.clone()), &at(second), 0).0;
                    }
                    _ => drop(hear(&mut state, Event::Stored { attempt, outcome })),
                }
            }
            if let (Standing::Good(_), Phase::SignedIn(held)) = (state.standing(&at(second)), &state.phase) {
                let used = held.access.as_ref().map(|access| access.token.expose_secret());
                prop_assert_eq!(used, Some(file.access.token.expose_secret()), "used before it was stored");
            }
        }
        prop_assert!(state.person().is_some());
        prop_assert!(!server.ended);
    }
}
