//! From the server's commit to the listener on the phone, with the real server and its event stream.

use std::time::{Duration, Instant};

use onsite::account::{Access, Account, AccountConfig};
use onsite::alarms::{AlarmFilter, AlarmSort};
use onsite::store::Key;
use onsite_server::storage::Condition;
use onsite_server::{ServerConfig, demo, start};
use onsite_wire::rest::Alarm;
use secrecy::SecretString;

use super::Outcome;
use super::measure::Figure::P99;
use super::measure::{Line, Samples, Unit, limit};
use super::windows::ROWS;
use super::world::{KEY, World};

const TIMES: usize = 100;
const ALARMS: usize = 5_000;
const DEVICES: usize = 200;
const QUIET: Duration = Duration::from_millis(120);
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures it.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    let document = demo::organization(3, ALARMS.min(world.rows), DEVICES, world.now);
    let sample = document.alarms.first().cloned().ok_or("there are alarms")?;
    let administrator =
        document.people.iter().find(|person| person.password.is_some()).ok_or("somebody can sign in")?;
    let (email, password) = (administrator.email.clone(), administrator.password.clone().unwrap_or_default());
    let data = world.new_folder("rung-server")?;
    let (server, organization) = world.runtime.block_on(async {
        let server = start(ServerConfig::local(&data)).await?;
        let organization = server.store().import(document).await?;
        Outcome::Ok((server, organization))
    })?;
    let folder = world.new_folder("rung-phone")?;
    let config = AccountConfig::new(&folder, Key::new(KEY), &server.base_url(), Access::Person);
    let account = world.runtime.block_on(async {
        let (account, _) = Account::open(config).await?;
        account.sign_in(&email, &SecretString::from(password)).await?;
        Outcome::Ok(account)
    })?;
    world.until("the stream is up", || Ok(account.state().live && account.state().read_at.is_some()))?;
    let mut window = account.alarms().window(AlarmFilter::default(), AlarmSort::Newest, ROWS);
    let mut rows = Vec::new();
    let mut times = Samples::default();
    for time in 0..TIMES {
        while let Some(batch) = window.next_before(Instant::now() + QUIET) {
            batch.rows.apply(&mut rows);
        }
        let alarm = Alarm { acknowledgement: None, mute: None, revision: None, cleared_time: None, ..sample.clone() };
        let condition = Condition { organization, name: format!("number {time}"), alarm };
        let now = onsite::time::Clock::now(&onsite::time::SystemClock).wall;
        let id = world.runtime.block_on(server.store().condition_occurs(condition, now))?;
        let committed = Instant::now();
        while !rows.iter().any(|row| row.id == id) {
            window.next_before(committed + PATIENCE).ok_or("the alarm never came")?.rows.apply(&mut rows);
        }
        times.time(committed.elapsed());
    }
    drop(window);
    world.runtime.block_on(account.shutdown());
    world.runtime.block_on(server.stop());
    Ok(vec![
        Line::new("server commit → listener on the phone", Unit::Time, times, None).limits(&[limit(P99, 0.1, 0.02)]),
    ])
}
