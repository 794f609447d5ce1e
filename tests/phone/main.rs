//! The core against the real server: real HTTP, real files, real time-outs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod acting;
mod bad_input;
mod chat;
mod choosing;
mod clock;
mod coordinates;
mod damage;
mod deciding;
mod duty;
mod faults;
mod gaps;
mod incidents;
mod leaks;
mod muting;
mod notices;
mod opening;
mod out_of_sight;
mod photos;
mod reading;
mod ready;
mod restore;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../crates/rules/src/photo/samples.rs"]
mod samples;
mod shift;
mod support;
mod switch;
mod told;
mod vendor;
mod wiretap;
