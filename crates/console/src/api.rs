//! What the console uses of the core, in one list. Only [`crate::link`] calls the account; everything else has its data.

pub use onsite::account::{
    Access, Account, AccountConfig, AccountState, ActionStage, LocationNode, OrganizationOverview, Outcome, OwnAction,
    PhotoOnWay, PhotoStage, SessionState,
};
pub use onsite::alarms::{
    AcknowledgedBy, AlarmDetail, AlarmFilter, AlarmRow, AlarmSort, AlarmWindow, AssigneeChoice, AssignmentChoice,
    Chosen, Cleared, Deed, Facets, MuteUntil, MutedBy, MutedChoice, Offer, Offers, Plot, Receipt, SavedFilter, Status,
    Why,
};
pub use onsite::devices::intake::DeviceDetail;
pub use onsite::duty::{
    AtServer, Call, Colleague, Decision as DutyDecision, Name as DutyName, Reach, SiteView, Standing as DutyStanding,
};
pub use onsite::error::{Code, Error};
pub use onsite::home::{Tile, open_incidents, tiles, unread_notifications as open_notices};
pub use onsite::incidents::{
    ChatRow, Delivery, IncidentCounts, IncidentFilter, IncidentPage, IncidentRow, IncidentWindow, Participant,
};
pub use onsite::journal::Line as JournalLine;
pub use onsite::live::Batch;
pub use onsite::notifications::{
    Announcement, Arrived, Check, Item, Light, NotificationCounts, NotificationFilter, NotificationRow, Opened,
    PhoneStanding, Posting, PushIdentity, Readiness, Tap, Target, TargetView, Way, WhyNotified, rules_as_lines,
};
pub use onsite::photos::{NewPhoto, PhotoSource};
pub use onsite::session::SignInStep;
pub use onsite::store::Key as StoreKey;
pub use onsite::sync::outbox::Decision;
pub use onsite::sync::overlays::Standing;
pub use onsite::time::Timestamp;
