//! What a push says and where a tap or a link leads: without an account, files or network, as a notification extension needs it.

use std::collections::HashMap;

use onsite::notifications as core;
use onsite_wire::sealing::OwnKey;
use zeroize::Zeroizing;

use crate::calls::now;
use crate::error::{OnsiteError, id_if, ids};

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Target {
    /// The home screen.
    Home,
    /// Exactly this alarm.
    Alarm {
        /// Which.
        id: String,
    },
    /// This device's alarms.
    Device {
        /// Which.
        id: String,
    },
    /// The organization's list of alarms.
    Alarms,
    /// This incident.
    Incident {
        /// Which.
        id: String,
    },
}

impl From<core::Target> for Target {
    fn from(target: core::Target) -> Self {
        match target {
            core::Target::Home => Self::Home,
            core::Target::Alarm(id) => Self::Alarm { id: id.to_string() },
            core::Target::Device(id) => Self::Device { id: id.to_string() },
            core::Target::Alarms => Self::Alarms,
            core::Target::Incident(id) => Self::Incident { id: id.to_string() },
        }
    }
}

impl Target {
    fn read(self) -> Result<core::Target, OnsiteError> {
        Ok(match self {
            Self::Home => core::Target::Home,
            Self::Alarm { id } => core::Target::Alarm(crate::error::id(&id)?),
            Self::Device { id } => core::Target::Device(crate::error::id(&id)?),
            Self::Alarms => core::Target::Alarms,
            Self::Incident { id } => core::Target::Incident(crate::error::id(&id)?),
        })
    }
}

/// Where something leads.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Route {
    /// In which organization; none: whichever is chosen.
    pub organization: Option<String>,
    /// For whom; none: whoever is there.
    pub person: Option<String>,
    /// What is shown.
    pub target: Target,
}

impl From<core::Route> for Route {
    fn from(route: core::Route) -> Self {
        Self {
            organization: route.organization.map(|id| id.to_string()),
            person: route.person.map(|id| id.to_string()),
            target: route.target.into(),
        }
    }
}

impl Route {
    fn read(self) -> Result<core::Route, OnsiteError> {
        Ok(core::Route {
            organization: id_if(self.organization.as_ref())?,
            person: id_if(self.person.as_ref())?,
            target: self.target.read()?,
        })
    }
}

/// A push as a phone shows it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ParsedPush {
    /// `notice_alarm`, `notice_bundle` …; a kind not heard of is `notice_unheard`.
    pub code: String,
    /// `alarm`, `device`, `location`, `organization`, `by`, `count`: those that are known.
    pub arguments: HashMap<String, String>,
    /// Its sealed words were opened; without them only its kind is known.
    pub opened: bool,
    /// Where a tap leads.
    pub route: Route,
    /// The link that leads there.
    pub link: String,
    /// Whose event.
    pub organization: String,
    /// Whom it is for.
    pub person: String,
    /// The event: one notification per key, whether it comes by push or by sync.
    pub key: String,
    /// Its id in the feed.
    pub notification: Option<String>,
    /// `info`, `warning`, `critical` …: only with the words.
    pub urgency: Option<String>,
    /// The sound's name; empty is none, missing the usual one.
    pub sound: Option<String>,
    /// The channel, by its stable name.
    pub channel: String,
    /// When the event was, in milliseconds since 1970.
    pub at: i64,
}

impl From<core::ParsedPush> for ParsedPush {
    fn from(push: core::ParsedPush) -> Self {
        Self {
            code: push.said.code,
            arguments: push.said.arguments.into_iter().collect(),
            opened: push.words == core::Words::Opened,
            link: push.route.link(),
            route: push.route.into(),
            organization: push.organization.to_string(),
            person: push.person.to_string(),
            key: push.key,
            notification: push.notification.map(|id| id.to_string()),
            urgency: push.urgency.map(|urgency| urgency.as_str().to_owned()),
            sound: push.sound,
            channel: push.channel.as_str().to_owned(),
            at: push.at.millis(),
        }
    }
}

/// Reads a push as it came. `key`: the installation's own, as it was stored; a wrong or missing one costs the words and nothing
/// else.
///
/// Errors: `push_invalid`, `push_not_ours`.
#[uniffi::export]
pub fn parse_push(payload: Vec<u8>, key: Option<Vec<u8>>) -> Result<ParsedPush, OnsiteError> {
    now("parse_push", || {
        let key = key.map(Zeroizing::new);
        let key = key.and_then(|bytes| OwnKey::from_bytes(&bytes).ok());
        Ok(core::parse_push(&payload, key.as_ref())?.into())
    })
}

/// Where a link leads, and why it is the home screen when it is that for want of a better one.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ParsedRoute {
    /// Always one.
    pub route: Route,
    /// `too_long`, `other_scheme`, `other_host`, `odd_path`, `unknown`; no word of the link is in it.
    pub refusal: Option<String>,
}

/// Where a link leads. `host`: the app's own, whose `https` links open it.
#[uniffi::export]
pub fn parse_route(link: String, host: String) -> Result<ParsedRoute, OnsiteError> {
    now("parse_route", || {
        let (route, refusal) = core::parse_link(&link, &host);
        Ok(ParsedRoute { route: route.into(), refusal: refusal.map(|refusal| refusal.as_str().to_owned()) })
    })
}

/// The link that leads to a route.
#[uniffi::export]
pub fn route_link(route: Route) -> Result<String, OnsiteError> {
    now("route_link", || Ok(route.read()?.link()))
}

/// What a tap does.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Arrival {
    /// The target is shown as it is.
    Here {
        /// What.
        target: Target,
    },
    /// The chosen organization becomes this one, then the target is shown.
    Switch {
        /// Which.
        organization: String,
        /// What.
        target: Target,
    },
    /// It is for another account: it is said so, and the switch is offered.
    OtherAccount,
    /// It is of an organization that this account does not reach.
    NotReached,
}

/// What a tap does, seen from here: `person` is whose data this is, `organizations` those that the account reaches, `chosen` the
/// one that is shown, none for all.
#[uniffi::export]
pub fn arrive(
    route: Route,
    person: Option<String>,
    organizations: Vec<String>,
    chosen: Option<String>,
) -> Result<Arrival, OnsiteError> {
    now("arrive", || {
        let organizations = ids(&organizations)?;
        let landing = core::Landing {
            person: id_if(person.as_ref())?,
            organizations: &organizations,
            chosen: id_if(chosen.as_ref())?,
        };
        Ok(match core::arrive(&route.read()?, landing) {
            core::Arrival::Here(target) => Arrival::Here { target: target.into() },
            core::Arrival::Switch(organization, target) => {
                Arrival::Switch { organization: organization.to_string(), target: target.into() }
            }
            core::Arrival::OtherAccount => Arrival::OtherAccount,
            core::Arrival::NotReached => Arrival::NotReached,
        })
    })
}
