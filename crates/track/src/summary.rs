//! What a list shows of an activity, without its points. Knows no file format.

use jiff::Timestamp;

use crate::outline::Line;
use crate::{Bounds, Kind, Source, Sport, Track};

/// Points of a [`Summary::outline`] at most.
const OUTLINE: usize = 64;

/// One track in a row. Units as in [`Track`]; each value is the track's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What it is.
    pub kind: Kind,
    /// The sport.
    pub sport: Sport,
    /// The sport's finer name.
    pub sub_sport: Option<String>,
    /// The name the file gives it: untrusted text.
    pub name: Option<String>,
    /// When it began.
    pub start: Option<Timestamp>,
    /// Local time minus UTC at start and place, in seconds.
    pub utc_offset_s: Option<i32>,
    /// From start to end, pauses included.
    pub elapsed_s: Option<f64>,
    /// Pauses left out.
    pub timer_s: Option<f64>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Metres climbed.
    pub ascent_m: Option<f64>,
    /// Points, positions, laps and sessions as the file has them.
    pub counts: [u32; 4],
    /// The smallest box around all positions.
    pub bounds: Option<Bounds>,
    /// The line for a thumbnail: see [`Track::outline`].
    pub outline: Vec<(u8, u8)>,
    /// What recorded it.
    pub source: Source,
}

impl Track {
    /// What a list shows of it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary_along(&Line::of(&self.points))
    }

    /// [`Track::summary`], given the line through the track's positions, which then need not be in its points.
    pub(crate) fn summary_along(&self, line: &Line) -> Summary {
        Summary {
            kind: self.kind,
            sport: self.sport,
            sub_sport: self.sub_sport.clone(),
            name: self.name.clone(),
            start: self.start,
            utc_offset_s: self.utc_offset_s,
            elapsed_s: self.elapsed_s,
            timer_s: self.timer_s,
            distance_m: self.distance_m,
            ascent_m: self.ascent_m,
            counts: [
                self.file_points,
                self.file_positions,
                self.file_laps,
                self.file_sessions,
            ],
            bounds: line.bounds(),
            outline: line.outline(OUTLINE),
            source: self.source.clone(),
        }
    }
}
