//! A feed's answer as it arrives: the body is taken piece by piece, its elements are handed on, nothing else is kept.

use std::time::Duration;

use onsite_wire::ids::Generation;
use tokio::time::{Instant, timeout};

use super::answer;
use super::http::Opened;
use super::{Fault, FeedEnd, Part, Splitter};

/// A stretch of this many bytes …
const STRETCH: usize = 16 * 1024;
/// … may take this many silences: a server that drips must not hold a feed for ever.
const SILENCES: u32 = 4;

/// An answer being read. Dropping it ends the request.
pub struct Feed {
    opened: Opened,
    splitter: Splitter,
    silence: Duration,
    /// Bytes of the stretch at hand, and how long they were waited for.
    stretch: (usize, Duration),
}

impl Feed {
    pub(super) const fn new(opened: Opened, splitter: Splitter, silence: Duration) -> Self {
        Self { opened, splitter, silence, stretch: (0, Duration::ZERO) }
    }

    /// The generation of the server's data, known before the first element.
    pub const fn generation(&self) -> Option<Generation> {
        self.opened.generation
    }

    /// Waits for the next piece of the body and hands its elements to `sink`; false when the body has ended.
    ///
    /// Between two calls nothing is read: who cannot take more now lets the server wait.
    pub async fn next(&mut self, mut sink: impl FnMut(Part<'_>) + Send) -> Result<bool, Fault> {
        let begun = Instant::now();
        let (bytes, waited) = self.stretch;
        let left = self.silence.saturating_mul(SILENCES).saturating_sub(waited);
        let chunk = timeout(left.min(self.silence), self.opened.response.chunk()).await.map_err(|_| Fault::Timeout)?;
        let Some(chunk) = chunk.map_err(|error| answer::failure_in_body(&error))? else { return Ok(false) };
        // Only waiting counts, not the time that the caller takes between two calls.
        self.stretch = (bytes + chunk.len(), waited + begun.elapsed());
        if self.stretch.0 >= STRETCH {
            self.stretch = (0, Duration::ZERO);
        }
        self.splitter.feed(&chunk, &mut sink).map(|()| true)
    }

    /// What the answer said beside its elements. Only a body that was whole and had everything wanted gives it.
    pub fn finish(self) -> Result<FeedEnd, Fault> {
        self.splitter.finish()
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("generation", &self.opened.generation).finish_non_exhaustive()
    }
}
