//! Search: the first rows with a word that many, some or few alarms have, against the bare MATCH joined and ordered the same.

use onsite::account::Account;
use onsite::alarms::{AlarmFilter, AlarmSort};
use onsite_server::demo::WORDS;

use super::Outcome;
use super::bare;
use super::measure::Figure::Ratio;
use super::measure::{Line, Unit, in_turn, limit};
use super::shapes::COLUMNS;
use super::windows::{ROWS, bare_rows, first_rows, key};
use super::world::World;

const TIMES: usize = 11;

/// Measures each word.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    let folder = world.large()?;
    let cache = bare::open_cache(&folder.join("cache.db"))?;
    let (account, _) = world.runtime.block_on(Account::open(world.config(&folder, key())))?;
    account.set_offline(true)?;
    let mut lines = Vec::new();
    for (word, share) in WORDS {
        let filter = AlarmFilter { words: word.to_owned(), ..AlarmFilter::default() };
        // The better of two: all that match, put in order; or along the order, each looked up among those that match.
        let found = format!(
            "{COLUMNS} FROM alarm_words CROSS JOIN alarm ON alarm.n = alarm_words.rowid
               CROSS JOIN device ON device.n = alarm.device
              WHERE alarm_words MATCH '\"{word}\"*' AND alarm.status < 2
              ORDER BY alarm.status, alarm.recency, alarm.id LIMIT {ROWS}"
        );
        let walked = format!(
            "{COLUMNS} FROM alarm INDEXED BY alarm_newest CROSS JOIN device ON device.n = alarm.device
              WHERE alarm.status < 2
                AND alarm.n IN (SELECT rowid FROM alarm_words WHERE alarm_words MATCH '\"{word}\"*')
              ORDER BY alarm.status, alarm.recency, alarm.id LIMIT {ROWS}"
        );
        let best = if bare_rows(&cache, &found)? < bare_rows(&cache, &walked)? { found } else { walked };
        let ours = |_| Ok(first_rows(&account, &filter, AlarmSort::Newest)?.0);
        let (ours, bare) = in_turn(TIMES, ours, |_| bare_rows(&cache, &best))?;
        let what = format!("search at {}, a word in 1/{:.0} of the alarms", world.rows, 1.0 / share);
        lines.push(Line::new(what, Unit::Time, ours, Some(bare)).limits(&[limit(Ratio, 1.5, 1.1)]));
    }
    world.close(account, &folder)?;
    Ok(lines)
}
