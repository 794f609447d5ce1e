//! Duty as a step function: `(state, event, now) -> effects` (U1–U5, U7). No clock, no I/O.
//!
//! # Where somebody is
//! With d, the metres to a site's outline, negative inside, and reach = max(0, 120 m − inradius):
//! - Entering begins with a fix of d + accuracy ≤ reach, and ends at the site when three such fixes lie over the dwell
//!   (60 s), or two and four more with d ≤ reach: in a building few are certain. A fix beyond the reach that is exact to
//!   50 m, or has d − accuracy > reach, ends it.
//! - Leaving begins with a fix of d − accuracy > margin (50 m, or the reach where that is more: what is entered from there
//!   is not left there), and ends when six such fixes in a row lie over the dwell (120 s). A fix at the site ends it.
//! - After the app was killed, permission was back, or hours without a signal, the first fix at the site where the person
//!   was continues the stay.
//!
//! # Evidence and the lease
//! Evidence is a believed fix at the site, or the system's own answer that its circle is inside. The site is said on
//! arriving and every 5 minutes while there is evidence of the last 60 minutes, permission and location services. Else
//! nothing is said, and the lease lapses at the server by itself.
//!
//! # What the server has
//! The switch is this phone's until the server took it, and each claim is a wish until then: [`Event::Heard`] brings what
//! became of them, [`Event::Told`] what the server's own list says. Where the server has it otherwise nothing is claimed,
//! and [`Standing::at_server`] says why; the switch pressed again is handed over again.
//!
//! # Asking
//! A region event asks for a fix and changes nothing by itself. At rest (no two fixes over 40 s apart from where the person
//! was) at most six fixes an hour are asked for. On the way the questions come as often as the nearest fence is near.
//!
//! All times are of the phone's monotonic clock: setting a clock or a time zone changes nothing. A restarted phone begins
//! anew: on duty stays, the site is found again.

mod asking;
mod event;
mod place;
mod shift;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use onsite_rules::duty::{EVIDENCE_MS, LEASE_MS};
use onsite_wire::codes::Code;

pub use asking::MOST_AT_REST;
pub use event::{AtServer, Decision, Effect, Event, Heard, Settings, Standing, Stored, StoredStay, Why};
pub use place::{ENTER_DWELL_MS, LEAVE_DWELL_MS, MARGIN_M};

use self::place::{Place, Stay};
use self::shift::Shift;
use super::sites::Sites;
use super::table::Name;
use crate::time::Moment;

/// A person's duty on this phone.
#[derive(Debug, Clone)]
pub struct Duty {
    settings: Settings,
    sites: Arc<Sites>,
    /// How many regions the system watches.
    regions: usize,
    permitted: bool,
    located: bool,
    shift: Option<Shift>,
    at_server: AtServer,
    remembered: Stored,
    wake_ms: Option<i64>,
}

/// One step's output.
struct Work {
    now: Moment,
    effects: Vec<Effect>,
}

impl Work {
    const fn now_ms(&self) -> i64 {
        self.now.monotonic_ms
    }
}

impl Duty {
    /// Duty as it was kept, taken up now. `regions`: how many the system watches.
    pub fn recover(stored: Stored, settings: Settings, regions: usize, now: &Moment) -> Self {
        let mut duty = Self {
            settings,
            sites: Arc::default(),
            regions,
            permitted: true,
            located: true,
            shift: stored.on.map(|since| Shift::resumed(since, stored.stay, now)),
            at_server: stored.at_server,
            remembered: stored,
            wake_ms: None,
        };
        duty.set_at_server(stored.at_server);
        duty
    }

    /// One step: what happened, and what is to be done about it.
    pub fn step(&mut self, event: Event, now: &Moment) -> Vec<Effect> {
        let mut work = Work { now: *now, effects: Vec::new() };
        self.take(event, &mut work);
        self.pass_time(&mut work);
        let stored = self.to_store(now);
        if stored != self.remembered {
            self.remembered = stored;
            work.effects.push(Effect::Remember(stored));
        }
        let wake = self.wake_at(now);
        if wake != self.wake_ms {
            self.wake_ms = wake;
            work.effects.push(Effect::WakeAt(wake));
        }
        work.effects
    }

