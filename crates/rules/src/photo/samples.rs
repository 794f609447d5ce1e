//! Photos made for tests: with all that cameras and programs write into them, and nothing of anybody.

/// A number in 0..=255 by chance; the same for the same seed.
pub struct Noise(pub u64);

impl Noise {
    pub fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }
}

/// A segment of a JPEG.
pub fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

/// What every JPEG here has: tables and a frame of this many pixels.
fn body(width: u16, height: u16) -> Vec<u8> {
    let quantization = segment(0xdb, &[&[0_u8][..], &[16; 64]].concat());
    let codes = segment(0xc4, &[&[0_u8][..], &[0; 16]].concat());
    let [h, l] = height.to_be_bytes();
    let [w, m] = width.to_be_bytes();
    let frame = segment(0xc0, &[8, h, l, w, m, 1, 1, 0x11, 0]);
    [quantization, codes, frame].concat()
}

/// A scan of this many bytes.
fn scan(length: usize, seed: u64) -> Vec<u8> {
    let mut noise = Noise(seed);
    let mut bytes = segment(0xda, &[1, 1, 0, 0, 63, 0]);
    bytes.extend((0..length).map(|_| noise.byte().min(0xfe)));
    bytes
}

/// A JPEG with nothing in it but pixels, about this long.
pub fn plain_jpeg(width: u16, height: u16, length: usize, seed: u64) -> Vec<u8> {
    [&[0xff, 0xd8][..], &body(width, height), &scan(length, seed), &[0xff, 0xd9]].concat()
}

/// The position as EXIF writes it: degrees, minutes and seconds, each as two numbers.
pub fn rationals(value: f64, little: bool) -> Vec<u8> {
    let value = value.abs();
    let (minutes, seconds) = (value.fract() * 60.0, (value.fract() * 60.0).fract() * 60.0);
    let pairs = [(value.floor() as u32, 1), (minutes.floor() as u32, 1), ((seconds * 10_000.0) as u32, 10_000)];
    let number = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    pairs.into_iter().flat_map(|(above, below)| [number(above), number(below)].concat()).collect()
}

/// A block of EXIF: which way up, a camera's serial number, a position, and a thumbnail.
pub fn tiff((lat, lon): (f64, f64), orientation: u16, little: bool) -> Vec<u8> {
    let two = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let four = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let entry =
        |tag: u16, kind: u16, count: u32, value: [u8; 4]| [&two(tag)[..], &two(kind), &four(count), &value].concat();
    let serial = b"SN-4711-0815\0";
    let thumbnail = plain_jpeg(160, 120, 200, 3);
    // Directory of the image, its position, its camera, and of the thumbnail; then what they point to.
    let (image, position) = (8, 8 + 2 + 3 * 12 + 4);
    let camera = position + 2 + 4 * 12 + 4;
    let small = camera + 2 + 12 + 4;
    let (lat_at, lon_at) = (small + 2 + 2 * 12 + 4, small + 2 + 2 * 12 + 4 + 24);
    let (serial_at, thumbnail_at) = (lon_at + 24, lon_at + 24 + 13);
    let short = |n: u16| [two(n), [0, 0]].concat().try_into().unwrap();
    let text = |letter: u8| [letter, 0, 0, 0];
    let mut block = if little { b"II\x2a\0".to_vec() } else { b"MM\0\x2a".to_vec() };
    block.extend(four(image));
    block.extend(two(3));
    block.extend(entry(0x0112, 3, 1, short(orientation)));
    block.extend(entry(0x8769, 4, 1, four(camera)));
    block.extend(entry(0x8825, 4, 1, four(position)));
    block.extend(four(small));
    block.extend(two(4));
    block.extend(entry(1, 2, 2, text(if lat < 0.0 { b'S' } else { b'N' })));
    block.extend(entry(2, 5, 3, four(lat_at)));
    block.extend(entry(3, 2, 2, text(if lon < 0.0 { b'W' } else { b'E' })));
    block.extend(entry(4, 5, 3, four(lon_at)));
    block.extend(four(0));
    block.extend(two(1));
    block.extend(entry(0xa431, 2, 13, four(serial_at)));
    block.extend(four(0));
    block.extend(two(2));
    block.extend(entry(0x0201, 4, 1, four(thumbnail_at)));
    block.extend(entry(0x0202, 4, 1, four(u32::try_from(thumbnail.len()).unwrap())));
    block.extend(four(0));
    block.extend(rationals(lat, little));
    block.extend(rationals(lon, little));
    block.extend(serial);
    block.extend(thumbnail);
    block
}

