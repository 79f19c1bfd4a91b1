//! One activity's points, thinned for map and charts.

use track::{Point, Track};

use crate::view::{LapView, Series};

/// A screen has not many more pixels across.
const MOST_POINTS: usize = 2_000;
/// Speeds above this, in m/s, that follow from two positions are a jump of the receiver, not a ride.
const FASTEST: f64 = 90.0;

/// At most 2,000 points, evenly thinned; columns that no point has are empty.
pub(crate) fn series(track: &Track) -> Series {
    let points = &track.points;
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let thinned: Vec<Point> = (0..points.len())
        .filter(|at| at % step == 0 || *at == last)
        .filter_map(|at| points.get(at))
        .collect();
    let start = track
        .start
        .or_else(|| thinned.iter().find_map(|point| point.time));
    let column = |there: bool, value: &dyn Fn(&Point) -> Option<f64>| -> Vec<Option<f64>> {
        if there {
            thinned.iter().map(value).collect()
        } else {
            Vec::new()
        }
    };
    let elapsed = |point: &Point| Some(point.time?.duration_since(start?).as_secs_f64());
    let distance_m = if points.has_distance() {
        column(true, &|point| point.distance_m)
    } else {
        along(points.iter(), step, last)
    };
    let elapsed_s = column(points.has_times(), &elapsed);
    let speed = if points.has_speed() {
        column(true, &|point| point.speed_m_s)
    } else {
        speeds(&elapsed_s, &distance_m)
    };
    Series {
        latitude: column(points.has_positions(), &|point| {
            Some(point.position?.latitude)
        }),
        longitude: column(points.has_positions(), &|point| {
            Some(point.position?.longitude)
        }),
        elevation_m: column(points.has_elevation(), &|point| point.elevation_m),
        heart_rate: column(points.has_heart_rate(), &|point| point.heart_rate_bpm),
        cadence: column(points.has_cadence(), &|point| point.cadence_rpm),
        power: column(points.has_power(), &|point| point.power_w),
        elapsed_s,
        distance_m,
        speed,
    }
}

/// Metres along the line at the points that are kept, over all points in between; empty without positions.
fn along(points: impl Iterator<Item = Point>, step: usize, last: usize) -> Vec<Option<f64>> {
    let mut before: Option<track::Position> = None;
    let mut metres = 0.0;
    let mut kept = Vec::new();
    for (at, point) in points.enumerate() {
        if let Some(here) = point.position {
            if let Some(there) = before {
                metres += there.metres_to(here);
            }
            before = Some(here);
        }
        if at % step == 0 || at == last {
            kept.push(before.map(|_| metres));
        }
    }
    if before.is_some() { kept } else { Vec::new() }
}

/// Metres per second over about ten seconds around each point; empty where times or distances are missing.
fn speeds(elapsed_s: &[Option<f64>], distance_m: &[Option<f64>]) -> Vec<Option<f64>> {
    if elapsed_s.is_empty() || distance_m.is_empty() {
        return Vec::new();
    }
    let moment = |at: usize| {
        Some((
            *elapsed_s.get(at)?.as_ref()?,
            *distance_m.get(at)?.as_ref()?,
        ))
    };
    let around = |at: usize| {
        let (from, to) = (
            moment(at.saturating_sub(5))?,
            moment((at + 5).min(elapsed_s.len() - 1))?,
        );
        let seconds = to.0 - from.0;
        let speed = (to.1 - from.1) / seconds;
        (seconds > 0.0 && speed.is_finite() && (0.0..FASTEST).contains(&speed)).then_some(speed)
    };
    (0..elapsed_s.len()).map(around).collect()
}

pub(crate) fn laps(track: &Track) -> Vec<LapView> {
    let lap = |lap: &track::Lap| LapView {
        start: lap.start.map(|start| start.as_millisecond() as f64),
        timer_s: lap.totals.timer_s.or(lap.totals.elapsed_s),
        distance_m: lap.totals.distance_m,
        average_hr: lap.totals.average_hr,
    };
    track.laps.iter().map(lap).collect()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use track::Position;

    use super::*;

    /// Northwards at about 11 m each second, for so many seconds.
    fn ride(seconds: u32) -> Track {
        let start = Timestamp::from_second(1_780_000_000).unwrap();
        let mut track = Track {
            start: Some(start),
            ..Track::default()
        };
        for second in 0..seconds {
            track.points.push(Point {
                time: Some(start + SignedDuration::from_secs(second.into())),
                position: Position::new(40.0 + f64::from(second) * 0.000_1, 11.0),
                ..Point::default()
            });
        }
        track
    }

    #[track_caller]
    fn check(seconds: u32, points: usize) {
        let series = series(&ride(seconds));
        assert_eq!(series.elapsed_s.len(), points);
        for column in [&series.distance_m, &series.speed, &series.latitude] {
            assert_eq!(column.len(), points);
        }
        let last = f64::from(seconds.saturating_sub(1));
        assert_eq!(series.elapsed_s.last().copied().flatten(), Some(last));
        // The way over the points that were left out counts too.
        let metres = series.distance_m.last().copied().flatten().unwrap();
        assert!((metres - last * 11.12).abs() < last * 0.05, "{metres}");
        assert!(series.heart_rate.is_empty() && series.elevation_m.is_empty());
    }

    #[test]
    fn long_tracks_are_thinned_and_keep_their_end() {
        check(2, 2);
        check(2_000, 2_000);
        check(2_001, 1_001);
        check(10_000, 2_001);
        check(100_003, 1_962);
    }

    #[test]
    fn nothing_comes_of_nothing() {
        assert_eq!(series(&Track::default()), Series::default());
        assert_eq!(speeds(&[], &[]), []);
    }

    #[test]
    fn speeds_follow_from_time_and_way_and_jumps_are_none() {
        let steady = series(&ride(100));
        assert!(
            steady
                .speed
                .iter()
                .all(|speed| speed.is_some_and(|speed| (speed - 11.12).abs() < 0.1)),
            "{:?}",
            steady.speed
        );
        let times: Vec<Option<f64>> = (0..20).map(|second| Some(f64::from(second))).collect();
        let standing = vec![Some(5.0); 20];
        assert_eq!(speeds(&times, &standing), [Some(0.0); 20]);
        let mut jump = standing.clone();
        jump[19] = Some(5_000.0);
        let speed = speeds(&times, &jump);
        assert_eq!(speed[0], Some(0.0));
        assert_eq!(speed[19], None);
        let backwards: Vec<Option<f64>> = times.iter().rev().copied().collect();
        assert_eq!(speeds(&times, &backwards), [None; 20]);
        let same_moment = vec![Some(3.0); 20];
        assert_eq!(speeds(&same_moment, &times), [None; 20]);
    }

    #[test]
    fn points_without_a_value_are_holes() {
        let mut track = ride(30);
        let mut without = Point {
            heart_rate_bpm: Some(120.0),
            ..Point::default()
        };
        track.points.push(without);
        without.heart_rate_bpm = None;
        track.points.push(without);
        let series = series(&track);
        assert_eq!(series.elapsed_s[31], None);
        assert_eq!(series.latitude[30], None);
        assert_eq!(series.heart_rate[29..], [None, Some(120.0), None]);
        assert_eq!(series.distance_m[31], series.distance_m[29]);
    }
}
