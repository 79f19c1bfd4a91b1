//! What our FIT writer writes, read again by our reader and by rustyfit; and what is left of it when it is cut off.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is missing"
)]

use embedded_io_adapters::std::FromStd;
use jiff::Timestamp;
use proptest::prelude::*;
use rustyfit::Decoder;
use rustyfit::profile::{mesgdef, typedef};
use track::{Kind, Lap, Point, Position, Source, Sport, Totals, Track, read, write_fit};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_600_000_000 + second).unwrap()
}

fn some<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.8, value)
}

/// A point at FIT's resolution, but for its time.
fn point() -> impl Strategy<Value = Point> {
    let position = (-90.0..=90.0f64, -180.0..180.0f64).prop_map(|(latitude, longitude)| Position {
        latitude,
        longitude,
    });
    let elevation = (0..45_000u32).prop_map(|steps| f64::from(steps) / 5.0 - 500.0);
    let distance = (0..50_000_000u32).prop_map(|steps| f64::from(steps) / 100.0);
    let speed = (0..60_000u32).prop_map(|steps| f64::from(steps) / 1000.0);
    let cadence = (0..254 * 128u32).prop_map(|steps| f64::from(steps) / 128.0);
    let rest = (
        some(30..254u32),
        some(cadence),
        some(0..3000u32),
        some(-40..60i32),
    );
    (
        some(position),
        some(elevation),
        some(distance),
        some(speed),
        rest,
    )
        .prop_map(
            |(
                position,
                elevation_m,
                distance_m,
                speed_m_s,
                (heart, cadence_rpm, power, temperature),
            )| Point {
                time: None,
                position,
                elevation_m,
                distance_m,
                speed_m_s,
                heart_rate_bpm: heart.map(f64::from),
                cadence_rpm,
                power_w: power.map(f64::from),
                temperature_c: temperature.map(f64::from),
            },
        )
}

fn lap() -> impl Strategy<Value = Lap> {
    (
        some(0..9000i64),
        some(0..9_000_000u32),
        some(0..9_000_000u32),
        some(30..254u32),
    )
        .prop_map(|(start, elapsed, distance, heart)| Lap {
            start: start.map(at),
            totals: Totals {
                elapsed_s: elapsed.map(|steps| f64::from(steps) / 1000.0),
                distance_m: distance.map(|steps| f64::from(steps) / 100.0),
                average_hr: heart.map(f64::from),
                ..Totals::default()
            },
        })
}

prop_compose! {
    fn activity()(
        points in proptest::collection::vec((point(), 1..30i64), 0..60),
        laps in proptest::collection::vec(lap(), 0..5),
        sport in proptest::sample::select(Sport::ALL),
        totals in (0..9_000_000u32, 0..9_000_000u32, 0..9000u32),
        quarters in -48..=56i32,
        serial in 1..u64::from(u32::MAX),
    ) -> Track {
        let mut second = 0;
        let points = points.into_iter().map(|(point, step)| {
            second += step;
            Point { time: Some(at(second)), ..point }
        });
        Track {
            kind: Kind::Activity,
            sport,
            start: Some(at(1)),
            utc_offset_s: Some(quarters * 900),
            elapsed_s: Some(f64::from(totals.0) / 1000.0),
            timer_s: Some(f64::from(totals.0) / 2000.0),
            distance_m: Some(f64::from(totals.1) / 100.0),
            ascent_m: Some(f64::from(totals.2)),
            laps,
            points: points.collect(),
            source: Source {
                manufacturer: Some("garmin".into()),
                product: Some("edge_530".into()),
                serial: Some(serial),
                created: Some(at(0)),
            },
            ..Track::default()
        }
    }
}

#[track_caller]
fn near(ours: Option<f64>, theirs: Option<f64>, within: f64) {
    match (ours, theirs) {
        (None, None) => {}
        (Some(ours), Some(theirs)) => assert!((ours - theirs).abs() <= within, "{ours} {theirs}"),
        (ours, theirs) => panic!("{ours:?} {theirs:?}"),
    }
}

