//! The organization, its locations and its devices as the vendor serves them. What is gone, or out of this reader's sight,
//! is named by its id only.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use onsite_wire::ids::DeviceId;
use uuid::Uuid;

use crate::access::{Caller, Scope};
use crate::feeds::{full_read, read_changes};
use crate::http::{App, PathParts, Refused, json_answer};
use crate::storage::{Feed, Kind, Row, Stored, View};

/// `listInventory`.
pub(crate) async fn list_inventory(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    full_read(&app, &headers, caller, &path, Feed::Inventory, "inventoryObjects", "").await
}

/// `getInventoryChangesAfterOffset`.
pub(crate) async fn inventory_changes(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    let changes = read_changes(&app, caller, &path, Feed::Inventory, path.offset()?).await?;
    let written = changes.objects.iter().map(|row| {
        format!("{{\"discriminator\":\"InventoryObjectCreateOrUpdate\",\"inventoryObject\":{}}}", row.json())
    });
    let deleted = changes
        .gone
        .iter()
        .map(|id| format!("{{\"discriminator\":\"InventoryObjectDelete\",\"inventoryObjectId\":\"{id}\"}}"));
    let all: Vec<String> = written.chain(deleted).collect();
    let json = format!("{{\"inventoryObjectChanges\":[{}],\"offset\":{}}}", all.join(","), changes.offset);
    Ok(json_answer(&headers, json.into_bytes()))
}

/// `getDevice`: the device, and what it stands in, nearest first, ending with the organization.
pub(crate) async fn get_device(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    let (organization, id) = (path.organization()?, path.id::<DeviceId>("device"));
    let json = app
        .storage
        .read(move |view| {
            let scope = Scope::of(view, &caller, organization)?;
            device_with_ancestors(view, &scope, id?)
        })
        .await?;
    Ok(json_answer(&headers, json.into_bytes()))
}

fn device_with_ancestors(view: &View<'_>, scope: &Scope, id: DeviceId) -> Result<String, Refused> {
    let find = |kind, id: Uuid| view.object(scope.organization, kind, id);
    let seen = find(Kind::Device, id.0)?.filter(|(device, _)| scope.sees(Kind::Device, device.place));
    let (device, offset) = seen.ok_or_else(|| Refused::not_found("device"))?;
    let mut ancestors: Vec<(Stored, i64)> = Vec::new();
    let mut next = device.parent;
    while let Some(parent) = next {
        // Devices that are said to be parts of each other end where they close.
        let closed = parent == device.id || ancestors.iter().any(|(known, _)| known.id == parent);
        let found = if closed { None } else { find(Kind::Device, parent)? };
        next = found.as_ref().and_then(|(parent, _)| parent.parent);
        ancestors.extend(found.filter(|(parent, _)| scope.sees(Kind::Device, parent.place)));
    }
    for location in scope.path(device.place) {
        ancestors.extend(find(Kind::Location, location.0)?);
    }
    ancestors.extend(find(Kind::Organization, scope.organization.0)?);
    let cut = |(stored, offset): (Stored, i64)| -> Result<String, Refused> {
        let body = scope.cut_body(stored.kind, stored.body)?;
        Ok(written((Stored { body, ..stored }, offset)))
    };
    let ancestors = ancestors.into_iter().map(cut).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("{{\"device\":{},\"ancestors\":[{}]}}", cut((device, offset))?, ancestors.join(",")))
}

/// An object as it is written on the wire.
pub(crate) fn written((stored, changed_at): (Stored, i64)) -> String {
    let row = Row {
        id: stored.id,
        kind: stored.kind,
        place: stored.place,
        changed_at,
        moved_at: 0,
        removed: false,
        body: stored.body,
    };
    row.json()
}
