//! Text that comes from others, made fit for a screen: cut, wrapped, and without what would move its neighbours.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text cut to so many columns, with `…` where something is missing. Control characters, and the invisible ones that
/// turn the direction of text, would move what stands beside them: they become a visible dot.
pub fn cut(text: &str, columns: usize) -> String {
    let calm: String = text.chars().map(|letter| if is_disturbing(letter) { '·' } else { letter }).collect();
    if calm.width() <= columns {
        return calm;
    }
    let mut width = 0;
    let mut short = String::new();
    for letter in calm.chars() {
        width += letter.width().unwrap_or_default();
        if width + 1 > columns {
            break;
        }
        short.push(letter);
    }
    if columns > 0 {
        short.push('…');
    }
    short
}

fn is_disturbing(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many columns a text takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Text in lines of at most so many columns, broken between words where there are any.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for letter in word.chars() {
            if line.width() + letter.width().unwrap_or_default() > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(if is_disturbing(letter) { '·' } else { letter });
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}
