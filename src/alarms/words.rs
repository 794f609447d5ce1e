//! The words of an alarm in the search index: its label and message, its device's name, and the names of the places above.

use rusqlite::{Connection, OptionalExtension};

use crate::devices::intake::place_names;
use crate::store::Fault;
use crate::text;

/// All tokens of an alarm as it stands; none when it is gone.
pub(super) fn of_alarm(cache: &Connection, n: i64) -> Result<String, Fault> {
    let found: Option<(i64, String, String)> = cache
        .prepare_cached("SELECT device, label, message FROM alarm WHERE n = ?1")?
        .query_row([n], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((device, label, message)) = found else { return Ok(String::new()) };
    Ok(tokens(&label, &message, &of_device(cache, device)?))
}

/// All tokens of an alarm, given those of its device.
pub(super) fn tokens(label: &str, message: &str, device: &str) -> String {
    let mut tokens = String::with_capacity(label.len() + message.len() + device.len() + 16);
    text::words(label, &mut tokens);
    text::words(message, &mut tokens);
    tokens.push_str(device);
    tokens
}

/// The tokens that an alarm has from its device and the places above it.
pub(super) fn of_device(cache: &Connection, device: i64) -> Result<String, Fault> {
    let mut tokens = String::new();
    let label: Option<String> = cache
        .prepare_cached("SELECT label FROM device WHERE n = ?1")?
        .query_row([device], |row| row.get(0))
        .optional()?;
    text::words(label.as_deref().unwrap_or_default(), &mut tokens);
    for name in place_names(cache, device)? {
        text::words(&name, &mut tokens);
    }
    Ok(tokens)
}
