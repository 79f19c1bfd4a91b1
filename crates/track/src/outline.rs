//! The line of a track made small enough for a list row: simplified, and scaled into a square of 100. Knows no drawing.

use crate::{Points, Position};

/// At most this many points go into the simplification; of a longer track every n-th is taken.
const SAMPLE: usize = 2048;

/// See [`crate::Track::outline`].
pub(crate) fn outline(points: &Points, max: usize) -> Vec<(u8, u8)> {
    let line = flattened(points);
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
fn flattened(points: &Points) -> Vec<(f64, f64)> {
    let count = points.count_positions();
    let step = count.div_ceil(SAMPLE).max(1);
    let last = count.saturating_sub(1);
    let mut line: Vec<(f64, f64)> = Vec::with_capacity(count / step + 2);
    let mut take = |position: Position| {
        let mut east = position.longitude;
        if let Some((before, _)) = line.last() {
            east += 360.0 * ((before - east) / 360.0).round();
        }
        line.push((east, -position.latitude));
    };
    points.positions().step_by(step).for_each(&mut take);
    if !last.is_multiple_of(step) {
        points.positions().nth(last).into_iter().for_each(take);
    }
    let (south, north) = range(line.iter().map(|(_, y)| *y));
    let narrow = ((south + north) / 2.0).to_radians().cos().max(0.01);
    for (x, _) in &mut line {
        *x *= narrow;
    }
    line
}

/// The lowest and the highest value; NaN, with which no comparison is true, is passed over.
pub(crate) fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (
            if value < low { value } else { low },
            if value > high { value } else { high },
        )
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

/// The point farthest from the straight line between two others, if it is farther than can be seen:
/// its distance, and (start, itself, end).
fn farthest(line: &[(f64, f64)], start: usize, end: usize) -> Option<(f64, usize, usize, usize)> {
    let (from, to) = (*line.get(start)?, *line.get(end)?);
    let between = line.get(start + 1..end)?;
    let distances = between
        .iter()
        .enumerate()
        .map(|(index, point)| (away(*point, from, to), start + 1 + index));
    let (distance, middle) = distances.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (distance > 0.3).then_some((distance, start, middle, end))
}

/// Distance of a point from the piece of line between two others.
fn away(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let square = dx * dx + dy * dy;
    let along = if square > 0.0 {
        ((px * dx + py * dy) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (x, y) = (px - along * dx, py - along * dy);
    // Nothing overflows in a square of 100, which is what `hypot` would take its time for.
    (x * x + y * y).sqrt()
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
        assert_eq!(outline(&points(places), max), expected);
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
            let line = outline(&points(&round), max);
            assert!(
                line.len() <= max && !line.is_empty(),
                "{max}: {}",
                line.len()
            );
        }
        assert!(outline(&points(&round), 40).len() > 20);
    }
}
