//! The length of a line of positions, as they come. Knows no file format.

use crate::Position;
use crate::derive::Ruler;

/// Sums the way from position to position on the WGS-84 ellipsoid; a new segment is not joined to the last.
#[derive(Default)]
pub(crate) struct Line {
    last: Option<Position>,
    metres: f64,
    positions: u32,
    ruler: Ruler,
}

impl Line {
    /// Goes on to this position.
    #[inline]
    pub(crate) fn add(&mut self, to: Position) {
        if let Some(from) = self.last.replace(to) {
            self.metres += self.ruler.way(from, to);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::metres;

    #[test]
    fn short_ways_agree_with_the_long_formula() {
        let mut ruler = Ruler::default();
        for latitude in [-84.0, -45.0, -0.01, 0.0, 30.0, 60.0, 84.9] {
            for (north, east) in [
                (0.0, 0.001),
                (0.001, 0.0),
                (0.019, 0.019),
                (-0.01, 0.015),
                (1e-5, -1e-5),
                // From here on measured by what holds a little away.
                (0.002, 0.003),
                (0.005, -0.001),
                (-0.004, 0.002),
            ] {
                let from = Position {
                    latitude,
                    longitude: 10.0,
                };
                let to = Position {
                    latitude: latitude + north,
                    longitude: 10.0 + east,
                };
                let (short, long) = (ruler.way(from, to), metres(from, to));
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
