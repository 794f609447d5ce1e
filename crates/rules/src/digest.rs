//! How two sides compare what they hold, without sending it.

/// One object's mark: both sides XOR the marks of all objects they hold of a feed.
///
/// The 16 bytes of the id as two big-endian words and the revision are mixed by the finalizer of splitmix64 one after the
/// other, so that any client can compute it with 64-bit arithmetic.
pub const fn mark(id: &[u8; 16], revision: i64) -> u64 {
    let wide = u128::from_be_bytes(*id);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves are meant")]
    let (high, low) = ((wide >> 64) as u64, wide as u64);
    mix(mix(mix(high) ^ low) ^ revision.cast_unsigned())
}

const fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A running digest: how many objects, and the XOR of their marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many.
    pub count: i64,
    /// XOR of their marks.
    pub xor: u64,
}

impl Tally {
    /// Counts one object in.
    pub const fn add(&mut self, id: &[u8; 16], revision: i64) {
        self.count += 1;
        self.xor ^= mark(id, revision);
    }

    /// The XOR as it is written on the wire.
    pub fn hex(self) -> String {
        format!("{:016x}", self.xor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_does_not_matter_and_one_differing_revision_does(
            objects in prop::collection::btree_map(prop::array::uniform16(0..=255_u8), 0..1_000_i64, 1..40),
            pick in any::<prop::sample::Index>(),
        ) {
            let tally = |reversed: bool, changed: Option<&[u8; 16]>| {
                let mut all: Vec<_> = objects.iter().collect();
                if reversed {
                    all.reverse();
                }
                let mut tally = Tally::default();
                for (id, revision) in all {
                    tally.add(id, revision + i64::from(changed == Some(id)));
                }
                tally
            };
            let picked = objects.keys().nth(pick.index(objects.len()));
            prop_assert_eq!(tally(false, None), tally(true, None));
            prop_assert_ne!(tally(false, None).xor, tally(false, picked).xor);
        }
    }
}
