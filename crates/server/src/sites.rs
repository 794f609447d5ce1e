//! Fences and call lists, as administrators set them (U3, U6). No phone calls these.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use onsite_rules::duty::calls_open;
use onsite_rules::fence::{Fence, joined};
use onsite_rules::rights::Permission;
use onsite_wire::codes::Code;
use onsite_wire::ids::LocationId;
use onsite_wire::onsite::{CallEntry, CallList, Outline, Problem};
use uuid::Uuid;

use crate::access::{Caller, Scope};
use crate::http::{App, JsonBody, PathParts, Refused};
use crate::storage::Write;

/// The longest call list.
const MOST_CALLS: usize = 200;
/// The longest telephone number, in characters.
const PHONE_LIMIT: usize = 40;

/// The scope of an administrator; `site`: a location that must exist.
fn administrator(
    write: &Write<'_>,
    caller: &Caller,
    path: &PathParts,
    site: Option<LocationId>,
) -> Result<Scope, Refused> {
    let scope = Scope::of(&write.view(), caller, path.organization()?)?;
    if !scope.may(None, Permission::Administer) {
        return Err(Refused::of(Code::NotAllowed));
    }
    if let Some(site) = site {
        write.view().location(scope.organization, site)?.ok_or_else(|| Refused::not_found("location"))?;
    }
    Ok(scope)
}

/// `PUT organizations/{id}/sites/{location}/fence`.
#[utoipa::path(put, path = "/onsite/v1/organizations/{organization}/sites/{location}/fence", tag = "sites",
    operation_id = "putFence", request_body = Outline,
    params(("organization" = String, Path), ("location" = String, Path)),
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn put_fence(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
    JsonBody(outline): JsonBody<Outline>,
) -> Result<StatusCode, Refused> {
    if let Err(refusal) = Fence::of(&outline) {
        let why = refusal.arguments.get("detail").cloned().unwrap_or_default();
        return Err(Refused::of(refusal.code).with("detail", why));
    }
    set_fence(app, caller, path, Some(joined(outline))).await
}

/// `DELETE organizations/{id}/sites/{location}/fence`.
#[utoipa::path(delete, path = "/onsite/v1/organizations/{organization}/sites/{location}/fence", tag = "sites",
    operation_id = "deleteFence",
    params(("organization" = String, Path), ("location" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn delete_fence(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
) -> Result<StatusCode, Refused> {
    set_fence(app, caller, path, None).await
}

async fn set_fence(
    app: Arc<App>,
    caller: Caller,
    path: PathParts,
    outline: Option<Outline>,
) -> Result<StatusCode, Refused> {
    let site = path.id::<LocationId>("location")?;
    app.storage
        .write(move |write| {
            let scope = administrator(write, &caller, &path, Some(site))?;
            Ok::<_, Refused>(write.put_fence(scope.organization, site, outline)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT organizations/{id}/sites/{location}/call-list`: the list of one location and what is below it.
#[utoipa::path(put, path = "/onsite/v1/organizations/{organization}/sites/{location}/call-list", tag = "sites",
    operation_id = "putCallListOfLocation", request_body = CallList,
    params(("organization" = String, Path), ("location" = String, Path)),
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn put_call_list_of_location(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
    JsonBody(list): JsonBody<CallList>,
) -> Result<StatusCode, Refused> {
    let site = path.id::<LocationId>("location")?;
    set_calls(app, caller, path, Some(site), list.calls).await
}

/// `PUT organizations/{id}/call-list`: the list that holds where no location has one.
#[utoipa::path(put, path = "/onsite/v1/organizations/{organization}/call-list", tag = "sites",
    operation_id = "putCallList", request_body = CallList, params(("organization" = String, Path)),
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub(crate) async fn put_call_list(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
    JsonBody(list): JsonBody<CallList>,
) -> Result<StatusCode, Refused> {
    set_calls(app, caller, path, None, list.calls).await
}

async fn set_calls(
    app: Arc<App>,
    caller: Caller,
    path: PathParts,
    site: Option<LocationId>,
    calls: Vec<CallEntry>,
) -> Result<StatusCode, Refused> {
    let mut named: Vec<_> = calls.iter().map(|entry| entry.person).collect();
    named.sort_unstable();
    named.dedup();
    if calls.len() > MOST_CALLS || named.len() != calls.len() {
        return Err(Refused::invalid("the list is too long, or names somebody twice"));
    }
    if calls.iter().any(|entry| entry.phone.trim().is_empty() || entry.phone.chars().count() > PHONE_LIMIT) {
        return Err(Refused::invalid("a telephone number is missing or too long"));
    }
    app.storage
        .write(move |write| {
            let scope = administrator(write, &caller, &path, site)?;
            let organization = scope.organization;
            // An empty list takes one away, which is always possible.
            if !calls.is_empty()
                && let Err(refusal) = calls_open(write.view().subscriptions(organization, site)?)
            {
                let refused = Refused::of(refusal.code);
                return Err(refusal.arguments.iter().fold(refused, |refused, (name, value)| refused.with(name, value)));
            }
            for entry in &calls {
                let member = write.view().membership(organization, entry.person)?;
                member.ok_or_else(|| Refused::not_found("person"))?;
            }
            let id: Uuid = site.map_or(organization.0, |site| site.0);
            Ok::<_, Refused>(write.put_calls(organization, id, calls)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
