//! Prints the story. It adds headings and the time; whatever else a line says was read from the core by its caller.

use std::io::Write;
use std::time::Duration;

use super::StoryError;
use super::clock::time_of_day;
use super::phone::Phone;

/// Prints the story, line by line.
pub struct Teller<'a> {
    out: &'a mut (dyn Write + Send),
}

impl<'a> Teller<'a> {
    /// Tells it there.
    pub fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self { out }
    }

    /// A heading.
    pub fn scene(&mut self, title: &str) -> Result<(), StoryError> {
        writeln!(self.out, "\n{title}")?;
        Ok(())
    }

    /// A line as it is: of the witness, or of another process.
    pub fn line(&mut self, text: &str) -> Result<(), StoryError> {
        writeln!(self.out, "{text}")?;
        Ok(self.out.flush()?)
    }

    /// What a phone's core reported: with the server's time as this core knows it, and the person whose phone it is.
    pub fn says(&mut self, phone: &Phone, text: &str) -> Result<(), StoryError> {
        let state = phone.state()?;
        let who = state.person.map_or_else(|| "nobody".to_owned(), |person| person.name);
        self.line(&format!("  {}  {who}: {text}", time_of_day(state.now)))
    }

    /// The same with a measured time, which is another one in each telling and stands in brackets at the end of the line.
    pub fn says_measured(&mut self, phone: &Phone, text: &str, measured: Duration) -> Result<(), StoryError> {
        self.says(phone, &format!("{text} ({} ms)", measured.as_millis()))
    }
}

/// A told line without its measured time.
pub fn without_measured(line: &str) -> &str {
    let is_measured = |bracket: &str| {
        bracket.strip_suffix(" ms)").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match line.rsplit_once(" (") {
        Some((told, bracket)) if is_measured(bracket) => told,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::without_measured;

    #[test]
    fn only_a_measured_time_at_the_end_is_cut_off() {
        assert_eq!(without_measured("  05:30  Ada: all read (412 ms)"), "  05:30  Ada: all read");
        for whole in ["all read (twice)", "(412 ms) all read", "412 ms)", "12 of 96 ( ms"] {
            assert_eq!(without_measured(whole), whole);
        }
    }
}
