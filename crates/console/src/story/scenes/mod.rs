//! The scenes, in the order in which [`tell`](super::tell) plays them. Each reads from the phones' cores and tells what it
//! read.

pub mod acknowledge;
pub mod age;
pub mod basement;
pub mod conflict;
pub mod customers;
pub mod filter;
pub mod incident;
pub mod mute_ends;
pub mod notices;
pub mod on_duty;
pub mod photo;
pub mod sign_in;
pub mod sign_out;
pub mod signal_back;
pub mod storm;
pub mod witnessed;
