//! Alarms: the list, the filters, the detail, and what a person does to them.
//!
//! | file | for |
//! |---|---|
//! | [`room`](Alarms) | the public API |
//! | `filter`, `facets` | which alarms a person chose to see, and how many each choice would leave: pure |
//! | `list`, `search` | the same as a live window over the store: which index answers it with the least work |
//! | `mark`, `row` | what must be known of an alarm to place it; what a list shows of it |
//! | `feed`, `intake`, `words` | taking alarms in: columns, search words |
//! | `effective` | what is seen: the server's value under the person's pending actions: pure |
//! | `acting`, `deciding` | what a person does, as actions; what a person decides about one that had no effect |
//! | `follow` | alarms follow their devices, and time |
//! | `detail`, `why`, `seen` | one alarm's page; why a list is short; what was seen once |

mod acting;
mod deciding;
mod detail;
mod effective;
mod facets;
mod feed;
mod filter;
mod follow;
mod hits;
mod intake;
mod list;
mod mark;
mod room;
mod row;
mod saved;
mod search;
mod seen;
mod why;
mod words;

#[cfg(test)]
mod tests;

pub use acting::{Chosen, Deed, MuteUntil, Receipt};
pub use detail::{AlarmDetail, AssigneeChoice, DeviceSummary, Offer, Offers, Plot};
pub use facets::Facets;
pub use feed::AlarmFeed;
pub use filter::{AlarmFilter, AlarmSort, AssignmentChoice, Facet, MutedChoice};
pub use follow::{MuteMoment, MuteTarget};
pub use list::AlarmList;
pub use mark::{Mark, Status};
pub use room::{AlarmWindow, Alarms};
pub use row::{AcknowledgedBy, AlarmRow, Cleared, MutedBy};
pub use saved::SavedFilter;
pub use why::Why;

pub(crate) use acting::kinds;
pub(crate) use deciding::Undone;
pub(crate) use effective::mute as mute_under;
pub(crate) use follow::{covered, learn, next_deadline, overlay, pass_deadlines};
pub(crate) use intake::let_go;
pub(crate) use row::{mute_of, muted_by_device as mute_of_device};

/// What must follow devices that changed.
pub(crate) const FOLLOWERS: &[crate::devices::intake::Follower] = &[follow::follow_devices];
