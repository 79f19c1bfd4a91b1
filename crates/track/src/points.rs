//! The points of a track in columns: an absent column costs nothing, a point with all of the usual values 56 bytes. Knows no
//! file format.

use jiff::Timestamp;

use crate::Channel;
use crate::column::{Column, NO_TIME};

/// A place on the WGS-84 ellipsoid, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// -90 to 90, north positive.
    pub latitude: f64,
    /// -180 to 180, east positive.
    pub longitude: f64,
}

impl Position {
    /// The position, if both are numbers within their ranges.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Position> {
        let valid = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        valid.then_some(Position {
            latitude,
            longitude,
        })
    }
}

/// One point of a track; absent is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// When, to the millisecond.
    pub time: Option<Timestamp>,
    /// Where.
    pub position: Option<Position>,
    /// Metres above sea level (single precision).
    pub elevation_m: Option<f64>,
    /// Metres since the start, as the device counted them.
    pub distance_m: Option<f64>,
    /// Metres per second (single precision).
    pub speed_m_s: Option<f64>,
    /// Beats per minute (single precision).
    pub heart_rate_bpm: Option<f64>,
    /// Turns, or steps of one foot, per minute (single precision).
    pub cadence_rpm: Option<f64>,
    /// Watts (single precision).
    pub power_w: Option<f64>,
    /// Degrees Celsius (single precision).
    pub temperature_c: Option<f64>,
}

/// A point as the columns hold it: absent is NaN, or [`NO_TIME`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawPoint {
    pub(crate) time_ms: i64,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) distance: f64,
    pub(crate) elevation: f32,
    pub(crate) speed: f32,
    pub(crate) heart_rate: f32,
    pub(crate) cadence: f32,
    pub(crate) power: f32,
    pub(crate) temperature: f32,
}

impl RawPoint {
    pub(crate) const EMPTY: RawPoint = RawPoint {
        time_ms: NO_TIME,
        latitude: f64::NAN,
        longitude: f64::NAN,
        distance: f64::NAN,
        elevation: f32::NAN,
        speed: f32::NAN,
        heart_rate: f32::NAN,
        cadence: f32::NAN,
        power: f32::NAN,
        temperature: f32::NAN,
    };
}

/// The points of a track, in columns.
#[derive(Clone, Debug, Default)]
pub struct Points {
    pub(crate) length: usize,
    pub(crate) expected: usize,
    pub(crate) time: Column<i64>,
    pub(crate) latitude: Column<f64>,
    pub(crate) longitude: Column<f64>,
    pub(crate) distance: Column<f64>,
    pub(crate) elevation: Column<f32>,
    pub(crate) speed: Column<f32>,
    pub(crate) heart_rate: Column<f32>,
    pub(crate) cadence: Column<f32>,
    pub(crate) power: Column<f32>,
    pub(crate) temperature: Column<f32>,
    pub(crate) channels: Vec<(Channel, Column<f64>)>,
}

impl Points {
    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The point at this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Point> {
        if index >= self.length {
            return None;
        }
        let position = self.latitude.get(index).zip(self.longitude.get(index));
        Some(Point {
            time: self
                .time
                .get(index)
                .and_then(|time| Timestamp::from_millisecond(time).ok()),
            position: position.map(|(latitude, longitude)| Position {
                latitude,
                longitude,
            }),
            elevation_m: self.elevation.get(index).map(f64::from),
            distance_m: self.distance.get(index),
            speed_m_s: self.speed.get(index).map(f64::from),
            heart_rate_bpm: self.heart_rate.get(index).map(f64::from),
            cadence_rpm: self.cadence.get(index).map(f64::from),
            power_w: self.power.get(index).map(f64::from),
            temperature_c: self.temperature.get(index).map(f64::from),
        })
    }

