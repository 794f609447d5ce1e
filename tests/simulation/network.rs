//! The way to the server and back: lost, doubled, slow, in another order, refused.

use onsite::sync::outbox::{self, Answer};
use onsite::sync::schedule::{self, DigestEnd, Feed, Mark, PullEnd, Read};
use onsite_wire::codes::Code;
use onsite_wire::ids::{OrganizationId, PersonId};
use onsite_wire::onsite::{ActionResult, ActionsRequest};

use super::server::{Arrival, FEED, tally};
use super::world::{Bad, Happening, Listener, MINUTE, Reply, Request, SECOND, Sent, World};

/// The driver's own limit for a request.
const TIME_LIMIT_MS: i64 = 60 * SECOND;

impl World {
    fn delay(&mut self) -> i64 {
        if self.chance.happens(self.weather.slow) {
            self.chance.between(SECOND, 4 * MINUTE)
        } else {
            self.chance.between(20, 800)
        }
    }

    /// A request leaves a phone, or does not.
    pub(super) fn send(&mut self, phone: usize, request: Request) {
        let life = self.phones[phone].lives;
        if !self.phones[phone].signal || !self.server.up {
            let after = self.chance.between(5, 5 * SECOND);
            self.later(
                after,
                Happening::Answers { phone, life, reply: failed(&request, Bad::NotReached), clock: None },
            );
            return;
        }
        // Whatever comes first counts: the answer, or the end of the driver's patience. A stream has no end.
        if !matches!(request, Request::Stream { .. }) {
            let reply = failed(&request, Bad::Lost);
            self.later(TIME_LIMIT_MS, Happening::Answers { phone, life, reply, clock: None });
        }
        if self.chance.happens(self.weather.lost_on_the_way) {
            self.tally.count("lost on the way");
            return;
        }
        let sent = Sent { at_ms: self.now_ms, by: self.phones[phone].session() };
        if self.chance.happens(self.weather.doubled) {
            self.tally.count("doubled");
            let again = self.delay() + self.delay();
            self.later(again, Happening::Arrives { phone, life, sent, request: request.clone() });
        }
        let delay = self.delay();
        self.later(delay, Happening::Arrives { phone, life, sent, request });
    }

    /// A request reaches the server.
    pub(super) fn arrives(&mut self, phone: usize, life: u64, sent: Sent, request: Request) -> Result<(), String> {
        if !self.server.up {
            return Ok(());
        }
        let sender = sent.by;
        if let Some(bad) = self.turned_away(sender, &request) {
            self.reply(phone, life, sent, failed(&request, bad));
            return Ok(());
        }
        let reply = match request.clone() {
            Request::Actions { ticket, body } => self.act(sent, ticket, &body)?,
            Request::Pull { ticket, feed, read } => Some(self.read(ticket, feed, read)),
            Request::Digest { ticket, feed } => {
                let (offset, tally) = self.server.digest(feed.organization);
                Some(Reply::Digest { ticket, feed, offset, tally })
            }
            Request::Stream { ticket, heartbeat_ms } => self.listens(phone, life, ticket, heartbeat_ms),
        };
        if self.chance.happens(self.weather.fault) {
            // The fault came behind the commit.
            self.tally.count("fault");
            self.reply(phone, life, sent, failed(&request, Bad::Fault));
        } else if let Some(reply) = reply {
            self.reply(phone, life, sent, reply);
        }
        Ok(())
    }

    /// What the server says before it looks at a request.
    fn turned_away(&mut self, sender: Option<PersonId>, request: &Request) -> Option<Bad> {
        if sender.is_none() || self.chance.happens(self.weather.expired) {
            self.tally.count("expired");
            return Some(Bad::SignedOut);
        }
        if self.chance.happens(self.weather.busy) {
            self.tally.count("busy");
            let wish = self.chance.happens(500).then(|| self.chance.between(0, 10 * MINUTE));
            return Some(Bad::Busy(wish));
        }
        if self.chance.happens(self.weather.fault) || self.stumbles(request) {
            self.tally.count("fault");
            return Some(Bad::Fault);
        }
        None
    }

    /// Some bodies are more than the server can take, until it is mended.
    fn stumbles(&mut self, request: &Request) -> bool {
        let Request::Actions { body, .. } = request else { return false };
        let poison = |body: &serde_json::Value| {
            ["note", "text"].iter().any(|field| body[field].as_str().is_some_and(|text| text.starts_with("poison")))
        };
        let stumbles = self.peace_since_ms.is_none() && body.actions.iter().any(|action| poison(&action.body));
        if stumbles {
            self.tally.count("poison");
        }
        stumbles
    }

