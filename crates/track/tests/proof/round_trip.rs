//! What must come back when a track is written and read again: everything that the format carries, at its resolution.

#[path = "carried.rs"]
mod carried;

use track::{Format, Point, Position, Track, read, write_fit, write_gpx, write_tcx};

use crate::moments::merged;

/// Semicircles per degree.
const SEMICIRCLES: f64 = 2_147_483_648.0 / 180.0;

/// Writes a track in a format, reads it again, and compares.
#[track_caller]
pub(crate) fn check(format: Format, track: &Track) {
    let written = match format {
        Format::Fit => write_fit(track),
        Format::Gpx => write_gpx(track),
        Format::Tcx => write_tcx(track),
    };
    for sentence in &written.left_out {
        assert!(sentence.ends_with('.'), "{sentence}");
    }
    let reading = read(&written.bytes).unwrap_or_else(|error| panic!("{error}"));
    assert!(reading.complete, "{:?}", reading.skipped);
    assert!(reading.skipped.is_empty(), "{:?}", reading.skipped);
    assert_eq!((reading.format, reading.tracks.len()), (format, 1));
    let back = &reading.tracks[0];
    // Without any time TCX demands one all the same: 1970 is written, and doubted when read.
    let timeless = format == Format::Tcx && track.start.is_none() && back.points.is_empty();
    assert!(back.skipped.is_empty() || timeless, "{:?}", back.skipped);
    match format {
        Format::Fit => check_fit(track, back),
        Format::Gpx => check_gpx(track, back),
        Format::Tcx => check_tcx(track, back),
    }
    carried::check_fixpoint(format, back);
}

/// Points must be the same, each value within what its column and the format can tell apart.
#[track_caller]
fn same_points(back: &Track, expected: &[Point]) {
    assert_eq!(back.points.len(), expected.len());
    for (index, (back, expected)) in back.points.iter().zip(expected).enumerate() {
        assert_eq!(back.time, expected.time, "{index}");
        let pairs = [
            (back.elevation_m, expected.elevation_m),
            (back.distance_m, expected.distance_m),
            (back.speed_m_s, expected.speed_m_s),
            (back.heart_rate_bpm, expected.heart_rate_bpm),
            (back.cadence_rpm, expected.cadence_rpm),
            (back.power_w, expected.power_w),
            (back.temperature_c, expected.temperature_c),
            (
                back.position.map(|at| at.latitude),
                expected.position.map(|at| at.latitude),
            ),
            (
                back.position.map(|at| at.longitude),
                expected.position.map(|at| at.longitude),
            ),
        ];
        for (number, (back, expected)) in pairs.into_iter().enumerate() {
            assert!(
                near(back, expected),
                "point {index}, value {number}: {back:?}, should be {expected:?}"
            );
        }
    }
}

/// Equal but for what single precision loses.
pub(crate) fn near(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 + other.abs() * 2.0_f64.powi(-23),
        _ => false,
    }
}

/// A value in a field of whole numbers: value = raw / scale - offset, raw at most so much.
pub(crate) fn field(value: Option<f64>, scale: f64, offset: f64, range: (f64, f64)) -> Option<f64> {
    let raw = ((value? + offset) * scale).round_ties_even();
    (range.0 <= raw && raw <= range.1).then_some(raw / scale - offset)
}

pub(crate) const BYTE: (f64, f64) = (0.0, 254.0);
pub(crate) const SHORT: (f64, f64) = (0.0, 65_534.0);
pub(crate) const LONG: (f64, f64) = (0.0, 4_294_967_294.0);

/// A cadence in FIT: whole turns, and 1/128 turns beside them.
pub(crate) fn turns(cadence: Option<f64>) -> Option<f64> {
    let cadence = cadence.map(|cadence| (cadence * 128.0).round_ties_even() / 128.0);
    cadence.filter(|cadence| (0.0..255.0).contains(cadence))
}

/// Whole seconds since 1970.
pub(crate) fn second(time: Option<jiff::Timestamp>) -> Option<i64> {
    time.map(|time| time.as_millisecond().div_euclid(1000))
}

