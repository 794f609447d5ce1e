//! Distances to outlines anywhere on the earth, and outlines that are none.

use super::*;
use proptest::prelude::*;

fn at(lat: f64, lon: f64) -> Position {
    Position::new(lat, lon).unwrap()
}

/// A rectangle around a point, its sides in degrees.
fn rectangle(lat: f64, lon: f64, high: f64, wide: f64) -> Vec<LonLat> {
    let (s, n, w, e) = (lat - high / 2.0, lat + high / 2.0, lon - wide / 2.0, lon + wide / 2.0);
    vec![[w, s], [e, s], [e, n], [w, n], [w, s]]
}

fn fence(polygons: Vec<Vec<Vec<LonLat>>>) -> Result<Fence, Refusal> {
    Fence::of(&Outline::Polygons { polygons })
}

#[test]
fn a_distance_is_negative_inside_zero_on_the_line_and_positive_outside() {
    let circle = Fence::of(&Outline::Circle { center: [8.5, 47.4], radius_m: 200.0 }).unwrap();
    assert!((circle.distance_m(&at(47.4, 8.5)) + 200.0).abs() < 0.01);
    let square = fence(vec![vec![rectangle(47.4, 8.5, 0.002, 0.003)]]).unwrap();
    assert!((square.distance_m(&at(47.4, 8.5)) + 111.2).abs() < 1.0, "{}", square.distance_m(&at(47.4, 8.5)));
    assert!(square.distance_m(&at(47.401, 8.5)).abs() < 0.1);
    assert!((square.distance_m(&at(47.402, 8.5)) - 111.2).abs() < 1.0);
    assert!((square.inradius_m() - 111.2).abs() < 2.0, "{}", square.inradius_m());
}

#[test]
fn a_courtyard_cut_out_of_a_site_is_not_on_site() {
    let site = fence(vec![vec![rectangle(47.4, 8.5, 0.01, 0.01), rectangle(47.4, 8.5, 0.004, 0.004)]]).unwrap();
    assert!(site.distance_m(&at(47.4, 8.5)) > 100.0);
    assert!(site.distance_m(&at(47.4035, 8.5)) < -100.0);
    assert!(site.inradius_m() < 250.0);
}

#[test]
fn a_site_across_the_antimeridian_is_like_any_other() {
    let jumping = vec![[179.99, -17.0], [-179.99, -17.0], [-179.99, -16.98], [179.99, -16.98], [179.99, -17.0]];
    let beyond: Vec<LonLat> =
        vec![[179.99, -17.0], [180.01, -17.0], [180.01, -16.98], [179.99, -16.98], [179.99, -17.0]];
    for ring in [jumping, beyond] {
        let site = fence(vec![vec![ring]]).unwrap();
        assert!(site.distance_m(&at(-16.99, 180.0)) < -900.0);
        assert!(site.distance_m(&at(-16.99, -179.995)) < -400.0);
        assert!(site.distance_m(&at(-16.99, 179.98)) > 900.0);
        assert!(site.enclosing_m() < 1_700.0);
    }
}

#[test]
fn a_site_cut_in_two_at_the_antimeridian_is_one_fence_when_it_is_imported() {
    // A block with a courtyard on the line, cut as RFC 7946 advises, and a shed beside it.
    let file = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"label":"Taveuni"},
        "geometry":{"type":"MultiPolygon","coordinates":[
        [[[179.99,-17.0],[180.0,-17.0],[180.0,-16.992],[179.998,-16.992],[179.998,-16.988],[180.0,-16.988],
          [180.0,-16.98],[179.99,-16.98],[179.99,-17.0]]],
        [[[-180.0,-17.0],[-179.99,-17.0],[-179.99,-16.98],[-180.0,-16.98],[-180.0,-16.988],[-179.998,-16.988],
          [-179.998,-16.992],[-180.0,-16.992],[-180.0,-17.0]]],
        [[[-179.98,-16.99],[-179.978,-16.99],[-179.978,-16.988],[-179.98,-16.988],[-179.98,-16.99]]]]}}]}"#;
    let features = geojson::read(file.as_bytes()).unwrap();
    let Outline::Polygons { polygons } = &features[0].outline else { panic!("{features:?}") };
    assert_eq!(polygons.len(), 2, "{polygons:?}");
    assert_eq!(polygons.iter().map(Vec::len).sum::<usize>(), 3, "two outer rings and a courtyard: {polygons:?}");
    assert_eq!(joined(features[0].outline.clone()), features[0].outline, "joining again changes nothing");

    let whole = Fence::of(&features[0].outline).unwrap();
    let ring = rectangle(-16.99, 180.0, 0.02, 0.02);
    let as_one = fence(vec![vec![ring, rectangle(-16.99, 180.0, 0.004, 0.004)]]).unwrap();
    for lat in [-16.985, -16.99, -16.996, -16.97] {
        for lon in [179.985, 179.995, 179.9999, 180.0, -179.9999, -179.995] {
            let (by_halves, by_whole) = (whole.distance_m(&at(lat, lon)), as_one.distance_m(&at(lat, lon)));
            assert!((by_halves - by_whole).abs() < 0.5, "{lat} {lon}: {by_halves} {by_whole}");
        }
    }
    assert!(whole.distance_m(&at(-16.984, 180.0)) < -400.0, "on the cut is deep inside");
    assert!((whole.inradius_m() - as_one.inradius_m()).abs() < 5.0);
    assert!(whole.distance_m(&at(-16.989, -179.979)) < -50.0, "the shed is still there");
}

