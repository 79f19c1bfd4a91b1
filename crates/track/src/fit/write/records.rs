//! Writes the points as records: one definition, then all rows, filled column by column. Knows no other message.

use std::ops::Range;

use super::super::channels::{self, ChannelField};
use super::super::profile::{Base, Field, record};
use super::super::records::RIGHT;
use super::file::{File, Lost, absent, base_of, nearest, range, whole_double, width};
use super::seconds_of;
use super::summaries;
use crate::column::{Cell, NO_TIME};
use crate::{Channel, Pause, Points, Track};

/// Rows that are filled at a time: few enough that the processor still knows where each column goes on.
const BLOCK: usize = 64;
/// Semicircles per degree.
const SEMICIRCLES: f64 = 2_147_483_648.0 / 180.0;

/// Where one column stands in a row, and in which form.
struct Place {
    at: usize,
    base: Base,
    scale: f64,
    offset: f64,
}

/// The layout of all records.
struct Layout {
    fields: Vec<[u8; 3]>,
    own: Vec<[u8; 3]>,
    /// Bytes of a row, its header byte included.
    stride: usize,
}

impl Layout {
    fn add(&mut self, field: &Field) -> Place {
        let place = Place {
            at: self.stride,
            base: field.base,
            scale: field.scale,
            offset: field.offset,
        };
        let size = width(field.base);
        self.fields.push([field.number, size, base_of(field.base)]);
        self.stride += usize::from(size);
        place
    }

    fn slot(&mut self, slot: usize) -> Option<Place> {
        Some(self.add(record::MESSAGE.fields.get(slot)?))
    }
}

/// Writes all points, with the pauses between them as events of the timer.
pub(super) fn write(file: &mut File, track: &Track) {
    let points = &track.points;
    if points.is_empty() {
        return;
    }
    let mut layout = Layout {
        fields: Vec::new(),
        own: Vec::new(),
        stride: 1,
    };
    let columns = columns(&mut layout, points);
    // With room for what comes behind the records, so that they are hardly ever copied to a larger place.
    let expected = points.len() * layout.stride;
    file.bytes.reserve(expected + expected / 8 + (64 << 10));
    file.define(record::MESSAGE.number, &layout.fields, &layout.own);
    let mut from = 0;
    for pause in &track.pauses {
        let until = pause.before.clamp(from, points.len());
        rows(file, &columns, layout.stride, from..until);
        from = until;
        pause_events(file, points, pause);
        // The events were defined in between.
        file.define(record::MESSAGE.number, &layout.fields, &layout.own);
    }
    rows(file, &columns, layout.stride, from..points.len());
}

/// Adds the rows of some points to the file.
fn rows(file: &mut File, columns: &[Column], stride: usize, points: Range<usize>) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(
            unsafe_code,
            reason = "writing takes a fifth less time: docs/benchmarks.md"
        )]
        // SAFETY: the processor has just said that it knows these instructions; nothing else is asked of a caller.
        return unsafe { rows_four_at_a_time(file, columns, stride, points) };
    }
    rows_by_columns(file, columns, stride, points);
}

/// The same, compiled to instructions that take four doubles at a time, where the oldest processors of the kind take two.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn rows_four_at_a_time(file: &mut File, columns: &[Column], stride: usize, points: Range<usize>) {
    rows_by_columns(file, columns, stride, points);
}

/// A block of rows at a time, of which one column after the other is filled in. This and all it calls must be inlined, to be
/// compiled with the instructions that each of its callers may use.
#[inline(always)]
fn rows_by_columns(file: &mut File, columns: &[Column], stride: usize, points: Range<usize>) {
    let mut from = points.start;
    while from < points.end {
        let until = points.end.min(from + BLOCK);
        let at = file.bytes.len();
        // The header byte of local type 0 is 0, as the row is filled with at first.
        file.bytes.resize(at + (until - from) * stride, 0);
        let block = file.bytes.get_mut(at..).unwrap_or_default();
        for column in columns {
            column.fill(block, stride, from..until, &mut file.lost);
        }
        from = until;
    }
}

/// The timer stops and starts. Without any moment a reader could not tell what the events mean.
fn pause_events(file: &mut File, points: &Points, pause: &Pause) {
    if let Some((from, to)) = moments(points, pause) {
        summaries::timer(file, Some(from), summaries::STOP_ALL);
        summaries::timer(file, Some(to), summaries::START);
    }
}

