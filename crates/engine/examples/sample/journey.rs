//! Journeys that might have been: smooth loops near real towns, with hills, pulse, pauses. Knows no file format's bytes.

use jiff::{SignedDuration, Timestamp};
use track::{Kind, Lap, Point, Points, Position, Source, Sport, Totals, Track};

/// What a journey is written as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Fit,
    /// A FIT file whose end is missing.
    CutFit,
    Gpx,
    Tcx,
}

/// One activity to be made up.
pub(crate) struct Journey {
    pub(crate) format: Format,
    pub(crate) name: &'static str,
    pub(crate) sport: Sport,
    /// Whole days before the date asked for, and seconds into that day (UTC).
    days_ago: i64,
    second_of_day: i64,
    /// Centre of the loop in degrees, and its mean radius in metres; radius 0 is indoors.
    centre: (f64, f64),
    radius_m: f64,
    /// How much the loop bends in and out, and how hilly it is in metres.
    lobes: f64,
    low_m: f64,
    climb_m: f64,
    /// Metres per second on the level, and for how long in seconds.
    speed: f64,
    seconds: i64,
    /// Beats per minute, turns or steps of one foot per minute, watts (0: no meter).
    pulse: f64,
    cadence: f64,
    power: f64,
    /// Second at which it pauses, for four minutes; 0: never.
    pause_at: i64,
}

/// A journey of the commonest kind, for the table below.
const fn fit(
    name: &'static str,
    sport: Sport,
    days_ago: i64,
    centre: (f64, f64),
    radius_m: f64,
    speed: f64,
    seconds: i64,
) -> Journey {
    Journey {
        format: Format::Fit,
        name,
        sport,
        days_ago,
        second_of_day: 6 * 3600 + days_ago * 397,
        centre,
        radius_m,
        lobes: 3.0,
        low_m: 210.0,
        climb_m: 45.0,
        speed,
        seconds,
        pulse: 142.0,
        cadence: 84.0,
        power: 0.0,
        pause_at: 0,
    }
}

/// Everything on the device, oldest first.
#[rustfmt::skip] // a table reads best with one line each
pub(crate) const JOURNEYS: &[Journey] = &[
    Journey { low_m: 465.0, climb_m: 210.0, power: 195.0, pause_at: 3100, ..fit("Lakeside and back", Sport::Cycling, 58, (47.07, 8.28), 6200.0, 7.4, 6900) },
    Journey { lobes: 5.0, low_m: 735.0, climb_m: 480.0, cadence: 54.0, pulse: 121.0, pause_at: 2900, ..fit("Up to the pasture", Sport::Hiking, 51, (46.62, 8.03), 1500.0, 1.15, 9300) },
    Journey { cadence: 86.0, low_m: 58.0, climb_m: 22.0, ..fit("Morning run", Sport::Running, 44, (55.94, -3.16), 980.0, 3.1, 2450) },
    Journey { format: Format::Gpx, lobes: 4.0, pulse: 104.0, cadence: 0.0, ..fit("Old town walk", Sport::Walking, 37, (50.09, 14.41), 620.0, 1.35, 3300) },
    Journey { format: Format::Gpx, lobes: 2.0, pulse: 108.0, cadence: 0.0, pause_at: 1500, ..fit("River walk", Sport::Walking, 36, (50.08, 14.42), 760.0, 1.4, 3900) },
    Journey { lobes: 2.0, low_m: 90.0, climb_m: 120.0, power: 215.0, ..fit("Evening hills", Sport::Cycling, 30, (51.23, -0.33), 4300.0, 7.9, 4200) },
    Journey { pulse: 133.0, cadence: 26.0, ..fit("Erg", Sport::Rowing, 23, (0.0, 0.0), 0.0, 3.6, 1800) },
    Journey { lobes: 2.0, low_m: 12.0, climb_m: 9.0, pulse: 158.0, cadence: 88.0, ..fit("Intervals in the park", Sport::Running, 16, (52.36, 4.87), 540.0, 3.7, 2700) },
    Journey { format: Format::Tcx, cadence: 85.0, low_m: 150.0, climb_m: 30.0, pulse: 146.0, ..fit("Long slow run", Sport::Running, 12, (48.21, 16.40), 1500.0, 2.9, 4300) },
    Journey { format: Format::CutFit, low_m: 180.0, climb_m: 60.0, power: 205.0, ..fit("Out into the rain", Sport::Cycling, 9, (45.76, 4.84), 3400.0, 7.6, 3000) },
    Journey { lobes: 4.0, low_m: 1240.0, climb_m: 160.0, cadence: 0.0, pulse: 151.0, ..fit("First snow", Sport::CrossCountrySkiing, 5, (47.41, 11.25), 1700.0, 3.4, 3600) },
    Journey { low_m: 35.0, climb_m: 18.0, power: 168.0, pause_at: 900, ..fit("To work the long way", Sport::Cycling, 1, (52.39, 13.12), 2600.0, 6.8, 2500) },
];

/// A small generator of its own, so that the same date gives the same device everywhere.
struct Dice(u64);

impl Dice {
    /// The next number in -1..=1.
    fn roll(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from((self.0 >> 33) as u32) / f64::from(1_u32 << 30) - 1.0
    }
}

