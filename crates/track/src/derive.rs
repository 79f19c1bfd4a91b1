//! Values that a recording doesn't state, worked out from its points. One definition each, for every format.

use crate::column::{Column, NO_TIME};
use crate::{Lap, Pause, Points, Position, Session, Skipped, Totals, Track};

/// Elevation must change by this much from the last level before it counts: less is noise of the sensor.
const ASCENT_STEP_M: f64 = 3.0;
/// Slower than this, 1 km/h, is standing still.
const MOVING_M_S: f64 = 1.0 / 3.6;

/// WGS-84: half the equator's diameter, in metres.
const EQUATOR_M: f64 = 6_378_137.0;
/// WGS-84: flattening.
const FLATTENING: f64 = 1.0 / 298.257_223_563;

/// Metres between two places on the WGS-84 ellipsoid, by Lambert's formula: right to 10 m over thousands of kilometres,
/// and to 1 in 100,000 over short ways.
pub(crate) fn metres(from: Position, to: Position) -> f64 {
    let reduced = |latitude: f64| ((1.0 - FLATTENING) * latitude.to_radians().tan()).atan();
    let (first, second) = (reduced(from.latitude), reduced(to.latitude));
    let half_way = ((second - first) / 2.0).sin().powi(2);
    let turn = (((to.longitude - from.longitude).to_radians()) / 2.0)
        .sin()
        .powi(2);
    let haversine = (half_way + first.cos() * second.cos() * turn).clamp(0.0, 1.0);
    if haversine == 0.0 {
        return 0.0;
    }
    let angle = 2.0 * haversine.sqrt().asin();
    let (middle, half) = ((first + second) / 2.0, (second - first) / 2.0);
    let near = (1.0 - haversine).max(1e-12);
    let x = (angle - angle.sin()) * (middle.sin() * half.cos()).powi(2) / near;
    let y = (angle + angle.sin()) * (middle.cos() * half.sin()).powi(2) / haversine;
    EQUATOR_M * (angle - FLATTENING / 2.0 * (x + y))
}

impl Position {
    /// Metres to another place on the WGS-84 ellipsoid, along the shortest way.
    #[must_use]
    pub fn metres_to(self, other: Position) -> f64 {
        metres(self, other)
    }
}

/// Below this difference, in degrees, a way is short enough for the plane that touches the ellipsoid at its middle.
const SHORT: f64 = 0.02;
/// WGS-84: the square of the eccentricity.
const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_141_316;

/// As far as this, in radians of latitude (some 600 m), what the ellipsoid is like at one latitude holds for another to a
/// three-millionth.
const NEAR: f64 = 1e-4;

/// Measures short ways between positions, most of which lie near the last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ruler {
    /// Where the values below hold, in radians; NaN before the first way.
    latitude: f64,
    sine: f64,
    cosine: f64,
    /// Metres in a radian along the meridian.
    along: f64,
    /// Metres in a radian along the equator of a sphere that fits there.
    across: f64,
}

impl Default for Ruler {
    fn default() -> Ruler {
        Ruler {
            latitude: f64::NAN,
            sine: 0.0,
            cosine: 0.0,
            along: 0.0,
            across: 0.0,
        }
    }
}

impl Ruler {
    /// Metres between two positions: on short ways by the ellipsoid's two radii near the middle, which is right to a millionth
    /// and several times faster than the long formula.
    #[inline]
    pub(crate) fn way(&mut self, from: Position, to: Position) -> f64 {
        let (north, east) = (to.latitude - from.latitude, to.longitude - from.longitude);
        if north.abs() > SHORT || east.abs() > SHORT || from.latitude.abs() > 85.0 {
            return metres(from, to);
        }
        let middle = (from.latitude + north / 2.0).to_radians();
        let mut off = middle - self.latitude;
        if off.is_nan() || off.abs() > NEAR {
            self.move_to(middle);
            off = 0.0;
        }
        let cosine = self.cosine - off * (self.sine + off / 2.0 * self.cosine);
        let (north, east) = (
            self.along * north.to_radians(),
            self.across * cosine * east.to_radians(),
        );
        // Nothing here can overflow, which is what `hypot` would take its time for.
        (north * north + east * east).sqrt()
    }

