//! What became of one press on many alarms (A13). Pure.

use std::collections::HashMap;

use onsite_wire::codes::Code;
use onsite_wire::ids::ActionId;
use uuid::Uuid;

use super::{ActionStage, OwnAction};
use crate::alarms::Receipt;

/// What became of one press on many alarms (A13): "197 done, 3 decided by others".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// On the server.
    pub done: usize,
    /// Still on this phone.
    pub waiting: usize,
    /// Somebody else was there in between.
    pub decided_by_others: Vec<Uuid>,
    /// Refused, blocked or too old, and why.
    pub refused: Vec<(Uuid, Code)>,
    /// No longer known: let go of, replaced by a later press, or confirmed longer ago than the phone remembers.
    pub unknown: Vec<Uuid>,
}

/// Looks up what became of each of a press's actions. Every subject of the press is counted once.
pub(super) fn outcome(receipt: &Receipt, actions: &[OwnAction]) -> Outcome {
    let stages: HashMap<ActionId, &ActionStage> = actions.iter().map(|action| (action.id, &action.stage)).collect();
    let mut outcome = Outcome {
        refused: receipt.refused.iter().map(|(subject, error)| (subject.id, error.code)).collect(),
        ..Outcome::default()
    };
    for (subject, id) in &receipt.actions {
        match stages.get(id) {
            Some(ActionStage::OnServer) => outcome.done += 1,
            Some(ActionStage::OnPhone { .. }) => outcome.waiting += 1,
            Some(ActionStage::Parked { code: Code::VersionMoved, .. }) => outcome.decided_by_others.push(subject.id),
            Some(ActionStage::Parked { code, .. }) => outcome.refused.push((subject.id, *code)),
            None => outcome.unknown.push(subject.id),
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use onsite_wire::ids::OrganizationId;
    use onsite_wire::onsite::{Subject, SubjectKind};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::error::Error;
    use crate::sync::outbox::SubjectName;
    use crate::time::Timestamp;

    fn parked(code: Code) -> ActionStage {
        ActionStage::Parked { code, arguments: Default::default(), current: None, decisions: &[] }
    }

    fn stage(n: usize) -> Option<ActionStage> {
        match n {
            0 => Some(ActionStage::OnServer),
            1 => Some(ActionStage::OnPhone { next_attempt: None, being_sent: false, paused: false, trouble: None }),
            2 => Some(parked(Code::VersionMoved)),
            3 => Some(parked(Code::TooOld)),
            _ => None,
        }
    }

    fn subject(n: usize) -> Subject {
        Subject { kind: SubjectKind::Alarm, id: Uuid::from_u128(n as u128) }
    }

    fn own(n: usize, stage: ActionStage) -> OwnAction {
        OwnAction {
            id: ActionId(Uuid::from_u128(n as u128)),
            organization: OrganizationId::from_bytes([1; 16]),
            kind: "acknowledge".to_owned(),
            subject: subject(n),
            name: SubjectName::default(),
            made_at: Timestamp::from_millis(0),
            stage,
            body: Value::Null,
            retry_of: None,
        }
    }

    #[test]
    fn an_action_that_is_no_longer_known_is_not_told_as_done() {
        let receipt = Receipt { actions: vec![(subject(1), ActionId(Uuid::from_u128(1)))], refused: Vec::new() };
        let told = outcome(&receipt, &[]);
        assert_eq!((told.done, told.unknown), (0, vec![subject(1).id]));
    }

    proptest! {
        #[test]
        fn each_subject_of_a_press_is_told_once_and_as_it_stands(
            stages in prop::collection::vec(0..5_usize, 0..40), refused in 0..5_usize,
        ) {
            let actions: Vec<_> =
                stages.iter().enumerate().filter_map(|(n, which)| Some(own(n, stage(*which)?))).collect();
            let receipt = Receipt {
                actions: (0..stages.len()).map(|n| (subject(n), ActionId(Uuid::from_u128(n as u128)))).collect(),
                refused: (0..refused).map(|n| (subject(1_000 + n), Error::new(Code::NotAllowed))).collect(),
            };
            let told = outcome(&receipt, &actions);
            let count = |which| stages.iter().filter(|stage| **stage == which).count();
            prop_assert_eq!(told.done, count(0));
            prop_assert_eq!(told.waiting, count(1));
            prop_assert_eq!(told.decided_by_others.len(), count(2));
            prop_assert_eq!(told.refused.len(), count(3) + refused);
            prop_assert_eq!(told.unknown.len(), count(4));
        }
    }
}
