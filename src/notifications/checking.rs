//! Gathers what the readiness check looks at (N7).

use std::collections::BTreeMap;

use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{Capability, DeliveryFigures};

use super::readiness::{self, Customer, Delays, Known, PhoneStanding, Readiness};
use super::registering;
use super::room::Notifications;
use super::{shape, shown};
use crate::devices::directory::{Directory, Presence};
use crate::error::Error;
use crate::people;
use crate::store::{Fault, Reading};

impl Notifications {
    /// Whether this phone is ready for a shift, and how fast pushes come: what only the shell knows comes in. The server's
    /// figures are those of `organization`, or of the only one, for its administrators.
    pub async fn readiness(
        &self,
        organization: Option<OrganizationId>,
        phone: &PhoneStanding,
    ) -> Result<Readiness, Error> {
        let (mut customers, stored, delays) = self
            .read(|room, reading| {
                let directory = room.alarms.directory.at(reading.cache)?;
                let (stored, delays) = reading.own(|own| Ok((registering::stored(own)?, shown::delays(own)?)))?;
                Ok((customers(reading, &directory)?, stored, delays))
            })
            .await?;
        for site in self.duty.sites().await?.iter().filter(|site| site.fence.is_none()) {
            if let Some(customer) = customers.get_mut(&site.organization) {
                customer.sites_without_fence += 1;
            }
        }
        let http = &self.alarms.puller.http;
        let (moment, now) = (http.clock().now(), self.now());
        let only = (customers.len() == 1).then(|| customers.keys().next().copied()).flatten();
        let known = Known {
            customers: customers.into_values().collect(),
            has_token: stored.address.is_some(),
            is_registered: stored.holds(now),
            canary_asked: stored.canary_asked,
            canary_came: stored.canary_came,
            clock_offset_ms: {
                let estimate = http.server_clock().estimate(&moment).filter(|(_, is_certain)| *is_certain);
                estimate.map(|(server, _)| server.millis_since(moment.wall))
            },
            on_duty: self.desk.on_duty(&moment),
            now,
        };
        let server = match organization.or(only) {
            Some(id) => {
                let path = format!("onsite/v1/organizations/{id}/notice-figures");
                http.get::<DeliveryFigures>(&path).await.map(|answer| answer.body).map_err(Error::from)
            }
            None => Err(Error::input("choose an organization")),
        };
        Ok(Readiness { checks: readiness::checks(&known, phone), phone: Delays::of(&delays), server })
    }
}

/// What is known of each organization that the account reaches.
fn customers(reading: &Reading<'_>, directory: &Directory) -> Result<BTreeMap<OrganizationId, Customer>, Fault> {
    let mut select = reading.cache.prepare_cached("SELECT n, id FROM organization WHERE reached = 1")?;
    let reached = select.query_map([], |row| Ok((row.get::<_, i64>(0)?, OrganizationId::from_bytes(row.get(1)?))))?;
    let mut customers = BTreeMap::new();
    for found in reached {
        let (n, id) = found?;
        let mine = people::mine(reading.cache, id)?;
        let offers = |capability| mine.as_ref().is_some_and(|mine| mine.capabilities.contains(&capability));
        let devices = directory.devices().filter(|(_, entry)| {
            entry.organization == n && entry.presence == Presence::Present && entry.parent.is_none()
        });
        let (mut count, mut unsubscribed) = (0, 0);
        for (_, device) in devices {
            count += 1;
            unsubscribed += u64::from(device.subscription == onsite_wire::rest::Subscription::None);
        }
        customers.insert(
            id,
            Customer {
                label: directory.organization(n).map(|entry| entry.label.to_string()).unwrap_or_default(),
                notifies: offers(Capability::Notifications),
                has_duty: offers(Capability::Duty),
                settings: shape::settings(reading.cache, id)?,
                devices: count,
                unsubscribed,
                sites_without_fence: 0,
            },
        );
    }
    Ok(customers)
}