    #[cold]
    fn move_to(&mut self, latitude: f64) {
        let (sine, cosine) = latitude.sin_cos();
        let flat = 1.0 - ECCENTRICITY_SQUARED * sine * sine;
        let across = EQUATOR_M / flat.sqrt();
        *self = Ruler {
            latitude,
            sine,
            cosine,
            along: across * (1.0 - ECCENTRICITY_SQUARED) / flat,
            across,
        };
    }
}

/// The length over all valid positions in their order, in metres; `None` without any.
pub(crate) fn distance_m(points: &Points) -> Option<f64> {
    let mut positions = points.positions();
    let mut last = positions.next()?;
    let (mut sum, mut ruler) = (0.0, Ruler::default());
    for position in positions {
        sum += ruler.way(last, position);
        last = position;
    }
    Some(sum)
}

/// Metres climbed and descended: each rise or fall of at least [`ASCENT_STEP_M`] from the last level counts, and makes a new
/// level.
pub(crate) fn climb_m(points: &Points) -> Option<(f64, f64)> {
    let mut elevations = points.elevations();
    let mut level = elevations.next()?;
    let (mut ascent, mut descent) = (0.0, 0.0);
    for elevation in elevations {
        let change = elevation - level;
        if change >= ASCENT_STEP_M {
            ascent += change;
            level = elevation;
        } else if change <= -ASCENT_STEP_M {
            descent -= change;
            level = elevation;
        }
    }
    Some((ascent, descent))
}

/// Seconds from the earliest to the latest time; `None` without any.
pub(crate) fn elapsed_s(points: &Points) -> Option<f64> {
    let mut times = points.times_ms();
    let first = times.next()?;
    let (earliest, latest) = times.fold((first, first), |(low, high), time| {
        (low.min(time), high.max(time))
    });
    Some(seconds(latest.saturating_sub(earliest)))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a recording is shorter than 285,000 years"
)]
pub(crate) fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// Seconds in motion: the sum of all steps from one timed point to the next that are at least [`MOVING_M_S`] fast, without
/// steps over a pause. `None` where the points have no times, or neither distance nor position.
pub(crate) fn moving_s(points: &Points, pauses: &[Pause]) -> Option<f64> {
    let counted = points.distance.has_any();
    if !points.has_times() || !(counted || points.has_positions()) {
        return None;
    }
    let mut motion = Motion::of(pauses);
    let times = points.time.cells().iter().copied();
    if counted {
        let mut last = f64::NAN;
        for (index, (time, along)) in times.zip(points.distance.cells()).enumerate() {
            if time != NO_TIME && !along.is_nan() {
                let from = std::mem::replace(&mut last, *along);
                motion.step(index, time, || along - from);
            }
        }
    } else {
        let (mut ruler, mut last) = (Ruler::default(), None);
        let both = points.latitude.cells().iter().zip(points.longitude.cells());
        for (index, (time, (latitude, longitude))) in times.zip(both).enumerate() {
            if time != NO_TIME && !latitude.is_nan() && !longitude.is_nan() {
                let here = Position {
                    latitude: *latitude,
                    longitude: *longitude,
                };
                let from = last.replace(here);
                motion.step(index, time, || ruler.way(from.unwrap_or(here), here));
            }
        }
    }
    Some(seconds(motion.moving_ms))
}

/// The time in motion so far.
struct Motion<'p> {
    pauses: &'p [Pause],
    last_ms: Option<i64>,
    moving_ms: i64,
}