fn same_point(ours: &Point, written: &Point) {
    assert_eq!(ours.time, written.time);
    near(
        ours.position.map(|at| at.latitude),
        written.position.map(|at| at.latitude),
        5e-8,
    );
    near(
        ours.position.map(|at| at.longitude),
        written.position.map(|at| at.longitude),
        5e-8,
    );
    near(ours.elevation_m, written.elevation_m, 0.001);
    near(ours.distance_m, written.distance_m, 1e-6);
    near(ours.speed_m_s, written.speed_m_s, 1e-5);
    assert_eq!(ours.heart_rate_bpm, written.heart_rate_bpm);
    assert_eq!(ours.cadence_rpm, written.cadence_rpm);
    assert_eq!(ours.power_w, written.power_w);
    assert_eq!(ours.temperature_c, written.temperature_c);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_again(written in activity()) {
        let reading = read(&write_fit(&written).bytes).unwrap();
        prop_assert!(reading.complete && reading.skipped.is_empty() && reading.tracks.len() == 1);
        let ours = &reading.tracks[0];
        prop_assert_eq!(ours.points.len(), written.points.len());
        ours.points.iter().zip(written.points.iter()).for_each(|(ours, written)| same_point(&ours, &written));
        for (ours, written) in ours.laps.iter().zip(&written.laps) {
            prop_assert_eq!(ours.start, written.start);
            near(ours.totals.elapsed_s, written.totals.elapsed_s, 0.0006);
            near(ours.totals.distance_m, written.totals.distance_m, 1e-6);
            prop_assert_eq!(ours.totals.average_hr, written.totals.average_hr);
        }
        prop_assert_eq!(ours.file_laps as usize, written.laps.len());
        prop_assert_eq!(ours.sport.refined(ours.sub_sport.as_deref()).name().is_empty(), false);
        prop_assert_eq!(ours.start, written.start);
        prop_assert_eq!(ours.utc_offset_s, written.utc_offset_s);
        near(ours.elapsed_s, written.elapsed_s, 1e-6);
        near(ours.timer_s, written.timer_s, 0.0006);
        near(ours.distance_m, written.distance_m, 1e-6);
        prop_assert_eq!(ours.ascent_m, written.ascent_m);
        prop_assert_eq!(&ours.source, &written.source);
        prop_assert_eq!(ours.identity(), written.identity());
    }

    #[test]
    fn rustyfit_reads_the_same(written in activity()) {
        let bytes = write_fit(&written).bytes;
        let mut reader = FromStd::new(&bytes[..]);
        let fit = Decoder::new().decode(&mut reader).unwrap().unwrap();
        let count = |number| fit.messages.iter().filter(|message| message.num == number).count();
        prop_assert_eq!(count(typedef::MesgNum::RECORD), written.points.len());
        prop_assert_eq!(count(typedef::MesgNum::LAP), written.laps.len());
        let records = fit.messages.iter().filter(|message| message.num == typedef::MesgNum::RECORD);
        for (record, point) in records.map(mesgdef::Record::from).zip(written.points.iter()) {
            prop_assert_eq!(record.timestamp.unix_timestamp(), point.time.map(|time| time.as_second()));
            let whole = |value: Option<f64>, absent: f64| value.unwrap_or(absent);
            prop_assert_eq!(f64::from(record.heart_rate), whole(point.heart_rate_bpm, 255.0));
            prop_assert_eq!(f64::from(record.power), whole(point.power_w, 65_535.0));
            prop_assert_eq!(f64::from(record.temperature), whole(point.temperature_c, 127.0));
        }
        let session = fit.messages.iter().find(|message| message.num == typedef::MesgNum::SESSION).unwrap();
        let session = mesgdef::Session::from(session);
        prop_assert_eq!(session.start_time.unix_timestamp(), written.start.map(|time| time.as_second()));
        near(Some(f64::from(session.total_distance) / 100.0), written.distance_m, 0.006);
    }

    #[test]
    fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), size in any::<u32>()) {
        let _ = read(&bytes); // whether it can be read does not matter here
        if bytes.len() > 14 {
            bytes[0] = 14;
            bytes[4..8].copy_from_slice(&(size % 700).to_le_bytes());
            bytes[8..12].copy_from_slice(b".FIT");
            let _ = read(&bytes);
        }
    }

    #[test]
    fn a_changed_byte_never_panics(written in activity(), at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut bytes = write_fit(&written).bytes;
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(reading) = read(&bytes) {
            prop_assert!(reading.tracks.iter().all(|track| track.file_points as usize <= bytes.len()));
        }
    }
}

