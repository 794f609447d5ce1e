//! What was told to have reached the server, kept so that somebody else can look for it there.

use onsite::account::{ActionStage, OwnAction};
use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::Subject;
use serde_json::Value;

use super::StoryError;
use super::phone::Phone;

/// One effect, as a phone's core told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Whose subject.
    pub organization: OrganizationId,
    /// The alarm or device.
    pub subject: Subject,
    /// `acknowledge`, `mute` …
    pub kind: String,
    /// The action.
    pub action: ActionId,
    /// Who acted.
    pub by: PersonId,
    /// What was done.
    pub body: Value,
}

/// All effects told so far, in the order of telling.
#[derive(Debug, Default)]
pub struct Ledger {
    told: Vec<Told>,
}

impl Ledger {
    /// Keeps an action that its phone shows as on the server; others are no effects. Gives how many are.
    pub fn keep(&mut self, phone: &Phone, actions: &[OwnAction]) -> Result<usize, StoryError> {
        let by = phone.me()?;
        let before = self.told.len();
        self.told.extend(actions.iter().filter(|own| own.stage == ActionStage::OnServer).map(|own| Told {
            organization: own.organization,
            subject: own.subject,
            kind: own.kind.clone(),
            action: own.id,
            by: PersonId(by.id),
            body: own.body.clone(),
        }));
        Ok(self.told.len() - before)
    }

    /// What was told.
    pub fn told(&self) -> &[Told] {
        &self.told
    }
}