impl Motion<'_> {
    fn of(pauses: &[Pause]) -> Motion<'_> {
        Motion {
            pauses,
            last_ms: None,
            moving_ms: 0,
        }
    }

    /// A step to a point that has a time and a place, so many metres from the last such point.
    #[inline]
    fn step(&mut self, index: usize, time: i64, metres: impl FnOnce() -> f64) {
        let mut paused = false;
        while let Some((pause, rest)) = self.pauses.split_first()
            && pause.before <= index
        {
            (paused, self.pauses) = (true, rest);
        }
        if let Some(before) = self.last_ms.replace(time)
            && !paused
            && time > before
            && metres() >= MOVING_M_S * seconds(time - before)
        {
            self.moving_ms += time - before;
        }
    }
}

/// The first second of 2000: no device in use is older, so a date before it was never set.
const YEAR_2000: i64 = 946_684_800;
/// What is said of times without any date; no other sentence on the date is needed then.
pub(crate) const NO_DATE: &str =
    "Times count from when the device was switched on: the date is not known";

/// Says so where the date cannot be right: the clock of a device that lost its power begins in 1970, 1980 or 1989.
fn note_unset_clock(track: &mut Track) {
    let unset = track
        .start
        .is_some_and(|start| start.as_second() < YEAR_2000);
    if unset && !track.skipped.iter().any(|note| note.what == NO_DATE) {
        track.skipped.push(Skipped {
            what: "The date lies before 2000: the device's clock was not set".to_owned(),
            byte: None,
            count: 1,
        });
    }
}

/// Fills what a recording does not state itself, from its points; an activity without session or lap gets one, and a
/// sentence if its date cannot be right.
pub(crate) fn complete(track: &mut Track) {
    if track.kind.is_activity() {
        note_unset_clock(track);
    }
    let points = &track.points;
    track.distance_m = track.distance_m.or_else(|| distance_m(points));
    if track.ascent_m.is_none() || track.descent_m.is_none() {
        let climb = climb_m(points);
        track.ascent_m = track.ascent_m.or(climb.map(|(ascent, _)| ascent));
        track.descent_m = track.descent_m.or(climb.map(|(_, descent)| descent));
    }
    track.moving_s = track.moving_s.or_else(|| moving_s(points, &track.pauses));
    if !track.kind.is_activity() || track.start.is_none() {
        return;
    }
    if !track.sessions.is_empty() && !track.laps.is_empty() {
        return;
    }
    let totals = totals(track);
    if track.sessions.is_empty() {
        track.sessions.push(Session {
            start: track.start,
            sport: track.sport,
            sub_sport: track.sub_sport.clone(),
            totals,
            pool_length_m: None,
        });
    }
    if track.laps.is_empty() {
        track.laps.push(Lap {
            start: track.start,
            totals,
        });
    }
}

/// The whole track as one session or lap: its own sums; means and highest values over the points that have them.
pub(crate) fn totals(track: &Track) -> Totals {
    let points = &track.points;
    let (average_hr, max_hr) = mean_and_most(&points.heart_rate);
    let (average_cadence, max_cadence) = mean_and_most(&points.cadence);
    let (average_power_w, max_power_w) = mean_and_most(&points.power);
    let seconds = track.timer_s.filter(|seconds| *seconds > 0.0);
    Totals {
        elapsed_s: track.elapsed_s,
        timer_s: track.timer_s,
        moving_s: track.moving_s,
        distance_m: track.distance_m,
        ascent_m: track.ascent_m,
        descent_m: track.descent_m,
        average_speed_m_s: track.distance_m.zip(seconds).map(|(way, time)| way / time),
        max_speed_m_s: mean_and_most(&points.speed).1,
        average_hr,
        max_hr,
        average_cadence,
        max_cadence,
        average_power_w,
        max_power_w,
        ..Totals::default()
    }
}

