//! `serve`: the server with or without a demonstration, from its first line to SIGTERM.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use onsite_wire::onsite::Role;
use tokio::signal::unix::{SignalKind, signal};

use super::CommandError;
use crate::document::{DocumentPerson, OrganizationDocument};
use crate::push::PushConfig;
use crate::server::{Limits, RunningServer, ServerConfig, TlsFiles, start};
use crate::{Living, SystemClock, demo};

/// A public server is asked by programs that may be wrong: so many requests of one caller in a minute.
const REQUESTS_PER_MINUTE: u32 = 6_000;
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8421);

/// Runs the server until it is told to stop.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// The directory of the data; made where it is missing.
    #[arg(long)]
    data: PathBuf,
    /// With three invented organizations in which things happen.
    #[arg(long)]
    demo: bool,
    /// The seed of the demonstration.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Show a demonstration, with its public passwords, outside of this machine.
    #[arg(long)]
    allow_public_demo: bool,
    /// The certificate chain, PEM.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key, PEM.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A proxy in front speaks TLS and names the caller in X-Forwarded-For.
    #[arg(long)]
    behind_proxy: bool,
    /// How push services are reached, JSON: contact, apns, fcm, loopback.
    #[arg(long)]
    push: Option<PathBuf>,
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        let is_public = !self.listen.ip().is_loopback() || self.behind_proxy;
        if self.demo && is_public && !self.allow_public_demo {
            return Err(CommandError::PublicDemo);
        }
        // Asked for before anything is said, so that a signal right after the first line is heard.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let server = start(self.config()?).await?;
        let mut lines = vec![format!("listening on {}", server.base_url())];
        if self.demo {
            lines.extend(self.demonstrate(&server).await?);
        }
        let mut output = std::io::stdout().lock();
        writeln!(output, "{}", lines.join("\n"))?;
        output.flush()?;
        drop(output);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        server.stop().await;
        Ok(())
    }

    fn config(&self) -> Result<ServerConfig, CommandError> {
        let push = match &self.push {
            Some(path) => serde_json::from_slice(&std::fs::read(path)?).map_err(std::io::Error::from)?,
            // A demonstration shows pushes without a push service, on this machine.
            None => PushConfig { loopback: self.demo && self.listen.ip().is_loopback(), ..PushConfig::default() },
        };
        let tls = self.tls_cert.clone().zip(self.tls_key.clone());
        Ok(ServerConfig {
            listen: self.listen,
            data: self.data.clone(),
            limits: Limits { requests_per_minute: Some(REQUESTS_PER_MINUTE), ..Limits::default() },
            clock: Arc::new(SystemClock),
            tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
            behind_proxy: self.behind_proxy,
            push,
        })
    }

    /// Takes in the invented organizations that are not there yet, lets them live, and says how to get in.
    async fn demonstrate(&self, server: &RunningServer) -> Result<Vec<String>, CommandError> {
        let storage = server.store();
        let now = storage.now();
        let documents = demo::organizations(self.seed, now);
        let known: Vec<_> = storage.organizations().await?.into_iter().map(|row| row.id).collect();
        let mut organizations = Vec::new();
        for document in &documents {
            let Some(id) = document.organization_id() else { continue };
            organizations.push(id);
            if !known.contains(&id) {
                storage.import(document.clone()).await?;
            }
        }
        let mut lines: Vec<String> = organizations.iter().map(|id| format!("organization {id}")).collect();
        lines.push(format!("api key {}", storage.create_api_key(organizations).await?));
        lines.extend(people(&documents));
        server.play(Living::new(self.seed, &documents, now));
        Ok(lines)
    }
}

/// `person E-MAIL PASSWORD ROLE` for everybody who can sign in, each once, with the least restricted role.
fn people(documents: &[OrganizationDocument]) -> Vec<String> {
    let mut shown: Vec<(&DocumentPerson, Role)> = Vec::new();
    for document in documents {
        for person in &document.people {
            let groups = document.groups.iter().filter(|group| group.members.contains(&person.id));
            let role = groups.flat_map(|group| &group.grants).map(|grant| grant.role).max().unwrap_or(Role::Viewer);
            match shown.iter_mut().find(|(known, _)| known.email == person.email) {
                Some((_, known)) => *known = role.max(*known),
                None => shown.push((person, role)),
            }
        }
    }
    let line = |(person, role): (&DocumentPerson, Role)| {
        let password = person.password.as_ref()?;
        let role = serde_json::to_value(role).ok()?;
        Some(format!("person {} {password} {}", person.email, role.as_str()?))
    };
    shown.into_iter().filter_map(line).collect()
}