    /// All points in their order.
    pub fn iter(&self) -> impl Iterator<Item = Point> + '_ {
        (0..self.length).filter_map(|index| self.get(index))
    }

    /// Adds a point. Numbers that are not finite, and positions out of range, are taken as absent.
    pub fn push(&mut self, point: Point) {
        let position = point
            .position
            .and_then(|at| Position::new(at.latitude, at.longitude));
        self.push_raw(&RawPoint {
            time_ms: point.time.map_or(NO_TIME, |time| time.as_millisecond()),
            latitude: position.map_or(f64::NAN, |at| at.latitude),
            longitude: position.map_or(f64::NAN, |at| at.longitude),
            distance: point
                .distance_m
                .filter(|value| value.is_finite())
                .unwrap_or(f64::NAN),
            elevation: single(point.elevation_m),
            speed: single(point.speed_m_s),
            heart_rate: single(point.heart_rate_bpm),
            cadence: single(point.cadence_rpm),
            power: single(point.power_w),
            temperature: single(point.temperature_c),
        });
        for (_, column) in &mut self.channels {
            column.pad(self.length);
        }
    }

    /// Adds a point whose values are already in the columns' own form. Latitude and longitude are absent together.
    #[inline]
    pub(crate) fn push_raw(&mut self, point: &RawPoint) {
        let (before, expected) = (self.length, self.expected);
        self.time.push(before, expected, point.time_ms);
        self.latitude.push(before, expected, point.latitude);
        self.longitude.push(before, expected, point.longitude);
        self.distance.push(before, expected, point.distance);
        self.elevation.push(before, expected, point.elevation);
        self.speed.push(before, expected, point.speed);
        self.heart_rate.push(before, expected, point.heart_rate);
        self.cadence.push(before, expected, point.cadence);
        self.power.push(before, expected, point.power);
        self.temperature.push(before, expected, point.temperature);
        self.length += 1;
    }

    /// Puts the present values of a point into the last one: a device may spread one moment over several records.
    pub(crate) fn amend_last(&mut self, point: &RawPoint) {
        let length = self.length;
        self.latitude.amend(length, point.latitude);
        self.longitude.amend(length, point.longitude);
        self.distance.amend(length, point.distance);
        self.elevation.amend(length, point.elevation);
        self.speed.amend(length, point.speed);
        self.heart_rate.amend(length, point.heart_rate);
        self.cadence.amend(length, point.cadence);
        self.power.amend(length, point.power);
        self.temperature.amend(length, point.temperature);
    }

    /// Adds all points of another track behind these, without fields that the other file describes itself.
    pub(crate) fn append(&mut self, other: &Points) {
        let before = self.length;
        for point in other.iter() {
            self.push(point);
        }
        for (channel, column) in &other.channels {
            if matches!(channel, Channel::Developer(_)) {
                continue;
            }
            for (index, value) in column.cells().iter().enumerate() {
                self.set(before + index, *channel, *value);
            }
        }
    }

    /// Gives a point's value in a channel; an index without a point, and what is not finite, is passed over.
    pub fn set(&mut self, index: usize, channel: Channel, value: f64) {
        if index >= self.length || !value.is_finite() {
            return;
        }
        let length = self.length;
        self.with_channel(channel, |column| {
            column.pad(length);
            column.set(length, index, value);
        });
    }

    /// Like [`Points::set`] where the channel is the one at this place among the channels and begun; says whether it is.
    pub(crate) fn set_at(
        &mut self,
        place: usize,
        index: usize,
        channel: Channel,
        value: f64,
    ) -> bool {
        let length = self.length;
        match self.channels.get_mut(place) {
            Some((known, column)) if *known == channel && column.has_any() => {
                column.pad(length);
                column.set(length, index, value);
                true
            }
            _ => false,
        }
    }

    /// Works on the column of a channel, made if it is new. It may be shorter than the points until [`Points::finish`].
    pub(crate) fn with_channel(&mut self, channel: Channel, act: impl FnOnce(&mut Column<f64>)) {
        let place = self.channels.partition_point(|(each, _)| *each < channel);
        if self
            .channels
            .get(place)
            .is_none_or(|(each, _)| *each != channel)
        {
            self.channels.insert(place, (channel, Column::default()));
        }
        if let Some((_, column)) = self.channels.get_mut(place) {
            act(column);
        }
    }

    /// The channels that any point has, in their order.
    pub fn channels(&self) -> impl Iterator<Item = Channel> + '_ {
        let there = self.channels.iter().filter(|(_, column)| column.has_any());
        there.map(|(channel, _)| *channel)
    }

    /// A point's value in a channel, in the channel's units.
    #[must_use]
    pub fn value(&self, index: usize, channel: Channel) -> Option<f64> {
        let place = self
            .channels
            .binary_search_by_key(&channel, |(each, _)| *each);
        self.channels.get(place.ok()?)?.1.get(index)
    }

    /// How many points have a value in a channel.
    pub(crate) fn count(&self, channel: Channel) -> usize {
        let mut columns = self.channels.iter();
        let column = columns.find(|(each, _)| *each == channel);
        column.map_or(0, |(_, column)| column.values().count())
    }

    /// All positions in their order.
    pub(crate) fn positions(&self) -> impl Iterator<Item = Position> + '_ {
        let both = self.latitude.cells().iter().zip(self.longitude.cells());
        both.filter(|(latitude, longitude)| !latitude.is_nan() && !longitude.is_nan())
            .map(|(latitude, longitude)| Position {
                latitude: *latitude,
                longitude: *longitude,
            })
    }

    /// All elevations in their order, in metres.
    pub(crate) fn elevations(&self) -> impl Iterator<Item = f64> + '_ {
        self.elevation.values().map(f64::from)
    }

    /// All distances of the device's own in their order, in metres.
    pub(crate) fn distances(&self) -> impl Iterator<Item = f64> + '_ {
        self.distance.values()
    }

    /// All times in their order, in milliseconds since 1970.
    pub(crate) fn times_ms(&self) -> impl Iterator<Item = i64> + '_ {
        self.time.values()
    }

    /// Says how many points are likely to come, so that columns need not grow step by step.
    pub(crate) fn expect(&mut self, count: usize) {
        self.expected = count;
    }

    /// Bytes that one more point takes.
    pub(crate) fn width(&self) -> usize {
        let channels = self.channels.iter().map(|(_, column)| column.width());
        self.time.width()
            + self.latitude.width()
            + self.longitude.width()
            + self.distance.width()
            + self.singles().map(Column::width).sum::<usize>()
            + channels.sum::<usize>()
    }

    fn singles(&self) -> impl Iterator<Item = &Column<f32>> {
        [
            &self.elevation,
            &self.speed,
            &self.heart_rate,
            &self.cadence,
            &self.power,
            &self.temperature,
        ]
        .into_iter()
    }

    /// Makes every column as long as the points, and gives room back that was reserved and not used.
    pub(crate) fn finish(&mut self) {
        let length = self.length;
        self.time.shrink();
        for column in [&mut self.latitude, &mut self.longitude, &mut self.distance] {
            column.shrink();
        }
        for column in [
            &mut self.elevation,
            &mut self.speed,
            &mut self.heart_rate,
            &mut self.cadence,
            &mut self.power,
            &mut self.temperature,
        ] {
            column.shrink();
        }
        self.channels.retain(|(_, column)| column.has_any());
        for (_, column) in &mut self.channels {
            column.pad(length);
            column.shrink();
        }
    }

    /// Whether any point has a time.
    #[must_use]
    pub fn has_times(&self) -> bool {
        self.time.has_any()
    }

    /// Whether any point has a position.
    #[must_use]
    pub fn has_positions(&self) -> bool {
        self.latitude.has_any()
    }

    /// Whether any point has an elevation.
    #[must_use]
    pub fn has_elevation(&self) -> bool {
        self.elevation.has_any()
    }

    /// Whether any point has a distance of the device's own.
    #[must_use]
    pub fn has_distance(&self) -> bool {
        self.distance.has_any()
    }

    /// Whether any point has a speed.
    #[must_use]
    pub fn has_speed(&self) -> bool {
        self.speed.has_any()
    }

    /// Whether any point has a heart rate.
    #[must_use]
    pub fn has_heart_rate(&self) -> bool {
        self.heart_rate.has_any()
    }

    /// Whether any point has a cadence.
    #[must_use]
    pub fn has_cadence(&self) -> bool {
        self.cadence.has_any()
    }

    /// Whether any point has a power.
    #[must_use]
    pub fn has_power(&self) -> bool {
        self.power.has_any()
    }

    /// Whether any point has a temperature.
    #[must_use]
    pub fn has_temperature(&self) -> bool {
        self.temperature.has_any()
    }
}

impl PartialEq for Points {
    fn eq(&self, other: &Points) -> bool {
        let channels = |points: &Points| points.channels().collect::<Vec<_>>();
        let values = |channel: Channel| {
            (0..self.length).all(|at| self.value(at, channel) == other.value(at, channel))
        };
        self.length == other.length
            && self.iter().eq(other.iter())
            && channels(self) == channels(other)
            && self.channels().all(values)
    }
}

impl FromIterator<Point> for Points {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Points {
        let mut all = Points::default();
        for point in points {
            all.push(point);
        }
        all
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "single precision is what the columns keep"
)]
fn single(value: Option<f64>) -> f32 {
    value
        .map(|value| value as f32)
        .filter(|value| value.is_finite())
        .unwrap_or(f32::NAN)
}

#[cfg(test)]
#[path = "points_tests.rs"]
mod tests;
