//! The thread that keeps windows true. It reads nothing itself: reads are jobs of the store whose replies come back here,
//! so that it always has a hand free for the next commit.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use uuid::Uuid;

use super::live_window::LiveWindow;
use super::query::Query;
use super::reads::{Reads, Replies};
use super::window::{Mailbox, Window};
use crate::store::{Commit, Fault, Store};

/// What the thread is told.
pub(super) enum Message {
    Open(u64, Box<dyn Live>),
    Commit(Arc<Commit>),
    /// A read of this window has something to say.
    Reply(u64, Box<dyn Any + Send>),
    More(u64, usize),
    Show(u64, Option<Uuid>),
    Close(u64),
    End,
    /// Answered as soon as no window waits for anything.
    #[cfg(test)]
    Settle(mpsc::Sender<()>),
}

/// A window as the thread sees it, whatever it lists.
pub(super) trait Live: Send {
    fn commit(&mut self, commit: &Commit);
    fn reply(&mut self, reply: Box<dyn Any + Send>);
    fn more(&mut self, rows: usize);
    fn show(&mut self, id: Option<Uuid>);
    fn end(&mut self);
    #[cfg(test)]
    fn is_settled(&self) -> bool;
}

/// A listener's hold on its window.
pub(super) struct Control {
    id: u64,
    sender: mpsc::Sender<Message>,
}

impl Control {
    pub(super) fn more(&self, rows: usize) {
        // Without the thread the window has ended, and its listener is told so.
        drop(self.sender.send(Message::More(self.id, rows)));
    }

    pub(super) fn show(&self, id: Option<Uuid>) {
        drop(self.sender.send(Message::Show(self.id, id)));
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        drop(self.sender.send(Message::Close(self.id)));
    }
}

/// Keeps all windows of one account true.
pub struct Engine {
    store: Store,
    sender: mpsc::Sender<Message>,
    next_id: AtomicU64,
}

impl Engine {
    /// Starts the thread.
    pub fn start(store: Store) -> Result<Self, Fault> {
        let (sender, receiver) = mpsc::channel();
        let commits = sender.clone();
        store.observe(move |commit| commits.send(Message::Commit(Arc::clone(commit))).is_ok());
        std::thread::Builder::new().name("onsite-live".into()).spawn(move || Windows::default().run(&receiver))?;
        Ok(Self { store, sender, next_id: AtomicU64::new(1) })
    }

    /// Opens a window of at most `size` rows.
    pub fn open<Q: Query>(&self, query: Q, size: usize, anchor: Option<Uuid>) -> Window<Q> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mailbox = Mailbox::new();
        let query = Arc::new(query);
        let replies = Replies { id, sender: self.sender.clone() };
        let reads = Reads::new(Arc::clone(&query), self.store.clone(), replies);
        let (live, ask) = LiveWindow::new(query, reads, Arc::clone(&mailbox), size, anchor);
        drop(self.sender.send(Message::Open(id, Box::new(live))));
        // From here, not from the engine's thread: one hand-over less before the first rows.
        ask();
        Window::new(mailbox, Control { id, sender: self.sender.clone() })
    }

    /// Waits until every window shows what the store holds.
    #[cfg(test)]
    pub fn settle(&self) {
        let (done, settled) = mpsc::channel();
        self.sender.send(Message::Settle(done)).unwrap();
        settled.recv_timeout(std::time::Duration::from_secs(60)).expect("a window waits for something for ever");
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.sender.send(Message::End));
    }
}

#[derive(Default)]
struct Windows {
    open: HashMap<u64, Box<dyn Live>>,
    #[cfg(test)]
    waiting: Vec<mpsc::Sender<()>>,
}

impl Windows {
    fn run(mut self, receiver: &mpsc::Receiver<Message>) {
        while let Ok(message) = receiver.recv() {
            if matches!(message, Message::End) {
                break;
            }
            self.take(message);
            #[cfg(test)]
            if self.open.values().all(|live| live.is_settled()) {
                for waiting in self.waiting.drain(..) {
                    let _ = waiting.send(());
                }
            }
        }
        self.open.values_mut().for_each(|live| live.end());
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Open(id, live) => drop(self.open.insert(id, live)),
            Message::Commit(commit) => self.open.values_mut().for_each(|live| live.commit(&commit)),
            Message::Reply(id, reply) => self.with(id, |live| live.reply(reply)),
            Message::More(id, rows) => self.with(id, |live| live.more(rows)),
            Message::Show(id, row) => self.with(id, |live| live.show(row)),
            Message::Close(id) => drop(self.open.remove(&id)),
            Message::End => {}
            #[cfg(test)]
            Message::Settle(waiting) => self.waiting.push(waiting),
        }
    }

    fn with(&mut self, id: u64, work: impl FnOnce(&mut dyn Live)) {
        // A closed window's reads may still come back.
        if let Some(live) = self.open.get_mut(&id) {
            work(&mut **live);
        }
    }
}
