//! Signing in and staying signed in over connections that lose answers.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use onsite::net::{Fault, Http, HttpConfig};
use onsite::session::{Session, SignInFault, SignInStep, Status, StoredSession, TokenVault, VaultFault};
use onsite::time::{Clock, Moment, SystemClock};
use onsite_wire::codes::Code;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use super::server::{JSON, PROBLEM, Server, answer, config, soon};

const PERSON: &str = "0b7e0f0a-1111-4c1d-8b20-0000000000f1";

/// The phone's clock, which a test can move on.
#[derive(Debug, Default)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Moment {
        let now = SystemClock.now();
        Moment { monotonic_ms: now.monotonic_ms + self.0.load(Ordering::SeqCst), ..now }
    }
}

/// A vault in memory that outlives a session, as files outlive a process.
#[derive(Clone, Default)]
struct Vault {
    bytes: Arc<Mutex<Option<Vec<u8>>>>,
    full: Arc<AtomicBool>,
}

impl Vault {
    fn refresh(&self) -> Option<String> {
        self.load().map(|session| session.refresh.expose_secret().to_owned())
    }
}

impl TokenVault for Vault {
    fn load(&self) -> Option<StoredSession> {
        StoredSession::from_bytes(self.bytes.lock().unwrap().as_deref()?)
    }

    fn save(&self, session: &StoredSession) -> Result<(), VaultFault> {
        if self.full.load(Ordering::SeqCst) {
            return Err(VaultFault(Code::DiskFull));
        }
        *self.bytes.lock().unwrap() = Some(session.to_bytes().to_vec());
        Ok(())
    }

    fn clear(&self) -> Result<(), VaultFault> {
        *self.bytes.lock().unwrap() = None;
        Ok(())
    }
}

/// A server that keeps the rule of the two tokens. Tokens are `r` and `a` with numbers.
#[derive(Debug, Default)]
struct Book {
    /// The newest refresh token.
    newest: u64,
    /// The exchange noted for its predecessor.
    noted: serde_json::Value,
    /// Access tokens with this number or a lower one are refused.
    refused_to: u64,
    ended: bool,
    refreshes: u64,
    /// This many answers to renewals are lost after they took effect.
    lose: u64,
    /// Renewals answer this instead.
    fault: Option<u16>,
}

impl Book {
    fn tokens(&self) -> serde_json::Value {
        let number = self.newest;
        json!({"accessToken": format!("a{number}"), "expiresIn": 900, "refreshToken": format!("r{number}")})
    }

    fn sign_in(&mut self, body: &str) -> Vec<u8> {
        if body.contains("second") {
            return answer(200, JSON, r#"{"step":"second_factor","challenge":"c1","methods":["totp"]}"#);
        }
        if !body.contains("right") {
            return problem(401, "wrong_credentials");
        }
        self.newest += 1;
        let signed_in = json!({"step": "signed_in", "personId": PERSON, "name": "Ada", "tokens": self.tokens(),
            "now": "2026-11-22T12:00:00Z"});
        answer(200, JSON, signed_in.to_string())
    }

    fn refresh(&mut self, body: &str) -> Vec<u8> {
        self.refreshes += 1;
        if let Some(status) = self.fault {
            return answer(status, "", "");
        }
        let request: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(request["attempt"].is_string());
        let presented: u64 = request["refreshToken"].as_str().unwrap()[1..].parse().unwrap();
        if presented == self.newest {
            self.newest += 1;
            self.noted = request["attempt"].clone();
        } else if presented + 1 != self.newest || self.noted != request["attempt"] {
            self.ended = true;
        }
        if self.ended { problem(401, "session_ended") } else { answer(200, JSON, self.tokens().to_string()) }
    }

    fn request(&mut self, authorization: Option<&str>) -> Vec<u8> {
        let number = authorization.and_then(|value| value.strip_prefix("bearer a")?.parse::<u64>().ok());
        match number {
            Some(number) if number > self.refused_to && !self.ended => answer(200, JSON, number.to_string()),
            _ => problem(401, "not_signed_in"),
        }
    }
}

fn problem(status: u16, code: &str) -> Vec<u8> {
    answer(status, PROBLEM, json!({ "code": code }).to_string())
}

/// A phone and its server.
struct World {
    server: Server,
    book: Arc<Mutex<Book>>,
    clock: Arc<TestClock>,
    vault: Vault,
}

impl World {
    async fn new() -> Self {
        let book: Arc<Mutex<Book>> = Arc::default();
        let at_server = Arc::clone(&book);
        let server = Server::acting(move |request, mut stream| {
            let (bytes, lost) = {
                let mut book = at_server.lock().unwrap();
                let is_refresh = request.is("post /onsite/v1/session/refresh");
                let bytes = if is_refresh {
                    book.refresh(&request.body)
                } else if request.is("post /onsite/v1/session") {
                    book.sign_in(&request.body)
                } else {
                    book.request(request.header("authorization"))
                };
                let lost = is_refresh && book.lose > 0;
                book.lose -= u64::from(lost);
                (bytes, lost)
            };
            async move {
                // Long enough that callers meet while a renewal runs.
                tokio::time::sleep(Duration::from_millis(20)).await;
                if !lost {
                    let _ = stream.write_all(&bytes).await;
                }
                let _ = stream.shutdown().await;
            }
        })
        .await;
        Self { server, book, clock: Arc::default(), vault: Vault::default() }
    }