/// When a pause begins and ends: as the track says, else at the points on both sides, else both at the one that is known.
fn moments(points: &Points, pause: &Pause) -> Option<(f64, f64)> {
    let at = |index: usize| points.time.get(index).and_then(seconds_of).map(f64::from);
    let from = pause.from.and_then(super::seconds);
    let from = from.or_else(|| pause.before.checked_sub(1).and_then(at));
    let to = pause.to.and_then(super::seconds);
    let to = to.or_else(|| at(pause.before));
    from.or(to).zip(to.or(from))
}

/// How many pauses have no moment at all.
pub(super) fn timeless_pauses(track: &Track) -> usize {
    let pauses = track.pauses.iter();
    let timeless = pauses.filter(|pause| moments(&track.points, pause).is_none());
    timeless.count()
}

/// One column of the rows.
enum Column<'a> {
    Time(&'a [i64], Place),
    Wide(&'a [f64], Place),
    /// Latitude or longitude.
    Degrees(&'a [f64], Place),
    Single(&'a [f32], Place),
    /// Whole turns, and the rest of a turn if any point has one.
    Cadence(&'a [f32], Place, Option<Place>),
    /// The share where the side is not known, and the right side's.
    Balance(&'a [f64], &'a [f64], Place),
    /// A developer's own, as doubles.
    Own(&'a [f64], usize),
    /// Absent in all points.
    Nothing(Place),
}

/// The columns that are there.
fn columns<'a>(layout: &mut Layout, points: &'a Points) -> Vec<Column<'a>> {
    let mut all = Vec::new();
    let mut add =
        |layout: &mut Layout, there: bool, slot: usize, make: &dyn Fn(Place) -> Column<'a>| {
            if there && let Some(place) = layout.slot(slot) {
                all.push(make(place));
            }
        };
    let time = points.time.cells();
    add(layout, points.has_times(), record::timestamp, &|place| {
        Column::Time(time, place)
    });
    for (slot, column) in [
        (record::position_lat, &points.latitude),
        (record::position_long, &points.longitude),
    ] {
        add(layout, column.has_any(), slot, &|place| {
            Column::Degrees(column.cells(), place)
        });
    }
    let distance = points.distance.cells();
    add(layout, points.has_distance(), record::distance, &|place| {
        Column::Wide(distance, place)
    });
    for (slot, column) in [
        (record::enhanced_altitude, &points.elevation),
        (record::enhanced_speed, &points.speed),
        (record::heart_rate, &points.heart_rate),
        (record::power, &points.power),
        (record::temperature, &points.temperature),
    ] {
        add(layout, column.has_any(), slot, &|place| {
            Column::Single(column.cells(), place)
        });
    }
    if points.has_cadence()
        && let Some(whole) = layout.slot(record::cadence)
    {
        let cells = points.cadence.cells();
        // Looked at many at once, without a decision for each, is faster than to stop at the first.
        let split = cells.chunks(4096).any(|cells| {
            let split = cells.iter().map(|cadence| turns(*cadence).1 > 0.0);
            split.fold(false, |any, split| any | split)
        });
        let fraction = split.then(|| layout.slot(record::fractional_cadence));
        all.push(Column::Cadence(cells, whole, fraction.flatten()));
    }
    extra(layout, points, &mut all);
    if all.is_empty() {
        // A record without any field would say nothing to a reader, not even that there was a point.
        all.extend(layout.slot(record::timestamp).map(Column::Nothing));
    }
    all
}

/// The channels: those of the profile, then the developers' own.
fn extra<'a>(layout: &mut Layout, points: &'a Points, all: &mut Vec<Column<'a>>) {
    let cells = |channel: Channel| {
        let known = points.channels.iter().find(|(each, _)| *each == channel);
        known.map_or([].as_slice(), |(_, column)| column.cells())
    };
    let (either, right) = (cells(Channel::Balance), cells(Channel::RightBalance));
    if !(either.is_empty() && right.is_empty())
        && let Some(place) = layout.slot(record::left_right_balance)
    {
        all.push(Column::Balance(either, right, place));
    }
    for channel in points.channels() {
        let known = channels::FIELDS.iter().find(|each| each.channel == channel);
        if let Some(ChannelField { field, .. }) = known {
            let place = layout.add(field);
            all.push(Column::Wide(cells(channel), place));
        }
    }
    for channel in points.channels() {
        let Channel::Developer(number) = channel else {
            continue;
        };
        // Descriptions are numbered by the channel; a byte holds the number.
        let Ok(number) = u8::try_from(number) else {
            continue;
        };
        all.push(Column::Own(cells(channel), layout.stride));
        layout.own.push([number, 8, 0]);
        layout.stride += 8;
    }
}

impl Column<'_> {
    /// Fills the column's cells of some points into their rows, and counts what is lost.
    #[inline(always)]
    fn fill(&self, rows: &mut [u8], stride: usize, points: Range<usize>, lost: &mut Lost) {
        fn part<T>(cells: &[T], points: Range<usize>) -> &[T] {
            let end = points.end.min(cells.len());
            cells.get(points.start..end).unwrap_or_default()
        }
        match self {
            Column::Time(cells, place) => {
                let mut raw = [0; BLOCK];
                let cells = part(cells, points);
                lost.split_seconds += seconds(&mut raw, cells);
                let raw = raw.get(..cells.len()).unwrap_or_default();
                each(rows, stride, place.at, raw, |raw| raw.to_le_bytes());
            }
            Column::Degrees(cells, place) => {
                let semicircles = Place {
                    scale: SEMICIRCLES,
                    ..*place
                };
                semicircles.fill(rows, stride, part(cells, points), on_this_side);
            }
            Column::Wide(cells, place) => {
                lost.too_large += place.fill(rows, stride, part(cells, points), |value| value);
            }
            Column::Single(cells, place) => {
                lost.too_large += place.fill(rows, stride, part(cells, points), f64::from);
            }
            Column::Cadence(cells, whole, fraction) => {
                let cells = part(cells, points);
                lost.too_large += whole.fill(rows, stride, cells, |cadence| turns(cadence).0);
                if let Some(fraction) = fraction {
                    fraction.fill(rows, stride, cells, |cadence| turns(cadence).1);
                }
            }
            Column::Balance(either, right, place) => {
                let (either, right) = (part(either, points.clone()), part(right, points));
                lost.too_large += balances(rows, stride, place.at, either, right);
            }
            Column::Nothing(place) => {
                let each_row = [(); BLOCK];
                each(rows, stride, place.at, &each_row, |()| {
                    absent(place.base).to_le_bytes()
                });
            }
            Column::Own(cells, at) => each(rows, stride, *at, part(cells, points), |value| {
                let absent = if value.is_nan() { u64::MAX } else { 0 };
                (value.to_bits() | absent).to_le_bytes()
            }),
        }
    }
}

