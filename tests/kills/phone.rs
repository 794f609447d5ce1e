//! How the process that is killed and the one that looks afterwards open the account: the same way.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use onsite::account::{Access, Account, AccountConfig, AccountState};
use onsite::error::Code;
use onsite::store::Key;

/// Nothing here takes this long unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn key() -> Key {
    Key::new([7; 32])
}

pub async fn open(folder: &Path, server: &str, before_migration_commits: Arc<dyn Fn() + Send + Sync>) -> Account {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mut config = AccountConfig::new(folder, key(), server, Access::Person);
        config.before_migration_commits = Arc::clone(&before_migration_commits);
        match Account::open(config).await {
            Ok((account, opened)) => {
                assert!(opened.rescued.is_none() && !opened.cache_replaced, "a kill damages nothing: {opened:?}");
                return account;
            }
            // The test's own account, which was here before, still closes its files.
            Err(error) if error.code == Code::StoreBusy && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Waits until the account's state is as told.
pub async fn until(account: &Account, what: &str, is: impl Fn(&AccountState) -> bool) {
    let mut changes = account.changes();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is(&account.state()) {
        let changed = tokio::time::timeout_at(deadline, changes.changed()).await;
        assert!(changed.is_ok(), "never came: {what}; {:?}; feeds {:?}", account.state(), account.feeds());
    }
}
