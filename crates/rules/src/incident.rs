//! The life of an incident (I1, I2, I5): a table of allowed moves, which the server enforces and the phone knows.

use onsite_wire::codes::Code;
use onsite_wire::ids::{AlarmId, DeviceId};
use onsite_wire::onsite::{Feedback, IncidentState};
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::Refusal;
use crate::message;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// After so many days a solved incident closes; until then it can be reopened (I2).
pub const CLOSES_AFTER_DAYS: i64 = 4;
/// The same in milliseconds.
pub const CLOSES_AFTER_MS: i64 = CLOSES_AFTER_DAYS * DAY_MS;
/// For so many days after it was given, feedback may be edited (I5).
pub const FEEDBACK_DAYS: i64 = 4;
/// The longest subject of an incident, in characters as people count them.
pub const SUBJECT_LIMIT: usize = 120;
/// The longest comment of a feedback, in characters as people count them.
pub const COMMENT_LIMIT: usize = 2_000;

/// Who may make a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mover {
    /// An agent of the service bureau.
    Agent,
    /// Anybody who may see the incident, and any agent.
    Anyone,
    /// The server's clock, and nobody else.
    Clock,
}

/// One allowed move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// From this state.
    pub from: IncidentState,
    /// To this one.
    pub to: IncidentState,
    /// Who may.
    pub who: Mover,
    /// What it is called.
    pub name: &'static str,
}

use IncidentState::{Closed, New, Open, Pending, Solved};

/// Every move there is. What is not in here is refused.
pub const MOVES: &[Move] = &[
    Move { from: New, to: Open, who: Mover::Agent, name: "an agent takes it" },
    Move { from: Open, to: Pending, who: Mover::Agent, name: "it waits" },
    Move { from: Pending, to: Open, who: Mover::Agent, name: "it goes on" },
    Move { from: New, to: Solved, who: Mover::Anyone, name: "solved" },
    Move { from: Open, to: Solved, who: Mover::Anyone, name: "solved" },
    Move { from: Pending, to: Solved, who: Mover::Anyone, name: "solved" },
    Move { from: Solved, to: Open, who: Mover::Anyone, name: "reopened within 4 days" },
    Move { from: Solved, to: Closed, who: Mover::Clock, name: "after 4 days" },
];

/// Whether an incident may go from one state to another. `closes_at` is when a solved one closes.
pub fn moves(
    from: IncidentState,
    to: IncidentState,
    who: Mover,
    closes_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<&'static Move, Refusal> {
    let refused = |code| Refusal::of(code).with("from", from.as_str()).with("to", to.as_str());
    let Some(found) = MOVES.iter().find(|known| known.from == from && known.to == to) else {
        // What was solved long ago is closed, and stays so: the reason is the time that passed.
        let late = from == Closed && to == Open;
        return Err(if late { too_late() } else { refused(Code::MoveNotAllowed) });
    };
    let allowed = match found.who {
        Mover::Agent => who == Mover::Agent,
        Mover::Anyone => who != Mover::Clock,
        Mover::Clock => who == Mover::Clock,
    };
    if !allowed {
        return Err(refused(Code::MoveNotYours));
    }
    let over = closes_at.is_some_and(|at| at <= now);
    match (from, to) {
        (Solved, Open) if over => Err(too_late()),
        (Solved, Closed) if !over => Err(refused(Code::MoveNotAllowed)),
        _ => Ok(found),
    }
}

fn too_late() -> Refusal {
    Refusal::of(Code::ReopenTooLate).with("days", CLOSES_AFTER_DAYS)
}

/// Whether a device's incident in this state keeps another one from being opened, and takes further alarms in (I1).
pub const fn is_under_way(state: IncidentState) -> bool {
    matches!(state, New | Open | Pending)
}

/// Whether people may write in its chat (I4).
pub fn may_write(state: IncidentState) -> Result<(), Refusal> {
    if is_under_way(state) { Ok(()) } else { Err(Refusal::of(Code::ChatReadOnly).with("state", state.as_str())) }
}

/// Whether a device's subscription opens incidents (P10). One that is not known is left to the server.
pub fn subscribed(subscription: Option<Subscription>) -> Result<(), Refusal> {
    match subscription {
        Some(Subscription::AssetAdvisor) => Ok(()),
        _ => Err(Refusal::of(Code::SubscriptionNeeded).with("subscription", "asset_advisor")),
    }
}

