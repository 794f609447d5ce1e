//! A phone in the terminal, over the same core as the phones.
//!
//! | room | what lives there |
//! |---|---|
//! | [`app`] | the state of the console and how it changes: no terminal, no network, no clock |
//! | [`screens`], [`sheets`] | how it is drawn, and which keys work where |
//! | [`widgets`], [`words`] | what that is made of |

mod api;
pub mod app;
pub mod screens;
pub mod sheets;
pub mod widgets;
pub mod words;
