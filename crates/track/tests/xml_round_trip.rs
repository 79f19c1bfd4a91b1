//! What is written as GPX or TCX is read back the same, as far as the format carries it, and validates against the published
//! schemas (with xmllint, offline; says so loudly where either is missing).
#![expect(
    clippy::unwrap_used,
    reason = "a test may end at once; clippy allows it only inside of test functions"
)]

use std::path::PathBuf;
use std::process::Command;

use jiff::Timestamp;
use proptest::option::weighted;
use proptest::prelude::*;
use track::{
    Kind, Lap, Point, Position, Session, Source, Sport, Totals, Track, read, write_gpx, write_tcx,
};

fn time() -> impl Strategy<Value = Timestamp> {
    // 2000 to 2100: what a recording may say.
    (946_684_800_000..4_102_444_800_000_i64).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap())
}

fn single(range: std::ops::Range<f32>) -> impl Strategy<Value = Option<f64>> {
    weighted(0.7, range.prop_map(f64::from))
}

fn whole(range: std::ops::RangeInclusive<u16>) -> impl Strategy<Value = Option<f64>> {
    weighted(0.7, range.prop_map(f64::from))
}

prop_compose! {
    fn point()(
        time in weighted(0.9, time()),
        position in weighted(0.9, (-90.0..=90.0_f64, -180.0..180.0_f64)),
        elevation_m in single(-500.0..9000.0),
        distance_m in weighted(0.5, 0.0..1e6_f64),
        speed_m_s in single(0.0..100.0),
        heart_rate_bpm in whole(1..=255),
        cadence_rpm in whole(0..=254),
        power_w in whole(0..=2500),
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
        points in prop::collection::vec(point(), 0..40),
        name in weighted(0.8, "[ -~é<>&\"'\u{1}\u{fffe}𝄞]{0,40}"),
        sport in prop::sample::select(Sport::ALL),
        product in weighted(0.5, "[A-Za-z][A-Za-z0-9 &]{0,20}[a-z]"),
    ) -> Track {
        let source = Source { product, ..Source::default() };
        Track { kind: Kind::Activity, sport, name, points: points.into_iter().collect(), source, ..Track::default() }
    }
}

fn lap(start: Timestamp) -> impl Strategy<Value = Lap> {
    (
        (0.0..1e5_f64, 0.0..1e6_f64, 1..=60_000_u16, any::<bool>()),
        (
            whole(1..=255),
            whole(1..=255),
            whole(0..=254),
            whole(0..=2500),
        ),
        weighted(0.5, 0.0..50.0_f64),
    )
        .prop_map(
            move |((time, distance, calories, has_calories), rates, max_speed_m_s)| Lap {
                start: Some(start),
                totals: Totals {
                    elapsed_s: Some(time),
                    timer_s: Some(time),
                    distance_m: Some(distance),
                    average_hr: rates.0,
                    max_hr: rates.1,
                    average_cadence: rates.2,
                    average_power_w: rates.3,
                    max_speed_m_s,
                    calories_kcal: has_calories.then_some(f64::from(calories)),
                    ..Totals::default()
                },
            },
        )
}

/// Tracks with points in order of time and laps that begin at some of them.
fn lapped() -> impl Strategy<Value = Track> {
    (
        track(),
        prop::collection::btree_set(946_684_800_000..4_102_444_800_000_i64, 40),
        0..4_usize,
    )
        .prop_flat_map(|(mut track, times, laps)| {
            let times: Vec<_> = times
                .into_iter()
                .map(|ms| Timestamp::from_millisecond(ms).unwrap())
                .collect();
            let points = track.points.iter().zip(&times).map(|(point, time)| Point {
                time: point.time.map(|_| *time),
                ..point
            });
            track.points = points.collect();
            let laps: Vec<_> = times
                .iter()
                .step_by(10)
                .take(laps)
                .map(|start| lap(*start))
                .collect();
            (Just(track), laps).prop_map(|(mut track, laps)| {
                track.laps = laps;
                track
            })
        })
}

/// A name as it comes back: without what XML cannot carry, and without blanks around it.
fn name(written: Option<&str>) -> Option<String> {
    let kept: String = written?
        .chars()
        .filter(|c| !c.is_control() && *c != '\u{fffe}')
        .collect();
    Some(kept.trim().to_owned()).filter(|name| !name.is_empty())
}

