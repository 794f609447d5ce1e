//! Notifications on the phone: what a push says, and where a tap leads (N2).
//!
//! Everything here works without files, runtime and network: a notification extension has none of them.

mod push;
mod route;

pub use push::{ParsedPush, Words, parse_push};
pub use route::{Arrival, Landing, Refusal, Route, Target, arrive, parse_link};
