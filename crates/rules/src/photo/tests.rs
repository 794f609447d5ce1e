//! What leaves a phone of a photo, and what does not.

use onsite_wire::codes::Code;
use onsite_wire::onsite::{PhotoFacts, PhotoHash, PhotoType};
use proptest::prelude::*;

use super::samples::{SECRETS, bomb, chunk, full_jpeg, full_png, plain_jpeg, plain_png, rationals, segment};
use super::*;

const HERE: (f64, f64) = (53.531_943_71, -10.007_324_68);

fn out(bytes: &[u8]) -> Vec<u8> {
    strip(bytes).unwrap().pieces(bytes).collect::<Vec<_>>().concat()
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn code(bytes: &[u8]) -> Code {
    strip(bytes).unwrap_err().code
}

fn assert_nothing_told(clean: &[u8], what: &str) {
    for secret in SECRETS {
        assert!(!holds(clean, secret.as_bytes()), "{what}: {secret} is still in it");
    }
    for value in [HERE.0, HERE.1] {
        for little in [false, true] {
            assert!(!holds(clean, &rationals(value, little)), "{what}: the position is still in it");
        }
        assert!(!holds(clean, format!("{:.3}", value.abs()).as_bytes()), "{what}: the position is still in it");
    }
}

#[test]
fn position_serial_number_thumbnail_and_all_words_are_gone_and_the_way_up_stays() {
    for orientation in 1..=8 {
        for little in [false, true] {
            let photo = full_jpeg(HERE, orientation, little, 3_000, 5);
            assert!(
                SECRETS.iter().all(|secret| holds(&photo, secret.as_bytes()))
                    && holds(&photo, &rationals(HERE.0, little))
            );
            let clean = out(&photo);
            assert_nothing_told(&clean, "JPEG");
            let stripped = strip(&photo).unwrap();
            assert_eq!(stripped.size(&photo), clean.len());
            let turned = orientation >= 5;
            assert_eq!((stripped.width, stripped.height), if turned { (480, 640) } else { (640, 480) });
            let exif = holds(&clean, b"Exif\0\0").then(|| clean.iter().position(|byte| *byte == b'E').unwrap());
            let said = exif.map(|at| orientation::Orientation::of(&clean[at + 6..]).unwrap());
            let wanted = orientation::Orientation::of(&super::samples::tiff(HERE, orientation, little)).unwrap();
            assert_eq!(said.unwrap_or(orientation::Orientation::UPRIGHT), wanted);
            assert!(holds(&clean, b"Adobe"), "or its colours would be others");
            assert!(clean.len() < 3_300 && clean.ends_with(&[0xff, 0xd9]));
        }
        let photo = full_png(HERE, orientation, 5);
        assert!(SECRETS.iter().filter(|secret| holds(&photo, secret.as_bytes())).count() >= 5);
        let clean = out(&photo);
        assert_nothing_told(&clean, "PNG");
        assert_eq!(holds(&clean, b"eXIf"), orientation != 1);
        assert!(holds(&clean, b"gAMA"));
    }
}

#[test]
fn what_was_stripped_is_stripped_no_further_and_only_that_is_taken_by_a_server() {
    for photo in [full_jpeg(HERE, 6, true, 900, 1), full_png(HERE, 6, 1), plain_jpeg(8, 8, 90, 1), plain_png(9, 7, 1)] {
        let clean = out(&photo);
        assert_eq!(out(&clean), clean);
        let stripped = strip(&clean).unwrap();
        let facts = facts(&clean, &stripped);
        assert_eq!(agrees(&facts, &clean), Ok(()));
        if photo != clean {
            assert_eq!(agrees(&facts, &photo).unwrap_err().code, Code::PhotoNotStripped);
        }
        let other = PhotoFacts { width: facts.width + 1, ..facts.clone() };
        assert_eq!(agrees(&other, &clean).unwrap_err().arguments["detail"], "dimensions");
        let other = if facts.kind == PhotoType::Png { PhotoType::Jpeg } else { PhotoType::Png };
        assert_eq!(agrees(&PhotoFacts { kind: other, ..facts }, &clean).unwrap_err().arguments["detail"], "type");
    }
}

fn facts(clean: &[u8], stripped: &Stripped) -> PhotoFacts {
    PhotoFacts {
        sha256: PhotoHash([0; 32]),
        size: i64::try_from(clean.len()).unwrap(),
        kind: stripped.kind,
        width: i32::try_from(stripped.width).unwrap(),
        height: i32::try_from(stripped.height).unwrap(),
        preview: None,
    }
}

#[test]
fn what_is_no_photo_is_refused_with_its_reason() {
    assert_eq!(code(b""), Code::PhotoEmpty);
    for other in [&b"GIF89a"[..], b"\0\0\0\x18ftypheic", b"%PDF-1.7", b"\xff\xd8", b"\x89PNG"] {
        assert_eq!(code(other), Code::PhotoNotImage);
    }
    assert_eq!(code(&plain_jpeg(8, 8, 30_000_000, 1)), Code::PhotoTooLarge);
    assert_eq!(code(&bomb(65_535, 65_535)), Code::PhotoTooManyPixels);
    assert_eq!(code(&bomb(u32::MAX, 1)), Code::PhotoTooManyPixels);
    assert_eq!(code(&plain_jpeg(65_535, 65_535, 10, 1)), Code::PhotoTooManyPixels);
    assert_eq!(code(&bomb(0, 8)), Code::PhotoBroken);
    assert_eq!(code(&plain_jpeg(8, 0, 10, 1)), Code::PhotoBroken);
    let trailing = [&[0xff, 0xd8][..], &segment(0xdd, b"\0\x01hidden"), &plain_jpeg(8, 8, 9, 1)[2..]].concat();
    assert_eq!(code(&trailing), Code::PhotoBroken, "a segment may hide nothing behind its content");
    let unknown = [&plain_png(8, 8, 1)[..33], &chunk(b"ABCD", b"?"), &plain_png(8, 8, 1)[33..]].concat();
    assert_eq!(code(&unknown), Code::PhotoBroken);
}

#[test]
fn a_photo_cut_off_anywhere_is_refused() {
    for photo in [full_jpeg(HERE, 6, false, 300, 2), plain_png(12, 9, 2)] {
        let whole = out(&photo);
        for length in 1..whole.len() {
            assert!(matches!(code(&whole[..length]), Code::PhotoBroken | Code::PhotoNotImage), "{length} bytes");
        }
    }
}

#[test]
fn a_preview_is_small_and_stripped_too() {
    let preview = full_png(HERE, 6, 1);
    assert_eq!(strip_preview(&preview).unwrap_err().arguments["detail"], "too many bytes");
    let preview = full_jpeg(HERE, 6, true, 2_000, 1);
    assert_eq!(strip_preview(&preview).unwrap_err().arguments["detail"], "too many pixels");
    assert_eq!(strip_preview(b"no image").unwrap_err().code, Code::PhotoPreviewInvalid);
    let preview = [&plain_jpeg(64, 48, 500, 1)[..], b"behind-secret"].concat();
    let clean = strip_preview(&preview).unwrap();
    assert_nothing_told(&clean, "preview");
    let photo = plain_jpeg(640, 480, 5_000, 1);
    let facts = PhotoFacts { preview: Some(clean), ..facts(&photo, &strip(&photo).unwrap()) };
    assert_eq!(check_facts(&facts), Ok(()));
    let code = |facts: PhotoFacts| check_facts(&facts).unwrap_err().code;
    assert_eq!(code(PhotoFacts { preview: Some(preview), ..facts.clone() }), Code::PhotoNotStripped);
    assert_eq!(code(PhotoFacts { preview: Some(Vec::new()), ..facts.clone() }), Code::PhotoPreviewInvalid);
    assert_eq!(code(PhotoFacts { size: 0, ..facts.clone() }), Code::PhotoEmpty);
    assert_eq!(code(PhotoFacts { size: 30_000_000, ..facts.clone() }), Code::PhotoTooLarge);
    assert_eq!(code(PhotoFacts { kind: PhotoType::Unheard, ..facts.clone() }), Code::PhotoNotImage);
    assert_eq!(code(PhotoFacts { width: 60_000, ..facts.clone() }), Code::PhotoTooManyPixels);
    assert_eq!(code(PhotoFacts { height: -1, ..facts }), Code::PhotoBroken);
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail_and_what_comes_out_goes_in_again(
        place in 0..4_000_usize, with in any::<u8>(), cut in 0..4_000_usize, png in any::<bool>(),
    ) {
        let mut photo = if png { full_png(HERE, 3, 7) } else { full_jpeg(HERE, 3, true, 1_500, 7) };
        let place = place % photo.len();
        photo[place] = with;
        photo.truncate(photo.len() - cut % 40);
        if let Ok(stripped) = strip(&photo) {
            let clean = stripped.pieces(&photo).collect::<Vec<_>>().concat();
            prop_assert_eq!(out(&clean), clean);
        }
    }
}
