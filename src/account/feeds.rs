//! The feeds that an account reads. A new one is its own file and one line here.

use std::sync::Arc;

use crate::alarms::{AlarmFeed, FOLLOWERS};
use crate::devices::feed::InventoryFeed;
use crate::duty::DutyFeed;
use crate::incidents::{IncidentFeed, MessageFeed, ReadPositionFeed};
use crate::notifications::NotificationFeed;
use crate::people::PeopleFeed;
use crate::sync::overlays::Overlays;
use crate::sync::pull::Pullable;

/// All of them. Each says itself what a server must have for it.
pub(super) fn feeds(overlays: &Arc<Overlays>) -> Vec<Arc<dyn Pullable>> {
    vec![
        Arc::new(Arc::new(InventoryFeed { followers: FOLLOWERS })),
        Arc::new(Arc::new(AlarmFeed { overlays: Arc::clone(overlays) })),
        Arc::new(Arc::new(PeopleFeed)),
        Arc::new(Arc::new(DutyFeed::sites())),
        Arc::new(Arc::new(DutyFeed::people())),
        Arc::new(Arc::new(IncidentFeed { overlays: Arc::clone(overlays) })),
        Arc::new(Arc::new(MessageFeed { overlays: Arc::clone(overlays) })),
        Arc::new(Arc::new(ReadPositionFeed { overlays: Arc::clone(overlays) })),
        Arc::new(Arc::new(NotificationFeed { overlays: Arc::clone(overlays) })),
    ]
}
