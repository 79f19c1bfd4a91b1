//! Records into points: runs of one layout column by column, odd ones one by one. Knows no other message.

use super::columns::{ChannelRoom, Columns, single};
use super::facts::RELATIVE_BELOW;
pub(super) use super::facts::milliseconds;
use super::layout::{Layout, Step};
use super::load::{Load, number};
use super::profile::record;
use super::row::Row;
use super::rows::Rows;
use crate::budget::Budget;
use crate::column::NO_TIME;
use crate::outline::Line;
use crate::points::RawPoint;
use crate::{Channel, Points, Position};

/// Degrees per semicircle.
pub(super) const DEGREES: f64 = 180.0 / 2_147_483_648.0;
/// Fewer rows than this are taken one by one: setting up the columns' loops costs more than they save.
const FEW: usize = 4;
/// Points after which the memory they take is looked at again.
const LOOK: usize = 64;
/// In `left_right_balance`: the share is the right side's; below it stands the share in per cent.
pub(super) const RIGHT: u8 = 0x80;

/// The points of a file so far, and what the next record has to be compared with.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) points: Points,
    /// Records as the file has them, and those with a position.
    pub(super) file_points: u32,
    pub(super) file_positions: u32,
    pub(super) relative_time: bool,
    pub(super) span: Span,
    /// For a list row, which shows no more of the records than the span of their times and a line through their positions:
    /// that line, and then no columns are filled.
    pub(super) line: Option<Line>,
    /// Records that were passed over because the file would take too much memory.
    pub(super) passed_over: u64,
    last_ms: i64,
    last_place: (f64, f64),
    /// Sum of `compressed_speed_distance`, in sixteenths of a metre, and its last twelve bits.
    sixteenths: Accumulator,
    cycles: Accumulator,
    power: Accumulator,
    /// Bytes of the budget that the points have taken.
    taken: usize,
    channel_room: ChannelRoom,
}

impl Default for Records {
    fn default() -> Records {
        Records {
            points: Points::default(),
            file_points: 0,
            file_positions: 0,
            relative_time: false,
            line: None,
            span: Span::default(),
            passed_over: 0,
            last_ms: NO_TIME,
            last_place: (f64::NAN, f64::NAN),
            sixteenths: Accumulator::default(),
            cycles: Accumulator::default(),
            power: Accumulator::default(),
            taken: 0,
            channel_room: ChannelRoom::default(),
        }
    }
}

/// The first, the earliest and the latest time of records, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    first: i64,
    earliest: i64,
    latest: i64,
}

impl Default for Span {
    fn default() -> Span {
        Span {
            first: NO_TIME,
            earliest: i64::MAX,
            latest: i64::MIN,
        }
    }
}

impl Span {
    #[inline]
    fn take(&mut self, time: i64) {
        if time == NO_TIME {
            return;
        }
        if self.first == NO_TIME {
            self.first = time;
        }
        self.earliest = self.earliest.min(time);
        self.latest = self.latest.max(time);
    }

    /// The first time; `None` if no record had one.
    pub(super) fn first(self) -> Option<i64> {
        Some(self.first).filter(|time| *time != NO_TIME)
    }

    /// From the earliest to the latest time; `None` if no record had one.
    pub(super) fn length_ms(self) -> Option<i64> {
        self.first()?;
        Some(self.latest.saturating_sub(self.earliest))
    }
}

/// A counter of which the file has only the lowest bits, each value a little further than the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Accumulator(Option<u64>);

impl Accumulator {
    /// The counter at a value that is known whole.
    pub(super) fn at(whole: u64) -> Accumulator {
        Accumulator(Some(whole))
    }

    /// The whole counter after a value of so many bits.
    pub(super) fn add(&mut self, low: u32, bits: u32) -> u64 {
        let low = u64::from(low);
        let mask = (1 << bits) - 1;
        let sum = self
            .0
            .map_or(low, |sum| sum + (low.wrapping_sub(sum) & mask));
        self.0 = Some(sum);
        sum
    }
}

impl Records {
    /// About so many records will come, out of so many bytes.
    pub(super) fn expect(&mut self, count: usize, bytes: usize) {
        self.points.expect(count);
        self.channel_room = ChannelRoom::of(bytes);
    }

