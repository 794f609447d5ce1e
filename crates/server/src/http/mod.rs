//! HTTP as such: bodies, answers, faults for tests, the listening socket. Knows nothing of alarms; what is answered where
//! stands in `routes`.

mod answer;
mod body;
mod encoding;
mod faults;
mod idle;
mod serve;

use std::sync::Arc;

use tokio::sync::watch;

pub(crate) use answer::Refused;
pub(crate) use body::{JsonBody, PartBody, PathParts};
pub(crate) use encoding::{Pieces, accepts_gzip, json_answer};
pub use faults::{Fault, FaultSwitch};
pub(crate) use serve::{Listening, listen};

use crate::Limits;
use crate::access::{Budgets, Throttle};
use crate::clock::Clock;
use crate::storage::Storage;

/// What every handler has at hand.
pub(crate) struct App {
    pub(crate) storage: Storage,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) behind_proxy: bool,
    pub(crate) throttle: Throttle,
    pub(crate) budgets: Budgets,
    /// What the password of an unknown account is compared with, so that it takes as long as a known one's.
    pub(crate) stranger_hash: String,
    /// Becomes true when the server stops: open streams end then.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl App {
    /// Waits until the server stops.
    pub(crate) async fn stopped(&self) {
        // An error means that the server is gone already.
        self.stopping.clone().wait_for(|stopping| *stopping).await.ok();
    }
}
