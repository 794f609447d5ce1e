//! The carrier that keeps what it gets: for tests, and for a console on the same machine.

use std::sync::{Arc, Mutex, PoisonError};

use onsite_wire::ids::Uuid;

use super::{Handed, Handing, Message, Provider};
use crate::storage::RegistrationRow;

/// The most that are kept; the oldest go first.
const KEPT: usize = 10_000;

/// A push as the provider saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looped {
    /// For which installation.
    pub installation: Uuid,
    /// Its token.
    pub token: String,
    /// What came.
    pub body: String,
}

/// The pushes that came. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Loopback {
    came: Arc<Mutex<Vec<Looped>>>,
}

impl Loopback {
    /// All that came, oldest first.
    pub fn came(&self) -> Vec<Looped> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what came for an installation, oldest first.
    pub fn take(&self, installation: Uuid) -> Vec<Looped> {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.extract_if(.., |looped| looped.installation == installation).collect()
    }
}

impl Provider for Loopback {
    fn hand_over<'a>(&'a self, to: &'a RegistrationRow, message: &'a Message) -> Handing<'a> {
        let looped = Looped { installation: to.installation, token: to.token.clone(), body: message.body.clone() };
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        if came.len() >= KEPT {
            came.remove(0);
        }
        came.push(looped);
        drop(came);
        Box::pin(std::future::ready(Handed::Over))
    }
}
