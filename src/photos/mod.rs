//! Photos of chats on the phone (I4): sealed files, and the way of their bytes to the server beside the outbox.
//!
//! | file | for |
//! |---|---|
//! | `sealed` | a file's bytes under the account's key, segment by segment |
//! | `shelf` | the folder of these files: 200 MB, least used first, never what is not on the server yet |
//! | [`uploads`](Uploads) | which photo is sent next, from which byte, and when: a step function |
//! | `fetch` | a photo of somebody else, read once and kept |
//! | `taking` | a photo taken in: checked, stripped, sealed |
//!
//! A message goes first, by the outbox. Once the server has it, its photo's bytes follow, asked for and continued from the
//! byte that the server names; so nothing but the file and the action has to outlive the process.

#[cfg(test)]
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../../crates/rules/src/photo/samples.rs"]
pub(crate) mod samples;

mod fetch;
mod sealed;
mod shelf;
mod taking;
mod uploads;

pub use shelf::{CACHE_BYTES, Shelf, ShelfFault};
pub use taking::{NewPhoto, PhotoSource};
pub use uploads::{Announced, Effect, Event, Failure, OnWay, PART, Stage, Upload, Uploads};

pub(crate) use fetch::{Fetching, fetch};
pub(crate) use taking::take;
