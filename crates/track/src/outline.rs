//! The line of a track made small enough for a list row: simplified, and scaled into a square of 100. Knows no drawing.

use crate::{Bounds, Points, Position};

/// At most this many positions go into the simplification: far more than a list row shows.
const SAMPLE: usize = 1024;

/// A line as it is drawn in a list row, kept small while its positions pass by: every position at first, every second one
/// as soon as there are too many, then every fourth, and so on.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    kept: Vec<Position>,
    last: Option<Position>,
    /// Positions that have passed.
    count: usize,
    /// One of so many is kept: a power of two.
    every: usize,
    low: Position,
    high: Position,
}

impl Default for Line {
    fn default() -> Line {
        let all = |value| Position {
            latitude: value,
            longitude: value,
        };
        Line {
            kept: Vec::new(),
            last: None,
            count: 0,
            every: 1,
            low: all(f64::INFINITY),
            high: all(f64::NEG_INFINITY),
        }
    }
}

impl Line {
    /// The line through all positions of some points.
    pub(crate) fn of(points: &Points) -> Line {
        let mut line = Line::default();
        for position in points.positions() {
            line.push(position);
        }
        line
    }

    /// Goes on to a position, which must be on the globe.
    #[inline]
    pub(crate) fn push(&mut self, position: Position) {
        if self.count & (self.every - 1) == 0 {
            self.keep(position);
        }
        self.count += 1;
        self.last = Some(position);
        let Position {
            latitude,
            longitude,
        } = position;
        self.low.latitude = lower(self.low.latitude, latitude);
        self.low.longitude = lower(self.low.longitude, longitude);
        self.high.latitude = higher(self.high.latitude, latitude);
        self.high.longitude = higher(self.high.longitude, longitude);
    }

    fn keep(&mut self, position: Position) {
        if self.kept.len() == SAMPLE {
            // What is left is every second one, and the one that comes is again the next of them.
            let mut index = 0;
            self.kept.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every *= 2;
        }
        self.kept.push(position);
    }

    /// How many positions it has gone through.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn first(&self) -> Option<Position> {
        self.kept.first().copied()
    }

    /// The smallest box around it.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        (self.count > 0).then_some(Bounds {
            south: self.low.latitude,
            west: self.low.longitude,
            north: self.high.latitude,
            east: self.high.longitude,
        })
    }

    /// See [`crate::Track::outline`].
    pub(crate) fn outline(&self, max: usize) -> Vec<(u8, u8)> {
        let line = self.flattened();
        if max == 0 || line.is_empty() {
            return Vec::new();
        }
        let mut scaled = scale(&line);
        let keep = most_telling(&scaled, max);
        scaled = scaled
            .into_iter()
            .zip(keep)
            .filter_map(|(point, keep)| keep.then_some(point))
            .collect();
        let mut cells: Vec<(u8, u8)> = scaled
            .into_iter()
            .map(|(x, y)| (cell(x), cell(y)))
            .collect();
        cells.dedup();
        cells
    }

    /// Positions on a plane, x east and y south, in degrees of latitude at the middle of the track. Over the date line the
    /// longitudes go on counting, so that the line stays in one piece.
    fn flattened(&self) -> Vec<(f64, f64)> {
        let last = self.last.filter(|_| {
            let behind = self.count.saturating_sub(1);
            behind & (self.every - 1) != 0
        });
        let mut line: Vec<(f64, f64)> = Vec::with_capacity(self.kept.len() + 1);
        for position in self.kept.iter().copied().chain(last) {
            let mut east = position.longitude;
            if let Some((before, _)) = line.last()
                && (before - east).abs() > 180.0
            {
                east += 360.0 * ((before - east) / 360.0).round();
            }
            line.push((east, -position.latitude));
        }
        let (south, north) = range(line.iter().map(|(_, y)| *y));
        let narrow = ((south + north) / 2.0).to_radians().cos().max(0.01);
        for (x, _) in &mut line {
            *x *= narrow;
        }
        line
    }
}

/// The lower of two values; the first where either is NaN, with which no comparison is true.
fn lower(low: f64, value: f64) -> f64 {
    if value < low { value } else { low }
}

/// The higher of two values; the first where either is NaN.
fn higher(high: f64, value: f64) -> f64 {
    if value > high { value } else { high }
}

/// The lowest and the highest value; NaN is passed over.
pub(crate) fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (lower(low, value), higher(high, value))
    })
}