    fn anonymous(&self) -> Http {
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&self.clock);
        Http::new(&HttpConfig { clock, ..config(&self.server.address) }).unwrap()
    }

    /// The app is started: with what lies in the vault.
    fn start(&self) -> (Session, Http) {
        let http = self.anonymous();
        let session = Session::open(&http, Box::new(self.vault.clone()), Handle::current());
        let http = http.with_authority(Arc::new(session.clone()));
        (session, http)
    }

    async fn signed_in() -> (Self, Session, Http) {
        let world = Self::new().await;
        let (session, http) = world.start();
        soon(session.sign_in("ada@example.com", &"right".into())).await.unwrap();
        (world, session, http)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    fn pass_minutes(&self, minutes: i64) {
        self.clock.0.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }
}

/// Asks for anything: the number of the access token that served.
async fn ask(http: &Http) -> Result<u64, Fault> {
    soon(http.get::<u64>("anything")).await.map(|answer| answer.body)
}

#[tokio::test]
async fn signing_in_stores_the_session_and_requests_carry_its_token() {
    let (world, session, http) = World::signed_in().await;
    let Status::SignedIn(person) = session.status() else { panic!() };
    assert_eq!((person.id.to_string().as_str(), person.name.as_str()), (PERSON, "Ada"));
    assert_eq!(world.vault.refresh().as_deref(), Some("r1"));
    assert_eq!(ask(&http).await, Ok(1));
}

#[tokio::test]
async fn wrong_words_are_told_and_change_nothing() {
    let (world, session, http) = World::signed_in().await;
    let fault = soon(session.sign_in("ada@example.com", &"wrong".into())).await.unwrap_err();
    let SignInFault::Net(fault) = fault else { panic!("{fault:?}") };
    assert_eq!(fault.code(), Code::WrongCredentials);
    assert_eq!((ask(&http).await, world.vault.refresh().as_deref()), (Ok(1), Some("r1")));
}

#[tokio::test]
async fn a_second_factor_is_a_step_and_no_session() {
    let world = World::new().await;
    let (session, http) = world.start();
    let step = soon(session.sign_in("ada@example.com", &"second".into())).await.unwrap();
    let SignInStep::SecondFactor { challenge, methods } = step else { panic!("{step:?}") };
    assert_eq!((challenge.expose_secret(), methods), ("c1", vec!["totp".to_owned()]));
    assert_eq!((session.status(), ask(&http).await), (Status::SignedOut, Err(Fault::NotSignedIn)));
    assert_eq!(world.server.seen().len(), 1, "without a session nothing is sent");
}

#[tokio::test]
async fn a_session_that_cannot_be_stored_is_none() {
    let world = World::new().await;
    let (session, _) = world.start();
    world.vault.full.store(true, Ordering::SeqCst);
    let fault = soon(session.sign_in("ada@example.com", &"right".into())).await.unwrap_err();
    assert_eq!(fault, SignInFault::Vault(VaultFault(Code::DiskFull)));
    assert_eq!(session.status(), Status::SignedOut);
}

#[tokio::test]
async fn many_who_need_a_token_at_once_cause_one_renewal() {
    let (world, _session, http) = World::signed_in().await;
    world.pass_minutes(20);
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let http = http.clone();
            tokio::spawn(async move { ask(&http).await })
        })
        .collect();
    for asked in asked {
        assert_eq!(asked.await.unwrap(), Ok(2));
    }
    assert_eq!((world.book().refreshes, world.vault.refresh().as_deref()), (1, Some("r2")));
}

#[tokio::test]
async fn a_token_refused_before_its_time_is_renewed_and_the_request_sent_again() {
    let (world, _session, http) = World::signed_in().await;
    world.pass_minutes(5);
    world.book().refused_to = 1;
    assert_eq!(ask(&http).await, Ok(2));
    assert_eq!(world.book().refreshes, 1);
}

