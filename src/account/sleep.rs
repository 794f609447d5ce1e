//! An app that goes to sleep, and wakes up again.

use onsite_wire::codes::Code;

use super::Account;
use super::driver::Message;
use crate::error::Error;

impl Account {
    /// Closes all files, as an app must that goes to sleep. Windows stay and wait.
    pub async fn suspend(&self) -> Result<(), Error> {
        let shelf = self.shared.shelf.clone();
        // Waits for the one that has a file open, for some milliseconds.
        tokio::task::spawn_blocking(move || shelf.sleep()).await.map_err(|_| Error::new(Code::StoreClosed))?;
        Ok(self.shared.store.suspend().await?)
    }

    /// Opens the files again.
    pub async fn resume(&self) -> Result<(), Error> {
        let opened = self.shared.store.resume().await?;
        self.shared.shelf.wake();
        if let Some(rescued) = opened.rescued {
            self.tell(Message::OwnRescued(rescued))?;
        }
        self.tell(Message::NetworkChanged)
    }
}
