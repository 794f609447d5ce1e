//! On duty (U1–U7): the switch, and at which site a person is, out of position fixes that never leave the phone.

pub mod feed;
pub mod fix;
pub mod plan;
pub mod room;
pub mod sites;
pub mod step;
pub mod switch;
pub mod table;

pub use feed::{DutyFeed, SitesChanged};
pub use fix::{Fix, RefusedFix};
pub use onsite_rules::duty::{Call, Reach};
pub use plan::{ANDROID_REGIONS, IOS_REGIONS, Plan, Region, Watched, plan};
pub use room::{Colleague, DutyRoom, SiteView, Wish};
pub use sites::{Site, Sites};
pub use step::{AtServer, Decision, Duty, Effect, Event, Heard, Settings, Standing, Stored, StoredStay, Why};
pub use table::Name;
