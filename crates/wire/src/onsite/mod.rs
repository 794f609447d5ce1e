//! Our own half of the contract (`/onsite/v1`).
//!
//! | call | answer |
//! |---|---|
//! | `POST session` | [`SignInRequest`] → [`SignInResponse`] |
//! | `POST session/refresh` | [`RefreshRequest`] → [`Tokens`] |
//! | `DELETE session` | 204; the refresh token's family ends |
//! | `GET me` | [`Me`]: the person, and every organization with rights and capabilities |
//! | `POST actions` | [`ActionsRequest`] → [`ActionsResponse`], one result per action, in order |
//! | `GET organizations/{id}/feeds/{feed}[?after=OFFSET]` | [`FeedResponse`] of our own feeds |
//! | `GET organizations/{id}/digest/{feed}` | [`Digest`] |
//! | `GET organizations/{id}/alarms/{alarm}` | one alarm as the vendor's API writes it, or 404 |
//! | `GET organizations/{id}/alarms/{alarm}/history` | [`HistoryResponse`]: what people did to it |
//! | `GET organizations/{id}/incidents/{incident}/messages?before&limit` | [`MessagesResponse`]: a chat, backwards |
//! | `GET organizations/{id}/incidents/{incident}/photos/{message}[?from]` | the bytes of a photo that is there, from a byte on |
//! | `GET organizations/{id}/incidents/{incident}/photos/{message}/upload` | [`PhotoUpload`]: how far its bytes have come |
//! | `PUT organizations/{id}/incidents/{incident}/photos/{message}/upload?offset` | the next part, at most 1 MiB → [`PhotoUpload`] |
//! | `DELETE organizations/{id}/incidents/{incident}/photos/{message}/upload` | its writer gives it up → [`PhotoUpload`] |
//! | `GET organizations/{id}/sensors/{sensor}/history?from&to&buckets` | [`SensorHistory`] |
//! | `PUT push/registration` | [`Registration`] → [`Registered`]: where this session's pushes go; renewed within 60 days |
//! | `DELETE push/registration` | 204; also done by signing out |
//! | `POST push/canary` | 204; a push to this session's installation (N7) |
//! | `POST notices/reports` | [`NoticeReports`] → 204: what was shown and opened |
//! | `GET organizations/{id}/notices/{subject}` | [`NoticeLogResponse`]: why the caller was told or not (N6) |
//! | `GET organizations/{id}/notice-figures` | [`DeliveryFigures`], for administrators |
//! | `GET events[?heartbeat=SECONDS]` | server-sent events: [`Ring`] as `event: ring`, `event: heartbeat` |
//! | `PUT, DELETE organizations/{id}/sites/{location}/fence` | administrators: [`Outline`] |
//! | `PUT organizations/{id}/call-list`, `PUT organizations/{id}/sites/{location}/call-list` | administrators: [`CallList`] |
//! | `GET capabilities` | [`ServerCapabilities`], without sign-in |
//!
//! Every answer carries `Onsite-Generation`; every error is a [`Problem`].

mod action;
mod duty;
mod feed;
mod history;
mod incident;
mod notice;
mod person;
mod photo;
mod problem;
mod session;

pub use action::{
    ActionRequest, ActionResult, ActionsRequest, ActionsResponse, Basis, CurrentState, Outcome, Position, Subject,
    SubjectKind,
};
pub use duty::{AtSite, CallEntry, CallList, DutyBody, DutyEntry, LonLat, Outline, PresenceBody, SiteEntry};
pub use feed::{Digest, FeedResponse, Ring};
pub use history::{Bucket, HistoryEntry, HistoryResponse, SensorHistory, StatePoint};
pub use incident::{
    Author, AuthorKind, Feedback, Incident, IncidentChange, IncidentState, Message, MessagesResponse, ReadMark,
    ReadPosition,
};
pub use notice::{
    Channel, DailyTime, DeliveryFigures, LockScreen, NoticeKind, NoticeLog, NoticeLogResponse, NoticeReport,
    NoticeReports, NoticeSettings, NoticeSubject, NoticeWords, Notification, NotificationObject, PushProvider,
    ReadBody, Reasons, Registered, Registration, RuleAsked, SettingsBody, StoredSettings, Urgency, Verdict, Withheld,
};
pub use person::{Capability, Grant, Me, MyOrganization, OrganizationRights, PersonEntry, Role, ServerCapabilities};
pub use photo::{NotAHash, Photo, PhotoFacts, PhotoHash, PhotoState, PhotoType, PhotoUpload};
pub use problem::Problem;
pub use session::{RefreshRequest, SecondFactor, SignInRequest, SignInResponse, SignedIn, Tokens};
