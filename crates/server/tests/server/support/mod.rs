//! A small organization on a real server, and people with phones in it.
//!
//! ```text
//! Harbour Mill ─ North ─ North hall ─ ups-north (alarm N, sensor n) ─ bank-north (alarm B)
//!              └ South ─────────────  ups-south (alarm S, sensor s)
//! ```
//! Ada administers, Nora is an operator at North, Vera a viewer at North, Sven an editor at South. Zoe is in another
//! organization. All have the same password.

pub mod house;
pub mod phone;
pub mod vendor;

use std::sync::{Arc, Once};

use onsite_server::{Limits, ManualClock, RunningServer, ServerConfig, start};
use onsite_wire::time::Timestamp;

pub use house::*;
pub use phone::Phone;

/// When every test begins.
pub const START: &str = "2026-11-22T08:00:00Z";

pub struct Site {
    pub server: RunningServer,
    pub clock: Arc<ManualClock>,
    pub directory: Arc<tempfile::TempDir>,
    pub limits: Limits,
}

impl Site {
    /// A server with both organizations.
    pub async fn open() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub async fn with_limits(limits: Limits) -> Self {
        let site = Self::empty(limits).await;
        site.server.store().import(harbour_mill()).await.unwrap();
        site.server.store().import(quarry()).await.unwrap();
        site
    }

    pub async fn empty(limits: Limits) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let clock = Arc::new(ManualClock::at(Timestamp::parse(START).unwrap()));
        Self::reopened(directory, clock, limits).await
    }

    /// A server on data that is there already.
    pub async fn reopened(directory: Arc<tempfile::TempDir>, clock: Arc<ManualClock>, limits: Limits) -> Self {
        install_tls();
        let config = ServerConfig { clock: clock.clone(), limits, ..ServerConfig::local(directory.path()) };
        Self { server: start(config).await.unwrap(), clock, directory, limits }
    }

    /// The same data on a new server.
    pub async fn restarted(self) -> Self {
        self.server.stop().await;
        Self::reopened(self.directory, self.clock, self.limits).await
    }

    pub fn now(&self) -> Timestamp {
        use onsite_server::Clock;
        self.clock.now()
    }

    pub async fn phone_of(&self, email: &str) -> Phone {
        Phone::sign_in(&self.server.base_url(), email).await
    }

    pub async fn key(&self) -> Phone {
        let key = self.server.store().create_api_key(vec![organization()]).await.unwrap();
        Phone::with_token(&self.server.base_url(), &key)
    }
}

/// reqwest is built without a TLS provider of its own.
pub fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().ok();
    });
}
