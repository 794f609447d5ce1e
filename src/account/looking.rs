//! What the step function of gaps decides, done: pieces of chats that somebody looks at are asked for.

use super::driver::{Driver, Message};
use super::signal::Signal;
use crate::incidents::{Filler, Looked, MESSAGES, Trouble, missing_in};
use crate::store::Fault;
use crate::sync::gaps::{Effect, End, Event};
use crate::sync::pull;
use crate::sync::schedule::{self, Failure};

impl Driver {
    /// Somebody looks at a chat, at more of it, or away.
    pub(super) async fn looked(&mut self, looked: Looked) -> Result<(), Fault> {
        match looked {
            Looked::At(view, shown) => {
                self.looked_at.insert(view, shown);
                self.step_gaps(Event::Opened(view)).await
            }
            Looked::Away(view) => {
                self.looked_at.remove(&view);
                self.step_gaps(Event::Closed(view)).await
            }
        }
    }

    /// One step of gaps, and its effects.
    pub(super) async fn step_gaps(&mut self, event: Event) -> Result<(), Fault> {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in self.gaps.step(event, &self.now(), Self::random()) {
                match effect {
                    Effect::WakeAt(at) => self.wake_gaps = at,
                    Effect::Ask { view, ticket } => {
                        if !self.ask_for_gap(view, ticket).await? {
                            events.push(Event::Ended { view, ticket, end: End::Whole });
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks for what is missing in a view. False: nothing is, or its feed is being read and may bring it.
    async fn ask_for_gap(&mut self, view: u64, ticket: u64) -> Result<bool, Fault> {
        let Some(shown) = self.looked_at.get(&view).copied() else { return Ok(false) };
        let Some(wanted) = self.parts.store.read(move |reading| missing_in(reading, &shown)).await? else {
            return Ok(false);
        };
        let feed = schedule::Feed { organization: wanted.organization, name: MESSAGES.to_owned() };
        if self.schedule.status(&feed, &self.now()).is_some_and(|status| status.running) {
            return Ok(false);
        }
        let parts = &self.parts;
        let filler = Filler {
            store: parts.store.clone(),
            puller: parts.puller.clone(),
            overlays: std::sync::Arc::clone(&parts.overlays),
        };
        let (sender, mut signal) = (parts.sender.clone(), Signal::of(&self.offline));
        self.running.push(tokio::spawn(async move {
            let end = match signal.unless_gone(filler.ask(wanted)).await {
                // A server that has none of it either has nothing to be asked for.
                Some(Ok(0)) => End::Whole,
                Some(Ok(_)) => End::Came,
                Some(Err(Trouble::Net(fault))) => End::Failed(pull::failure(&fault)),
                Some(Err(Trouble::Store(_))) => End::Failed(Failure::Fault { retry_after_ms: None }),
                None => End::Failed(Failure::Unreachable),
            };
            drop(sender.send(Message::Gaps(Event::Ended { view, ticket, end })));
        }));
        Ok(true)
    }
}
