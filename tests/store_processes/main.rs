//! The phone's files where it takes other processes to see something. They have a program of their own: a process that is
//! being made holds for an instant every file that its parent has open, and with it the lock on an account's folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

mod first_use;
#[path = "../store_over_damage/folder.rs"]
mod folder;
mod full_disk;
