//! The line of a track in pieces: which points a map format draws, and where it lifts the pen. Knows no format.

use crate::Track;

/// The points of each unbroken piece, by their index; no piece is empty.
pub(crate) type Pieces = Vec<Vec<usize>>;

/// The points with a position that `wanted` lets pass, broken at every pause.
pub(crate) fn at_pauses(track: &Track, wanted: impl Fn(usize) -> bool) -> Pieces {
    let mut pauses = track.pauses.iter().map(|pause| pause.before).peekable();
    let mut pieces = Pieces::new();
    let mut broken = true;
    for index in 0..track.points.len() {
        while pauses.next_if(|before| *before <= index).is_some() {
            broken = true;
        }
        if track.points.latitude.get(index).is_none() || !wanted(index) {
            continue;
        }
        match pieces.last_mut() {
            Some(piece) if !broken => piece.push(index),
            _ => pieces.push(vec![index]),
        }
        broken = false;
    }
    pieces
}

/// Breaks every piece also where it crosses the date line.
pub(crate) fn at_date_line(track: &Track, pieces: Pieces) -> Pieces {
    let longitude = |index: &usize| track.points.longitude.get(*index).unwrap_or_default();
    let broken = |piece: &Vec<usize>| {
        let parts = piece.chunk_by(|a, b| (longitude(a) - longitude(b)).abs() <= 180.0);
        parts.map(<[usize]>::to_vec).collect::<Vec<_>>()
    };
    pieces.iter().flat_map(broken).collect()
}

/// Joins pieces of a single point to the piece before: a line needs two. A whole of one point stays so.
pub(crate) fn as_lines(pieces: Pieces) -> Pieces {
    let mut lines = Pieces::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(last) if last.len() < 2 || piece.len() < 2 => last.extend(piece),
            _ => lines.push(piece),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pause, Point, Position};

    fn track(longitudes: &[Option<f64>], pauses: &[usize]) -> Track {
        let point = |longitude: &Option<f64>| Point {
            position: longitude.and_then(|longitude| Position::new(0.0, longitude)),
            ..Point::default()
        };
        let pause = |before: &usize| Pause {
            before: *before,
            from: None,
            to: None,
        };
        Track {
            points: longitudes.iter().map(point).collect(),
            pauses: pauses.iter().map(pause).collect(),
            ..Track::default()
        }
    }

    #[track_caller]
    fn check(
        longitudes: &[Option<f64>],
        pauses: &[usize],
        pieces: &[&[usize]],
        lines: &[&[usize]],
    ) {
        let track = track(longitudes, pauses);
        let found = at_date_line(&track, at_pauses(&track, |_| true));
        assert_eq!(found, pieces);
        assert_eq!(as_lines(found), lines);
    }

    #[test]
    fn the_pen_is_lifted_where_it_must() {
        let here = Some(1.0);
        check(&[], &[], &[], &[]);
        check(&[None, None], &[1], &[], &[]);
        check(&[here], &[], &[&[0]], &[&[0]]);
        check(&[here; 4], &[2], &[&[0, 1], &[2, 3]], &[&[0, 1], &[2, 3]]);
        // A pause before points without a position breaks the line too.
        check(
            &[here, here, None, here, here],
            &[2],
            &[&[0, 1], &[3, 4]],
            &[&[0, 1], &[3, 4]],
        );
        check(
            &[here; 4],
            &[1, 3],
            &[&[0], &[1, 2], &[3]],
            &[&[0, 1, 2, 3]],
        );
        let (east, west) = (Some(179.5), Some(-179.5));
        check(
            &[east, east, west, west],
            &[],
            &[&[0, 1], &[2, 3]],
            &[&[0, 1], &[2, 3]],
        );
        check(&[east, west], &[], &[&[0], &[1]], &[&[0, 1]]);
    }
}
