//! How large the core is as the library that an app carries.

use std::path::PathBuf;
use std::process::Command;

use super::Outcome;
use super::measure::Figure::Median;
use super::measure::{Line, Samples, Unit, limit};
use super::world::World;

/// Builds the library and looks at it.
pub fn lines(_: &World) -> Outcome<Vec<Line>> {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", "dist", "--package", "onsite-size", "--message-format", "json"])
        .output()?;
    if !built.status.success() {
        return Err(String::from_utf8_lossy(&built.stderr).into_owned().into());
    }
    let mut size = Samples::default();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    size.number(std::fs::metadata(library(&built.stdout)?)?.len() as f64);
    Ok(vec![
        Line::new("stripped library that calls all of the API", Unit::Size, size, None)
            .limits(&[limit(Median, 12e6, 8e6)]),
    ])
}

/// Where cargo says that it lies.
fn library(told: &[u8]) -> Outcome<PathBuf> {
    for line in told.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: serde_json::Value = serde_json::from_slice(line)?;
        if message.pointer("/target/name").and_then(serde_json::Value::as_str) == Some("onsite_size")
            && let Some(file) = message.pointer("/filenames/0").and_then(serde_json::Value::as_str)
        {
            return Ok(file.into());
        }
    }
    Err("cargo did not say where the library is".into())
}