/// Turns times into FIT's seconds; says how many had a fraction of one.
#[inline(always)]
fn seconds(raw: &mut [u32; BLOCK], cells: &[i64]) -> u64 {
    let mut split = 0_u64;
    let usual = cells.iter().fold(true, |usual, time| {
        usual & (super::EPOCH_MS..super::END_MS).contains(time)
    });
    if !usual {
        for (raw, time) in raw.iter_mut().zip(cells) {
            let (seconds, rest) = super::since_1989(*time);
            split += u64::from(rest != 0 && *time != NO_TIME);
            *raw = seconds;
        }
        return split;
    }
    // As doubles, which hold these exactly, several are divided at a time.
    for (raw, time) in raw.iter_mut().zip(cells) {
        let since = whole_double((*time - super::EPOCH_MS).unsigned_abs());
        // The farthest from a half that thousandths can be: the nearest one is the whole one below.
        let (whole, bits) = nearest(since / 1000.0 - 0.4995);
        *raw = bits;
        split += u64::from(since - whole * 1000.0 != 0.0);
    }
    split
}

/// Whole turns and the rest of a turn, to the nearest 1/128 turn, so that a fraction never rounds up to a whole one by itself.
#[inline]
fn turns(cadence: f32) -> (f64, f64) {
    let (parts, bits) = nearest(f64::from(cadence) * 128.0);
    let fits = (0.0..2_147_483_648.0).contains(&parts);
    // Absent, or one that fits into no field, whatever it is rounded to.
    let none = if parts < 0.0 { -1.0 } else { parts };
    let whole = f64::from((bits >> 7).cast_signed());
    let rest = f64::from((bits & 127).cast_signed()) / 128.0;
    (
        if fits { whole } else { none },
        if fits { rest } else { 0.0 },
    )
}

