//! A run of records of one layout, loaded column by column: each loop has one type, one place and one scale, so that the
//! processor need not decide anything. Knows no meaning but which slot goes where.

use super::layout::{Layout, Step};
use super::load::Load;
use super::profile::record;
use super::records::{DEGREES, RIGHT, milliseconds};
use super::rows::Rows;
use crate::column::{Cell, Column};
use crate::outline::Line;
use crate::{Channel, Points, Position};

/// Semicircles from the equator to a pole.
const POLE: i32 = 1 << 30;

/// Whether semicircles are a position on the globe: what is none need not be turned into degrees.
fn is_place(north: i32, east: i32) -> bool {
    (-POLE..=POLE).contains(&north) && east != i32::MAX
}

/// The rows that are loaded, and where they go.
#[derive(Clone, Copy)]
pub(super) struct Columns<'l, R> {
    pub(super) layout: &'l Layout,
    pub(super) rows: R,
    /// Points before the first row.
    pub(super) before: usize,
    /// Points that are likely to come in all.
    pub(super) expected: usize,
}

/// What may be reserved for channels before their values come: a file could name hundreds that it hardly uses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ChannelRoom {
    /// Cells that may still be reserved.
    cells: usize,
    /// Bytes of all records at most.
    bytes: usize,
}

impl ChannelRoom {
    /// Room for the channels in records of so many bytes in all: a cell a byte.
    pub(super) fn of(bytes: usize) -> ChannelRoom {
        ChannelRoom {
            cells: bytes,
            bytes,
        }
    }

    /// Lets a column be filled from rows of a length, and begins it with as many cells as are likely to come.
    pub(super) fn fill(
        &mut self,
        column: &mut Column<f64>,
        stride: usize,
        fill: impl FnOnce(&mut Column<f64>, usize),
    ) {
        let begun = column.has_any();
        let likely = Some(self.bytes / stride).filter(|cells| !begun && *cells <= self.cells);
        let expected = likely.unwrap_or(0);
        fill(column, expected);
        if column.has_any() {
            self.cells -= expected;
        }
    }
}

