//! Makes and models of equipment.

use onsite_wire::ids::DeviceId;
use onsite_wire::rest::Device;

use super::dice::Dice;

/// The kinds of devices that are invented here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// An uninterruptible power supply.
    Ups,
    /// A cabinet of batteries beside it.
    BatteryFrame,
    /// A floor-standing power distribution.
    FloorPdu,
    /// A power distribution in a rack; banks and outlets are its components.
    RackPdu,
    /// Outlets behind one breaker.
    Bank,
    /// One switched outlet.
    Outlet,
    /// An air conditioner for rooms or rows.
    Cooling,
    /// A monitor of a room: climate, door, water, smoke, motion.
    Monitor,
    /// A climate sensor in a rack.
    AirProbe,
    /// A transfer switch between two supplies.
    Ats,
}

impl Kind {
    /// All kinds.
    pub(super) const ALL: [Self; 10] = [
        Self::Ups,
        Self::BatteryFrame,
        Self::FloorPdu,
        Self::RackPdu,
        Self::Bank,
        Self::Outlet,
        Self::Cooling,
        Self::Monitor,
        Self::AirProbe,
        Self::Ats,
    ];

    /// The name on the wire: an open set there.
    pub(super) const fn wire(self) -> &'static str {
        match self {
            Self::Ups => "UPS",
            Self::BatteryFrame => "BATTERY_FRAME",
            Self::FloorPdu => "PDU",
            Self::RackPdu => "RPDU",
            Self::Bank => "OUTLET_GROUP",
            Self::Outlet => "OUTLET",
            Self::Cooling => "COOLING_UNIT",
            Self::Monitor => "ENVIRONMENTAL_MONITOR",
            Self::AirProbe => "ENVIRONMENTAL_SENSOR",
            Self::Ats => "ATS",
        }
    }

    /// The kind of this name.
    pub(super) fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.wire() == name)
    }

    /// The piece of a device's label that says its kind.
    pub(super) const fn short(self) -> &'static str {
        match self {
            Self::Ups => "UPS",
            Self::BatteryFrame => "BAT",
            Self::FloorPdu => "PDU",
            Self::RackPdu => "RPDU",
            Self::Bank => "Bank",
            Self::Outlet => "Outlet",
            Self::Cooling => "CRAC",
            Self::Monitor => "ENV",
            Self::AirProbe => "T/H",
            Self::Ats => "ATS",
        }
    }

    /// A component of another device: it has no address, serial number or warranty of its own.
    pub(super) const fn is_component(self) -> bool {
        matches!(self, Self::Bank | Self::Outlet)
    }
}

/// A product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    manufacturer: &'static str,
    name: &'static str,
    serial: &'static str,
    firmware: &'static [&'static str],
}

const fn model(
    manufacturer: &'static str,
    name: &'static str,
    serial: &'static str,
    firmware: &'static [&'static str],
) -> Model {
    Model { manufacturer, name, serial, firmware }
}

const SCHNEIDER: &str = "Schneider Electric";
const APC: &str = "APC";
const VERTIV: &str = "Vertiv";
const EATON: &str = "Eaton";

const UPS: &[Model] = &[
    model(APC, "Smart-UPS SRT 5000", "AS", &["UPS 16.5", "UPS 15.0", "UPS 12.1"]),
    model(SCHNEIDER, "Galaxy VS 100", "QD", &["6.82.0", "6.71.2"]),
    model(APC, "Symmetra PX 48", "ED", &["3.9.2", "3.8.6"]),
    model(EATON, "93PM 50", "GE", &["2.20.1", "2.16.0"]),
    model(VERTIV, "Liebert EXM 80", "21", &["5.04", "5.01"]),
];
const BATTERY_FRAMES: &[Model] = &[
    model(SCHNEIDER, "Galaxy Lithium-ion Battery Cabinet", "QL", &["1.14.0"]),
    model(APC, "SYCF6BF Battery Frame", "PB", &["1.2.1"]),
    model(EATON, "91PS External Battery Cabinet", "EB", &["1.0.7"]),
];
const FLOOR_PDUS: &[Model] =
    &[model(APC, "Modular PDU 150 kVA", "PD", &["4.0.1"]), model(VERTIV, "Liebert FPC 125", "FP", &["2.3.0"])];
