//! Notifications on the phone: what a person was told, how one wishes to be told, why, and where a tap leads (N1–N7).
//!
//! | file | for |
//! |---|---|
//! | [`room`](Notifications) | the public API |
//! | `push`, `route`, `inbox` | what a push says, where a link leads, what an extension keeps: without files of the core, runtime and network |
//! | `feed`, `intake` | the feed `notifications`, taking it in |
//! | `list`, `row` | the latest ones as a live window, with the unread counter |
//! | `shape`, `acting` | what is seen: the server's value under what the person read and chose; both as actions |
//! | `arrivals`, `shown` | one event is one notification, whichever way it came; what was made of it |
//! | `deciding` | the rules of `onsite-rules` with this phone's inputs: it may silence, never add |
//! | `opening` | where a tap leads, from a cold start |
//! | `why` | why did I (not) get this |
//! | `readiness`, `checking` | is this phone ready for a shift: pure, and what it looks at |
//! | `registering`, `courier` | where pushes go; when the server is told that, and what was shown and opened |

mod acting;
mod arrivals;
mod checking;
mod courier;
mod deciding;
mod feed;
mod inbox;
mod intake;
mod list;
mod opening;
mod push;
mod readiness;
mod registering;
mod room;
mod route;
mod row;
mod shape;
mod shown;
mod why;

#[cfg(test)]
mod tests;

pub use arrivals::{Arrived, Posting};
pub use deciding::{Announcement, Way};
pub use feed::NotificationFeed;
pub use inbox::keep_push;
pub use list::{NotificationCounts, NotificationFilter, NotificationList};
pub use opening::{Opened, Tap, TargetView};
pub use push::{ParsedPush, Words, parse_push};
pub use readiness::{Check, Delays, Item, Light, LocationPermission, PhoneStanding, Readiness};
pub use registering::PushIdentity;
pub use room::{NotificationWindow, Notifications};
pub use route::{Arrival, DEFAULT_LINK_HOST, Landing, Refusal, Route, Target, arrive, parse_link};
pub use row::{NotificationRow, Said};
pub use shown::PhoneNotice;
pub use why::{ServerNotices, WhyNotified, lines as rules_as_lines};

pub(crate) use acting::kinds;
pub(crate) use arrivals::Desk;
pub(crate) use courier::{Courier, Effect as Errands, End, Errand, Event as CourierEvent};
pub(crate) use intake::let_go;
pub(crate) use list::NoticesCame;
pub(crate) use registering::{AGAIN_MS as REGISTERED_AGAIN_MS, ToTell, Told as ToldOfPush, set_told, stored};
pub(crate) use room::Telling;
pub(crate) use shape::{covered, overlay};
pub(crate) use shown::{told as told_reports, untold};
