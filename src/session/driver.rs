//! Does what [`step`] decides: over HTTP, a vault, and tokio.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onsite_wire::codes::Code;
use onsite_wire::onsite::{RefreshRequest, SignInRequest, SignInResponse, SignedIn, Tokens};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Handle;
use tokio::sync::watch;
use uuid::Uuid;
use zeroize::Zeroize;

use super::{Access, Effect, Event, Person, Standing, State, StoredSession, TokenVault, VaultFault, step};
use crate::net::{Answer, Asking, Authority, Credential, Fault, Http};

/// Signing out does not wait longer for the server.
const FAREWELL: Duration = Duration::from_secs(5);

/// A person's session on this phone. Cheap to clone; clones are the same session.
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    http: Http,
    runtime: Handle,
    state: Mutex<State>,
    /// Held while the vault works, and while it is decided whether it still should.
    vault: Mutex<Box<dyn TokenVault>>,
    /// Says that something happened.
    status: watch::Sender<Status>,
}

/// What a shell shows of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nobody is signed in.
    SignedOut,
    /// This person is.
    SignedIn(Person),
    /// The server ended this person's session: sign in again, as the same person.
    Ended(Person),
}

/// What e-mail and password led to.
#[derive(Debug, Clone)]
pub enum SignInStep {
    /// The session is there, and lies in the phone's files.
    SignedIn(Person),
    /// One more step is asked for (S1).
    SecondFactor {
        /// Names this sign-in in the second step.
        challenge: SecretString,
        /// What may be given: `totp`, `phone`, `recovery_code`; an open set.
        methods: Vec<String>,
    },
}

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInFault {
    /// The server, or the way to it. Wrong words are [`Code::WrongCredentials`].
    #[error(transparent)]
    Net(#[from] Fault),
    /// The session could not be stored.
    #[error(transparent)]
    Vault(#[from] VaultFault),
}

impl From<SignInFault> for crate::error::Error {
    fn from(fault: SignInFault) -> Self {
        match fault {
            SignInFault::Net(fault) => fault.into(),
            SignInFault::Vault(VaultFault(code)) => Self::new(code),
        }
    }
}

impl Session {
    /// Opens the session that the vault holds, or none. Reads the vault; work of its own runs on `runtime`.
    pub fn open(http: &Http, vault: Box<dyn TokenVault>, runtime: Handle) -> Self {
        let stored = vault.load();
        let shared = Shared {
            http: http.anonymous(),
            runtime,
            state: Mutex::default(),
            vault: Mutex::new(vault),
            status: watch::Sender::new(Status::SignedOut),
        };
        let session = Self { shared: Arc::new(shared) };
        if let Some(stored) = stored {
            session.shared.apply(Event::Begun(stored));
        }
        session
    }

    /// Where the session stands.
    pub fn status(&self) -> Status {
        self.shared.status.borrow().clone()
    }

    /// Tells when the status may have changed.
    pub fn changes(&self) -> watch::Receiver<Status> {
        self.shared.status.subscribe()
    }

    /// Signs in with e-mail and password. A session that is there is replaced, once the new one is.
    pub async fn sign_in(&self, email: &str, password: &SecretString) -> Result<SignInStep, SignInFault> {
        let mut request = SignInRequest { email: email.to_owned(), password: password.expose_secret().to_owned() };
        let answer = self.shared.http.post("onsite/v1/session", &request).await;
        request.password.zeroize();
        let Answer { body, received, .. } = answer?;
        match body {
            SignInResponse::SignedIn(SignedIn { person_id, name, tokens, .. }) => {
                let person = Person { id: person_id, name };
                let access = Access::new(tokens.access_token.into(), received, tokens.expires_in);
                let refresh = tokens.refresh_token.into();
                let stored = StoredSession { person: person.clone(), refresh, exchange: drawn(), access };
                self.on_vault(move |shared, vault| {
                    vault.save(&stored)?;
                    shared.apply(Event::Begun(stored));
                    Ok(())
                })
                .await?;
                Ok(SignInStep::SignedIn(person))
            }
            SignInResponse::SecondFactor(second) => {
                Ok(SignInStep::SecondFactor { challenge: second.challenge.into(), methods: second.methods })
            }
        }
    }

    /// Signs out: tells the server if it can be reached, and forgets the tokens in any case.
    pub async fn sign_out(&self) -> Result<(), VaultFault> {
        if self.shared.state().person().is_some() {
            let http = self.shared.http.with_authority(Arc::new(self.clone()));
            // Without signal the session ends on the server by its age.
            let _ = tokio::time::timeout(FAREWELL, http.delete("onsite/v1/session")).await;
        }
        self.shared.apply_only(Event::SignedOut);
        self.on_vault(|_, vault| vault.clear()).await
    }

    /// The phone has another network: a renewal that failed need not wait any longer.
    pub fn network_changed(&self) {
        self.shared.apply(Event::NetworkChanged);
    }

    /// Runs on a thread that may block, with the vault to itself.
    async fn on_vault(
        &self,
        work: impl FnOnce(&Arc<Shared>, &dyn TokenVault) -> Result<(), VaultFault> + Send + 'static,
    ) -> Result<(), VaultFault> {
        let shared = Arc::clone(&self.shared);
        let running = self.shared.runtime.spawn_blocking(move || work(&shared, shared.vault().as_ref()));
        running.await.unwrap_or(Err(VaultFault(Code::StoreClosed)))
    }
}

impl Authority for Session {
    fn credential(&self) -> Asking<'_, Result<Credential, Fault>> {
        Box::pin(async {
            let mut news = self.shared.status.subscribe();
            loop {
                self.shared.apply(Event::Needed);
                match self.shared.state().standing(&self.shared.http.clock().now()) {
                    Standing::Good(credential) => return Ok(credential),
                    Standing::None(fault) => return Err(fault),
                    Standing::Wait => {}
                }
                // The sender lives as long as `self`.
                let _ = news.changed().await;
            }
        })
    }

    fn refused(&self, credential: &Credential) {
        self.shared.apply(Event::Refused { serial: credential.serial });
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn vault(&self) -> MutexGuard<'_, Box<dyn TokenVault>> {
        self.vault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an event happen and begins what follows from it.
    fn apply(self: &Arc<Self>, event: Event) {
        for effect in self.apply_only(event) {
            match effect {
                Effect::Renew { attempt, refresh, exchange } => {
                    self.runtime.spawn(Arc::clone(self).renew(attempt, refresh, exchange));
                }
                Effect::Store { attempt, session } => {
                    let shared = Arc::clone(self);
                    self.runtime.spawn_blocking(move || shared.store(attempt, &session));
                }
                Effect::Forget => {
                    let shared = Arc::clone(self);
                    self.runtime.spawn_blocking(move || shared.forget());
                }
            }
        }
    }

    fn apply_only(&self, event: Event) -> Vec<Effect> {
        // Somebody who asks changes nothing for others who wait.
        let is_news = !matches!(event, Event::Needed);
        let mut state = self.state();
        let (next, effects) =
            step(std::mem::take(&mut state), event, &self.http.clock().now(), getrandom::u64().unwrap_or_default());
        *state = next;
        if is_news {
            self.status.send_replace(match (state.person(), state.ended()) {
                (Some(person), _) => Status::SignedIn(person.clone()),
                (None, Some(person)) => Status::Ended(person.clone()),
                (None, None) => Status::SignedOut,
            });
        }
        effects
    }

    async fn renew(self: Arc<Self>, attempt: u64, refresh: SecretString, exchange: Uuid) {
        let refresh_token = refresh.expose_secret().to_owned();
        let mut request = RefreshRequest { refresh_token, attempt: Some(exchange) };
        let answer = self.http.post("onsite/v1/session/refresh", &request).await;
        request.refresh_token.zeroize();
        self.apply(match answer {
            Ok(Answer { body: Tokens { access_token, expires_in, refresh_token }, received, .. }) => Event::Renewed {
                attempt,
                refresh: refresh_token.into(),
                exchange: drawn(),
                access: Access::new(access_token.into(), received, expires_in),
            },
            Err(fault) => Event::Failed { attempt, fault },
        });
    }

    /// Stores a renewal's answer, unless the person signed out or in anew meanwhile.
    fn store(self: &Arc<Self>, attempt: u64, session: &StoredSession) {
        let vault = self.vault();
        if self.state().is_storing(attempt) {
            let outcome = vault.save(session).map_err(|VaultFault(code)| code);
            self.apply(Event::Stored { attempt, outcome });
        }
    }

    /// Forgets an ended session, unless the person signed in anew meanwhile. What cannot be removed ends again when it is
    /// next presented.
    fn forget(&self) {
        let vault = self.vault();
        if self.state().person().is_none() {
            let _ = vault.clear();
        }
    }
}

/// A number nobody can guess. Without the system's randomness TLS would not stand either; an exchange of zeros would only
/// lose what it protects from.
fn drawn() -> Uuid {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
