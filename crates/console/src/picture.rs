//! Screens of a real run as a picture: a server with invented organizations, the core, and the keys that a person presses.
//! Both clocks begin at a fixed time, so that the same seed gives the same alarms.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;

use crate::ConsoleError;
use crate::api::{Access, AccountConfig, Timestamp};
use crate::app::Setting;
use crate::embedded::demonstrate;
use crate::hand::Hand;
use crate::opening;
use crate::svg;
use crate::widgets::look::Look;
use crate::words::Zone;

/// 2026-11-23, 02:40 UTC.
const NIGHT: Timestamp = Timestamp::from_millis(1_795_401_600_000);
/// So many alarms are looked at for the one whose plot shows most.
const OPENED: usize = 40;

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
    let setting = Setting { server: url, folder: String::new(), zone: Zone::utc(), look: Look::colours() };
    let mut hand = Hand::new(&account, setting);
    let screens = shift(&mut hand).await;
    std::fs::write(file, svg::drawn(&screens)).map_err(ConsoleError::io(file.display().to_string()))?;
    drop(hand);
    account.shutdown().await;
    demonstration.server.stop().await;
    Ok(())
}

/// The list, and the alarm whose plot shows most.
async fn shift(hand: &mut Hand) -> Vec<Buffer> {
    hand.wait(|model| model.state.live && model.state.read_at.is_some() && !model.organizations.is_empty()).await;
    hand.wait(|model| model.tiles.iter().all(|tile| tile.count.is_some_and(|count| count > 0))).await;
    hand.press(KeyCode::Char('a'));
    hand.wait(|model| model.alarms.is_read && model.alarms.total.is_some_and(|total| total > 20)).await;
    let list = hand.look();
    let mut best = (0, 0);
    for row in 0..hand.model.alarms.rows.len().min(OPENED) {
        best = best.max((pieces(hand).await, row));
        hand.press(KeyCode::Esc);
        hand.press(KeyCode::Down);
    }
    hand.press(KeyCode::Home);
    (0..best.1).for_each(|_| hand.press(KeyCode::Down));
    pieces(hand).await;
    vec![list, hand.look()]
}

/// Opens the selected alarm and waits for all of it; gives how many pieces its plot has.
async fn pieces(hand: &mut Hand) -> usize {
    hand.press(KeyCode::Enter);
    hand.wait(|model| model.alarm.as_ref().is_some_and(|open| open.history.is_some())).await;
    let plot = hand.model.alarm.as_ref().and_then(|open| open.plot.as_ref());
    plot.and_then(|plot| plot.as_ref().ok()).map_or(0, |plot| plot.history.buckets.len())
}
