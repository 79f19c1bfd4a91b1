//! What one FIT file (or one part of a chain) says, collected message by message. Knows nothing of bytes.

use jiff::Timestamp;

use super::layout::Row;
use super::names;
use super::profile::{
    self, Message, activity, course, event, file_id, lap, record, session, sport, workout,
};
use crate::points::{NO_TIME, RawPoint};
use crate::{Lap, Points, Source};

/// Seconds from 1970 to FIT's own beginning, 1989-12-31T00:00:00Z.
pub(crate) const EPOCH_S: i64 = 631_065_600;
/// Times below this count from when the device was switched on (FIT profile, type `date_time`).
pub(super) const RELATIVE_BELOW: u32 = 0x1000_0000;
/// Degrees per semicircle.
const DEGREES: f64 = 180.0 / 2_147_483_648.0;
/// Laps and sessions that are kept at most: far more than any device writes.
const MOST: usize = 20_000;

/// One session message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Session {
    pub(super) start: Option<Timestamp>,
    pub(super) sport: Option<u8>,
    pub(super) sub_sport: Option<u8>,
    pub(super) elapsed_s: Option<f64>,
    pub(super) timer_s: Option<f64>,
    pub(super) distance_m: Option<f64>,
    pub(super) ascent_m: Option<f64>,
}

/// Everything that is taken from the messages of one part.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Data messages read.
    pub(super) messages: u64,
    pub(super) file_type: Option<u8>,
    pub(super) source: Source,
    pub(super) name: Option<String>,
    pub(super) sport: Option<(u8, u8)>,
    pub(super) sessions: Vec<Session>,
    pub(super) laps: Vec<Lap>,
    pub(super) points: Points,
    pub(super) file_points: u32,
    pub(super) file_positions: u32,
    /// Local time minus UTC, from the activity message.
    pub(super) utc_offset_s: Option<i32>,
    /// Timer events: when, and whether it runs from then on.
    pub(super) timer: Vec<(i64, bool)>,
    pub(super) has_activity: bool,
    pub(super) relative_time: bool,
    /// How many bytes the points may take, and the records that were passed over beyond that.
    pub(super) most_bytes: usize,
    pub(super) passed_over: u64,
    last: Last,
}

/// What the next record has to be compared with.
#[derive(Debug)]
struct Last {
    time_ms: i64,
    latitude: f64,
    longitude: f64,
    /// Sum of `compressed_speed_distance`, in sixteenths of a metre, and its last twelve bits.
    sixteenths: Option<(u64, u32)>,
}

impl Default for Last {
    fn default() -> Last {
        Last {
            time_ms: NO_TIME,
            latitude: f64::NAN,
            longitude: f64::NAN,
            sixteenths: None,
        }
    }
}

impl Facts {
    /// Takes over one data message. `time` is the message's time in FIT seconds, if it has one.
    #[inline]
    pub(super) fn take(&mut self, message: &'static Message, row: &Row, time: Option<u32>) {
        self.messages += 1;
        if message.number == record::MESSAGE.number {
            self.record(row, time);
        } else if message.number != profile::OTHER.number {
            self.summary(message.number, row, time);
        }
    }

    fn summary(&mut self, number: u16, row: &Row, time: Option<u32>) {
        const FILE_ID: u16 = file_id::MESSAGE.number;
        const SPORT: u16 = sport::MESSAGE.number;
        const SESSION: u16 = session::MESSAGE.number;
        const LAP: u16 = lap::MESSAGE.number;
        const EVENT: u16 = event::MESSAGE.number;
        const WORKOUT: u16 = workout::MESSAGE.number;
        const COURSE: u16 = course::MESSAGE.number;
        const ACTIVITY: u16 = activity::MESSAGE.number;
        match number {
            FILE_ID => self.file_id(row),
            SPORT => self.sport(row.whole(sport::sport), row.whole(sport::sub_sport)),
            SESSION if self.sessions.len() < MOST => self.session(row),
            LAP if self.laps.len() < MOST => self.laps.push(lap_of(row)),
            EVENT => self.event(row, time),
            WORKOUT => {
                self.sport(row.whole(workout::sport), None);
                self.name = row.text().or(self.name.take());
            }
            COURSE => {
                self.sport(row.whole(course::sport), None);
                self.name = row.text().or(self.name.take());
            }
            ACTIVITY => self.activity(row, time),
            _ => {}
        }
    }

