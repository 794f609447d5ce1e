//! How the demonstration goes on.

use onsite_wire::time::Timestamp;

use super::beat::{Beat, Event};
use crate::document::OrganizationDocument;

/// The living stream: what happens next, for ever.
#[derive(Debug)]
pub struct Stream {
    last: Timestamp,
}

impl Stream {
    /// The life of these organizations from `start` on.
    pub fn new(_seed: u64, _documents: &[OrganizationDocument], start: Timestamp) -> Self {
        Self { last: start }
    }

    /// What happens next. Strictly later than the beat before.
    #[expect(clippy::should_implement_trait, reason = "it never ends, so there is no Option")]
    pub fn next(&mut self) -> Beat {
        self.last = self.last.plus_millis(1_000);
        Beat {
            at: self.last,
            event: Event::Measured {
                organization: onsite_wire::ids::OrganizationId::from_bytes([0; 16]),
                measurements: Vec::new(),
            },
        }
    }
}
