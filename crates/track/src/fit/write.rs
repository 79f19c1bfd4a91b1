//! Writes FIT: a whole activity file, from the same table of messages that is read. Knows no bytes but little-endian ones.

use jiff::Timestamp;

use super::crc::crc16;
use super::facts::EPOCH_S;
use super::names;
use super::profile::{Base, Message, activity, event, file_id, lap, record, session};
use crate::{Lap, Point, Sport, Track, Written, derive, sport};

/// FIT 2.0.
const PROTOCOL: u8 = 0x20;
/// Version 21.158 of the profile; readers only show it.
const PROFILE: u16 = 21_158;
/// The maker number that the profile gives to software under development.
const DEVELOPMENT: f64 = 255.0;
/// Semicircles per degree.
const SEMICIRCLES: f64 = 2_147_483_648.0 / 180.0;

/// Writes a track as a FIT file of its kind: `file_id`, timer events, records, laps, session and activity, each with the
/// fields that the track has.
pub(crate) fn write(track: &Track) -> Written {
    let mut file = File::default();
    let span = Span::of(track);
    file.file_id(track, &span);
    if track.kind.is_activity() {
        file.timer(span.start, 0.0);
    }
    file.records(track);
    if track.kind.is_activity() {
        file.timer(span.end, 4.0);
        file.laps(&track.laps, &span);
        file.session(track, &span);
        file.activity(track, &span);
    }
    file.told(track);
    Written {
        bytes: file.closed(),
        left_out: file.left_out,
    }
}

/// First and last moment, in FIT seconds.
struct Span {
    start: Option<f64>,
    end: Option<f64>,
}

impl Span {
    fn of(track: &Track) -> Span {
        let start = track
            .start
            .or_else(|| track.points.iter().find_map(|point| point.time))
            .and_then(seconds);
        let last = track
            .points
            .iter()
            .filter_map(|point| point.time)
            .max()
            .and_then(seconds);
        let elapsed = track
            .elapsed_s
            .or_else(|| derive::elapsed_s(&track.points))
            .unwrap_or(0.0);
        let stated = start.map(|start| (start + elapsed).floor());
        Span {
            start,
            end: last.into_iter().chain(stated).reduce(f64::max),
        }
    }
}

/// Whole FIT seconds; `None` before 1989 or after 2126.
fn seconds(time: Timestamp) -> Option<f64> {
    u32::try_from(time.as_second() - EPOCH_S)
        .ok()
        .filter(|time| *time != u32::MAX)
        .map(f64::from)
}

/// The file while it is written.
#[derive(Default)]
struct File {
    data: Vec<u8>,
    left_out: Vec<String>,
    /// Values that did not fit into their fields.
    too_large: u64,
}

impl File {
    /// Writes one message by itself: its definition, then its data.
    fn message(&mut self, message: &Message, values: &[(usize, Option<f64>)], text: &str) {
        let present: Vec<(usize, f64)> = values
            .iter()
            .filter_map(|(slot, value)| Some((*slot, (*value)?)))
            .collect();
        let mut slots: Vec<usize> = present.iter().map(|(slot, _)| *slot).collect();
        let text_slot = message
            .fields
            .iter()
            .position(|field| field.base == Base::Text);
        slots.extend(text_slot.filter(|_| !text.is_empty()));
        self.define(message, &slots, text.len());
        self.data.push(0);
        for slot in slots {
            let value = present
                .iter()
                .find(|(present, _)| *present == slot)
                .map(|(_, value)| *value);
            self.field(message, slot, value, text);
        }
    }

    /// Writes the definition of local type 0.
    fn define(&mut self, message: &Message, slots: &[usize], text: usize) {
        self.data.extend([0x40, 0, 0]);
        self.data.extend(message.number.to_le_bytes());
        let fields: Vec<_> = slots
            .iter()
            .filter_map(|slot| message.fields.get(*slot))
            .collect();
        self.data
            .push(u8::try_from(fields.len()).unwrap_or(u8::MAX));
        for field in fields {
            let (size, base) = match field.base {
                Base::Enum => (1, 0x00),
                Base::Sint8 => (1, 0x01),
                Base::Uint8 => (1, 0x02),
                Base::Uint16 => (2, 0x84),
                Base::Sint32 => (4, 0x85),
                Base::Uint32 => (4, 0x86),
                Base::Uint32z => (4, 0x8C),
                Base::Text => (u8::try_from(text + 1).unwrap_or(u8::MAX), 0x07),
                Base::SpeedDistance => (3, 0x0D),
            };
            self.data.extend([field.number, size, base]);
        }
    }

