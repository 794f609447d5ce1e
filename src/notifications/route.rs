//! Where a tap leads: one parser for pushes, links and notification actions (N2). What is unknown or hostile leads home, with
//! a reason for the flight recorder that has no word of the link in it.

use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::NoticeSubject;

/// The host of links that open the app, unless the account's configuration names another: the one that the app is made for
/// in its manifest (Android's app links, iOS's associated domains).
pub const DEFAULT_LINK_HOST: &str = "app.onsite.example";
/// The longest link, in bytes.
const LONGEST: usize = 512;

/// What is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The home screen.
    Home,
    /// Exactly this alarm.
    Alarm(AlarmId),
    /// This device's alarms.
    Device(DeviceId),
    /// The organization's list of alarms.
    Alarms,
    /// This incident, with its chat.
    Incident(IncidentId),
}

/// Where something leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// In which organization; missing: whichever is chosen.
    pub organization: Option<OrganizationId>,
    /// For whom; missing: whoever is there.
    pub person: Option<PersonId>,
    /// What is shown.
    pub target: Target,
}

/// Why a link leads home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Longer than any link of ours.
    TooLong,
    /// Neither `onsite://` nor `https://`.
    OtherScheme,
    /// Another host, a port, a user.
    OtherHost,
    /// Dots, percent signs, backslashes, empty parts: what no link of ours has.
    OddPath,
    /// A path that leads nowhere in this version.
    Unknown,
}

impl Refusal {
    /// Its stable name, as the flight recorder has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::OtherScheme => "other_scheme",
            Self::OtherHost => "other_host",
            Self::OddPath => "odd_path",
            Self::Unknown => "unknown",
        }
    }
}

impl Route {
    /// The home screen.
    pub const HOME: Self = Self { organization: None, person: None, target: Target::Home };

    /// Where something that is about this subject leads.
    pub const fn of_subject(
        organization: OrganizationId,
        person: Option<PersonId>,
        kind: NoticeSubject,
        subject: Uuid,
    ) -> Self {
        let target = match kind {
            NoticeSubject::Alarm => Target::Alarm(AlarmId(subject)),
            NoticeSubject::Device => Target::Device(DeviceId(subject)),
            NoticeSubject::Organization => Target::Alarms,
            NoticeSubject::Incident => Target::Incident(IncidentId(subject)),
            NoticeSubject::Unheard => Target::Home,
        };
        Self { organization: Some(organization), person, target }
    }

    /// The link that leads here.
    pub fn link(&self) -> String {
        let (organization, target) = (self.organization, self.target);
        match (organization, target) {
            (Some(organization), Target::Alarm(alarm)) => {
                format!("onsite://organizations/{organization}/alarms/{alarm}")
            }
            (Some(organization), Target::Device(device)) => {
                format!("onsite://organizations/{organization}/devices/{device}")
            }
            (Some(organization), Target::Alarms) => format!("onsite://organizations/{organization}/alarms"),
            (Some(organization), Target::Incident(incident)) => {
                format!("onsite://organizations/{organization}/incidents/{incident}")
            }
            _ => "onsite://home".to_owned(),
        }
    }
}

/// Where a link leads: `onsite://organizations/ID/alarms/ID`, or the same path below `https://` and the app's host, which
/// is [`DEFAULT_LINK_HOST`] unless the app is made for another. Always a route; beside it the reason when that is the home
/// screen for want of a better one.
pub fn parse_link(link: &str, host: &str) -> (Route, Option<Refusal>) {
    match parse(link, host) {
        Ok(route) => (route, None),
        Err(refusal) => (Route::HOME, Some(refusal)),
    }
}

