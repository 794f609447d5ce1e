//! The whole console but for the terminal: keys pressed, a real core with real files, a real server over HTTP.

use std::sync::Arc;

use onsite_server::SystemClock;
use ratatui::crossterm::event::KeyCode;
use tempfile::TempDir;

use super::states::setting;
use super::text;
use crate::api::{Access, Account};
use crate::app::{Model, Screen};
use crate::embedded::{Demonstration, demonstrate};
use crate::hand::Hand;
use crate::opening;

/// A server with invented organizations, and a technician's phone on it. What is left out lives until the end of the test.
struct Stage {
    hand: Hand,
    account: Account,
    demonstration: Demonstration,
    folder: TempDir,
}

impl Stage {
    async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let demonstration = demonstrate(&folder.path().join("server"), 7, Arc::new(SystemClock)).await.unwrap();
        let url = demonstration.server.base_url();
        let config = opening::config(&folder.path().join("phone"), &url, Access::Person).unwrap();
        let password = demonstration.password.clone();
        let account = opening::open_as(config, &demonstration.email, |_| Ok(password)).await.unwrap();
        let hand = Hand::new(&account, setting());
        Self { hand, account, demonstration, folder }
    }

    async fn end(self) {
        drop(self.hand);
        self.account.shutdown().await;
        self.demonstration.server.stop().await;
        drop(self.folder);
    }

    /// Waits until it is so, and gives the screen.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Model) -> bool) -> String {
        let became_so = self.hand.wait(is_so).await;
        let screen = text(&self.hand.look());
        assert!(became_so, "never: {what}\n{screen}");
        screen
    }

    fn letter(&mut self, letter: char) {
        self.hand.press(KeyCode::Char(letter));
    }
}

fn says(model: &Model, words: &str) -> bool {
    model.notice.as_ref().is_some_and(|notice| notice.text.contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_without_signal_is_on_this_phone_and_with_signal_on_the_server() {
    let mut stage = Stage::set().await;
    stage.until("all is read", |model| model.state.live && model.state.read_at.is_some()).await;
    let first = |model: &Model| model.tiles.first().and_then(|tile| tile.count);
    stage.until("the first tile counts", |model| first(model).is_some_and(|count| count > 0)).await;

    stage.letter('1');
    let list = stage.until("the list is read", |model| model.alarms.is_read && !model.alarms.rows.is_empty()).await;
    assert!(list.contains("!! CRIT"), "{list}");

    stage.hand.press(KeyCode::Enter);
    let alarm =
        stage.until("the alarm is read", |model| model.alarm.as_ref().is_some_and(|open| open.history.is_some()));
    assert!(alarm.await.contains("What people did"));
    assert_eq!(stage.hand.model.screen, Screen::Alarm);

    stage.hand.press(KeyCode::Esc);
    stage.letter('h');
    stage.letter('n');
    stage.until("the signal is off", |model| model.state.offline).await;
    stage.letter('1');
    stage.until("the list is there without signal", |model| model.alarms.is_read).await;
    stage.letter('a');
    stage.until("the people are there without signal", can_submit).await;
    stage.hand.press(KeyCode::Tab);
    "at it".chars().for_each(|letter| stage.letter(letter));
    stage.hand.press(KeyCode::Enter);
    let waiting = stage.until("it waits", |model| says(model, "1 on this phone") && model.state.waiting == 1).await;
    assert!(waiting.contains("○ signal off"), "{waiting}");

    stage.letter('w');
    let mine = stage.until("it stands among my actions", |model| model.actions.len() == 1).await;
    assert!(mine.contains("↑ Acknowledge") && mine.contains("“at it”"), "{mine}");
    stage.letter('h');
    stage.letter('n');
    stage.until("it is on the server", |model| says(model, "1 on the server") && model.state.waiting == 0).await;
    stage.letter('w');
    let mine = stage.until("and shown so", |model| !model.actions.is_empty()).await;
    assert!(mine.contains("✓ Acknowledge"), "{mine}");
    stage.end().await;
}

/// The sheet in front knows what Enter would do.
fn can_submit(model: &Model) -> bool {
    crate::app::keys::keys(model).iter().any(|key| key.code == KeyCode::Enter)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_technician_switches_to_a_customer_and_sees_that_one_alone() {
    let mut stage = Stage::set().await;
    stage.until("all is read", |model| model.state.read_at.is_some() && model.organizations.len() == 2).await;
    let label = stage.hand.model.organizations[1].label.clone();
    let id = stage.hand.model.organizations[1].id;
    stage.letter('o');
    stage.hand.press(KeyCode::End);
    stage.hand.press(KeyCode::Enter);
    stage.letter('a');
    stage.until("the list is read", |model| model.alarms.is_read && !model.alarms.rows.is_empty()).await;
    assert!(stage.hand.model.alarms.rows.iter().all(|row| row.organization == id));
    assert!(text(&stage.hand.look()).contains(&label));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_of_the_console_is_of_a_real_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("console.svg");
    crate::picture::write(&file, 1).await.unwrap();
    let svg = std::fs::read_to_string(&file).unwrap();
    // Spaces are written so that they keep their width.
    let svg = svg.replace('\u{a0}', " ");
    for words in ["Alarms", "!! CRIT", "What to do", "alarm, "] {
        assert!(svg.contains(words), "{words}");
    }
}
