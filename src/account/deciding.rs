//! What becomes of the person's own actions: what a press came to, and what is decided about those that had no effect.

use onsite_wire::codes::Code;
use onsite_wire::ids::ActionId;
use onsite_wire::onsite::SubjectKind;
use tokio::sync::oneshot;

use super::driver::Message;
use super::outcome::{Outcome, outcome};
use super::{Account, ActionStage};
use crate::alarms::{Deed, Receipt, Undone};
use crate::error::Error;

impl Account {
    /// Does a parked action again, over what is there now: a new action that names the parked one.
    pub async fn retry(&self, id: ActionId) -> Result<ActionId, Error> {
        let undone = self.undone(id)?;
        if undone.subject.kind == SubjectKind::Incident {
            return self.incidents().again(undone).await;
        }
        self.alarms().again(undone).await
    }

    /// Does something else instead of a parked action, to the same alarm or device: a new action that names the parked one.
    /// What moves another aspect, as a mute instead of an acknowledgement, is `input_invalid`.
    pub async fn change(&self, id: ActionId, deed: Deed) -> Result<ActionId, Error> {
        self.alarms().instead(self.undone(id)?, deed).await
    }

    /// Lets go of a parked action, or of one that the server cannot have heard of.
    pub async fn discard(&self, id: ActionId) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.tell(Message::Discard(id, answer))?;
        answered.await.unwrap_or_else(|_| Err(Error::new(Code::StoreClosed)))
    }

    /// What became of one press (A13).
    pub fn outcome(&self, receipt: &Receipt) -> Outcome {
        self.view(|view| outcome(receipt, &view.actions))
    }

    fn undone(&self, id: ActionId) -> Result<Undone, Error> {
        let own = self.view(|view| view.actions.iter().find(|action| action.id == id).cloned());
        let own = own.ok_or_else(|| Error::new(Code::ActionNotWaiting))?;
        let ActionStage::Parked { current, .. } = own.stage else { return Err(Error::new(Code::ActionNotWaiting)) };
        Ok(Undone {
            id,
            organization: own.organization,
            kind: own.kind,
            subject: own.subject,
            body: own.body,
            name: own.name,
            current,
        })
    }
}
