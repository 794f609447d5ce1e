//! The phone's files under everything that can happen to them: a wrong key, a second opening, a newer version, damage, a full
//! disk, sleep. Real files; nothing here panics, hangs, or loses what a person wrote while it can still be read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod damage;
mod folder;
mod keys;
mod sleep;