fn fit_point(point: Point) -> Point {
    let semicircles = |degrees: f64| (degrees * SEMICIRCLES).round_ties_even();
    Point {
        time: point
            .time
            .and_then(|time| jiff::Timestamp::from_second(time.as_second()).ok()),
        position: point.position.map(|at| Position {
            latitude: semicircles(at.latitude) / SEMICIRCLES,
            longitude: match semicircles(at.longitude) {
                2_147_483_647.0.. => -180.0,
                east => east / SEMICIRCLES,
            },
        }),
        elevation_m: field(point.elevation_m, 5.0, 500.0, LONG),
        distance_m: field(point.distance_m, 100.0, 0.0, LONG),
        speed_m_s: field(point.speed_m_s, 1000.0, 0.0, LONG),
        heart_rate_bpm: field(point.heart_rate_bpm, 1.0, 0.0, BYTE),
        cadence_rpm: turns(point.cadence_rpm),
        power_w: field(point.power_w, 1.0, 0.0, SHORT),
        temperature_c: field(point.temperature_c, 1.0, 0.0, (-127.0, 126.0)),
    }
}

#[track_caller]
fn check_fit(track: &Track, back: &Track) {
    let expected = merged(track.points.iter().map(fit_point));
    same_points(back, &expected);
    if track.start.is_some() && track.sessions.is_empty() {
        assert_eq!(second(back.start), second(track.start));
    }
    carried::check_fit(track, back);
    if expected.len() == track.points.len() {
        carried::check_fit_points(track, back);
    }
}

/// A value for a place that takes whole numbers of a range only.
pub(crate) fn whole(value: Option<f64>, range: (f64, f64)) -> Option<f64> {
    field(value, 1.0, 0.0, range)
}

fn xml_point(point: Point) -> Point {
    Point {
        // The schemas end just before +180, which is the same meridian.
        position: point.position.map(|at| Position {
            longitude: if at.longitude >= 180.0 {
                -180.0
            } else {
                at.longitude
            },
            ..at
        }),
        heart_rate_bpm: whole(point.heart_rate_bpm, (1.0, 255.0)),
        cadence_rpm: whole(point.cadence_rpm, BYTE),
        ..point
    }
}

/// A name as it comes back: without what XML cannot carry or nobody can see, and without blanks around it.
fn name(written: Option<&String>) -> Option<String> {
    let shown = |c: &char| (!c.is_control() || *c == '\n') && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let carried: String = written?
        .chars()
        .filter(|c| *c != '\u{fffe}' && *c != '\u{ffff}' && (*c >= ' ' || "\t\r\n".contains(*c)))
        .collect();
    let kept: String = carried.trim().chars().filter(shown).collect();
    Some(kept.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The indices of the points that a format takes.
fn kept(track: &Track, takes: impl Fn(&Point) -> bool) -> Vec<usize> {
    let points = track.points.iter().enumerate();
    points
        .filter(|(_, point)| takes(point))
        .map(|(index, _)| index)
        .collect()
}

#[track_caller]
fn check_gpx(track: &Track, back: &Track) {
    let placed = track.points.iter().filter(|point| point.position.is_some());
    let expected: Vec<_> = placed
        .map(|point| Point {
            distance_m: None,
            ..xml_point(point)
        })
        .collect();
    same_points(back, &expected);
    if let Some(first) = expected.first() {
        assert_eq!(back.name, name(track.name.as_ref()));
        assert_eq!(back.sport, track.sport);
        assert_eq!(back.file_points as usize, expected.len());
        let kept = kept(track, |point| point.position.is_some());
        carried::check_xml_pauses(track, back, &kept, |_| 0);
        if first.time.is_some() {
            assert_eq!(back.start, first.time);
        }
    }
}

#[track_caller]
fn check_tcx(track: &Track, back: &Track) {
    let timed = track.points.iter().filter(|point| point.time.is_some());
    let expected: Vec<_> = timed
        .map(|point| Point {
            temperature_c: None,
            power_w: whole(point.power_w, (0.0, 65_535.0)),
            ..xml_point(point)
        })
        .collect();
    same_points(back, &expected);
    let note = name(track.name.as_ref()).filter(|name| !name.contains('\n'));
    assert_eq!(back.name, note);
    let kept = kept(track, |point| point.time.is_some());
    carried::check_tcx(track, back, &kept);
}
