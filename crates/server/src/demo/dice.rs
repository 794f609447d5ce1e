//! Randomness and ids from a seed.

use onsite_rules::digest::mark;
use onsite_wire::ids::{ActionId, Uuid};
use onsite_wire::time::Timestamp;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A source of chance.
#[derive(Debug, Clone)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of one subject: another draw there leaves those of every other subject as they were.
    pub(super) fn of(seed: u64, subject: &str) -> Self {
        let mut source = ChaCha8Rng::seed_from_u64(seed);
        source.set_stream(
            subject
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)),
        );
        Self(source)
    }

    /// A number from 0 up to but without `end`; 0 if there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// A number between 0 and 1.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// A number between `low` and `high`.
    pub(super) fn real(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True in this share of all cases.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of these, if there are any.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }

    /// One of these words.
    pub(super) fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick(words).copied().unwrap_or_default()
    }

    /// Puts them into any order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// A new id.
    pub(super) fn id(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The id of an action that a phone made at this time.
    pub(super) fn action(&mut self, at: Timestamp) -> ActionId {
        let mut bytes = [0; 10];
        self.0.fill_bytes(&mut bytes);
        let millis = u64::try_from(at.millis()).unwrap_or_default();
        ActionId(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }
}

/// The `n`th id that follows from another one: a sensor's from its device's, so that it need not be remembered.
pub(super) fn derived(id: Uuid, n: i64) -> Uuid {
    let wide = u128::from(mark(id.as_bytes(), n)) << 64 | u128::from(mark(id.as_bytes(), !n));
    uuid::Builder::from_random_bytes(wide.to_be_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_s_dice_fall_the_same_way_again_and_another_s_do_not() {
        let draw = |seed, subject| Dice::of(seed, subject).id();
        assert_eq!(draw(1, "places"), draw(1, "places"));
        assert_ne!(draw(1, "places"), draw(1, "people"));
        assert_ne!(draw(1, "places"), draw(2, "places"));
    }

    #[test]
    fn an_action_s_id_is_of_version_7_and_of_its_time() {
        let id = Dice::of(1, "acts").action(Timestamp::from_millis(1_763_619_249_120));
        assert_eq!(id.0.get_version_num(), 7);
        assert_eq!(id.0.as_u128() >> 80, 1_763_619_249_120);
    }
}
