//! What a person sees of an alarm's aspects: the server's value with the person's own pending actions laid over it.
//!
//! Pure. Rewritten whenever either side changes, so that lists, counts and search read one column and nothing flickers
//! when an action that was shown arrives and comes back by the feed.

use onsite_rules::acknowledgement::AcknowledgeBody;
use onsite_rules::action::{ACKNOWLEDGE, MUTE, RELEASE, UNMUTE};
use onsite_rules::mute::{MuteBody, muted};
use onsite_wire::rest::{Acknowledged, AcknowledgementAspect, MuteAspect};

use crate::sync::overlays::Pending;

/// Who is responsible, after the pending actions, which come in the order in which they were made.
pub fn acknowledgement(server: &AcknowledgementAspect, pending: &[Pending]) -> AcknowledgementAspect {
    let mut seen = server.clone();
    for action in pending {
        let acknowledged = if action.kind == ACKNOWLEDGE.name {
            let Ok(body) = serde_json::from_value::<AcknowledgeBody>(action.body.clone()) else { continue };
            Some(Acknowledged { assignee: body.assignee, note: body.note, assignee_cannot_see: false })
        } else if action.kind == RELEASE.name {
            None
        } else {
            continue;
        };
        seen = AcknowledgementAspect {
            version: seen.version,
            action: Some(action.id),
            by: Some(action.by),
            by_name: action.by_name.clone(),
            made_at: Some(action.made_at),
            acknowledged,
        };
    }
    seen
}

/// The mute, after the pending actions, which come in the order in which they were made.
pub fn mute(server: &MuteAspect, pending: &[Pending]) -> MuteAspect {
    let mut seen = server.clone();
    for action in pending {
        let now_muted = if action.kind == MUTE.name {
            let Ok(body) = serde_json::from_value::<MuteBody>(action.body.clone()) else { continue };
            Some(muted(&body))
        } else if action.kind == UNMUTE.name {
            None
        } else {
            continue;
        };
        seen = MuteAspect {
            version: seen.version,
            action: Some(action.id),
            by: Some(action.by),
            by_name: action.by_name.clone(),
            made_at: Some(action.made_at),
            muted: now_muted,
        };
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::overlays::Standing;
    use crate::time::Timestamp;
    use onsite_wire::ids::{ActionId, PersonId};
    use onsite_wire::rest::{Assignee, AssigneeKind, MuteReason};
    use proptest::prelude::*;
    use serde_json::Value;

    fn action(number: u8, kind: &str, body: Value) -> Pending {
        Pending {
            id: ActionId::from_bytes([number; 16]),
            kind: kind.to_owned(),
            body,
            made_at: Timestamp::from_millis(i64::from(number)),
            by: PersonId::from_bytes([1; 16]),
            by_name: "Ada".into(),
            standing: Standing::OnPhone,
            parked: None,
        }
    }

    fn any_action() -> impl Strategy<Value = Pending> {
        let assignee = Assignee { kind: AssigneeKind::Person, id: uuid::Uuid::from_bytes([9; 16]), name: "Bo".into() };
        let acknowledge = serde_json::to_value(AcknowledgeBody { assignee, note: "n".into() }).unwrap();
        let mute =
            serde_json::to_value(MuteBody { until: None, reason: MuteReason::Nuisance, text: String::new() }).unwrap();
        (1..=250_u8, 0..5_usize).prop_map(move |(number, which)| match which {
            0 => action(number, "acknowledge", acknowledge.clone()),
            1 => action(number, "release", Value::Null),
            2 => action(number, "mute", mute.clone()),
            3 => action(number, "unmute", Value::Null),
            _ => action(number, "acknowledge", Value::String("broken".into())),
        })
    }

    proptest! {
        #[test]
        fn the_last_pending_action_of_an_aspect_is_what_is_seen_and_the_version_stays_the_servers(
            pending in prop::collection::vec(any_action(), 0..8), version in 0..9_i64,
        ) {
            let server = AcknowledgementAspect { version, ..AcknowledgementAspect::default() };
            let seen = acknowledgement(&server, &pending);
            let last = pending.iter().rfind(|a| a.kind == "release" || a.kind == "acknowledge" && a.body.is_object());
            prop_assert_eq!(seen.version, version);
            prop_assert_eq!(seen.action, last.map(|a| a.id));
            prop_assert_eq!(seen.acknowledged.is_some(), last.is_some_and(|a| a.kind == "acknowledge"));
            let seen = mute(&MuteAspect { version, ..MuteAspect::default() }, &pending);
            let last = pending.iter().rfind(|a| a.kind == "mute" || a.kind == "unmute");
            prop_assert_eq!(seen.muted.is_some(), last.is_some_and(|a| a.kind == "mute"));
            prop_assert_eq!(seen.action, last.map(|a| a.id));
        }

        #[test]
        fn laying_actions_over_one_by_one_is_the_same_as_all_at_once(
            pending in prop::collection::vec(any_action(), 0..8), cut in 0..8_usize,
        ) {
            let server = AcknowledgementAspect::default();
            let cut = cut.min(pending.len());
            let (first, rest) = pending.split_at(cut);
            prop_assert_eq!(
                acknowledgement(&acknowledgement(&server, first), rest),
                acknowledgement(&server, &pending)
            );
        }
    }
}
