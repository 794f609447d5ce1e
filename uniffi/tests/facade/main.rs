//! The border to Kotlin and Swift over the real core and the real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod calls;
mod listeners;
mod sleep;
mod support;
