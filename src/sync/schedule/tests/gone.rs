//! When what the phone holds of a feed is worth nothing any more: another generation, an offset that is gone.

use super::*;

#[test]
fn a_ring_during_the_read_that_meets_another_generation_hastens_the_full_read() {
    let full_read_after = |rings: bool| {
        let mut desk = Desk::fresh(true);
        desk.step(Event::RightsChanged(alarms().organization));
        desk.read_to(5);
        desk.compared(DigestEnd::Same);
        desk.ring(6);
        desk.wait_for_pull();
        if rings {
            desk.ring(7);
        }
        desk.pulled(PullEnd::GenerationChanged);
        let gone_ms = desk.now.monotonic_ms;
        desk.wait_for_pull();
        assert_eq!(desk.reads(), [Read::Full]);
        desk.now.monotonic_ms - gone_ms
    };
    let (rung, quiet) = (full_read_after(true), full_read_after(false));
    assert!(rung <= 1_000 && quiet > 30_000, "{rung} ms with a ring, {quiet} ms without");
}

#[test]
fn a_server_whose_offsets_are_always_gone_is_not_asked_for_everything_without_end() {
    let mut desk = Desk::fresh(false);
    let mut full = 0;
    let end_ms = desk.now.monotonic_ms + HOUR_MS;
    while desk.now.monotonic_ms < end_ms {
        desk.wait_for_pull();
        match desk.reads()[0] {
            Read::Full => {
                full += 1;
                desk.read_to(5);
                desk.compared(DigestEnd::Same);
            }
            Read::Changes(_) => desk.pulled(PullEnd::OffsetGone),
        }
    }
    assert!((2..=61).contains(&full), "{full} full reads in an hour");
}
