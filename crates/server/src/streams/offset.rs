//! Offsets of measurement streams: URL-safe text, a position and the time at which it was handed out.

use onsite_wire::time::Timestamp;

/// From where a replay can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// The position of the line that carried it.
    pub(super) position: i64,
    /// When it was handed out.
    pub(super) at: Timestamp,
}

impl std::fmt::Display for Offset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}-{:x}", self.position, self.at.millis())
    }
}

impl std::str::FromStr for Offset {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (position, at) = text.split_once('-').ok_or(())?;
        let number = |text| i64::from_str_radix(text, 16).ok().filter(|number| *number >= 0).ok_or(());
        Ok(Self { position: number(position)?, at: Timestamp::from_millis(number(at)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_written_is_read_back_and_nonsense_is_none() {
        let offset = Offset { position: 4_711, at: Timestamp::from_millis(1_763_619_249_120) };
        assert_eq!(offset.to_string().parse(), Ok(offset));
        for text in ["", "-", "12", "zz-1", "-1-2", "1--2", "1-2-3"] {
            assert_eq!(text.parse::<Offset>(), Err(()), "{text}");
        }
    }
}
