//! The three organizations and where their equipment stands: sites, buildings, rooms, racks.

use onsite_wire::ids::{LocationId, OrganizationId};
use onsite_wire::rest::{Location, Organization};

use super::dice::Dice;

/// An organization before anything was built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Its name.
    pub(super) label: &'static str,
    /// Its address.
    address: &'static str,
    /// Its sites.
    sites: &'static [SitePlan],
    /// The partner company looks after it.
    pub(super) has_partner: bool,
}

/// A site before anything was built.
#[derive(Debug, Clone, Copy)]
struct SitePlan {
    label: &'static str,
    address: &'static str,
    /// Begins the label of every device there.
    prefix: &'static str,
    building: &'static str,
    rooms: &'static [RoomPlan],
}

#[derive(Debug, Clone, Copy)]
struct RoomPlan {
    label: &'static str,
    racks: &'static [&'static str],
    is_data_hall: bool,
}

const fn hall(label: &'static str, racks: &'static [&'static str]) -> RoomPlan {
    RoomPlan { label, racks, is_data_hall: true }
}

const fn closet(label: &'static str, racks: &'static [&'static str]) -> RoomPlan {
    RoomPlan { label, racks, is_data_hall: false }
}

/// The plans, in the order in which they are built.
pub(super) const PLANS: [Plan; 3] = [
    Plan {
        label: "Björnson & Müller Logistik AG",
        address: "Am Sandtorkai 41, 20457 Hamburg",
        has_partner: true,
        sites: &[
            SitePlan {
                label: "Hamburg Süd",
                address: "Veddeler Damm 12, 20457 Hamburg",
                prefix: "HAM",
                building: "Speicher K",
                rooms: &[hall("Rechnerraum 1", &["A-01", "A-02"]), hall("Rechnerraum 2", &["B-01", "B-02"])],
            },
            SitePlan {
                label: "Zürich Altstetten",
                address: "Hohlstrasse 550, 8048 Zürich",
                prefix: "ZRH",
                building: "Haus Föhre",
                rooms: &[hall("Serverraum Erdgeschoß", &["Z-01"])],
            },
            SitePlan {
                label: "Malmö Hamnen",
                address: "Jörgen Kocksgatan 9, 211 20 Malmö",
                prefix: "MMX",
                building: "Lagerhus Öst",
                rooms: &[closet("Ställverk", &["M-01"])],
            },
        ],
    },
    Plan {
        label: "Clínicas São Rafael",
        address: "Avenida da Liberdade 110, 1250-146 Lisboa",
        has_partner: true,
        sites: &[
            SitePlan {
                label: "Lisboa Oriente",
                address: "Alameda dos Oceanos 61, 1990-208 Lisboa",
                prefix: "LIS",
                building: "Edifício Tejo",
                rooms: &[hall("Sala de servidores A", &["L-01", "L-02"]), hall("Sala técnica", &["L-11"])],
            },
            SitePlan {
                label: "Porto – Campanhã",
                address: "Rua do Heroísmo 203, 4300-256 Porto",
                prefix: "OPO",
                building: "Ala Norte",
                rooms: &[closet("Sala de comunicações", &["P-01", "P-02"])],
            },
            SitePlan {
                label: "Évora",
                address: "Rua de Machede 8, 7000-864 Évora",
                prefix: "EVO",
                building: "Policlínica",
                rooms: &[closet("Armário rés-do-chão", &["E-01"])],
            },
        ],
    },
    Plan {
        label: "北斗データセンター株式会社",
        address: "東京都港区港南2丁目16番",
        has_partner: false,
        sites: &[
            SitePlan {
                label: "東京 品川",
                address: "東京都品川区東品川4丁目12番",
                prefix: "TYO",
                building: "本館",
                rooms: &[
                    hall("サーバー室 A", &["ラック A-01", "ラック A-02"]),
                    hall("サーバー室 B", &["ラック B-01", "ラック B-02"]),
                ],
            },
            SitePlan {
                label: "大阪 堂島",
                address: "大阪府大阪市北区堂島浜1丁目4番",
                prefix: "OSA",
                building: "別館",
                rooms: &[hall("機械室", &["ラック D-01"])],
            },
            SitePlan {
                label: "Singapore Jurong",
                address: "23 International Business Park, Singapore 609927",
                prefix: "SIN",
                building: "Block C",
                rooms: &[closet("MDF Room", &["S-01"])],
            },
        ],
    },
];

/// An organization with its locations, and its rooms as places to put equipment.
#[derive(Debug)]
pub(super) struct Built {
    /// The organization.
    pub(super) organization: Organization,
    /// All locations, parents first.
    pub(super) locations: Vec<Location>,
    /// Sites, in the order of the plan.
    pub(super) sites: Vec<LocationId>,
    /// Rooms, in the order of the plan.
    pub(super) rooms: Vec<Room>,
}

/// A room to put equipment into.
#[derive(Debug)]
pub(super) struct Room {
    /// The room.
    pub(super) id: LocationId,
    /// Its racks.
    pub(super) racks: Vec<LocationId>,
    /// Begins the label of every device of its site.
    pub(super) prefix: &'static str,
    /// With cooling, battery cabinets and two supplies; else a closet with little.
    pub(super) is_data_hall: bool,
}

/// Builds an organization as planned.
pub(super) fn build(plan: &Plan, dice: &mut Dice) -> Built {
    let id = OrganizationId(dice.id());
    let organization =
        Organization { id, label: plan.label.into(), address: Some(plan.address.into()), revision: None };
    let mut built = Built { organization, locations: Vec::new(), sites: Vec::new(), rooms: Vec::new() };
    for site in plan.sites {
        let at = built.add(None, "SITE", site.label, Some(site.address), dice);
        built.sites.push(at);
        let building = built.add(Some(at), "BUILDING", site.building, None, dice);
        for room in site.rooms {
            let id = built.add(Some(building), "ROOM", room.label, None, dice);
            let racks = room.racks.iter().map(|rack| built.add(Some(id), "RACK", rack, None, dice)).collect();
            built.rooms.push(Room { id, racks, prefix: site.prefix, is_data_hall: room.is_data_hall });
        }
    }
    built
}

impl Built {
    fn add(
        &mut self,
        parent_id: Option<LocationId>,
        kind: &str,
        label: &str,
        address: Option<&str>,
        dice: &mut Dice,
    ) -> LocationId {
        let id = LocationId(dice.id());
        self.locations.push(Location {
            id,
            label: label.to_owned(),
            parent_id,
            kind: kind.to_owned(),
            address: address.map(str::to_owned),
            revision: None,
        });
        id
    }
}
