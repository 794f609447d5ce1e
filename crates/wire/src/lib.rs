//! The contract between a phone and a server, as types.
//!
//! Two halves, one per origin:
//! * [`rest`] is the vendor's public REST v1, field for field, with our own optional properties beside the vendor's.
//! * [`onsite`] is ours, below `/onsite/v1`: sign-in, actions, feeds, digests, rings, histories, capabilities.
//!
//! Both sides name errors with the same [`codes::Code`]s and write times as [`time::Timestamp`]s. Nothing in here decides
//! anything: what both sides must decide alike lives in `onsite-rules`, what one side does lives with that side.
//!
//! A reader is tolerant (unknown properties are ignored, unknown types kept, an unknown severity reads as critical); a
//! writer is exact.

pub mod codes;
pub mod ids;
pub mod onsite;
pub mod push;
pub mod rest;
pub mod sealing;
pub mod time;

/// The response header that names the generation of a server's data: new at creation and after a restored backup.
pub const GENERATION_HEADER: &str = "onsite-generation";
