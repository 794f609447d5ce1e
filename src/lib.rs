//! The core of Onsite.

pub mod account;
pub mod alarms;
pub mod devices;
pub mod duty;
pub mod error;
pub mod home;
pub mod incidents;
pub mod journal;
pub mod live;
pub mod net;
pub mod notifications;
pub mod people;
pub mod photos;
pub mod session;
pub mod store;
pub mod sync;
pub mod text;
pub mod time;
