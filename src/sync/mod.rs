//! Keeping the phone and the server in step: what is pulled when, and how actions get there once.
//!
//! | room | for |
//! |---|---|
//! | [`schedule`] | when which feed is read: a step function |
//! | [`gaps`] | what is missing in what somebody looks at: a step function |
//! | [`outbox`] | the life of a person's actions: a step function |
//! | [`feed`] | what a feature registers so that its objects are pulled |
//! | [`copies`] | where the copy of each feed stands: all that is asked of the table `feed` |
//! | [`overlays`] | the actions that still shape what is seen |
//! | [`backoff`] | how long to wait after a failure |
//!
//! It knows nothing of alarms: feeds and kinds of actions are registered with it.

pub mod backoff;
pub mod copies;
pub mod feed;
pub mod gaps;
pub mod handover;
pub mod outbox;
pub mod overlays;
pub mod pull;
pub mod schedule;
