//! Every record of every FIT file in the corpus as our reader, rustyfit and fitparser see it, value by value. Where they
//! differ, the table says why.

#![allow(
    clippy::needless_update,
    reason = "points may have more than is compared here"
)]

#[path = "proof/corpus.rs"]
#[allow(dead_code, reason = "each test uses its part of what they share")]
mod corpus;
#[path = "proof/moments.rs"]
mod moments;

use std::collections::BTreeMap;
use std::panic::catch_unwind;

use embedded_io_adapters::std::FromStd;
use fitparser::profile::MesgNum;
use jiff::Timestamp;
use moments::merged;
use rustyfit::profile::{mesgdef, typedef};
use track::{Point, Position};

/// Degrees per semicircle.
const DEGREES: f64 = 180.0 / 2_147_483_648.0;

/// Why another reader gives something else: part of the path, reader, field, and the reason. Each must be needed.
const EXPLAINED: &[(&str, &str, &str, &str)] = &[
    ("compressed-speed-distance.fit", "rustyfit", "speed", PACKED),
    (
        "compressed-speed-distance.fit",
        "rustyfit",
        "distance",
        PACKED,
    ),
    (
        "compressed-speed-distance.fit",
        "fitparser",
        "distance",
        SUMMED,
    ),
    ("made/fit/fields255.fit", "rustyfit", "time", NARROW),
    ("made/fit/fields255.fit", "rustyfit", "latitude", NARROW),
    ("made/fit/fields255.fit", "rustyfit", "longitude", NARROW),
    ("made/fit/fields255.fit", "rustyfit", "elevation", NARROW),
    ("made/fit/fields255.fit", "rustyfit", "distance", NARROW),
    ("made/fit/fields255.fit", "rustyfit", "speed", NARROW),
    ("made/fit/fields255.fit", "rustyfit", "cadence", NARROW),
    ("made/fit/fields255.fit", "rustyfit", "power", NARROW),
    ("made/fit/fields255.fit", "rustyfit", "temperature", NARROW),
    (
        "made/fit/unterminated_ds0.fit",
        "rustyfit",
        "points",
        NO_LENGTH,
    ),
    ("1740899583.fit", "rustyfit", "power", ADOPTED),
    ("1740899583.fit", "fitparser", "power", ADOPTED),
    (
        "running-with-developer-data.fit",
        "rustyfit",
        "power",
        ADOPTED,
    ),
    (
        "running-with-developer-data.fit",
        "fitparser",
        "power",
        ADOPTED,
    ),
    ("mornindew-broken.fit", "rustyfit", "power", ADOPTED),
    ("mornindew-broken.fit", "fitparser", "power", ADOPTED),
    ("zero_fields_def.fit", "rustyfit", "points", NOTHING),
    ("zero_fields_def.fit", "fitparser", "points", NOTHING),
];

const ADOPTED: &str = "a developer field says that it stands for the record's power, which the device did not record itself: we take it";
const NOTHING: &str = "a record without a single field is counted by us, but it is no point";

const PACKED: &str = "rustyfit does not take speed and distance out of compressed_speed_distance";
const SUMMED: &str = "fitparser's sum over compressed_speed_distance ends at 93,684 m in a session of 10,249 m; ours at its distance";
const NARROW: &str = "a field of one byte where its type has more is no number for us and fitparser; rustyfit fills it up";
const NO_LENGTH: &str =
    "a length of 0 in the header and records behind it: rustyfit stops there, we read on";

/// The files chained in one, by the sizes that their headers give; all of it where those make no sense.
fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(&[size, _, _, _, a, b, c, d, ..]) = rest.first_chunk::<12>() {
        let data = u32::from_le_bytes([a, b, c, d]) as usize;
        let Some((part, behind)) = rest.split_at_checked(usize::from(size) + data + 2) else {
            break;
        };
        parts.push(part);
        rest = behind;
    }
    if rest.is_empty() { parts } else { vec![bytes] }
}