/// Into 0..=100 on the longer axis, centred on the shorter one.
fn scale(line: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (left, right) = range(line.iter().map(|(x, _)| *x));
    let (top, bottom) = range(line.iter().map(|(_, y)| *y));
    let size = (right - left).max(bottom - top);
    if size <= 0.0 || !size.is_finite() {
        return vec![(50.0, 50.0)];
    }
    let factor = 100.0 / size;
    let (shift_x, shift_y) = (
        (100.0 - (right - left) * factor) / 2.0,
        (100.0 - (bottom - top) * factor) / 2.0,
    );
    line.iter()
        .map(|(x, y)| ((x - left) * factor + shift_x, (y - top) * factor + shift_y))
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=100"
)]
fn cell(value: f64) -> u8 {
    value.round().clamp(0.0, 100.0) as u8
}

/// Douglas and Peucker's points in the order of their importance, until `max` are chosen: true for each that stays.
fn most_telling(line: &[(f64, f64)], max: usize) -> Vec<bool> {
    let mut keep = vec![false; line.len()];
    let last = line.len().saturating_sub(1);
    for end in [0, last] {
        if let Some(keep) = keep.get_mut(end) {
            *keep = true;
        }
    }
    if max == 1
        && let Some(keep) = keep.get_mut(last).filter(|_| last > 0)
    {
        *keep = false;
    }
    let mut open: Vec<(f64, usize, usize, usize)> = farthest(line, 0, last).into_iter().collect();
    let mut left = max.saturating_sub(2);
    while left > 0 {
        let best = open
            .iter()
            .enumerate()
            .max_by(|(_, one), (_, other)| one.0.total_cmp(&other.0));
        let Some((index, &(_, start, middle, end))) = best else {
            break;
        };
        open.swap_remove(index);
        if let Some(keep) = keep.get_mut(middle) {
            *keep = true;
        }
        open.extend(farthest(line, start, middle));
        open.extend(farthest(line, middle, end));
        left -= 1;
    }
    keep
}

/// Nearer to the line than this, a point cannot be seen to be off it: the square of 0.3.
const UNSEEN: f64 = 0.09;

/// The point farthest from the straight line between two others, if it is farther than can be seen:
/// the square of its distance, and (start, itself, end).
fn farthest(line: &[(f64, f64)], start: usize, end: usize) -> Option<(f64, usize, usize, usize)> {
    let (from, to) = (*line.get(start)?, *line.get(end)?);
    let between = line.get(start + 1..end)?;
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let square = dx * dx + dy * dy;
    // Divided once for all points; a piece of no length has its ends at one place.
    let part = if square > 0.0 { square.recip() } else { 0.0 };
    // Squares of distances from the piece: nothing overflows in a square of 100.
    let away = |(x, y): &(f64, f64)| {
        let (px, py) = (x - from.0, y - from.1);
        let along = ((px * dx + py * dy) * part).clamp(0.0, 1.0);
        let (x, y) = (px - along * dx, py - along * dy);
        x * x + y * y
    };
    let (mut most, mut middle) = (UNSEEN, None);
    for (index, point) in between.iter().enumerate() {
        let distance = away(point);
        if distance > most {
            (most, middle) = (distance, Some(start + 1 + index));
        }
    }
    Some((most, start, middle?, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Point;

    fn points(places: &[(f64, f64)]) -> Points {
        let point = |(latitude, longitude)| Point {
            position: Position::new(latitude, longitude),
            ..Point::default()
        };
        places.iter().copied().map(point).collect()
    }

    #[track_caller]
    fn check(places: &[(f64, f64)], max: usize, expected: &[(u8, u8)]) {
        assert_eq!(Line::of(&points(places)).outline(max), expected);
    }

    #[test]
    fn lines_are_scaled_and_simplified() {
        check(&[], 10, &[]);
        check(&[(50.0, 8.0)], 10, &[(50, 50)]);
        check(
            &[(0.0, 0.0), (0.0, 0.5), (0.0, 1.0)],
            10,
            &[(0, 50), (100, 50)],
        );
        check(&[(0.0, 0.0), (1.0, 0.0)], 10, &[(50, 100), (50, 0)]);
        check(
            &[(0.0, 179.5), (0.5, -180.0), (0.0, -179.5)],
            10,
            &[(0, 75), (50, 25), (100, 75)],
        );
    }

    #[test]
    fn never_more_than_asked_for() {
        let round: Vec<(f64, f64)> = (0..5000)
            .map(|n| f64::from(n) / 100.0)
            .map(|a| (a.sin(), a.cos()))
            .collect();
        for max in [1, 2, 3, 40, 100] {
            let line = Line::of(&points(&round)).outline(max);
            assert!(
                line.len() <= max && !line.is_empty(),
                "{max}: {}",
                line.len()
            );
        }
        assert!(Line::of(&points(&round)).outline(40).len() > 20);
    }
}
