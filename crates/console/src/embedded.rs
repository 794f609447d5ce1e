//! A server of our own with invented organizations that live: what `cargo run` works on.

use std::path::Path;
use std::sync::Arc;

use onsite_server::document::{DocumentPerson, OrganizationDocument};
use onsite_server::{Clock, Living, RunningServer, ServerConfig, demo, start};
use secrecy::SecretString;

use crate::ConsoleError;

/// A running demonstration, and the person whose phone is shown.
pub struct Demonstration {
    /// The server.
    pub server: RunningServer,
    /// Who signs in.
    pub email: String,
    /// With what.
    pub password: SecretString,
}

/// Starts a server in a folder, with the organizations of this seed.
pub async fn demonstrate(folder: &Path, seed: u64, clock: Arc<dyn Clock>) -> Result<Demonstration, ConsoleError> {
    let server = start(ServerConfig { clock, ..ServerConfig::local(folder) }).await?;
    let storage = server.store();
    let now = storage.now();
    let documents = demo::organizations(seed, now);
    let known: Vec<_> = storage.organizations().await?.into_iter().map(|row| row.id).collect();
    for document in
        documents.iter().filter(|document| document.organization_id().is_some_and(|id| !known.contains(&id)))
    {
        storage.import(document.clone()).await?;
    }
    let technician = technician(&documents).ok_or(ConsoleError::NobodyThere)?;
    server.play(Living::new(seed, &documents, now));
    let password = SecretString::from(technician.password.clone().unwrap_or_default());
    Ok(Demonstration { server, email: technician.email.clone(), password })
}

/// The partner's technician, who looks after several organizations.
fn technician(documents: &[OrganizationDocument]) -> Option<&DocumentPerson> {
    let people = || documents.iter().flat_map(|document| &document.people).filter(|person| person.password.is_some());
    people().find(|person| person.partner.is_some()).or_else(|| people().next())
}
