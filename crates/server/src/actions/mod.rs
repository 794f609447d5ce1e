//! What people did, arriving: one batch in, one result per action out (A8, O2).
//!
//! A batch is one transaction. Each action's effect, its result and its id are stored in it together, so that an action
//! whose answer was lost is told what became of it the first time and has no second effect. Who may not see the subject
//! learns nothing: not whether it exists, nor what state it is in.

mod acknowledge;
mod decide;
mod duty;
mod incident;
mod mute;
mod notice;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use onsite_wire::codes::Code;
use onsite_wire::ids::PersonId;
use onsite_wire::onsite::{ActionRequest, ActionResult, ActionsRequest, ActionsResponse, Problem};
use uuid::Uuid;

use crate::access::Caller;
use crate::http::{App, JsonBody, Refused};
use crate::storage::{Storage, StorageError, Write};

/// The most actions in a batch.
pub(crate) const BATCH_LIMIT: usize = 100;

/// `POST actions`: one result per action, in order.
#[utoipa::path(post, path = "/onsite/v1/actions", tag = "actions", operation_id = "act", request_body = ActionsRequest,
    responses((status = 200, body = ActionsResponse), (status = 400, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem)))]
pub(crate) async fn act(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<ActionsRequest>,
) -> Result<Json<ActionsResponse>, Refused> {
    let Caller::Person { person, family } = caller else { return Err(Refused::of(Code::NotAllowed)) };
    if request.actions.len() > BATCH_LIMIT {
        return Err(Refused::too_large("100 actions"));
    }
    // What a restored backup has forgotten must come again before what builds on it.
    let present = app.storage.generation();
    if request.generation.is_some_and(|named| named != present) {
        return Err(Refused::of(Code::GenerationChanged).with("generation", present));
    }
    let results = app.storage.act_in(person, Some(family), request.actions).await?;
    Ok(Json(ActionsResponse { results }))
}

impl Storage {
    /// Does what a person did: the way of `POST actions`, also for a program that embeds the server.
    pub async fn act(&self, person: PersonId, actions: Vec<ActionRequest>) -> Result<Vec<ActionResult>, StorageError> {
        self.act_in(person, None, actions).await
    }

    /// The same in a session of the person.
    async fn act_in(
        &self,
        person: PersonId,
        session: Option<Uuid>,
        actions: Vec<ActionRequest>,
    ) -> Result<Vec<ActionResult>, StorageError> {
        self.write(move |write| actions.iter().map(|action| one(write, person, session, action)).collect()).await
    }
}

/// One action, in a transaction of its own within that of the batch: what the data has no place for holds nothing else back.
fn one(
    write: &mut Write<'_>,
    person: PersonId,
    session: Option<Uuid>,
    action: &ActionRequest,
) -> Result<ActionResult, StorageError> {
    match write.apart(|write| decide::decide(write, person, session, action)) {
        Err(error) if error.is_of_one_object() => {
            crate::trouble::say("an action", &error);
            decide::set_aside(write, person, action)
        }
        decided => decided,
    }
}
