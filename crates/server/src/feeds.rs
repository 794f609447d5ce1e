//! Reading a feed: all of it, or what changed after an offset. The same for the vendor's feeds and ours.
//!
//! A full read goes page by page in the order of ids, so that it needs little memory and holds no reader up; the offset it
//! names was taken before its first page. What changed meanwhile has a higher offset and comes with the changes. An object
//! that the reader may not see is left out; one that came out of sight after the reader's offset is named as gone, once.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use onsite_wire::codes::Code;
use onsite_wire::onsite::{FeedResponse, Problem};
use onsite_wire::time::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::{Caller, Scope};
use crate::http::{App, PathParts, Pieces, Refused, accepts_gzip, json_answer};
use crate::storage::{Feed, Row, Storage, StorageError, View};

/// Alarms cleared longer ago than this are not in a full read.
const CLEARED_SHOWN_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// How many objects a full read takes from the data at a time.
const PAGE: usize = 1_000;

/// The time of clearing from which on alarms are in a full read.
pub(crate) const fn cleared_since(now: Timestamp) -> Timestamp {
    now.plus_millis(-CLEARED_SHOWN_MS)
}

/// What changed after an offset, as this caller may see it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Objects in their present version.
    pub(crate) objects: Vec<Row>,
    /// Ids of what is gone, or out of sight.
    pub(crate) gone: Vec<Uuid>,
    /// Where the changes go on.
    pub(crate) offset: i64,
}

/// What changed after an offset, at most `limit` objects of it.
pub(crate) fn changes(
    view: &View<'_>,
    scope: &Scope,
    feed: Feed,
    after: i64,
    limit: usize,
) -> Result<Changes, Refused> {
    let state = view.feed(scope.organization, feed)?;
    let incomplete = after < scope.gone_before || after < state.forgotten_before || after > state.offset;
    // A key's holder is the vendor's client, which gets what there is. From 0 on nothing can be missing.
    if scope.person.is_some() && after > 0 && incomplete {
        return Err(Refused::of(Code::OffsetGone));
    }
    let rows = view.changes(scope.organization, feed, scope.person, after, limit)?;
    let offset = match rows.last() {
        Some(last) if rows.len() >= limit => last.changed_at,
        _ => state.offset.max(after),
    };
    let mut changes = Changes { offset, ..Changes::default() };
    for row in rows {
        if !row.removed && scope.sees_row(&row) {
            changes.objects.push(scope.cut(row)?);
        } else if row.moved_at > after && scope.may_hear_of(row.kind, row.id) {
            changes.gone.push(row.id);
        }
    }
    Ok(changes)
}

/// Reads what changed, for a handler.
pub(crate) async fn read_changes(
    app: &App,
    caller: Caller,
    path: &PathParts,
    feed: Feed,
    after: i64,
) -> Result<Changes, Refused> {
    let organization = path.organization()?;
    let limit = app.limits.changes_per_answer;
    app.storage.read(move |view| changes(view, &Scope::of(view, &caller, organization)?, feed, after, limit)).await
}

/// A full read under way.
struct FullRead {
    storage: Storage,
    scope: Arc<Scope>,
    feed: Feed,
    since: Timestamp,
    last: Option<Uuid>,
    first: bool,
    pieces: Pieces,
    tail: String,
}

/// All objects of a feed that the caller may see: `{"NAME": [...], "offset": N}` and more properties, if there are any.
pub(crate) async fn full_read(
    app: &App,
    headers: &HeaderMap,
    caller: Caller,
    path: &PathParts,
    feed: Feed,
    name: &str,
    more: &str,
) -> Result<Response, Refused> {
    let organization = path.organization()?;
    let (scope, state) = app
        .storage
        .read(move |view| Ok::<_, Refused>((Scope::of(view, &caller, organization)?, view.feed(organization, feed)?)))
        .await?;
    let gzip = accepts_gzip(headers);
    let mut pieces = Pieces::new(gzip);
    pieces.add(&format!("{{\"{name}\":[")).map_err(StorageError::from)?;
    let read = FullRead {
        storage: app.storage.clone(),
        scope: Arc::new(scope),
        feed,
        since: cleared_since(app.clock.now()),
        last: None,
        first: true,
        pieces,
        tail: format!("]{more},\"offset\":{}}}", state.offset),
    };
    // An error after the beginning breaks the body off: the reader sees that it is incomplete.
    let body = Body::from_stream(try_unfold(Some(read), |read| async move {
        match read {
            Some(read) => read.next().await.map(Some),
            None => Ok::<_, StorageError>(None),
        }
    }));
    let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    if gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Ok(response)
}

impl FullRead {
    /// The next piece of the body, and what is left to read.
    async fn next(self) -> Result<(Bytes, Option<Self>), StorageError> {
        let storage = self.storage.clone();
        storage.read(move |view| self.next_page(view)).await
    }

    fn next_page(mut self, view: &View<'_>) -> Result<(Bytes, Option<Self>), StorageError> {
        let rows = view.page(self.scope.organization, self.feed, self.scope.person, self.since, self.last, PAGE)?;
        self.last = rows.last().map(|row| row.id);
        let is_last = rows.len() < PAGE;
        for row in rows.into_iter().filter(|row| self.scope.sees_row(row)) {
            if !self.first {
                self.pieces.add(",")?;
            }
            self.first = false;
            self.pieces.add(&self.scope.cut(row)?.json())?;
        }
        if !is_last {
            return Ok((self.pieces.take().into(), Some(self)));
        }
        self.pieces.add(&self.tail)?;
        Ok((self.pieces.finish()?.into(), None))
    }
}

/// Objects as a JSON array.
pub(crate) fn array(rows: &[Row]) -> String {
    let objects: Vec<String> = rows.iter().map(Row::json).collect();
    format!("[{}]", objects.join(","))
}

/// Ids as a JSON array.
fn id_array(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", ids.join(","))
}

/// What is asked of one of our own feeds.
#[derive(Debug, Deserialize)]
pub(crate) struct After {
    after: Option<i64>,
}

/// `GET organizations/{id}/feeds/{feed}[?after=OFFSET]`: one of our own feeds, all of it or its changes; by a person.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/feeds/{feed}", tag = "feeds",
    operation_id = "readFeed",
    params(("organization" = String, Path), ("feed" = String, Path, description = "people, incidents, messages, read_positions, notifications"),
        ("after" = Option<i64>, Query, description = "Missing: a full read.")),
    responses((status = 200, body = FeedResponse), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 410, body = Problem)))]
pub(crate) async fn read_feed(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
    query: Result<Query<After>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    let Query(query) = query.map_err(|_| Refused::invalid("after is no number"))?;
    let name: String = path.id("feed")?;
    let feed = Feed::OURS.into_iter().find(|feed| feed.name() == name).ok_or_else(|| Refused::not_found("feed"))?;
    // Who people are, what they write, where they are: for people. A key reads what the vendor's API has (O5).
    caller.person()?;
    let Some(after) = query.after else {
        return full_read(&app, &headers, caller, &path, feed, "objects", ",\"removed\":[]").await;
    };
    let changes = read_changes(&app, caller, &path, feed, after).await?;
    let json = format!(
        "{{\"objects\":{},\"removed\":{},\"offset\":{}}}",
        array(&changes.objects),
        id_array(&changes.gone),
        changes.offset
    );
    Ok(json_answer(&headers, json.into_bytes()))
}
