//! Photos of chats over HTTP (I4): how far one has come, its next part, giving it up, reading it. Whoever may see the incident
//! reads; its writer alone sends.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::Response;
use onsite_rules::action::Refusal;
use onsite_wire::codes::Code;
use onsite_wire::ids::{IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::{Message, Photo, PhotoState, PhotoUpload, Problem};

use crate::access::{Caller, Scope};
use crate::http::{App, PartBody, PathParts, Refused};
use crate::storage::{Kind, Storage, StorageError, View};

/// Which photo is meant.
#[derive(Debug, Clone, Copy)]
struct Named {
    organization: OrganizationId,
    incident: Option<IncidentId>,
    message: Option<MessageId>,
}

impl Named {
    fn of(path: &PathParts) -> Result<Self, Refused> {
        let (incident, message) = (path.id("incident").ok(), path.id("message").ok());
        Ok(Self { organization: path.organization()?, incident, message })
    }

    /// The message and its photo, if the caller may see them.
    fn seen(self, view: &View<'_>, caller: &Caller) -> Result<(Message, Photo), Refused> {
        let scope = Scope::of(view, caller, self.organization)?;
        let missing = || Refused::not_found("photo");
        let incident = self.incident.ok_or_else(missing)?;
        let found = view.incident(self.organization, incident)?;
        found.filter(|(_, place, _)| scope.sees(Kind::Incident, *place)).ok_or_else(missing)?;
        let message = view.message(self.organization, self.message.ok_or_else(missing)?)?;
        let message = message.filter(|message| message.incident_id == incident).ok_or_else(missing)?;
        let photo = message.photo.clone().ok_or_else(missing)?;
        Ok((message, photo))
    }

    /// The same for its writer.
    fn own(self, view: &View<'_>, caller: &Caller) -> Result<(Message, Photo), Refused> {
        let (message, photo) = self.seen(view, caller)?;
        let person = caller.person()?;
        if message.author.id == Some(person) { Ok((message, photo)) } else { Err(Refused::of(Code::NotAllowed)) }
    }

    fn upload(self, view: &View<'_>, photo: Photo) -> Result<PhotoUpload, Refused> {
        let offset = match (photo.state, self.message) {
            (PhotoState::There, _) => photo.facts.size,
            (PhotoState::Waiting, Some(message)) => view.photo_offset(self.organization, message)?,
            _ => 0,
        };
        Ok(PhotoUpload { offset, state: photo.state, reason: photo.reason, arguments: photo.arguments })
    }
}

/// `GET …/photos/{message}/upload`: how far the bytes of a photo have come.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/incidents/{incident}/photos/{message}/upload",
    tag = "photos", operation_id = "photoUpload",
    params(("organization" = String, Path), ("incident" = String, Path), ("message" = String, Path)),
    responses((status = 200, body = PhotoUpload), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
) -> Result<Json<PhotoUpload>, Refused> {
    let named = Named::of(&path)?;
    let asked = app.storage.read(move |view| {
        let (_, photo) = named.own(view, &caller)?;
        named.upload(view, photo)
    });
    Ok(Json(asked.await?))
}

/// A number of a query; missing: 0.
fn number(query: Result<Query<HashMap<String, String>>, impl Sized>, name: &str) -> Result<i64, Refused> {
    let wrong = || Refused::invalid("the byte is no number");
    let Query(query) = query.map_err(|_| wrong())?;
    let value = query.get(name).map_or(Ok(0), |text| text.parse::<i64>()).map_err(|_| wrong())?;
    if value < 0 { Err(wrong()) } else { Ok(value) }
}

type AnyQuery = Result<Query<HashMap<String, String>>, axum::extract::rejection::QueryRejection>;

/// `PUT …/photos/{message}/upload?offset`: the next part, at most 1 MiB. One that does not begin where the bytes that are
/// there end is answered with where that is, and not taken: so it is with two uploads of one photo at once, and with a part
/// whose answer was lost. With the last part the photo is there, or fails.
#[utoipa::path(put, path = "/onsite/v1/organizations/{organization}/incidents/{incident}/photos/{message}/upload",
    tag = "photos", operation_id = "putPhotoPart",
    params(("organization" = String, Path), ("incident" = String, Path), ("message" = String, Path),
        ("offset" = i64, Query, description = "The byte at which the part begins.")),
    request_body(content_type = "application/octet-stream", description = "1 byte to 1 MiB."),
    responses((status = 200, body = PhotoUpload), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem)))]
