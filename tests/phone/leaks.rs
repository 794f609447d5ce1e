//! U2: where a person is never leaves the phone, however it is written.

use std::fmt::Write as _;
use std::io::Write as _;

use onsite::duty::Name;
use onsite::photos::{NewPhoto, PhotoSource};
use onsite_wire::onsite::Role;

use crate::coordinates::{found, geohash};
use crate::samples::{full_jpeg, plain_jpeg, rationals, segment, tiff};
use crate::shift::Technician;
use crate::support::Backend;
use crate::wiretap::Wiretap;

const HAMBURG: (f64, f64) = (53.531_943_71, 10.007_324_68);
const ON_THE_WAY: (f64, f64) = (53.587_612_34, 9.981_273_45);

/// A shift with all that duty does, and the positions that the phone was told.
async fn shift(backend: &Backend) -> (Wiretap, Vec<(f64, f64)>) {
    let tap = Wiretap::before(backend.server.address()).await;
    let ada = Technician::at(&tap.base_url(), &backend.person(0, Role::Administrator)).await;
    let duty = ada.account.duty();
    duty.switch(true).await.unwrap();
    ada.stand(ON_THE_WAY, 3).await;
    ada.stand(HAMBURG, 8).await;
    assert_eq!(ada.standing().name, Name::Inside);
    ada.account.set_offline(true).unwrap();
    ada.clock.pass(5 * 60_000);
    ada.stand(HAMBURG, 2).await;
    ada.account.set_offline(false).unwrap();
    let ada = ada.restarted().await;
    ada.stand(HAMBURG, 2).await;
    ada.stand(ON_THE_WAY, 14).await;
    photograph(backend, &ada).await;
    ada.account.export_diagnostics().await.unwrap();
    ada.account.duty().switch(false).await.unwrap();
    ada.until("all is sent", |account| account.state().waiting == 0).await;
    let mut positions = Vec::new();
    for (lat, lon) in [ON_THE_WAY, HAMBURG] {
        positions.extend((0..14).map(|n| 0.000_004 * f64::from(n)).map(|off| (lat + off, lon - off)));
    }
    (tap, positions)
}

/// Sends a photo that says where it was taken, in itself and in its preview.
async fn photograph(backend: &Backend, ada: &Technician) {
    let incidents = backend.server.store().open_incidents(backend.organization(0)).await.unwrap();
    let exif = segment(0xe1, &[b"Exif\0\0", &tiff(HAMBURG, 6, true)[..]].concat());
    let small = plain_jpeg(64, 48, 900, 2);
    let preview = [&small[..2], &exif, &small[2..]].concat();
    let photo = full_jpeg(HAMBURG, 6, false, 9_000, 1);
    let both = [&photo[..], &preview].concat();
    assert!(found(&both, &[HAMBURG]).contains(&"EXIF"), "what is looked for is in it");
    let photo = NewPhoto { source: PhotoSource::Bytes(photo), preview: Some(preview) };
    ada.account.incidents().write_with_photo(incidents[0].id, "the display", photo).await.unwrap();
    ada.until("the photo is sent", |account| account.state().waiting == 0 && account.photos().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_that_a_phone_sends_in_a_whole_shift_says_where_its_person_is() {
    let backend = Backend::demo().await;
    let (tap, positions) = shift(&backend).await;
    let sent = tap.sent();
    let holds = |text: &str| memchr::memmem::find(&sent, text.as_bytes()).is_some();
    assert!(holds("\"kind\":\"duty\"") && holds("\"kind\":\"presence\""), "the shift was lived through the tap");
    assert!(holds("/photos/") && holds("application/octet-stream"), "with its photo");
    assert_eq!(found(&sent, &positions), Vec::<&str>::new());
}

/// The same position as programs with a defect write it, each with the name of the spelling.
fn leaks((lat, lon): (f64, f64)) -> Vec<(&'static str, Vec<u8>)> {
    let json = format!("{{\"lat\":{lat},\"lon\":{lon}}}");
    let mut gzipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzipped.write_all(json.as_bytes()).unwrap();
    let hex = json.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let minutes = lat.fract() * 60.0;
    vec![
        ("decimal", json.clone().into_bytes()),
        ("decimal", format!("note=at {lat:.3} {lon:.3}").into_bytes()),
        ("decimal comma", format!("bei {};{}", lat.to_string().replace('.', ","), lon).into_bytes()),
        ("radians", format!("{:.6}", lat.to_radians()).into_bytes()),
        ("E7", format!("[{:.0},{:.0}]", lat * 1e7, lon * 1e7).into_bytes()),
        ("E6", format!("[{:.0},{:.0}]", lat * 1e6, lon * 1e6).into_bytes()),
        ("DMS", format!("{}°{:02}'{:05.2}\"N", lat.floor(), minutes.floor(), minutes.fract() * 60.0).into_bytes()),
        ("geohash", format!("cell={}", geohash(lat, lon, 9)).into_bytes()),
        ("float", lat.to_le_bytes().to_vec()),
        ("EXIF", [rationals(lat, true), rationals(lon, true)].concat()),
        ("EXIF", [rationals(lat, false), rationals(lon, false)].concat()),
        ("decimal", base64(json.as_bytes()).into_bytes()),
        ("decimal", hex.into_bytes()),
        ("decimal", json.replace('.', "%2E").into_bytes()),
        ("decimal", gzipped.finish().unwrap()),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for n in 0..=three.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * n) & 63) as usize]));
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_that_leaks_a_position_on_purpose_is_caught_however_it_is_written() {
    let backend = Backend::demo().await;
    let (tap, _) = shift(&backend).await;
    assert_eq!(found(&tap.sent(), &[HAMBURG]), Vec::<&str>::new());
    for (n, (name, leak)) in leaks(HAMBURG).into_iter().enumerate() {
        let before = tap.sent().len();
        let head = format!("POST /onsite/v1/actions HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", leak.len());
        tap.send(&[head.as_bytes(), &leak].concat()).await;
        let caught = found(&tap.sent()[before..], &[HAMBURG]);
        assert!(caught.contains(&name), "{n}: {name} was not caught: {caught:?}");
    }
    assert!(!found(&tap.sent(), &[HAMBURG]).is_empty(), "found in the whole run as well");
}
