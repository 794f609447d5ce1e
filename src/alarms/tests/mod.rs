//! The alarms over a real store: lists against a plain rule, live windows against fresh ones, plans and steps of what is
//! asked of the store, and what a server should not send.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

mod bad_input;
mod cleared;
mod filters;
mod phone;
mod plans;
mod raw;
mod slow;
mod steps;
mod truth;
mod windows;

mod world;