    fn act(&mut self, sent: Sent, ticket: u64, body: &ActionsRequest) -> Result<Option<Reply>, String> {
        let Some(sender) = sent.by else { return Ok(None) };
        let arrival = Arrival { sent_ms: sent.at_ms, now_ms: self.now_ms };
        let taken = self.server.act(sender, body, arrival, &self.ledger)?;
        self.look_at_leases();
        let generation = self.server.generation;
        let Some(results) = taken else {
            self.tally.count("generation refused");
            let answer = Err(outbox::Failure::GenerationChanged(generation));
            return Ok(Some(Reply::Actions { ticket, answer }));
        };
        let organizations: std::collections::BTreeSet<_> =
            body.actions.iter().map(|action| action.organization_id).collect();
        if organizations.len() > 1 {
            return Err("a batch of two organizations".to_owned());
        }
        organizations.into_iter().for_each(|organization| self.ring(organization));
        let results = self.garbled(results);
        Ok(Some(Reply::Actions { ticket, answer: Ok(Answer { generation, results }) }))
    }

    /// An answer with results left out, doubled, or in another order.
    fn garbled(&mut self, mut results: Vec<ActionResult>) -> Vec<ActionResult> {
        if self.chance.happens(self.weather.left_out)
            && let Some(doubled) = self.chance.pick(&results).cloned()
        {
            results.push(doubled);
            results.reverse();
        }
        if self.chance.happens(self.weather.left_out) {
            results.pop();
        }
        results
    }

    fn read(&mut self, ticket: u64, feed: Feed, read: Read) -> Reply {
        let generation = self.server.generation;
        let after = match read {
            Read::Full => None,
            Read::Changes(mark) if mark.generation != Some(generation) => {
                return Reply::PullFailed { ticket, feed, end: PullEnd::GenerationChanged };
            }
            Read::Changes(mark) => Some(mark.offset),
        };
        let reading = self.server.read(feed.organization, after, 2);
        Reply::Rows { ticket, feed, read, generation, rows: reading.rows, offset: reading.offset }
    }

    fn listens(&mut self, phone: usize, life: u64, ticket: u64, heartbeat_ms: i64) -> Option<Reply> {
        if !self.lives(phone, life) {
            return None;
        }
        self.listeners.insert(phone, Listener { ticket, life, heartbeat_ms });
        self.later(heartbeat_ms, Happening::Beats { phone, ticket });
        Some(Reply::StreamUp { ticket })
    }

    pub(super) fn beats(&mut self, phone: usize, ticket: u64) -> Result<(), String> {
        let Some(listener) = self.listeners.get(&phone).filter(|listener| listener.ticket == ticket) else {
            return Ok(());
        };
        let (life, heartbeat_ms) = (listener.life, listener.heartbeat_ms);
        self.later(heartbeat_ms, Happening::Beats { phone, ticket });
        if self.lives(phone, life) {
            self.tell_schedule(phone, schedule::Event::StreamBeat { ticket })?;
        }
        Ok(())
    }

    /// Tells every listener that a feed has moved.
    pub(super) fn ring(&mut self, organization: OrganizationId) {
        let offset = self.server.offset(organization);
        let listeners: Vec<(usize, u64)> = self.listeners.iter().map(|(phone, it)| (*phone, it.life)).collect();
        for (phone, life) in listeners {
            let delay = self.chance.between(5, 500);
            self.later(delay, Happening::Rings { phone, life, organization, offset });
        }
    }

    /// An answer on its way back.
    fn reply(&mut self, phone: usize, life: u64, sent: Sent, reply: Reply) {
        if !self.phones[phone].signal || self.chance.happens(self.weather.answer_lost) {
            self.tally.count("answer lost");
            return;
        }
        let delay = self.delay();
        let clock = Some((sent.at_ms, self.now_ms));
        self.later(delay, Happening::Answers { phone, life, reply, clock });
    }

