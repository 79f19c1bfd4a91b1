//! Writes every message that is no record: what the file is, its devices, events, laps, lengths, sessions. Knows no points.

use super::super::names;
use super::super::profile::{
    activity, developer_data_id, device_info, event, field_description, file_id, hrv, lap, length,
    session,
};
use super::file::{File, Value, fitting};
use super::records::{timeless_pauses, two_balances};
use super::{Span, seconds};
use crate::left_out::{Item, LeftOut, near};
use crate::{DeviceInfo, Length, Session, Sport, SwimStroke, Totals, Track, sport};

/// The maker number that the profile gives to software under development.
const DEVELOPMENT: f64 = 255.0;
/// FIT's event types.
pub(super) const START: f64 = 0.0;
const STOP: f64 = 1.0;
pub(super) const STOP_ALL: f64 = 4.0;
/// FIT's base type number of a double.
const FLOAT64: f64 = 137.0;
/// Heart beats in one message.
const BEATS: usize = 5;

#[expect(
    clippy::cast_precision_loss,
    reason = "a serial number is checked against 32 bits when it is written"
)]
fn serial(number: Option<u64>) -> Option<Value<'static>> {
    number.map(|number| Value::Number(number as f64))
}

/// A product by its number, or by its name where it has none.
fn product<'a>(
    maker: Option<u16>,
    name: Option<&'a str>,
) -> (Option<Value<'a>>, Option<Value<'a>>) {
    let number = name.and_then(|name| names::product_number(maker, name));
    let text = name.filter(|_| number.is_none()).map(fitting);
    (
        number.map(|number| Value::Number(f64::from(number))),
        text.filter(|text| !text.is_empty()).map(Value::Text),
    )
}

pub(super) fn file_id(file: &mut File, track: &Track, span: &Span) {
    let source = &track.source;
    let maker = source.manufacturer.as_deref();
    let maker = maker.and_then(names::manufacturer_number);
    let (product, product_name) = product(maker, source.product.as_deref());
    let number = |value: Option<f64>| value.map(Value::Number);
    let values = [
        (
            file_id::file_type,
            number(track.kind.to_fit().map(f64::from)),
        ),
        (
            file_id::manufacturer,
            number(Some(maker.map_or(DEVELOPMENT, f64::from))),
        ),
        (file_id::product, product),
        (file_id::serial_number, serial(source.serial)),
        (
            file_id::time_created,
            number(source.created.and_then(seconds).or(span.start)),
        ),
        (file_id::product_name, product_name),
    ];
    file.message(&file_id::MESSAGE, &values);
}

/// Describes the developers' own fields, as doubles that need no scale.
pub(super) fn developer_fields(file: &mut File, track: &Track) {
    if track.developer_fields.is_empty() {
        return;
    }
    let application = track
        .developer_fields
        .iter()
        .find_map(|field| field.application);
    let values = [
        (
            developer_data_id::application_id,
            application.as_ref().map(|id| Value::Bytes(id)),
        ),
        (
            developer_data_id::developer_data_index,
            Some(Value::Number(0.0)),
        ),
    ];
    file.message(&developer_data_id::MESSAGE, &values);
    for (number, field) in (0..=u8::MAX).zip(&track.developer_fields) {
        use field_description as slot;
        let text = |text| {
            Some(fitting(text))
                .filter(|text| !text.is_empty())
                .map(Value::Text)
        };
        let values = [
            (slot::developer_data_index, Some(Value::Number(0.0))),
            (
                slot::field_definition_number,
                Some(Value::Number(f64::from(number))),
            ),
            (slot::fit_base_type_id, Some(Value::Number(FLOAT64))),
            (slot::field_name, text(&field.name)),
            (slot::units, text(&field.units)),
        ];
        file.message(&field_description::MESSAGE, &values);
    }
}

pub(super) fn devices(file: &mut File, track: &Track, span: &Span) {
    for device in &track.devices {
        let DeviceInfo {
            index,
            device_type,
            software,
            battery_percent,
            ..
        } = device;
        let maker = device.manufacturer.as_deref();
        let maker = maker.and_then(names::manufacturer_number);
        let (product, product_name) = product(maker, device.product.as_deref());
        let number = |value: Option<f64>| value.map(Value::Number);
        let values = [
            (device_info::timestamp, number(span.start)),
            (device_info::device_index, number(index.map(f64::from))),
            (device_info::device_type, number(device_type.map(f64::from))),
            (device_info::manufacturer, number(maker.map(f64::from))),
            (device_info::serial_number, serial(device.serial)),
            (device_info::product, product),
            (
                device_info::software_version,
                number(software.map(f64::from)),
            ),
            (device_info::product_name, product_name),
            (
                device_info::battery_level,
                number(battery_percent.map(f64::from)),
            ),
        ];
        file.message(&device_info::MESSAGE, &values);
    }
}

/// A start or stop of the timer, which says nothing without a moment.
pub(super) fn timer(file: &mut File, time: Option<f64>, kind: f64) {
    if time.is_none() {
        return;
    }
    let values = [
        (event::timestamp, time),
        (event::event, Some(0.0)),
        (event::event_type, Some(kind)),
    ];
    file.numbers(&event::MESSAGE, &values);
}