fn ride(points: i64) -> Track {
    let point = |n: i64| Point {
        time: Some(at(n)),
        position: Some(Position {
            latitude: 46.0 + n as f64 * 1e-5,
            longitude: 7.0,
        }),
        heart_rate_bpm: Some(130.0),
        ..Point::default()
    };
    Track {
        kind: Kind::Activity,
        sport: Sport::Cycling,
        points: (0..points).map(point).collect(),
        ..Track::default()
    }
}

#[test]
fn every_prefix_is_told_as_cut_and_keeps_its_points() {
    let lone = write_fit(&ride(40)).bytes;
    let bare = write_fit(&Track {
        points: (0..3).map(|_| Point::default()).collect(),
        ..ride(0)
    })
    .bytes;
    for whole in [&lone, &bare] {
        let mut before = 0;
        for length in 0..whole.len() {
            match read(&whole[..length]) {
                Ok(reading) => {
                    assert!(!reading.complete, "{length} of {}", whole.len());
                    let track = &reading.tracks[0];
                    assert!(track.file_points >= before, "{length}");
                    assert!(
                        !track.skipped.is_empty() || !reading.skipped.is_empty(),
                        "{length}"
                    );
                    before = track.file_points;
                }
                Err(error) => assert!(
                    ["empty", "truncated"].contains(&error.code()),
                    "{length}: {error}"
                ),
            }
        }
        assert!(read(whole).is_ok_and(|reading| reading.complete));
    }
}

#[test]
fn a_chain_is_one_track_per_activity_and_each_is_extracted() {
    let (first, second) = (write_fit(&ride(5)).bytes, write_fit(&ride(9)).bytes);
    let settings = write_fit(&Track {
        kind: Kind::Settings,
        ..Track::default()
    })
    .bytes;
    let chained = [&first[..], &settings[..], &second[..]].concat();
    let reading = read(&chained).unwrap();
    assert!(reading.complete);
    let points: Vec<u32> = reading
        .tracks
        .iter()
        .map(|track| track.file_points)
        .collect();
    assert_eq!(points, [5, 9]);
    let (_, part) = track::extract(&chained, &reading, 1).unwrap();
    assert_eq!(part.as_ref(), &second[..]);
    assert_eq!(
        track::extract(&chained, &reading, 2).unwrap_err().code(),
        "no_such_part"
    );
    // What is lost in a part that belongs to no activity is told of the file.
    let mut spoilt = [&settings[..], &first[..]].concat();
    spoilt[settings.len() - 1] ^= 1;
    let reading = read(&spoilt).unwrap();
    assert!(!reading.complete && reading.tracks.len() == 1 && reading.skipped.len() == 1);
    let cut = read(&chained[..chained.len() - 40]).unwrap();
    assert!(!cut.complete && cut.tracks[0].skipped.is_empty() && !cut.tracks[1].skipped.is_empty());
}

#[test]
fn other_kinds_keep_their_kind() {
    let settings = read(
        &write_fit(&Track {
            kind: Kind::Settings,
            ..Track::default()
        })
        .bytes,
    )
    .unwrap();
    assert_eq!(
        (settings.kind, settings.complete, settings.tracks.len()),
        (Kind::Settings, true, 1)
    );
}

#[test]
fn what_does_not_fit_is_told() {
    let point = Point {
        time: Some(at(0)),
        heart_rate_bpm: Some(300.0),
        ..Point::default()
    };
    let track = Track {
        name: Some("Home".into()),
        points: [point].into_iter().collect(),
        ..ride(0)
    };
    let written = write_fit(&track);
    assert_eq!(written.left_out.len(), 2, "{:?}", written.left_out);
    assert_eq!(
        read(&written.bytes).unwrap().tracks[0]
            .points
            .get(0)
            .unwrap()
            .heart_rate_bpm,
        None
    );
}
