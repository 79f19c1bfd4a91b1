//! The rows are the same, whatever instructions the processor knows.

use jiff::Timestamp;

use super::super::{END_MS, EPOCH_MS, since_1989};
use super::{BLOCK, File, Layout, columns, rows, rows_by_columns, seconds};
use crate::{Channel, Point, Points, Position};

/// Values that are hard to write: absent, halves, bounds, and what fits nowhere.
const HARD: [f64; 15] = [
    f64::NAN,
    0.0,
    -0.0,
    0.5,
    1.5,
    -1.0,
    64.062_5,
    89.25,
    65_534.4,
    65_535.0,
    2_147_483_647.0,
    4.3e9,
    -1e300,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

fn points(count: u16) -> Points {
    let mut points = Points::default();
    for index in 0..count {
        let hard = |step: u16| HARD.get(usize::from(index * step) % HARD.len()).copied();
        let seconds = match index % 11 {
            0 if index < 200 => None,
            1 if index < 200 => Some(-1.5),
            2 if index < 200 => Some(4_926_000_000.25),
            _ => Some(1_700_000_000.0 + f64::from(index) / 4.0),
        };
        points.push(Point {
            time: seconds.and_then(|seconds: f64| {
                Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
            }),
            position: Position::new(f64::from(index) / 7.0, 180.0 - f64::from(index % 3) / 1e9),
            elevation_m: hard(1),
            distance_m: hard(2),
            speed_m_s: hard(4),
            heart_rate_bpm: hard(7),
            cadence_rpm: hard(8),
            power_w: hard(11),
            temperature_c: hard(13),
        });
        let row = usize::from(index);
        for (channel, step) in [
            (Channel::Balance, 2),
            (Channel::RightBalance, 7),
            (Channel::Developer(0), 1),
        ] {
            if let Some(value) = hard(step) {
                points.set(row, channel, value);
            }
        }
    }
    points
}

#[test]
fn rows_do_not_depend_on_the_processor() {
    // Blocks that are not full, and blocks of which every time is usual and none is.
    for count in [1, 63, 64, 65, 500] {
        let points = points(count);
        let mut layout = Layout {
            fields: Vec::new(),
            own: Vec::new(),
            stride: 1,
        };
        let columns = columns(&mut layout, &points);
        let (mut best, mut plain) = (File::new(), File::new());
        rows(&mut best, &columns, layout.stride, 0..points.len());
        rows_by_columns(&mut plain, &columns, layout.stride, 0..points.len());
        assert!(plain.bytes.len() > usize::from(count) * layout.stride);
        assert_eq!(best.bytes, plain.bytes, "{count} points");
        assert_eq!(best.lost, plain.lost, "{count} points");
    }
}

#[test]
fn seconds_are_whole_ones_below() {
    let moments = [0, 1, 499, 500, 501, 999, 1000, 1001, 1_700_000_000_999];
    let last = [1001, 1000, 999, 501, 500, 499, 1].map(|before| END_MS - before);
    let all: Vec<i64> = moments
        .map(|since| EPOCH_MS + since)
        .into_iter()
        .chain(last)
        .collect();
    let mut raw = [0; BLOCK];
    let split = seconds(&mut raw, &all);
    let expected: Vec<_> = all.iter().map(|time| since_1989(*time)).collect();
    assert!(
        expected
            .iter()
            .map(|(seconds, _)| seconds)
            .eq(&raw[..all.len()])
    );
    let fractions = expected.iter().filter(|(_, rest)| *rest != 0);
    assert_eq!(split, fractions.count() as u64);
}