    fn field(&mut self, message: &Message, slot: usize, value: Option<f64>, text: &str) {
        let Some(field) = message.fields.get(slot) else {
            return;
        };
        let raw = value.map(|value| ((value + field.offset) * field.scale).round());
        let (least, most) = match field.base {
            Base::Sint8 => (-127.0, 126.0),
            Base::Enum | Base::Uint8 => (0.0, 254.0),
            Base::Uint16 => (0.0, 65_534.0),
            Base::Sint32 => (-2_147_483_648.0, 2_147_483_646.0),
            Base::Uint32 => (0.0, 4_294_967_294.0),
            Base::Uint32z => (1.0, 4_294_967_295.0),
            Base::Text | Base::SpeedDistance => (0.0, 0.0),
        };
        let fits = raw.filter(|raw| (least..=most).contains(raw));
        self.too_large += u64::from(raw.is_some() && fits.is_none() && field.base != Base::Text);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the range just checked"
        )]
        match field.base {
            Base::Sint8 => self
                .data
                .extend(fits.map_or(i8::MAX, |raw| raw as i8).to_le_bytes()),
            Base::Enum | Base::Uint8 => self.data.push(fits.map_or(u8::MAX, |raw| raw as u8)),
            Base::Uint16 => self
                .data
                .extend(fits.map_or(u16::MAX, |raw| raw as u16).to_le_bytes()),
            Base::Sint32 => self
                .data
                .extend(fits.map_or(i32::MAX, |raw| raw as i32).to_le_bytes()),
            Base::Uint32 => self
                .data
                .extend(fits.map_or(u32::MAX, |raw| raw as u32).to_le_bytes()),
            Base::Uint32z => self
                .data
                .extend(fits.map_or(0, |raw| raw as u32).to_le_bytes()),
            Base::Text => {
                self.data.extend(text.bytes());
                self.data.push(0);
            }
            Base::SpeedDistance => self.data.extend([u8::MAX; 3]),
        }
    }

    fn file_id(&mut self, track: &Track, span: &Span) {
        let source = &track.source;
        let maker = source
            .manufacturer
            .as_deref()
            .and_then(names::manufacturer_number);
        let product = source
            .product
            .as_deref()
            .and_then(|name| names::product_number(maker, name));
        // A product without a number goes by its name, which may be cut to what one field holds.
        let name = source
            .product
            .as_deref()
            .filter(|_| product.is_none())
            .unwrap_or_default();
        let name = name
            .get(..name.floor_char_boundary(200))
            .unwrap_or_default();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a serial number is checked against 32 bits when it is written"
        )]
        let serial = source.serial.map(|serial| serial as f64);
        let values = [
            (file_id::file_type, track.kind.to_fit().map(f64::from)),
            (
                file_id::manufacturer,
                Some(maker.map_or(DEVELOPMENT, f64::from)),
            ),
            (file_id::product, product.map(f64::from)),
            (file_id::serial_number, serial),
            (
                file_id::time_created,
                source.created.and_then(seconds).or(span.start),
            ),
        ];
        self.message(&file_id::MESSAGE, &values, name);
    }

    fn timer(&mut self, time: Option<f64>, kind: f64) {
        let values = [
            (event::timestamp, time),
            (event::event, Some(0.0)),
            (event::event_type, Some(kind)),
        ];
        self.message(&event::MESSAGE, &values, "");
    }

    fn records(&mut self, track: &Track) {
        let points = &track.points;
        let columns = [
            (record::timestamp, points.has_times()),
            (record::position_lat, points.has_positions()),
            (record::position_long, points.has_positions()),
            (record::distance, points.has_distance()),
            (record::enhanced_altitude, points.has_elevation()),
            (record::enhanced_speed, points.has_speed()),
            (record::heart_rate, points.has_heart_rate()),
            (record::cadence, points.has_cadence()),
            (record::fractional_cadence, points.has_cadence()),
            (record::power, points.has_power()),
            (record::temperature, points.has_temperature()),
        ];
        if points.is_empty() {
            return;
        }
        let slots: Vec<usize> = columns
            .iter()
            .filter(|(_, there)| *there)
            .map(|(slot, _)| *slot)
            .collect();
        self.define(&record::MESSAGE, &slots, 0);
        for point in points.iter() {
            self.data.push(0);
            for slot in &slots {
                self.field(&record::MESSAGE, *slot, value_of(&point, *slot), "");
            }
        }
    }

    fn laps(&mut self, laps: &[Lap], span: &Span) {
        for (index, each) in (0u16..).zip(laps) {
            let start = each.start.and_then(seconds);
            let end = start
                .zip(each.elapsed_s)
                .map(|(start, elapsed)| (start + elapsed).floor())
                .or(span.end);
            let values = [
                (lap::message_index, Some(f64::from(index))),
                (lap::timestamp, end),
                (lap::event, Some(9.0)),
                (lap::event_type, Some(1.0)),
                (lap::start_time, start),
                (lap::total_elapsed_time, each.elapsed_s),
                (lap::total_timer_time, each.timer_s),
                (lap::total_distance, each.distance_m),
                (lap::total_calories, each.calories_kcal),
                (lap::enhanced_max_speed, each.max_speed_m_s),
                (lap::avg_heart_rate, each.average_hr),
                (lap::max_heart_rate, each.max_hr),
                (lap::avg_cadence, each.average_cadence),
                (lap::avg_power, each.average_power_w),
                (lap::total_ascent, each.ascent_m),
            ];
            self.message(&lap::MESSAGE, &values, "");
        }
    }

    fn session(&mut self, track: &Track, span: &Span) {
        let (number, own_sub) = track.sport.to_fit();
        let sub_sport = track
            .sub_sport
            .as_deref()
            .and_then(sport::sub_sport_number)
            .unwrap_or(own_sub);
        let values = [
            (session::timestamp, span.end),
            (session::event, Some(8.0)),
            (session::event_type, Some(1.0)),
            (session::start_time, span.start),
            (session::sport, Some(f64::from(number))),
            (session::sub_sport, Some(f64::from(sub_sport))),
            (session::total_elapsed_time, track.elapsed_s),
            (session::total_timer_time, track.timer_s),
            (session::total_distance, track.distance_m),
            (session::total_ascent, track.ascent_m),
            (session::first_lap_index, Some(0.0)),
            (
                session::num_laps,
                u16::try_from(track.laps.len()).ok().map(f64::from),
            ),
        ];
        self.message(&session::MESSAGE, &values, "");
    }

    fn activity(&mut self, track: &Track, span: &Span) {
        let local = span
            .end
            .zip(track.utc_offset_s)
            .map(|(end, offset)| end + f64::from(offset));
        let values = [
            (activity::timestamp, span.end),
            (activity::total_timer_time, track.timer_s),
            (activity::num_sessions, Some(1.0)),
            (activity::activity_type, Some(0.0)),
            (activity::event, Some(26.0)),
            (activity::event_type, Some(1.0)),
            (activity::local_timestamp, local),
        ];
        self.message(&activity::MESSAGE, &values, "");
    }

    /// Says what could not be carried.
    fn told(&mut self, track: &Track) {
        let fraction = |time: Timestamp| time.as_millisecond().rem_euclid(1000) != 0;
        let split = track
            .points
            .iter()
            .filter_map(|point| point.time)
            .filter(|time| fraction(*time))
            .count();
        let lost = [
            (
                u64::from(track.name.is_some()),
                "FIT has no place for an activity's name: it is left out",
            ),
            (
                u64::from(track.sessions > 1),
                "The sessions of a multisport are written as one",
            ),
            (
                split as u64,
                "FIT counts whole seconds: fractions of a second are left out",
            ),
            (
                u64::from(track.sport != Sport::from_fit(track.sport.to_fit().0)),
                "The sport goes by FIT's nearest word",
            ),
            (
                self.too_large,
                "Values that are out of FIT's range are left out",
            ),
        ];
        for (count, what) in lost {
            match count {
                0 => {}
                1 => self.left_out.push(format!("{what}.")),
                _ => self.left_out.push(format!("{what} ({count} times).")),
            }
        }
    }

    /// The header before the data, and the checksum behind it.
    fn closed(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.data.len() + 16);
        bytes.extend([14, PROTOCOL]);
        bytes.extend(PROFILE.to_le_bytes());
        bytes.extend(
            u32::try_from(self.data.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        bytes.extend(b".FIT");
        bytes.extend(crc16(&bytes).to_le_bytes());
        bytes.extend(&self.data);
        bytes.extend(crc16(&bytes).to_le_bytes());
        bytes
    }
}

fn value_of(point: &Point, slot: usize) -> Option<f64> {
    // To the nearest 1/128 turn, so that a fraction never rounds up to a whole one by itself.
    let cadence = point
        .cadence_rpm
        .map(|cadence| (cadence * 128.0).round() / 128.0);
    match slot {
        record::timestamp => point.time.and_then(seconds),
        record::position_lat => point.position.map(|at| at.latitude * SEMICIRCLES),
        // 180 degrees east is one semicircle too many: it is written as 180 west, the same place.
        record::position_long => point.position.map(|at| east(at.longitude * SEMICIRCLES)),
        record::distance => point.distance_m,
        record::enhanced_altitude => point.elevation_m,
        record::enhanced_speed => point.speed_m_s,
        record::heart_rate => point.heart_rate_bpm,
        record::cadence => cadence.map(f64::floor),
        record::fractional_cadence => cadence.map(|cadence| cadence - cadence.floor()),
        record::power => point.power_w,
        record::temperature => point.temperature_c,
        _ => None,
    }
}

fn east(semicircles: f64) -> f64 {
    if semicircles.round() >= 2_147_483_647.0 {
        -2_147_483_648.0
    } else {
        semicircles
    }
}
