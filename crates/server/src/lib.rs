//! The backend for development, demonstrations and small organizations.
//!
//! One process, one SQLite file. It speaks the vendor's REST v1 and our own half of the contract (`onsite-wire`), decides
//! with the rules that the phone uses too (`onsite-rules`), and can be embedded: [`start`] it, feed it through
//! [`RunningServer::store`], make it fail through [`RunningServer::faults`].
//!
//! | room | what lives there |
//! |---|---|
//! | [`clock`] | the only source of the time of day |
//! | [`storage`] | the data, offsets and their order: the only place with SQL |
//! | `access` | who asks, what they may see: sessions, keys, throttle, budgets, scope |
//! | `routes`, `openapi` | what is answered where; our half as a document |
//! | `http` | bodies, answers, faults, the socket |
//! | `feeds`, `digest`, `events` | reading, comparing, being told |
//! | `rest` | the vendor's endpoints over the feeds |
//! | `streams` | measurements, live and replayed |
//! | `actions` | what people did, decided and stored once |
//! | `notices`, `push` | who is told; carrying it to phones |
//! | `history` | one alarm's and one sensor's past |
//! | `incidents` | chats read backwards; what the service bureau does |
//! | `photos` | photos of chats: their parts, and reading them |
//! | `server_info` | what the server is |
//! | [`demo`] | invented organizations and what happens in them |
//! | `living` | performs the demonstration on a server's data |
//! | [`cli`] | the program's commands |
//! | [`trouble`] | what the operator is told |
//! | [`document`] | an organization as one JSON document |

mod access;
mod actions;
pub mod cli;
pub mod clock;
pub mod demo;
mod digest;
pub mod document;
mod events;
mod feeds;
mod history;
mod http;
mod incidents;
mod living;
mod notices;
mod openapi;
mod photos;
mod push;
mod random;
mod rest;
mod routes;
mod server;
mod server_info;
mod sites;
pub mod storage;
mod streams;
pub mod trouble;

pub use clock::{Clock, ManualClock, SystemClock};
pub use http::{Fault, FaultSwitch};
pub use incidents::{AgentDeed, BureauError};
pub use living::Living;
pub use openapi::our_document;
pub use push::{ApnsConfig, FcmConfig, Loopback, Looped, PushConfig};
pub use server::{Limits, RunningServer, ServerConfig, ServerError, TlsFiles, start};
pub use storage::Storage;
