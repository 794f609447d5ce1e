//! Signing in, staying signed in, signing out (S1, S5), and who one is.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use onsite_wire::codes::Code;
use onsite_wire::onsite::{
    Me, MyOrganization, Problem, RefreshRequest, SignInRequest, SignInResponse, SignedIn, Tokens,
};
use onsite_wire::time::Timestamp;

use super::{Caller, secrets};
use crate::http::{App, JsonBody, Refused};
use crate::storage::{NewSession, PersonRow, Refreshed, StorageError};

/// A new pair of tokens, in clear for the phone and hashed for the data.
fn new_tokens(app: &App, now: Timestamp) -> (Tokens, NewSession) {
    let (access, refresh) = (crate::random::secret(), crate::random::secret());
    let session = NewSession {
        access: secrets::hash_token(&access),
        access_until: now.plus_millis(app.limits.access_seconds * 1_000),
        refresh: secrets::hash_token(&refresh),
        refresh_until: now.plus_millis(app.limits.refresh_seconds * 1_000),
    };
    (Tokens { access_token: access, expires_in: app.limits.access_seconds, refresh_token: refresh }, session)
}

/// The address that failures are counted by. Behind a proxy it is the last one that the proxy added.
fn address(app: &App, headers: &HeaderMap, peer: SocketAddr) -> String {
    let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    match forwarded.and_then(|list| list.rsplit(',').next()) {
        Some(last) if app.behind_proxy => last.trim().to_owned(),
        _ => peer.ip().to_string(),
    }
}

/// Whether the password belongs to the account of this address. Takes the same time for an account that does not exist.
async fn authenticate(app: &App, request: SignInRequest) -> Result<Option<PersonRow>, Refused> {
    let email = request.email.clone();
    let account = app.storage.read(move |view| view.account(&email)).await?;
    let stranger = app.stranger_hash.clone();
    let checked = tokio::task::spawn_blocking(move || match account {
        Some((person, Some(hash))) => secrets::is_password(&request.password, &hash).then_some(person),
        _ => {
            secrets::is_password(&request.password, &stranger);
            None
        }
    });
    Ok(checked.await.map_err(|_| StorageError::Interrupted)?)
}

/// `POST session`: e-mail and password for tokens.
#[utoipa::path(post, path = "/onsite/v1/session", tag = "session", operation_id = "signIn", request_body = SignInRequest,
    responses((status = 200, body = SignInResponse), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<SignInRequest>,
) -> Result<Json<SignInResponse>, Refused> {
    let now = app.clock.now();
    let email = request.email.trim().to_lowercase();
    let address = address(&app, &headers, peer);
    if let Some(seconds) = app.throttle.wait(&email, &address, now) {
        return Err(Refused::of(Code::TooManyRequests).with("seconds", seconds).retry_after(seconds));
    }
    // Counted before it is tried: many tries at once are no way round.
    app.throttle.failed(&email, &address, now);
    let Some(person) = authenticate(&app, request).await? else {
        return Err(Refused::of(Code::WrongCredentials));
    };
    app.throttle.succeeded(&email, &address);
    let (tokens, session) = new_tokens(&app, now);
    let id = person.id;
    app.storage.write(move |write| write.begin_session(id, &session)).await?;
    Ok(Json(SignInResponse::SignedIn(SignedIn { person_id: person.id, name: person.name, tokens, now })))
}

/// `POST session/refresh`: a refresh token for the next pair.
#[utoipa::path(post, path = "/onsite/v1/session/refresh", tag = "session", operation_id = "refresh",
    request_body = RefreshRequest, responses((status = 200, body = Tokens), (status = 401, body = Problem)))]
pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<RefreshRequest>,
) -> Result<Json<Tokens>, Refused> {
    let (tokens, session) = new_tokens(&app, app.clock.now());
    let hash = secrets::hash_token(&request.refresh_token);
    let attempt = request.attempt;
    let refreshed = app.storage.write(move |write| write.refresh_session(&hash, attempt, &session)).await?;
    match refreshed {
        Refreshed::Renewed(_) => Ok(Json(tokens)),
        Refreshed::Ended => Err(Refused::of(Code::SessionEnded)),
    }
}

/// `DELETE session`: the session ends, with all its tokens.
#[utoipa::path(delete, path = "/onsite/v1/session", tag = "session", operation_id = "signOut",
    responses((status = 204), (status = 401, body = Problem)))]
pub(crate) async fn sign_out(State(app): State<Arc<App>>, caller: Caller) -> Result<StatusCode, Refused> {
    let Caller::Person { family, .. } = caller else { return Err(Refused::of(Code::NotAllowed)) };
    app.storage.write(move |write| write.end_session(family)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET me`: the person, and every organization with rights and capabilities.
#[utoipa::path(get, path = "/onsite/v1/me", tag = "session", operation_id = "me",
    responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub(crate) async fn me(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Me>, Refused> {
    let id = caller.person()?;
    let now = app.clock.now();
    let generation = app.storage.generation();
    let me = app
        .storage
        .read(move |view| {
            let person = view.person(id)?.ok_or_else(|| Refused::of(Code::NotSignedIn))?;
            let mut organizations = Vec::new();
            for row in view.organizations_of(id)? {
                let (partner, partner_name) = row.partner.unzip();
                organizations.push(MyOrganization {
                    rights: view.rights(row.id, id)?,
                    id: row.id,
                    label: row.label,
                    generation,
                    capabilities: row.capabilities,
                    partner,
                    partner_name: partner_name.unwrap_or_default(),
                });
            }
            Ok::<_, Refused>(Me { id, name: person.name, email: person.email, now, organizations })
        })
        .await?;
    Ok(Json(me))
}
