//! The core of Onsite.

pub mod error;
pub mod net;
pub mod session;
pub mod store;
pub mod text;
pub mod time;
