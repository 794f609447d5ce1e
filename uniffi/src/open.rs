//! Opening an account.

use std::sync::Arc;

use onsite::account as core;
use onsite::store::Key;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::calls::{run, runtime};
use crate::error::{OnsiteError, count};
use crate::log;

/// Who calls the server.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Access {
    /// A person who signs in.
    Person,
    /// Nobody in particular: an API key, for reading only.
    ApiKey {
        /// The key.
        key: String,
    },
}

/// Everything that opening an account needs.
#[derive(Clone, uniffi::Record)]
pub struct AccountConfig {
    /// The account's own folder; one folder for each account and server.
    pub folder: String,
    /// The raw key of its files, 32 bytes out of the phone's key store.
    pub key: Vec<u8>,
    /// Where the server is.
    pub server: String,
    /// Who calls it.
    pub access: Access,
    /// Certificates of issuers to trust beside the system's, each as DER.
    pub extra_roots: Vec<Vec<u8>>,
}

/// What opening found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Found {
    /// The person's own file was damaged and set aside; so many rows of it were saved.
    pub rescued_rows: Option<i64>,
    /// The copy of the server's data was damaged and set aside: it is read anew.
    pub cache_replaced: bool,
}

fn read(config: AccountConfig) -> Result<core::AccountConfig, OnsiteError> {
    let bytes = Zeroizing::new(config.key);
    let key = Key::new(bytes.as_slice().try_into().map_err(|_| OnsiteError::input("a key has 32 bytes"))?);
    let access = match config.access {
        Access::Person => core::Access::Person,
        Access::ApiKey { key } => core::Access::ApiKey(SecretString::from(key)),
    };
    let mut read = core::AccountConfig::new(config.folder, key, &config.server, access);
    read.extra_roots = config.extra_roots;
    read.on_line = Arc::new(log::recorded);
    Ok(read)
}

/// Opens an account from the phone's files; needs no network. What was seen is there at once.
///
/// Errors: `wrong_key`, with nothing touched; `store_busy` while the same files are open, here or in another process;
/// `account_differs` for the files of another server; `disk_full`, `store_newer`.
#[uniffi::export]
pub async fn open_account(config: AccountConfig) -> Result<Arc<Account>, OnsiteError> {
    let config = read(config)?;
    let handle = runtime()?.handle().clone();
    run("open_account", async move {
        // The files are opened on a thread that may wait for them.
        let opening = tokio::task::spawn_blocking(move || handle.block_on(core::Account::open(config)));
        let (account, opened) = opening.await.map_err(|_| OnsiteError::panicked())??;
        let found = Found {
            rescued_rows: opened.rescued.map(|rescued| count(rescued.rows)),
            cache_replaced: opened.cache_replaced,
        };
        Ok(Account::new(account, found))
    })
    .await
}
