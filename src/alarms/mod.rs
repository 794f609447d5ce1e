//! Alarms.
mod effective;
mod facets;
mod feed;
mod filter;
mod follow;
mod intake;
mod list;
mod mark;
mod row;
mod search;
mod words;
pub use facets::Facets;
pub use feed::AlarmFeed;
pub use filter::{AlarmFilter, AlarmSort, AssignmentChoice, MutedChoice};
pub use list::AlarmList;
pub use mark::Status;
pub use row::{AcknowledgedBy, AlarmRow, MutedBy};
