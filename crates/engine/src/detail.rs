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
        timer_s: lap.timer_s.or(lap.elapsed_s),
        distance_m: lap.distance_m,
        average_hr: lap.average_hr,
    };
    track.laps.iter().map(lap).collect()
}