const RACK_PDUS: &[Model] = &[
    model(APC, "AP8853", "ZA", &["6.9.6", "6.8.0"]),
    model(APC, "AP8681", "ZA", &["6.9.6", "6.5.9"]),
    model("Raritan", "PX3-5493V", "QS", &["4.1.0"]),
    model(VERTIV, "Geist GU30019", "GU", &["5.10.4"]),
];
const BANKS: &[Model] = &[model(APC, "Outlet bank 16 A", "", &[])];
const OUTLETS: &[Model] = &[model(APC, "Switched outlet C13", "", &[]), model(APC, "Switched outlet C19", "", &[])];
const COOLING: &[Model] = &[
    model(APC, "InRow RC ACRC301S", "JK", &["7.0.8", "6.8.2"]),
    model(VERTIV, "Liebert PCW 40", "PW", &["1.18.3"]),
    model("Stulz", "CyberAir 3PRO ASD 552", "CA", &["C7000 4.92"]),
    model("Rittal", "LCP DX 3311", "LC", &["3.11.1"]),
];
const MONITORS: &[Model] = &[
    model(APC, "NetBotz 750", "NB", &["5.3.4", "5.3.1"]),
    model(APC, "NetBotz 250", "NB", &["6.8.2"]),
    model("Rittal", "CMC III Processing Unit", "CM", &["3.21.0"]),
];
const AIR_PROBES: &[Model] =
    &[model(APC, "AP9335TH", "5A", &["1.0.3"]), model("Raritan", "DX2-T1H1", "1F", &["2.0.0"])];
const TRANSFER_SWITCHES: &[Model] =
    &[model(APC, "AP4453", "JA", &["6.9.4"]), model(EATON, "ATS 30 Netpack", "AT", &["3.1.8"])];

/// The models of a kind; never empty.
pub(super) const fn models(kind: Kind) -> &'static [Model] {
    match kind {
        Kind::Ups => UPS,
        Kind::BatteryFrame => BATTERY_FRAMES,
        Kind::FloorPdu => FLOOR_PDUS,
        Kind::RackPdu => RACK_PDUS,
        Kind::Bank => BANKS,
        Kind::Outlet => OUTLETS,
        Kind::Cooling => COOLING,
        Kind::Monitor => MONITORS,
        Kind::AirProbe => AIR_PROBES,
        Kind::Ats => TRANSFER_SWITCHES,
    }
}

/// A device of this kind as it comes from the factory: no name, no place, no dates.
pub(super) fn device(kind: Kind, dice: &mut Dice) -> Device {
    let model = dice.pick(models(kind)).copied();
    made_as(kind, model, dice)
}

/// A device of the model with this name, if there is one.
pub(super) fn device_of_model(name: &str, dice: &mut Dice) -> Option<Device> {
    let named = |kind: &Kind| models(*kind).iter().find(|model| model.name == name).map(|model| (*kind, *model));
    let (kind, model) = Kind::ALL.iter().find_map(named)?;
    Some(made_as(kind, Some(model), dice))
}

fn made_as(kind: Kind, model: Option<Model>, dice: &mut Dice) -> Device {
    let whole = model.filter(|_| !kind.is_component());
    let serial = whole.map(|model| {
        let (year, week, unit) = (dice.between(17, 26), dice.between(1, 52), dice.between(0, 99_999));
        format!("{}{year:02}{week:02}{unit:06}", model.serial)
    });
    Device {
        id: DeviceId(dice.id()),
        label: String::new(),
        kind: kind.wire().to_owned(),
        parent_id: None,
        location_id: None,
        gateway_ids: None,
        warranty_expiration_date: None,
        service_due_date: None,
        last_service_date: None,
        device_note: None,
        model_name: model.map(|model| model.name.to_owned()),
        serial_number: serial,
        manufacturer: model.map(|model| model.manufacturer.to_owned()),
        firmware_version: whole.and_then(|model| dice.pick(model.firmware).map(|version| (*version).to_owned())),
        ip_addresses: Vec::new(),
        subscription: None,
        mute: None,
        revision: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_model_and_is_found_by_its_name_on_the_wire() {
        for kind in Kind::ALL {
            assert!(!models(kind).is_empty());
            assert_eq!(Kind::from_wire(kind.wire()), Some(kind));
        }
    }
}
