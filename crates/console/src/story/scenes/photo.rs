//! Down in the basement again: a photo of the display, taken without signal, that arrives once and without where it was taken.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use onsite::account::PhotoStage;
use onsite::incidents::{ChatRow, IncidentFilter};
use onsite::photos::{NewPhoto, PhotoSource};
use onsite_wire::ids::MessageId;
use onsite_wire::onsite::PhotoState;

use crate::snapshot::preview_of;
use crate::story::StoryError;
use crate::story::shift::Shift;

/// What a camera writes into a photo: a block that says where it was taken, in degrees, minutes and seconds.
const PLACE: &[u8] = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x88\x25\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0\
    \0\x01\0\x02\0\x05\0\0\0\x03\0\0\0\x2c\0\0\0\0\0\0\0\x35\0\0\0\x01\0\0\0\x1f\0\0\0\x01\0\0\x15\xe0\0\0\0\x64";

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("A photo from the basement")?;
    // What was written before may have made one of them mine a moment ago.
    shift.technician.account()?.refresh(None)?;
    shift.technician.at_rest().await?;
    let filter = IncidentFilter { organization: Some(shift.home), mine: true, ..IncidentFilter::active() };
    let mut rows = shift.technician.incidents(filter).await?;
    rows.sort_by(|one, other| (&one.subject, one.id).cmp(&(&other.subject, other.id)));
    let Some(row) = rows.into_iter().next() else {
        return shift.teller.says(&shift.technician, "no incident of mine is under way here");
    };
    let taken = photograph(shift)?;
    let preview = preview_of(&taken);
    shift.technician.account()?.set_offline(true)?;
    let photo = NewPhoto { source: PhotoSource::Bytes(taken.clone()), preview };
    let incidents = shift.technician.account()?.incidents().clone();
    let message = incidents.write_with_photo(row.id, "This is the display.", photo).await?;
    let here = |rows: &[ChatRow]| rows.iter().any(|row| row.id == message && row.photo.is_some());
    shift.technician.chat_until(row.id, "it stands in the chat", here).await?;
    let waits = shift.technician.account()?.photos().iter().any(|photo| photo.stage == PhotoStage::WaitsForMessage);
    let kept = incidents.photo(row.id, message).await?;
    let text = format!(
        "a photo in the chat of \"{}\": waits for its message: {waits}; where it was taken is in what the camera wrote: {}, \
         in what is kept: {}",
        row.subject,
        tells_place(&taken),
        tells_place(&kept)
    );
    shift.teller.says(&shift.technician, &text)?;
    shift.technician.account()?.set_offline(false)?;
    shift.technician.wakes_with_signal().await?;
    shift.technician.sends_all().await?;
    let theirs = shift.colleague.chat_until(row.id, "the photo is there", |rows| arrived(rows, message)).await?;
    let seen = shift.colleague.account()?.incidents().photo(row.id, message).await?;
    let lines = theirs.iter().filter(|row| row.photo.is_some()).count();
    let text = format!("{lines} photo in the chat, there; the same as on its writer's phone: {}", seen == kept);
    shift.teller.says(&shift.colleague, &text)
}

fn arrived(rows: &[ChatRow], message: MessageId) -> bool {
    let photo = rows.iter().find(|row| row.id == message).and_then(|row| row.photo.as_ref());
    photo.is_some_and(|photo| photo.state == PhotoState::There)
}

/// A photo that the seed decides, with what a camera adds.
fn photograph(shift: &mut Shift<'_>) -> Result<Vec<u8>, StoryError> {
    let shades: [u8; 3] = std::array::from_fn(|_| u8::try_from(shift.stage.chance.below(200)).unwrap_or_default());
    let display = |x: u32, y: u32| if (x / 40 + y / 30).is_multiple_of(2) { Rgb(shades) } else { Rgb([240, 240, 230]) };
    let mut bytes = Cursor::new(Vec::new());
    let drawn = RgbImage::from_fn(640, 480, display).write_to(&mut bytes, ImageFormat::Jpeg);
    drawn.map_err(|_| StoryError::Lacks("a photo"))?;
    let bytes = bytes.into_inner();
    let (begin, rest) = bytes.split_at_checked(2).ok_or(StoryError::Lacks("a photo"))?;
    let length = u16::try_from(PLACE.len() + 2).unwrap_or_default().to_be_bytes();
    Ok([begin, &[0xff, 0xe1], &length, PLACE, rest].concat())
}

fn tells_place(photo: &[u8]) -> bool {
    photo.windows(PLACE.len()).any(|window| window == PLACE)
}
