//! Filling gaps of a chat: what is missing between the lines that a window shows, and where older ones were asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onsite_wire::ids::{IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::{IncidentState, MessagesResponse};
use rusqlite::OptionalExtension;

use super::chat::{ChatList, MessagesChanged};
use super::chat_intake::{self, Source};
use super::shape::state_column;
use super::{intake, row::ChatRow};
use crate::live::{Batch, Window};
use crate::net;
use crate::store::{Fault, Reading, Store};
use crate::sync::feed::{Intake, Seen, organization_number};
use crate::sync::overlays::Overlays;
use crate::sync::pull::{Puller, server_now};

/// So many messages are asked for at once.
const PAGE: i64 = 100;

/// The part of a chat that a window shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    incident: IncidentId,
    /// It begins with this message and goes back from there; `None`: with the newest.
    from: Option<MessageId>,
    size: usize,
}

/// What somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    /// This view shows this from now on.
    At(u64, Shown),
    /// This view is closed.
    Away(u64),
}

/// Tells whoever fills gaps.
pub(crate) type Teller = Arc<dyn Fn(Looked) + Send + Sync>;

/// A live window on the chat of one incident, newest first. While it is open, what is missing in what it shows comes by
/// itself as soon as the server can be reached; what is older comes when the window grows.
pub struct ChatWindow {
    window: Window<ChatList>,
    number: u64,
    shown: Shown,
    tell: Teller,
}

impl ChatWindow {
    pub(super) fn new(
        window: Window<ChatList>,
        (incident, size, from): (IncidentId, usize, Option<MessageId>),
        tell: &Teller,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let shown = Shown { incident, from, size };
        let opened = Self { window, number: NEXT.fetch_add(1, Ordering::Relaxed), shown, tell: Arc::clone(tell) };
        opened.look();
        opened
    }

    fn look(&self) {
        (self.tell)(Looked::At(self.number, self.shown));
    }

    /// As [`Window::next`].
    pub async fn next(&mut self) -> Option<Batch<ChatRow, ()>> {
        self.window.next().await
    }

    /// As [`Window::next_before`].
    pub fn next_before(&mut self, until: std::time::Instant) -> Option<Batch<ChatRow, ()>> {
        self.window.next_before(until)
    }

    /// As [`Window::try_next`].
    pub fn try_next(&mut self) -> Option<Batch<ChatRow, ()>> {
        self.window.try_next()
    }

    /// Lets the window hold so many messages more: those that this phone has, and those that the server brings.
    pub fn more(&mut self, rows: usize) {
        self.window.more(rows);
        self.shown.size = self.shown.size.saturating_add(rows);
        self.look();
    }

    /// Moves the window so that it begins with this message. Unknown ones leave it where it is.
    pub fn show(&mut self, id: MessageId) {
        self.window.show(id.0);
        self.shown.from = Some(id);
        self.look();
    }

    /// Moves the window back to the newest message.
    pub fn show_top(&mut self) {
        self.window.show_top();
        self.shown.from = None;
        self.look();
    }
}

impl Drop for ChatWindow {
    fn drop(&mut self) {
        (self.tell)(Looked::Away(self.number));
    }
}

/// A piece of a chat to ask for: the messages below this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) organization: OrganizationId,
    incident: IncidentId,
    before: i64,
}

/// An incident's organization and last message, and whether its feed brings new ones.
fn standing(reading: &Reading<'_>, id: IncidentId) -> Result<Option<(OrganizationId, i64, bool)>, Fault> {
    Ok(reading
        .cache
        .prepare_cached(
            "SELECT organization.id, incident.last_message, incident.state FROM incident
               JOIN organization ON organization.n = incident.organization
              WHERE incident.id = ?1 AND incident.revision > 0",
        )?
        .query_row([id.bytes()], |row| {
            let closed = row.get::<_, i64>(2)? == state_column(IncidentState::Closed);
            Ok((OrganizationId::from_bytes(row.get(0)?), row.get(1)?, !closed))
        })
        .optional()?)
}