fn parse(link: &str, app_host: &str) -> Result<Route, Refusal> {
    if link.len() > LONGEST {
        return Err(Refusal::TooLong);
    }
    let (scheme, rest) = link.split_once("://").ok_or(Refusal::OtherScheme)?;
    let path = if scheme.eq_ignore_ascii_case("onsite") {
        rest
    } else if scheme.eq_ignore_ascii_case("https") {
        let (host, path) = rest.split_once('/').ok_or(Refusal::OtherHost)?;
        if !host.eq_ignore_ascii_case(app_host) {
            return Err(Refusal::OtherHost);
        }
        path
    } else {
        return Err(Refusal::OtherScheme);
    };
    if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'_')) {
        return Err(Refusal::OddPath);
    }
    place(path)
}

fn place(path: &str) -> Result<Route, Refusal> {
    let mut parts = path.split('/');
    let parts = [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()];
    if parts.contains(&Some("")) {
        return Err(Refusal::OddPath);
    }
    let id = |text: &str| Uuid::try_parse(text).ok().filter(|_| text.len() == 36).ok_or(Refusal::Unknown);
    let (organization, target) = match parts {
        [Some("home"), None, ..] => return Ok(Route::HOME),
        [Some("organizations"), Some(organization), Some("alarms"), None, ..] => (organization, Target::Alarms),
        [Some("organizations"), Some(organization), Some("alarms"), Some(alarm), None] => {
            (organization, Target::Alarm(AlarmId(id(alarm)?)))
        }
        [Some("organizations"), Some(organization), Some("devices"), Some(device), None] => {
            (organization, Target::Device(DeviceId(id(device)?)))
        }
        [Some("organizations"), Some(organization), Some("incidents"), Some(incident), None] => {
            (organization, Target::Incident(IncidentId(id(incident)?)))
        }
        _ => return Err(Refusal::Unknown),
    };
    Ok(Route { organization: Some(OrganizationId(id(organization)?)), person: None, target })
}

/// What the phone is looking at when a route arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landing<'a> {
    /// Whose data this is; missing: nobody signed in yet.
    pub person: Option<PersonId>,
    /// The organizations that the account reaches.
    pub organizations: &'a [OrganizationId],
    /// The chosen one; missing: all.
    pub chosen: Option<OrganizationId>,
}

/// What a tap does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The target is shown as it is.
    Here(Target),
    /// The chosen organization becomes this one, then the target is shown.
    Switch(OrganizationId, Target),
    /// It is for another account: it is said so, and the switch is offered.
    OtherAccount,
    /// It is of an organization that this account does not reach.
    NotReached,
}