pub(crate) async fn put_part(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
    query: AnyQuery,
    PartBody(bytes): PartBody,
) -> Result<Json<PhotoUpload>, Refused> {
    let named = Named::of(&path)?;
    let begins = number(query, "offset")?;
    let length = i64::try_from(bytes.len()).map_err(|_| Refused::invalid("the part is too long"))?;
    if length == 0 {
        return Err(Refused::invalid("the part is empty"));
    }
    let taken = app.storage.write(move |write| {
        let (message, photo) = named.own(&write.view(), &caller)?;
        if photo.state != PhotoState::Waiting {
            return Ok::<_, Refused>(Ok(named.upload(&write.view(), photo)?));
        }
        let there = write.view().photo_offset(named.organization, message.id)?;
        if begins.saturating_add(length) > photo.facts.size {
            return Err(Refused::of(Code::PhotoPartBeyond));
        }
        if begins != there {
            return Err(Refused::of(Code::PhotoOffset).with("offset", there));
        }
        // What is refused now has dropped the bytes that were there: that must stay done.
        match write.take_photo_part(named.organization, message, photo, begins, &bytes)? {
            Ok(photo) => Ok(Ok(named.upload(&write.view(), photo)?)),
            Err(refusal) => Ok(Err(Refused::of(refusal.code))),
        }
    });
    taken.await?.map(Json)
}

/// `DELETE …/photos/{message}/upload`: its writer gives a photo up; everybody sees that it will not come.
#[utoipa::path(delete, path = "/onsite/v1/organizations/{organization}/incidents/{incident}/photos/{message}/upload",
    tag = "photos", operation_id = "giveUpPhoto",
    params(("organization" = String, Path), ("incident" = String, Path), ("message" = String, Path)),
    responses((status = 200, body = PhotoUpload), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn give_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
) -> Result<Json<PhotoUpload>, Refused> {
    let named = Named::of(&path)?;
    let given = app.storage.write(move |write| {
        let (message, photo) = named.own(&write.view(), &caller)?;
        let photo = if photo.state == PhotoState::Waiting {
            write.settle_photo(named.organization, message, photo, Err(Refusal::of(Code::PhotoGivenUp)))?
        } else {
            photo
        };
        named.upload(&write.view(), photo)
    });
    Ok(Json(given.await?))
}

/// `GET …/photos/{message}?from`: the bytes of a photo that is there, from one of them on.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/incidents/{incident}/photos/{message}",
    tag = "photos", operation_id = "readPhoto",
    params(("organization" = String, Path), ("incident" = String, Path), ("message" = String, Path),
        ("from" = Option<i64>, Query, description = "The first byte wanted; 0 when missing.")),
    responses((status = 200, description = "The bytes, of the type that the message names."),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: PathParts,
    query: AnyQuery,
) -> Result<Response, Refused> {
    let named = Named::of(&path)?;
    let from = number(query, "from")?;
    let (message, photo) = app.storage.read(move |view| named.seen(view, &caller)).await?;
    match photo.state {
        PhotoState::There => {}
        PhotoState::Waiting => return Err(Refused::of(Code::PhotoWaiting)),
        PhotoState::Failed => return Err(Refused::of(Code::PhotoGone)),
    }
    let left = photo.facts.size - from;
    if left <= 0 {
        return Err(Refused::invalid("the photo has no such byte"));
    }
    let body = Body::from_stream(bytes_from(app.storage.clone(), named.organization, message.id, from));
    Response::builder()
        .header(header::CONTENT_TYPE, photo.facts.kind.as_str())
        .header(header::CONTENT_LENGTH, left)
        .header(header::CACHE_CONTROL, "private, no-store")
        // Whatever a browser makes of it: no page of this server's.
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_DISPOSITION, "attachment")
        .body(body)
        .map_err(|_| Refused::of(Code::ServerFault))
}

/// Part by part, so that nobody holds a photo whole.
fn bytes_from(
    storage: Storage,
    organization: OrganizationId,
    message: MessageId,
    from: i64,
) -> impl futures_util::Stream<Item = Result<Bytes, StorageError>> {
    futures_util::stream::try_unfold((storage, from), move |(storage, from)| async move {
        let part = storage.read(move |view| view.photo_bytes(organization, message, from)).await?;
        let next = |part: Vec<u8>| {
            let end = from.saturating_add(i64::try_from(part.len()).unwrap_or(i64::MAX));
            (Bytes::from(part), (storage, end))
        };
        Ok(part.map(next))
    })
}
