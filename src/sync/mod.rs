//! Sync.
pub mod feed;
pub mod overlays;