    /// Where duty stands.
    pub fn standing(&self, now: &Moment) -> Standing {
        let Some(shift) = &self.shift else { return Standing::off_duty(self.at_server) };
        let lease = shift.leased_ms.map(|claimed| claimed + LEASE_MS - now.monotonic_ms).filter(|left| *left > 0);
        Standing {
            name: shift.place.name(),
            on: Some(shift.since),
            at_server: self.at_server,
            site: shift.place.site(),
            since_ms: shift.place.stay().map(|stay| now.monotonic_ms - stay.since_ms),
            reason: match shift.place {
                Place::Degraded(code) => Some(code),
                Place::Unknown(reason) => reason,
                // At a site, and colleagues may not read it.
                _ => shift.place.stay().and(shift.refused.or(shift.trouble)),
            },
            lease_ms: lease,
        }
    }

    /// The sites that count now.
    pub const fn sites(&self) -> &Arc<Sites> {
        &self.sites
    }

    /// What was chosen.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    fn take(&mut self, event: Event, work: &mut Work) {
        match event {
            Event::SwitchedOn => self.switch_on(work),
            Event::SwitchedOff => {
                self.switch_off(Why::SwitchedOff, work);
                // Also when this phone is off: another one may have gone on duty, and this one may not know yet.
                self.hand_over(false, work);
            }
            Event::Follows { on } => {
                if on {
                    self.begin(work);
                } else {
                    self.switch_off(Why::SwitchedOff, work);
                }
                // What became of the switch is heard from the actions.
                self.set_at_server(AtServer::Unknown);
            }
            Event::Fix(fix) => {
                let known = self.cannot_know().is_none();
                if let Some(shift) = self.shift.as_mut().filter(|_| known) {
                    shift.fix(&fix, &self.sites, self.regions, work);
                }
            }
            Event::Crossed(watched) => {
                if let Some(shift) = &mut self.shift {
                    shift.crossed(watched);
                }
            }
            Event::RegionAnswer { site, inside } => {
                if let Some(shift) = &mut self.shift {
                    shift.region_answer(site, inside, work.now_ms());
                }
            }
            Event::Permission(permitted) => {
                self.permitted = permitted;
                self.look_at_permission(work);
            }
            Event::LocationServices(located) => {
                self.located = located;
                self.look_at_permission(work);
            }
            Event::Sites(sites) => {
                self.sites = sites;
                if let Some(shift) = &mut self.shift {
                    shift.sites_changed(&self.sites, self.regions, work);
                }
            }
            Event::Settings(settings) => self.settings = settings,
            Event::Heard(heard) => self.hear(heard),
            Event::ClaimRefused(code) => self.claim_refused(code),
            Event::Told { on } => self.be_told(on),
            Event::Tick => {}
        }
    }

    fn switch_on(&mut self, work: &mut Work) {
        // Pressed again, it is handed over again where the server did not take it.
        if self.shift.is_none() || matches!(self.at_server, AtServer::Differs(_)) {
            self.hand_over(true, work);
        }
        self.begin(work);
    }

    fn begin(&mut self, work: &mut Work) {
        if self.shift.is_some() {
            return;
        }
        let mut shift = Shift::begun(work.now);
        if let Some(code) = self.cannot_know() {
            shift.place = Place::Degraded(code);
        }
        work.decided(Name::OffDuty, shift.place.name(), Why::SwitchedOn, None);
        self.shift = Some(shift);
    }

    fn switch_off(&mut self, why: Why, work: &mut Work) {
        if let Some(shift) = self.shift.take() {
            work.decided(shift.place.name(), Name::OffDuty, why, None);
            work.effects.push(Effect::Watch(super::plan::Plan::default()));
        }
    }

    fn hand_over(&mut self, on: bool, work: &mut Work) {
        self.set_at_server(AtServer::OnPhone);
        work.effects.push(Effect::Switch(on));
    }

    const fn set_at_server(&mut self, at_server: AtServer) {
        self.at_server = at_server;
        if let Some(shift) = &mut self.shift {
            shift.counts = !matches!(at_server, AtServer::Differs(_));
            if !shift.counts {
                // Nothing is shown there now: once it is on again, the site is said at once.
                shift.claimed_ms = None;
            }
        }
    }

    /// What became of the switch and the claims.
    fn hear(&mut self, heard: Heard) {
        match (self.at_server, heard.switch) {
            // It was taken, and something came after it: only a new switch, or the server's list, says otherwise.
            (AtServer::Differs(_), Some(AtServer::Same)) | (_, None) => {}
            (_, Some(switch)) => self.set_at_server(switch),
        }
        if let Some(shift) = &mut self.shift {
            if heard.lease_ms > shift.leased_ms {
                shift.refused = None;
            }
            shift.leased_ms = heard.lease_ms;
            shift.trouble = heard.trouble;
        }
    }

    fn claim_refused(&mut self, code: Code) {
        if let Some(shift) = &mut self.shift {
            shift.refused = Some(code);
        }
        if self.shift.is_some() && code == Code::NotOnDuty && self.at_server == AtServer::Same {
            self.set_at_server(AtServer::Differs(code));
        }
    }

    /// What the server's own list says. A switch of another phone is not taken over: the person is told, and decides.
    fn be_told(&mut self, on: bool) {
        self.set_at_server(match (self.shift.is_some(), on) {
            (true, false) => AtServer::Differs(Code::NotOnDuty),
            (false, true) => AtServer::Differs(Code::OnDutyElsewhere),
            (true, true) | (false, false) => AtServer::Same,
        });
    }

    /// Why nothing can be known of where the person is.
    const fn cannot_know(&self) -> Option<Code> {
        if !self.permitted {
            Some(Code::LocationNotPermitted)
        } else if !self.located {
            Some(Code::LocationOff)
        } else {
            None
        }
    }

    fn look_at_permission(&mut self, work: &mut Work) {
        let cannot = self.cannot_know();
        let Some(shift) = &mut self.shift else { return };
        match (cannot, shift.place) {
            (Some(code), Place::Degraded(known)) if code == known => {}
            (Some(code), _) => shift.lose(code, work),
            (None, Place::Degraded(Code::LocationNotPermitted | Code::LocationOff)) => shift.find_again(work),
            (None, _) => {}
        }
    }

    fn pass_time(&mut self, work: &mut Work) {
        let known = self.cannot_know().is_none();
        let over = self.settings.auto_off_ms();
        let Some(shift) = &mut self.shift else { return };
        if over.is_some_and(|over| work.now.since(&shift.since).0 >= over) {
            self.switch_off(Why::AutoOff, work);
            self.hand_over(false, work);
            return;
        }
        shift.pass_time(&self.settings, known, work);
    }

    fn wake_at(&self, now: &Moment) -> Option<i64> {
        let shift = self.shift.as_ref()?;
        let over = self.settings.auto_off_ms().map(|over| now.monotonic_ms + over - now.since(&shift.since).0);
        let next = shift.wake_at(&self.settings, self.cannot_know().is_none(), now);
        over.into_iter().chain(next).min()
    }

    fn to_store(&self, now: &Moment) -> Stored {
        let at_server = self.at_server;
        let Some(shift) = &self.shift else { return Stored { at_server, ..Stored::default() } };
        let stay = shift.place.stay().copied().or(shift.held.map(|(stay, _)| stay));
        let at = |monotonic_ms: i64| Moment {
            wall: now.wall.plus_millis(monotonic_ms - now.monotonic_ms),
            monotonic_ms,
            boot: now.boot,
        };
        let stay = stay.map(|stay| StoredStay {
            site: stay.site,
            since: self.kept(|kept| kept.since, stay.since_ms, at),
            evidence: self.kept(|kept| kept.evidence, stay.evidence_ms, at),
            claimed: self.kept(|kept| kept.claimed, shift.claimed_ms.unwrap_or(stay.since_ms), at),
        });
        Stored { on: Some(shift.since), stay, at_server }
    }

    /// A moment as it was kept before, while it is the same one: a clock that is set changes nothing that is stored.
    fn kept(&self, of: impl Fn(&StoredStay) -> Moment, monotonic_ms: i64, at: impl Fn(i64) -> Moment) -> Moment {
        let before = self.remembered.stay.as_ref().map(of);
        before.filter(|before| before.monotonic_ms == monotonic_ms).unwrap_or_else(|| at(monotonic_ms))
    }
}

/// Whether evidence is young enough to renew a site on (U7).
const fn is_fresh(stay: &Stay, now_ms: i64) -> bool {
    now_ms - stay.evidence_ms <= EVIDENCE_MS
}