    /// The first `file_id` counts: it begins the file.
    fn file_id(&mut self, row: &Row) {
        let created = row.whole(file_id::time_created);
        self.relative_time |= created.is_some_and(|time| time < RELATIVE_BELOW);
        if self.file_type.is_some() {
            return;
        }
        self.file_type = row.whole(file_id::file_type);
        let manufacturer = row.whole::<u16>(file_id::manufacturer);
        let product = row.whole::<u16>(file_id::product);
        self.source = Source {
            manufacturer: manufacturer.map(names::manufacturer),
            product: row
                .text()
                .or_else(|| product.map(|product| names::product(manufacturer, product))),
            serial: row.whole(file_id::serial_number),
            created: created.and_then(moment),
        };
    }

    fn sport(&mut self, sport: Option<u8>, sub_sport: Option<u8>) {
        if let (None, Some(sport)) = (self.sport, sport) {
            self.sport = Some((sport, sub_sport.unwrap_or(0)));
        }
    }

    fn session(&mut self, row: &Row) {
        let start = row.whole(session::start_time);
        self.relative_time |= start.is_some_and(|time| time < RELATIVE_BELOW);
        self.sessions.push(Session {
            start: start.and_then(moment),
            sport: row.whole(session::sport),
            sub_sport: row.whole(session::sub_sport),
            elapsed_s: row.total(session::total_elapsed_time),
            timer_s: row.total(session::total_timer_time),
            distance_m: row.total(session::total_distance),
            ascent_m: row.total(session::total_ascent),
        });
    }

    fn event(&mut self, row: &Row, time: Option<u32>) {
        // Event 0 is the timer; of its types 0 starts it, 1, 4, 8 and 9 stop it.
        let (Some(0), Some(time)) = (row.whole::<u8>(event::event), time) else {
            return;
        };
        let runs = match row.whole::<u8>(event::event_type) {
            Some(0) => true,
            Some(1 | 4 | 8 | 9) => false,
            _ => return,
        };
        if self.timer.len() < MOST {
            self.timer.push((milliseconds(time), runs));
        }
    }

    fn activity(&mut self, row: &Row, time: Option<u32>) {
        self.has_activity = true;
        let (Some(utc), Some(local)) = (time, row.whole::<u32>(activity::local_timestamp)) else {
            return;
        };
        let difference = i64::from(local) - i64::from(utc);
        // Zones lie on quarters of an hour between -12 and +14 h; devices may be off by the seconds between two clocks.
        let quarters = (difference + 450).div_euclid(900);
        if (-48..=56).contains(&quarters) && (difference - quarters * 900).abs() <= 120 {
            self.utc_offset_s = i32::try_from(quarters * 900).ok();
        }
    }

    #[inline]
    fn record(&mut self, row: &Row, time: Option<u32>) {
        let mut point = point_of(row, time);
        if let Some(packed) = row.whole::<u32>(record::compressed_speed_distance) {
            self.unpack_speed_distance(packed, &mut point);
        }
        self.relative_time |= time.is_some_and(|time| time < RELATIVE_BELOW);
        self.file_points = self.file_points.saturating_add(1);
        let placed = !point.latitude.is_nan();
        self.file_positions = self.file_positions.saturating_add(u32::from(placed));
        let elsewhere = placed
            && !self.last.latitude.is_nan()
            && (point.latitude, point.longitude) != (self.last.latitude, self.last.longitude);
        if point.time_ms != NO_TIME && point.time_ms == self.last.time_ms && !elsewhere {
            // One moment spread over several records; two places in one second stay two points.
            self.points.amend_last(&point);
        } else if self.passed_over > 0 || self.is_full() {
            self.passed_over += 1;
            return;
        } else {
            self.points.push_raw(&point);
            self.last.time_ms = point.time_ms;
            (self.last.latitude, self.last.longitude) = (f64::NAN, f64::NAN);
        }
        if placed {
            (self.last.latitude, self.last.longitude) = (point.latitude, point.longitude);
        }
    }

