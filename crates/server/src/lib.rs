//! The backend for development, demonstrations and small organizations.

pub mod demo;
pub mod document;
