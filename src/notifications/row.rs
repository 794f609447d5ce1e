//! A notification as a list shows it, and as code and arguments for the shell's words.

use std::collections::BTreeMap;

use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{Channel, NoticeKind, NoticeSubject, NoticeWords, Notification, Urgency};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::intake::{organization_id, read_text};
use super::route::Route;
use crate::store::Fault;
use crate::time::Timestamp;

/// What a notification says: a stable code with arguments, whatever its kind. A kind not heard of is `notice_unheard`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// `notice_alarm`, `notice_bundle` …
    pub code: String,
    /// `alarm`, `device`, `location`, `organization`, `by`, `state`, `count`, `incidents`: those that are known.
    pub arguments: BTreeMap<String, String>,
}

impl Said {
    /// Of this kind, with these words, standing for so many; a daily one also says how many incidents opened.
    pub fn of(kind: NoticeKind, words: &NoticeWords, count: i64, incidents: Option<i64>) -> Self {
        let named = [
            ("alarm", &words.alarm),
            ("device", &words.device),
            ("location", &words.location),
            ("organization", &words.organization),
            ("by", &words.by),
            ("state", &words.state),
        ];
        let known = named.into_iter().filter(|(_, text)| !text.is_empty());
        let mut arguments: BTreeMap<String, String> =
            known.map(|(name, text)| (name.to_owned(), text.clone())).collect();
        if count > 1 || matches!(kind, NoticeKind::Bundle | NoticeKind::Daily) {
            arguments.insert("count".to_owned(), count.max(0).to_string());
        }
        if let Some(incidents) = incidents {
            arguments.insert("incidents".to_owned(), incidents.max(0).to_string());
        }
        Self { code: format!("notice_{}", kind.as_str()), arguments }
    }
}

/// One line of the list of notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRow {
    /// Its id.
    pub id: Uuid,
    /// Its organization.
    pub organization: OrganizationId,
    /// The event: the same in push and feed (N5).
    pub key: String,
    /// What kind.
    pub kind: NoticeKind,
    /// What it says.
    pub said: Said,
    /// What it is about.
    pub subject_kind: NoticeSubject,
    /// Its id.
    pub subject: Uuid,
    /// Of alarms.
    pub urgency: Option<Urgency>,
    /// The channel.
    pub channel: Channel,
    /// How many it stands for.
    pub count: i64,
    /// When the event was.
    pub at: Timestamp,
    /// The person has read it, here or on another phone.
    pub read: bool,
    /// Where a tap leads.
    pub route: Route,
    /// Only a push has brought it so far, perhaps without its words.
    pub by_push_only: bool,
}

/// Reads a notification by its row number; `None`: it is gone.
pub(super) fn read(cache: &Connection, n: i64) -> Result<Option<NotificationRow>, Fault> {
    let found: Option<(i64, bool, String, i64)> = cache
        .prepare_cached("SELECT organization, read, notification, revision FROM notification WHERE n = ?1")?
        .query_row([n], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((organization, read, text, revision)) = found else { return Ok(None) };
    let notification: Notification = read_text(&text)?;
    let organization = organization_id(cache, organization)?;
    Ok(Some(shown(organization, notification, read, revision == 0)))
}

/// A notification as a list shows it.
fn shown(organization: OrganizationId, notification: Notification, read: bool, by_push_only: bool) -> NotificationRow {
    let route = Route::of_subject(organization, None, notification.subject_kind, notification.subject);
    NotificationRow {
        id: notification.id,
        organization,
        said: Said::of(notification.kind, &notification.words, notification.count, notification.incidents),
        key: notification.key,
        kind: notification.kind,
        subject_kind: notification.subject_kind,
        subject: notification.subject,
        urgency: notification.urgency,
        channel: notification.channel,
        count: notification.count,
        at: notification.at,
        read,
        route,
        by_push_only,
    }
}
