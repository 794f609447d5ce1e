//! Photos as a terminal makes and shows them: the preview of one that is sent, and a preview as half blocks of two colours.
//! On a phone its system does both.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

/// The longest side of a preview.
const SIDE: u32 = 160;
/// The most bytes of a preview.
const BYTES: usize = onsite_rules::photo::PREVIEW_BYTES;
/// The most memory that a photo may take while its preview is made.
const MEMORY: u64 = 512 * 1_024 * 1_024;
/// How wide a preview is drawn, and how high, in cells; a cell shows two pixels, one above the other.
const COLUMNS: u32 = 28;
const LINES: u32 = 9;

/// A photo's pixels as a person sees them; nothing where it cannot be shown.
fn decoded(bytes: &[u8]) -> Option<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(orientation);
    Some(image)
}

/// The preview of a photo in a file; nothing where none can be made: the photo goes without.
pub fn preview(path: &Path) -> Option<Vec<u8>> {
    preview_of(&std::fs::read(path).ok()?)
}

/// The preview of a photo.
pub fn preview_of(bytes: &[u8]) -> Option<Vec<u8>> {
    let small = decoded(bytes)?.thumbnail(SIDE, SIDE).to_rgb8();
    [70, 50, 30, 15].into_iter().find_map(|quality| {
        let mut made = Vec::new();
        JpegEncoder::new_with_quality(&mut made, quality).encode_image(&small).ok()?;
        (made.len() <= BYTES).then_some(made)
    })
}

/// A preview as lines of half blocks; none where it cannot be shown.
pub fn half_blocks(preview: &[u8]) -> Vec<Line<'static>> {
    let Some(image) = decoded(preview) else { return Vec::new() };
    let small = image.thumbnail(COLUMNS, LINES * 2).to_rgb8();
    let colour = |x: u32, y: u32| small.get_pixel_checked(x, y).map(|pixel| Color::Rgb(pixel[0], pixel[1], pixel[2]));
    let cell = |x: u32, y: u32| {
        let style = Style::new().fg(colour(x, y).unwrap_or_default()).bg(colour(x, y + 1).unwrap_or_default());
        Span::styled("▀", style)
    };
    let rows = (0..small.height()).step_by(2);
    rows.map(|y| Line::from_iter(std::iter::once(Span::raw("  ")).chain((0..small.width()).map(|x| cell(x, y)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};

    fn photo(width: u32, height: u32) -> Vec<u8> {
        let image =
            RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 13) as u8, ((x * y) % 251) as u8]));
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_preview_is_one_that_the_core_takes_and_a_terminal_shows() {
        let made = preview_of(&photo(1_600, 1_200)).unwrap();
        assert_eq!(onsite_rules::photo::strip_preview(&made).map(|preview| preview.is_empty()), Ok(false));
        let lines = half_blocks(&made);
        assert!((5..=9).contains(&lines.len()), "{}", lines.len());
        assert!(lines.iter().all(|line| line.width() <= 30 && line.width() > 10));
    }

    #[test]
    fn what_is_no_photo_is_sent_without_preview_and_drawn_as_nothing() {
        assert_eq!(preview_of(b"no image"), None);
        assert_eq!(preview(Path::new("there is none")), None);
        assert!(half_blocks(b"no image").is_empty());
    }
}
