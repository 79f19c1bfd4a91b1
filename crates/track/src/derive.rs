//! Values that a recording doesn't state, worked out from its points. One definition each, for every format.

use crate::{Points, Position};

/// Elevation must change by this much from the last level before it counts: less is noise of the sensor.
const ASCENT_STEP_M: f64 = 3.0;

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

/// The length over all valid positions in their order, in metres; `None` without any.
pub(crate) fn distance_m(points: &Points) -> Option<f64> {
    let mut positions = points.positions();
    let mut last = positions.next()?;
    let mut sum = 0.0;
    for position in positions {
        sum += metres(last, position);
        last = position;
    }
    Some(sum)
}

/// Metres climbed: each rise of at least [`ASCENT_STEP_M`] over the last level counts, each such fall makes a new level.
pub(crate) fn ascent_m(points: &Points) -> Option<f64> {
    let mut elevations = points.elevations();
    let mut level = elevations.next()?;
    let mut sum = 0.0;
    for elevation in elevations {
        let change = elevation - level;
        if change >= ASCENT_STEP_M {
            sum += change;
        }
        if change.abs() >= ASCENT_STEP_M {
            level = elevation;
        }
    }
    Some(sum)
}

/// Seconds from the earliest to the latest time; `None` without any.
pub(crate) fn elapsed_s(points: &Points) -> Option<f64> {
    let mut times = points.times_ms();
    let first = times.next()?;
    let (earliest, latest) = times.fold((first, first), |(low, high), time| {
        (low.min(time), high.max(time))
    });
    #[expect(
        clippy::cast_precision_loss,
        reason = "a recording is shorter than 285,000 years"
    )]
    Some(latest.saturating_sub(earliest) as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Point;

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
    fn ascent_leaves_noise_out() {
        let climb = |levels: &[f64]| {
            let points: Points = levels
                .iter()
                .map(|level| Point {
                    elevation_m: Some(*level),
                    ..Point::default()
                })
                .collect();
            ascent_m(&points)
        };
        assert_eq!(climb(&[]), None);
        assert_eq!(climb(&[100.0, 101.0, 100.0, 101.0, 99.0]), Some(0.0));
        assert_eq!(
            climb(&[100.0, 101.0, 102.0, 103.0, 104.0, 110.0, 90.0, 95.0]),
            Some(15.0)
        );
    }
}
