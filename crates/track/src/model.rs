//! What a recording says, as data: tracks, laps, source, and what was skipped. Knows no file format.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;

use crate::{
    DeveloperField, DeviceInfo, Event, Format, Kind, Lap, Length, Pause, Points, Session, Sport,
};

/// What was read from one file, and what had to be skipped to read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What format the unpacked bytes were in.
    pub format: Format,
    /// What the file is for; of a file with several tracks, the most telling one's.
    pub kind: Kind,
    /// Whether the file is whole: FIT: sizes and checksums of every part are right; XML: the root element is closed.
    pub complete: bool,
    /// One per activity in the file, never none: a file without activity has one track that says what it is.
    pub tracks: Vec<Track>,
    /// What could not be read of the file as a whole.
    pub skipped: Vec<Skipped>,
}

/// Something in the file that was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// What, in words and without a full stop.
    pub what: String,
    /// Where it first happened: a byte of the unpacked file.
    pub byte: Option<u64>,
    /// How often.
    pub count: u64,
}

impl Skipped {
    /// Something skipped once, at this byte.
    pub(crate) fn at(what: impl Into<String>, byte: usize) -> Skipped {
        Skipped {
            what: what.into(),
            byte: Some(byte as u64),
            count: 1,
        }
    }

    /// Adds to a list; the same thing again only raises its count.
    pub(crate) fn add(list: &mut Vec<Skipped>, what: &str, byte: usize) {
        match list.iter_mut().find(|skipped| skipped.what == what) {
            Some(skipped) => skipped.count += 1,
            None => list.push(Skipped::at(what, byte)),
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.byte, self.count) {
            (Some(byte), 0 | 1) => write!(out, "{} (at byte {byte}).", self.what),
            (Some(byte), count) => {
                write!(out, "{} ({count} times, first at byte {byte}).", self.what)
            }
            (None, 0 | 1) => write!(out, "{}.", self.what),
            (None, count) => write!(out, "{} ({count} times).", self.what),
        }
    }
}

/// What one recording says. Units are SI, positions WGS-84 degrees, times UTC; absent is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// What it is; only an activity is uploaded.
    pub kind: Kind,
    /// The sport; several different ones are [`Sport::Multisport`].
    pub sport: Sport,
    /// The sport's finer name in `snake_case` as FIT has it (`trail`, `indoor_cycling`), or as the file wrote it.
    pub sub_sport: Option<String>,
    /// The name the file gives it: untrusted text.
    pub name: Option<String>,
    /// The first session's start, else the first timed point.
    pub start: Option<Timestamp>,
    /// Local time minus UTC at start and place, in seconds.
    pub utc_offset_s: Option<i32>,
    /// From start to end, pauses included.
    pub elapsed_s: Option<f64>,
    /// Pauses left out.
    pub timer_s: Option<f64>,
    /// The device's own distance, else the length over the valid points.
    pub distance_m: Option<f64>,
    /// The device's own ascent, else summed with a hysteresis.
    pub ascent_m: Option<f64>,
    /// The device's own descent, else summed with the same hysteresis.
    pub descent_m: Option<f64>,
    /// Time in motion: see `docs/definitions.md`.
    pub moving_s: Option<f64>,
    /// Its sessions in their order; more than one is multisport. An activity without any gets one of its points.
    pub sessions: Vec<Session>,
    /// Its laps in their order. An activity without any gets one of its points.
    pub laps: Vec<Lap>,
    /// The lengths of a pool swim, in their order.
    pub lengths: Vec<Length>,
    /// The points in their order.
    pub points: Points,
    /// Where it stood still or begins a new segment, in the order of the points.
    pub pauses: Vec<Pause>,
    /// What else the device noted, in the order of the file.
    pub events: Vec<Event>,
    /// Seconds between one heart beat and the next (heart-rate variability), in their order, as single precision.
    pub beat_intervals_s: Vec<f32>,
    /// The device and its sensors.
    pub devices: Vec<DeviceInfo>,
    /// What [`crate::Channel::Developer`] means, by its index.
    pub developer_fields: Vec<DeveloperField>,
    /// Sessions as the file has them: 0 where the one in `sessions` was worked out.
    pub file_sessions: u32,
    /// Laps as the file has them: 0 where the one in `laps` was worked out.
    pub file_laps: u32,
    /// Points as the file has them, before any merging.
    pub file_points: u32,
    /// Of these, those with a position.
    pub file_positions: u32,
    /// What recorded it.
    pub source: Source,
    /// The bytes of the unpacked file that this came from.
    pub range: Range<usize>,
    /// What could not be taken over.
    pub skipped: Vec<Skipped>,
}

