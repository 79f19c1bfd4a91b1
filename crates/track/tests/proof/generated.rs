//! Tracks and files made by the project's own writers, for whoever has no recordings at hand. Knows no corpus.

use std::f64::consts::TAU;

use jiff::Timestamp;
use track::{Kind, Lap, Point, Position, Source, Sport, Totals, Track};

/// 2023-06-01T06:00:00Z.
const START_S: i64 = 1_685_599_200;

/// A ride of so many seconds, a point in each, with every value that a point can have, and a lap each half hour.
pub(crate) fn ride(points: u32) -> Track {
    let start = moment(0);
    let laps = (0..points).step_by(1800).map(|second| {
        let seconds = f64::from((points - second).min(1800));
        Lap {
            start: Some(moment(second)),
            totals: Totals {
                elapsed_s: Some(seconds),
                timer_s: Some(seconds),
                distance_m: Some(seconds * 7.5),
                ascent_m: Some(40.0),
                average_hr: Some(141.0),
                max_hr: Some(171.0),
                average_cadence: Some(84.0),
                average_power_w: Some(190.0),
                max_speed_m_s: Some(15.25),
                calories_kcal: Some(410.0),
                ..Totals::default()
            },
        }
    });
    let length = f64::from(points);
    Track {
        kind: Kind::Activity,
        sport: Sport::Cycling,
        name: Some("Round the lake & back".to_owned()),
        start: Some(start),
        utc_offset_s: Some(7200),
        elapsed_s: Some(length),
        timer_s: Some(length),
        distance_m: Some(length * 7.5),
        ascent_m: Some(40.0 * (length / 1800.0).ceil()),
        laps: laps.collect(),
        points: (0..points).map(point).collect(),
        source: Source {
            manufacturer: Some("garmin".to_owned()),
            product: Some("edge_530".to_owned()),
            serial: Some(3_141_592_653),
            created: Some(start),
        },
        ..Track::default()
    }
}

fn moment(second: u32) -> Timestamp {
    Timestamp::from_second(START_S + i64::from(second)).unwrap_or_default()
}

/// The point of a second: round a lake, over hills, with a pulse that follows them. Values are at a device's resolution.
fn point(second: u32) -> Point {
    let time = f64::from(second);
    let wave = |period: f64| (time * TAU / period).sin();
    let semicircles = |degrees: f64| (degrees / 180.0 * 2_147_483_648.0).round() / 2_147_483_648.0;
    let latitude = 46.5 + 0.06 * wave(5400.0) + 0.000_01 * wave(17.0);
    let longitude = 6.6 + 0.11 * (time * TAU / 5400.0).cos() + 0.000_01 * wave(13.0);
    Point {
        time: Some(moment(second)),
        position: Position::new(
            semicircles(latitude) * 180.0,
            semicircles(longitude) * 180.0,
        ),
        elevation_m: Some(((372.0 + 90.0 * wave(1700.0)) * 5.0).round() / 5.0),
        distance_m: Some((time * 750.0).round() / 100.0),
        speed_m_s: Some(((7.5 + 3.0 * wave(310.0)) * 1000.0).round() / 1000.0),
        heart_rate_bpm: Some((140.0 + 25.0 * wave(890.0)).round()),
        cadence_rpm: Some((84.0 + 9.0 * wave(47.0)).round()),
        power_w: Some((190.0 + 110.0 * wave(61.0)).round()),
        temperature_c: Some((19.0 + 6.0 * wave(7200.0)).round()),
    }
}