/// The newest piece that is missing in what is shown; `None`: nothing is. What is newer than all that is here comes by the
/// feed, unless the incident is closed.
pub(crate) fn missing_in(reading: &Reading<'_>, shown: &Shown) -> Result<Option<Wanted>, Fault> {
    let Some((organization, last, fed)) = standing(reading, shown.incident)? else { return Ok(None) };
    let begin: Option<i64> = match shown.from {
        None => None,
        Some(from) => reading
            .cache
            .prepare_cached("SELECT number FROM message WHERE id = ?1 AND number IS NOT NULL")?
            .query_row([from.bytes()], |row| row.get(0))
            .optional()?,
    };
    let mut select = reading.cache.prepare_cached(
        "SELECT number FROM message INDEXED BY message_by_number
          WHERE incident = ?1 AND number IS NOT NULL AND number <= ?2 ORDER BY number DESC LIMIT ?3",
    )?;
    let most = i64::try_from(shown.size).unwrap_or(i64::MAX);
    let mut rows = select.query((shown.incident.bytes(), begin.unwrap_or(i64::MAX), most))?;
    let mut expected = begin.or((!fed).then_some(last));
    let mut held = 0;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if expected.is_some_and(|expected| number < expected) {
            break;
        }
        (expected, held) = (Some(number - 1), held + 1);
    }
    // A window that is full needs nothing older; one of an incident without any line here waits for the feed.
    let below = expected.filter(|expected| *expected > 0 && held < most);
    Ok(below.map(|below| Wanted { organization, incident: shown.incident, before: below + 1 }))
}

/// The newest piece that is missing at all.
pub(super) fn missing(reading: &Reading<'_>, incident: IncidentId) -> Result<Option<Wanted>, Fault> {
    let Some((organization, last, _)) = standing(reading, incident)? else { return Ok(None) };
    let found = missing_in(reading, &Shown { incident, from: None, size: usize::MAX })?;
    let newest: Option<i64> = reading
        .cache
        .prepare_cached(
            "SELECT max(number) FROM message INDEXED BY message_by_number WHERE incident = ?1 AND number IS NOT NULL",
        )?
        .query_row([incident.bytes()], |row| row.get(0))?;
    let behind = newest.unwrap_or(0) < last;
    Ok(if behind { Some(Wanted { organization, incident, before: last + 1 }) } else { found })
}

/// Why a piece did not come.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The server did not give it.
    Net(net::Fault),
    /// It could not be kept.
    Store(Fault),
}

/// Asks for pieces of chats and keeps them.
#[derive(Clone)]
pub(crate) struct Filler {
    pub(crate) store: Store,
    pub(crate) puller: Puller,
    pub(crate) overlays: Arc<Overlays>,
}

impl Filler {
    /// Asks for a piece, and gives how many messages came.
    pub(crate) async fn ask(&self, wanted: Wanted) -> Result<usize, Trouble> {
        let Wanted { organization, incident, before } = wanted;
        let path = format!(
            "onsite/v1/organizations/{organization}/incidents/{incident}/messages?before={before}&limit={PAGE}"
        );
        let answer = self.puller.http.get::<MessagesResponse>(&path).await.map_err(Trouble::Net)?.body;
        let (me, overlays) = (self.overlays.person(), Arc::clone(&self.overlays));
        let now = server_now(&self.puller.http);
        let stored = self.store.write_behind(move |writer| {
            writer.cache(|cache, changes| {
                // It may have come out of sight while the answer was under way: then this is nobody's to read here.
                if super::shape::number(cache, incident)?.is_none() {
                    return Ok(0);
                }
                let organization = organization_number(cache, organization)?;
                let mut changed = MessagesChanged::default();
                // A line that is out of place would come again and again.
                let fits = |number: i64| number > 0 && number < before;
                let asked = answer.messages.iter().filter(|line| line.incident_id == incident && fits(line.number));
                let mut came = 0;
                for message in asked {
                    chat_intake::put(cache, organization, message, me, Source::Backwards, &mut changed)?;
                    came += 1;
                }
                changed.note(changes);
                let mut seen = Seen::default();
                let mut taking = Intake { cache, changes, organization, full: false, seen: &mut seen, now };
                intake::reshape_all(&mut taking, &overlays, &[incident].into())?;
                Ok(came)
            })
        });
        stored.await.map_err(Trouble::Store)
    }
}
