//! The states of an action and the moves between them: the table by which every record of the outbox can be checked, and from
//! which the picture in `docs/actions.md` is drawn.

use std::fmt::Write as _;

use super::entry::State;

/// Where an action is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Not kept: not made yet, or settled.
    Nowhere,
    /// On this phone; the server cannot have heard of it.
    OnPhone,
    /// On this phone; the server may have heard of it.
    Asked,
    /// On the server.
    OnServer,
    /// Without an effect; its person decides.
    Parked,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Nowhere, Self::OnPhone, Self::Asked, Self::OnServer, Self::Parked];

    /// The name of a state.
    pub const fn of(state: &State) -> Self {
        match state {
            State::Waiting(waiting) if waiting.asked => Self::Asked,
            State::Waiting(_) => Self::OnPhone,
            State::OnServer(_) => Self::OnServer,
            State::Parked(_) => Self::Parked,
        }
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nowhere => "[*]",
            Self::OnPhone => "on_this_phone",
            Self::Asked => "asked",
            Self::OnServer => "on_the_server",
            Self::Parked => "parked",
        }
    }
}

use Name::{Asked, Nowhere, OnPhone, OnServer, Parked};

/// Every move that there is, with what makes it.
pub const MOVES: &[(Name, Name, &str)] = &[
    (Nowhere, OnPhone, "made"),
    (Nowhere, Asked, "made, and an attempt begun at once"),
    (OnPhone, Asked, "an attempt is begun"),
    (OnPhone, Parked, "too old, or what it builds on had no effect"),
    (OnPhone, Nowhere, "taken back, replaced by a later one, or void by itself"),
    (Asked, OnPhone, "not a byte of any attempt left the phone"),
    (Asked, OnServer, "applied, now or before"),
    (Asked, Parked, "refused, in conflict, blocked or too late"),
    (Asked, Nowhere, "void by itself"),
    (OnServer, Asked, "the server was restored from a backup"),
    (OnServer, Nowhere, "seven days later, or void by itself"),
    (Parked, Nowhere, "discarded, or another one made instead"),
];

/// Whether the table has this move.
pub fn allows(from: Name, to: Name) -> bool {
    from == to || MOVES.iter().any(|(before, after, _)| (*before, *after) == (from, to))
}

/// The table as a Mermaid state diagram.
pub fn mermaid() -> String {
    let mut text = String::from("stateDiagram-v2\n");
    for (from, to, why) in MOVES {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {} --> {}: {why}", from.as_str(), to.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- drawn from src/sync/outbox/table.rs -->\n";
    const END: &str = "<!-- until here -->";

    #[test]
    fn the_picture_of_an_actions_life_is_drawn_from_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/actions.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let drawn = format!("{before}{BEGIN}```mermaid\n{}```\n{END}{after}", mermaid());
        if std::env::var_os("ONSITE_WRITE").is_some() {
            std::fs::write(path, drawn).unwrap();
        } else {
            assert!(text == drawn, "docs/actions.md has drifted: write it anew with ONSITE_WRITE=1");
        }
    }

    #[test]
    fn every_state_of_an_action_is_reached_and_left_and_no_move_stands_twice() {
        for name in Name::ALL {
            assert!(MOVES.iter().any(|(from, _, _)| *from == name), "{name:?}");
            assert!(MOVES.iter().any(|(_, to, _)| *to == name), "{name:?}");
        }
        let moves: std::collections::BTreeSet<_> = MOVES.iter().map(|(from, to, _)| (from, to)).collect();
        assert_eq!(moves.len(), MOVES.len());
    }
}
