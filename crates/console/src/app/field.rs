//! A line of text that a person types.

/// The text and where the next letter goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field {
    text: String,
    /// In letters from the beginning.
    cursor: usize,
}

/// A key pressed in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// A letter is typed.
    Letter(char),
    /// The letter before goes.
    Backspace,
    /// The letter behind goes.
    Delete,
    /// One letter back.
    Left,
    /// One letter on.
    Right,
    /// To the beginning.
    Start,
    /// To the end.
    End,
    /// All of it goes.
    Clear,
}

impl Field {
    /// A field that holds a text, with the cursor behind it.
    pub fn holding(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.chars().count() }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before and behind the cursor.
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at(self.byte(self.cursor))
    }

    fn byte(&self, letter: usize) -> usize {
        self.text.char_indices().nth(letter).map_or(self.text.len(), |(at, _)| at)
    }

    /// Takes a key.
    pub fn edit(&mut self, edit: Edit) {
        let len = self.text.chars().count();
        match edit {
            Edit::Letter(letter) => {
                self.text.insert(self.byte(self.cursor), letter);
                self.cursor += 1;
            }
            Edit::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.byte(self.cursor));
            }
            Edit::Delete if self.cursor < len => drop(self.text.remove(self.byte(self.cursor))),
            Edit::Backspace | Edit::Delete => {}
            Edit::Left => self.cursor = self.cursor.saturating_sub(1),
            Edit::Right => self.cursor = (self.cursor + 1).min(len),
            Edit::Start => self.cursor = 0,
            Edit::End => self.cursor = len,
            Edit::Clear => *self = Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_script_are_typed_and_taken_back_one_by_one() {
        let mut field = Field::default();
        "空調é".chars().for_each(|letter| field.edit(Edit::Letter(letter)));
        field.edit(Edit::Left);
        field.edit(Edit::Backspace);
        assert_eq!(field.halves(), ("空", "é"));
        field.edit(Edit::Delete);
        field.edit(Edit::Delete);
        field.edit(Edit::Start);
        field.edit(Edit::Backspace);
        assert_eq!(field.text(), "空");
    }
}
