//! What the killed processes said, and what must be true for it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use onsite::account::{Account, SCHEMA};
use onsite::alarms::AlarmFeed;
use onsite::net::{ApiKey, Http, HttpConfig};
use onsite::store::{Options, Store};
use onsite::sync::feed::Feed;
use onsite::sync::overlays::Overlays;
use onsite::time::SystemClock;
use onsite_wire::ids::{ActionId, AlarmId, OrganizationId};
use onsite_wire::onsite::{Digest, HistoryResponse};
use secrecy::SecretString;

use crate::phone::key;

/// What was pressed: begun, and told to be stored.
#[derive(Debug, Default)]
pub struct Ledger {
    begun: BTreeMap<(AlarmId, String), Option<ActionId>>,
}

impl Ledger {
    /// Takes in a line of a killed process.
    pub fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["acting", kind, id] => {
                let before = self.begun.insert((id.parse().unwrap(), kind.to_owned()), None);
                assert!(before.is_none(), "each alarm is touched by one process only");
            }
            ["stored", kind, id, action] => {
                self.begun.insert((id.parse().unwrap(), kind.to_owned()), Some(action.parse().unwrap()));
            }
            _ => {}
        }
    }

    /// How many were told to be stored.
    pub fn stored(&self) -> usize {
        self.begun.values().flatten().count()
    }

    /// How many were begun.
    pub fn begun(&self) -> usize {
        self.begun.len()
    }

    /// What was told to be stored is on the server once; what was begun and not told, at most once.
    pub async fn holds(&self, server: &Http, organization: OrganizationId) {
        let alarms: std::collections::BTreeSet<AlarmId> = self.begun.keys().map(|(id, _)| *id).collect();
        for id in alarms {
            let path = format!("onsite/v1/organizations/{organization}/alarms/{id}/history");
            let entries = server.get::<HistoryResponse>(&path).await.unwrap().body.entries;
            for ((_, kind), action) in self.begun.iter().filter(|((alarm, _), _)| *alarm == id) {
                let effects: Vec<ActionId> =
                    entries.iter().filter(|entry| entry.kind == *kind).map(|entry| entry.action).collect();
                match action {
                    Some(action) => assert_eq!(effects, [*action], "{kind} of {id}: once, and no other"),
                    None => assert!(effects.len() <= 1, "{kind} of {id}: {effects:?}"),
                }
            }
        }
    }
}

/// A client that sees all of an organization.
pub async fn overseer(server: &onsite_server::RunningServer, organization: OrganizationId) -> Http {
    let api_key = server.store().create_api_key(vec![organization]).await.unwrap();
    let config = HttpConfig::new(&server.base_url(), Arc::new(SystemClock));
    Http::new(&config).unwrap().with_authority(Arc::new(ApiKey::new(SecretString::from(api_key))))
}

/// The phone holds what the server holds: counted on both sides, by each for itself.
pub async fn converged(account: Account, folder: &Path, server: &Http, organization: OrganizationId) {
    account.shutdown().await;
    let path = format!("onsite/v1/organizations/{organization}/digest/alarms");
    let theirs = server.get::<Digest>(&path).await.unwrap().body;
    let store = reopened(folder).await;
    let since = theirs.cleared_since;
    let ours = store.read(move |reading| {
        let n = "SELECT n FROM organization WHERE id = ?1";
        let n: i64 = reading.cache.query_row(n, [organization.bytes()], |row| row.get(0))?;
        AlarmFeed { overlays: Arc::new(Overlays::default()) }.digest(reading.cache, n, since)
    });
    let ours = ours.await.unwrap();
    assert_eq!((ours.count, ours.hex()), (theirs.count, theirs.xor));
    assert!(ours.count > 1_000, "{}", ours.count);
}

async fn reopened(folder: &Path) -> Store {
    let deadline = tokio::time::Instant::now() + crate::phone::PATIENCE;
    loop {
        let options = Options {
            folder,
            key: key(),
            schema: SCHEMA,
            clock: Arc::new(SystemClock),
            before_migration_commits: Arc::new(|| {}),
        };
        match Store::open(options) {
            Ok((store, _)) => return store,
            Err(fault) if tokio::time::Instant::now() < deadline => {
                assert!(matches!(fault, onsite::store::Fault::Busy), "{fault}");
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            Err(fault) => panic!("{fault}"),
        }
    }
}
