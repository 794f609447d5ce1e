//! The server's promises, over real HTTP and real files.

mod acting;
mod reading;
mod support;
