//! Files that use everything GPX and TCX have a place for, and some more: they validate against the published schemas (with
//! xmllint, offline; says so loudly where either is missing), and what is left out is said.
#![expect(
    clippy::unwrap_used,
    reason = "a test may end at once; clippy allows it only inside of test functions"
)]

#[path = "../../../tests/common/skipped.rs"]
mod skipped;

use std::path::PathBuf;
use std::process::Command;

use jiff::Timestamp;
use skipped::partly_skipped;
use track::{
    Channel, DeveloperField, DeviceInfo, Event, Kind, Lap, Length, Pause, Point, Position, Session,
    Source, Sport, Totals, Track, read, write_gpx, write_tcx,
};

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
            max_cadence: Some(99.0),
            max_power_w: Some(900.0),
            cycles: Some(88.0),
            average_speed_m_s: Some(2.5),
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
    let mut track = Track {
        kind: Kind::Activity,
        sport: Sport::TrailRunning,
        name: Some("Über <Stock> & \"Stein\"\u{1}\r\n".to_owned()),
        start: Some(start),
        sub_sport: Some("trail".to_owned()),
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
    };
    add_beyond_points(&mut track, start);
    track
}

/// What only FIT has a place for, and three pauses.
fn add_beyond_points(track: &mut Track, start: Timestamp) {
    let fourth = start.checked_add(jiff::SignedDuration::from_secs(4)).ok();
    let pause = |before| Pause {
        before,
        from: fourth,
        to: None,
    };
    track.pauses = [5, 60, 70].map(pause).into();
    track.lengths = vec![Length::default(); 2];
    track.events = vec![Event {
        time: None,
        event: 42,
        event_type: 3,
        data: None,
    }];
    track.beat_intervals_s = vec![0.8; 3];
    track.devices = vec![DeviceInfo::default()];
    track.developer_fields = vec![DeveloperField {
        name: "Form Power".to_owned(),
        ..DeveloperField::default()
    }];
    track.points.set(3, Channel::Depth, 1.5);
    track.points.set(3, Channel::VerticalOscillation, 80.0);
    track.points.set(3, Channel::Developer(0), 60.0);
}

/// The same as a swim without laps, a ride and a run.
fn multisport() -> Track {
    let track = full();
    let at = |seconds: i64| {
        track
            .start
            .unwrap()
            .checked_add(jiff::SignedDuration::from_secs(seconds))
            .ok()
    };
    let session = |seconds: i64, sport: Sport| Session {
        start: at(seconds),
        sport,
        ..Session::default()
    };
    Track {
        sport: Sport::Multisport,
        sub_sport: None,
        sessions: vec![
            session(0, Sport::Swimming),
            session(20, Sport::Cycling),
            session(80, Sport::Running),
        ],
        laps: [20, 50, 80, 100]
            .map(|seconds| full_lap(at(seconds)))
            .into(),
        ..track
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
        return partly_skipped(
            "our XML against its schemas",
            format!("no xmllint, or no {}", schema.display()),
        );
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
    for track in [full(), running, cycling, multisport(), bare] {
        validate(&write_gpx(&track).bytes, "gpx-all.xsd");
        validate(&write_tcx(&track).bytes, "tcx-all.xsd");
    }
}

#[test]
fn several_sports_come_back_as_they_were() {
    let written = write_tcx(&multisport());
    let reading = read(&written.bytes).unwrap();
    let back = &reading.tracks[0];
    assert_eq!((reading.tracks.len(), back.sport), (1, Sport::Multisport));
    let sports: Vec<_> = back.sessions.iter().map(|session| session.sport).collect();
    assert_eq!(sports, [Sport::Other, Sport::Cycling, Sport::Running]);
    let starts = |track: &Track| {
        track
            .sessions
            .iter()
            .map(|session| session.start)
            .collect::<Vec<_>>()
    };
    assert_eq!(starts(back), starts(&multisport()));
    // The swim became a lap of its own.
    assert_eq!(back.laps.len(), 5);
    let said = "TCX has no finer sports: 1 finer sport left out.";
    assert!(
        written.left_out.iter().any(|sentence| sentence == said),
        "{:?}",
        written.left_out
    );
}

#[test]
fn what_is_left_out_is_said() {
    let said = write_gpx(&full()).left_out;
    for sentence in [
        "GPX has no finer sports: 1 finer sport left out.",
        "GPX has no moments of a pause: 2 moments left out.",
        "GPX has no serial numbers: 1 number left out.",
        "GPX has no pool lengths: 2 lengths left out.",
        "GPX has no events: 1 event left out.",
        "GPX has no times between heart beats: 3 times left out.",
        "GPX has no sensors: 1 sensor left out.",
        "GPX has no vertical oscillation: 1 value left out.",
        "GPX has no field \"Form Power\": 1 value left out.",
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
        "TCX has no depth: 1 value left out.",
        "TCX has no ascent in laps: 2 ascents left out.",
        "TCX has no pauses in a lap's time: 2 elapsed times left out.",
        "TCX has no pauses between two laps: 1 pause left out.",
        "TCX has no sessions or laps out of order: 2 sessions left out.",
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
