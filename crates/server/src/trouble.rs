//! Troubles that no caller is answered with, for the operator. A program says where they go; unless it does they go nowhere, for
//! a server inside another program must not write over that one's screen.

use std::fmt::Display;
use std::sync::OnceLock;

static OPERATOR: OnceLock<fn(&str)> = OnceLock::new();

/// Has troubles told from now on, one line each. Only the first call counts.
pub fn tell(operator: fn(&str)) {
    // Whoever was named first stays.
    OPERATOR.set(operator).ok();
}

/// Tells a trouble. `error` names no table, no text and no secret.
pub(crate) fn say(place: &str, error: &dyn Display) {
    if let Some(operator) = OPERATOR.get() {
        operator(&format!("{place}: {error}"));
    }
}
