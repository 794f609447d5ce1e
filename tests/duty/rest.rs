//! What a phone at rest asks for (U3): at most six positions an hour, whatever its radio says.

use crate::chance::Chance;
use crate::noise::Model;
use crate::phone::Phone;
use crate::world::World;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// The most questions in any hour.
fn most_in_an_hour(asked: &[i64]) -> usize {
    let in_hour = |from: &i64| asked.iter().filter(|at| (*from..*from + HOUR_MS).contains(at)).count();
    asked.iter().map(in_hour).max().unwrap_or(0)
}

#[test]
fn at_rest_at_most_six_positions_an_hour_are_asked_for() {
    // Far from all sites, in one, and at a fence where the system's regions flap; with a drifting and a coarse radio.
    for (model, indoors) in
        [(Model::Fence, false), (Model::Indoor, true), (Model::Basement, false), (Model::Car, false)]
    {
        for seed in 0..10 {
            for place in 0..3 {
                let mut chance = Chance::new(seed);
                let mut world = World::new(&mut chance);
                let there = match place {
                    0 => (5_000.0, -5_000.0),
                    1 => world.spot(0, 10.0, &mut chance),
                    _ => world.beside(0, 5.0, &mut chance),
                };
                world.stand(there);
                world.wait(9 * HOUR_MS);
                if indoors {
                    world.indoors.push((0, world.now_ms()));
                }
                let mut phone = Phone::new(model, chance);
                phone.live(&world);
                let most = most_in_an_hour(&phone.diary.asked_ms);
                assert!(most <= 6, "{model:?} {seed} {place}: {most} in an hour");
                assert!(phone.diary.asked_ms.len() >= 18, "{model:?} {seed} {place}: nobody looks any more");
            }
        }
    }
}

#[test]
fn without_any_signal_at_most_six_positions_an_hour_are_asked_for() {
    let mut chance = Chance::new(1);
    let mut world = World::new(&mut chance);
    world.wait(9 * HOUR_MS);
    world.dark.push((0, world.now_ms()));
    let mut phone = Phone::new(Model::Basement, chance);
    phone.live(&world);
    assert!(most_in_an_hour(&phone.diary.asked_ms) <= 6);
}