    /// An answer reaches the phone, if the process that asked still lives.
    pub(super) fn answers(&mut self, phone: usize, life: u64, reply: Reply) -> Result<(), String> {
        if !self.lives(phone, life) {
            return Ok(());
        }
        if reply.says_signed_out() {
            // The driver renews the token.
            let renewed = self.chance.between(100, 5 * SECOND);
            self.later(renewed, Happening::Token(phone, self.phones[phone].token));
        }
        let event = match reply {
            Reply::Actions { ticket, mut answer } => {
                if let Ok(answer) = &mut answer {
                    self.phones[phone].incoming(answer);
                }
                return self.tell_outbox(phone, outbox::Event::Answered { ticket, answer });
            }
            Reply::Rows { .. } => return self.rows_come(phone, reply),
            Reply::PullFailed { ticket, feed, end } => {
                let pulls = self.phones[phone].life.as_mut().map(|life| &mut life.pulls);
                if let Some(pulls) = pulls.filter(|pulls| pulls.get(&feed) == Some(&ticket)) {
                    pulls.remove(&feed);
                }
                schedule::Event::Pulled { feed, ticket, end }
            }
            Reply::Digest { ticket, feed, offset, tally: theirs } => {
                let end = self.compare(phone, &feed, offset, theirs);
                schedule::Event::Compared { feed, ticket, end }
            }
            Reply::DigestFailed { ticket, feed, failure } => {
                schedule::Event::Compared { feed, ticket, end: DigestEnd::Failed(failure) }
            }
            Reply::StreamUp { ticket } => schedule::Event::StreamUp { ticket },
            Reply::StreamDown { ticket, failure } => schedule::Event::StreamDown { ticket, failure },
        };
        self.tell_schedule(phone, event)
    }

    /// Rows and mark go to the disk in one transaction. What comes for a pull that has ended otherwise is left.
    fn rows_come(&mut self, phone: usize, reply: Reply) -> Result<(), String> {
        let Reply::Rows { ticket, feed, read, generation, rows, offset } = reply else { return Ok(()) };
        let pulls = self.phones[phone].life.as_mut().map(|life| &mut life.pulls);
        let Some(pulls) = pulls.filter(|pulls| pulls.get(&feed) == Some(&ticket)) else { return Ok(()) };
        pulls.remove(&feed);
        let mark = Mark { generation: Some(generation), offset };
        let disk = &mut self.phones[phone].disk;
        let copy = disk.rows.entry(feed.organization).or_default();
        if read == Read::Full {
            copy.clear();
        }
        copy.extend(rows.clone());
        disk.marks.insert(feed.clone(), mark);
        let more = matches!(read, Read::Changes(before) if before.offset != offset);
        self.notices_come(phone, &rows)?;
        let organization = feed.organization;
        let reached = outbox::Event::FeedReached { organization, feed: FEED.to_owned(), generation, offset };
        self.tell_outbox(phone, reached)?;
        self.tell_schedule(phone, schedule::Event::Pulled { feed, ticket, end: PullEnd::Read { mark, more } })
    }

    fn compare(&self, phone: usize, feed: &Feed, offset: i64, theirs: onsite_rules::digest::Tally) -> DigestEnd {
        let disk = &self.phones[phone].disk;
        let ours = disk.rows.get(&feed.organization).map(tally).unwrap_or_default();
        if disk.marks.get(feed).is_none_or(|mark| mark.offset != offset) {
            DigestEnd::Moved
        } else if ours == theirs {
            DigestEnd::Same
        } else {
            DigestEnd::Differs
        }
    }
}

/// A bad end, as the asker sees it.
fn failed(request: &Request, bad: Bad) -> Reply {
    let of_read = match bad {
        Bad::NotReached | Bad::Lost => schedule::Failure::Unreachable,
        Bad::Busy(retry_after_ms) => schedule::Failure::Busy { retry_after_ms },
        Bad::Fault => schedule::Failure::Fault { retry_after_ms: None },
        Bad::SignedOut => schedule::Failure::SignedOut,
    };
    match request.clone() {
        Request::Actions { ticket, .. } => Reply::Actions { ticket, answer: Err(of_batch(bad)) },
        Request::Pull { ticket, feed, .. } => Reply::PullFailed { ticket, feed, end: PullEnd::Failed(of_read) },
        Request::Digest { ticket, feed } => Reply::DigestFailed { ticket, feed, failure: of_read },
        Request::Stream { ticket, .. } => Reply::StreamDown { ticket, failure: of_read },
    }
}

const fn of_batch(bad: Bad) -> outbox::Failure {
    match bad {
        Bad::NotReached => outbox::Failure::NotReached(Code::NoNetwork),
        Bad::Lost => outbox::Failure::Lost,
        Bad::Busy(retry_after_ms) => outbox::Failure::Busy { retry_after_ms },
        Bad::Fault => outbox::Failure::Fault { code: Code::ServerFault, retry_after_ms: None },
        Bad::SignedOut => outbox::Failure::SignedOut,
    }
}