/// What recorded a track, as the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The maker in lower case (`garmin`), or its number where it has no known name.
    pub manufacturer: Option<String>,
    /// The product (`edge_530`), or its number where it has no known name.
    pub product: Option<String>,
    /// The unit's serial number.
    pub serial: Option<u64>,
    /// When the file was begun.
    pub created: Option<Timestamp>,
}

/// The smallest box around all positions, in degrees. `west` > `east` never happens: a track over the date line spans the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Smallest latitude.
    pub south: f64,
    /// Smallest longitude.
    pub west: f64,
    /// Largest latitude.
    pub north: f64,
    /// Largest longitude.
    pub east: f64,
}

/// A written file, and what it could not carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// One sentence for each thing the format could not carry ("GPX has no laps: 12 laps left out").
    pub left_out: Vec<String>,
}

impl Track {
    /// The smallest box around all positions.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        // Both are absent together.
        let range = |column: &crate::column::Column<f64>| {
            crate::outline::range(column.cells().iter().copied())
        };
        let (south, north) = range(&self.points.latitude);
        let (west, east) = range(&self.points.longitude);
        (south <= north).then_some(Bounds {
            south,
            west,
            north,
            east,
        })
    }

    /// Whether it begins after this moment: given the present, that its date cannot be right. Reading knows no clock.
    #[must_use]
    pub fn starts_after(&self, now: Timestamp) -> bool {
        self.start.is_some_and(|start| start > now)
    }

    /// The line of the track, simplified to at most `max` points and scaled into 0..=100 on both axes: aspect kept,
    /// centred, y downwards. Empty without positions.
    #[must_use]
    pub fn outline(&self, max: usize) -> Vec<(u8, u8)> {
        crate::outline::Line::of(&self.points).outline(max)
    }

    /// What tells this activity from others, whatever file it is in: FIT `file_id`, else start, duration, sport and first
    /// position. `None` where there is neither.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        let source = &self.source;
        if let (Some(manufacturer), Some(serial), Some(created)) =
            (&source.manufacturer, source.serial, source.created)
        {
            let product = source.product.as_deref().unwrap_or("");
            return Some(format!(
                "fit:{manufacturer}:{product}:{serial}:{}",
                created.as_second()
            ));
        }
        let start = self.start?.as_millisecond();
        let elapsed = self
            .elapsed_s
            .map(|seconds| format!("{seconds:.0}"))
            .unwrap_or_default();
        let place = self.points.positions().next();
        let place = place
            .map(|at| format!("{:.3},{:.3}", at.latitude, at.longitude))
            .unwrap_or_default();
        Some(format!(
            "start:{start}:{elapsed}:{}:{place}",
            self.sport.name()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_prefers_file_id() {
        let start = Timestamp::from_second(1_600_000_000).ok();
        let mut track = Track {
            start,
            elapsed_s: Some(59.6),
            sport: Sport::Running,
            ..Track::default()
        };
        assert_eq!(
            track.identity().as_deref(),
            Some("start:1600000000000:60:running:")
        );
        track.source = Source {
            manufacturer: Some("garmin".into()),
            product: Some("edge_530".into()),
            serial: Some(7),
            created: start,
        };
        assert_eq!(
            track.identity().as_deref(),
            Some("fit:garmin:edge_530:7:1600000000")
        );
        assert_eq!(Track::default().identity(), None);
        assert!(track.starts_after(Timestamp::UNIX_EPOCH));
        assert!(!Track::default().starts_after(Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn skipped_reads_as_a_sentence() {
        let mut list = Vec::new();
        Skipped::add(&mut list, "A point without place", 7);
        assert_eq!(
            list.first().map(ToString::to_string).as_deref(),
            Some("A point without place (at byte 7).")
        );
        Skipped::add(&mut list, "A point without place", 9);
        assert_eq!(
            list.first().map(ToString::to_string).as_deref(),
            Some("A point without place (2 times, first at byte 7).")
        );
    }
}