/// Travels a journey: one point each second, nothing during the pause.
pub(crate) fn ride(journey: &Journey, until: Timestamp) -> Track {
    let start =
        until - SignedDuration::from_secs(journey.days_ago * 86_400 - journey.second_of_day);
    let mut dice = Dice(start.as_second().unsigned_abs());
    let phase = 3.0 * dice.roll();
    let (mut points, mut distance, mut climbed, mut pulse) = (Points::default(), 0.0, 0.0, 88.0);
    let mut turned = 0.0_f64;
    let mut height = elevation(journey, turned, phase);
    let mut sway = 0.0;
    let pause = |second: i64| {
        if journey.pause_at > 0 && second > journey.pause_at {
            240
        } else {
            0
        }
    };
    for second in 0..journey.seconds {
        sway = 0.97 * sway + 0.05 * dice.roll();
        let outdoors = journey.radius_m > 0.0;
        let rise = elevation(journey, turned + 0.01, phase) - height;
        let slope = if outdoors {
            rise / (0.01 * journey.radius_m)
        } else {
            0.0
        };
        let effort = (1.0 + 1.2 * sway - 3.0 * slope).clamp(0.45, 1.7);
        let speed = journey.speed * effort;
        pulse += 0.02 * (journey.pulse * (0.9 + 1.2 * slope.abs() + 0.5 * sway) - pulse);
        points.push(Point {
            time: Some(start + SignedDuration::from_secs(second + pause(second))),
            position: if outdoors {
                place(journey, turned, phase)
            } else {
                None
            },
            elevation_m: outdoors.then_some((height * 5.0).round() / 5.0),
            distance_m: Some((distance * 100.0_f64).round() / 100.0),
            speed_m_s: Some((speed * 1000.0).round() / 1000.0),
            heart_rate_bpm: Some(pulse.round()),
            cadence_rpm: (journey.cadence > 0.0)
                .then_some((journey.cadence * (0.97 + 0.25 * sway)).round()),
            power_w: (journey.power > 0.0).then_some(
                (journey.power * (1.0 + 1.5 * sway + 4.0 * slope))
                    .clamp(0.0, 900.0)
                    .round(),
            ),
            temperature_c: outdoors.then_some((14.0 - 0.006 * height).round()),
        });
        distance += speed;
        if outdoors {
            turned += speed / journey.radius_m;
            let next = elevation(journey, turned, phase);
            climbed += (next - height).max(0.0);
            height = next;
        }
    }
    let elapsed = journey.seconds - 1 + pause(journey.seconds);
    whole(journey, start, points, elapsed as f64, distance, climbed)
}

/// The sums around the points, as a device writes them at the end.
fn whole(
    journey: &Journey,
    start: Timestamp,
    points: Points,
    elapsed_s: f64,
    distance_m: f64,
    ascent_m: f64,
) -> Track {
    let timer_s = (journey.seconds - 1) as f64;
    let count = u32::try_from(points.len()).unwrap_or(u32::MAX);
    let lap = Lap {
        start: Some(start),
        totals: Totals {
            elapsed_s: Some(elapsed_s),
            timer_s: Some(timer_s),
            distance_m: Some(distance_m.round()),
            average_hr: Some(journey.pulse.round()),
            ..Totals::default()
        },
    };
    Track {
        kind: Kind::Activity,
        sport: journey.sport,
        name: Some(journey.name.to_owned()),
        start: Some(start),
        elapsed_s: Some(elapsed_s),
        timer_s: Some(timer_s),
        distance_m: Some(distance_m.round()),
        ascent_m: (journey.radius_m > 0.0).then_some(ascent_m.round()),
        laps: vec![lap],
        file_points: count,
        file_positions: if journey.radius_m > 0.0 { count } else { 0 },
        points,
        source: Source {
            manufacturer: Some("garmin".to_owned()),
            product: Some("edge_530".to_owned()),
            serial: Some(3_900_000_042),
            created: Some(start),
        },
        ..Track::default()
    }
}

/// Where one is after turning this far (radians) around the loop.
fn place(journey: &Journey, turned: f64, phase: f64) -> Option<Position> {
    const METRES_PER_DEGREE: f64 = 111_195.0;
    let radius = journey.radius_m
        * (1.0
            + 0.20 * (journey.lobes * turned + phase).sin()
            + 0.16 * (2.0 * turned + 1.7 * phase).cos()
            + 0.07 * ((2.0 * journey.lobes + 1.0) * turned + 2.0 * phase).sin());
    let (latitude, longitude) = journey.centre;
    let north = radius * 0.8 * turned.cos();
    let east = radius * 1.15 * turned.sin();
    Position::new(
        latitude + north / METRES_PER_DEGREE,
        longitude + east / (METRES_PER_DEGREE * latitude.to_radians().cos()),
    )
}

/// Metres above the sea there.
fn elevation(journey: &Journey, turned: f64, phase: f64) -> f64 {
    let wave = 0.5 - 0.5 * (turned + phase).cos() + 0.12 * (journey.lobes * turned).sin();
    journey.low_m + journey.climb_m * wave
}