proptest! {
    #[test]
    fn gpx_comes_back_the_same(track in track()) {
        let written = write_gpx(&track);
        let reading = read(&written.bytes).unwrap();
        prop_assert!(reading.complete && reading.skipped.is_empty(), "{:?}", reading.skipped);
        prop_assert_eq!(reading.tracks.len(), 1);
        let back = &reading.tracks[0];
        prop_assert!(back.skipped.is_empty());
        let kept: Vec<_> = track.points.iter().filter(|point| point.position.is_some()).collect();
        let expected: Vec<_> = kept.iter().map(|point| Point { distance_m: None, ..*point }).collect();
        prop_assert_eq!(back.points.iter().collect::<Vec<_>>(), expected);
        let lost = track.points.len() - kept.len();
        prop_assert_eq!(written.left_out.iter().any(|said| said.contains("without a position")), lost > 0);
        if !kept.is_empty() {
            prop_assert_eq!(&back.name, &name(track.name.as_deref()));
            prop_assert_eq!(back.sport, track.sport);
            prop_assert_eq!(back.start, kept.iter().find_map(|point| point.time));
            prop_assert_eq!(back.kind == Kind::Activity, back.start.is_some());
            prop_assert_eq!(back.source.product.as_deref(), track.source.product.as_deref().or(Some("Trackdock")));
        }
    }

    #[test]
    fn tcx_comes_back_the_same(track in lapped()) {
        let written = write_tcx(&track);
        let reading = read(&written.bytes).unwrap();
        prop_assert!(reading.complete && reading.skipped.is_empty(), "{:?}", reading.skipped);
        prop_assert_eq!((reading.kind, reading.tracks.len()), (Kind::Activity, 1));
        let back = &reading.tracks[0];
        // Without any time TCX demands one all the same: 1970 is written, and doubted when read.
        prop_assert!(back.skipped.is_empty() || back.points.is_empty() && track.laps.is_empty());
        let kept = track.points.iter().filter(|point| point.time.is_some());
        let expected: Vec<_> = kept.map(|point| Point { temperature_c: None, ..point }).collect();
        prop_assert_eq!(back.points.iter().collect::<Vec<_>>(), expected);
        prop_assert_eq!(&back.name, &name(track.name.as_deref()));
        prop_assert_eq!(&back.source.product, &track.source.product);
        if !track.laps.is_empty() {
            prop_assert_eq!(&back.laps, &track.laps);
        }
        let lost = track.points.len() - back.points.len();
        prop_assert_eq!(written.left_out.iter().any(|said| said.contains("without a time")), lost > 0);
    }

    #[test]
    fn any_cut_is_noticed(track in track(), at in 0.0..1.0_f64) {
        for bytes in [write_gpx(&track).bytes, write_tcx(&track).bytes] {
            let end = bytes.len() - 2; // before the last `>` and the line's end
            if let Ok(reading) = read(&bytes[..(end as f64 * at) as usize]) {
                prop_assert!(!reading.complete);
                prop_assert!(reading.tracks[0].file_points as usize <= track.points.len());
            }
        }
    }

    #[test]
    fn damage_never_panics(track in track(), at in any::<prop::sample::Index>(), junk in prop::collection::vec(any::<u8>(), 0..20)) {
        for mut bytes in [write_gpx(&track).bytes, write_tcx(&track).bytes] {
            let at = at.index(bytes.len());
            let end = (at + junk.len() / 2).min(bytes.len());
            bytes.splice(at..end, junk.iter().copied());
            if let Ok(reading) = read(&bytes) {
                prop_assert!(!reading.tracks.is_empty());
            }
        }
    }
}

/// A lap that uses everything, and something that no schema allows.
fn full_lap(start: Option<Timestamp>) -> Lap {
    Lap {
        start,
        totals: Totals {
            elapsed_s: Some(60.0),
            timer_s: Some(50.0),
            distance_m: Some(150.0),
            average_hr: Some(0.2),
            max_hr: Some(188.7),
            average_cadence: Some(88.0),
            average_power_w: Some(210.0),
            max_speed_m_s: Some(4.5),
            calories_kcal: Some(70_000.0),
            ascent_m: Some(12.0),
            ..Totals::default()
        },
    }
}

