//! Memory of a process that does nothing but be a phone, as the machine counts it, against an empty process.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use onsite::account::{Account, AccountConfig};
use onsite::alarms::{AlarmFilter, AlarmSort};
use onsite::store::Key;

use super::Outcome;
use super::full_read::ALARMS;
use super::measure::Figure::Median;
use super::measure::{Line, Samples, Unit, limit};
use super::serve::Answer;
use super::windows::{ROWS, key};
use super::world::{KEY, World};

/// By this argument the program is told to be one of the processes that are looked at.
pub const CHILD: &str = "--child";
const TIMES: usize = 5;
/// So long a window has been open when it is looked at.
const SETTLED: Duration = Duration::from_secs(10);
const MB: f64 = 1e6;

/// Measures both.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    let large = world.large()?;
    let window = format!("memory: one window on {}, 10 s after opening", world.rows);
    let alarms = world.rows.min(ALARMS);
    let peak = format!("memory: peak of a full read of {alarms}");
    let body: Vec<u8> = world.body(alarms, 1).flatten().collect();
    let (mut windows, mut reads, mut empty) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..TIMES {
        empty.number(child(world, "empty", &large, "VmRSS")?);
        windows.number(child(world, "window", &large, "VmRSS")?);
    }
    world.server.put(world.path("alarms"), Answer::Ready(body.into()));
    let mut empty_peak = Samples::default();
    for _ in 0..TIMES {
        empty_peak.number(child(world, "empty", &large, "VmHWM")?);
        reads.number(child(world, "read", &world.new_folder("memory")?, "VmHWM")?);
    }
    Ok(vec![
        Line::new(window, Unit::Size, windows, Some(empty)).limits(&[limit(Median, 40.0 * MB, 15.0 * MB)]),
        Line::new(peak, Unit::Size, reads, Some(empty_peak)).limits(&[limit(Median, 120.0 * MB, 60.0 * MB)]),
    ])
}

fn child(world: &World, kind: &str, folder: &Path, figure: &str) -> Outcome<f64> {
    let told = Command::new(std::env::current_exe()?).args([CHILD, kind, &world.server.url()]).arg(folder).output()?;
    if !told.status.success() {
        return Err(format!("a process ended: {}", String::from_utf8_lossy(&told.stderr)).into());
    }
    let status = String::from_utf8_lossy(&told.stdout).into_owned();
    let line = status.lines().find(|line| line.starts_with(figure)).ok_or("a process has a status")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("a figure")?.parse()?;
    Ok(kib * 1_024.0)
}

/// Is one of the processes.
pub fn be(kind: &str, url: &str, folder: &Path) -> Outcome<()> {
    match kind {
        "window" => window(url, folder)?,
        "read" => read(url, folder)?,
        _ => print_status()?,
    }
    Ok(())
}

fn print_status() -> Outcome<()> {
    print!("{}", std::fs::read_to_string("/proc/self/status")?);
    Ok(())
}

/// A runtime as small as a phone's.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

fn open(runtime: &tokio::runtime::Runtime, url: &str, folder: &Path) -> Outcome<Account> {
    Ok(runtime.block_on(Account::open(AccountConfig::new(folder, Key::new(KEY), url, key())))?.0)
}

fn window(url: &str, folder: &Path) -> Outcome<()> {
    let runtime = runtime()?;
    let account = open(&runtime, url, folder)?;
    let mut window = account.alarms().window(AlarmFilter::default(), AlarmSort::Newest, ROWS);
    let until = Instant::now() + SETTLED;
    let mut rows = Vec::new();
    while let Some(batch) = window.next_before(until) {
        batch.rows.apply(&mut rows);
    }
    if rows.len() < ROWS {
        return Err("the window is empty".into());
    }
    print_status()
}

fn read(url: &str, folder: &Path) -> Outcome<()> {
    let runtime = runtime()?;
    let account = open(&runtime, url, folder)?;
    while account.state().read_at.is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    print_status()
}
