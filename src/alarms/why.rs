//! Why a list is empty or short (A12): every reason that hides something, with how much and what lifts it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use onsite_rules::rights::sees_everything;
use onsite_wire::codes::Code;
use onsite_wire::onsite::MyOrganization;
use onsite_wire::rest::Subscription;

use super::feed;
use super::filter::AlarmFilter;
use super::list::AlarmList;
use crate::devices::directory::{Directory, Presence};
use crate::live::{Query, Start};
use crate::people;
use crate::store::{Fault, Reading};
use crate::sync::copies::is_read;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// `nothing_wrong`, `hidden_by_filter`, `hidden_by_location`, `limited_by_rights`, `no_subscription`, `not_read_yet`.
    pub code: Code,
    /// The code's arguments.
    pub arguments: BTreeMap<String, String>,
    /// The filter that shows what is hidden: one tap.
    pub lift: Option<AlarmFilter>,
}

impl Why {
    fn new(code: Code) -> Self {
        Self { code, arguments: BTreeMap::new(), lift: None }
    }

    fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.arguments.insert(name.to_owned(), value.to_string());
        self
    }

    fn lifted_by(mut self, filter: AlarmFilter) -> Self {
        self.lift = Some(filter);
        self
    }
}

/// The reasons for what a list shows, the one nearest to the person's hand first.
pub(super) fn reasons(
    reading: &Reading<'_>,
    directory: &Directory,
    list: &AlarmList,
    filter: &AlarmFilter,
) -> Result<Vec<Why>, Fault> {
    let mut reasons = Vec::new();
    let count = |filter: &AlarmFilter| total(reading, &list.with(filter.clone()));
    let shown = count(filter)?;
    let bare = AlarmFilter { organization: filter.organization, location: filter.location, ..AlarmFilter::default() };
    let without_filter = if bare == *filter { shown } else { count(&bare)? };
    if without_filter > shown {
        reasons.push(Why::new(Code::HiddenByFilter).with("count", without_filter - shown).lifted_by(bare.clone()));
    }
    if let Some(location) = filter.location {
        let everywhere = AlarmFilter { location: None, ..bare };
        let hidden = count(&everywhere)?.saturating_sub(without_filter);
        if hidden > 0 {
            let name = directory.location_number(location).and_then(|n| directory.location(n));
            let name = name.map_or_else(String::new, |entry| entry.label.to_string());
            let lifted = AlarmFilter { location: None, ..filter.clone() };
            let why = Why::new(Code::HiddenByLocation).with("count", hidden).with("location", name);
            reasons.push(why.lifted_by(lifted));
        }
    }
    reasons.extend(by_organization(reading, directory, filter)?);
    if reasons.is_empty() && shown == 0 {
        reasons.push(Why::new(Code::NothingWrong));
    }
    Ok(reasons)
}

/// What holds for an organization as a whole, whatever is filtered.
fn by_organization(reading: &Reading<'_>, directory: &Directory, filter: &AlarmFilter) -> Result<Vec<Why>, Fault> {
    let mut reasons = Vec::new();
    let mut push = |code| {
        if !reasons.iter().any(|why: &Why| why.code == code) {
            reasons.push(Why::new(code));
        }
    };
    let chosen = directory.organizations().filter(|(_, entry)| filter.organization.is_none_or(|id| id == entry.id));
    let mut none = true;
    for (n, entry) in chosen {
        none = false;
        if !is_read(reading.cache, entry.id, feed::NAME)? {
            push(Code::NotReadYet);
        }
        let mine: Option<MyOrganization> = people::mine(reading.cache, entry.id)?;
        if mine.is_some_and(|mine| !sees_everything(&mine.rights)) {
            push(Code::LimitedByRights);
        }
        let unsubscribed = directory.devices().any(|(_, device)| {
            device.organization == n
                && device.presence == Presence::Present
                && device.parent.is_none()
                && device.subscription == Subscription::None
        });
        if unsubscribed && directory.devices().any(|(_, device)| device.subscription != Subscription::None) {
            push(Code::NoSubscription);
        }
    }
    if none {
        push(Code::NotReadYet);
    }
    Ok(reasons)
}

fn total(reading: &Reading<'_>, list: &AlarmList) -> Result<u64, Fault> {
    let ready = list.prepare(reading)?;
    let mut total = 0;
    list.page(reading, &ready, Start::Top, usize::MAX, &mut |_| {
        total += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(total)
}
