//! Sensors, in the manner of the inventory.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::access::Caller;
use crate::feeds::{full_read, read_changes};
use crate::http::{App, PathParts, Refused, json_answer};
use crate::storage::Feed;

/// `listSensors`.
pub(crate) async fn list_sensors(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    full_read(&app, &headers, caller, &path, Feed::Sensors, "sensors", "").await
}

/// `getSensorChangesAfterOffset`.
pub(crate) async fn sensor_changes(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    let changes = read_changes(&app, caller, &path, Feed::Sensors, path.offset()?).await?;
    let written = changes
        .objects
        .iter()
        .map(|row| format!("{{\"discriminator\":\"SensorCreateOrUpdate\",\"sensor\":{}}}", row.json()));
    let deleted = changes.gone.iter().map(|id| format!("{{\"discriminator\":\"SensorDelete\",\"sensorId\":\"{id}\"}}"));
    let all: Vec<String> = written.chain(deleted).collect();
    let json = format!("{{\"sensorChanges\":[{}],\"offset\":{}}}", all.join(","), changes.offset);
    Ok(json_answer(&headers, json.into_bytes()))
}