impl Place {
    /// Fills a column of numbers; gives how many did not fit.
    #[inline(always)]
    fn fill<T: Cell>(
        &self,
        rows: &mut [u8],
        stride: usize,
        cells: &[T],
        value: impl Fn(T) -> f64,
    ) -> u64 {
        let mut raw = [0; BLOCK];
        let too_large = self.numbers(&mut raw, cells, value);
        let raw = raw.get(..cells.len()).unwrap_or_default();
        match width(self.base) {
            1 => each(rows, stride, self.at, raw, |raw| {
                let [low, ..] = raw.to_le_bytes();
                [low]
            }),
            2 => each(rows, stride, self.at, raw, |raw| {
                let [low, high, ..] = raw.to_le_bytes();
                [low, high]
            }),
            _ => each(rows, stride, self.at, raw, |raw| raw.to_le_bytes()),
        }
        too_large
    }

    /// Turns values into the numbers that stand for them, of which as many low bytes count as the base has; gives how many
    /// did not fit. Nothing in the loop depends on a value, so that the processor takes several at a time.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a field of this base is single"
    )]
    fn numbers<T: Cell>(
        &self,
        raw: &mut [u32; BLOCK],
        cells: &[T],
        value: impl Fn(T) -> f64,
    ) -> u64 {
        let (scale, offset) = (self.scale, self.offset);
        let (least, most) = range(self.base);
        let absent = absent(self.base);
        if matches!(self.base, Base::Float32) {
            for (raw, cell) in raw.iter_mut().zip(cells) {
                let single = value(*cell) as f32;
                *raw = if single.is_nan() {
                    absent
                } else {
                    single.to_bits()
                };
            }
            return 0;
        }
        let mut too_large = 0_u32;
        for (raw, cell) in raw.iter_mut().zip(cells) {
            let (whole, bits) = nearest((value(*cell) + offset) * scale);
            let fits = (whole >= least) & (whole <= most);
            *raw = if fits { bits } else { absent };
            too_large += u32::from(!fits & !whole.is_nan());
        }
        u64::from(too_large)
    }
}

/// Puts one value's bytes at a place of each row.
#[inline(always)]
fn each<T, const N: usize>(
    rows: &mut [u8],
    stride: usize,
    at: usize,
    cells: &[T],
    mut bytes: impl FnMut(&T) -> [u8; N],
) {
    for (row, cell) in rows.chunks_exact_mut(stride).zip(cells) {
        if let Some(place) = row.get_mut(at..).and_then(|row| row.first_chunk_mut()) {
            *place = bytes(cell);
        }
    }
}

/// Puts the balances into their one byte: the right side's where it is known. Says how many values do not fit into it.
#[inline(always)]
fn balances(rows: &mut [u8], stride: usize, at: usize, either: &[f64], right: &[f64]) -> u64 {
    let mut too_large = 0;
    let mut share = |cells: &[f64], index: usize| {
        let share = cells
            .get(index)
            .filter(|share| !share.is_nan())?
            .round_ties_even();
        let fits = (0.0..=126.0).contains(&share);
        too_large += u64::from(!fits);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the range just checked"
        )]
        fits.then_some(share as u8)
    };
    for (index, row) in rows.chunks_exact_mut(stride).enumerate() {
        let right = share(right, index).map(|share| share | RIGHT);
        if let Some(byte) = row.get_mut(at) {
            *byte = right.or_else(|| share(either, index)).unwrap_or(u8::MAX);
        }
    }
    too_large
}

/// Points that have both balances, of which the right side's is written.
pub(super) fn two_balances(points: &Points) -> usize {
    let sides = [Channel::Balance, Channel::RightBalance];
    if points
        .channels()
        .filter(|each| sides.contains(each))
        .count()
        < sides.len()
    {
        return 0; // hardly any track has one, let alone both
    }
    let both = |index: &usize| {
        points.value(*index, Channel::Balance).is_some()
            && points.value(*index, Channel::RightBalance).is_some()
    };
    (0..points.len()).filter(both).count()
}

/// 180 degrees east is one semicircle more than FIT can count: it is written as 180 west, the same place.
#[inline]
fn on_this_side(degrees: f64) -> f64 {
    if degrees * SEMICIRCLES > 2_147_483_646.5 {
        -180.0
    } else {
        degrees
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