    /// Takes records of one plain layout.
    pub(super) fn run<'a>(&mut self, layout: &Layout, rows: impl Rows<'a>, budget: &mut Budget) {
        if rows.count() < FEW {
            for content in rows.at_byte(1) {
                let row = Row::new(layout, content);
                self.one(&row, row.whole(record::timestamp), budget);
            }
            return;
        }
        let count = u32::try_from(rows.count()).unwrap_or(u32::MAX);
        self.file_points = self.file_points.saturating_add(count);
        if layout.steps.is_empty() && layout.channels.is_empty() {
            return; // nothing in them says anything
        }
        let mut rest = rows;
        while let Some(first) = rest.content(0) {
            let separate = self.separate(layout, rest);
            let (run, after) = rest.split(separate.max(1));
            if separate == 0 {
                self.merge(&Row::new(layout, first));
            } else if self.has_room(separate, budget) {
                self.append(layout, run);
            }
            rest = after;
        }
    }

    /// Takes one record by itself. `time` is in FIT seconds.
    pub(super) fn one(&mut self, row: &Row, time: Option<u32>, budget: &mut Budget) {
        self.file_points = self.file_points.saturating_add(1);
        if row.is_empty() && time.is_none() {
            return; // nothing in it says anything
        }
        let mut point = point_of(row, time);
        self.relative_time |= time.is_some_and(|time| time < RELATIVE_BELOW);
        self.unpack_speed_distance(row, &mut point);
        let place = (point.latitude, point.longitude);
        let same_time = point.time_ms != NO_TIME && point.time_ms == self.last_ms;
        if same_time && !elsewhere(self.last_place, place) {
            return self.amend(&point, row);
        }
        self.file_positions += u32::from(!place.0.is_nan());
        let look = self.points.length.is_multiple_of(LOOK);
        if (look || self.passed_over > 0) && !self.has_room(LOOK, budget) {
            return;
        }
        self.last_ms = point.time_ms;
        self.span.take(point.time_ms);
        if let Some(line) = &mut self.line {
            self.points.length += 1;
            draw(line, place);
        } else {
            self.points.push_raw(&point);
            self.take_channels(row);
        }
        self.last_place = place;
    }

    /// One moment spread over several records: what this one has goes to the last point.
    fn merge(&mut self, row: &Row) {
        let time = row.whole(record::timestamp);
        self.amend(&point_of(row, time), row);
    }

    fn amend(&mut self, point: &RawPoint, row: &Row) {
        let placed = !point.latitude.is_nan();
        self.file_positions += u32::from(placed);
        if self.passed_over > 0 {
            return;
        }
        let place = (point.latitude, point.longitude);
        if let Some(line) = &mut self.line {
            // A place that is there already is the same as this one.
            if self.last_place.0.is_nan() {
                draw(line, place);
            }
        } else {
            self.points.amend_last(point);
            self.take_channels(row);
        }
        if placed {
            self.last_place = place;
        }
    }

    /// Whether the file may take the memory for so many more points.
    fn has_room(&mut self, count: usize, budget: &mut Budget) -> bool {
        let takes = self.points.width() * (self.points.length + count);
        let more = takes.saturating_sub(self.taken);
        if self.passed_over > 0 || !budget.take(more) {
            self.passed_over += 1;
            return false;
        }
        self.taken += more;
        true
    }

    /// How many rows from the first are points of their own: one that has the time of the row before, and is not at
    /// another place, is the same moment told further.
    fn separate<'a>(&mut self, layout: &Layout, rows: impl Rows<'a>) -> usize {
        let Some(time) = layout.step(record::timestamp) else {
            return rows.count();
        };
        let mut last = self.last_ms;
        let mut span = self.span;
        let mut relative = self.relative_time;
        let mut separate = rows.count();
        let place = |index: usize| rows.content(index).map(|row| place_of(layout, row));
        for (index, row) in rows.at_byte(time.at + 1).enumerate() {
            let now = time_of(row, time, layout.big_endian);
            span.take(now);
            relative |= now < milliseconds(RELATIVE_BELOW) && now != NO_TIME;
            if now == last && now != NO_TIME {
                let there = index.checked_sub(1).and_then(place);
                let here = place(index).unwrap_or((f64::NAN, f64::NAN));
                if !elsewhere(there.unwrap_or(self.last_place), here) {
                    separate = index;
                    break;
                }
            }
            last = now;
        }
        (self.span, self.relative_time) = (span, relative);
        separate
    }

    /// Adds rows that are points of their own, column by column.
    fn append<'a>(&mut self, layout: &Layout, rows: impl Rows<'a>) {
        let columns = Columns {
            layout,
            rows,
            before: self.points.length,
            expected: self.points.expected,
        };
        let placed = match &mut self.line {
            Some(line) => columns.draw(line),
            None => columns.fill(&mut self.points, &mut self.channel_room),
        };
        self.points.length += rows.count();
        self.file_positions += u32::try_from(placed).unwrap_or(u32::MAX);
        if let Some(last) = rows.content(rows.count().saturating_sub(1)) {
            let time = layout.step(record::timestamp);
            self.last_ms = time.map_or(NO_TIME, |time| {
                time_of(
                    last.get(time.at..).unwrap_or_default(),
                    time,
                    layout.big_endian,
                )
            });
            self.last_place = place_of(layout, last);
        }
    }

    /// Gives the last point what a record has besides the usual values.
    fn take_channels(&mut self, row: &Row) {
        let Some(last) = self.points.length.checked_sub(1) else {
            return;
        };
        for (place, (channel, value)) in row.channels().enumerate() {
            if value.is_finite() && !self.points.set_at(place, last, channel, value) {
                let room = &mut self.channel_room;
                self.points.with_channel(channel, |column| {
                    room.fill(column, row.stride(), |column, expected| {
                        column.expect(expected);
                        column.pad(last + 1);
                        column.set(last + 1, last, value);
                    });
                });
            }
        }
        if let Some(balance) = row.whole::<u8>(record::left_right_balance) {
            let (channel, value) = balance_of(balance);
            self.points.set(last, channel, value);
        }
        let counters = [
            (record::cycles, 8, Channel::TotalCycles, &mut self.cycles),
            (
                record::compressed_accumulated_power,
                16,
                Channel::AccumulatedPower,
                &mut self.power,
            ),
        ];
        for (slot, bits, channel, counter) in counters {
            if let Some(low) = row.whole(slot) {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
                self.points
                    .set(last, channel, counter.add(low, bits) as f64);
            }
        }
    }

    /// Twelve bits of speed in 1/100 m/s, then twelve of distance in 1/16 m, which start again at 0 after 256 m.
    fn unpack_speed_distance(&mut self, row: &Row, point: &mut RawPoint) {
        let Some(packed) = row.whole::<u32>(record::compressed_speed_distance) else {
            return;
        };
        let (speed, distance) = (packed & 0xFFF, packed >> 12);
        let sum = self.sixteenths.add(distance, 12);
        #[expect(
            clippy::cast_precision_loss,
            reason = "twelve bits, and a sum of at most 2^44"
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

/// Goes on with a line to a place, if it is one.
fn draw(line: &mut Line, (latitude, longitude): (f64, f64)) {
    if !latitude.is_nan() {
        line.push(Position {
            latitude,
            longitude,
        });
    }
}

/// Two positions, both there and not the same.
fn elsewhere(there: (f64, f64), here: (f64, f64)) -> bool {
    !there.0.is_nan() && !here.0.is_nan() && there != here
}

/// A time in milliseconds since 1970 at the start of these bytes.
#[inline]
fn time_of(bytes: &[u8], time: &Step, big_endian: bool) -> i64 {
    // Plain layouts have an unsigned 32-bit time.
    let (Some(chunk), Load::Uint32 { absent }) = (bytes.first_chunk(), time.load) else {
        return NO_TIME;
    };
    let seconds = if big_endian {
        u32::from_be_bytes(*chunk)
    } else {
        u32::from_le_bytes(*chunk)
    };
    if seconds == absent {
        NO_TIME
    } else {
        milliseconds(seconds)
    }
}

/// A record's latitude and longitude in degrees; both NaN unless both are there and on the globe.
#[inline]
fn place_of(layout: &Layout, content: &[u8]) -> (f64, f64) {
    let degrees = |slot: usize| {
        let step = layout.step(slot)?;
        let raw = number(content.get(step.at..)?, step.load, layout.big_endian)?;
        Some(raw * DEGREES)
    };
    let place = degrees(record::position_lat).zip(degrees(record::position_long));
    on_globe(place.unwrap_or((f64::NAN, f64::NAN)))
}

/// Both or none; a latitude beyond the poles is neither.
#[inline]
pub(super) fn on_globe((latitude, longitude): (f64, f64)) -> (f64, f64) {
    if latitude.abs() <= 90.0 && longitude.abs() <= 180.0 {
        (latitude, longitude)
    } else {
        (f64::NAN, f64::NAN)
    }
}

/// The channel and share that `left_right_balance` means.
fn balance_of(raw: u8) -> (Channel, f64) {
    let channel = if raw & RIGHT == 0 {
        Channel::Balance
    } else {
        Channel::RightBalance
    };
    (channel, f64::from(raw & !RIGHT))
}

fn point_of(row: &Row, time: Option<u32>) -> RawPoint {
    let slot = |slot: usize| row.values.get(slot).copied().unwrap_or(f64::NAN);
    let either = |first: usize, second: usize| {
        let value = slot(first);
        if value.is_nan() { slot(second) } else { value }
    };
    let (latitude, longitude) = on_globe((
        slot(record::position_lat) * DEGREES,
        slot(record::position_long) * DEGREES,
    ));
    let cadence = either_cadence(
        slot(record::cadence256),
        slot(record::cadence),
        slot(record::fractional_cadence),
    );
    RawPoint {
        time_ms: time.map_or(NO_TIME, milliseconds),
        latitude,
        longitude,
        distance: slot(record::distance),
        elevation: single(either(record::enhanced_altitude, record::altitude)),
        speed: single(either(record::enhanced_speed, record::speed)),
        heart_rate: single(slot(record::heart_rate)),
        cadence: single(cadence),
        power: single(slot(record::power)),
        temperature: single(slot(record::temperature)),
    }
}

/// `cadence256` where it is there, else `cadence` with its fraction.
#[inline]
fn either_cadence(fine: f64, whole: f64, fraction: f64) -> f64 {
    if !fine.is_nan() {
        fine
    } else if fraction.is_nan() {
        whole
    } else {
        whole + fraction
    }
}