/// The records as our reader puts them into points.
fn ours(part: &[u8]) -> Option<Vec<Point>> {
    let reading = track::read(part).ok()?;
    Some(reading.tracks.first()?.points.iter().collect())
}

/// A value, unless it is FIT's word for "none", scaled.
fn value<T: PartialEq + Into<f64>>(raw: T, none: T, scale: f64, offset: f64) -> Option<f64> {
    (raw != none).then(|| raw.into() / scale - offset)
}

/// A position of semicircles, where both are there and possible.
fn position(latitude: Option<f64>, longitude: Option<f64>) -> Option<Position> {
    Position::new(latitude? * DEGREES, longitude? * DEGREES)
}

/// Cadence of whole turns and their fraction.
fn cadence(fine: Option<f64>, whole: Option<f64>, fraction: Option<f64>) -> Option<f64> {
    fine.or_else(|| Some(whole? + fraction.unwrap_or(0.0)))
}

/// The records as rustyfit decodes them. Its checksums are not asked for: it refuses a header's checksum of 0. Neither are its
/// components: it loses a thousandth where it makes an enhanced speed of a plain one (4.068 m/s becomes 4.067).
fn rustyfit(part: &[u8]) -> Option<Vec<Point>> {
    let mut reader = FromStd::new(part);
    let mut decoder = rustyfit::Decoder::builder()
        .checksum(false)
        .expand_components(false)
        .build();
    let file = decoder.decode(&mut reader).ok()??;
    let records = file.messages.iter();
    let records = records.filter(|message| message.num == typedef::MesgNum::RECORD);
    let points = records.map(|message| {
        let record = mesgdef::Record::from(message);
        let slow = value(record.speed, u16::MAX, 1000.0, 0.0);
        let low = value(record.altitude, u16::MAX, 5.0, 500.0);
        let time = record.timestamp.unix_timestamp();
        Point {
            time: time.and_then(|second| Timestamp::from_second(second).ok()),
            position: position(
                value(record.position_lat, i32::MAX, 1.0, 0.0),
                value(record.position_long, i32::MAX, 1.0, 0.0),
            ),
            elevation_m: value(record.enhanced_altitude, u32::MAX, 5.0, 500.0).or(low),
            distance_m: value(record.distance, u32::MAX, 100.0, 0.0),
            speed_m_s: value(record.enhanced_speed, u32::MAX, 1000.0, 0.0).or(slow),
            heart_rate_bpm: value(record.heart_rate, u8::MAX, 1.0, 0.0),
            cadence_rpm: cadence(
                value(record.cadence256, u16::MAX, 256.0, 0.0),
                value(record.cadence, u8::MAX, 1.0, 0.0),
                value(record.fractional_cadence, u8::MAX, 128.0, 0.0),
            ),
            power_w: value(record.power, u16::MAX, 1.0, 0.0),
            temperature_c: value(record.temperature, i8::MAX, 1.0, 0.0),
            ..Point::default()
        }
    });
    Some(points.collect())
}

/// The records as fitparser decodes them; `None` where it gives nothing, or panics.
fn fitparser(part: &[u8]) -> Option<Vec<Point>> {
    let messages = catch_unwind(|| fitparser::from_bytes(part)).ok()?.ok()?;
    let records = messages
        .iter()
        .filter(|message| message.kind() == MesgNum::Record);
    let points = records.map(|record| {
        // A developer field may go by the same name: only the number tells that it is none.
        let field = |name: &str, number: u8| {
            let mut fields = record.fields().iter();
            let field = fields.find(|field| field.name() == name && field.number() == number)?;
            let value: Result<f64, _> = field.value().clone().try_into();
            value.ok()
        };
        let time = field("timestamp", 253);
        Point {
            time: time.and_then(|second| Timestamp::from_second(second as i64).ok()),
            position: position(field("position_lat", 0), field("position_long", 1)),
            elevation_m: field("enhanced_altitude", 78).or(field("altitude", 2)),
            distance_m: field("distance", 5),
            speed_m_s: field("enhanced_speed", 73).or(field("speed", 6)),
            heart_rate_bpm: field("heart_rate", 3),
            cadence_rpm: cadence(
                field("cadence256", 52),
                field("cadence", 4),
                field("fractional_cadence", 53),
            ),
            power_w: field("power", 7),
            temperature_c: field("temperature", 13),
            ..Point::default()
        }
    });
    Some(points.collect())
}

