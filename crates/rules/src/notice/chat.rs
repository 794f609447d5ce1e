//! Chats: the first message rings at once, those that follow are told together, so that a lively chat does not ring all the
//! time (I6). Each chat for itself: it neither fills a storm of alarms nor drowns in one.

use onsite_wire::time::Timestamp;

/// The least time between two pushes of one chat to one person.
pub const CHAT_QUIET_MS: i64 = 20 * 1_000;

/// When the push of a message goes out. `last`: when the last one of this chat to this person goes or went. One that has
/// not gone yet takes the message along.
pub fn chat_push_at(last: Option<Timestamp>, now: Timestamp) -> Timestamp {
    last.map_or(now, |last| if last > now { last } else { now.max(last.plus_millis(CHAT_QUIET_MS)) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn however_lively_a_chat_is_its_pushes_are_apart_and_no_message_waits_longer(
            gaps in prop::collection::vec(0..60_000_i64, 1..200),
        ) {
            let (mut now, mut last) = (Timestamp::from_millis(1_000_000), None);
            let mut pushes = BTreeSet::new();
            for gap in gaps {
                now = now.plus_millis(gap);
                let at = chat_push_at(last, now);
                prop_assert!(at >= now && at.millis_since(now) <= CHAT_QUIET_MS);
                prop_assert!(last.is_some() || at == now, "the first one goes at once");
                last = Some(at);
                pushes.insert(at);
            }
            let pushes: Vec<_> = pushes.into_iter().collect();
            prop_assert!(pushes.windows(2).all(|two| two[1].millis_since(two[0]) >= CHAT_QUIET_MS));
        }
    }
}
