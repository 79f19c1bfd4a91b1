//! What a record carries besides the usual values, as our reader, rustyfit and fitparser see it in every FIT file of the
//! corpus: running dynamics, balance, temperature of the body and the rest.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is missing"
)]

#[path = "proof/corpus.rs"]
#[allow(dead_code, reason = "each test uses its part of what they share")]
mod corpus;

use std::collections::BTreeMap;

use embedded_io_adapters::std::FromStd;
use fitparser::profile::MesgNum;
use rustyfit::profile::mesgdef::Record;
use rustyfit::profile::typedef;
use track::Channel;

/// What another reader says of one record: its values by the profile's name of the field.
type Values = BTreeMap<&'static str, f64>;

/// A raw number, unless it is FIT's word for "none".
fn some(raw: f64, none: f64, scale: f64) -> Option<f64> {
    (raw != none).then_some(raw / scale)
}

fn u8s(raw: u8, scale: f64) -> Option<f64> {
    some(f64::from(raw), 255.0, scale)
}

fn u16s(raw: u16, scale: f64) -> Option<f64> {
    some(f64::from(raw), 65_535.0, scale)
}

fn u32s(raw: u32, scale: f64) -> Option<f64> {
    some(f64::from(raw), 4_294_967_295.0, scale)
}

/// Values of a record as rustyfit's types have them.
#[expect(clippy::too_many_lines, reason = "a table of fields")]
fn rustyfit_values(record: &Record) -> Values {
    let all = [
        (
            Channel::Grade,
            some(f64::from(record.grade), 32_767.0, 100.0),
        ),
        (
            Channel::VerticalSpeed,
            some(f64::from(record.vertical_speed), 32_767.0, 1000.0),
        ),
        (Channel::GpsAccuracy, u8s(record.gps_accuracy, 1.0)),
        (Channel::Calories, u16s(record.calories, 1.0)),
        (
            Channel::LeftTorqueEffectiveness,
            u8s(record.left_torque_effectiveness, 2.0),
        ),
        (
            Channel::RightTorqueEffectiveness,
            u8s(record.right_torque_effectiveness, 2.0),
        ),
        (
            Channel::LeftPedalSmoothness,
            u8s(record.left_pedal_smoothness, 2.0),
        ),
        (
            Channel::RightPedalSmoothness,
            u8s(record.right_pedal_smoothness, 2.0),
        ),
        (
            Channel::CombinedPedalSmoothness,
            u8s(record.combined_pedal_smoothness, 2.0),
        ),
        (
            Channel::LeftPlatformOffset,
            some(f64::from(record.left_pco), 127.0, 1.0),
        ),
        (
            Channel::RightPlatformOffset,
            some(f64::from(record.right_pco), 127.0, 1.0),
        ),
        (
            Channel::VerticalOscillation,
            u16s(record.vertical_oscillation, 10.0),
        ),
        (Channel::VerticalRatio, u16s(record.vertical_ratio, 100.0)),
        (Channel::StanceTime, u16s(record.stance_time, 10.0)),
        (
            Channel::StanceTimePercent,
            u16s(record.stance_time_percent, 100.0),
        ),
        (
            Channel::StanceTimeBalance,
            u16s(record.stance_time_balance, 100.0),
        ),
        (Channel::StepLength, u16s(record.step_length, 10.0)),
        (
            Channel::CoreTemperature,
            u16s(record.core_temperature, 100.0),
        ),
        (
            Channel::TotalHemoglobin,
            u16s(record.total_hemoglobin_conc, 100.0),
        ),
        (
            Channel::SaturatedHemoglobin,
            u16s(record.saturated_hemoglobin_percent, 10.0),
        ),
        (Channel::Resistance, u8s(record.resistance, 1.0)),
        (Channel::BatteryCharge, u8s(record.battery_soc, 2.0)),
        (Channel::MotorPower, u16s(record.motor_power, 1.0)),
        (Channel::Depth, u32s(record.depth, 1000.0)),
        (
            Channel::AbsolutePressure,
            u32s(record.absolute_pressure, 1.0),
        ),
        (Channel::NoDecompressionTime, u32s(record.ndl_time, 1.0)),
        (
            Channel::AscentRate,
            some(f64::from(record.ascent_rate), 2_147_483_647.0, 1000.0),
        ),
        (Channel::EBikeRange, u16s(record.ebike_travel_range, 1.0)),
        (Channel::EBikeBattery, u8s(record.ebike_battery_level, 1.0)),
        (Channel::EBikeAssistMode, u8s(record.ebike_assist_mode, 1.0)),
        (
            Channel::EBikeAssistLevel,
            u8s(record.ebike_assist_level_percent, 1.0),
        ),
    ];
    let mut values: Values = all
        .into_iter()
        .filter_map(|(channel, value)| Some((channel.name(), value?)))
        .collect();
    if record.left_right_balance.0 != u8::MAX {
        let share = f64::from(record.left_right_balance.0 & 0x7F);
        let right = record.left_right_balance.0 & 0x80 != 0;
        let channel = if right {
            Channel::RightBalance
        } else {
            Channel::Balance
        };
        values.insert(channel.name(), share);
    }
    values
}