pub(super) fn events(file: &mut File, track: &Track) {
    for each in &track.events {
        let values = [
            (event::timestamp, each.time.and_then(seconds)),
            (event::event, Some(f64::from(each.event))),
            (event::event_type, Some(f64::from(each.event_type))),
            (event::data, each.data.map(f64::from)),
        ];
        file.numbers(&event::MESSAGE, &values);
    }
}

pub(super) fn beat_intervals(file: &mut File, track: &Track) {
    for beats in track.beat_intervals_s.chunks(BEATS) {
        file.array(&hrv::MESSAGE, hrv::time, beats);
    }
}

/// The sums of a session or lap, which have the same names in both messages.
macro_rules! totals {
    ($message:ident, $totals:expr) => {{
        let totals: &Totals = $totals;
        let whole = |cadence: Option<f64>| cadence.map(f64::floor);
        let fraction = |cadence: Option<f64>| cadence.map(|cadence| cadence - cadence.floor());
        // To the nearest 1/128 turn, so that a fraction never rounds up to a whole one by itself.
        let turns =
            |cadence: Option<f64>| cadence.map(|turns| (turns * 128.0).round_ties_even() / 128.0);
        let (average, most) = (turns(totals.average_cadence), turns(totals.max_cadence));
        [
            ($message::total_elapsed_time, totals.elapsed_s),
            ($message::total_timer_time, totals.timer_s),
            ($message::total_moving_time, totals.moving_s),
            ($message::total_distance, totals.distance_m),
            ($message::total_ascent, totals.ascent_m),
            ($message::total_descent, totals.descent_m),
            ($message::total_calories, totals.calories_kcal),
            ($message::total_cycles, totals.cycles),
            ($message::enhanced_avg_speed, totals.average_speed_m_s),
            ($message::enhanced_max_speed, totals.max_speed_m_s),
            ($message::avg_heart_rate, totals.average_hr),
            ($message::max_heart_rate, totals.max_hr),
            ($message::avg_cadence, whole(average)),
            ($message::avg_fractional_cadence, fraction(average)),
            ($message::max_cadence, whole(most)),
            ($message::max_fractional_cadence, fraction(most)),
            ($message::avg_power, totals.average_power_w),
            ($message::max_power, totals.max_power_w),
            ($message::normalized_power, totals.normalized_power_w),
        ]
    }};
}

/// When something that began then ended, else the end of all.
fn end_of(start: Option<f64>, elapsed_s: Option<f64>, span: &Span) -> Option<f64> {
    let end = start.zip(elapsed_s);
    end.map(|(start, elapsed)| (start + elapsed).floor())
        .or(span.end)
}

pub(super) fn laps(file: &mut File, track: &Track, span: &Span) {
    for (index, each) in (0u16..).zip(&track.laps) {
        let start = each.start.and_then(seconds);
        let mut values = vec![
            (lap::message_index, Some(f64::from(index))),
            (lap::timestamp, end_of(start, each.totals.elapsed_s, span)),
            (lap::event, Some(9.0)),
            (lap::event_type, Some(STOP)),
            (lap::start_time, start),
        ];
        values.extend(totals!(lap, &each.totals));
        file.numbers(&lap::MESSAGE, &values);
    }
}

pub(super) fn lengths(file: &mut File, track: &Track, span: &Span) {
    for (index, each) in (0u16..).zip(&track.lengths) {
        let Length {
            elapsed_s,
            timer_s,
            strokes,
            average_speed_m_s,
            average_cadence,
            ..
        } = *each;
        let start = each.start.and_then(seconds);
        let stroke = each.stroke.and_then(|stroke| {
            let mut all = (0u8..).zip(SwimStroke::ALL);
            all.find(|(_, known)| *known == stroke)
        });
        let values = [
            (length::message_index, Some(f64::from(index))),
            (length::timestamp, end_of(start, elapsed_s, span)),
            (length::event, Some(28.0)),
            (length::event_type, Some(STOP)),
            (length::start_time, start),
            (length::total_elapsed_time, elapsed_s),
            (length::total_timer_time, timer_s),
            (length::total_strokes, strokes),
            (length::avg_speed, average_speed_m_s),
            (
                length::swim_stroke,
                stroke.map(|(number, _)| f64::from(number)),
            ),
            (length::avg_swimming_cadence, average_cadence),
            (length::length_type, Some(f64::from(u8::from(each.active)))),
        ];
        file.numbers(&length::MESSAGE, &values);
    }
}

