//! One alarm, what people did to it, and what its sensor measured.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use onsite_wire::ids::{AlarmId, SensorId};
use onsite_wire::onsite::{HistoryResponse, Problem, SensorHistory};
use onsite_wire::time::Timestamp;
use serde::Deserialize;

use crate::access::{Caller, Scope};
use crate::http::{App, PathParts, Refused, json_answer};
use crate::rest::written;
use crate::storage::{Kind, MeasuredAt, StorageError, Stored, View};

/// The most buckets of one answer.
const BUCKETS: i64 = 2_000;
/// The most changes of a word in one answer.
const WORDS: usize = 2_000;

fn seen_alarm(view: &View<'_>, scope: &Scope, id: AlarmId) -> Result<(Stored, i64), Refused> {
    let found = view.object(scope.organization, Kind::Alarm, id.0)?;
    found.filter(|(alarm, _)| scope.sees(Kind::Alarm, alarm.place)).ok_or_else(|| Refused::not_found("alarm"))
}

/// `GET organizations/{id}/alarms/{alarm}`: one alarm, also one that was cleared long ago.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/alarms/{alarm}", tag = "alarms",
    operation_id = "getAlarm",
    params(("organization" = String, Path), ("alarm" = String, Path)),
    responses((status = 200, description = "An Alarm as the vendor's API writes it.", body = Object),
        (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn get_alarm(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    let (organization, id) = (path.organization()?, path.id::<AlarmId>("alarm"));
    let alarm = app.storage.read(move |view| seen_alarm(view, &Scope::of(view, &caller, organization)?, id?)).await?;
    Ok(json_answer(&headers, written(alarm).into_bytes()))
}

/// `GET organizations/{id}/alarms/{alarm}/history`: what people did to it, oldest first.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/alarms/{alarm}/history", tag = "alarms",
    operation_id = "alarmHistory",
    params(("organization" = String, Path), ("alarm" = String, Path)),
    responses((status = 200, body = HistoryResponse), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn alarm_history(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
) -> Result<Json<HistoryResponse>, Refused> {
    let (organization, id) = (path.organization()?, path.id::<AlarmId>("alarm"));
    let entries = app
        .storage
        .read(move |view| {
            let (alarm, _) = seen_alarm(view, &Scope::of(view, &caller, organization)?, id?)?;
            Ok::<_, Refused>(view.history(organization, alarm.id)?)
        })
        .await?;
    Ok(Json(HistoryResponse { entries }))
}

/// What part of a sensor's past is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    from: Timestamp,
    to: Timestamp,
    buckets: i64,
}

impl Asked {
    /// The length of a bucket that covers the range with at most as many buckets as were asked for.
    fn bucket_ms(&self) -> Result<i64, Refused> {
        let span = self.to.millis_since(self.from);
        if span <= 0 || !(1..=BUCKETS).contains(&self.buckets) {
            return Err(Refused::invalid("from lies before to, and buckets are 1 to 2000"));
        }
        Ok(span.div_euclid(self.buckets) + i64::from(span % self.buckets != 0))
    }
}

/// `GET organizations/{id}/sensors/{sensor}/history?from&to&buckets`.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/sensors/{sensor}/history", tag = "alarms",
    operation_id = "sensorHistory",
    params(("organization" = String, Path), ("sensor" = String, Path), ("from" = String, Query),
        ("to" = String, Query), ("buckets" = i64, Query, description = "1 to 2000")),
    responses((status = 200, body = SensorHistory), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn sensor_history(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
    query: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    let (organization, id) = (path.organization()?, path.id::<SensorId>("sensor"));
    let Query(asked) = query.map_err(|_| Refused::invalid("from, to and buckets are needed"))?;
    let bucket_ms = asked.bucket_ms()?;
    let range = MeasuredAt { from: asked.from, to: asked.to };
    let history = app
        .storage
        .read(move |view| {
            let scope = Scope::of(view, &caller, organization)?;
            let id = id?;
            let seen = view.sensor(organization, id)?.filter(|(_, place)| scope.sees(Kind::Sensor, *place));
            let (sensor, _) = seen.ok_or_else(|| Refused::not_found("sensor"))?;
            Ok::<_, Refused>(SensorHistory {
                sensor_id: id,
                from: range.from,
                to: range.to,
                bucket_ms,
                buckets: view.buckets(organization, id, range, bucket_ms)?,
                states: view.words(organization, id, range, WORDS)?,
                zones: sensor.thresholds,
                unit: sensor.unit,
            })
        })
        .await?;
    let json = serde_json::to_vec(&history).map_err(|error| StorageError::Unreadable("history", error))?;
    Ok(json_answer(&headers, json))
}
