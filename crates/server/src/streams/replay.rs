//! What was measured between two offsets. Ends with a message that says whether that was all.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use onsite_wire::ids::OrganizationId;
use onsite_wire::rest::{Measurement, ReplaySystemMessage};
use serde::Deserialize;

use super::offset::Offset;
use super::{LINES_PER_OFFSET, Source, answer, line, may_open, open};
use crate::access::{Caller, Scope};
use crate::http::{App, PathParts, Refused};
use crate::storage::{Kind, Replayed};

/// How many measurements are taken from the data at a time.
const PAGE: usize = 1_000;

/// What is asked of a replay. Offsets of another server, or nonsense, are refused.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    from_offset: String,
    to_offset: String,
}

/// A replay under way.
struct Replay {
    app: Arc<App>,
    caller: Caller,
    organization: OrganizationId,
    after: i64,
    up_to: i64,
    lines: usize,
    over: bool,
}

/// `replayMeasurements`.
pub(crate) async fn replay(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
    query: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    let organization = path.organization()?;
    may_open(&app, &caller, organization).await?;
    let Query(asked) = query.map_err(|_| Refused::invalid("fromOffset and toOffset are needed"))?;
    let (Ok(from), Ok(to)) = (asked.from_offset.parse::<Offset>(), asked.to_offset.parse::<Offset>()) else {
        return Err(Refused::invalid("an offset is not one of this server"));
    };
    if from.position > to.position {
        return Err(Refused::invalid("fromOffset comes after toOffset"));
    }
    if app.clock.now().millis_since(from.at) > app.limits.replay_seconds * 1_000 {
        return Err(Refused::invalid("fromOffset is too old"));
    }
    let opened = open(&app, &headers, &caller)?;
    let (after, up_to) = (from.position, to.position);
    let replay = Replay { app: Arc::clone(&app), caller, organization, after, up_to, lines: 0, over: false };
    Ok(answer(replay, opened))
}

impl Source for Replay {
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        let page = self.page().await?;
        let full = page.len() == PAGE;
        let count = u64::try_from(page.len()).unwrap_or(u64::MAX);
        if !self.app.budgets.spend_replayed(&self.caller, count, self.app.clock.now()) {
            return Some(self.end(ReplaySystemMessage::RateLimitReached));
        }
        if let Some(last) = page.last() {
            self.after = last.position;
        }
        let mut lines = self.told(page).await?;
        if !full {
            lines.push_str(&self.end(ReplaySystemMessage::Completed));
        }
        Some(lines)
    }
}

impl Replay {
    /// The next measurements; nothing when the server stops: without its last message a replay counts as broken off.
    async fn page(&self) -> Option<Vec<Replayed>> {
        let (organization, after, up_to) = (self.organization, self.after, self.up_to);
        let page = self.app.storage.read(move |view| view.replay(organization, after, up_to, PAGE));
        tokio::select! {
            () = self.app.stopped() => None,
            page = page => page.ok(),
        }
    }

    async fn told(&mut self, page: Vec<Replayed>) -> Option<String> {
        let (caller, organization) = (self.caller.clone(), self.organization);
        let scope = self.app.storage.read(move |view| Scope::of(view, &caller, organization)).await.ok()?;
        let now = self.app.clock.now();
        let mut lines = String::new();
        for replayed in page.into_iter().filter(|replayed| scope.sees(Kind::Sensor, replayed.place)) {
            self.lines += 1;
            let offset = self
                .lines
                .is_multiple_of(LINES_PER_OFFSET)
                .then(|| Offset { position: replayed.position, at: now }.to_string());
            lines.push_str(&line(&Measurement { offset, ..replayed.measurement }));
        }
        Some(lines)
    }

    fn end(&mut self, message: ReplaySystemMessage) -> String {
        self.over = true;
        serde_json::to_string(&message).map(|json| json + "\n").unwrap_or_default()
    }
}
