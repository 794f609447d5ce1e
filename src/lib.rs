//! The core of Onsite.

pub mod alarms;
pub mod devices;
pub mod error;
pub mod live;
pub mod net;
pub mod session;
pub mod store;
pub mod sync;
pub mod text;
pub mod time;