/// What a tap does, seen from here.
pub fn arrive(route: &Route, landing: Landing<'_>) -> Arrival {
    if let (Some(meant), Some(here)) = (route.person, landing.person)
        && meant != here
    {
        return Arrival::OtherAccount;
    }
    match route.organization {
        Some(organization) if !landing.organizations.contains(&organization) => Arrival::NotReached,
        Some(organization) if landing.chosen.is_some_and(|chosen| chosen != organization) => {
            Arrival::Switch(organization, route.target)
        }
        _ => Arrival::Here(route.target),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: &str = DEFAULT_LINK_HOST;
    const ONE: OrganizationId = OrganizationId::from_bytes([1; 16]);
    const OTHER: OrganizationId = OrganizationId::from_bytes([2; 16]);
    const ALARM: AlarmId = AlarmId::from_bytes([3; 16]);
    const INCIDENT: IncidentId = IncidentId::from_bytes([6; 16]);
    const ME: PersonId = PersonId::from_bytes([4; 16]);

    #[test]
    fn a_link_leads_to_exactly_what_it_names_by_both_schemes() {
        let device = Target::Device(DeviceId(ALARM.0));
        for target in [Target::Alarm(ALARM), device, Target::Alarms, Target::Incident(INCIDENT)] {
            let route = Route { organization: Some(ONE), person: None, target };
            assert_eq!(parse_link(&route.link(), HOST), (route, None));
            let https = route.link().replace("onsite://", &format!("https://{HOST}/"));
            assert_eq!(parse_link(&https, HOST), (route, None));
        }
        assert_eq!(parse_link("onsite://home", HOST), (Route::HOME, None));
    }

    #[test]
    fn hostile_links_lead_home_with_a_reason() {
        let alarm = format!("organizations/{ONE}/alarms/{ALARM}");
        for (link, reason) in [
            (format!("javascript://{alarm}"), Refusal::OtherScheme),
            (format!("http://{HOST}/{alarm}"), Refusal::OtherScheme),
            (format!("file:///{alarm}"), Refusal::OtherScheme),
            (alarm.clone(), Refusal::OtherScheme),
            (format!("https://evil.example/{alarm}"), Refusal::OtherHost),
            (format!("https://{HOST}.evil.example/{alarm}"), Refusal::OtherHost),
            (format!("https://{HOST}@evil.example/{alarm}"), Refusal::OtherHost),
            (format!("https://{HOST}:8443/{alarm}"), Refusal::OtherHost),
            (format!("https://{HOST}"), Refusal::OtherHost),
            (format!("onsite://organizations/{ONE}/../{OTHER}/alarms"), Refusal::OddPath),
            (format!("onsite://organizations/{ONE}/%2e%2e/alarms"), Refusal::OddPath),
            (format!("onsite://organizations/{ONE}/alarms/{ALARM}?then=x"), Refusal::OddPath),
            (format!("onsite://organizations//alarms/{ALARM}"), Refusal::OddPath),
            (format!("onsite:///{alarm}"), Refusal::OddPath),
            (format!("onsite://organizations/{ONE}/wallet/{ALARM}"), Refusal::Unknown),
            (format!("onsite://{alarm}/extra"), Refusal::Unknown),
            (format!("onsite://organizations/{ONE}/alarms/1"), Refusal::Unknown),
            (format!("onsite://{}", "a".repeat(1_000)), Refusal::TooLong),
        ] {
            assert_eq!(parse_link(&link, HOST), (Route::HOME, Some(reason)), "{link}");
        }
    }

    #[test]
    fn the_host_of_links_is_the_apps_own() {
        let link = format!("https://work.customer.example/organizations/{ONE}/alarms");
        assert_eq!(parse_link(&link, HOST), (Route::HOME, Some(Refusal::OtherHost)));
        assert_eq!(parse_link(&link, "work.customer.example").0.target, Target::Alarms);
        let ours = format!("https://{HOST}/organizations/{ONE}/alarms");
        assert_eq!(parse_link(&ours, "work.customer.example"), (Route::HOME, Some(Refusal::OtherHost)));
    }

    #[test]
    fn a_tap_switches_the_organization_and_never_opens_another_accounts() {
        let landing = Landing { person: Some(ME), organizations: &[ONE, OTHER], chosen: Some(ONE) };
        let route = Route::of_subject(ONE, Some(ME), NoticeSubject::Alarm, ALARM.0);
        assert_eq!(arrive(&route, landing), Arrival::Here(Target::Alarm(ALARM)));
        let other = Route { organization: Some(OTHER), ..route };
        assert_eq!(arrive(&other, landing), Arrival::Switch(OTHER, Target::Alarm(ALARM)));
        assert_eq!(arrive(&other, Landing { chosen: None, ..landing }), Arrival::Here(Target::Alarm(ALARM)));
        let somebody = Route { person: Some(PersonId::from_bytes([5; 16])), ..route };
        assert_eq!(arrive(&somebody, landing), Arrival::OtherAccount);
        let unreached = Landing { organizations: &[OTHER], ..landing };
        assert_eq!(arrive(&route, unreached), Arrival::NotReached);
    }

    proptest! {
        #[test]
        fn no_link_panics_and_what_leads_somewhere_names_it(link in ".{0,80}") {
            let (route, refusal) = parse_link(&link, HOST);
            prop_assert!(refusal.is_none() || route == Route::HOME);
        }
    }
}
