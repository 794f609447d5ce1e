//! U7 over real HTTP: a lease never outlives its time, whatever arrives, however often the server is restarted, and however its
//! clock is set.

use onsite_rules::duty::LEASE_MS;
use onsite_server::Limits;
use onsite_wire::onsite::{ActionRequest, Outcome, SubjectKind};
use onsite_wire::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::phone::action;
use crate::support::*;

const MINUTE: i64 = 60_000;
/// What is read at about the same time may differ by this much.
const AT_ONCE_MS: i64 = 1_000;

struct Chance(u64);

impl Chance {
    const fn below(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64) % most
    }
}

/// The server, a technician, a colleague, and what is true.
struct House {
    site: Site,
    nora: Phone,
    ada: Phone,
    true_ms: i64,
    /// When the technician truly said the site that is shown.
    said_ms: i64,
    /// By how much the clock was set back since, while no server ran to see it.
    unseen_ms: i64,
}

fn about_nora(kind: &str, body: Value, age_ms: i64) -> ActionRequest {
    ActionRequest { basis: None, age_ms, ..action(kind, SubjectKind::Person, NORA.0, 0, body) }
}

impl House {
    async fn open() -> Self {
        // Tokens outlive every clock here.
        let limits = Limits { access_seconds: 10 * 365 * 24 * 3_600, ..Limits::default() };
        let site = Site::with_limits(limits).await;
        let (nora, ada) = (site.phone_of("nora@example.com").await, site.phone_of("ada@example.com").await);
        let path = format!("/onsite/v1/organizations/{}/sites/{NORTH}/fence", organization());
        let circle = json!({"type": "circle", "center": [8.0, 47.0], "radiusM": 120.0});
        let fenced = ada.request(Method::PUT, &path).header("content-type", "application/json");
        assert_eq!(fenced.body(circle.to_string()).send().await.unwrap().status(), 204);
        Self { site, nora, ada, true_ms: 0, said_ms: 0, unseen_ms: 0 }
    }

    fn pass(&mut self, ms: i64) {
        self.true_ms += ms;
        self.site.clock.advance_millis(ms);
    }

    async fn restarted(mut self, set_ms: i64) -> Self {
        let Site { server, clock, directory, limits } = self.site;
        server.stop().await;
        clock.advance_millis(set_ms);
        self.unseen_ms += set_ms.min(0).abs();
        let site = Site::reopened(directory, clock, limits).await;
        self.nora.base = site.server.base_url();
        self.ada.base = site.server.base_url();
        Self { site, ..self }
    }

    async fn says(&mut self, site: Option<&str>, age_ms: i64) {
        let mut body = json!({ "sinceMs": 0 });
        if let Some(site) = site {
            body["site"] = json!(site);
        }
        let before = self.shown().await;
        let result = self.nora.act_one(&about_nora("presence", body, age_ms)).await;
        let after = self.shown().await;
        if result.outcome == Outcome::Applied && after.is_some() && after != before {
            (self.said_ms, self.unseen_ms) = (self.true_ms - age_ms, 0);
        }
    }

    async fn objects(&self) -> Vec<Value> {
        let feed = format!("/onsite/v1/organizations/{}/feeds/duty", organization());
        self.ada.get(&feed).await.body["objects"].as_array().unwrap().clone()
    }

    /// Until when a colleague reads that the technician is at a site.
    async fn shown(&self) -> Option<Timestamp> {
        let objects = self.objects().await;
        let until = objects.iter().find_map(|object| object["at"]["until"].as_str().map(str::to_owned))?;
        assert!(objects.iter().any(|object| object["since"].is_string()), "at a site, but not on duty: {objects:?}");
        Some(Timestamp::parse(&until).unwrap())
    }

    async fn check(&self, seed: u64) {
        self.site.server.store().end_leases().await.unwrap();
        let Some(until) = self.shown().await else { return };
        let left_ms = until.millis_since(self.site.now());
        assert!((1..=LEASE_MS + AT_ONCE_MS).contains(&left_ms), "seed {seed}: {left_ms} ms are left of a lease");
        let held_ms = self.true_ms - self.said_ms;
        assert!(held_ms <= LEASE_MS + self.unseen_ms, "seed {seed}: held {held_ms} ms, unseen {}", self.unseen_ms);
    }
}

#[tokio::test]
async fn a_lease_never_outlives_its_time_over_restarts_and_clocks_that_are_set() {
    for seed in 0..4 {
        let mut chance = Chance(seed);
        let mut house = House::open().await;
        let north = NORTH.to_string();
        let mut shown = 0;
        for _ in 0..60 {
            match chance.below(12) {
                0 => {
                    let on = chance.below(4) > 0;
                    house.nora.act_one(&about_nora("duty", json!({ "on": on }), chance.below(MINUTE))).await;
                }
                1..=4 => house.says(Some(&north), chance.below(20 * MINUTE)).await,
                5 => house.says(None, chance.below(MINUTE)).await,
                6 => house = house.restarted(0).await,
                7 => house = house.restarted((chance.below(120) - 60) * MINUTE).await,
                8 => house.site.clock.advance_millis((chance.below(120) - 60) * MINUTE),
                _ => house.pass(chance.below(8 * MINUTE)),
            }
            house.check(seed).await;
            shown += usize::from(house.shown().await.is_some());
        }
        assert!(shown >= 5, "seed {seed}: a lease was held {shown} times only");
    }
}

#[tokio::test]
async fn who_switches_off_is_off_duty_also_when_the_servers_clock_was_set_back() {
    let house = House::open().await;
    house.nora.act_one(&about_nora("duty", json!({ "on": true }), 0)).await;
    house.site.clock.advance_millis(-180 * MINUTE);
    house.nora.act_one(&about_nora("duty", json!({ "on": false }), 1_000)).await;
    assert!(house.objects().await.is_empty(), "{:?}", house.objects().await);
}
