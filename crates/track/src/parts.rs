//! What a track consists of besides its points: sessions, laps, pool lengths, pauses, events, sensors. Knows no file format.

use jiff::Timestamp;

use crate::Sport;

/// The sums and averages of a session or lap, as the device worked them out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// With pauses, in seconds.
    pub elapsed_s: Option<f64>,
    /// Without pauses, in seconds.
    pub timer_s: Option<f64>,
    /// In motion, in seconds.
    pub moving_s: Option<f64>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Metres climbed.
    pub ascent_m: Option<f64>,
    /// Metres descended.
    pub descent_m: Option<f64>,
    /// Kilocalories.
    pub calories_kcal: Option<f64>,
    /// Metres per second.
    pub average_speed_m_s: Option<f64>,
    /// Metres per second.
    pub max_speed_m_s: Option<f64>,
    /// Beats per minute.
    pub average_hr: Option<f64>,
    /// Beats per minute.
    pub max_hr: Option<f64>,
    /// Turns (or steps of one foot) per minute.
    pub average_cadence: Option<f64>,
    /// Turns (or steps of one foot) per minute.
    pub max_cadence: Option<f64>,
    /// Watts.
    pub average_power_w: Option<f64>,
    /// Watts.
    pub max_power_w: Option<f64>,
    /// Watts, weighted as training software does (the device's own figure).
    pub normalized_power_w: Option<f64>,
    /// Turns, steps of one foot, or strokes.
    pub cycles: Option<f64>,
}

impl Totals {
    /// All of them, in the order of the fields.
    pub(crate) fn numbers(&self) -> [Option<f64>; 17] {
        [
            self.elapsed_s,
            self.timer_s,
            self.moving_s,
            self.distance_m,
            self.ascent_m,
            self.descent_m,
            self.calories_kcal,
            self.average_speed_m_s,
            self.max_speed_m_s,
            self.average_hr,
            self.max_hr,
            self.average_cadence,
            self.max_cadence,
            self.average_power_w,
            self.max_power_w,
            self.normalized_power_w,
            self.cycles,
        ]
    }
}

/// One sport of an activity: most activities have one session, a multisport has several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// When it began.
    pub start: Option<Timestamp>,
    /// The sport.
    pub sport: Sport,
    /// The sport's finer name in `snake_case` as FIT has it.
    pub sub_sport: Option<String>,
    /// Its sums.
    pub totals: Totals,
    /// Length of the pool, in metres.
    pub pool_length_m: Option<f64>,
}

/// One lap.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lap {
    /// When it began.
    pub start: Option<Timestamp>,
    /// Its sums.
    pub totals: Totals,
}

/// One length of a pool, or the rest between two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Length {
    /// When it began.
    pub start: Option<Timestamp>,
    /// With pauses, in seconds.
    pub elapsed_s: Option<f64>,
    /// Without pauses, in seconds.
    pub timer_s: Option<f64>,
    /// Whether the swimmer swam; otherwise it is a rest.
    pub active: bool,
    /// Strokes.
    pub strokes: Option<f64>,
    /// How it was swum; absent where the device doesn't say.
    pub stroke: Option<SwimStroke>,
    /// Metres per second.
    pub average_speed_m_s: Option<f64>,
    /// Strokes per minute.
    pub average_cadence: Option<f64>,
}

/// How a length was swum (Garmin's FIT profile, type `swim_stroke`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say what they are")]
pub enum SwimStroke {
    Freestyle,
    Backstroke,
    Breaststroke,
    Butterfly,
    Drill,
    Mixed,
    IndividualMedley,
    MedleyByRound,
    ReverseMedley,
}

impl SwimStroke {
    /// Every stroke, in the order of FIT's numbers.
    pub const ALL: [SwimStroke; 9] = [
        SwimStroke::Freestyle,
        SwimStroke::Backstroke,
        SwimStroke::Breaststroke,
        SwimStroke::Butterfly,
        SwimStroke::Drill,
        SwimStroke::Mixed,
        SwimStroke::IndividualMedley,
        SwimStroke::MedleyByRound,
        SwimStroke::ReverseMedley,
    ];
}

/// A stop of the timer, or the gap between two segments: between the point `before - 1` and the point `before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The index of the first point after it: at least 1, and less than the number of points.
    pub before: usize,
    /// When the timer stopped; absent where the file only has a gap.
    pub from: Option<Timestamp>,
    /// When it went on.
    pub to: Option<Timestamp>,
}

/// Something the device noted at a moment: a gear change, a workout's step, an alarm. Timer stops are [`Pause`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: Option<Timestamp>,
    /// What it is about: a number of Garmin's FIT profile, type `event`.
    pub event: u8,
    /// What happened: a number of type `event_type` (3 is a marker, 0 and 1 are start and stop).
    pub event_type: u8,
    /// What belongs to it; its meaning depends on `event`.
    pub data: Option<u32>,
}

/// A sensor or the device itself, as a recording lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its number in the file; 0 is the device that recorded.
    pub index: Option<u8>,
    /// The maker in lower case, or its number where it has no known name.
    pub manufacturer: Option<String>,
    /// The product, or its number where it has no known name.
    pub product: Option<String>,
    /// Its serial number.
    pub serial: Option<u64>,
    /// What it is: FIT's `device_type`, a number of the ANT+ or local device types.
    pub device_type: Option<u8>,
    /// Version of its software, in hundredths (3.14 is 314).
    pub software: Option<u16>,
    /// Charge of its battery in per cent.
    pub battery_percent: Option<u8>,
}
