//! What a server and a phone must decide alike. Pure functions: no clock, no I/O, no randomness; time is an argument.
//!
//! | module | decides |
//! |---|---|
//! | [`severity`] | what of the API's eight severities a person sees (A11) |
//! | [`clearing`] | when an alarm whose condition went is cleared (A3) |
//! | [`acknowledgement`] | who may be made responsible, and what that leaves behind (A7) |
//! | [`mute`] | what a mute may be, whether it holds now, when it ends (A9, A10) |
//! | [`action`] | the kinds of actions, and whether one is applied, in conflict or blocked (A8, O2) |
//! | [`incident`] | the life of an incident, who may move it, when feedback is given (I1, I2, I5) |
//! | [`message`] | what the text of a message may be (I4) |
//! | [`photo`] | what a photo may be, and what of it leaves a phone (I4) |
//! | [`rights`] | what a role may do, and who sees what (P1, P2) |
//! | [`fence`] | where a site is: what an outline may be, and how far a point is from it (U3) |
//! | [`duty`] | what of being on duty may be said, how long a lease of a site holds, and whom to call (U1, U2, U6, U7) |
//! | [`notice`] | who is notified, how, and why (N1, N3, N6) |
//! | [`address`] | what of a device's address a partner sees who reads only (P5) |
//! | [`digest`] | how two sides compare what they hold |

pub mod acknowledgement;
pub mod action;
pub mod address;
pub mod clearing;
pub mod digest;
pub mod duty;
pub mod fence;
pub mod incident;
pub mod message;
pub mod mute;
pub mod notice;
pub mod photo;
pub mod rights;
pub mod severity;
