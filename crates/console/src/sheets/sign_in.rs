//! E-mail and password, when the session has ended.

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use secrecy::SecretString;

use super::Answer;
use crate::app::field::Field;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::widgets::drawing::{Drawing, middle};

/// What is typed.
#[derive(Debug, Clone, Default)]
pub struct SignInSheet {
    email: Field,
    password: Field,
    is_password: bool,
}

impl SignInSheet {
    pub const fn field(&mut self) -> &mut Field {
        if self.is_password { &mut self.password } else { &mut self.email }
    }

    pub fn keys(&self) -> Vec<Key> {
        let does = if self.is_password { "sign in" } else { "on to the password" };
        vec![Key::of(KeyCode::Enter, does, Intent::Submit), Key::of(KeyCode::Tab, "the other field", Intent::Next)]
    }

    pub fn wish(&mut self, intent: Intent) -> Answer {
        match intent {
            Intent::Submit if self.is_password => {
                let (email, password) = (self.email.text().trim().to_owned(), self.password.text().to_owned());
                self.password = Field::default();
                return Answer::Stay(vec![Command::SignIn(email, SecretString::from(password))]);
            }
            Intent::Submit => self.is_password = true,
            Intent::Next | Intent::Previous => self.is_password = !self.is_password,
            Intent::Part(part) => self.is_password = part == 1,
            _ => {}
        }
        Answer::Stay(Vec::new())
    }

    pub fn view(&self, drawing: &mut Drawing<'_>, area: Rect) {
        let inside = drawing.framed(middle(area, 64, 4), "Sign in", true);
        let email = Rect { height: 1, ..inside };
        let password = Rect { y: inside.y + 1, ..email };
        drawing.field(email, " E-mail  ", &self.email, !self.is_password, false);
        drawing.field(password, " Password", &self.password, self.is_password, true);
        drawing.click(email, Intent::Part(0));
        drawing.click(password, Intent::Part(1));
    }
}
