//! The outbox: the life of a person's actions on the phone. A pure step function, `(state, event, now, random) -> effects`.
//!
//! It knows no alarms: a feature registers [`KindRules`] and hands over [`Draft`]s. It does no I/O and reads no clock: a
//! driver performs the [`Effect`]s, **in order, each one finished before the next**, and the process may die between any
//! two of them. One outbox belongs to one person on one server.
//!
//! # What is kept
//! - An action is kept from the moment its [`Effect::Record`] is durable until it is settled. Whatever is being decided is
//!   recorded before it is done: an attempt is counted and marked as begun *before* its batch is sent.
//! - [`Waiting`]: on this phone. [`OnServer`]: the server said `applied` or `already_applied`; kept 7 days more, for a
//!   restored backup. [`Parked`]: the server or its age decided against it; kept with its content until the person
//!   decides. Nothing else ends a parked action.
//! - *Being sent* is not recorded. After a crash [`Outbox::recover`] takes what was in flight as waiting and
//!   [`asked`](Waiting::asked), and asks again under the same id; the server keeps ids and has one effect for each.
//!
//! # In which order things are sent
//! - Order holds per subject: an action goes in no batch before every earlier waiting one of its subject that is not in the
//!   same batch. Subjects do not wait for each other.
//! - One batch is under way per organization. Organizations do not wait for each other, and a batch never mixes them,
//!   because generations and rights are the organization's. A batch has at most 100 actions and 1 MiB.
//! - A versioned action that follows one which still shapes what the person sees names it (`after`); else it names the
//!   version that the person saw.
//! - An unsent action is replaced by a later one on the same subject and aspect where the kind says so, if the server
//!   cannot have heard of it. One that was perhaps heard of stays, and the later one follows it.
//!
//! # What is retried, and when
//! - No network, 429, 5xx, a broken or lost answer: the batch's actions wait on, and the organization's next attempt comes
//!   after 2 s, 4 s, 8 s … at most 5 min, the upper half of it by chance ([`SENDING`]). `Retry-After` holds for the whole
//!   server and nothing comes before it (believed up to one hour). A batch without any end is given up after 2 min and
//!   asked again.
//! - Whoever has something to send has a next attempt ([`Outbox::next_attempt`]), or is told why not: nobody is signed in,
//!   or somebody else is. The queue waits for its own person; it is never sent under another.
//! - Network back, ring, foreground ([`Event::Nudged`]) bring attempts forward to 1 s after the last one ended.
//! - Schedules are in monotonic time: a wall clock that is set moves nothing.
//! - One action that makes the server stumble (500, 400, broken answer) must not hold the others: the batch is halved until
//!   the culprit travels alone, which then has waits of its own. What is refused alone is parked with the server's code.
//!   An action that an answer leaves out counts as not answered.
//!
//! # What is never sent late
//! An action older than its kind may be, or past its own end, is parked as too old. One that the server may have heard of is
//! the exception: whether it had its effect in time is only known there, so parking it could be a lie. It is asked for
//! again, with its age; the server answers from the kept id, or refuses by `onsite_rules::action::in_time` and the body's
//! own end. Age is monotonic; after a restart of the phone it is the wall clock's difference, marked uncertain.
//!
//! # What becomes of those behind a parked action
//! Those that name it in `after` are parked as blocked, and so on along the chain; those the server may have heard of are
//! asked for instead. Those made against a version, or on another aspect, go on.
//!
//! # A restored backup
//! Every batch names the generation that the phone knows; a server of another generation applies nothing. On a new
//! generation all confirmed actions of the last 7 days become waiting again, in one transaction, under their ids and in
//! their old places, so they go before newer ones; they are marked `confirmed_before`, because their age is no reason to
//! refuse them. Those past their own end are left: their effect would be over.
//!
//! # What a person and a feature can see and do
//! - [`Outbox::stage`]: on this phone (waiting until, being sent, paused and why), on the server, parked with what can be
//!   done. "On the server" is never said before the server said it.
//! - [`Outbox::overlay`]: the actions that still shape a subject, in order: all waiting ones, and those on the server whose
//!   effect has not come down yet. A parked action shapes nothing.
//! - Retry and change are a new action with `retry_of`; the parked one ends in the same transaction. Discard ends a parked
//!   action, or a waiting one of which the server cannot have heard; those following it take over its basis.

mod entry;
mod event;

pub use entry::{Decision, Draft, Entry, KindRules, OnServer, Parked, Reason, State, Waiting};
pub use event::{Answer, Batch, Effect, Event, Failure, Note, Record};