#[tokio::test]
async fn a_server_that_refuses_what_it_gives_is_at_fault_and_nobody_is_signed_out() {
    let (world, session, http) = World::signed_in().await;
    world.pass_minutes(5);
    world.book().refused_to = u64::MAX;
    assert_eq!(ask(&http).await, Err(Fault::ServerFault { status: 401, retry_after: None }));
    assert!(matches!(session.status(), Status::SignedIn(_)));
}

#[tokio::test]
async fn a_lost_answer_signs_nobody_out() {
    let (world, session, http) = World::signed_in().await;
    world.pass_minutes(20);
    for _ in 0..3 {
        world.book().lose = 1;
        assert!(ask(&http).await.unwrap_err().is_transient());
        assert_eq!(world.vault.refresh().as_deref(), Some("r1"), "the old token is kept until there is a new one");
        session.network_changed();
    }
    assert_eq!(ask(&http).await, Ok(2));
    assert_eq!(world.vault.refresh().as_deref(), Some("r2"));
}

#[tokio::test]
async fn an_app_killed_before_the_answer_came_goes_on_after_days() {
    let (world, session, http) = World::signed_in().await;
    world.pass_minutes(20);
    world.book().lose = 1;
    assert!(ask(&http).await.is_err());
    drop((session, http));
    world.pass_minutes(3 * 24 * 60);
    let (session, http) = world.start();
    assert!(matches!(session.status(), Status::SignedIn(_)));
    assert_eq!(ask(&http).await, Ok(2));
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_not_used_and_the_session_goes_on_when_there_is_room() {
    let (world, session, http) = World::signed_in().await;
    world.pass_minutes(20);
    world.vault.full.store(true, Ordering::SeqCst);
    assert_eq!(ask(&http).await, Err(Fault::Phone(Code::DiskFull)));
    world.vault.full.store(false, Ordering::SeqCst);
    session.network_changed();
    assert_eq!(ask(&http).await, Ok(2));
}

#[tokio::test]
async fn while_renewals_fail_a_token_that_is_still_good_is_used() {
    let (world, session, http) = World::signed_in().await;
    let mut news = session.changes();
    world.book().fault = Some(503);
    world.clock.0.fetch_add(14 * 60_000 + 30_000, Ordering::SeqCst);
    news.mark_unchanged();
    assert_eq!(ask(&http).await, Ok(1));
    soon(news.changed()).await.unwrap();
    assert_eq!(world.book().refreshes, 1);
    assert_eq!(ask(&http).await, Ok(1));
}

#[tokio::test]
async fn a_stolen_token_used_by_somebody_else_ends_the_session_and_says_so() {
    let (world, session, http) = World::signed_in().await;
    {
        let mut book = world.book();
        book.refresh(&json!({"refreshToken": "r1", "attempt": PERSON}).to_string());
    }
    world.pass_minutes(20);
    let mut news = session.changes();
    assert_eq!(ask(&http).await, Err(Fault::NotSignedIn));
    assert!(
        matches!(&*soon(news.wait_for(|status| matches!(status, Status::Ended(_)))).await.unwrap(), Status::Ended(person) if person.name == "Ada")
    );
    soon(async {
        while world.vault.refresh().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    soon(session.sign_in("ada@example.com", &"right".into())).await.unwrap();
    assert!(matches!(session.status(), Status::SignedIn(_)));
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_take_the_renewal_along() {
    let (world, _session, http) = World::signed_in().await;
    world.pass_minutes(20);
    let caller = tokio::spawn(async move { ask(&http).await });
    soon(async {
        while world.book().refreshes == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    caller.abort();
    soon(async {
        while world.vault.refresh().as_deref() != Some("r2") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn signing_out_forgets_the_tokens_and_tells_the_server() {
    let (world, session, http) = World::signed_in().await;
    soon(session.sign_out()).await.unwrap();
    assert_eq!((world.vault.refresh(), session.status()), (None, Status::SignedOut));
    let last = world.server.seen().pop().unwrap();
    assert!(last.is("delete /onsite/v1/session"));
    assert_eq!(last.header("authorization"), Some("bearer a1"));
    assert_eq!(ask(&http).await, Err(Fault::NotSignedIn));
}

#[tokio::test]
async fn signing_out_without_signal_forgets_the_tokens_too() {
    let world = World::new().await;
    let (session, _) = world.start();
    soon(session.sign_in("ada@example.com", &"right".into())).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let session = Session::open(&super::server::http(&nowhere), Box::new(world.vault.clone()), Handle::current());
    soon(session.sign_out()).await.unwrap();
    assert_eq!(world.vault.refresh(), None);
}

#[tokio::test]
async fn nothing_prints_a_password_or_a_token() {
    let (_world, session, http) = World::signed_in().await;
    let password = SecretString::from("right");
    let shown = format!("{session:?} {http:?} {password:?} {:?}", session.status());
    for secret in ["right", "a1", "r1"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
