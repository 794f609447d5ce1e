//! A phone in the terminal, over the same core.

pub mod story;