#[test]
fn two_buildings_of_a_site_stay_two_wherever_they_stand() {
    for lon in [8.0, 179.99, -179.99] {
        let polygons = vec![vec![rectangle(47.0, lon, 0.002, 0.002)], vec![rectangle(47.01, lon, 0.002, 0.002)]];
        let outline = Outline::Polygons { polygons };
        assert_eq!(joined(outline.clone()), outline);
    }
}

#[test]
fn what_is_no_outline_is_refused_with_the_reason() {
    let bow_tie = vec![[8.0, 47.0], [8.01, 47.01], [8.01, 47.0], [8.0, 47.01], [8.0, 47.0]];
    let flat = vec![[8.0, 47.0], [8.01, 47.0], [8.02, 47.0], [8.0, 47.0]];
    let polygons = [
        Vec::new(),
        vec![Vec::new()],
        vec![vec![Vec::new()]],
        vec![vec![bow_tie]],
        vec![vec![flat]],
        vec![vec![vec![[8.0, 47.0], [f64::NAN, 47.0], [8.01, 47.01], [8.0, 47.0]]]],
        vec![vec![vec![[8.0, 47.0], [8.0, f64::INFINITY], [8.01, 47.01], [8.0, 47.0]]]],
        vec![vec![vec![[8.0, 47.0], [8.1, 91.0], [8.01, 47.01], [8.0, 47.0]]]],
        vec![vec![rectangle(47.0, 8.0, 5.0, 5.0)]],
        vec![vec![rectangle(0.0, 0.0, 5.0, 170.0)]],
        vec![vec![rectangle(89.0, 8.0, 0.1, 0.1)]],
        vec![vec![rectangle(47.0, 8.0, 0.01, 0.01), rectangle(48.0, 9.0, 0.001, 0.001)]],
        vec![vec![vec![[8.0, 47.0]; MOST_POINTS + 1]]],
    ];
    for (n, polygons) in polygons.into_iter().enumerate() {
        assert_eq!(fence(polygons).unwrap_err().code, Code::FenceInvalid, "{n}");
    }
    for radius_m in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        let circle = Fence::of(&Outline::Circle { center: [8.0, 47.0], radius_m });
        assert_eq!(circle.unwrap_err().code, Code::FenceInvalid);
    }
    assert!(Fence::of(&Outline::Unheard).is_err());
}

#[test]
fn a_position_is_not_written_out() {
    let shown = format!("{:?}", at(47.123, 8.456));
    assert!(!shown.contains("47") && !shown.contains("8.4"), "{shown}");
}

proptest! {
    /// A polygon of many points on a circle is measured as the circle is, wherever on the earth it lies.
    #[test]
    fn a_round_polygon_is_measured_as_the_circle_it_draws(
        lat in -70.0..70.0_f64, lon in -180.0..180.0_f64, radius in 50.0..5_000.0_f64, bearing in 0.0..360.0_f64, away in 0.0..3.0_f64,
    ) {
        use geo::Destination;
        let middle = Point::new(lon, lat);
        let mut ring: Vec<LonLat> = (0..180)
            .map(|n| Geodesic.destination(middle, f64::from(n) * 2.0, radius))
            .map(|point| [point.x(), point.y()])
            .collect();
        ring.push(ring[0]);
        let polygon = fence(vec![vec![ring]]).unwrap();
        let circle = Fence::of(&Outline::Circle { center: [lon, lat], radius_m: radius }).unwrap();
        let point = Geodesic.destination(middle, bearing, radius * away);
        let point = at(point.y(), point.x());
        let (by_polygon, by_circle) = (polygon.distance_m(&point), circle.distance_m(&point));
        prop_assert!((by_polygon - by_circle).abs() < 1.0 + radius * 0.005, "{by_polygon} {by_circle}");
        prop_assert!((polygon.inradius_m() - radius).abs() < 1.0 + radius * 0.02);
        prop_assert!(polygon.enclosing_m() + 1.0 >= radius);
    }
}
