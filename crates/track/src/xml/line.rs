//! The length of a line of positions, as they come. Knows no file format.

use crate::{Position, derive};

/// Below this difference, in degrees, a way is short enough for the plane that touches the ellipsoid at its middle.
const SHORT: f64 = 0.02;
/// WGS-84: half the equator's diameter in metres, and the square of the eccentricity.
const EQUATOR_M: f64 = 6_378_137.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_141_316;

/// Sums the way from position to position on the WGS-84 ellipsoid; a new segment is not joined to the last.
#[derive(Default)]
pub(crate) struct Line {
    last: Option<Position>,
    metres: f64,
    positions: u32,
}

impl Line {
    /// Goes on to this position.
    #[inline]
    pub(crate) fn add(&mut self, to: Position) {
        if let Some(from) = self.last.replace(to) {
            self.metres += way(from, to);
        }
        self.positions = self.positions.saturating_add(1);
    }

    /// The next position begins a new piece.
    pub(crate) fn lift(&mut self) {
        self.last = None;
    }

    /// How many positions there were.
    pub(crate) fn positions(&self) -> u32 {
        self.positions
    }

    /// Metres, if there was a position at all.
    pub(crate) fn metres(&self) -> Option<f64> {
        (self.positions > 0).then_some(self.metres)
    }
}

/// Metres between two positions: on short ways by the ellipsoid's two radii at the middle, which is right to a millionth and
/// several times faster than the long formula.
#[inline]
fn way(from: Position, to: Position) -> f64 {
    let (north, east) = (to.latitude - from.latitude, to.longitude - from.longitude);
    if north.abs() > SHORT || east.abs() > SHORT || from.latitude.abs() > 85.0 {
        return derive::metres(from, to);
    }
    let (sine, cosine) = (from.latitude + north / 2.0).to_radians().sin_cos();
    let flat = 1.0 - ECCENTRICITY_SQUARED * sine * sine;
    let across = EQUATOR_M / flat.sqrt();
    let along = across * (1.0 - ECCENTRICITY_SQUARED) / flat;
    (along * north.to_radians()).hypot(across * cosine * east.to_radians())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ways_agree_with_the_long_formula() {
        for latitude in [-84.0, -45.0, -0.01, 0.0, 30.0, 60.0, 84.9] {
            for (north, east) in [
                (0.0, 0.001),
                (0.001, 0.0),
                (0.019, 0.019),
                (-0.01, 0.015),
                (1e-5, -1e-5),
            ] {
                let from = Position {
                    latitude,
                    longitude: 10.0,
                };
                let to = Position {
                    latitude: latitude + north,
                    longitude: 10.0 + east,
                };
                let (short, long) = (way(from, to), derive::metres(from, to));
                assert!(
                    (short - long).abs() <= long * 2e-5 + 1e-4,
                    "{latitude} {north} {east}: {short} {long}"
                );
            }
        }
    }

    #[test]
    fn pieces_are_not_joined_and_the_date_line_is_no_way() {
        let mut line = Line::default();
        assert_eq!(line.metres(), None);
        line.add(Position {
            latitude: 0.0,
            longitude: 180.0,
        });
        line.add(Position {
            latitude: 0.0,
            longitude: -180.0,
        });
        assert!(line.metres().is_some_and(|metres| metres < 1e-6));
        line.lift();
        line.add(Position {
            latitude: 50.0,
            longitude: 0.0,
        });
        line.add(Position {
            latitude: 51.0,
            longitude: 0.0,
        });
        assert!(
            line.metres()
                .is_some_and(|metres| (metres - 111_238.0).abs() < 20.0)
        );
        assert_eq!(line.positions(), 4);
    }
}