/// The body of an `open_incident`, version 1. The subject of the action is the incident, whose id is the action's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenBody {
    /// What it is about.
    pub device_id: DeviceId,
    /// In one line.
    pub subject: String,
    /// More words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The alarms of the device that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<AlarmId>,
    /// The person was told that it may cost money, and went on.
    #[serde(default)]
    pub cost_accepted: bool,
}

/// Whether an incident may be opened with these words.
pub fn check_opening(body: &OpenBody) -> Result<(), Refusal> {
    message::within(&body.subject, SUBJECT_LIMIT)?;
    if !body.description.is_empty() {
        message::check(&body.description)?;
    }
    if body.cost_accepted { Ok(()) } else { Err(Refusal::of(Code::CostNotAccepted)) }
}

/// The body of a `feedback`, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackBody {
    /// 1 (bad) to 5 (good).
    pub rating: i32,
    /// Words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// Whether somebody may give feedback, or edit it, at the time when it was made. `mine`: what is there is one's own.
pub fn check_feedback(
    body: &FeedbackBody,
    state: IncidentState,
    present: Option<&Feedback>,
    mine: bool,
    made_at: Timestamp,
) -> Result<(), Refusal> {
    if !(1..=5).contains(&body.rating) {
        return Err(Refusal::of(Code::RatingInvalid));
    }
    if !body.comment.is_empty() {
        message::within(&body.comment, COMMENT_LIMIT)?;
    }
    if !matches!(state, Solved | Closed) {
        return Err(Refusal::of(Code::NotCompleted));
    }
    match present {
        None => Ok(()),
        Some(present) if !mine => Err(Refusal::of(Code::FeedbackGiven).with("by", &present.by.name)),
        Some(present) if made_at.millis_since(present.at) > FEEDBACK_DAYS * DAY_MS => {
            Err(Refusal::of(Code::FeedbackFinal).with("days", FEEDBACK_DAYS))
        }
        Some(_) => Ok(()),
    }
}

/// The body of a `read_up_to`, version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadBody {
    /// The number of the last message read.
    pub up_to: i64,
}

/// How many messages nobody has read to a person: all behind the position but the person's own.
pub const fn unread(last: i64, read_up_to: i64, own_behind: i64) -> i64 {
    let read_up_to = if read_up_to > 0 { read_up_to } else { 0 };
    let left = last - read_up_to - own_behind;
    if left > 0 { left } else { 0 }
}

