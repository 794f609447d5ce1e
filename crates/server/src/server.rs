//! Starting and stopping.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::{Budgets, Throttle, secrets};
use crate::clock::{Clock, SystemClock};
use crate::http::{App, FaultSwitch, Listening, listen};
use crate::living::Living;
use crate::push::{Carrier, Loopback, PushConfig};
use crate::routes::router;
use crate::storage::{DataLock, Storage, StorageError};
use crate::trouble;

/// How often the server looks for alarms that are due to clear, and the like.
const TICK: Duration = Duration::from_millis(500);
/// How many ticks pass between two rounds of forgetting.
const TICKS_PER_ROUND: u32 = 2 * 60 * 60;

/// How a server is set up. Everything but the data directory has a default.
#[derive(Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The directory of the data; made where it is missing.
    pub data: PathBuf,
    /// How much callers may ask for.
    pub limits: Limits,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Certificate and key; without them it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// A proxy in front speaks TLS and names the caller's address.
    pub behind_proxy: bool,
    /// How pushes go out.
    pub push: PushConfig,
}

impl ServerConfig {
    /// A server for this machine only, on a free port. Pushes may go to this process itself.
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            data: data.into(),
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
            tls: None,
            behind_proxy: false,
            push: PushConfig { loopback: true, ..PushConfig::default() },
        }
    }
}

/// PEM files for TLS.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// How much callers may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests of one caller in a minute; missing: as many as they like.
    pub requests_per_minute: Option<u32>,
    /// Whether a 429 says when to come again; the vendor's does not always.
    pub say_retry_after: bool,
    /// Objects in one answer of changes; more come with the next offset.
    pub changes_per_answer: usize,
    /// Streams that one caller may have open.
    pub streams_per_caller: usize,
    /// Measurements that one caller may have replayed in an hour.
    pub replayed_lines_per_hour: u64,
    /// How far back a replay may begin, in seconds.
    pub replay_seconds: i64,
    /// Seconds between heartbeats of measurement streams.
    pub stream_heartbeat_seconds: u64,
    /// How long the head of a request may take to arrive, in milliseconds; also how long a connection may say nothing
    /// between two requests.
    pub head_ms: u64,
    /// How long a request's body may take to arrive, in milliseconds.
    pub body_ms: u64,
    /// How long an access token is good.
    pub access_seconds: i64,
    /// How long a refresh token is good.
    pub refresh_seconds: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_minute: None,
            say_retry_after: true,
            changes_per_answer: 5_000,
            streams_per_caller: 8,
            replayed_lines_per_hour: 1_000_000,
            replay_seconds: 24 * 60 * 60,
            stream_heartbeat_seconds: 10,
            head_ms: 30_000,
            body_ms: 60_000,
            access_seconds: 15 * 60,
            refresh_seconds: 60 * 24 * 60 * 60,
        }
    }
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Passwords and keys would go over the network in clear.
    #[error("outside of this machine it needs a certificate, or a proxy in front that has one")]
    Exposed,
    /// The socket cannot be opened.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The certificate or key cannot be used.
    #[error("the certificate or key cannot be used: {0}")]
    Tls(std::io::Error),
    /// The data cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A server that runs. Dropping it leaves it running as long as the runtime lives; [`stop`](Self::stop) ends it in order.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    scheme: &'static str,
    storage: Storage,
    faults: FaultSwitch,
    loopback: Loopback,
    carrying: JoinHandle<()>,
    stopping: watch::Sender<bool>,
    listening: Listening,
    driver: JoinHandle<()>,
    lock: DataLock,
}

