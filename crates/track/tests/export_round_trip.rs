//! What is written as GeoJSON, KML or CSV is read back by other means and compared, value by value; it uses nothing of the
//! writers' insides. `xmllint` says whether KML is well-formed (says so loudly where it is missing).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may end at once; what is wrong is the answer"
)]

#[path = "../../../tests/common/skipped.rs"]
mod skipped;

use std::io::Write as _;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use proptest::option::weighted;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use skipped::skipped;
use track::{Channel, DeveloperField, ExportFormat, Lap, Pause, Point, Position, Sport, Track};

const NASTY: &str = "[ -~é<>&\"',;=@+\r\n\u{1}𝄞-]{0,12}";

fn time() -> impl Strategy<Value = Timestamp> {
    (315_532_800_000..4_102_444_800_000_i64).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap())
}

fn single(range: std::ops::Range<f32>) -> impl Strategy<Value = Option<f64>> {
    weighted(0.7, range.prop_map(f64::from))
}

prop_compose! {
    fn point()(
        time in weighted(0.9, time()),
        position in weighted(0.9, (-90.0..=90.0_f64, -180.0..=180.0_f64)),
        elevation_m in single(-500.0..9000.0),
        distance_m in weighted(0.5, 0.0..1e6_f64),
        speed_m_s in single(0.0..100.0),
        heart_rate_bpm in single(0.0..255.0),
        cadence_rpm in single(0.0..255.0),
        power_w in single(0.0..2500.0),
        temperature_c in single(-50.0..60.0),
    ) -> Point {
        let position = position.map(|(latitude, longitude)| Position { latitude, longitude });
        Point {
            time, position, elevation_m, distance_m, speed_m_s, heart_rate_bpm, cadence_rpm, power_w, temperature_c,
        }
    }
}

prop_compose! {
    fn track()(
        points in prop::collection::vec(point(), 0..30),
        name in weighted(0.8, NASTY),
        sport in prop::sample::select(Sport::ALL),
        fields in prop::collection::vec((NASTY, NASTY), 3),
        pauses in prop::collection::btree_set(1..30_usize, 0..5),
        values in prop::collection::vec((0..30_usize, 0..5_usize, -1e6..1e6_f64), 0..40),
        laps in 0..3_usize,
        timeless in prop::bool::weighted(0.2),
    ) -> Track {
        let developer_fields = fields.into_iter().map(|(name, units)| DeveloperField { name, units, application: None });
        let count = points.len();
        let pauses = pauses.into_iter().filter(|before| *before < count);
        let points = points.into_iter().map(|point| Point { time: point.time.filter(|_| !timeless), ..point });
        let mut track = Track {
            name, sport,
            points: points.collect(),
            developer_fields: developer_fields.collect(),
            pauses: pauses.map(|before| Pause { before, from: None, to: None }).collect(),
            laps: vec![Lap::default(); laps],
            distance_m: Some(1234.5),
            ..Track::default()
        };
        let channels = [Channel::Grade, Channel::Depth, Channel::Developer(0), Channel::Developer(1), Channel::Developer(2)];
        for (index, channel, value) in values {
            track.points.set(index, channels[channel], value);
        }
        track
    }
}

