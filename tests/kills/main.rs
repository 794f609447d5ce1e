//! A phone's process is ended by SIGKILL, two hundred times and more: between storing and sending, between sending and the
//! answer, inside the transaction of a pull, inside a migration, and at any moment. Whatever it had said to be stored is on
//! the server afterwards, once; both sides hold the same.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod killing;
mod ledger;
mod phone;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../crates/rules/src/photo/samples.rs"]
mod samples;
mod uploading;
mod victim;
