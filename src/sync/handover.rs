//! How a feature hands actions over to the outbox, wherever that runs.

use std::sync::Arc;

use onsite_wire::codes::Code;
use onsite_wire::ids::ActionId;

use super::outbox::Draft;
use super::pull::Later;
use crate::error::Error;
use crate::time::Moment;

/// For each draft: the action that is on this phone now, or why there is none.
pub type Made = Vec<Result<ActionId, Code>>;

type Taker = dyn Fn(Vec<Draft>) -> Later<'static, Result<Made, Error>> + Send + Sync;

/// The way into the outbox. What was handed over is taken, whether or not somebody waits for the answer.
#[derive(Clone)]
pub struct Handover(Arc<Taker>);

impl Handover {
    /// A way that leads to this taker, which takes before its answer is awaited.
    pub fn to(taker: impl Fn(Vec<Draft>) -> Later<'static, Result<Made, Error>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(taker))
    }

    /// Hands drafts over. They are taken before the first await; the answer comes when they are stored and shown.
    pub fn hand(&self, drafts: Vec<Draft>) -> Later<'static, Result<Made, Error>> {
        (self.0)(drafts)
    }
}

/// A new id for an action: a UUID v7 by the phone's wall clock. Its time is never trusted by anybody.
pub fn new_action_id(now: &Moment) -> ActionId {
    let mut random = [0; 10];
    // Without randomness the time and the counter of the clock still tell ids of one phone apart.
    if getrandom::fill(&mut random).is_err() {
        random.iter_mut().zip(now.monotonic_ms.to_le_bytes()).for_each(|(slot, byte)| *slot = byte);
    }
    let millis = u64::try_from(now.wall.millis()).unwrap_or_default();
    ActionId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
