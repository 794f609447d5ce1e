//! Plain bytes as they arrive; nothing is held but the piece at hand.

use std::time::Duration;

use tokio::time::timeout;

use super::http::Opened;
use super::{Fault, answer};

/// An answer being read. Dropping it ends the request.
pub struct Download {
    opened: Opened,
    silence: Duration,
}

impl Download {
    pub(super) const fn new(opened: Opened, silence: Duration) -> Self {
        Self { opened, silence }
    }

    /// Waits for the next piece; `None`: the body has ended. What it should have been is the caller's to know.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let piece = timeout(self.silence, self.opened.response.chunk()).await.map_err(|_| Fault::Timeout)?;
        Ok(piece.map_err(|error| answer::failure_in_body(&error))?.map(|piece| piece.to_vec()))
    }
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").finish_non_exhaustive()
    }
}
