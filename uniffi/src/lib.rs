//! The core's public API for Kotlin and Swift: the same rooms, as records, a few long-lived objects and listeners.
//!
//! Nothing is decided in here. What holds at this border:
//! * Every call may come from a main thread and blocks it for no file and no network.
//! * A panic inside is an error of the code `internal`. What a person did goes on when the caller lets go of its future.
//! * The calls of one [`Subscription`] come one at a time and in order; subscriptions do not wait for each other.
//! * Ids are strings, times are milliseconds since 1970, numbers are `i64` or `i32`.
//! * After [`Account::shutdown`] every call is `store_closed`, and the files are closed.
#![allow(
    unsafe_code,
    reason = "the glue that UniFFI generates; the code in here has none, which tests/house.rs checks"
)]

mod account;
mod account_records;
mod alarm_deeds;
mod alarm_filter;
mod alarm_page;
mod alarm_rows;
mod alarms;
mod calls;
mod chat_records;
mod duty;
mod duty_records;
mod error;
mod home;
mod incident_records;
mod incidents;
mod log;
mod notifications;
mod open;
mod people;
mod places;
mod rows;
mod subscription;

pub use account::{Account, AccountListener};
pub use account_records::*;
pub use alarm_deeds::*;
pub use alarm_filter::*;
pub use alarm_page::*;
pub use alarm_rows::*;
pub use alarms::{AlarmListener, Alarms};
pub use chat_records::*;
pub use duty::{Duty, DutyListener};
pub use duty_records::*;
pub use error::{Advice, OnsiteError, Problem};
pub use home::{Tile, TileFilter};
pub use incident_records::*;
pub use incidents::{ChatListener, IncidentListener, Incidents};
pub use log::{JournalLine, LogLevel, LogLine, LogSink, set_log_sink};
pub use notifications::*;
pub use open::{Access, AccountConfig, Found, open_account};
pub use people::{Assignee, AssigneeKind, Colleague, PersonEntry};
pub use places::{LocationNode, OrganizationOverview, Role};
pub use subscription::{ListenerError, LiveObjects, Subscription, SubscriptionEnd, live_objects};

uniffi::setup_scaffolding!();
