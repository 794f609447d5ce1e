//! What the schedule decides, done: pulls, comparisons, the event stream.

use std::sync::Arc;
use std::time::Duration;

use onsite_wire::codes::Code;
use tokio::sync::mpsc;

use super::driver::{Driver, Message};
use super::signal::Signal;
use crate::journal::Line;
use crate::net::{self, Http};
use crate::store::Fault;
use crate::sync::copies;
use crate::sync::feed::organization_number;
use crate::sync::gaps;
use crate::sync::outbox;
use crate::sync::pull::{self, Pullable, Pulled};
use crate::sync::schedule;

impl Driver {
    pub(super) async fn step_schedule(&mut self, event: schedule::Event) -> Result<(), Fault> {
        let rung = matches!(event, schedule::Event::Rung { .. });
        let effects = self.schedule.step(event, &self.now(), Self::random());
        self.perform_schedule(effects).await?;
        if rung {
            self.step_outbox(outbox::Event::Nudged).await?;
        }
        Ok(())
    }

    pub(super) async fn perform_schedule(&mut self, effects: Vec<schedule::Effect>) -> Result<(), Fault> {
        for effect in effects {
            match effect {
                schedule::Effect::Pull { feed, ticket, read } => self.pull(feed, ticket, read),
                schedule::Effect::CompareDigest { feed, ticket } => self.compare(feed, ticket),
                schedule::Effect::OpenStream { ticket, heartbeat_ms } => self.open_stream(ticket, heartbeat_ms),
                schedule::Effect::CloseStream => {
                    if let Some(stream) = self.stream.take() {
                        stream.abort();
                    }
                }
                schedule::Effect::Remember { feed, times } => {
                    self.parts
                        .store
                        .write_behind(move |writer| {
                            writer.cache(|cache, _| {
                                let n = organization_number(cache, feed.organization)?;
                                copies::remember(cache, n, &feed.name, &times)
                            })
                        })
                        .await?;
                }
                schedule::Effect::Noted(note) => {
                    self.note(Line::new(self.now().wall, "schedule").saying(format!("{note:?}")));
                }
                schedule::Effect::WakeAt(at) => self.wake_schedule = at,
            }
        }
        Ok(())
    }

    fn registered(&self, name: &str) -> Option<Arc<dyn Pullable>> {
        self.parts.feeds.iter().find(|feed| feed.name() == name).map(Arc::clone)
    }

    fn pull(&mut self, feed: schedule::Feed, ticket: u64, read: schedule::Read) {
        let sender = self.parts.sender.clone();
        let registered = self.registered(&feed.name);
        let puller = self.parts.puller.clone();
        let mut signal = Signal::of(&self.offline);
        self.running.push(tokio::spawn(async move {
            let pulled = match registered {
                Some(registered) => signal.unless_gone(registered.pull(&puller, feed.organization, read)).await,
                None => None,
            };
            let pulled = pulled.unwrap_or(Pulled {
                end: schedule::PullEnd::Failed(schedule::Failure::Unreachable),
                generation: None,
                rows: 0,
                skipped: 0,
                trouble: Some(Code::NoNetwork),
            });
            drop(sender.send(Message::Pulled(feed, ticket, pulled)));
        }));
    }

    fn compare(&mut self, feed: schedule::Feed, ticket: u64) {
        let sender = self.parts.sender.clone();
        let registered = self.registered(&feed.name);
        let puller = self.parts.puller.clone();
        let mut signal = Signal::of(&self.offline);
        self.running.push(tokio::spawn(async move {
            let end = match registered {
                Some(registered) => signal.unless_gone(registered.compare(&puller, feed.organization)).await,
                None => None,
            };
            let end = end.unwrap_or(schedule::DigestEnd::Failed(schedule::Failure::Unreachable));
            drop(sender.send(Message::Schedule(schedule::Event::Compared { feed, ticket, end })));
        }));
    }

    fn open_stream(&mut self, ticket: u64, heartbeat_ms: i64) {
        if let Some(stream) = self.stream.take() {
            stream.abort();
        }
        let sender = self.parts.sender.clone();
        let http = self.parts.puller.http.clone();
        let mut signal = Signal::of(&self.offline);
        let heartbeat = Duration::from_millis(heartbeat_ms.unsigned_abs());
        let path = format!("onsite/v1/events?heartbeat={}", heartbeat.as_secs().max(1));
        self.stream = Some(tokio::spawn(async move {
            let ended = signal.unless_gone(listen(&http, &path, heartbeat, ticket, &sender)).await;
            let failure = match ended {
                Some(Err(fault)) => pull::failure(&fault),
                Some(Ok(())) | None => schedule::Failure::Unreachable,
            };
            drop(sender.send(Message::Schedule(schedule::Event::StreamDown { ticket, failure })));
        }));
    }

    pub(super) async fn pulled(&mut self, feed: schedule::Feed, ticket: u64, pulled: Pulled) -> Result<(), Fault> {
        let trouble = pulled.trouble.map(|code| format!(" trouble={code}")).unwrap_or_default();
        let detail = format!("feed={} rows={} skipped={}{trouble}", feed.name, pulled.rows, pulled.skipped);
        if pulled.rows > 0 || pulled.skipped > 0 || pulled.trouble.is_some() {
            self.note(Line::new(self.now().wall, "pull_ended").of(feed.organization).saying(detail));
        }
        match pulled.trouble {
            Some(code) => self.troubles.insert(feed.clone(), code),
            None => self.troubles.remove(&feed),
        };
        if let Some(generation) = pulled.generation {
            let event = outbox::Event::GenerationSeen { organization: feed.organization, generation };
            self.step_outbox(event).await?;
        }
        if let schedule::PullEnd::Read { mark, .. } = pulled.end {
            if let Some(generation) = mark.generation {
                self.step_outbox(outbox::Event::FeedReached {
                    organization: feed.organization,
                    feed: feed.name.clone(),
                    generation,
                    offset: mark.offset,
                })
                .await?;
            }
            if feed.name == crate::devices::feed::NAME {
                self.lay_over_devices().await?;
            }
            if feed.name == crate::duty::feed::DUTY {
                self.duty_was_read().await?;
            }
            self.deadline = self.next_deadline().await?;
        }
        if pulled.end == schedule::PullEnd::OffsetGone || pulled.trouble == Some(Code::OtherOrganization) {
            self.ask_membership();
        }
        if !self.known.contains(&feed.organization) {
            self.let_go_again(feed.organization).await?;
        }
        self.step_schedule(schedule::Event::Pulled { feed, ticket, end: pulled.end }).await?;
        // What a feed brought may stand behind a gap.
        self.step_gaps(gaps::Event::Changed).await
    }
}

/// Hands on what the stream says until it ends.
async fn listen(
    http: &Http,
    path: &str,
    heartbeat: Duration,
    ticket: u64,
    sender: &mpsc::UnboundedSender<Message>,
) -> Result<(), net::Fault> {
    let mut events = http.events(path, heartbeat).await?;
    drop(sender.send(Message::StreamUp(ticket)));
    while let Some(event) = events.next().await? {
        let event = match event {
            net::Event::Ring(ring) => schedule::Event::Rung {
                feed: schedule::Feed { organization: ring.organization_id, name: ring.feed },
                offset: ring.offset,
            },
            net::Event::Heartbeat => schedule::Event::StreamBeat { ticket },
        };
        drop(sender.send(Message::Schedule(event)));
    }
    Ok(())
}
