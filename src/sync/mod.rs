//! What carries a person's work to the server and the server's news to the phone.

pub mod backoff;
pub mod outbox;
pub mod schedule;
