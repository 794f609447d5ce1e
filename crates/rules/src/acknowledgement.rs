//! Acknowledging: making a person responsible (A7).

use onsite_wire::codes::Code;
use onsite_wire::rest::{Acknowledged, Assignee};
use serde::{Deserialize, Serialize};

use crate::action::Refusal;

/// The longest note, in characters.
pub const NOTE_LIMIT: usize = 2_000;

/// The body of an `acknowledge`, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcknowledgeBody {
    /// Who becomes responsible; "me" was resolved when the person pressed (P6).
    pub assignee: Assignee,
    /// A free text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What is known of the one chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Nobody of this id belongs here.
    Unknown,
    /// Known under this name, but may not see the alarm.
    CannotSee(String),
    /// Known under this name, and may see the alarm.
    CanSee(String),
}

/// What an acknowledgement leaves behind, or why it may not be.
pub fn acknowledged(body: &AcknowledgeBody, chosen: Chosen) -> Result<Acknowledged, Refusal> {
    if body.note.chars().count() > NOTE_LIMIT {
        return Err(Refusal::of(Code::TextTooLong).with("limit", NOTE_LIMIT));
    }
    match chosen {
        Chosen::Unknown => Err(Refusal::of(Code::AssigneeUnknown)),
        Chosen::CannotSee(name) => Err(Refusal::of(Code::AssigneeCannotSee).with("assignee", name)),
        Chosen::CanSee(name) => Ok(Acknowledged {
            assignee: Assignee { name, ..body.assignee.clone() },
            note: body.note.clone(),
            assignee_cannot_see: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onsite_wire::rest::AssigneeKind;

    #[test]
    fn somebody_who_may_not_see_the_alarm_cannot_be_made_responsible() {
        let assignee = Assignee { kind: AssigneeKind::Person, id: uuid(), name: "forged".into() };
        let body = AcknowledgeBody { assignee, note: "at it".into() };
        let refused = acknowledged(&body, Chosen::CannotSee("Ada".into())).unwrap_err();
        assert_eq!((refused.code, refused.arguments["assignee"].as_str()), (Code::AssigneeCannotSee, "Ada"));
        assert_eq!(acknowledged(&body, Chosen::Unknown).unwrap_err().code, Code::AssigneeUnknown);
        let done = acknowledged(&body, Chosen::CanSee("Ada".into())).unwrap();
        assert_eq!(
            (done.assignee.name.as_str(), done.note.as_str()),
            ("Ada", "at it"),
            "the server's name, not the request's"
        );
    }

    fn uuid() -> onsite_wire::ids::Uuid {
        onsite_wire::ids::Uuid::from_bytes([7; 16])
    }
}