    /// Looked at now and then, for the columns change seldom.
    #[inline]
    fn is_full(&self) -> bool {
        self.points.len().is_multiple_of(1024) && self.points.bytes() > self.most_bytes
    }

    /// Twelve bits of speed in 1/100 m/s, then twelve of distance in 1/16 m, which start again at 0 after 256 m.
    fn unpack_speed_distance(&mut self, packed: u32, point: &mut RawPoint) {
        let (speed, distance) = (packed & 0xFFF, packed >> 12);
        let sum = match self.last.sixteenths {
            Some((sum, before)) => sum + u64::from(distance.wrapping_sub(before) & 0xFFF),
            None => u64::from(distance),
        };
        self.last.sixteenths = Some((sum, distance));
        #[expect(
            clippy::cast_precision_loss,
            reason = "twelve bits, and a sum of at most 2^40"
        )]
        {
            if point.speed.is_nan() && speed != 0xFFF {
                point.speed = speed as f32 / 100.0;
            }
            if point.distance.is_nan() {
                point.distance = sum as f64 / 16.0;
            }
        }
    }
}

/// FIT seconds as milliseconds since 1970.
pub(super) fn milliseconds(time: u32) -> i64 {
    (i64::from(time) + EPOCH_S) * 1000
}

fn moment(time: u32) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds(time)).ok()
}

#[inline]
fn point_of(row: &Row, time: Option<u32>) -> RawPoint {
    let slot = |slot: usize| row.values.get(slot).copied().unwrap_or(f64::NAN);
    let either = |first: usize, second: usize| {
        let value = slot(first);
        if value.is_nan() { slot(second) } else { value }
    };
    let (mut latitude, mut longitude) = (
        slot(record::position_lat) * DEGREES,
        slot(record::position_long) * DEGREES,
    );
    // Both or none; a latitude beyond the poles is neither.
    if !(latitude.abs() <= 90.0 && longitude.abs() <= 180.0) {
        (latitude, longitude) = (f64::NAN, f64::NAN);
    }
    let mut cadence = slot(record::cadence256);
    if cadence.is_nan() {
        let fraction = slot(record::fractional_cadence);
        cadence = slot(record::cadence) + if fraction.is_nan() { 0.0 } else { fraction };
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "single precision is what the columns keep"
    )]
    RawPoint {
        time_ms: time.map_or(NO_TIME, milliseconds),
        latitude,
        longitude,
        distance: slot(record::distance),
        elevation: either(record::enhanced_altitude, record::altitude) as f32,
        speed: either(record::enhanced_speed, record::speed) as f32,
        heart_rate: slot(record::heart_rate) as f32,
        cadence: cadence as f32,
        power: slot(record::power) as f32,
        temperature: slot(record::temperature) as f32,
    }
}

fn lap_of(row: &Row) -> Lap {
    Lap {
        start: row.whole(lap::start_time).and_then(moment),
        elapsed_s: row.total(lap::total_elapsed_time),
        timer_s: row.total(lap::total_timer_time),
        distance_m: row.total(lap::total_distance),
        ascent_m: row.total(lap::total_ascent),
        average_hr: row.total(lap::avg_heart_rate),
        max_hr: row.total(lap::max_heart_rate),
        average_cadence: row.total(lap::avg_cadence),
        average_power_w: row.total(lap::avg_power),
        max_speed_m_s: row
            .total(lap::enhanced_max_speed)
            .or(row.total(lap::max_speed)),
        calories_kcal: row.total(lap::total_calories),
    }
}
