//! How well sites are entered and left, on tracks from a documented noise model, and what a phone at rest asks for.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod chance;
mod evaluation;
mod noise;
mod phone;
mod rest;
mod world;
