//! Which equipment stands in a room, how it is named, and what was agreed for it.

use std::collections::HashMap;

use onsite_wire::ids::{DeviceId, LocationId};
use onsite_wire::rest::{Device, Subscription};
use onsite_wire::time::{Date, Timestamp};

use super::catalogue::{self, Kind};
use super::dice::Dice;
use super::places::{Built, Room};

const IN_A_DATA_HALL: &[Kind] =
    &[Kind::Ups, Kind::BatteryFrame, Kind::FloorPdu, Kind::Cooling, Kind::Cooling, Kind::Ats, Kind::Monitor];
const IN_A_CLOSET: &[Kind] = &[Kind::Ups, Kind::Cooling, Kind::Monitor];
const BANKS_OF_A_RACK_PDU: usize = 2;
const OUTLETS_OF_A_BANK: usize = 3;

const NOTES: &[&str] = &[
    "Schlüssel beim Pförtner, Schrank 4.",
    "Replaced fan tray after the summer outage; spare on the shelf behind it.",
    "Contactar a segurança antes de abrir a sala.",
    "Do not restart: feeds the badge readers.",
    "前面パネルの鍵は警備室にあります。",
    "Firmwareuppdatering planerad till nästa fönster.",
    "Battery string B installed one year later than string A.",
    "Filterwechsel halbjährlich.",
];

/// Equips all rooms of an organization.
pub(super) fn equip(built: &Built, now: Timestamp, dice: &mut Dice) -> Vec<Device> {
    let mut yard = Yard { devices: Vec::new(), named: HashMap::new(), now };
    for (subnet, room) in built.rooms.iter().enumerate() {
        let gateway = format!("gw-{}-{}", room.prefix.to_lowercase(), dice.between(1000, 9999));
        let kinds = if room.is_data_hall { IN_A_DATA_HALL } else { IN_A_CLOSET };
        for kind in kinds {
            yard.place(*kind, room, room.id, &gateway, subnet, dice);
        }
        for rack in &room.racks {
            yard.place(Kind::AirProbe, room, *rack, &gateway, subnet, dice);
            let pdu = yard.place(Kind::RackPdu, room, *rack, &gateway, subnet, dice);
            if room.is_data_hall {
                yard.fit_components(pdu, *rack, &gateway, dice);
            }
        }
    }
    yard.devices
}

struct Yard {
    devices: Vec<Device>,
    named: HashMap<(&'static str, Kind), u32>,
    now: Timestamp,
}

impl Yard {
    fn place(
        &mut self,
        kind: Kind,
        room: &Room,
        location: LocationId,
        gateway: &str,
        subnet: usize,
        dice: &mut Dice,
    ) -> DeviceId {
        let number = self.named.entry((room.prefix, kind)).or_default();
        *number += 1;
        let mut device = catalogue::device(kind, dice);
        device.label = format!("{}-{}-{number:02}", room.prefix, kind.short());
        device.location_id = Some(location);
        device.gateway_ids = Some(vec![gateway.to_owned()]);
        device.ip_addresses =
            vec![format!("10.{}.{}.{}", 20 + subnet, dice.between(0, 3), self.devices.len() % 240 + 10)];
        device.subscription = Some(subscription(kind, dice));
        agree(&mut device, self.now, dice);
        let id = device.id;
        self.devices.push(device);
        id
    }

    fn fit_components(&mut self, pdu: DeviceId, rack: LocationId, gateway: &str, dice: &mut Dice) {
        let mut fit = |kind: Kind, parent: DeviceId, label: String, dice: &mut Dice| {
            let mut device = catalogue::device(kind, dice);
            device.label = label;
            device.parent_id = Some(parent);
            device.location_id = Some(rack);
            device.gateway_ids = Some(vec![gateway.to_owned()]);
            let id = device.id;
            self.devices.push(device);
            id
        };
        for bank in 1..=BANKS_OF_A_RACK_PDU {
            let id = fit(Kind::Bank, pdu, format!("Bank {bank}"), dice);
            for outlet in 1..=OUTLETS_OF_A_BANK {
                let number = (bank - 1) * OUTLETS_OF_A_BANK + outlet;
                fit(Kind::Outlet, id, format!("Outlet {number}"), dice);
            }
        }
    }
}

fn subscription(kind: Kind, dice: &mut Dice) -> Subscription {
    let watched = matches!(kind, Kind::Ups | Kind::Cooling | Kind::BatteryFrame);
    match dice.below(10) {
        0 => Subscription::None,
        1..=6 if watched => Subscription::AssetAdvisor,
        _ => Subscription::ItExpert,
    }
}

/// Warranty, service dates and a note: running, soon ending, over and unknown ones.
pub(super) fn agree(device: &mut Device, now: Timestamp, dice: &mut Dice) {
    let day = |low, high, share, dice: &mut Dice| {
        let days = dice.between(low, high);
        dice.chance(share).then(|| Date::of(now, days)).flatten()
    };
    device.warranty_expiration_date = day(-500, 1_200, 0.85, dice);
    device.last_service_date = day(-500, -5, 0.7, dice);
    device.service_due_date = day(-20, 360, 0.7, dice);
    device.device_note = dice.chance(0.12).then(|| dice.word(NOTES).to_owned());
}