/// The table as a state diagram in the language of Mermaid: what the documents draw.
pub fn diagram() -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned(), "    [*] --> new: opened".to_owned()];
    for known in MOVES {
        let who = match known.who {
            Mover::Agent => "agent",
            Mover::Anyone => "anyone",
            Mover::Clock => "clock",
        };
        lines.push(format!("    {} --> {}: {} ({who})", known.from.as_str(), known.to.as_str(), known.name));
    }
    lines.push("    closed --> [*]".to_owned());
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use onsite_wire::onsite::{Author, AuthorKind};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);
    const MOVERS: [Mover; 3] = [Mover::Agent, Mover::Anyone, Mover::Clock];

    fn code(result: Result<&Move, Refusal>) -> Option<Code> {
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn every_pair_of_states_is_allowed_or_refused_with_its_reason() {
        for from in IncidentState::ALL {
            for to in IncidentState::ALL {
                for who in MOVERS {
                    for (over, closes_at) in [(false, NOW.plus_millis(1)), (true, NOW)] {
                        let closes_at = (from == Solved).then_some(closes_at);
                        let expected = match (from, to, who) {
                            (New, Open, Mover::Agent)
                            | (Open, Pending, Mover::Agent)
                            | (Pending, Open, Mover::Agent)
                            | (New | Open | Pending, Solved, Mover::Agent | Mover::Anyone) => None,
                            (Solved, Open, Mover::Agent | Mover::Anyone) => over.then_some(Code::ReopenTooLate),
                            (Solved, Closed, Mover::Clock) => (!over).then_some(Code::MoveNotAllowed),
                            (Closed, Open, _) => Some(Code::ReopenTooLate),
                            (New, Open, _)
                            | (Open, Pending, _)
                            | (Pending, Open, _)
                            | (New | Open | Pending, Solved, _)
                            | (Solved, Open | Closed, _) => Some(Code::MoveNotYours),
                            _ => Some(Code::MoveNotAllowed),
                        };
                        assert_eq!(code(moves(from, to, who, closes_at, NOW)), expected, "{from:?} {to:?} {who:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_refused_move_names_both_states() {
        let refused = moves(Pending, Closed, Mover::Anyone, None, NOW).unwrap_err();
        assert_eq!((refused.arguments["from"].as_str(), refused.arguments["to"].as_str()), ("pending", "closed"));
    }

    #[test]
    fn writing_is_possible_in_new_open_and_pending_only() {
        let written: Vec<_> = IncidentState::ALL.into_iter().filter(|state| may_write(*state).is_ok()).collect();
        assert_eq!(written, [New, Open, Pending]);
        assert_eq!(may_write(Solved).unwrap_err().code, Code::ChatReadOnly);
    }

    #[test]
    fn an_incident_needs_asset_advisor_and_says_so() {
        assert_eq!(subscribed(Some(Subscription::AssetAdvisor)), Ok(()));
        for other in [None, Some(Subscription::None), Some(Subscription::ItExpert)] {
            let refused = subscribed(other).unwrap_err();
            assert_eq!(
                (refused.code, refused.arguments["subscription"].as_str()),
                (Code::SubscriptionNeeded, "asset_advisor")
            );
        }
    }

    #[test]
    fn an_incident_is_opened_with_a_subject_and_its_costs_accepted() {
        let body = OpenBody {
            device_id: DeviceId::from_bytes([1; 16]),
            subject: "Fan".into(),
            description: String::new(),
            alarms: Vec::new(),
            cost_accepted: true,
        };
        assert_eq!(check_opening(&body), Ok(()));
        let code = |body: OpenBody| check_opening(&body).unwrap_err().code;
        assert_eq!(code(OpenBody { cost_accepted: false, ..body.clone() }), Code::CostNotAccepted);
        assert_eq!(code(OpenBody { subject: " ".into(), ..body.clone() }), Code::TextEmpty);
        assert_eq!(code(OpenBody { subject: "é".repeat(SUBJECT_LIMIT + 1), ..body }), Code::TextTooLong);
    }

    #[test]
    fn feedback_is_given_once_from_1_to_5_and_edited_by_its_giver_for_4_days() {
        let author = Author { kind: AuthorKind::Person, id: None, name: "Ada".into() };
        let given = Feedback { rating: 4, comment: String::new(), by: author, at: NOW };
        let body = |rating| FeedbackBody { rating, comment: "thanks".into() };
        let code = |rating, state, present: Option<&Feedback>, mine, at| {
            check_feedback(&body(rating), state, present, mine, at).err().map(|refusal| refusal.code)
        };
        for rating in [1, 5] {
            assert_eq!(code(rating, Solved, None, false, NOW), None);
        }
        for rating in [0, 6, -1] {
            assert_eq!(code(rating, Solved, None, false, NOW), Some(Code::RatingInvalid));
        }
        for state in [New, Open, Pending] {
            assert_eq!(code(3, state, None, false, NOW), Some(Code::NotCompleted));
        }
        assert_eq!(code(3, Closed, Some(&given), false, NOW), Some(Code::FeedbackGiven));
        let last = NOW.plus_millis(FEEDBACK_DAYS * DAY_MS);
        assert_eq!(code(3, Closed, Some(&given), true, last), None);
        assert_eq!(code(3, Closed, Some(&given), true, last.plus_millis(1)), Some(Code::FeedbackFinal));
    }

    #[test]
    fn the_life_of_an_incident_in_the_docs_is_the_table_in_the_code() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/incidents.md");
        let written = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = written.split_once("```mermaid\n").unwrap();
        let (_, after) = rest.split_once("```\n").unwrap();
        let wanted = format!("{before}```mermaid\n{}```\n{after}", diagram());
        if std::env::var_os("ONSITE_WRITE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            assert_eq!(written, wanted, "`cargo xtask generate` draws it anew");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_tried_an_incident_never_leaves_closed_and_never_closes_but_by_the_clock(
            tries in prop::collection::vec((0..5_usize, 0..3_usize, 0..10_i64), 0..60),
        ) {
            let (mut state, mut closes_at, mut now) = (New, None, NOW);
            for (to, who, days) in tries {
                now = now.plus_millis(days * DAY_MS / 2);
                let (to, who) = (IncidentState::ALL[to], MOVERS[who]);
                if moves(state, to, who, closes_at, now).is_ok() {
                    prop_assert_ne!(state, Closed);
                    prop_assert!(to != Closed || (who == Mover::Clock && closes_at.is_some_and(|at| at <= now)));
                    state = to;
                    closes_at = (state == Solved).then(|| now.plus_millis(CLOSES_AFTER_MS));
                }
            }
        }

        #[test]
        fn unread_never_goes_below_nothing(last in 0..100_i64, read in -5..120_i64, own in 0..100_i64) {
            let count = unread(last, read, own);
            prop_assert!(count >= 0 && count <= last);
        }
    }
}
