//! Tests of the columns of points.

use super::*;

#[test]
fn a_late_column_is_filled_up_and_an_absent_one_costs_nothing() {
    let mut points = Points::default();
    points.push(Point::default());
    points.push(Point {
        heart_rate_bpm: Some(120.0),
        elevation_m: Some(f64::INFINITY),
        ..Point::default()
    });
    points.push(Point {
        position: Some(Position {
            latitude: 91.0,
            longitude: 0.0,
        }),
        ..Point::default()
    });
    assert_eq!(points.len(), 3);
    let rates: Vec<_> = points.iter().map(|point| point.heart_rate_bpm).collect();
    assert_eq!(rates, [None, Some(120.0), None]);
    assert!(points.has_heart_rate() && !points.has_power() && !points.has_positions());
    assert_eq!(points.power.width(), 0);
    assert_eq!(points.get(3), None);
}

#[test]
fn a_channel_is_as_long_as_the_points_pushed_behind_its_values() {
    let mut points = Points::default();
    points.push(Point::default());
    points.set(0, Channel::Depth, 1.0);
    points.push(Point::default());
    assert_eq!(points.channels[0].1.cells().len(), 2);
    let track = crate::Track {
        kind: crate::Kind::Activity,
        points,
        ..crate::Track::default()
    };
    let reading = crate::read(&crate::write_fit(&track).bytes).unwrap();
    let back = &reading.tracks[0].points;
    let depth = |index| back.value(index, Channel::Depth);
    assert_eq!((depth(0), depth(1)), (Some(1.0), None));
}

#[test]
fn one_moment_in_two_records_is_one_point() {
    let mut points = Points::default();
    points.push(Point {
        power_w: Some(200.0),
        ..Point::default()
    });
    points.amend_last(&RawPoint {
        heart_rate: 99.0,
        ..RawPoint::EMPTY
    });
    let point = points.get(0).unwrap();
    assert_eq!(
        (point.power_w, point.heart_rate_bpm),
        (Some(200.0), Some(99.0))
    );
}
