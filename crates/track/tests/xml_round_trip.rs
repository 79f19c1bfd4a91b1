//! What is written as GPX or TCX is read back the same, as far as the format carries it.
#![expect(
    clippy::unwrap_used,
    reason = "a test may end at once; clippy allows it only inside of test functions"
)]

use jiff::Timestamp;
use proptest::option::weighted;
use proptest::prelude::*;
use track::{
    Channel, Kind, Lap, Pause, Point, Position, Session, Source, Sport, Totals, Track, read,
    write_gpx, write_tcx,
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
        pauses in prop::collection::btree_set(1..40_usize, 0..6),
        depths in prop::collection::vec(weighted(0.2, 0.0..50.0_f64), 40),
    ) -> Track {
        let source = Source { product, ..Source::default() };
        let pauses = pauses.into_iter().filter(|before| *before < points.len());
        let pauses = pauses.map(|before| Pause { before, from: None, to: None }).collect();
        let points = points.into_iter().collect();
        let mut track = Track { kind: Kind::Activity, sport, name, points, pauses, source, ..Track::default() };
        for (index, depth) in depths.into_iter().enumerate() {
            track.points.set(index, Channel::Depth, depth.unwrap_or(f64::NAN));
        }
        track
    }
}

prop_compose! {
    fn totals()(
        (time, distance) in (0.0..1e5_f64, 0.0..1e6_f64),
        calories_kcal in whole(1..=60_000),
        (average_hr, max_hr) in (whole(1..=255), whole(1..=255)),
        (average_cadence, max_cadence) in (whole(0..=254), whole(0..=254)),
        (average_power_w, max_power_w, cycles) in (whole(0..=2500), whole(0..=2500), whole(0..=65_535)),
        (average_speed_m_s, max_speed_m_s) in (weighted(0.5, 0.0..50.0_f64), weighted(0.5, 0.0..50.0_f64)),
    ) -> Totals {
        Totals {
            elapsed_s: Some(time), timer_s: Some(time), distance_m: Some(distance), calories_kcal, average_hr, max_hr,
            average_cadence, max_cadence, average_power_w, max_power_w, cycles, average_speed_m_s, max_speed_m_s,
            ..Totals::default()
        }
    }
}

/// Tracks with points in order of time, laps that begin at some of them, and perhaps a sport for each two laps.
fn lapped() -> impl Strategy<Value = Track> {
    (
        track(),
        prop::collection::btree_set(946_684_800_000..4_102_444_800_000_i64, 40),
        prop::collection::vec(totals(), 0..5),
        any::<bool>(),
    )
        .prop_map(|(mut track, times, totals, several)| {
            let times: Vec<_> = times
                .into_iter()
                .map(|ms| Timestamp::from_millisecond(ms).unwrap())
                .collect();
            let points = track.points.iter().zip(&times).map(|(point, time)| Point {
                time: point.time.map(|_| *time),
                ..point
            });
            track.points = points.collect();
            let starts = times.iter().step_by(8);
            let laps = starts.zip(totals).map(|(start, totals)| Lap {
                start: Some(*start),
                totals,
            });
            track.laps = laps.collect();
            if several {
                let sports = [Sport::Running, Sport::Cycling, Sport::Other];
                let firsts = track.laps.iter().step_by(2).zip(sports);
                let sessions = firsts.map(|(lap, sport)| Session {
                    start: lap.start,
                    sport,
                    ..Session::default()
                });
                track.sessions = sessions.collect();
            }
            track
        })
}

/// A point as it comes back: its position to a billionth of a degree.
fn rounded(point: Point) -> Point {
    let nine = |degrees: f64| (degrees * 1e9).round() / 1e9;
    let position = point.position.map(|at| Position {
        latitude: nine(at.latitude),
        longitude: if nine(at.longitude) == 180.0 {
            -180.0
        } else {
            nine(at.longitude)
        },
    });
    Point { position, ..point }
}

/// The pauses as they come back: those that still stand between two points of one piece, with the times around them.
fn pauses(track: &Track, kept: &[usize], piece: impl Fn(usize) -> usize) -> Vec<Pause> {
    let time = |place: usize| track.points.get(kept[place]).unwrap().time;
    let places = track
        .pauses
        .iter()
        .map(|pause| kept.partition_point(|index| *index < pause.before));
    let mut places: Vec<_> = places
        .filter(|place| *place > 0 && *place < kept.len())
        .collect();
    places.dedup();
    let whole = places
        .into_iter()
        .filter(|place| piece(kept[*place]) == piece(kept[place - 1]));
    whole
        .map(|before| Pause {
            before,
            from: time(before - 1),
            to: time(before),
        })
        .collect()
}

/// Reads what was written of what was read: then nothing at all may change any more.
fn again(back: &Track, write: fn(&Track) -> track::Written) -> (Track, Track) {
    let reading = read(&write(back).bytes).unwrap();
    let bare = |track: &Track| Track {
        range: 0..0,
        ..track.clone()
    };
    (bare(&reading.tracks[0]), bare(back))
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
        let kept: Vec<_> = (0..track.points.len())
            .filter(|index| track.points.get(*index).unwrap().position.is_some())
            .collect();
        let points = kept.iter().map(|index| track.points.get(*index).unwrap());
        let expected: Vec<_> = points.map(|point| rounded(Point { distance_m: None, ..point })).collect();
        prop_assert_eq!(back.points.iter().collect::<Vec<_>>(), expected.clone());
        for (place, index) in kept.iter().enumerate() {
            let depth = |track: &Track, index| track.points.value(index, Channel::Depth);
            prop_assert_eq!(depth(back, place), depth(&track, *index));
        }
        let lost = track.points.len() - kept.len();
        prop_assert_eq!(written.left_out.iter().any(|said| said.contains("without a position")), lost > 0);
        if !kept.is_empty() {
            prop_assert_eq!(&back.name, &name(track.name.as_deref()));
            prop_assert_eq!(back.sport, track.sport);
            prop_assert_eq!(back.start, expected.iter().find_map(|point| point.time));
            prop_assert_eq!(&back.pauses, &pauses(&track, &kept, |_| 0));
            let (second, first) = again(back, write_gpx);
            prop_assert_eq!(second, first);
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
        let kept: Vec<_> = (0..track.points.len())
            .filter(|index| track.points.get(*index).unwrap().time.is_some())
            .collect();
        let points = kept.iter().map(|index| track.points.get(*index).unwrap());
        let expected: Vec<_> = points.map(|point| rounded(Point { temperature_c: None, ..point })).collect();
        prop_assert_eq!(back.points.iter().collect::<Vec<_>>(), expected);
        let lap = |index: usize| {
            let time = track.points.get(index).unwrap().time;
            track.laps.iter().skip(1).filter(|lap| lap.start <= time).count()
        };
        prop_assert_eq!(&back.pauses, &pauses(&track, &kept, lap));
        if track.sessions.len() > 1 {
            let said = |track: &Track| track.sessions.iter().map(|each| (each.start, each.sport)).collect::<Vec<_>>();
            prop_assert_eq!(said(back), said(&track));
            let sum: f64 = back.sessions.iter().filter_map(|each| each.totals.distance_m).sum();
            let laps: f64 = track.laps.iter().filter_map(|each| each.totals.distance_m).sum();
            prop_assert!((sum - laps).abs() <= laps * 1e-9);
        }
        let (second, first) = again(back, write_tcx);
        prop_assert_eq!(second, first);
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
