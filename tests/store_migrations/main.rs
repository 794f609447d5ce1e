//! A phone that was not opened for long still brings what its person did: files made by the code of their time are opened by
//! today's. And what once made those files is never changed afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod fixtures;
mod hashes;
mod phone;