/// Each record as rustyfit decodes it, without the components that it works out itself.
fn rustyfit(bytes: &[u8]) -> Option<Vec<Values>> {
    let mut reader = FromStd::new(bytes);
    let mut decoder = rustyfit::Decoder::builder()
        .checksum(false)
        .expand_components(false)
        .build();
    let file = decoder.decode(&mut reader).ok()??;
    let records = file.messages.iter();
    let records = records.filter(|message| message.num == typedef::MesgNum::RECORD);
    Some(
        records
            .map(|message| rustyfit_values(&Record::from(message)))
            .collect(),
    )
}

/// Each record as fitparser decodes it: the profile's fields, not those that the file describes itself.
fn fitparser(bytes: &[u8]) -> Option<Vec<Values>> {
    let known: BTreeMap<&str, Channel> = Channel::ALL
        .iter()
        .map(|channel| (channel.name(), *channel))
        .collect();
    let records = std::panic::catch_unwind(|| fitparser::from_bytes(bytes))
        .ok()?
        .ok()?;
    let records = records
        .iter()
        .filter(|record| record.kind() == MesgNum::Record);
    let values = records.map(|record| {
        let mut values = Values::new();
        for field in record.fields() {
            let value: Option<f64> = field.value().clone().try_into().ok();
            if let (Some(channel), Some(value)) = (known.get(field.name()), value) {
                // A field of the file's own may have a name of the profile's; the profile's come first.
                values.entry(channel.name()).or_insert(value);
            }
        }
        values
    });
    Some(values.collect())
}

/// Part of a path, the other reader, the field (all of them where it is empty), and why it gives something else. Each must
/// be needed.
const EXPLAINED: &[(&str, &str, &str, &str)] = &[
    (
        "garmin-fr935-cr.fit",
        "fitparser",
        "depth",
        "an app's own field is called `depth`; fitparser gives no way to tell it from the profile's",
    ),
    (
        "triathlon_summary_first.fit",
        "fitparser",
        "total_cycles",
        SUMMED,
    ),
    (
        "triathlon_summary_last.fit",
        "fitparser",
        "total_cycles",
        SUMMED,
    ),
    (
        "made/fit/fields255.fit",
        "rustyfit",
        "",
        "a field of one byte where its type has more is no number for us and fitparser; rustyfit fills it up",
    ),
];

const SUMMED: &str = "fitparser adds each value of the counter `cycles` to the sum, where only its lowest bits are told; \
    fitdecode gives what we do";

#[test]
fn channels_agree_with_other_readers() {
    let files = corpus::recordings("fit");
    if files.is_empty() {
        return;
    }
    let mut compared = BTreeMap::<&str, u64>::new();
    // By file, reader and field: how often they differ, and where first.
    let mut wrong = BTreeMap::<(String, &str, &str), (u64, String)>::new();
    for corpus::Recording { path, bytes, .. } in files {
        let reading = track::read(&bytes);
        let Some([track]) = reading
            .as_ref()
            .ok()
            .map(|reading| reading.tracks.as_slice())
        else {
            continue;
        };
        for (reader, records) in [
            ("rustyfit", rustyfit(&bytes)),
            ("fitparser", fitparser(&bytes)),
        ] {
            // Where records are merged, or a part is left out, there is no record for each point.
            let same_length = |records: &Vec<Values>| records.len() == track.points.len();
            for (index, theirs) in records.filter(same_length).iter().flatten().enumerate() {
                for channel in Channel::ALL {
                    let name = channel.name();
                    let Some(theirs) = theirs.get(name) else {
                        continue;
                    };
                    *compared.entry(name).or_default() += 1;
                    let ours = track.points.value(index, *channel);
                    let near = |ours: f64| (ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0);
                    if !ours.is_some_and(near) {
                        let first = format!("record {index}: {ours:?}, not {theirs}");
                        let key = (path.clone(), reader, name);
                        wrong.entry(key).or_insert((0, first)).0 += 1;
                    }
                }
            }
        }
    }
    eprintln!("values compared: {compared:?}");
    for (path, reader, field, reason) in EXPLAINED {
        let before = wrong.len();
        let of_field = |name: &str| field.is_empty() || name == *field;
        wrong.retain(|key, _| !(key.0.contains(path) && key.1 == *reader && of_field(key.2)));
        assert!(
            wrong.len() < before,
            "not needed any more: {path} {field}: {reason}"
        );
    }
    assert!(wrong.is_empty(), "{} differences: {wrong:#?}", wrong.len());
    assert!(compared.len() >= 30, "only {compared:?}");
}
