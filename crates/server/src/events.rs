//! The stream of rings: which feeds have moved, of all organizations of one person. Losing it costs time, not data.
//!
//! It begins with where every feed stands, so that nothing falls between a pull and the first ring. A listener that is too
//! slow is told all of that again. It ends when the session ends or the server stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::sse::{Event, Sse};
use futures_util::{Stream, StreamExt};
use onsite_wire::codes::Code;
use onsite_wire::ids::{OrganizationId, PersonId};
use onsite_wire::onsite::{Problem, Ring};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::access::Caller;
use crate::http::{App, Refused};
use crate::storage::{Feed, Moved, StorageError};

/// Seconds between heartbeats that a client may ask for.
const HEARTBEATS: std::ops::RangeInclusive<u64> = 5..=300;
const HEARTBEAT: u64 = 30;

/// What is asked of the stream.
#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    heartbeat: Option<u64>,
}

/// One person listening.
struct Listener {
    app: Arc<App>,
    person: PersonId,
    family: Uuid,
    heartbeat: Duration,
    moved: Receiver<Moved>,
    organizations: Vec<OrganizationId>,
}

/// `GET events[?heartbeat=SECONDS]`: `event: ring` with a [`Ring`], and `event: heartbeat`.
#[utoipa::path(get, path = "/onsite/v1/events", tag = "feeds", operation_id = "events",
    params(("heartbeat" = Option<u64>, Query, description = "Seconds, 5 to 300; 30 when missing.")),
    responses((status = 200, body = Ring, content_type = "text/event-stream"), (status = 400, body = Problem)))]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: Result<Query<Wish>, axum::extract::rejection::QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refused> {
    let Caller::Person { person, family } = caller else { return Err(Refused::of(Code::NotAllowed)) };
    let seconds = query.map_or(None, |Query(wish)| Some(wish.heartbeat.unwrap_or(HEARTBEAT)));
    let seconds = seconds.filter(|seconds| HEARTBEATS.contains(seconds));
    let seconds = seconds.ok_or_else(|| Refused::invalid("heartbeat is 5 to 300 seconds"))?;
    let open = app.budgets.open_stream(&Caller::Person { person, family })?;
    let mut listener = Listener {
        moved: app.storage.listen(),
        person,
        family,
        heartbeat: Duration::from_secs(seconds),
        organizations: Vec::new(),
        app: Arc::clone(&app),
    };
    let first = listener.all().await?;
    let stopping = Arc::clone(&app);
    let rings = futures_util::stream::unfold((listener, open), |(mut listener, open)| async move {
        let events = listener.next().await?;
        Some((futures_util::stream::iter(events), (listener, open)))
    });
    let events = futures_util::stream::iter(first).chain(rings.flatten());
    let events = events.take_until(async move { stopping.stopped().await });
    Ok(Sse::new(events.map(Ok)))
}

fn ring(organization_id: OrganizationId, feed: Feed, offset: i64) -> Event {
    let ring = Ring { organization_id, feed: feed.name().to_owned(), offset };
    Event::default().event("ring").data(serde_json::to_string(&ring).unwrap_or_default())
}

impl Listener {
    /// Where every feed of every organization stands, also read anew.
    async fn all(&mut self) -> Result<Vec<Event>, StorageError> {
        let person = self.person;
        let read = move |view: &crate::storage::View<'_>| {
            let mut standing = Vec::new();
            for row in view.organizations_of(person)? {
                for feed in Feed::ALL {
                    standing.push((row.id, feed, view.feed(row.id, feed)?.offset));
                }
            }
            Ok::<_, StorageError>(standing)
        };
        let standing = self.app.storage.read(read).await?;
        self.organizations = standing.iter().map(|(organization, _, _)| *organization).collect();
        Ok(standing.into_iter().map(|(organization, feed, offset)| ring(organization, feed, offset)).collect())
    }

    /// What to say next; nothing when the stream is to end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            match tokio::time::timeout(self.heartbeat, self.moved.recv()).await {
                Err(_) => {
                    let family = self.family;
                    let lives = self.app.storage.read(move |view| view.session_lives(family)).await.ok()?;
                    return lives.then(|| vec![Event::default().event("heartbeat").data("{}")]);
                }
                // Who belongs to an organization may have changed.
                Ok(Ok(moved)) if moved.feed == Feed::People => return self.all().await.ok(),
                Ok(Ok(moved)) if self.concerns(&moved) => {
                    return Some(vec![ring(moved.organization, moved.feed, moved.offset)]);
                }
                Ok(Ok(_)) => {}
                Ok(Err(RecvError::Lagged(_))) => return self.all().await.ok(),
                Ok(Err(RecvError::Closed)) => return None,
            }
        }
    }

    fn concerns(&self, moved: &Moved) -> bool {
        self.organizations.contains(&moved.organization)
            && moved.audience.is_none_or(|audience| audience == self.person)
    }
}
