//! A phone and a server whose clocks stand where the fixtures were made, so that nothing in them is too old.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onsite::account::{Access, Account, AccountConfig, AccountState};
use onsite::store::Key;
use onsite::time::{Clock, Moment, Timestamp};
use onsite_server::document::OrganizationDocument;
use onsite_server::{ManualClock, RunningServer, ServerConfig, start};
use onsite_wire::onsite::Role;

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// When all fixtures were made, by all clocks: 2026-11-22T12:00:00Z.
pub fn made_at() -> Timestamp {
    Timestamp::from_micros(1_795_348_800_000_000)
}

pub const KEY: [u8; 32] = [7; 32];

/// The machine's clock, set back to a minute after that time.
#[derive(Debug)]
struct SetBack(Instant);

impl Clock for SetBack {
    fn now(&self) -> Moment {
        let passed = 60_000 + i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Moment { wall: made_at().plus_millis(passed), monotonic_ms: 1_000 + passed, boot: 1 }
    }
}

/// A server at that time with one organization.
pub async fn server(data: &Path, document: &OrganizationDocument) -> RunningServer {
    let clock = Arc::new(ManualClock::at(made_at()));
    let server = start(ServerConfig { clock, ..ServerConfig::local(data) }).await.unwrap();
    server.store().import(document.clone()).await.unwrap();
    server
}

/// The account in this folder, opened a minute after the fixtures were made.
pub async fn account(folder: &Path, server: &str) -> Account {
    let mut config = AccountConfig::new(folder, Key::new(KEY), server, Access::Person);
    config.clock = Arc::new(SetBack(Instant::now()));
    let (account, opened) = Account::open(config).await.unwrap();
    assert!(opened.rescued.is_none() && !opened.cache_replaced, "{opened:?}");
    account
}

/// Waits until the account's state is as told.
pub async fn until(account: &Account, what: &str, is: impl Fn(&AccountState) -> bool) {
    let mut changes = account.changes();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is(&account.state()) {
        let changed = tokio::time::timeout_at(deadline, changes.changed()).await;
        assert!(changed.is_ok(), "never came: {what}; {:?}; {:?}", account.state(), account.actions());
    }
}

/// E-mail and password of an administrator.
pub fn administrator(document: &OrganizationDocument) -> (String, String) {
    let of_administrators = |group: &&onsite_server::document::DocumentGroup| {
        group.grants.iter().any(|grant| grant.role == Role::Administrator && grant.location_id.is_none())
    };
    let mut members = document.groups.iter().filter(of_administrators).flat_map(|group| &group.members);
    let person = members.find_map(|id| document.people.iter().find(|p| p.id == *id && p.password.is_some())).unwrap();
    (person.email.clone(), person.password.clone().unwrap())
}
