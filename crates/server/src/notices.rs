//! Registering for pushes, and what becomes of them: for the person who asks, and totals for administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use onsite_rules::notice;
use onsite_rules::rights::Permission;
use onsite_wire::codes::Code;
use onsite_wire::ids::{OrganizationId, Uuid};
use onsite_wire::onsite::{
    Channel, DeliveryFigures, NoticeKind, NoticeLogResponse, NoticeReports, NoticeSubject, Problem, Registered,
    Registration,
};
use onsite_wire::push::{Push, SealedWords, from_base64url};
use onsite_wire::sealing::Address;

use crate::access::{Caller, Scope};
use crate::http::{App, JsonBody, PathParts, Refused};
use crate::push::{Carried, lane, vapid_key};
use crate::storage::RegistrationRow;

/// The longest token or URL of a provider, in bytes.
const TOKEN_LIMIT: usize = 2_048;
/// The most reports at once.
const REPORTS_LIMIT: usize = 100;

fn row(registration: &Registration, carried: &Carried) -> Result<RegistrationRow, Refused> {
    if let Some(why) = carried.refuses(registration.provider, &registration.token) {
        return Err(Refused::invalid(why));
    }
    if registration.token.is_empty() || registration.token.len() > TOKEN_LIMIT {
        return Err(Refused::invalid("the token is empty or too long"));
    }
    let public_key = from_base64url(&registration.public_key).unwrap_or_default();
    let auth = from_base64url(&registration.auth).unwrap_or_default();
    Address::new(&public_key, &auth).map_err(|_| Refused::invalid("the public key or its secret is none"))?;
    Ok(RegistrationRow {
        installation: registration.installation,
        provider: registration.provider,
        token: registration.token.clone(),
        public_key,
        auth,
        lane: lane(registration.provider, &registration.token),
    })
}

/// `PUT push/registration`: where the pushes of this session go.
#[utoipa::path(put, path = "/onsite/v1/push/registration", tag = "notices", operation_id = "register",
    request_body = Registration, responses((status = 200, body = Registered), (status = 400, body = Problem)))]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(registration): JsonBody<Registration>,
) -> Result<Json<Registered>, Refused> {
    let Caller::Person { person, family } = caller else { return Err(Refused::of(Code::NotAllowed)) };
    let row = row(&registration, &app.carried)?;
    let until = app.storage.write(move |write| write.register(person, family, &row)).await?;
    Ok(Json(Registered { until, vapid_key: vapid_key(&app.storage).await? }))
}

/// `DELETE push/registration`: this session gets no more pushes.
#[utoipa::path(delete, path = "/onsite/v1/push/registration", tag = "notices", operation_id = "unregister",
    responses((status = 204), (status = 401, body = Problem)))]
pub(crate) async fn unregister(State(app): State<Arc<App>>, caller: Caller) -> Result<StatusCode, Refused> {
    let Caller::Person { family, .. } = caller else { return Err(Refused::of(Code::NotAllowed)) };
    app.storage.write(move |write| write.unregister(family)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST push/canary`: a push to this session's installation, to see that the way is open (N7). A new one takes the place of
/// one that waits.
#[utoipa::path(post, path = "/onsite/v1/push/canary", tag = "notices", operation_id = "canary",
    responses((status = 204), (status = 404, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn canary(State(app): State<Arc<App>>, caller: Caller) -> Result<StatusCode, Refused> {
    let Caller::Person { person, family } = caller else { return Err(Refused::of(Code::NotAllowed)) };
    app.storage
        .write(move |write| {
            let now = write.now();
            let found = write.view().registration_of(family, now)?;
            let row = found.ok_or_else(|| Refused::of(Code::RegistrationUnknown))?;
            let organization = write.view().organizations_of(person)?.first().map(|row| row.id);
            let organization = organization.unwrap_or(OrganizationId(Uuid::nil()));
            if let Some(seconds) = write.count_canary(organization, person)? {
                return Err(Refused::of(Code::TooManyRequests).with("seconds", seconds).retry_after(seconds));
            }
            write.forget_canaries(row.installation)?;
            let push = Push {
                version: 1,
                organization,
                person,
                kind: NoticeKind::Canary,
                subject_kind: NoticeSubject::Organization,
                subject: row.installation,
                key: notice::key(organization, NoticeKind::Canary, row.installation, now.micros()),
                notification: None,
                at: now,
                count: 1,
                incidents: None,
                channel: Channel::Quiet,
                sealed: String::new(),
            };
            Ok::<_, Refused>(write.queue_push_to(row.installation, &push, &SealedWords::default(), now)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST notices/reports`: what this phone showed and the person opened.
#[utoipa::path(post, path = "/onsite/v1/notices/reports", tag = "notices", operation_id = "report",
    request_body = NoticeReports, responses((status = 204), (status = 413, body = Problem)))]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(reports): JsonBody<NoticeReports>,
) -> Result<StatusCode, Refused> {
    let person = caller.person()?;
    if reports.reports.len() > REPORTS_LIMIT {
        return Err(Refused::too_large("100 reports"));
    }
    app.storage
        .write(move |write| reports.reports.iter().try_for_each(|report| write.report_notice(person, report)))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET organizations/{id}/notices/{subject}`: why the caller was told of this, or not (N6).
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/notices/{subject}", tag = "notices",
    operation_id = "whyNotified", params(("organization" = String, Path), ("subject" = String, Path)),
    responses((status = 200, body = NoticeLogResponse), (status = 403, body = Problem)))]
pub(crate) async fn why(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
) -> Result<Json<NoticeLogResponse>, Refused> {
    let (organization, person) = (path.organization()?, caller.person()?);
    let subject: Uuid = path.id("subject")?;
    let now = app.storage.now();
    let notices = app
        .storage
        .read(move |view| {
            Scope::of(view, &caller, organization)?;
            Ok::<_, Refused>(view.notice_log(organization, person, subject, now)?)
        })
        .await?;
    Ok(Json(NoticeLogResponse { notices }))
}

/// `GET organizations/{id}/notice-figures`: how many pushes were made, handed over, shown, opened, and how fast.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/notice-figures", tag = "notices",
    operation_id = "noticeFigures", params(("organization" = String, Path)),
    responses((status = 200, body = DeliveryFigures), (status = 403, body = Problem)))]
pub(crate) async fn figures(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
) -> Result<Json<DeliveryFigures>, Refused> {
    let organization = path.organization()?;
    let figures = app
        .storage
        .read(move |view| {
            let scope = Scope::of(view, &caller, organization)?;
            if scope.person.is_none() || !scope.may(None, Permission::Administer) {
                return Err(Refused::of(Code::NotAllowed));
            }
            Ok(view.notice_figures(organization)?)
        })
        .await?;
    Ok(Json(figures))
}
