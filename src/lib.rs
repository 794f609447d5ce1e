//! The core of Onsite.

pub mod sync;
pub mod time;
