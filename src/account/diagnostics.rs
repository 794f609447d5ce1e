//! What went on (O3, O4), for the person and for those who help: codes, ids, times and numbers; no names, no texts.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use super::{Account, ActionStage};
use crate::error::Error;
use crate::journal::{self, Line};
use crate::sync::copies::skipped_rows;

impl Account {
    /// The newest events of the flight recorder, newest first.
    pub async fn journal(&self, limit: usize) -> Result<Vec<Line>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.shared.store.read(move |reading| reading.own(|own| journal::newest(own, limit))).await?)
    }

    /// The life of one action, alarm or device, oldest first.
    pub async fn explain(&self, id: Uuid) -> Result<Vec<Line>, Error> {
        Ok(self.shared.store.read(move |reading| reading.own(|own| journal::life(own, id))).await?)
    }

    /// Rows that a server sent and that could not be taken, by feed: skipped, counted, and never in the way of others.
    pub async fn skipped_rows(&self) -> Result<BTreeMap<String, u64>, Error> {
        Ok(self.shared.store.read(|reading| skipped_rows(reading.cache)).await?)
    }

    /// Versions, queue states, times of reading and codes as JSON, to be sent to those who help.
    pub async fn export_diagnostics(&self) -> Result<String, Error> {
        let lines = self.journal(500).await?;
        let skipped = self.skipped_rows().await?;
        let state = self.state();
        let actions: Vec<_> = self
            .actions()
            .iter()
            .map(|action| {
                json!({
                    "id": action.id, "kind": action.kind, "madeAt": action.made_at, "stage": stage(&action.stage),
                })
            })
            .collect();
        let feeds: Vec<_> = self.feeds().iter().map(|feed| json!({
            "organization": feed.organization, "feed": feed.feed, "readAt": feed.read_at, "running": feed.running,
            "trouble": feed.trouble,
        })).collect();
        let photos: Vec<_> = self
            .photos()
            .iter()
            .map(|photo| {
                json!({
                    "message": photo.message, "size": photo.size, "offset": photo.offset, "stage": photo.stage.as_str(),
                    "nextAttempt": photo.next_attempt, "trouble": photo.trouble,
                })
            })
            .collect();
        let journal: Vec<_> = lines
            .iter()
            .map(|line| {
                json!({
                    "at": line.at, "code": line.code, "organization": line.organization, "subject": line.subject,
                    "action": line.action, "detail": line.detail,
                })
            })
            .collect();
        let all = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "session": format!("{:?}", state.session),
            "offline": state.offline, "live": state.live, "readAt": state.read_at,
            "clockOffsetMs": state.clock_offset_ms, "clockUncertain": state.clock_uncertain, "waiting": state.waiting, "parked": state.parked,
            "nextAttempt": state.next_attempt, "skippedRows": skipped,
            "photosWaiting": state.photos, "photos": photos,
            "actions": actions, "feeds": feeds, "journal": journal,
        });
        Ok(format!("{all:#}"))
    }
}

fn stage(stage: &ActionStage) -> serde_json::Value {
    match stage {
        ActionStage::OnPhone { next_attempt, being_sent, paused, trouble } => json!({
            "onPhone": { "nextAttempt": next_attempt, "beingSent": being_sent, "paused": paused, "trouble": trouble },
        }),
        ActionStage::OnServer => json!("onServer"),
        ActionStage::Parked { code, .. } => json!({ "parked": code }),
    }
}
