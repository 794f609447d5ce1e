//! Incidents and their chats (I1–I5): the lists, the conversation, and what a person does in them.
//!
//! | file | for |
//! |---|---|
//! | [`room`](Incidents) | the public API |
//! | `list`, `chat` | incidents and the messages of one of them as live windows |
//! | `row` | what a list shows of an incident, and a chat of a message |
//! | `feeds` | the three feeds: incidents, messages, read positions |
//! | `intake`, `chat_intake` | taking them in |
//! | `filling` | what is missing in an open chat comes by itself |
//! | `shape` | what is seen: the server's incident under the person's pending actions |
//! | `acting` | what a person does, as actions |
//! | `page` | one incident's own page |
//! | `present` | who is in it, and who of them is on duty |
//! | `picture` | photos in a chat: written with a message, read, saved |
//! | `drafts` | what was begun and not sent |

mod acting;
mod chat;
mod chat_intake;
mod drafts;
mod feeds;
mod filling;
mod intake;
mod list;
mod page;
mod picture;
mod present;
mod room;
mod row;
mod shape;

#[cfg(test)]
mod tests;

pub use chat::ChatList;
pub use feeds::{IncidentFeed, MessageFeed, ReadPositionFeed};
pub use filling::ChatWindow;
pub use list::{IncidentCounts, IncidentFilter, IncidentList};
pub use page::{IncidentOffers, IncidentPage};
pub use present::{Participant, Present};
pub use room::{IncidentWindow, Incidents, Opening};
pub use row::{ChatRow, Delivery, IncidentRow};

pub(crate) use acting::kinds;
pub(crate) use feeds::MESSAGES;
pub(crate) use filling::{Filler, Looked, Shown, Trouble, missing_in};
pub(crate) use intake::{let_go, narrow};
pub(crate) use shape::{covered, overlay, photo_state};
