//! Tracks as they are recorded, and as they break.

use std::io::Write as _;

use super::*;

const SITES: &str = r#"{"type":"FeatureCollection","features":[
  {"type":"Feature","properties":{"label":"North"},"geometry":{"type":"Polygon","coordinates":
    [[[8.0,47.0],[8.004,47.0],[8.004,47.003],[8.0,47.003],[8.0,47.0]]]}},
  {"type":"Feature","properties":{"label":"South","radius":150},"geometry":{"type":"Point","coordinates":[8.0,46.9]}}]}"#;

/// Drives to North, is there for 5 minutes, and drives on: (seconds, latitude, longitude).
fn day() -> Vec<(i64, f64, f64)> {
    let mut day = Vec::new();
    for n in 0..20 {
        day.push((n * 15, 47.0015 - 0.002 * (20 - n) as f64, 8.002));
    }
    day.extend((20..40).map(|n| (n * 15, 47.0015, 8.002)));
    day.extend((40..60).map(|n| (n * 15, 47.0015 + 0.003 * (n - 39) as f64, 8.002)));
    day
}

fn stamp(seconds: i64) -> Timestamp {
    Timestamp::parse("2026-11-22T08:00:00Z").unwrap().plus_millis(seconds * 1_000)
}

fn gpx() -> String {
    let point = |(s, lat, lon): (i64, f64, f64)| {
        format!("<trkpt lat=\"{lat}\" lon=\"{lon}\"><ele>400</ele><time>{}</time><hdop>1.6</hdop></trkpt>\n", stamp(s))
    };
    let points: String = day().into_iter().map(point).collect();
    format!("<?xml version=\"1.0\"?>\n<gpx version=\"1.1\"><trk><trkseg>{points}</trkseg></trk></gpx>")
}