/// Mean and highest value of those that are there. Summed up in lanes, which the processor takes side by side.
fn mean_and_most(column: &Column<f32>) -> (Option<f64>, Option<f64>) {
    const LANES: usize = 8;
    let (mut counts, mut sums) = ([0u32; LANES], [0.0; LANES]);
    let mut highest = [f32::NEG_INFINITY; LANES];
    let mut take = |values: &[f32]| {
        let lanes = counts.iter_mut().zip(&mut sums).zip(&mut highest);
        for (((count, sum), most), value) in lanes.zip(values) {
            let there = !value.is_nan();
            *count += u32::from(there);
            *sum += if there { f64::from(*value) } else { 0.0 };
            *most = if *value > *most { *value } else { *most };
        }
    };
    let (blocks, rest) = column.cells().as_chunks::<LANES>();
    for block in blocks {
        take(block);
    }
    take(rest);
    let count: u32 = counts.iter().sum();
    if count == 0 {
        return (None, None);
    }
    let most = highest.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let mean = sums.iter().sum::<f64>() / f64::from(count);
    (Some(mean), Some(f64::from(most)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Point};

    #[track_caller]
    fn check(from: (f64, f64), to: (f64, f64), expected: f64) {
        let at = |(latitude, longitude)| Position {
            latitude,
            longitude,
        };
        let length = metres(at(from), at(to));
        assert!(
            (length - expected).abs() <= expected * 2e-5 + 1e-6,
            "{length} for {expected}"
        );
    }

    #[test]
    fn geodesics() {
        // By Vincenty's inverse formula, worked out apart from this code.
        check((0.0, 0.0), (0.0, 1.0), 111_319.491);
        check((0.0, 0.0), (1.0, 0.0), 110_574.389);
        check((45.0, 7.0), (45.001, 7.0), 111.132);
        check((52.5, 13.4), (48.85, 2.35), 879_030.0);
        check((10.0, 179.9995), (10.0, -179.9995), 109.639);
        check((60.0, 5.0), (60.0, 5.0), 0.0);
    }

    #[test]
    fn a_date_that_was_never_set_is_said_once() {
        let notes = |start: &str, skipped: &[&str]| {
            let mut track = Track {
                kind: Kind::Activity,
                start: start.parse().ok(),
                skipped: skipped.iter().map(|what| Skipped::at(*what, 0)).collect(),
                ..Track::default()
            };
            complete(&mut track);
            track.skipped.len()
        };
        assert_eq!(notes("2000-01-01T00:00:00Z", &[]), 0);
        assert_eq!(notes("1999-12-31T23:59:59Z", &[]), 1);
        assert_eq!(notes("1980-01-06T00:00:00Z", &["A point without place"]), 2);
        let relative = "Times count from when the device was switched on: the date is not known";
        assert_eq!(notes("1989-12-31T01:00:00Z", &[relative]), 1);
    }

    #[test]
    fn a_step_over_a_pause_is_no_motion() {
        let at = |second: i64, metres: f64| Point {
            time: jiff::Timestamp::from_second(second).ok(),
            distance_m: Some(metres),
            ..Point::default()
        };
        let nowhere = Point {
            distance_m: None,
            ..at(25, 0.0)
        };
        let points: Points = [
            at(0, 0.0),
            at(10, 50.0),
            nowhere,
            at(40, 200.0),
            at(50, 250.0),
        ]
        .into_iter()
        .collect();
        let pause = |before: usize| Pause {
            before,
            from: None,
            to: None,
        };
        assert_eq!(moving_s(&points, &[]), Some(50.0));
        // Also where the point behind the pause has no place, and of two pauses in one place.
        assert_eq!(moving_s(&points, &[pause(2)]), Some(20.0));
        assert_eq!(
            moving_s(&points, &[pause(1), pause(1), pause(4)]),
            Some(30.0)
        );
    }

    #[test]
    fn ascent_leaves_noise_out() {
        let climb = |levels: &[f64]| {
            let points: Points = levels
                .iter()
                .map(|level| Point {
                    elevation_m: Some(*level),
                    ..Point::default()
                })
                .collect();
            climb_m(&points).map(|(ascent, _)| ascent)
        };
        assert_eq!(climb(&[]), None);
        assert_eq!(climb(&[100.0, 101.0, 100.0, 101.0, 99.0]), Some(0.0));
        assert_eq!(
            climb(&[100.0, 101.0, 102.0, 103.0, 104.0, 110.0, 90.0, 95.0]),
            Some(15.0)
        );
    }
}
