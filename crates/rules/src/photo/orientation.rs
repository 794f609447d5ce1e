//! Which way up a photo is: the one thing that is taken over from EXIF.

/// The eight ways, as EXIF numbers them: 1 is upright; from 5 on, width and height change places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orientation(u8);

/// The tag of the orientation.
const TAG: u16 = 0x0112;
/// A number of two bytes.
const SHORT: u16 = 3;

impl Orientation {
    /// Upright.
    pub(super) const UPRIGHT: Self = Self(1);

    /// What a block of EXIF says; what cannot be read says nothing.
    pub(super) fn of(tiff: &[u8]) -> Option<Self> {
        let little = match tiff.get(..4)? {
            [b'I', b'I', 42, 0] => true,
            [b'M', b'M', 0, 42] => false,
            _ => return None,
        };
        let two = |at: usize| {
            let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
            Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
        };
        let first: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
        let first = if little { u32::from_le_bytes(first) } else { u32::from_be_bytes(first) };
        let directory = usize::try_from(first).ok()?;
        let entries = usize::from(two(directory)?);
        let entry_at = |n: usize| directory.checked_add(2)?.checked_add(n.checked_mul(12)?);
        let entry = (0..entries).map_while(entry_at).find(|at| two(*at).is_none_or(|tag| tag == TAG))?;
        let value = (two(entry)? == TAG && two(entry + 2)? == SHORT).then(|| two(entry + 8))??;
        u8::try_from(value).ok().filter(|value| (1..=8).contains(value)).map(Self)
    }

    /// Whether the pixels are drawn as they are stored.
    pub(super) fn is_upright(self) -> bool {
        self == Self::UPRIGHT
    }

    /// Width and height as a person sees them.
    pub(super) const fn turned(self, width: u32, height: u32) -> (u32, u32) {
        if self.0 >= 5 { (height, width) } else { (width, height) }
    }

    /// A block of EXIF that says this and nothing else.
    pub(super) fn block(self) -> Vec<u8> {
        let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01".to_vec();
        tiff.extend_from_slice(&TAG.to_be_bytes());
        tiff.extend_from_slice(&SHORT.to_be_bytes());
        tiff.extend_from_slice(&[0, 0, 0, 1, 0, self.0, 0, 0]);
        tiff.extend_from_slice(&[0; 4]);
        tiff
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_of_the_eight_ways_is_read_back_from_the_block_that_says_it() {
        for way in 1..=8 {
            let block = Orientation(way).block();
            assert_eq!((block.len(), Orientation::of(&block)), (26, Some(Orientation(way))));
        }
        assert_eq!(Orientation(6).turned(4, 3), (3, 4));
        assert_eq!(Orientation(3).turned(4, 3), (4, 3));
    }

    #[test]
    fn a_block_that_is_cut_or_says_nonsense_says_nothing() {
        let block = Orientation(6).block();
        for length in 0..20 {
            assert_eq!(Orientation::of(&block[..length]), None, "{length} bytes");
        }
        for nonsense in [0, 9, 255] {
            assert_eq!(Orientation::of(&Orientation(nonsense).block()), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(mut bytes in prop::collection::vec(any::<u8>(), 0..80), little in any::<bool>()) {
            let head: &[u8] = if little { b"II\x2a\0" } else { b"MM\0\x2a" };
            bytes.splice(..0, head.iter().copied());
            prop_assert!(Orientation::of(&bytes).is_none_or(|way| (1..=8).contains(&way.0)));
        }
    }
}
