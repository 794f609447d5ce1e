//! What the account itself keeps in own.db: its actions, its session, its small choices.

use onsite_wire::ids::ActionId;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, ToSql};

use crate::net::KeptClock;
use crate::session::{StoredSession, TokenVault, VaultFault};
use crate::store::{Fault, Store, Writer};
use crate::sync::outbox::{Entry, Record};

/// All actions, in the order of their making. One that cannot be read back is left where it is and skipped.
pub(super) fn entries(own: &Connection) -> Result<Vec<Entry>, Fault> {
    let mut select = own.prepare_cached("SELECT entry FROM action ORDER BY n")?;
    let texts = select.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

/// Writes what the outbox decided.
pub(super) fn record(own: &Connection, record: &Record) -> Result<(), Fault> {
    for entry in &record.put {
        let text = serde_json::to_string(entry).map_err(|_| Fault::Value("action"))?;
        own.prepare_cached(
            "INSERT INTO action (n, id, entry) VALUES (?1, ?2, ?3)
             ON CONFLICT (n) DO UPDATE SET entry = excluded.entry",
        )?
        .execute((entry.order, entry.id.bytes(), text))?;
    }
    for id in &record.forget {
        forget(own, *id)?;
    }
    Ok(())
}

fn forget(own: &Connection, id: ActionId) -> Result<(), Fault> {
    own.prepare_cached("DELETE FROM action WHERE id = ?1")?.execute([id.bytes()])?;
    Ok(())
}

/// A small choice by its name.
pub(super) fn setting<T: FromSql>(own: &Connection, name: &str) -> Result<Option<T>, Fault> {
    Ok(own
        .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Keeps a small choice; `None` forgets it.
pub(super) fn set_setting(own: &Connection, name: &str, value: Option<&dyn ToSql>) -> Result<(), Fault> {
    match value {
        Some(value) => own
            .prepare_cached(
                "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )?
            .execute((name, value))?,
        None => own.prepare_cached("DELETE FROM setting WHERE name = ?1")?.execute([name])?,
    };
    Ok(())
}

const CLOCK: &str = "server.clock";

/// What an earlier process knew of the server's clock; what cannot be read is as good as none.
pub(super) fn kept_clock(own: &Connection) -> Result<Option<KeptClock>, Fault> {
    let text: Option<String> = setting(own, CLOCK)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Keeps what is known of the server's clock.
pub(super) fn keep_clock(own: &Connection, clock: &KeptClock) -> Result<(), Fault> {
    let text = serde_json::to_string(clock).map_err(|_| Fault::Value("clock"))?;
    set_setting(own, CLOCK, Some(&text))
}

/// The session in own.db.
pub(super) struct Vault {
    store: Store,
    loaded: Option<StoredSession>,
}

const SESSION: &str = "session";

impl Vault {
    /// A vault over own.db; reads what lies there.
    pub(super) async fn open(store: &Store) -> Result<Self, Fault> {
        let bytes = store.write(|writer: &mut Writer| writer.own(|own| setting::<Vec<u8>>(own, SESSION))).await?;
        Ok(Self { store: store.clone(), loaded: bytes.as_deref().and_then(StoredSession::from_bytes) })
    }
}

fn failed(fault: Fault) -> VaultFault {
    VaultFault(crate::error::Error::from(fault).code)
}

impl TokenVault for Vault {
    fn load(&self) -> Option<StoredSession> {
        self.loaded.clone()
    }

    fn save(&self, session: &StoredSession) -> Result<(), VaultFault> {
        let bytes = session.to_bytes().to_vec();
        self.store.write(move |writer| writer.own(|own| set_setting(own, SESSION, Some(&bytes)))).wait().map_err(failed)
    }

    fn clear(&self) -> Result<(), VaultFault> {
        self.store.write(|writer| writer.own(|own| set_setting(own, SESSION, None))).wait().map_err(failed)
    }
}
