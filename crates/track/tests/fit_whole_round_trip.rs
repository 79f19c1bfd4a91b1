//! Everything a FIT file carries besides the usual columns, written and read again: sessions, laps, lengths, pauses, events,
//! heart beats, sensors, channels, developer fields. Other readers must see the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is missing"
)]

#[path = "../../../tests/common/skipped.rs"]
mod skipped;

use std::process::Command;

use embedded_io_adapters::std::FromStd;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use rustyfit::Decoder;
use rustyfit::profile::{mesgdef, typedef};
use skipped::skipped;
use track::{
    Channel, DeveloperField, DeviceInfo, Event, Kind, Lap, Length, Pause, Point, Points, Session,
    Sport, SwimStroke, Totals, Track, read, write_fit,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_600_000_000 + second).unwrap()
}

fn some<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.7, value)
}

/// A number at a resolution of so many steps in one.
fn steps(most: u32, in_one: f64) -> impl Strategy<Value = Option<f64>> {
    some(0..most).prop_map(move |raw| raw.map(|raw| f64::from(raw) / in_one))
}

fn totals() -> impl Strategy<Value = Totals> {
    let times = (
        steps(9_000_000, 1000.0),
        steps(9_000_000, 1000.0),
        steps(9_000_000, 1000.0),
    );
    let ways = (steps(9_000_000, 100.0), steps(9000, 1.0), steps(9000, 1.0));
    let speeds = (steps(60_000, 1000.0), steps(60_000, 1000.0));
    let rates = (steps(254, 1.0), steps(254, 1.0));
    let cadences = (steps(254 * 128, 128.0), steps(254 * 128, 128.0));
    let powers = (steps(2500, 1.0), steps(2500, 1.0), steps(2500, 1.0));
    let rest = (steps(9000, 1.0), steps(90_000, 1.0));
    (times, ways, speeds, rates, cadences, powers, rest).prop_map(
        |(times, ways, speeds, rates, cadences, powers, rest)| Totals {
            elapsed_s: times.0,
            timer_s: times.1,
            moving_s: times.2,
            distance_m: ways.0,
            ascent_m: ways.1,
            descent_m: ways.2,
            average_speed_m_s: speeds.0,
            max_speed_m_s: speeds.1,
            average_hr: rates.0,
            max_hr: rates.1,
            average_cadence: cadences.0,
            max_cadence: cadences.1,
            average_power_w: powers.0,
            max_power_w: powers.1,
            normalized_power_w: powers.2,
            calories_kcal: rest.0,
            cycles: rest.1,
        },
    )
}

fn session() -> impl Strategy<Value = Session> {
    let sport = proptest::sample::select(vec![Sport::Running, Sport::Swimming, Sport::Transition]);
    let sub_sport = proptest::sample::select(vec![None, Some("open_water"), Some("201")]);
    (0..9000i64, sport, sub_sport, totals(), steps(60_000, 100.0)).prop_map(
        |(start, sport, sub_sport, totals, pool_length_m)| Session {
            start: Some(at(start)),
            sport,
            sub_sport: sub_sport.map(str::to_owned),
            totals,
            pool_length_m,
        },
    )
}

