//! Where a person is in a list: the row on which a key would act, and the first row that is on the screen.

/// A place in a list. Both numbers count rows from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The row on which a key would act.
    pub selected: usize,
    /// The first row on the screen when it was last drawn.
    pub top: usize,
}

impl Position {
    /// Moves by some rows; stays inside `len` rows.
    pub fn step(&mut self, by: isize, len: usize) {
        self.selected = self.selected.saturating_add_signed(by).min(len.saturating_sub(1));
    }

    /// Stays inside `len` rows when the list became shorter.
    pub fn keep_inside(&mut self, len: usize) {
        self.step(0, len);
    }

    /// The first row to draw so that the selected one is on the screen and nothing moves without need.
    pub const fn top_within(&self, height: usize, len: usize) -> usize {
        let mut top = self.top;
        if self.selected < top {
            top = self.selected;
        }
        if self.selected >= top + height {
            top = (self.selected + 1).saturating_sub(height);
        }
        let last_top = len.saturating_sub(height);
        if top > last_top { last_top } else { top }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_row_is_on_the_screen_and_the_list_moves_no_more_than_it_must() {
        let mut at = Position::default();
        at.step(4, 20);
        assert_eq!((at.selected, at.top_within(5, 20)), (4, 0));
        at.step(1, 20);
        at.top = at.top_within(5, 20);
        assert_eq!(at.top, 1);
        at.step(-3, 20);
        assert_eq!(at.top_within(5, 20), 1, "still on the screen");
        at.step(-9, 20);
        assert_eq!((at.selected, at.top_within(5, 20)), (0, 0));
        at.step(99, 20);
        assert_eq!((at.selected, at.top_within(5, 20)), (19, 15));
    }

    #[test]
    fn a_list_that_became_shorter_keeps_the_selection_inside() {
        let mut at = Position { selected: 9, top: 7 };
        at.keep_inside(3);
        assert_eq!((at.selected, at.top_within(5, 3)), (2, 0));
        at.keep_inside(0);
        assert_eq!(at.selected, 0);
    }
}
