//! Screens of a real run as a picture: a server with invented organizations, the core, and the keys that a person presses.
//! Both clocks begin at a fixed time, so that the same seed gives the same alarms.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::ConsoleError;
use crate::api::{Access, AccountConfig, Timestamp};
use crate::app::message::{Command, Message};
use crate::app::{Model, Setting, update};
use crate::embedded::demonstrate;
use crate::link::Link;
use crate::opening;
use crate::screens::draw;
use crate::svg;
use crate::widgets::look::Look;
use crate::words::Zone;

const SIZE: Rect = Rect { x: 0, y: 0, width: 120, height: 36 };
/// 2026-11-23, 02:40 UTC.
const NIGHT: Timestamp = Timestamp::from_millis(1_795_401_600_000);
/// Longer than this nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// A plot that is worth a picture has so many pieces.
const PIECES: usize = 60;

/// The clock of both sides.
#[derive(Debug, Clone, Copy)]
struct NightClock(Instant);

impl NightClock {
    fn millis(self) -> i64 {
        i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl onsite_server::Clock for NightClock {
    fn now(&self) -> Timestamp {
        NIGHT.plus_millis(self.millis())
    }
}

impl onsite::time::Clock for NightClock {
    fn now(&self) -> onsite::time::Moment {
        let monotonic_ms = self.millis();
        onsite::time::Moment { wall: NIGHT.plus_millis(monotonic_ms), monotonic_ms, boot: 1 }
    }
}

/// Writes the list of alarms and one alarm with its plot.
pub async fn write(file: &Path, seed: u64) -> Result<(), ConsoleError> {
    let folder = tempfile::tempdir().map_err(ConsoleError::io("temporary folder"))?;
    let clock = NightClock(Instant::now());
    let demonstration = demonstrate(&folder.path().join("server"), seed, Arc::new(clock)).await?;
    let url = demonstration.server.base_url();
    let config = AccountConfig {
        clock: Arc::new(clock),
        ..opening::config(&folder.path().join("phone"), &url, Access::Person)?
    };
    let account = opening::open_as(config, &demonstration.email, |_| Ok(demonstration.password.clone())).await?;
    let (messages, told) = unbounded_channel();
    let setting = Setting { server: url, folder: String::new(), zone: Zone::utc(), look: Look::colours() };
    let (model, commands) = Model::new(setting, account.state());
    let mut hand = Hand { model, link: Link::new(account.clone(), messages), told };
    hand.perform(commands);
    let screens = hand.shift().await;
    std::fs::write(file, svg::drawn(&screens)).map_err(ConsoleError::io(file.display().to_string()))?;
    drop(hand);
    account.shutdown().await;
    demonstration.server.stop().await;
    Ok(())
}

/// Somebody who presses keys and waits for what comes.
struct Hand {
    model: Model,
    link: Link,
    told: UnboundedReceiver<Message>,
}

impl Hand {
    fn perform(&mut self, commands: Vec<Command>) {
        commands.into_iter().for_each(|command| self.link.perform(command));
    }

    fn press(&mut self, code: KeyCode) {
        let commands = update(&mut self.model, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        self.perform(commands);
    }

    /// Takes what comes until it is so, or patience ends.
    async fn wait(&mut self, is_so: impl Fn(&Model) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(&self.model) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(Some(message)) = tokio::time::timeout(left, self.told.recv()).await else { return };
            let commands = update(&mut self.model, message);
            self.perform(commands);
        }
    }

    fn look(&mut self) -> Buffer {
        let mut buffer = Buffer::empty(SIZE);
        let drawn = draw(&self.model, &mut buffer);
        self.model.drawn(drawn.top, drawn.rows);
        buffer
    }

    async fn shift(&mut self) -> Vec<Buffer> {
        self.wait(|model| model.state.live && model.state.read_at.is_some() && !model.organizations.is_empty()).await;
        self.wait(|model| model.tiles.iter().all(|tile| tile.count.is_some_and(|count| count > 0))).await;
        self.press(KeyCode::Char('a'));
        self.wait(|model| model.alarms.is_read && model.alarms.total.is_some_and(|total| total > 20)).await;
        let list = self.look();
        for _ in 0..self.model.alarms.rows.len() {
            self.press(KeyCode::Enter);
            self.wait(|model| model.alarm.as_ref().is_some_and(|open| open.history.is_some())).await;
            if self.has_plot() {
                break;
            }
            self.press(KeyCode::Esc);
            self.press(KeyCode::Down);
        }
        vec![list, self.look()]
    }

    fn has_plot(&self) -> bool {
        let plot = self.model.alarm.as_ref().and_then(|open| open.plot.as_ref());
        plot.is_some_and(|plot| plot.as_ref().is_ok_and(|plot| plot.history.buckets.len() >= PIECES))
    }
}
