//! What a reader should hold of a feed, in 16 digits.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use onsite_rules::digest::Tally;
use onsite_wire::onsite::{Digest, Problem};
use uuid::Uuid;

use crate::access::{Caller, Scope};
use crate::feeds::cleared_since;
use crate::http::{App, PathParts, Refused};
use crate::storage::Feed;

/// `GET organizations/{id}/digest/{feed}`: counted over what this caller sees, in one state of the data.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/digest/{feed}", tag = "feeds",
    operation_id = "digest",
    params(("organization" = String, Path), ("feed" = String, Path, description = "alarms, inventory, sensors, people, incidents, messages, read_positions")),
    responses((status = 200, body = Digest), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn digest(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
) -> Result<Json<Digest>, Refused> {
    let organization = path.organization()?;
    let feed = Feed::named(&path.id::<String>("feed")?).ok_or_else(|| Refused::not_found("feed"))?;
    if Feed::OURS.contains(&feed) {
        caller.person()?;
    }
    let since = cleared_since(app.clock.now());
    let digest = app
        .storage
        .read(move |view| {
            let scope = Scope::of(view, &caller, organization)?;
            let mut tally = Tally::default();
            view.each_mark(organization, feed, scope.person, since, |id, kind, place, changed_at| {
                if scope.sees_object(kind, place, Uuid::from_bytes(*id)) {
                    tally.add(id, changed_at);
                }
            })?;
            Ok::<_, Refused>(Digest {
                offset: view.feed(organization, feed)?.offset,
                count: tally.count,
                xor: tally.hex(),
                cleared_since: matches!(feed, Feed::Alarms | Feed::Incidents).then_some(since),
            })
        })
        .await?;
    Ok(Json(digest))
}
