//! The core against the real server: real HTTP, real files, real time-outs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod acting;
mod bad_input;
mod chat;
mod choosing;
mod clock;
mod damage;
mod deciding;
mod faults;
mod incidents;
mod muting;
mod reading;
mod restore;
mod support;
mod vendor;
