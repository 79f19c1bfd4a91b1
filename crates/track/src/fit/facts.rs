//! What one FIT file (or one part of a chain) says, collected message by message. Knows nothing of bytes.

use jiff::Timestamp;

use super::developer::Developer;
use super::heart::Heart;
use super::names;
use super::profile::{
    activity, course, developer_data_id, device_info, event, field_description, file_id, hr, hrv,
    lap, length, session, sport, workout,
};
use super::records::Records;
use super::row::Row;
use super::summaries;
use crate::budget::Budget;
use crate::{DeviceInfo, Event, Lap, Length, Session, Source, Totals};

/// Seconds from 1970 to FIT's own beginning, 1989-12-31T00:00:00Z.
pub(crate) const EPOCH_S: i64 = 631_065_600;
/// Times below this count from when the device was switched on (FIT profile, type `date_time`).
pub(super) const RELATIVE_BELOW: u32 = 0x1000_0000;
/// Sensors that are kept at most.
const MOST_DEVICES: usize = 100;
/// FIT's event number of the timer.
pub(super) const TIMER: u8 = 0;

/// A session, and its sport in FIT's numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct NumberedSession {
    pub(super) session: Session,
    pub(super) sport: u8,
    pub(super) sub_sport: u8,
}

/// The timer started or stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimerEvent {
    /// Milliseconds since 1970.
    pub(super) time_ms: i64,
    pub(super) runs: bool,
    /// Points before it in the file.
    pub(super) points: usize,
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
    pub(super) sessions: Vec<NumberedSession>,
    pub(super) laps: Vec<Lap>,
    pub(super) lengths: Vec<Length>,
    pub(super) records: Records,
    /// Local time minus UTC, from the activity message.
    pub(super) utc_offset_s: Option<i32>,
    pub(super) timer: Vec<TimerEvent>,
    pub(super) events: Vec<Event>,
    pub(super) beat_intervals_s: Vec<f32>,
    pub(super) devices: Vec<DeviceInfo>,
    pub(super) developer: Developer,
    pub(super) heart: Heart,
    pub(super) has_activity: bool,
    /// Whether a session or the file itself counts from when the device was switched on.
    pub(super) device_time: bool,
    /// Messages that were passed over because the file would take too much memory.
    pub(super) passed_over: u64,
}

impl From<NumberedSession> for Session {
    fn from(numbered: NumberedSession) -> Session {
        numbered.session
    }
}

impl Facts {
    /// Takes over one data message that is no record. `time` is the message's time in FIT seconds, if it has one.
    pub(super) fn take(&mut self, number: u16, row: &Row, time: Option<u32>, budget: &mut Budget) {
        const FILE_ID: u16 = file_id::MESSAGE.number;
        const SPORT: u16 = sport::MESSAGE.number;
        const SESSION: u16 = session::MESSAGE.number;
        const LAP: u16 = lap::MESSAGE.number;
        const LENGTH: u16 = length::MESSAGE.number;
        const EVENT: u16 = event::MESSAGE.number;
        const DEVICE_INFO: u16 = device_info::MESSAGE.number;
        const WORKOUT: u16 = workout::MESSAGE.number;
        const COURSE: u16 = course::MESSAGE.number;
        const ACTIVITY: u16 = activity::MESSAGE.number;
        const HRV: u16 = hrv::MESSAGE.number;
        const HR: u16 = hr::MESSAGE.number;
        const FIELD_DESCRIPTION: u16 = field_description::MESSAGE.number;
        const DEVELOPER_DATA_ID: u16 = developer_data_id::MESSAGE.number;
        match number {
            FILE_ID => self.file_id(row),
            SPORT => self.sport(row.whole(sport::sport), row.whole(sport::sub_sport)),
            SESSION => self.session(row, budget),
            LAP => {
                let room = budget.takes::<Lap>();
                self.keep(room, |facts| facts.laps.push(summaries::lap(row)));
            }
            LENGTH => {
                let room = budget.takes::<Length>();
                self.keep(room, |facts| facts.lengths.push(summaries::length(row)));
            }
            EVENT => self.event(row, time, budget),
            DEVICE_INFO => self.device(row),
            WORKOUT => {
                self.sport(row.whole(workout::sport), None);
                self.name = row.text(workout::wkt_name).or(self.name.take());
            }
            COURSE => {
                self.sport(row.whole(course::sport), None);
                self.name = row.text(course::name).or(self.name.take());
            }
            ACTIVITY => self.activity(row, time),
            HRV => {
                for interval in row.array(hrv::time).flatten() {
                    let room = budget.takes::<[f32; 2]>();
                    #[expect(clippy::cast_possible_truncation, reason = "16 bits and a scale")]
                    self.keep(room, |facts| facts.beat_intervals_s.push(interval as f32));
                }
            }
            HR => self.heart.take(row, time, budget),
            FIELD_DESCRIPTION => self.developer.describe(row),
            DEVELOPER_DATA_ID => self.developer.application(row),
            _ => {}
        }
    }

