//! The console’s tests.
