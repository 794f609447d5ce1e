//! Alarms as the vendor serves them: all active ones and those cleared in the last 7 days, and their changes. An alarm is
//! never deleted by a change; one that this reader may not see is not served.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::access::Caller;
use crate::feeds::{array, full_read, read_changes};
use crate::http::{App, PathParts, Refused, json_answer};
use crate::storage::Feed;

/// `listAlarms`.
pub(crate) async fn list_alarms(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    full_read(&app, &headers, caller, &path, Feed::Alarms, "alarms", "").await
}

/// `getAlarmChangesAfterOffset`.
pub(crate) async fn alarm_changes(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    let changes = read_changes(&app, caller, &path, Feed::Alarms, path.offset()?).await?;
    let json = format!("{{\"alarms\":{},\"offset\":{}}}", array(&changes.objects), changes.offset);
    Ok(json_answer(&headers, json.into_bytes()))
}
