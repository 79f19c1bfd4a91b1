//! The timer's starts and stops as pauses between points. Knows no bytes.

use jiff::Timestamp;

use super::facts::TimerEvent;
use crate::{Pause, Points};

/// The pauses that lie between two points. A stop that nothing follows is the end and no pause.
pub(super) fn between(timer: &[TimerEvent], points: &Points) -> Vec<Pause> {
    let mut pauses: Vec<Pause> = Vec::new();
    let mut stopped: Option<i64> = None;
    for event in timer {
        let Some(since) = stopped else {
            stopped = (!event.runs).then_some(event.time_ms);
            continue;
        };
        if !event.runs {
            continue; // stopped twice: the first counts
        }
        stopped = None;
        let before = first_after(points, event);
        if before == 0 || before >= points.len() {
            continue;
        }
        let moment = |time: i64| Timestamp::from_millisecond(time).ok();
        match pauses.last_mut() {
            // Started and stopped again without a point in between.
            Some(last) if last.before >= before => last.to = moment(event.time_ms),
            _ => pauses.push(Pause {
                before,
                from: moment(since),
                to: moment(event.time_ms),
            }),
        }
    }
    pauses
}

/// The first point behind the start of the timer: in the file's order, or by the clock where all events stand at the end.
fn first_after(points: &Points, event: &TimerEvent) -> usize {
    if event.points < points.len() {
        return event.points;
    }
    let late = |time: &i64| *time >= event.time_ms;
    let place = points.time.cells().iter().position(late);
    place.unwrap_or(points.len())
}

/// Milliseconds in all these pauses. One that ends before it begins has none.
pub(super) fn still_ms(pauses: &[Pause]) -> i64 {
    let length = |pause: &Pause| {
        let (from, to) = (pause.from?, pause.to?);
        Some(i64::max(to.as_millisecond() - from.as_millisecond(), 0))
    };
    pauses.iter().filter_map(length).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Point;

    fn points() -> Points {
        let point = |second: i64| Point {
            time: Timestamp::from_second(second).ok(),
            ..Point::default()
        };
        [0, 1, 2, 60, 61].into_iter().map(point).collect()
    }

    fn event(second: i64, runs: bool, points: usize) -> TimerEvent {
        TimerEvent {
            time_ms: second * 1000,
            runs,
            points,
        }
    }

    #[track_caller]
    fn check(timer: &[TimerEvent], expected: &[usize], still_s: i64) {
        let pauses = between(timer, &points());
        let places: Vec<_> = pauses.iter().map(|pause| pause.before).collect();
        assert_eq!(places, expected);
        assert_eq!(still_ms(&pauses), still_s * 1000);
    }

    #[test]
    fn pauses_lie_between_points() {
        let start = event(0, true, 0);
        check(
            &[
                start,
                event(3, false, 3),
                event(59, true, 3),
                event(61, false, 5),
            ],
            &[3],
            56,
        );
        // All events behind the points: the clock says where.
        check(&[start, event(3, false, 5), event(59, true, 5)], &[3], 56);
        // Twice stopped, and twice without a point in between.
        check(
            &[event(2, false, 3), event(3, false, 3), event(50, true, 3)],
            &[3],
            48,
        );
        // Out of order, as a clock that was set in between leaves them: no pause is shorter than nothing.
        check(&[event(50, false, 3), event(2, true, 3)], &[3], 0);
        check(
            &[
                event(2, false, 3),
                event(9, true, 3),
                event(10, false, 3),
                event(59, true, 3),
            ],
            &[3],
            57,
        );
        check(&[event(2, false, 3)], &[], 0);
        check(&[event(0, false, 0), event(1, true, 0)], &[], 0);
    }
}
