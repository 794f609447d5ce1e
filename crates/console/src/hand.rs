//! A hand on the console without a terminal: presses keys, and waits for what comes. Pictures and tests are made with it.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::api::Account;
use crate::app::message::{Command, Message};
use crate::app::{Model, Setting, update};
use crate::link::Link;
use crate::screens::draw;

const SIZE: Rect = Rect { x: 0, y: 0, width: 120, height: 36 };
/// Longer than this nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who presses keys and waits for what comes.
pub struct Hand {
    /// What the console shows.
    pub model: Model,
    link: Link,
    told: UnboundedReceiver<Message>,
}

impl Hand {
    /// Takes the console up at home.
    pub fn new(account: &Account, setting: Setting) -> Self {
        let (messages, told) = unbounded_channel();
        let (model, commands) = Model::new(setting, account.state());
        let mut hand = Self { model, link: Link::new(account.clone(), messages), told };
        hand.perform(commands);
        hand
    }

    fn perform(&mut self, commands: Vec<Command>) {
        commands.into_iter().for_each(|command| self.link.perform(command));
    }

    /// Presses a key.
    pub fn press(&mut self, code: KeyCode) {
        let commands = update(&mut self.model, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        self.perform(commands);
    }

    /// Takes what comes until it is so; `false`: patience ended before.
    pub async fn wait(&mut self, is_so: impl Fn(&Model) -> bool) -> bool {
        let end = Instant::now() + PATIENCE;
        while !is_so(&self.model) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(Some(message)) = tokio::time::timeout(left, self.told.recv()).await else { return false };
            let commands = update(&mut self.model, message);
            self.perform(commands);
        }
        true
    }

    /// The screen as it is now.
    pub fn look(&mut self) -> Buffer {
        let mut buffer = Buffer::empty(SIZE);
        let drawn = draw(&self.model, &mut buffer);
        self.model.drawn(drawn.top, drawn.rows);
        buffer
    }
}
