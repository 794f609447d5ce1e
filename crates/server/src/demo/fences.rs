//! Where the invented sites stand, and whom to call there (U3, U6). One site has no fence: the phone has to say so.

use onsite_wire::ids::{LocationId, OrganizationId};
use onsite_wire::onsite::{CallEntry, LonLat, Outline, SiteEntry};

use crate::document::OrganizationDocument;

/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.0;

enum Shape {
    /// A circle of this radius in metres.
    Round(f64),
    /// A rectangle, so many metres to each side.
    Block(f64, f64),
    /// A block around a yard, so many metres to each side.
    Yard(f64, f64),
}

/// Latitude and longitude of the middle of each site, by its label.
const STANDS: &[(&str, f64, f64, Shape)] = &[
    ("Hamburg Süd", 53.531_94, 10.007_32, Shape::Block(140.0, 90.0)),
    ("Zürich Altstetten", 47.391_18, 8.489_37, Shape::Round(60.0)),
    ("Malmö Hamnen", 55.613_42, 13.009_51, Shape::Round(180.0)),
    ("Lisboa Oriente", 38.768_26, -9.096_43, Shape::Yard(120.0, 150.0)),
    ("Porto – Campanhã", 41.148_73, -8.588_29, Shape::Round(80.0)),
    ("東京 品川", 35.620_17, 139.748_62, Shape::Block(60.0, 110.0)),
    ("大阪 堂島", 34.695_88, 135.491_74, Shape::Round(45.0)),
    ("Singapore Jurong", 1.328_57, 103.747_91, Shape::Yard(160.0, 130.0)),
];

/// The sites' fences and the organization's call list: its people in the order of the document.
pub(super) fn raise(
    organization: OrganizationId,
    sites: &[(LocationId, String)],
    number: usize,
    document: &mut OrganizationDocument,
) {
    for (site, label) in sites {
        let stands = STANDS.iter().find(|(known, ..)| known == label);
        document.sites.extend(stands.map(|(_, lat, lon, shape)| SiteEntry {
            id: site.0,
            outline: Some(outline(*lat, *lon, shape)),
            calls: Vec::new(),
            revision: 0,
        }));
    }
    let calls = document.people.iter().enumerate().map(|(n, person)| CallEntry {
        person: person.id,
        // Numbers that nobody has.
        phone: format!("+{} 555 01{n:02}", ["49 40", "351 21", "81 3"].get(number).copied().unwrap_or("1 202")),
    });
    document.sites.push(SiteEntry { id: organization.0, outline: None, calls: calls.collect(), revision: 0 });
}

fn outline(lat: f64, lon: f64, shape: &Shape) -> Outline {
    let ring = |east: f64, north: f64| -> Vec<LonLat> {
        let (lon_m, lat_m) = (1.0 / (DEGREE_M * lat.to_radians().cos()), 1.0 / DEGREE_M);
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)]
            .map(|(e, n)| [lon + e * east * lon_m, lat + n * north * lat_m])
            .to_vec()
    };
    match *shape {
        Shape::Round(radius_m) => Outline::Circle { center: [lon, lat], radius_m },
        Shape::Block(east, north) => Outline::Polygons { polygons: vec![vec![ring(east, north)]] },
        Shape::Yard(east, north) => {
            Outline::Polygons { polygons: vec![vec![ring(east, north), ring(east / 4.0, north / 4.0)]] }
        }
    }
}
