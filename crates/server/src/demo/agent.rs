//! The service bureau's agent of the demonstration: a small script over an incident's state, so that a chat is alive.
//!
//! Pure: what the agent does next follows from the incident as it stands and from how long nothing has happened in it.

use onsite_wire::onsite::{Author, AuthorKind, Incident, IncidentState};
use onsite_wire::time::Timestamp;

const SECOND_MS: i64 = 1_000;
/// So long it takes until an agent sees a new incident.
const TAKES_AFTER_MS: i64 = 20 * SECOND_MS;
/// So long the agent thinks and types.
const ANSWERS_AFTER_MS: i64 = 6 * SECOND_MS;
/// So long after everything went quiet the agent calls it solved.
const SOLVES_AFTER_MS: i64 = 90 * SECOND_MS;
/// So long the agent waits for somebody before asking once more.
const ASKS_AFTER_MS: i64 = 10 * 60 * SECOND_MS;

/// The agents; an incident keeps the one who took it.
const AGENTS: [&str; 3] = ["Mika Salo", "Ingrid Dahl", "Pat Okafor"];

/// What the agent knows of an incident beside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// Who wrote the last words of the chat; nobody yet: `None`. Lines of changes do not count.
    pub last_words_by: Option<Author>,
    /// How many lines agents have written.
    pub answers: usize,
    /// All alarms that it names are cleared; false when it names none.
    pub all_cleared: bool,
}

/// What the agent does: words, and a move behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who.
    pub agent: &'static str,
    /// The words.
    pub text: String,
    /// The state from then on; `None`: the same.
    pub to: Option<IncidentState>,
}

/// What the agent does at `now`, if anything is due.
pub fn answer(incident: &Incident, situation: &Situation, now: Timestamp) -> Option<Answer> {
    let quiet_ms = now.millis_since(incident.last_at);
    let asked = situation.last_words_by.as_ref().is_some_and(|by| by.kind == AuthorKind::Person);
    let says = |text: &str, to| Some(Answer { agent: agent(incident), text: text.to_owned(), to });
    match incident.state {
        IncidentState::New if quiet_ms >= TAKES_AFTER_MS => greet(incident, situation),
        IncidentState::Open | IncidentState::Pending if situation.all_cleared && quiet_ms >= SOLVES_AFTER_MS => says(
            "All alarms have cleared and stayed away. I mark this as solved; reopen it if it comes back.",
            Some(IncidentState::Solved),
        ),
        IncidentState::Open | IncidentState::Pending if asked && quiet_ms >= ANSWERS_AFTER_MS => {
            reply(incident, situation)
        }
        IncidentState::Pending if !asked && quiet_ms >= ASKS_AFTER_MS && situation.answers < 6 => {
            says("Is there any news from the site?", None)
        }
        _ => None,
    }
}

fn agent(incident: &Incident) -> &'static str {
    let owner = AGENTS.into_iter().find(|name| *name == incident.agent);
    let by_id = incident.id.bytes().iter().map(|byte| usize::from(*byte)).sum::<usize>() % AGENTS.len();
    owner.or_else(|| AGENTS.get(by_id).copied()).unwrap_or("Service bureau")
}

fn greet(incident: &Incident, situation: &Situation) -> Option<Answer> {
    let seen = match incident.alarms.len() {
        0 => format!("I read your description of \"{}\"", incident.subject),
        1 => format!("I see the alarm \"{}\"", incident.subject),
        more => format!("I see {more} alarms, the first is \"{}\"", incident.subject),
    };
    let ask = if situation.last_words_by.is_some() {
        "Thank you for writing; I am looking at it."
    } else {
        "Is somebody on site?"
    };
    let name = agent(incident);
    let text = format!("Hello, this is {name} of the service bureau. {seen}. {ask}");
    Some(Answer { agent: name, text, to: Some(IncidentState::Open) })
}

fn reply(incident: &Incident, situation: &Situation) -> Option<Answer> {
    let (text, to) = match (incident.state, situation.answers) {
        (IncidentState::Pending, _) => {
            ("Thank you. I go on with what you found.".to_owned(), Some(IncidentState::Open))
        }
        (_, 0 | 1) => ("Good. What does the display of the device say, word for word?".to_owned(), None),
        (_, 2) => ("Understood. Please leave it as it is while I compare that with its measurements.".to_owned(), None),
        (_, 3) => (
            "Its measurements fit what you describe. Please check the connections, and tell me when you are done."
                .to_owned(),
            Some(IncidentState::Pending),
        ),
        _ => ("I have noted that. I stay with it until it clears.".to_owned(), None),
    };
    Some(Answer { agent: agent(incident), text, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use onsite_rules::incident::{Mover, may_write, moves};
    use onsite_wire::ids::{AlarmId, DeviceId, IncidentId};

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn incident(state: IncidentState) -> Incident {
        let by = Author { kind: AuthorKind::Server, id: None, name: String::new() };
        Incident {
            id: IncidentId::from_bytes([7; 16]),
            device_id: DeviceId::from_bytes([1; 16]),
            subject: "Fan failed".into(),
            description: String::new(),
            state,
            opened_at: NOW,
            opened_by: by,
            alarms: vec![AlarmId::from_bytes([2; 16])],
            agent: String::new(),
            closes_at: None,
            last_message: 0,
            last_at: NOW,
            history: Vec::new(),
            participants: Vec::new(),
            read_furthest: Vec::new(),
            feedback: None,
            revision: 0,
        }
    }

    #[test]
    fn the_agent_does_only_what_the_table_allows_and_says_nothing_twice_by_itself() {
        let person = Author { kind: AuthorKind::Person, id: None, name: "Ada".into() };
        for state in IncidentState::ALL {
            for answers in 0..8 {
                for (all_cleared, by) in [(false, None), (true, None), (false, Some(person.clone()))] {
                    let incident = incident(state);
                    let situation = Situation { last_words_by: by, answers, all_cleared };
                    assert_eq!(answer(&incident, &situation, NOW), None, "nobody answers at once");
                    let later = NOW.plus_millis(60 * 60 * SECOND_MS);
                    let Some(answer) = answer(&incident, &situation, later) else { continue };
                    assert!(may_write(state).is_ok() && onsite_rules::message::check(&answer.text).is_ok());
                    if let Some(to) = answer.to {
                        assert!(moves(state, to, Mover::Agent, None, later).is_ok(), "{state:?} {to:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_person_asks_is_answered_and_what_has_cleared_is_solved() {
        let person = Author { kind: AuthorKind::Person, id: None, name: "Ada".into() };
        let asked = Situation { last_words_by: Some(person), answers: 1, all_cleared: false };
        let later = NOW.plus_millis(ANSWERS_AFTER_MS);
        assert!(answer(&incident(IncidentState::Open), &asked, later).is_some());
        let cleared = Situation { last_words_by: None, answers: 1, all_cleared: true };
        let later = NOW.plus_millis(SOLVES_AFTER_MS);
        let solved = answer(&incident(IncidentState::Open), &cleared, later).unwrap();
        assert_eq!(solved.to, Some(IncidentState::Solved));
        assert_eq!(answer(&incident(IncidentState::Closed), &cleared, later), None);
    }
}