fn told(name: &str, track: &[u8]) -> Result<String, ConsoleError> {
    let folder = tempfile::tempdir().unwrap();
    let (track_file, sites_file) = (folder.path().join(name), folder.path().join("sites.geojson"));
    std::fs::write(&track_file, track).unwrap();
    std::fs::write(&sites_file, SITES).unwrap();
    let mut out = Vec::new();
    tell(&track_file, &sites_file, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn code(name: &str, track: &[u8]) -> Code {
    match told(name, track) {
        Err(ConsoleError::Core(error)) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_replay_prints_each_decision_with_its_reason_the_same_from_every_format() {
    let from_gpx = told("day.gpx", gpx().as_bytes()).unwrap();
    for part in [
        "off_duty -> unknown  switched on",
        "outside -> entering  near enough  [North]",
        "entering -> inside  dwelt  [North]",
        "says: at North since",
        "inside -> leaving  beyond  [North]",
        "leaving -> outside  gone  [North]",
        "says: at no site any more",
        "±8 m",
    ] {
        assert!(from_gpx.contains(part), "{part} is not in\n{from_gpx}");
    }
    let fixes = from_gpx.lines().filter(|line| line.contains("±8 m")).count();
    assert_eq!(fixes, day().len(), "one line a fix");

    let lines: String = day()
        .into_iter()
        .map(|(s, lat, lon)| format!("{{\"time\":\"{}\",\"lat\":{lat},\"lon\":{lon},\"accuracy\":8}}\n", stamp(s)))
        .collect();
    assert_eq!(told("day.jsonl", lines.as_bytes()).unwrap(), from_gpx);

    let points: Vec<String> = day().into_iter().map(|(_, lat, lon)| format!("[{lon},{lat}]")).collect();
    let times: Vec<String> = day().into_iter().map(|(s, _, _)| format!("\"{}\"", stamp(s))).collect();
    let geojson = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{{\"type\":\"Feature\",\"properties\":{{\"accuracy\":8,\
         \"coordTimes\":[{}]}},\"geometry\":{{\"type\":\"LineString\",\"coordinates\":[{}]}}}}]}}",
        times.join(","),
        points.join(",")
    );
    assert_eq!(told("day.geojson", geojson.as_bytes()).unwrap(), from_gpx);
}

#[test]
fn a_broken_track_is_a_typed_error_wherever_it_breaks() {
    let whole = gpx();
    for part in 1..10 {
        let cut = whole.len() * part / 10;
        assert_eq!(code("cut.gpx", &whole.as_bytes()[..cut]), Code::TrackBroken, "{part}");
    }
    for (name, text) in [
        ("empty.gpx", ""),
        ("other.gpx", "<html></html>"),
        ("number.gpx", "<gpx><trkpt lat=\"x\" lon=\"8\"><time>2026-11-22T08:00:00Z</time></trkpt></gpx>"),
        ("timeless.gpx", "<gpx><trkpt lat=\"47\" lon=\"8\"></trkpt></gpx>"),
        ("placeless.gpx", "<gpx><trkpt lat=\"47\"><time>2026-11-22T08:00:00Z</time></trkpt></gpx>"),
        ("crossed.gpx", "<gpx><trk></gpx></trk>"),
        ("line.jsonl", "{\"time\":\"2026-11-22T08:00:00Z\",\"lat\":47.0}\n"),
        ("time.jsonl", "{\"time\":\"yesterday\",\"lat\":47.0,\"lon\":8.0}\n"),
        ("half.geojson", "{\"features\":["),
        ("ending.txt", ""),
    ] {
        assert_eq!(code(name, text.as_bytes()), Code::TrackBroken, "{name}");
    }
    assert_eq!(code("long.jsonl", &vec![b' '; 100_000]), Code::TrackBroken);
    assert_eq!(code("text.gpx", format!("<gpx><name>{}", "x".repeat(1 << 20)).as_bytes()), Code::TrackBroken);
}

#[test]
fn coordinates_that_are_none_are_refused_one_by_one_and_the_rest_is_replayed() {
    let track = "{\"time\":\"2026-11-22T08:00:00Z\",\"lat\":97.0,\"lon\":8.0}\n\
                 {\"time\":\"2026-11-22T08:00:15Z\",\"lat\":47.0,\"lon\":1e300}\n\
                 {\"time\":\"2026-11-22T08:00:30Z\",\"lat\":47.0,\"lon\":9.0}\n";
    let told = told("wild.jsonl", track.as_bytes()).unwrap();
    assert_eq!(told.matches("this is no position").count(), 2, "{told}");
    assert!(told.contains("outside"), "{told}");
    let nan = "<gpx><trkpt lat=\"NaN\" lon=\"inf\"><time>2026-11-22T08:00:00Z</time></trkpt></gpx>";
    assert!(super::tests::told("nan.gpx", nan.as_bytes()).unwrap().contains("this is no position"));
}

/// Writes as a track of this many bytes would come, without ever being in memory.
struct Endless {
    left: usize,
    n: i64,
    piece: Vec<u8>,
}

impl std::io::Read for Endless {
    fn read(&mut self, mut buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.piece.is_empty() {
            if self.left == 0 {
                return Ok(0);
            }
            let begin = if self.n == 0 { "<gpx><trk>" } else { "" };
            let point = format!(
                "{begin}<trkpt lat=\"47.5\" lon=\"8.5\"><time>{}</time><name>{}</name></trkpt>",
                stamp(self.n),
                "x".repeat(4_000)
            );
            self.left = self.left.saturating_sub(point.len());
            self.n += 30;
            self.piece = point.into_bytes();
            if self.left == 0 {
                self.piece.extend_from_slice(b"</trk></gpx>");
            }
        }
        let most = self.piece.len().min(buffer.len());
        let given = self.piece.drain(..most).collect::<Vec<u8>>();
        buffer.write_all(&given)?;
        Ok(most)
    }
}

#[test]
fn a_track_of_200_megabytes_is_read_as_it_comes() {
    let endless = Endless { left: 200_000_000, n: 0, piece: Vec::new() };
    let mut points = 0_usize;
    let mut count = |_| {
        points += 1;
        Ok(())
    };
    gpx::read(std::io::BufReader::new(endless), &mut count).unwrap();
    assert!(points > 40_000, "{points}");
}
