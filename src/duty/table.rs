//! The states of duty and the moves between them: the table by which the step function is checked and from which the
//! picture in `docs/duty.md` is drawn.

use std::fmt::Write as _;

/// Where a person's duty stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Not on duty.
    OffDuty,
    /// On duty; where, is not known yet.
    Unknown,
    /// On duty, at no site.
    Outside,
    /// On duty, perhaps at a site: it has to hold for a while.
    Entering,
    /// On duty, at a site.
    Inside,
    /// On duty, still shown at a site, perhaps gone.
    Leaving,
    /// On duty; where, cannot be known, and why.
    Degraded,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::OffDuty, Self::Unknown, Self::Outside, Self::Entering, Self::Inside, Self::Leaving, Self::Degraded];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OffDuty => "off_duty",
            Self::Unknown => "unknown",
            Self::Outside => "outside",
            Self::Entering => "entering",
            Self::Inside => "inside",
            Self::Leaving => "leaving",
            Self::Degraded => "degraded",
        }
    }
}

use Name::{Degraded, Entering, Inside, Leaving, OffDuty, Outside, Unknown};

/// Every move that there is, with what makes it.
pub const MOVES: &[(Name, Name, &str)] = &[
    (OffDuty, Unknown, "switched on"),
    (OffDuty, Degraded, "switched on without permission or with location services off"),
    (Unknown, Outside, "a fix at no site"),
    (Unknown, Entering, "a fix near enough to a site"),
    (Unknown, Inside, "a fix at the site where the person was, after the app was killed or permission came back"),
    (Unknown, Degraded, "permission taken, location off, or three questions without a fix"),
    (Outside, Entering, "a fix near enough to a site"),
    (Outside, Degraded, "permission taken, location off, or three questions without a fix"),
    (Entering, Inside, "three fixes near enough, over the dwell"),
    (Entering, Outside, "a fix beyond the site, or none near enough for 5 minutes"),
    (Entering, Degraded, "permission taken, location off, or three questions without a fix"),
    (Inside, Leaving, "a fix beyond the margin"),
    (Inside, Outside, "the site has no fence any more"),
    (Inside, Degraded, "permission taken, location off, or no evidence for 60 minutes"),
    (Leaving, Inside, "a fix at the site"),
    (Leaving, Outside, "six fixes beyond the margin, over the dwell"),
    (Leaving, Degraded, "permission taken, location off, or no evidence for 60 minutes"),
    (Degraded, Unknown, "permission and location services are back"),
    (Degraded, Outside, "a fix at no site"),
    (Degraded, Entering, "a fix near enough to a site"),
    (Degraded, Inside, "a fix at the site where the person was"),
    (Unknown, OffDuty, "switched off, or off by itself"),
    (Outside, OffDuty, "switched off, or off by itself"),
    (Entering, OffDuty, "switched off, or off by itself"),
    (Inside, OffDuty, "switched off, or off by itself"),
    (Leaving, OffDuty, "switched off, or off by itself"),
    (Degraded, OffDuty, "switched off, or off by itself"),
];

/// Whether the table has this move.
pub fn allows(from: Name, to: Name) -> bool {
    from == to || MOVES.iter().any(|(before, after, _)| (*before, *after) == (from, to))
}

/// The table as a Mermaid state diagram.
pub fn mermaid() -> String {
    let mut text = String::from("stateDiagram-v2\n    [*] --> off_duty\n");
    for (from, to, why) in MOVES {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {} --> {}: {why}", from.as_str(), to.as_str());
    }
    text
}

/// The picture and the table of `docs/duty.md`, between its two marks.
#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- drawn from src/duty/table.rs -->\n";
    const END: &str = "<!-- until here -->";

    #[test]
    fn the_picture_in_the_docs_is_drawn_from_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/duty.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let drawn = format!("{before}{BEGIN}```mermaid\n{}```\n{END}{after}", mermaid());
        if std::env::var_os("ONSITE_WRITE").is_some() {
            std::fs::write(path, drawn).unwrap();
        } else {
            assert!(text == drawn, "docs/duty.md has drifted: write it anew with ONSITE_WRITE=1");
        }
    }

    #[test]
    fn every_state_is_reached_and_left_and_no_move_stands_twice() {
        for name in Name::ALL {
            assert!(MOVES.iter().any(|(from, _, _)| *from == name), "{name:?}");
            assert!(MOVES.iter().any(|(_, to, _)| *to == name), "{name:?}");
        }
        let moves: std::collections::BTreeSet<_> = MOVES.iter().map(|(from, to, _)| (from, to)).collect();
        assert_eq!(moves.len(), MOVES.len());
    }
}
