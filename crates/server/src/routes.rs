//! All routes in one place.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use onsite_wire::GENERATION_HEADER;
use onsite_wire::time::Timestamp;

use crate::access::session;
use crate::http::{App, Refused};
use crate::openapi::our_document;
use crate::{actions, digest, events, feeds, history, incidents, notices, photos, rest, server_info, sites, streams};

/// The vendor's half of the contract, as it is checked in.
const VENDOR_DOCUMENT: &str = include_str!("../../../docs/api/rest-openapi.json");
/// The first second after the last one that a `Date` can name.
const YEAR_10000: u64 = 253_402_300_800;

/// Everything that this server answers.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .nest("/rest", vendor())
        .nest("/onsite/v1", ours())
        .fallback(|| async { Refused::not_found("path") })
        .layer(from_fn_with_state(Arc::clone(&app), name_generation_and_time))
        .with_state(app)
}

/// The vendor's half.
fn vendor() -> Router<Arc<App>> {
    Router::new()
        .route("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], VENDOR_DOCUMENT) }))
        .route("/v1/organizations", get(rest::list_organizations))
        .route("/v1/organizations/{organization}/inventory", get(rest::list_inventory))
        .route("/v1/organizations/{organization}/inventory/{device}", get(rest::get_device))
        .route("/v1/organizations/{organization}/inventory-changes/{offset}", get(rest::inventory_changes))
        .route("/v1/organizations/{organization}/alarms", get(rest::list_alarms))
        .route("/v1/organizations/{organization}/alarm-changes/{offset}", get(rest::alarm_changes))
        .route("/v1/organizations/{organization}/sensors", get(rest::list_sensors))
        .route("/v1/organizations/{organization}/sensor-changes/{offset}", get(rest::sensor_changes))
        .route("/v1/organizations/{organization}/measurements/live", get(streams::live))
        .route("/v1/organizations/{organization}/measurements/live-simulator", get(streams::simulate))
        .route("/v1/organizations/{organization}/measurements/replay", get(streams::replay))
}

/// Our half.
fn ours() -> Router<Arc<App>> {
    Router::new()
        .route("/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], our_document()) }))
        .route("/capabilities", get(server_info::capabilities))
        .route("/session", post(session::sign_in))
        .route("/session", delete(session::sign_out))
        .route("/session/refresh", post(session::refresh))
        .route("/me", get(session::me))
        .route("/actions", post(actions::act))
        .route("/push/registration", put(notices::register).delete(notices::unregister))
        .route("/push/canary", post(notices::canary))
        .route("/notices/reports", post(notices::report))
        .route("/organizations/{organization}/notices/{subject}", get(notices::why))
        .route("/organizations/{organization}/notice-figures", get(notices::figures))
        .route("/events", get(events::events))
        .route("/organizations/{organization}/feeds/{feed}", get(feeds::read_feed))
        .route("/organizations/{organization}/digest/{feed}", get(digest::digest))
        .route(
            "/organizations/{organization}/sites/{location}/fence",
            put(sites::put_fence).delete(sites::delete_fence),
        )
        .route("/organizations/{organization}/sites/{location}/call-list", put(sites::put_call_list_of_location))
        .route("/organizations/{organization}/call-list", put(sites::put_call_list))
        .route("/organizations/{organization}/alarms/{alarm}", get(history::get_alarm))
        .route("/organizations/{organization}/alarms/{alarm}/history", get(history::alarm_history))
        .route("/organizations/{organization}/incidents/{incident}/messages", get(incidents::read_chat))
        .route("/organizations/{organization}/incidents/{incident}/photos/{message}", get(photos::read))
        .route(
            "/organizations/{organization}/incidents/{incident}/photos/{message}/upload",
            get(photos::ask).put(photos::put_part).delete(photos::give_up),
        )
        .route("/organizations/{organization}/sensors/{sensor}/history", get(history::sensor_history))
}

/// Every answer, also a refusal, names the generation of the data and the time by the server's own clock: the phone reads
/// there how far its clock is off, and the time of day must not come from two clocks.
async fn name_generation_and_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await.into_response();
    if let Ok(generation) = HeaderValue::from_str(&app.storage.generation().to_string()) {
        response.headers_mut().insert(HeaderName::from_static(GENERATION_HEADER), generation);
    }
    if let Some(date) = date(app.clock.now()) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// A time as HTTP writes it; nothing for one that it cannot write.
fn date(now: Timestamp) -> Option<HeaderValue> {
    let seconds = u64::try_from(now.millis().div_euclid(1_000)).ok().filter(|seconds| *seconds < YEAR_10000)?;
    HeaderValue::from_str(&httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))).ok()
}
