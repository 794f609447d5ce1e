//! Incidents: their live windows, and what a person does in them.

use std::time::Duration;

use onsite_wire::ids::IncidentId;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::Messages;
use crate::api::{Account, Error, IncidentFilter, IncidentWindow, NewPhoto, PhotoSource};
use crate::app::message::{Command, Message};
use crate::snapshot::preview;

/// Rows that are asked for at once.
const ROWS: usize = 200;
/// Messages that a chat begins with.
const CHAT: usize = 100;
/// How often the page is read anew by time alone: leases of sites end.
const LOOKED_AGAIN: Duration = Duration::from_secs(15);

/// What is watched of incidents.
#[derive(Default)]
pub struct Watched {
    list: Option<JoinHandle<()>>,
    count: Option<JoinHandle<()>>,
    open: Option<(JoinHandle<()>, UnboundedSender<usize>)>,
}

impl Watched {
    /// Shows another list.
    pub fn list(&mut self, account: &Account, messages: &Messages, number: u64, filter: IncidentFilter) {
        let mut window = account.incidents().window(filter, ROWS);
        let messages = messages.clone();
        replace(&mut self.list, async move {
            while let Some(batch) = window.next().await {
                if messages.send(Message::Incidents(number, Box::new(batch))).is_err() {
                    return;
                }
            }
        });
    }

    /// Counts what is under way.
    pub fn count(&mut self, account: &Account, messages: &Messages, filter: IncidentFilter) {
        let mut window = account.incidents().window(filter, 1);
        let messages = messages.clone();
        replace(&mut self.count, async move {
            while let Some(batch) = window.next().await {
                let count = batch.total.zip(batch.counts.map(|counts| counts.unread));
                if messages.send(Message::UnderWay(count)).is_err() {
                    return;
                }
            }
        });
    }

    /// Opens one with its chat.
    pub fn open(&mut self, account: &Account, messages: &Messages, id: IncidentId) {
        self.close();
        let (more, wanted) = unbounded_channel();
        let task = tokio::spawn(follow(account.clone(), messages.clone(), id, wanted));
        self.open = Some((task, more));
    }

    /// Lets the chat hold so many messages more.
    pub fn more(&self, rows: usize) {
        if let Some((_, more)) = &self.open {
            // A chat that ended with the account has no more.
            more.send(rows).ok();
        }
    }

    /// Nobody looks at it any longer.
    pub fn close(&mut self) {
        if let Some((task, _)) = self.open.take() {
            task.abort();
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.close();
        for task in [self.list.take(), self.count.take()].into_iter().flatten() {
            task.abort();
        }
    }
}

fn replace(slot: &mut Option<JoinHandle<()>>, task: impl Future<Output = ()> + Send + 'static) {
    if let Some(before) = slot.replace(tokio::spawn(task)) {
        before.abort();
    }
}

/// Tells the chat, and the page with each change of it.
async fn follow(
    account: Account,
    messages: Messages,
    id: IncidentId,
    mut wanted: tokio::sync::mpsc::UnboundedReceiver<usize>,
) {
    let mut chat = account.incidents().chat(id, CHAT);
    let mut list: IncidentWindow = account.incidents().window(IncidentFilter::default(), ROWS);
    loop {
        match account.incidents().page(id).await {
            Ok(page) => drop(messages.send(Message::Incident(Box::new(page)))),
            Err(error) => drop(messages.send(Message::Failed(error))),
        }
        tokio::select! {
            batch = chat.next() => match batch {
                Some(batch) => drop(messages.send(Message::Chat(id, Box::new(batch)))),
                None => return,
            },
            batch = list.next() => if batch.is_none() { return },
            () = tokio::time::sleep(LOOKED_AGAIN) => {}
            rows = wanted.recv() => match rows {
                Some(rows) => chat.more(rows),
                None => return,
            },
        }
    }
}

/// Does what a person wants; nothing where it is no matter of incidents.
pub async fn act(account: &Account, command: Command) -> Result<Option<Message>, Error> {
    let incidents = account.incidents();
    Ok(match command {
        Command::Write(id, text) => {
            incidents.write(id, &text).await?;
            None
        }
        Command::WritePhoto(id, file, text) => {
            // Decoding takes its time.
            let of = file.clone();
            let preview = tokio::task::spawn_blocking(move || preview(&of)).await.unwrap_or_default();
            incidents.write_with_photo(id, &text, NewPhoto { source: PhotoSource::File(file), preview }).await?;
            None
        }
        Command::SavePhoto(id, message, file) => {
            incidents.save_photo(id, message, file.clone()).await?;
            Some(Message::Said(format!("Written to {}.", file.display())))
        }
        Command::KeepDraft(id, text) => {
            incidents.set_draft(id, &text).await?;
            None
        }
        Command::ReadUpTo(id, number) => {
            incidents.read_up_to(id, number).await?;
            None
        }
        Command::Solve(id) => {
            incidents.solve(id).await?;
            Some(Message::Said("Solved; it closes in 4 days unless somebody reopens it.".to_owned()))
        }
        Command::Reopen(id) => {
            incidents.reopen(id).await?;
            Some(Message::Said("Reopened.".to_owned()))
        }
        Command::ReopenAndSend(id, message, text) => {
            incidents.reopen_and_send(id, message, &text).await?;
            Some(Message::Said("Reopened, and sent after all.".to_owned()))
        }
        Command::SendInNew(id, message, text, subject) => {
            let new = incidents.send_in_new(id, message, &text, &subject, true).await?;
            Some(Message::Opened(new))
        }
        Command::Judge(id, rating, comment) => {
            incidents.give_feedback(id, rating, &comment).await?;
            Some(Message::Said("Thank you.".to_owned()))
        }
        Command::FillChat(id) => {
            let count = incidents.fill(id).await?;
            Some(Message::Said(if count == 0 { "Nothing is missing.".to_owned() } else { format!("{count} came.") }))
        }
        Command::AskOpening(device, alarm, subject) => {
            let opening = incidents.opening(device).await?;
            Some(match opening.under_way {
                Some(id) => Message::Opened(id),
                None => Message::MayOpen(device, alarm, subject),
            })
        }
        Command::NewIncident(device, subject, alarms) => {
            Some(Message::Opened(incidents.open(device, &subject, "", alarms, true).await?))
        }
        other => return super::notices::act(account, other).await,
    })
}
