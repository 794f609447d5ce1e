//! What this server is, readable without sign-in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use onsite_rules::action::KINDS;
use onsite_wire::onsite::ServerCapabilities;

use crate::http::App;
use crate::storage::Feed;

/// `GET capabilities`.
#[utoipa::path(get, path = "/onsite/v1/capabilities", tag = "server", operation_id = "capabilities",
    responses((status = 200, body = ServerCapabilities)))]
pub(crate) async fn capabilities(State(app): State<Arc<App>>) -> Json<ServerCapabilities> {
    Json(ServerCapabilities {
        server: "onsite".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: app.clock.now(),
        action_kinds: KINDS.iter().map(|kind| (kind.name.to_owned(), kind.body_version)).collect(),
        feeds: Feed::OURS.iter().map(|feed| feed.name().to_owned()).collect(),
    })
}