/// The seven usual measures of a point.
fn measures(point: &Point) -> [(&'static str, Option<f64>); 7] {
    [
        ("elevation", point.elevation_m),
        ("distance", point.distance_m),
        ("speed", point.speed_m_s),
        ("heart_rate", point.heart_rate_bpm),
        ("cadence", point.cadence_rpm),
        ("power", point.power_w),
        ("temperature", point.temperature_c),
    ]
}

/// Numbers written from single precision come back the same in single precision.
fn same(found: Option<f64>, expected: Option<f64>) -> bool {
    found == expected || found.map(|value| value as f32) == expected.map(|value| value as f32)
}

/// serde_json's quick way of reading a double may miss the nearest one by a bit.
fn near(found: &Value, expected: f64) -> bool {
    (found.as_f64().unwrap() - expected).abs() <= 1e-15 * expected.abs()
}

fn said(left_out: &[String], words: &str) -> bool {
    left_out.iter().any(|sentence| sentence.contains(words))
}

/// The arrays of a series in one, whether it has one line or several.
fn flat(value: &Value, several: bool) -> Vec<Value> {
    let outer = value.as_array().unwrap().clone();
    if several {
        let inner = outer.iter().map(|piece| piece.as_array().unwrap());
        inner.flatten().cloned().collect()
    } else {
        outer
    }
}

fn placed(track: &Track) -> Vec<(usize, Point)> {
    let points = track.points.iter().enumerate();
    points
        .filter(|(_, point)| point.position.is_some())
        .collect()
}

fn check_geojson(track: &Track) -> Result<(), TestCaseError> {
    let written = ExportFormat::GeoJson.write(track);
    let feature: Value = serde_json::from_slice(&written.bytes).unwrap();
    let properties = &feature["properties"];
    prop_assert_eq!(&feature["type"], "Feature");
    prop_assert_eq!(properties["name"].as_str(), track.name.as_deref());
    prop_assert_eq!(&properties["sport"], track.sport.name());
    prop_assert_eq!(properties["distance_m"].as_f64(), track.distance_m);
    let placed = placed(track);
    let lost = placed.len() < track.points.len();
    prop_assert_eq!(said(&written.left_out, "without a position"), lost);
    prop_assert_eq!(said(&written.left_out, "laps"), track.laps.len() > 1);
    let geometry = &feature["geometry"];
    let several = geometry["type"] == "MultiLineString" || placed.is_empty();
    let coordinates = match geometry["type"].as_str() {
        None => Vec::new(),
        Some("Point") => vec![geometry["coordinates"].clone()],
        _ => flat(&geometry["coordinates"], several),
    };
    if several && !placed.is_empty() {
        let pieces = geometry["coordinates"].as_array().unwrap();
        prop_assert!(
            pieces
                .iter()
                .all(|piece| piece.as_array().unwrap().len() > 1)
        );
    }
    prop_assert_eq!(coordinates.len(), placed.len());
    for ((_, point), found) in placed.iter().zip(&coordinates) {
        let at = point.position.unwrap();
        prop_assert!(near(&found[0], at.longitude) && near(&found[1], at.latitude));
        prop_assert!(same(found[2].as_f64(), point.elevation_m));
    }
    check_properties(track, properties, several)
}

fn check_properties(track: &Track, properties: &Value, several: bool) -> Result<(), TestCaseError> {
    let placed = placed(track);
    let usual = measures(&Point::default()).into_iter().enumerate().skip(1);
    let usual = usual.map(|(place, (name, _))| {
        let values = placed.iter().map(|(_, point)| measures(point)[place].1);
        (name, values.collect::<Vec<_>>())
    });
    let channels = [("grade", Channel::Grade), ("depth", Channel::Depth)];
    let channels = channels.into_iter().map(|(name, channel)| {
        let values = placed
            .iter()
            .map(|(index, _)| track.points.value(*index, channel));
        (name, values.collect())
    });
    for (name, values) in usual.chain(channels) {
        let found = &properties["coordinateProperties"][name];
        if found.is_null() {
            prop_assert!(values.iter().all(Option::is_none), "{}", name);
            continue;
        }
        let found = flat(found, several);
        prop_assert_eq!(found.len(), values.len());
        let mut pairs = found.iter().zip(&values);
        prop_assert!(
            pairs.all(|(found, value)| same(found.as_f64(), *value)),
            "{}",
            name
        );
        prop_assert!(properties["units"][name].is_string());
    }
    if track.points.has_times() {
        let times = flat(&properties["coordTimes"], several);
        let time = |point: &Point| {
            point
                .time
                .map_or(Value::Null, |time| time.to_string().into())
        };
        let expected: Vec<_> = placed.iter().map(|(_, point)| time(point)).collect();
        prop_assert_eq!(times, expected);
    }
    Ok(())
}

/// Fields of a table as RFC 4180 has them.
fn table(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {
                letters.next();
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    assert!(row.is_empty() && field.is_empty() && !quoted, "{text:?}");
    rows
}

fn check_csv(track: &Track) -> Result<(), TestCaseError> {
    let written = ExportFormat::Csv.write(track);
    let rows = table(std::str::from_utf8(&written.bytes).unwrap());
    prop_assert_eq!(rows.len(), track.points.len() + 1);
    let head = &rows[0];
    let channels: Vec<_> = track.points.channels().collect();
    prop_assert_eq!(head.len(), 10 + channels.len());
    for name in head {
        prop_assert!(
            !name.trim_start().starts_with(['=', '+', '-', '@']),
            "{}",
            name
        );
        prop_assert!(!name.contains(char::is_control));
    }
    for (index, (row, point)) in rows[1..].iter().zip(track.points.iter()).enumerate() {
        prop_assert_eq!(row.len(), head.len());
        let number = |place: usize| row[place].parse::<f64>().ok();
        prop_assert_eq!(
            &row[0],
            &point.time.map(|time| time.to_string()).unwrap_or_default()
        );
        prop_assert_eq!(number(1), point.position.map(|at| at.latitude));
        prop_assert_eq!(number(2), point.position.map(|at| at.longitude));
        for (place, (_, value)) in measures(&point).into_iter().enumerate() {
            prop_assert!(same(number(3 + place), value));
        }
        for (place, channel) in channels.iter().enumerate() {
            prop_assert_eq!(number(10 + place), track.points.value(index, *channel));
        }
    }
    Ok(())
}

/// The text of every element called so, and, of arrays, the name before each.
fn elements(xml: &str, wanted: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let (mut found, mut array, mut text, mut inside) =
        (Vec::new(), String::new(), String::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                if start.name().as_ref() == "gx:SimpleArrayData" {
                    array = attribute(&start);
                }
                inside = start.name().as_ref() == wanted;
                text.clear();
            }
            Event::Empty(start) if start.name().as_ref() == wanted => {
                found.push((array.clone(), String::new()))
            }
            Event::Text(piece) if inside => text.push_str(piece.as_ref()),
            Event::End(_) if inside => {
                found.push((array.clone(), std::mem::take(&mut text)));
                inside = false;
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn attribute(start: &quick_xml::events::BytesStart) -> String {
    let first = start.attributes().next().unwrap().unwrap();
    first.value.as_ref().to_owned()
}

fn numbers(text: &str) -> Vec<f64> {
    let parts = text.split([' ', ',']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().unwrap()).collect()
}

fn coordinates(point: &Point) -> Vec<f64> {
    let at = point.position.unwrap();
    let elevation = point.elevation_m;
    [at.longitude, at.latitude]
        .into_iter()
        .chain(elevation)
        .collect()
}

fn same_place(found: &[f64], point: &Point) -> bool {
    let expected = coordinates(point);
    // Degrees are written to a billionth.
    let mut pairs = found.iter().zip(&expected).enumerate();
    let same = |(place, (a, b)): (usize, (&f64, &f64))| match place {
        0 | 1 => (a - b).abs() <= 1e-9,
        _ => same(Some(*a), Some(*b)),
    };
    found.len() == expected.len() && pairs.all(same)
}

fn check_kml(track: &Track) -> Result<(), TestCaseError> {
    let written = ExportFormat::Kml.write(track);
    let xml = std::str::from_utf8(&written.bytes).unwrap();
    let placed: Vec<Point> = placed(track).into_iter().map(|(_, point)| point).collect();
    let lost = placed.len() < track.points.len();
    prop_assert_eq!(said(&written.left_out, "without a position"), lost);
    let timed: Vec<Point> = placed
        .iter()
        .filter(|point| point.time.is_some())
        .copied()
        .collect();
    if !timed.is_empty() && timed.len() * 2 >= placed.len() {
        let lost = timed.len() < placed.len();
        prop_assert_eq!(said(&written.left_out, "without a time"), lost);
        return check_moving(xml, &timed);
    }
    let lines = elements(xml, "coordinates");
    let lines = lines.iter().flat_map(|(_, text)| text.split('\n'));
    let found: Vec<_> = lines.map(numbers).collect();
    prop_assert_eq!(found.len(), placed.len());
    let mut pairs = found.iter().zip(&placed);
    prop_assert!(pairs.all(|(found, point)| same_place(found, point)));
    prop_assert!(!xml.contains("gx:Track"));
    Ok(())
}

fn check_moving(xml: &str, timed: &[Point]) -> Result<(), TestCaseError> {
    let texts = |name: &str| elements(xml, name).into_iter().map(|(_, text)| text);
    let expected: Vec<_> = timed.iter().map(|point| point.time.unwrap()).collect();
    // The same moment may be written with more or fewer digits.
    let found = texts("when").map(|text| text.parse::<Timestamp>().unwrap());
    prop_assert_eq!(found.collect::<Vec<_>>(), expected);
    let found: Vec<_> = texts("gx:coord").map(|text| numbers(&text)).collect();
    prop_assert_eq!(found.len(), timed.len());
    let mut pairs = found.iter().zip(timed);
    prop_assert!(pairs.all(|(found, point)| same_place(found, point)));
    let values = elements(xml, "gx:value");
    for (place, (name, _)) in measures(&Point::default()).into_iter().enumerate().skip(1) {
        let expected: Vec<_> = timed.iter().map(|point| measures(point)[place].1).collect();
        let own = values.iter().filter(|(array, _)| array == name);
        let found: Vec<Option<f64>> = own.map(|(_, text)| text.parse().ok()).collect();
        if found.is_empty() {
            prop_assert!(expected.iter().all(Option::is_none), "{}", name);
            continue;
        }
        prop_assert_eq!(found.len(), expected.len());
        let mut pairs = found.iter().zip(&expected);
        prop_assert!(pairs.all(|(found, value)| same(*found, *value)), "{}", name);
    }
    Ok(())
}

proptest! {
    #[test]
    fn geojson_says_what_the_track_says(track in track()) { check_geojson(&track)?; }

    #[test]
    fn csv_says_what_the_track_says(track in track()) { check_csv(&track)?; }

    #[test]
    fn kml_says_what_the_track_says(track in track()) { check_kml(&track)?; }
}

#[test]
fn every_format_takes_an_empty_track_and_is_found_by_its_name() {
    for format in ExportFormat::ALL {
        assert!(!format.write(&Track::default()).bytes.is_empty());
        assert_eq!(ExportFormat::from_name(format.name()), Some(format));
    }
    check_geojson(&Track::default()).unwrap();
    check_csv(&Track::default()).unwrap();
    check_kml(&Track::default()).unwrap();
}

#[test]
fn kml_is_well_formed() {
    if Command::new("xmllint")
        .arg("--version")
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        return skipped("whether our KML is well-formed", "no xmllint");
    }
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(32));
    runner
        .run(&track(), |track| {
            let written = ExportFormat::Kml.write(&track);
            let mut lint = Command::new("xmllint")
                .args(["--noout", "-"])
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            lint.stdin
                .take()
                .unwrap()
                .write_all(&written.bytes)
                .unwrap();
            prop_assert!(lint.wait().unwrap().success());
            Ok(())
        })
        .unwrap();
}