/// The words that a photo here carries beside its pixels: none of them may be found in what leaves a phone.
pub const SECRETS: [&str; 6] =
    ["SN-4711-0815", "xmp-secret", "iptc-secret", "comment-secret", "profile-secret", "behind-secret"];

fn xmp((lat, lon): (f64, f64)) -> String {
    format!(
        "<x:xmpmeta>xmp-secret<exif:GPSLatitude>{lat}</exif:GPSLatitude><exif:GPSLongitude>{lon}</exif:GPSLongitude></x:xmpmeta>"
    )
}

/// A JPEG as a phone's camera and three programs leave it, about `length` bytes long.
pub fn full_jpeg(position: (f64, f64), orientation: u16, little: bool, length: usize, seed: u64) -> Vec<u8> {
    let exif = segment(0xe1, &[b"Exif\0\0", &tiff(position, orientation, little)[..]].concat());
    let xmp = segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", xmp(position).as_bytes()].concat());
    [
        &[0xff, 0xd8][..],
        &segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
        &exif,
        &xmp,
        &segment(0xe2, b"ICC_PROFILE\0\x01\x01profile-secret"),
        &segment(0xed, b"Photoshop 3.0\x008BIM\x04\x04iptc-secret"),
        &segment(0xee, b"Adobe\0\x64\0\0\0\0\x01"),
        &segment(0xfe, b"comment-secret"),
        &body(640, 480),
        &scan(length, seed),
        &segment(0xfe, b"comment-secret"),
        &[0xff, 0xd9],
        b"behind-secret",
        &plain_jpeg(32, 32, 10, 9),
    ]
    .concat()
}

fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 })
    })
}

/// A chunk of a PNG.
pub fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [name, content].concat();
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], &named, &checksum(&named).to_be_bytes()].concat()
}

/// A stream of zlib that packs nothing.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x78, 0x01];
    let blocks = bytes.chunks(65_535).count();
    for (n, block) in bytes.chunks(65_535).enumerate() {
        let length = u16::try_from(block.len()).unwrap();
        packed.push(u8::from(n + 1 == blocks));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    packed.extend((high << 16 | low).to_be_bytes());
    packed
}

fn header(width: u32, height: u32) -> Vec<u8> {
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat())
}

/// A PNG that any viewer draws: stripes and a little noise.
pub fn plain_png(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let mut noise = Noise(seed);
    let mut rows = Vec::new();
    for y in 0..height {
        rows.push(0);
        for x in 0..width {
            let light = if (x / 8 + y / 8).is_multiple_of(2) { 200 } else { 60 };
            rows.extend([light, 255 - light, noise.byte() / 4]);
        }
    }
    [b"\x89PNG\r\n\x1a\n", &header(width, height)[..], &chunk(b"IDAT", &stored(&rows)), &chunk(b"IEND", b"")].concat()
}

/// A PNG with all that programs write beside the pixels.
pub fn full_png(position: (f64, f64), orientation: u16, seed: u64) -> Vec<u8> {
    let plain = plain_png(64, 48, seed);
    let (head, pixels) = plain.split_at(8 + 25);
    [
        head,
        &chunk(b"gAMA", &45_455_u32.to_be_bytes()),
        &chunk(b"iCCP", b"profile-secret\0\0"),
        &chunk(b"tEXt", b"Comment\0comment-secret"),
        &chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", xmp(position).as_bytes()].concat()),
        &chunk(b"eXIf", &tiff(position, orientation, true)),
        &chunk(b"tIME", &[7, 0xea, 11, 22, 12, 0, 0]),
        &chunk(b"prVt", b"iptc-secret"),
        pixels,
        b"behind-secret",
    ]
    .concat()
}

/// A file of a few dozen bytes that says it has this many pixels.
pub fn bomb(width: u32, height: u32) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n", &header(width, height)[..], &chunk(b"IDAT", &stored(&[0])), &chunk(b"IEND", b"")].concat()
}