    /// Whether any time counts from when the device was switched on.
    pub(super) fn relative_time(&self) -> bool {
        self.device_time || self.records.relative_time
    }

    /// Whether the file and its sessions say what would otherwise be worked out from the times and sensors of all points.
    pub(super) fn states_its_sums(&self) -> bool {
        let any = |value: fn(&Totals) -> Option<f64>| {
            let mut sessions = self.sessions.iter();
            sessions.any(|each| value(&each.session.totals).is_some())
        };
        // Without stops of the timer its time is the elapsed one, which the span tells.
        let ran_through = self.timer.iter().all(|event| event.runs);
        self.passed_over == 0
            && self.file_type.is_some()
            && (ran_through || any(|totals| totals.timer_s))
            && any(|totals| totals.distance_m)
            && any(|totals| totals.ascent_m)
    }

    /// Keeps an entry where there is room, and counts it where there is none.
    fn keep(&mut self, room: bool, push: impl FnOnce(&mut Facts)) {
        if room {
            push(self);
        } else {
            self.passed_over += 1;
        }
    }

    /// The first `file_id` counts: it begins the file.
    fn file_id(&mut self, row: &Row) {
        let created = row.whole(file_id::time_created);
        self.device_time |= created.is_some_and(|time| time < RELATIVE_BELOW);
        if self.file_type.is_some() {
            return;
        }
        self.file_type = row.whole(file_id::file_type);
        let manufacturer = row.whole::<u16>(file_id::manufacturer);
        let product = row.whole::<u16>(file_id::product);
        self.source = Source {
            manufacturer: manufacturer.map(names::manufacturer),
            product: row
                .text(file_id::product_name)
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

    fn session(&mut self, row: &Row, budget: &mut Budget) {
        let start = row.whole::<u32>(session::start_time);
        self.device_time |= start.is_some_and(|time| time < RELATIVE_BELOW);
        let room = budget.takes::<[NumberedSession; 3]>();
        self.keep(room, |facts| facts.sessions.push(summaries::session(row)));
    }

    /// Whether an event is of the timer.
    pub(super) fn is_of_timer(row: &Row) -> bool {
        row.whole(event::event) == Some(TIMER)
    }

    fn event(&mut self, row: &Row, time: Option<u32>, budget: &mut Budget) {
        let (Some(event), Some(event_type)) =
            (row.whole(event::event), row.whole(event::event_type))
        else {
            return;
        };
        // Of the timer's types 0 starts it; 1, 4, 8 and 9 stop it.
        let runs = match (event, event_type) {
            (TIMER, 0) => Some(true),
            (TIMER, 1 | 4 | 8 | 9) => Some(false),
            _ => None,
        };
        if let Some(runs) = runs {
            // Without a moment it says nothing: not when it stopped, and as an event it would be written again and again.
            let Some(time) = time else { return };
            let event = TimerEvent {
                time_ms: milliseconds(time),
                runs,
                points: self.records.points.len(),
            };
            let room = budget.takes::<[TimerEvent; 2]>();
            return self.keep(room, |facts| facts.timer.push(event));
        }
        let room = budget.takes::<[Event; 2]>();
        let data = row.whole(event::data).or(row.whole(event::data16));
        self.keep(room, |facts| {
            facts.events.push(Event {
                time: time.and_then(moment),
                event,
                event_type,
                data,
            });
        });
    }

    /// Devices are told again and again: the last word for each counts.
    fn device(&mut self, row: &Row) {
        let device = summaries::device(row);
        let same = |each: &&mut DeviceInfo| {
            each.index == device.index
                && each.serial == device.serial
                && each.manufacturer == device.manufacturer
                && each.device_type == device.device_type
        };
        let full = self.devices.len() >= MOST_DEVICES;
        match self.devices.iter_mut().find(same) {
            Some(known) => *known = device,
            None if full => self.passed_over += 1,
            None => self.devices.push(device),
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
}

/// FIT seconds as milliseconds since 1970.
#[inline]
pub(super) fn milliseconds(time: u32) -> i64 {
    (i64::from(time) + EPOCH_S) * 1000
}

pub(super) fn moment(time: u32) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds(time)).ok()
}
