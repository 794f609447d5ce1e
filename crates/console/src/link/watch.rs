//! Live windows: each is a task that tells what its window says, until nobody looks any more.

use std::time::Duration;

use onsite_wire::ids::AlarmId;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::Messages;
use crate::api::{Account, AlarmDetail, AlarmFilter, AlarmSort, AlarmWindow, Offer};
use crate::app::message::Message;

/// A plot that is looked at goes on.
const PLOT_EVERY: Duration = Duration::from_secs(20);

/// The list of alarms that is on the screen.
pub struct List {
    task: JoinHandle<()>,
    more: UnboundedSender<usize>,
}

impl List {
    /// Opens a list; its batches come with this number.
    pub fn open(mut window: AlarmWindow, messages: &Messages, number: u64) -> Self {
        let (more, mut wanted) = unbounded_channel();
        let messages = messages.clone();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    batch = window.next() => match batch {
                        Some(batch) => drop(messages.send(Message::Rows(number, Box::new(batch)))),
                        None => return,
                    },
                    rows = wanted.recv() => match rows {
                        Some(rows) => window.more(rows),
                        None => return,
                    },
                }
            }
        });
        Self { task, more }
    }

    /// Lets it hold so many rows more.
    pub fn more(&self, rows: usize) {
        // A window that ended with the account has no more.
        self.more.send(rows).ok();
    }
}

impl Drop for List {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A tile: counts alarms, or the devices that have them.
pub async fn tile(mut window: AlarmWindow, messages: Messages, n: usize, counts_devices: bool) {
    while let Some(batch) = window.next().await {
        let count = if counts_devices { batch.counts.as_ref().map(|counts| counts.devices) } else { batch.total };
        if messages.send(Message::Tile(n, count)).is_err() {
            return;
        }
    }
}

/// An open alarm: its page again with each change of its device's alarms, its plot now and then.
pub async fn alarm(account: Account, messages: Messages, id: AlarmId) {
    let mut shown: Option<AlarmDetail> = None;
    let mut window: Option<AlarmWindow> = None;
    loop {
        match account.alarms().detail(id).await {
            Ok(detail) => {
                if window.is_none() {
                    let filter = AlarmFilter { device: Some(detail.row.device), ..AlarmFilter::default() };
                    window = Some(account.alarms().window_at(filter, AlarmSort::Newest, 200, id));
                }
                if shown.as_ref() != Some(&detail) {
                    messages.send(Message::Alarm(Box::new(detail.clone()))).ok();
                    tokio::spawn(beside(account.clone(), messages.clone(), id, detail.clone()));
                    shown = Some(detail);
                }
            }
            Err(error) => {
                messages.send(Message::Failed(error)).ok();
                return;
            }
        }
        let Some(window) = &mut window else { return };
        tokio::select! {
            batch = window.next() => match batch {
                Some(_) => {}
                None => return,
            },
            () = tokio::time::sleep(PLOT_EVERY) => {
                if let Some(detail) = shown.clone() {
                    tokio::spawn(beside(account.clone(), messages.clone(), id, detail));
                }
            }
        }
    }
}

/// What comes from the server beside the page itself, or from memory without signal.
async fn beside(account: Account, messages: Messages, id: AlarmId, detail: AlarmDetail) {
    if detail.may.plot == Offer::Offered {
        let plot = account.alarms().plot(id).await;
        messages.send(Message::Plot(id, plot.map(Box::new))).ok();
    }
    if let Ok(rows) = account.incidents().open_of(detail.row.device).await {
        messages.send(Message::AlarmIncidents(id, rows)).ok();
    }
    let history = account.alarms().history(id).await;
    messages.send(Message::History(id, history)).ok();
}