fn length() -> impl Strategy<Value = Length> {
    let stroke = some(proptest::sample::select(SwimStroke::ALL.to_vec()));
    let times = (steps(90_000, 1000.0), steps(90_000, 1000.0));
    let rest = (steps(90, 1.0), steps(5000, 1000.0), steps(90, 1.0));
    (some(0..9000i64), times, stroke, any::<bool>(), rest).prop_map(
        |(start, times, stroke, active, rest)| Length {
            start: start.map(at),
            elapsed_s: times.0,
            timer_s: times.1,
            active,
            strokes: rest.0,
            stroke,
            average_speed_m_s: rest.1,
            average_cadence: rest.2,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let time = some(0..9000i64).prop_map(|second| second.map(at));
    // 0 is the timer, whose starts and stops are pauses; 255 is absent.
    (time, 1..255u8, 0..10u8, some(0..u32::MAX)).prop_map(|(time, event, event_type, data)| Event {
        time,
        event,
        event_type,
        data,
    })
}

fn device(index: u8) -> impl Strategy<Value = DeviceInfo> {
    let maker = proptest::sample::select(vec![
        (None, None),
        (Some("garmin"), Some("edge_530")),
        (Some("wahoo_fitness"), Some("28")),
        (Some("60000"), Some("TICKR X")),
    ]);
    (
        maker,
        some(1..u64::from(u32::MAX)),
        some(0..255u8),
        some(0..65_000u16),
        some(0..101u8),
    )
        .prop_map(
            move |(maker, serial, device_type, software, battery_percent)| DeviceInfo {
                index: Some(index),
                manufacturer: maker.0.map(str::to_owned),
                product: maker.1.map(str::to_owned),
                serial,
                device_type,
                software,
                battery_percent,
            },
        )
}

/// Raw steps of a channel, and how many there are in one of its units: the resolution of its field.
const CHANNELS: &[(Channel, u32, f64)] = &[
    (Channel::Grade, 9000, 100.0),
    (Channel::RightBalance, 101, 1.0),
    (Channel::VerticalOscillation, 2000, 10.0),
    (Channel::StanceTime, 6000, 10.0),
    (Channel::LeftTorqueEffectiveness, 200, 2.0),
    (Channel::LeftPlatformOffset, 100, 1.0),
    (Channel::RespirationRate, 9000, 100.0),
    (Channel::TotalCycles, 900_000, 1.0),
    (Channel::EBikeBattery, 101, 1.0),
    (Channel::CoreTemperature, 4200, 100.0),
    (Channel::Depth, 90_000, 1000.0),
    (Channel::AscentRate, 9000, 1000.0),
];

/// Values by point and place in [`CHANNELS`], and of two developer fields.
type Cells = Vec<(Vec<Option<u32>>, Option<f64>, Option<f64>)>;

fn cells(points: usize) -> impl Strategy<Value = Cells> {
    let raw = proptest::collection::vec(some(any::<u32>()), CHANNELS.len());
    proptest::collection::vec((raw, some(-1e9..1e9f64), some(0.0..1.0f64)), points)
}

fn points(cells: &Cells, own: bool) -> Points {
    let point = |second: i64| Point {
        time: Some(at(second * 3)),
        heart_rate_bpm: Some(120.0),
        ..Point::default()
    };
    let mut points: Points = (0..).map(point).take(cells.len()).collect();
    for (index, (raw, first, second)) in cells.iter().enumerate() {
        for (raw, (channel, most, in_one)) in raw.iter().zip(CHANNELS) {
            if let Some(raw) = raw {
                points.set(index, *channel, f64::from(raw % most) / in_one);
            }
        }
        for (number, value) in [(0, first), (1, second)] {
            if let Some(value) = value.filter(|_| own) {
                points.set(index, Channel::Developer(number), value);
            }
        }
    }
    points
}

/// Pauses at some of the points: each begins with the second after a point, and ends at the next point.
fn pauses(places: &[usize], points: &Points) -> Vec<Pause> {
    let mut places: Vec<usize> = places
        .iter()
        .map(|place| place % points.len().max(1))
        .collect();
    places.retain(|place| *place > 0);
    places.sort_unstable();
    places.dedup();
    let time = |index: usize| points.get(index).unwrap().time.unwrap();
    let pause = |before: usize| Pause {
        before,
        from: Some(time(before - 1)),
        to: Some(time(before)),
    };
    places.into_iter().map(pause).collect()
}

fn whole() -> impl Strategy<Value = Track> {
    use proptest::collection::vec;
    let lap = (0..9000i64, totals()).prop_map(|(start, totals)| Lap {
        start: Some(at(start)),
        totals,
    });
    let parts = (
        vec(session(), 1..4),
        vec(lap, 1..5),
        vec(length(), 0..5),
        vec(event(), 0..5),
    );
    let beats = vec((250..2000u16).prop_map(|ms| f32::from(ms) / 1000.0), 0..12);
    let devices = (device(0), device(1)).prop_map(|(first, second)| vec![first, second]);
    let columns = (
        vec(any::<usize>(), 0..4),
        (1..40usize).prop_flat_map(cells),
        any::<bool>(),
    );
    (parts, beats, devices, columns).prop_map(|(parts, beats, devices, (places, cells, own))| {
        let points = points(&cells, own);
        let field = |name: &str, units: &str| DeveloperField {
            name: name.to_owned(),
            units: units.to_owned(),
            application: Some(*b"sixteen bytes id"),
        };
        Track {
            kind: Kind::Activity,
            pauses: pauses(&places, &points),
            sessions: parts.0,
            laps: parts.1,
            lengths: parts.2,
            events: parts.3,
            beat_intervals_s: beats,
            devices,
            developer_fields: if own {
                vec![field("Leg Spring Stiffness", "kN/m"), field("Form", "")]
            } else {
                Vec::new()
            },
            points,
            ..Track::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn all_of_a_track_is_read_again(written in whole()) {
        let bytes = write_fit(&written).bytes;
        let reading = read(&bytes).unwrap();
        prop_assert!(reading.complete && reading.skipped.is_empty());
        let ours = &reading.tracks[0];
        prop_assert_eq!(&ours.sessions, &written.sessions);
        prop_assert_eq!(&ours.laps, &written.laps);
        prop_assert_eq!(&ours.lengths, &written.lengths);
        prop_assert_eq!(&ours.pauses, &written.pauses);
        prop_assert_eq!(&ours.events, &written.events);
        prop_assert_eq!(&ours.beat_intervals_s, &written.beat_intervals_s);
        prop_assert_eq!(&ours.devices, &written.devices);
        prop_assert_eq!(&ours.developer_fields, &written.developer_fields);
        prop_assert_eq!(&ours.points, &written.points);
        // And once more: nothing drifts.
        prop_assert_eq!(write_fit(ours).bytes, write_fit(&read(&write_fit(ours).bytes).unwrap().tracks[0]).bytes);
    }

    #[test]
    fn rustyfit_sees_the_same_fields(written in whole()) {
        let bytes = write_fit(&written).bytes;
        let mut reader = FromStd::new(&bytes[..]);
        let fit = Decoder::new().decode(&mut reader).unwrap().unwrap();
        let of = |number| fit.messages.iter().filter(move |message| message.num == number);
        let records = of(typedef::MesgNum::RECORD).map(mesgdef::Record::from);
        for (index, record) in records.enumerate() {
            let raw = |channel, in_one: f64, absent: f64| {
                written.points.value(index, channel).map_or(absent, |value| (value * in_one).round_ties_even())
            };
            let same = [
                (f64::from(record.grade), raw(Channel::Grade, 100.0, 32_767.0)),
                (f64::from(record.vertical_oscillation), raw(Channel::VerticalOscillation, 10.0, 65_535.0)),
                (f64::from(record.stance_time), raw(Channel::StanceTime, 10.0, 65_535.0)),
                (f64::from(record.left_torque_effectiveness), raw(Channel::LeftTorqueEffectiveness, 2.0, 255.0)),
                (f64::from(record.left_pco), raw(Channel::LeftPlatformOffset, 1.0, 127.0)),
                (f64::from(record.enhanced_respiration_rate), raw(Channel::RespirationRate, 100.0, 65_535.0)),
                (f64::from(record.total_cycles), raw(Channel::TotalCycles, 1.0, 4_294_967_295.0)),
                (f64::from(record.ebike_battery_level), raw(Channel::EBikeBattery, 1.0, 255.0)),
                (f64::from(record.core_temperature), raw(Channel::CoreTemperature, 100.0, 65_535.0)),
                (f64::from(record.depth), raw(Channel::Depth, 1000.0, 4_294_967_295.0)),
                (f64::from(record.ascent_rate), raw(Channel::AscentRate, 1000.0, 2_147_483_647.0)),
                (f64::from(record.left_right_balance.0 & 0x7F), raw(Channel::RightBalance, 1.0, 127.0)),
            ];
            for (place, (theirs, ours)) in same.into_iter().enumerate() {
                prop_assert_eq!(theirs, ours, "value {} of record {}", place, index);
            }
            prop_assert_eq!(record.developer_fields.len(), written.points.channels().filter(|channel| matches!(channel, Channel::Developer(_))).count());
        }
        for (theirs, ours) in of(typedef::MesgNum::SESSION).map(mesgdef::Session::from).zip(&written.sessions) {
            let raw = |value: Option<f64>, in_one: f64, absent: f64| value.map_or(absent, |value| (value * in_one).round_ties_even());
            prop_assert_eq!(f64::from(theirs.total_descent), raw(ours.totals.descent_m, 1.0, 65_535.0));
            prop_assert_eq!(f64::from(theirs.normalized_power), raw(ours.totals.normalized_power_w, 1.0, 65_535.0));
            prop_assert_eq!(f64::from(theirs.pool_length), raw(ours.pool_length_m, 100.0, 65_535.0));
            prop_assert_eq!(f64::from(theirs.total_moving_time), raw(ours.totals.moving_s, 1000.0, 4_294_967_295.0));
            prop_assert_eq!(f64::from(theirs.enhanced_max_speed), raw(ours.totals.max_speed_m_s, 1000.0, 4_294_967_295.0));
        }
        let lengths = of(typedef::MesgNum::LENGTH).map(mesgdef::Length::from);
        for (theirs, ours) in lengths.zip(&written.lengths) {
            prop_assert_eq!(theirs.length_type.0 == 1, ours.active);
            prop_assert_eq!(f64::from(theirs.total_strokes), ours.strokes.unwrap_or(65_535.0));
        }
        prop_assert_eq!(of(typedef::MesgNum::DEVICE_INFO).count(), written.devices.len());
    }
}

/// What fitdecode, a reader in Python, says of a file: its messages by name, checksums looked at.
const FITDECODE: &str = "
import sys, collections
import fitdecode
count = collections.Counter()
with fitdecode.FitReader(sys.argv[1], check_crc=fitdecode.CrcCheck.RAISE, error_handling=fitdecode.ErrorHandling.RAISE) as fit:
    for frame in fit:
        if frame.frame_type == fitdecode.FIT_FRAME_DATA:
            count[frame.name] += 1
print(' '.join(f'{name}={count[name]}' for name in ('record', 'lap', 'session', 'length', 'activity')))
";

#[test]
fn fitdecode_takes_what_is_written() {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/python");
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        if std::env::var_os("PYTHONPATH").is_none() {
            command.env("PYTHONPATH", tools);
        }
        command.args(arguments).output()
    };
    if !python(&["-c", "import fitdecode"]).is_ok_and(|output| output.status.success()) {
        return skipped("our FIT files in fitdecode", "no python3 that has it");
    }
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for round in 0..8 {
        let written = whole().new_tree(&mut runner).unwrap().current();
        let path =
            std::env::temp_dir().join(format!("trackdock-{}-{round}.fit", std::process::id()));
        std::fs::write(&path, write_fit(&written).bytes).unwrap();
        let output = python(&["-c", FITDECODE, path.to_str().unwrap()]).unwrap();
        std::fs::remove_file(&path).unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let expected = format!(
            "record={} lap={} session={} length={} activity=1",
            written.points.len(),
            written.laps.len(),
            written.sessions.len(),
            written.lengths.len()
        );
        assert_eq!(
            said.trim(),
            expected,
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