/// Starts a server.
pub async fn start(config: ServerConfig) -> Result<RunningServer, ServerError> {
    if !config.listen.ip().is_loopback() && config.tls.is_none() && !config.behind_proxy {
        return Err(ServerError::Exposed);
    }
    let tls = match &config.tls {
        Some(files) => Some(load(files).await?),
        None => None,
    };
    let (directory, clock) = (config.data.clone(), Arc::clone(&config.clock));
    let opening = tokio::task::spawn_blocking(move || {
        let lock = DataLock::take(&directory)?;
        Ok::<_, StorageError>((lock, Storage::open(&directory, clock)?, secrets::hash_password("nobody's")))
    });
    let (lock, storage, stranger_hash) = opening.await.map_err(|_| StorageError::Interrupted)??;
    let faults = FaultSwitch::default();
    let (stopping, stopped) = watch::channel(false);
    let loopback = Loopback::default();
    let clock = Arc::clone(&config.clock);
    let carrier = Carrier::new(storage.clone(), clock, &config.push, loopback.clone()).await?;
    let app = Arc::new(App {
        storage: storage.clone(),
        clock: config.clock,
        limits: config.limits,
        behind_proxy: config.behind_proxy,
        throttle: Throttle::default(),
        budgets: Budgets::new(config.limits),
        stranger_hash: stranger_hash.unwrap_or_default(),
        carried: carrier.carried(),
        stopping: stopped.clone(),
    });
    let scheme = if tls.is_some() { "https" } else { "http" };
    let patience = Duration::from_millis(config.limits.head_ms);
    let listening = listen(config.listen, tls, router(app), faults.clone(), patience)
        .await
        .map_err(|error| ServerError::Listen { address: config.listen, error })?;
    let carrying = tokio::spawn(carrier.run(stopped.clone()));
    let driver = tokio::spawn(drive(storage.clone(), stopped));
    Ok(RunningServer {
        address: listening.address,
        scheme,
        storage,
        faults,
        loopback,
        carrying,
        stopping,
        listening,
        driver,
        lock,
    })
}

async fn load(files: &TlsFiles) -> Result<RustlsConfig, ServerError> {
    // Fails when a provider is installed already, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    RustlsConfig::from_pem_file(&files.certificate, &files.key).await.map_err(ServerError::Tls)
}

/// What time brings: alarms clear, old things are forgotten.
async fn drive(storage: Storage, mut stopped: watch::Receiver<bool>) {
    let mut ticks = 0_u32;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(TICK) => {}
        }
        let done = match storage.tick().await {
            Ok(_) => storage.ring_for_others().await,
            Err(error) => Err(error),
        };
        let done = storage.end_leases().await.and(done);
        let forgotten = if ticks.is_multiple_of(TICKS_PER_ROUND) { storage.forget_old().await } else { Ok(()) };
        ticks = ticks.wrapping_add(1);
        if let Err(error) = done.and(forgotten) {
            // The next tick tries again; the operator reads it here.
            trouble::say("storage", &error);
        }
    }
}

impl RunningServer {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://ADDRESS:PORT`, or with `https`.
    pub fn base_url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Its data, to be fed.
    pub const fn store(&self) -> &Storage {
        &self.storage
    }

    /// Faults on purpose.
    pub const fn faults(&self) -> &FaultSwitch {
        &self.faults
    }

    /// What its loopback carrier got; nothing where none is set up.
    pub const fn loopback(&self) -> &Loopback {
        &self.loopback
    }

    /// Lets a demonstration go on by the server's clock until the server stops.
    pub fn play(&self, mut living: Living) {
        let (storage, mut stopped) = (self.storage.clone(), self.stopping.subscribe());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = stopped.wait_for(|stopping| *stopping) => return,
                    () = tokio::time::sleep(TICK) => {}
                }
                if let Err(error) = living.perform_due(&storage, storage.now()).await {
                    trouble::say("demonstration", &error);
                }
            }
        });
    }

    /// Takes no more requests, ends open streams, lets running requests end, and gives the data free.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        self.listening.stop().await;
        // Ends by itself on the same signal.
        self.driver.await.ok();
        self.carrying.await.ok();
        drop(self.lock);
    }
}
