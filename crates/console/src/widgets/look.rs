//! How things look: the one place with colours. Without colour everything is still told apart by words and signs, and by
//! bold, dim and reversed text.

use onsite_rules::severity::Shown;
use onsite_wire::rest::ZoneSeverity;
use ratatui::style::{Color, Modifier, Style};

use crate::api::Status;

/// With colours, or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    colour: bool,
}

impl Look {
    /// With colours unless the person's environment says `NO_COLOR`.
    pub fn of_environment() -> Self {
        match std::env::var_os("NO_COLOR") {
            Some(value) if !value.is_empty() => Self::plain(),
            _ => Self::colours(),
        }
    }

    /// With colours.
    pub const fn colours() -> Self {
        Self { colour: true }
    }

    /// Without any.
    pub const fn plain() -> Self {
        Self { colour: false }
    }

    /// Whether there are any.
    pub const fn has_colours(self) -> bool {
        self.colour
    }

    const fn fg(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// Act now.
    pub const fn critical(self) -> Style {
        self.fg(Color::LightRed).add_modifier(Modifier::BOLD)
    }

    /// Have a look.
    pub const fn warning(self) -> Style {
        self.fg(Color::Yellow)
    }

    /// As it should be.
    pub const fn good(self) -> Style {
        self.fg(Color::Green)
    }

    /// A key, a link, what can be pressed.
    pub const fn key(self) -> Style {
        self.fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// What matters less.
    pub const fn dim(self) -> Style {
        if self.colour { Style::new().fg(Color::DarkGray) } else { Style::new().add_modifier(Modifier::DIM) }
    }

    /// Headings, labels.
    pub const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The row on which a key would act.
    pub const fn here(self) -> Style {
        if self.colour { Style::new().bg(Color::Indexed(237)) } else { Style::new().add_modifier(Modifier::REVERSED) }
    }

    /// The first line of the screen.
    pub const fn bar(self) -> Style {
        if self.colour {
            Style::new().bg(Color::Indexed(236)).fg(Color::White)
        } else {
            Style::new().add_modifier(Modifier::REVERSED)
        }
    }

    /// By severity; what is over is dim.
    pub const fn severity(self, severity: Shown, status: Status) -> Style {
        match (status, severity) {
            (Status::Cleared, _) => self.dim(),
            (Status::Active, Shown::Critical) => self.critical(),
            (Status::Active, Shown::Warning) => self.warning(),
        }
    }

    /// By what a value means.
    pub const fn zone(self, severity: Option<ZoneSeverity>) -> Style {
        match severity {
            None => self.key(),
            Some(ZoneSeverity::Normal) => self.good(),
            Some(ZoneSeverity::Warning) => self.warning(),
            Some(ZoneSeverity::Critical) => self.critical(),
        }
    }
}

/// Severity as a sign and a word, always eight columns wide, so that it is told without colour.
pub const fn severity_words(severity: Shown, status: Status) -> &'static str {
    match (status, severity) {
        (Status::Active, Shown::Critical) => "!! CRIT ",
        (Status::Active, Shown::Warning) => " ! WARN ",
        (Status::Cleared, Shown::Critical) => " ✓ crit ",
        (Status::Cleared, Shown::Warning) => " ✓ warn ",
    }
}