/// A track that uses everything the formats can carry, and some things they cannot.
fn full() -> Track {
    let start: Timestamp = "2024-05-04T06:30:00.250Z".parse().unwrap();
    let at = |seconds: i64| {
        start
            .checked_add(jiff::SignedDuration::from_secs(seconds))
            .ok()
    };
    let point = |index: i32| Point {
        time: at(i64::from(index)),
        position: Position::new(
            46.5 + f64::from(index) * 1e-5,
            if index == 7 { 180.0 } else { 8.25 },
        ),
        elevation_m: Some(-0.000_001 * f64::from(index)),
        distance_m: Some(f64::from(index) * 2.5),
        speed_m_s: Some(2.5),
        heart_rate_bpm: Some(f64::from(index) * 2.2),
        cadence_rpm: Some(f64::from(index) * 2.1),
        power_w: Some(f64::from(index) * 700.0),
        temperature_c: Some(-3.5),
    };
    let odd = Point {
        position: None,
        heart_rate_bpm: Some(99.4),
        ..point(200)
    };
    Track {
        kind: Kind::Activity,
        sport: Sport::TrailRunning,
        name: Some("Über <Stock> & \"Stein\"\u{1}\r\n".to_owned()),
        start: Some(start),
        sessions: vec![Session::default(), Session::default()],
        laps: vec![full_lap(at(0)), Lap::default(), full_lap(at(60))],
        points: (0..121)
            .map(point)
            .chain([
                odd,
                Point {
                    time: None,
                    ..point(9)
                },
            ])
            .collect(),
        source: Source {
            product: Some("edge & co".to_owned()),
            serial: Some(1 << 40),
            ..Source::default()
        },
        ..Track::default()
    }
}

/// Validates, if xmllint and the schemas are there.
fn validate(bytes: &[u8], schema: &str) {
    let schemas = std::env::var_os("TRACKDOCK_SCHEMAS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/schemas"),
        PathBuf::from,
    );
    let schema = schemas.join(schema);
    if !schema.is_file() || Command::new("xmllint").arg("--version").output().is_err() {
        eprintln!(
            "\n*** SKIPPED: no xmllint (libxml2-utils), or no {} ***\n",
            schema.display()
        );
        return;
    }
    let file = std::env::temp_dir().join(format!(
        "trackdock-{}-{:?}.xml",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(&schema)
        .arg(&file)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn written_files_are_valid() {
    let bare = Track {
        kind: Kind::Activity,
        ..Track::default()
    };
    let running = Track {
        sport: Sport::Running,
        ..full()
    };
    let cycling = Track {
        sport: Sport::Cycling,
        ..full()
    };
    for track in [full(), running, cycling, bare] {
        validate(&write_gpx(&track).bytes, "gpx-all.xsd");
        validate(&write_tcx(&track).bytes, "tcx-all.xsd");
    }
}

#[test]
fn what_is_left_out_is_said() {
    let said = write_gpx(&full()).left_out;
    for sentence in [
        "GPX has no laps: 3 laps left out.",
        "GPX has no points without a position: 1 point left out.",
        "GPX has no sessions: 2 sessions left out.",
        "GPX has no distances in points: 122 distances left out.",
    ] {
        assert!(
            said.iter().any(|said| said == sentence),
            "{sentence} is not in {said:?}"
        );
    }
    let said = write_tcx(&full()).left_out;
    for sentence in [
        "TCX has no points without a time: 1 point left out.",
        "TCX has no temperatures: 122 temperatures left out.",
        "TCX has no finer sports: 1 finer sport left out.",
        "TCX has no calories outside 0 to 65,535: 2 values left out.",
    ] {
        assert!(
            said.iter().any(|said| said == sentence),
            "{sentence} is not in {said:?}"
        );
    }
}

#[test]
fn the_meridian_of_180_degrees_is_written_from_the_west() {
    let reading = read(&write_gpx(&full()).bytes).unwrap();
    let position = reading.tracks[0].points.get(7).unwrap().position.unwrap();
    assert!((position.longitude + 180.0).abs() < 1e-9);
}