/// The sessions; of a track without any one that is the whole, for a FIT activity has one.
pub(super) fn sessions(file: &mut File, track: &Track, span: &Span) {
    let whole = [Session {
        start: track.start,
        sport: track.sport,
        sub_sport: track.sub_sport.clone(),
        totals: Totals {
            elapsed_s: track.elapsed_s,
            timer_s: track.timer_s,
            moving_s: track.moving_s,
            distance_m: track.distance_m,
            ascent_m: track.ascent_m,
            descent_m: track.descent_m,
            ..Totals::default()
        },
        pool_length_m: None,
    }];
    let sessions = if track.sessions.is_empty() {
        &whole
    } else {
        track.sessions.as_slice()
    };
    let single = sessions.len() == 1;
    for (index, each) in (0u16..).zip(sessions) {
        let start = each.start.and_then(seconds).or(span.start);
        let (sport, own_sub) = each.sport.to_fit();
        let sub_sport = each.sub_sport.as_deref().and_then(sport::sub_sport_number);
        let laps = u16::try_from(track.laps.len()).ok().filter(|_| single);
        let mut values = vec![
            (session::message_index, Some(f64::from(index))),
            (
                session::timestamp,
                end_of(start, each.totals.elapsed_s, span),
            ),
            (session::event, Some(8.0)),
            (session::event_type, Some(STOP)),
            (session::start_time, start),
            (session::sport, Some(f64::from(sport))),
            (
                session::sub_sport,
                Some(f64::from(sub_sport.unwrap_or(own_sub))),
            ),
            (session::first_lap_index, Some(0.0).filter(|_| single)),
            (session::num_laps, laps.map(f64::from)),
            (session::pool_length, each.pool_length_m),
        ];
        values.extend(totals!(session, &each.totals));
        file.numbers(&session::MESSAGE, &values);
    }
}

pub(super) fn activity(file: &mut File, track: &Track, span: &Span) {
    let local = span
        .end
        .zip(track.utc_offset_s)
        .map(|(end, offset)| end + f64::from(offset));
    let sessions = u16::try_from(track.sessions.len().max(1)).ok();
    let values = [
        (activity::timestamp, span.end),
        (activity::total_timer_time, track.timer_s),
        (activity::num_sessions, sessions.map(f64::from)),
        (activity::activity_type, Some(0.0)),
        (activity::event, Some(26.0)),
        (activity::event_type, Some(STOP)),
        (activity::local_timestamp, local),
    ];
    file.numbers(&activity::MESSAGE, &values);
}

/// Says what could not be carried.
pub(super) fn left_out(file: &File, track: &Track, left_out: &mut LeftOut) {
    let finer = track.sport != Sport::from_fit(track.sport.to_fit().0);
    let multisport = track.sport == Sport::Multisport;
    for (item, count) in [
        (
            Item("place for a name", "name", "names"),
            usize::from(track.name.is_some()),
        ),
        (
            Item("fractions of a second", "fraction", "fractions"),
            usize::try_from(file.lost.split_seconds).unwrap_or(usize::MAX),
        ),
        (
            Item("pauses without a moment", "pause", "pauses"),
            timeless_pauses(track),
        ),
        (
            Item("second balance of a point", "value", "values"),
            two_balances(&track.points),
        ),
        (
            Item("sums beside those of the sessions", "sum", "sums"),
            contradicted_sums(track),
        ),
        (
            Item(
                "word for the sport but its nearest",
                "finer sport",
                "finer sports",
            ),
            usize::from(finer && !multisport),
        ),
        (
            Item("room for values out of range", "value", "values"),
            usize::try_from(file.lost.too_large).unwrap_or(usize::MAX),
        ),
    ] {
        left_out.add(item, count);
    }
}

/// How many of the track's own sums are not what a reader will make of the sessions'.
fn contradicted_sums(track: &Track) -> usize {
    let sum = |value: fn(&Totals) -> Option<f64>| {
        let values = track.sessions.iter();
        let values = values.filter_map(|session| value(&session.totals));
        values.reduce(|one, other| one + other)
    };
    let pairs = [
        (track.elapsed_s, sum(|totals| totals.elapsed_s)),
        (track.timer_s, sum(|totals| totals.timer_s)),
        (track.moving_s, sum(|totals| totals.moving_s)),
        (track.distance_m, sum(|totals| totals.distance_m)),
        (track.ascent_m, sum(|totals| totals.ascent_m)),
        (track.descent_m, sum(|totals| totals.descent_m)),
    ];
    let differ = |(own, summed): &(Option<f64>, Option<f64>)| {
        own.zip(*summed)
            .is_some_and(|(own, summed)| !near(own, summed))
    };
    pairs.iter().filter(|pair| differ(pair)).count()
}

#[cfg(test)]
mod tests {
    use crate::{Kind, Session, Totals, Track, write_fit};

    #[test]
    fn sums_that_contradict_the_sessions_are_said_to_be_lost() {
        let session = |metres: f64| Session {
            totals: Totals {
                distance_m: Some(metres),
                ..Totals::default()
            },
            ..Session::default()
        };
        let said = |own: f64| {
            let track = Track {
                kind: Kind::Activity,
                distance_m: Some(own),
                ascent_m: Some(100.0),
                sessions: vec![session(1000.0), session(500.0)],
                ..Track::default()
            };
            write_fit(&track).left_out
        };
        assert_eq!(said(1500.0), [""; 0]);
        assert_eq!(
            said(1600.0),
            ["FIT has no sums beside those of the sessions: 1 sum left out."]
        );
    }
}
