//! What is measured now. No past, and no system messages: the vendor's client knows none here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use onsite_wire::ids::{OrganizationId, SensorId};
use onsite_wire::rest::Measurement;
use tokio::sync::broadcast::Receiver;

use super::offset::Offset;
use super::{LINES_PER_OFFSET, Source, answer, line, may_open, open};
use crate::access::{Caller, Scope};
use crate::http::{App, PathParts, Refused};
use crate::storage::{Feed, Kind, Measured, Moved};

/// The most lines said at once.
const BATCH: usize = 500;

/// One reader of an organization's measurements.
struct Live {
    app: Arc<App>,
    caller: Caller,
    organization: OrganizationId,
    measured: Receiver<Measured>,
    moved: Receiver<Moved>,
    /// Which sensors the reader sees, as far as it was asked; empty again when rights or places may have changed.
    seen: HashMap<SensorId, bool>,
    lines: usize,
}

/// `liveMeasurements`.
pub(crate) async fn live(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    caller: Caller,
    path: PathParts,
) -> Result<Response, Refused> {
    let organization = path.organization()?;
    may_open(&app, &caller, organization).await?;
    let opened = open(&app, &headers, &caller)?;
    let (measured, moved) = (app.storage.listen_to_measurements(), app.storage.listen());
    let live = Live { app: Arc::clone(&app), caller, organization, measured, moved, seen: HashMap::new(), lines: 0 };
    Ok(answer(live, opened))
}

impl Source for Live {
    async fn next(&mut self) -> Option<String> {
        let app = Arc::clone(&self.app);
        let heartbeat = Duration::from_secs(app.limits.stream_heartbeat_seconds);
        tokio::select! {
            () = app.stopped() => None,
            () = tokio::time::sleep(heartbeat) => Some("\n".to_owned()),
            batch = self.batch() => self.told(batch?).await,
        }
    }
}

impl Live {
    /// What was measured in this organization; waits for it. Nothing when the reader is too slow: better cut off, and
    /// replayed from the last offset, than holding everything up.
    async fn batch(&mut self) -> Option<Vec<Measured>> {
        loop {
            let first = self.measured.recv().await.ok()?;
            let mut batch = vec![first];
            while batch.len() < BATCH {
                match self.measured.try_recv() {
                    Ok(next) => batch.push(next),
                    Err(_) => break,
                }
            }
            batch.retain(|measured| measured.organization == self.organization);
            if !batch.is_empty() {
                return Some(batch);
            }
        }
    }

    /// The lines of a batch that the reader may see; nothing when the reader may see nothing here any more.
    async fn told(&mut self, batch: Vec<Measured>) -> Option<String> {
        while let Ok(moved) = self.moved.try_recv() {
            if moved.organization == self.organization && moved.feed != Feed::Alarms {
                self.seen.clear();
            }
        }
        let unknown: Vec<SensorId> = batch
            .iter()
            .map(|measured| measured.measurement.sensor_id)
            .filter(|sensor| !self.seen.contains_key(sensor))
            .collect();
        if !unknown.is_empty() {
            self.look_at(unknown).await?;
        }
        let now = self.app.clock.now();
        let mut lines = String::new();
        for measured in batch {
            if !self.seen.get(&measured.measurement.sensor_id).copied().unwrap_or(false) {
                continue;
            }
            self.lines += 1;
            let offset = self
                .lines
                .is_multiple_of(LINES_PER_OFFSET)
                .then(|| Offset { position: measured.position, at: now }.to_string());
            lines.push_str(&line(&Measurement { offset, ..measured.measurement }));
        }
        // Everything of it was out of sight: as good as a heartbeat.
        Some(if lines.is_empty() { "\n".to_owned() } else { lines })
    }

    async fn look_at(&mut self, sensors: Vec<SensorId>) -> Option<()> {
        let (caller, organization) = (self.caller.clone(), self.organization);
        let looked = self.app.storage.read(move |view| {
            let scope = Scope::of(view, &caller, organization)?;
            let mut seen = Vec::with_capacity(sensors.len());
            for sensor in sensors {
                let place = view.place_of_sensor(organization, sensor)?;
                seen.push((sensor, place.is_some_and(|place| scope.sees(Kind::Sensor, place))));
            }
            Ok::<_, Refused>(seen)
        });
        self.seen.extend(looked.await.ok()?);
        Some(())
    }
}
