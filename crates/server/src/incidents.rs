//! Chats read backwards, and what the service bureau does: it stands on the server's side of the contract.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use onsite_rules::action::Refusal;
use onsite_rules::incident::{Mover, may_write, moves};
use onsite_rules::message::check;
use onsite_wire::codes::Code;
use onsite_wire::ids::{IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::{Author, AuthorKind, Incident, IncidentState, Message, MessagesResponse, Problem};
use serde::Deserialize;

use crate::access::{Caller, Scope};
use crate::http::{App, PathParts, Refused, json_answer};
use crate::storage::{Kind, Line, Storage, StorageError};

/// The most messages of one answer.
const PAGE: i64 = 200;

/// What part of a chat is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    before: Option<i64>,
    limit: Option<i64>,
}

/// `GET organizations/{id}/incidents/{incident}/messages?before&limit`: a chat backwards, by a person who may see the incident.
#[utoipa::path(get, path = "/onsite/v1/organizations/{organization}/incidents/{incident}/messages", tag = "incidents",
    operation_id = "readChat",
    params(("organization" = String, Path), ("incident" = String, Path),
        ("before" = Option<i64>, Query, description = "Messages below this number; missing: from the newest on."),
        ("limit" = Option<i64>, Query, description = "1 to 200; 50 when missing.")),
    responses((status = 200, body = MessagesResponse), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(crate) async fn read_chat(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
    query: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    caller.person()?;
    let (organization, id) = (path.organization()?, path.id::<IncidentId>("incident"));
    let Query(asked) = query.map_err(|_| Refused::invalid("before and limit are numbers"))?;
    let limit = asked.limit.unwrap_or(onsite_rules::message::RECENT);
    if !(1..=PAGE).contains(&limit) {
        return Err(Refused::invalid("limit is 1 to 200"));
    }
    let rows = app
        .storage
        .read(move |view| {
            let scope = Scope::of(view, &caller, organization)?;
            let id = id?;
            let seen = view.incident(organization, id)?.filter(|(_, place, _)| scope.sees(Kind::Incident, *place));
            seen.ok_or_else(|| Refused::not_found("incident"))?;
            Ok::<_, Refused>(view.messages_before(organization, id, asked.before.unwrap_or(i64::MAX), limit)?)
        })
        .await?;
    let written = rows.iter().map(|(body, revision)| {
        let body = body.strip_suffix('}').unwrap_or(body);
        format!("{body},\"revision\":{revision}}}")
    });
    let json = format!("{{\"messages\":[{}]}}", written.collect::<Vec<_>>().join(","));
    Ok(json_answer(&headers, json.into_bytes()))
}

/// Why the service bureau could not do something.
#[derive(Debug, thiserror::Error)]
pub enum BureauError {
    /// There is no such incident.
    #[error("there is no such incident")]
    Unknown,
    /// The rules do not allow it.
    #[error("refused: {0}")]
    Refused(Code),
    /// The data could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Refusal> for BureauError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.code)
    }
}

/// What an agent does to an incident, all of it at once: writes, then moves it on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentDeed {
    /// The agent's name.
    pub agent: String,
    /// What the agent writes.
    pub text: Option<String>,
    /// Where the agent moves the incident.
    pub to: Option<IncidentState>,
}

impl Storage {
    /// All incidents of an organization that are not closed.
    pub async fn open_incidents(&self, organization: OrganizationId) -> Result<Vec<Incident>, StorageError> {
        self.read(move |view| view.open_incidents(organization)).await
    }

    /// All lines of an incident's chat, newest first.
    pub async fn chat(&self, organization: OrganizationId, incident: IncidentId) -> Result<Vec<Message>, StorageError> {
        self.read(move |view| {
            let rows = view.messages_before(organization, incident, i64::MAX, i64::MAX)?;
            let read = |(body, _): (String, i64)| {
                serde_json::from_str(&body).map_err(|error| StorageError::Unreadable("message", error))
            };
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// An agent of the service bureau has read an incident's chat and does something.
    pub async fn agent_acts(
        &self,
        organization: OrganizationId,
        incident: IncidentId,
        deed: AgentDeed,
    ) -> Result<(), BureauError> {
        self.write(move |write| {
            let found = write.view().incident(organization, incident)?;
            let (mut incident, _, _) = found.ok_or(BureauError::Unknown)?;
            let by = Author { kind: AuthorKind::Agent, id: None, name: deed.agent };
            if let Some(to) = deed.to {
                moves(incident.state, to, Mover::Agent, incident.closes_at, write.now())?;
            }
            let last = incident.last_message;
            write.read_chat(organization, &mut incident, None, last)?;
            if let Some(text) = deed.text {
                check(&text)?;
                may_write(incident.state)?;
                let made_at = write.now();
                let id = MessageId(crate::random::id());
                let line = Line { id, author: by.clone(), text, change: None, photo: None, made_at };
                write.write_line(organization, &mut incident, line)?;
                write.put_incident(organization, &incident)?;
            }
            if let Some(to) = deed.to {
                write.move_incident(organization, incident, to, &by)?;
            }
            Ok(())
        })
        .await
    }
}