impl<'a, R: Rows<'a>> Columns<'_, R> {
    /// Adds one field's values to a column, with room for `expected` points in all.
    fn load<T: Cell>(
        self,
        step: &Step,
        column: &mut Column<T>,
        expected: usize,
        convert: impl Fn(f64) -> T + Copy,
    ) {
        if self.layout.big_endian {
            self.load_as::<T, true>(step, column, expected, convert);
        } else {
            self.load_as::<T, false>(step, column, expected, convert);
        }
    }

    /// The loop is made once for each type and byte order.
    fn load_as<T: Cell, const BIG: bool>(
        self,
        step: &Step,
        column: &mut Column<T>,
        expected: usize,
        convert: impl Fn(f64) -> T + Copy,
    ) {
        let Columns { rows, before, .. } = self;
        let (at, scale, offset) = (step.at + 1, step.scale, step.offset);
        let as_it_stands = (scale, offset) == (1.0, 0.0);
        macro_rules! each {
            ($type:ty, $absent:expr) => {{
                let is_absent = $absent;
                let value = move |field: &[u8]| {
                    let Some(bytes) = field.first_chunk() else {
                        return T::ABSENT;
                    };
                    let raw = if BIG {
                        <$type>::from_be_bytes(*bytes)
                    } else {
                        <$type>::from_le_bytes(*bytes)
                    };
                    if is_absent(raw) {
                        T::ABSENT
                    } else if as_it_stands {
                        convert(raw as f64) // a division by 1 takes as long as any other
                    } else {
                        convert(raw as f64 / scale - offset)
                    }
                };
                column.extend(before, expected, rows.at_byte(at).map(value));
            }};
        }
        #[expect(
            clippy::cast_lossless,
            clippy::cast_precision_loss,
            reason = "one loop for all types; 64-bit fields hold far less than 2^53"
        )]
        match step.load {
            Load::Uint8 { absent } => each!(u8, |raw: u8| raw == absent),
            Load::Sint8 => each!(i8, |raw: i8| raw == i8::MAX),
            Load::Uint16 { absent } => each!(u16, |raw: u16| raw == absent),
            Load::Sint16 => each!(i16, |raw: i16| raw == i16::MAX),
            Load::Uint32 { absent } => each!(u32, |raw: u32| raw == absent),
            Load::Sint32 => each!(i32, |raw: i32| raw == i32::MAX),
            Load::Uint64 { absent } => each!(u64, |raw: u64| raw == absent),
            Load::Sint64 => each!(i64, |raw: i64| raw == i64::MAX),
            Load::Float32 => each!(f32, |raw: f32| !raw.is_finite()),
            Load::Float64 => each!(f64, |raw: f64| !raw.is_finite()),
            Load::Triple | Load::Text => column.pad(before + rows.count()),
        }
    }

    /// Leaves rows out of a column that they have nothing for.
    fn none<T: Cell>(self, column: &mut Column<T>) {
        column.pad(self.before + self.rows.count());
    }

    fn time(self, column: &mut Column<i64>) {
        match self.layout.step(record::timestamp) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "plain layouts have an unsigned 32-bit time"
            )]
            Some(step) => self.load(step, column, self.expected, |seconds| {
                milliseconds(seconds as u32)
            }),
            None => self.none(column),
        }
    }

    /// Adds all that the rows have to the points; gives how many of them have a position.
    pub(super) fn fill(self, points: &mut Points, room: &mut ChannelRoom) -> usize {
        self.time(&mut points.time);
        self.places(&mut points.latitude, &mut points.longitude);
        self.wide(record::distance, &mut points.distance);
        let altitudes = (record::enhanced_altitude, record::altitude);
        self.either(altitudes, &mut points.elevation);
        self.either((record::enhanced_speed, record::speed), &mut points.speed);
        self.single(record::heart_rate, &mut points.heart_rate);
        self.cadence(&mut points.cadence);
        self.single(record::power, &mut points.power);
        self.single(record::temperature, &mut points.temperature);
        self.channels(points, room);
        let placed = points.latitude.cells().get(self.before..);
        let placed = placed.unwrap_or_default().iter();
        placed.filter(|latitude| !latitude.is_nan()).count()
    }

    /// Goes on with a line through the rows' positions; gives how many there are.
    pub(super) fn draw(self, line: &mut Line) -> usize {
        let before = line.count();
        for (north, east) in self.semicircles().into_iter().flatten() {
            if is_place(north, east) {
                line.push(Position {
                    latitude: f64::from(north) * DEGREES,
                    longitude: f64::from(east) * DEGREES,
                });
            }
        }
        line.count() - before
    }

    /// Latitude and longitude: both or none.
    fn places(self, latitude: &mut Column<f64>, longitude: &mut Column<f64>) {
        let Some(places) = self.semicircles() else {
            self.none(latitude);
            return self.none(longitude);
        };
        let places = places.map(|(north, east)| {
            if is_place(north, east) {
                (f64::from(north) * DEGREES, f64::from(east) * DEGREES)
            } else {
                (f64::NAN, f64::NAN)
            }
        });
        latitude.extend_both(longitude, (self.before, self.expected), places);
    }

    /// The latitudes and longitudes as they stand in the rows; `None` if they have not both.
    fn semicircles(self) -> Option<impl Iterator<Item = (i32, i32)> + Clone> {
        let north = self.layout.step(record::position_lat)?;
        let east = self.layout.step(record::position_long)?;
        let big_endian = self.layout.big_endian;
        let raw = move |field: &[u8]| {
            field.first_chunk().map_or(i32::MAX, |bytes| {
                if big_endian {
                    i32::from_be_bytes(*bytes)
                } else {
                    i32::from_le_bytes(*bytes)
                }
            })
        };
        let north = self.rows.at_byte(north.at + 1).map(raw);
        let east = self.rows.at_byte(east.at + 1).map(raw);
        Some(north.zip(east))
    }

    fn wide(self, slot: usize, column: &mut Column<f64>) {
        match self.layout.step(slot) {
            Some(step) => self.load(step, column, self.expected, |value| value),
            None => self.none(column),
        }
    }

    fn single(self, slot: usize, column: &mut Column<f32>) {
        match self.layout.step(slot) {
            Some(step) => self.load(step, column, self.expected, single),
            None => self.none(column),
        }
    }

    /// The first field's values, and the second's where the first has none.
    fn either(self, (first, second): (usize, usize), column: &mut Column<f32>) {
        match (self.layout.step(first), self.layout.step(second)) {
            (Some(_), Some(step)) => {
                let mut other = Column::default();
                self.alone(step, &mut other);
                self.single(first, column);
                self.combine(
                    column,
                    &other,
                    |first, second| {
                        if first.is_nan() { second } else { first }
                    },
                );
            }
            (None, Some(_)) => self.single(second, column),
            _ => self.single(first, column),
        }
    }

    /// `cadence256` where it is there, else `cadence` with its fraction.
    fn cadence(self, column: &mut Column<f32>) {
        self.single(record::cadence, column);
        if let Some(step) = self.layout.step(record::fractional_cadence) {
            let mut fraction = Column::default();
            self.alone(step, &mut fraction);
            self.combine(column, &fraction, |whole, fraction| {
                if fraction.is_nan() {
                    whole
                } else {
                    whole + fraction
                }
            });
        }
        if let Some(step) = self.layout.step(record::cadence256) {
            let mut fine = Column::default();
            self.alone(step, &mut fine);
            self.combine(
                column,
                &fine,
                |other, fine| {
                    if fine.is_nan() { other } else { fine }
                },
            );
        }
    }

    /// These rows' values of one field alone, in a column of their own.
    fn alone(self, step: &Step, column: &mut Column<f32>) {
        let rows = Columns { before: 0, ..self };
        rows.load(step, column, self.rows.count(), single);
    }

    /// Brings a second field's values into the last cells of a column.
    fn combine(
        self,
        column: &mut Column<f32>,
        other: &Column<f32>,
        with: impl Fn(f32, f32) -> f32,
    ) {
        if !other.has_any() {
            return;
        }
        let length = self.before + self.rows.count();
        for (index, second) in (self.before..).zip(other.cells()) {
            let first = column.get(index).unwrap_or(f32::NAN);
            let both = with(first, *second);
            if !both.is_nan() {
                column.set(length, index, both);
            }
        }
    }

    fn channels(self, points: &mut Points, room: &mut ChannelRoom) {
        let before = self.before;
        for each in &self.layout.channels {
            points.with_channel(each.channel, |column| {
                column.pad(before);
                room.fill(column, self.layout.size + 1, |column, expected| {
                    self.load(&each.step, column, expected, |value| value);
                });
            });
        }
        let Some(balance) = self.layout.step(record::left_right_balance) else {
            return;
        };
        let at = balance.at + 1;
        for (channel, side) in [(Channel::RightBalance, RIGHT), (Channel::Balance, 0)] {
            let share = move |field: &[u8]| match field.first() {
                Some(raw) if *raw != u8::MAX && raw & RIGHT == side => f64::from(raw & !RIGHT),
                _ => f64::NAN,
            };
            points.with_channel(channel, |column| {
                column.pad(before);
                room.fill(column, self.layout.size + 1, |column, expected| {
                    column.extend(before, expected, self.rows.at_byte(at).map(share));
                });
            });
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "single precision is what the columns keep"
)]
pub(super) fn single(value: f64) -> f32 {
    let value = value as f32;
    if value.is_infinite() { f32::NAN } else { value }
}