/// Every field of a point by its name.
fn fields(point: &Point) -> [(&'static str, Option<f64>); 10] {
    let at = point.position;
    [
        ("time", point.time.map(|time| time.as_millisecond() as f64)),
        ("latitude", at.map(|at| at.latitude)),
        ("longitude", at.map(|at| at.longitude)),
        ("elevation", point.elevation_m),
        ("distance", point.distance_m),
        ("speed", point.speed_m_s),
        ("heart rate", point.heart_rate_bpm),
        ("cadence", point.cadence_rpm),
        ("power", point.power_w),
        ("temperature", point.temperature_c),
    ]
}

/// The same, but for what our single precision loses.
fn same(ours: Option<f64>, theirs: Option<f64>) -> bool {
    match (ours, theirs) {
        (None, None) => true,
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1e-9 + theirs.abs() * 1.2e-7,
        _ => false,
    }
}

/// What differs between two readers: by field how often, and the first case in words.
type Differences = BTreeMap<&'static str, (usize, String)>;

fn compare(ours: &[Point], theirs: &[Point], differences: &mut Differences) -> usize {
    if ours.len() != theirs.len() {
        let lengths = format!("{} points, not {}", ours.len(), theirs.len());
        differences.insert("points", (1, lengths));
        return 0;
    }
    let mut values = 0;
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        for ((name, ours), (_, theirs)) in fields(ours).into_iter().zip(fields(theirs)) {
            values += usize::from(ours.is_some());
            if !same(ours, theirs) {
                let words = || format!("point {index}: {ours:?}, not {theirs:?}");
                differences.entry(name).or_insert_with(|| (0, words())).0 += 1;
            }
        }
    }
    values
}

type Reader = fn(&[u8]) -> Option<Vec<Point>>;

#[test]
fn three_readers_agree_or_the_table_says_why() {
    let mut unexplained = Vec::new();
    let mut needed = [false; EXPLAINED.len()];
    let (mut files, mut values, mut refused) = (0, 0, 0);
    for file in corpus::recordings("fit") {
        files += 1;
        for (name, reader) in [("rustyfit", rustyfit as Reader), ("fitparser", fitparser)] {
            let mut differences = Differences::new();
            for part in parts(&file.bytes) {
                match ours(part).zip(reader(part)) {
                    Some((ours, theirs)) => {
                        values += compare(&ours, &merged(theirs), &mut differences)
                    }
                    None => refused += 1,
                }
            }
            for (field, (count, first)) in differences {
                let explained = EXPLAINED
                    .iter()
                    .position(|why| file.path.contains(why.0) && why.1 == name && why.2 == field);
                match explained {
                    Some(index) => needed[index] = true,
                    None => unexplained.push(format!(
                        "{}: {name}: {field}: {count} times, first at {first}",
                        file.path
                    )),
                }
            }
        }
    }
    assert!(
        unexplained.is_empty(),
        "{} differences:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
    if files > 0 {
        let unneeded: Vec<_> = EXPLAINED
            .iter()
            .zip(needed)
            .filter(|(_, needed)| !needed)
            .collect();
        assert!(
            unneeded.is_empty(),
            "explains what does not occur: {unneeded:?}"
        );
        assert!(values > 1_000_000, "only {values} values were compared");
    }
    eprintln!(
        "{values} values of {files} files agree; {refused} parts were refused by one of two readers"
    );
}
