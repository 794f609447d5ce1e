//! Which organizations the caller may read.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use onsite_wire::rest::{OrganizationEntry, OrganizationsResponse};

use crate::access::Caller;
use crate::http::{App, Refused, json_answer};
use crate::storage::StorageError;

/// `listOrganizations`.
pub(crate) async fn list_organizations(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response, Refused> {
    let rows = app
        .storage
        .read(move |view| match caller {
            Caller::Person { person, .. } => view.organizations_of(person),
            Caller::Key { organizations, .. } => {
                let all = view.organizations()?;
                Ok::<_, StorageError>(all.into_iter().filter(|row| organizations.contains(&row.id)).collect())
            }
        })
        .await?;
    let organizations = rows.into_iter().map(|row| OrganizationEntry { id: row.id, label: row.label }).collect();
    let json = serde_json::to_vec(&OrganizationsResponse { organizations });
    Ok(json_answer(&headers, json.map_err(|error| StorageError::Unreadable("organizations", error))?))
}
