//! Precision, recall, and how often a visit is entered and left: tuned on seeds 1–100, held on 101–200. The second hundred was
//! looked at while the rules were made; the third, 201–300, was judged once, after all of them stood. `docs/duty.md` has its
//! figures.

use onsite::duty::step::{ENTER_DWELL_MS, LEAVE_DWELL_MS};

use crate::chance::Chance;
use crate::noise::{Model, day};
use crate::phone::Phone;

#[derive(Debug, Default)]
struct Score {
    visits: usize,
    long: usize,
    found: usize,
    enters: usize,
    right: usize,
    most_enters: usize,
    most_leaves: usize,
    late_s: Vec<i64>,
    asked: usize,
    hours: f64,
}

impl Score {
    fn take(&mut self, model: Model, seed: u64) {
        let mut chance = Chance::new(seed * 6 + model as u64);
        let world = day(model, &mut chance);
        let mut phone = Phone::new(model, chance);
        phone.live(&world);
        let (enters, leaves) = (phone.diary.enters(), phone.diary.leaves());
        self.enters += enters.len();
        self.asked += phone.diary.asked_ms.len();
        self.hours += world.now_ms() as f64 / 3_600_000.0;
        for (at, site) in &enters {
            let right = world.is_at(*site, *at);
            self.right += usize::from(right);
            if !right {
                println!("{model:?} {seed}: wrongly at {site} at {at}; true {:?}", world.visits);
            }
        }
        for visit in &world.visits {
            // A leave may come until the next arrival.
            let next = world.visits.iter().map(|other| other.from_ms).filter(|from| *from > visit.from_ms).min();
            let entered: Vec<_> = enters
                .iter()
                .filter(|(at, site)| *site == visit.site && (visit.from_ms..=visit.to_ms).contains(at))
                .collect();
            let left = leaves
                .iter()
                .filter(|(at, site)| *site == visit.site && *at >= visit.from_ms && next.is_none_or(|next| *at < next));
            self.visits += 1;
            if entered.len() > 1 || left.clone().count() > 1 {
                println!("{model:?} {seed}: entered {entered:?}, left {:?}", left.clone().collect::<Vec<_>>());
            }
            self.most_enters = self.most_enters.max(entered.len());
            self.most_leaves = self.most_leaves.max(left.clone().count());
            if let Some((at, _)) = left.clone().next_back() {
                self.late_s.push((at - visit.to_ms) / 1_000);
            }
            if visit.millis() > ENTER_DWELL_MS + 120_000 {
                self.long += 1;
                self.found += usize::from(!entered.is_empty());
                if entered.is_empty() {
                    println!("{model:?} {seed}: not seen for {} s at {}", visit.millis() / 1_000, visit.site);
                }
            }
        }
    }

    fn precision(&self) -> f64 {
        if self.enters == 0 { 1.0 } else { self.right as f64 / self.enters as f64 }
    }

    fn recall(&self) -> f64 {
        if self.long == 0 { 1.0 } else { self.found as f64 / self.long as f64 }
    }
}

/// The figures of one half of the seeds.
fn evaluate(half: &str, seeds: std::ops::RangeInclusive<u64>) -> Vec<(Model, Score)> {
    println!("{half}: enter dwell {} s, leave dwell {} s", ENTER_DWELL_MS / 1_000, LEAVE_DWELL_MS / 1_000);
    println!(
        "model     visits  long  found  recall  enters  precision  most enters/leaves  left late (median s)  asked/h"
    );
    let mut scores = Vec::new();
    for model in Model::ALL {
        let mut score = Score::default();
        for seed in seeds.clone() {
            score.take(model, seed);
        }
        score.late_s.sort_unstable();
        println!(
            "{:<9} {:>6} {:>5} {:>6} {:>7.3} {:>7} {:>10.3} {:>13}/{} {:>21} {:>12.1}",
            format!("{model:?}"),
            score.visits,
            score.long,
            score.found,
            score.recall(),
            score.enters,
            score.precision(),
            score.most_enters,
            score.most_leaves,
            score.late_s.get(score.late_s.len() / 2).copied().unwrap_or_default(),
            score.asked as f64 / score.hours,
        );
        scores.push((model, score));
    }
    scores
}

fn holds(scores: &[(Model, Score)]) {
    for (model, score) in scores {
        assert!(score.right == score.enters, "{model:?}: at a site where nobody was");
        assert!(score.recall() >= 0.95, "{model:?}: recall {}", score.recall());
        assert!(score.most_enters <= 1 && score.most_leaves <= 1, "{model:?}: a visit was entered or left twice");
        if *model == Model::Car {
            assert_eq!(score.enters, 0, "a passing car was at a site");
        } else {
            assert!(score.long >= 80, "{model:?}: {} visits are too few to judge by", score.long);
        }
    }
}

#[test]
fn visits_are_found_and_nothing_else_on_the_seeds_that_the_rules_were_tuned_on() {
    holds(&evaluate("seeds 1-100", 1..=100));
}

#[test]
fn visits_are_found_and_nothing_else_on_seeds_that_were_looked_at_while_tuning() {
    holds(&evaluate("seeds 101-200", 101..=200));
}

#[test]
fn visits_are_found_and_nothing_else_on_seeds_that_were_judged_once_after_all_rules_stood() {
    holds(&evaluate("seeds 201-300", 201..=300));
}
