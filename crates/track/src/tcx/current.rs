//! The activity or course of a TCX file that is being read: laps, points, and what follows from them. Knows no elements' nesting.

use jiff::Timestamp;

use crate::column::NO_TIME;
use crate::points::RawPoint;
use crate::xml::{Clock, Line, clean, maker, number, pauses};
use crate::{
    Kind, Lap, Position, Session, Skipped, Sport, Totals, Track, derive, sport_words, zone,
};

use super::element::Element;

/// The longest note that can pass as a name.
const LONGEST_NAME: usize = 120;

/// An activity or course so far.
#[derive(Default)]
pub(super) struct Current {
    pub(super) track: Track,
    pub(super) clock: Clock,
    line: Line,
    lap: Option<Lap>,
    /// How many tracks the lap has: between two of them lies a pause.
    tracks_in_lap: u32,
    sports: Vec<Sport>,
    /// Of each session the index of its first lap.
    first_laps: Vec<usize>,
    id: Option<Timestamp>,
}

impl Current {
    /// One more sport begins, the first one or another of a multisport session.
    pub(super) fn begin_sport(&mut self, word: Option<&str>) {
        self.line.lift();
        self.clock.lift();
        let sport = word.and_then(sport_words::from_tcx);
        self.track.sessions.push(Session {
            sport: sport.unwrap_or_default(),
            sub_sport: word.filter(|_| sport.is_none()).and_then(clean),
            ..Session::default()
        });
        self.first_laps.push(self.track.laps.len());
        if sport.is_none() && self.track.sub_sport.is_none() {
            self.track.sub_sport = word.and_then(clean);
        }
        if !self.sports.contains(&sport.unwrap_or_default()) {
            self.sports.push(sport.unwrap_or_default());
        }
    }

    pub(super) fn begin_lap(&mut self, start: Option<Timestamp>) {
        self.end_lap();
        self.tracks_in_lap = 0;
        self.lap = Some(Lap {
            start,
            ..Lap::default()
        });
    }

    pub(super) fn end_lap(&mut self) {
        self.track.laps.extend(self.lap.take());
    }

    pub(super) fn begin_track(&mut self) {
        self.tracks_in_lap += 1;
        if self.tracks_in_lap > 1 {
            pauses::open(&mut self.track);
            self.line.lift();
            self.clock.lift();
        }
    }

    pub(super) fn end_point(&mut self, raw: &RawPoint, at: usize) {
        self.track.file_points = self.track.file_points.saturating_add(1);
        let mut raw = *raw;
        match Position::new(raw.latitude, raw.longitude) {
            Some(position) => self.line.add(position),
            None => {
                if !(raw.latitude.is_nan() && raw.longitude.is_nan()) {
                    Skipped::add(
                        &mut self.track.skipped,
                        "A point's position is missing or impossible",
                        at,
                    );
                }
                (raw.latitude, raw.longitude) = (f64::NAN, f64::NAN);
            }
        }
        if raw.is_empty() {
            return Skipped::add(&mut self.track.skipped, "A point has nothing in it", at);
        }
        self.track.points.push_raw(&raw);
    }

    /// Takes an element that stands outside of points.
    pub(super) fn take(
        &mut self,
        element: Element,
        parent: Option<Element>,
        text: &str,
        id: Option<Timestamp>,
    ) {
        if let Some(lap) = &mut self.lap {
            return take_total(&mut lap.totals, element, parent, text);
        }
        match (element, parent) {
            (Element::Id, _) => {
                self.id = self.id.or(id);
                if parent == Some(Element::Activity)
                    && let Some(session) = self.track.sessions.last_mut()
                {
                    session.start = id;
                }
            }
            (Element::Name, Some(Element::Course)) => self.track.name = clean(text),
            (Element::Notes, Some(Element::Activity | Element::MultiSport))
                if self.track.name.is_none() =>
            {
                // TCX has no name: a short note on one line is one, a diary is not.
                let note = clean(text)
                    .filter(|note| !note.contains('\n') && note.chars().count() <= LONGEST_NAME);
                self.track.name = note;
            }
            (Element::Name, Some(Element::Creator)) => self.track.source.product = clean(text),
            (Element::UnitId, Some(Element::Creator)) => {
                self.track.source.serial = text.trim().parse().ok().filter(|serial| *serial > 0);
            }
            (Element::ProductId, Some(Element::Creator)) if self.track.source.product.is_none() => {
                self.track.source.product = clean(text).filter(|number| number != "0");
            }
            _ => {}
        }
    }

    /// The finished track.
    ///
    /// Distance is the sum over laps, else the last the points say, else the length over valid positions. Elapsed and timer
    /// time are the sum of the laps' one time, else what the points' times span, without gaps between tracks for the timer.
    pub(super) fn finish(mut self, kind: Kind) -> Track {
        self.end_lap();
        let mut track = self.track;
        track.kind = kind;
        track.sport = match self.sports.as_slice() {
            [] => Sport::Other,
            [sport] => *sport,
            _ => Sport::Multisport,
        };
        track.file_positions = self.line.positions();
        let said = || {
            track
                .points
                .iter()
                .filter_map(|point| point.distance_m)
                .last()
                .filter(|metres| *metres > 0.0)
        };
        let laps = sum(track.laps.iter().map(|lap| lap.totals.distance_m));
        track.distance_m = laps
            .filter(|metres| *metres > 0.0)
            .or_else(said)
            .or(self.line.metres())
            .or(laps);
        let laps = sum(track.laps.iter().map(|lap| lap.totals.timer_s));
        let laps_timed = laps.filter(|seconds| *seconds > 0.0);
        track.elapsed_s = laps_timed.or(self.clock.elapsed_s()).or(laps);
        track.timer_s = laps_timed.or(self.clock.timer_s()).or(laps);
        let first_lap = track.laps.first().and_then(|lap| lap.start);
        track.start = first_lap.or(self.clock.start()).or(self.id);
        let first = track.points.iter().find_map(|point| point.position);
        track.utc_offset_s = first
            .zip(track.start)
            .and_then(|(position, start)| zone::offset(position, start));
        track.source.manufacturer = track.source.product.as_deref().and_then(maker);
        track.points.finish();
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        track.file_laps = count(track.laps.len());
        track.file_sessions = count(track.sessions.len());
        pauses::close(&mut track);
        sum_sessions(&mut track, &self.first_laps);
        derive::complete(&mut track);
        track
    }
}

/// Takes one of a lap's totals.
fn take_total(totals: &mut Totals, element: Element, parent: Option<Element>, text: &str) {
    let value = number(text).filter(|value| *value >= 0.0);
    let own = parent == Some(Element::Lap);
    match element {
        // TCX gives one time for a lap. Its schema does not say whether pauses count; devices leave them out.
        Element::TotalTime if own => (totals.elapsed_s, totals.timer_s) = (value, value),
        Element::Distance if own => totals.distance_m = value,
        Element::MaximumSpeed if own => totals.max_speed_m_s = value,
        // The schema demands calories, so 0 is what is written where nobody knows.
        Element::Calories if own => totals.calories_kcal = value.filter(|value| *value > 0.0),
        Element::Value if parent == Some(Element::AverageHeartRate) => totals.average_hr = value,
        Element::Value if parent == Some(Element::MaximumHeartRate) => totals.max_hr = value,
        Element::Cadence if own => totals.average_cadence = value,
        Element::AverageRunCadence => totals.average_cadence = value,
        Element::MaximumCadence => totals.max_cadence = value,
        Element::AverageSpeed => totals.average_speed_m_s = value,
        Element::AverageWatts => totals.average_power_w = value,
        Element::MaximumWatts => totals.max_power_w = value,
        Element::Steps => totals.cycles = value,
        _ => {}
    }
}

/// Gives each session the sums of its laps, and of a single one those of the track.
fn sum_sessions(track: &mut Track, first_laps: &[usize]) {
    let single = track.sessions.len() == 1;
    for (index, session) in track.sessions.iter_mut().enumerate() {
        let from = first_laps.get(index).copied().unwrap_or(0);
        let to = first_laps.get(index + 1).copied();
        let laps = track.laps.get(from..to.unwrap_or(track.laps.len()));
        let laps = laps.unwrap_or_default();
        session.start = laps.first().and_then(|lap| lap.start).or(session.start);
        session.totals = sums(laps);
        if single {
            session.start = track.start;
            session.totals.elapsed_s = track.elapsed_s;
            session.totals.timer_s = track.timer_s;
            session.totals.distance_m = track.distance_m;
        }
    }
}

/// The totals of laps together: sums, highest values, and means by the laps' times (of all laps, or there is none).
pub(super) fn sums(laps: &[Lap]) -> Totals {
    let all = |value: fn(&Totals) -> Option<f64>| laps.iter().map(move |lap| value(&lap.totals));
    let mean = |value: fn(&Totals) -> Option<f64>| {
        let (mut weighted, mut seconds) = (0.0, 0.0);
        for lap in laps {
            let time = lap.totals.timer_s?;
            weighted += value(&lap.totals)? * time;
            seconds += time;
        }
        (seconds > 0.0).then(|| weighted / seconds)
    };
    let most = |value: fn(&Totals) -> Option<f64>| all(value).flatten().reduce(f64::max);
    let timer_s = sum(all(|totals| totals.timer_s));
    let distance_m = sum(all(|totals| totals.distance_m));
    let seconds = timer_s.filter(|seconds| *seconds > 0.0);
    Totals {
        elapsed_s: sum(all(|totals| totals.elapsed_s)),
        timer_s,
        distance_m,
        calories_kcal: sum(all(|totals| totals.calories_kcal)),
        average_speed_m_s: distance_m.zip(seconds).map(|(way, time)| way / time),
        max_speed_m_s: most(|totals| totals.max_speed_m_s),
        average_hr: mean(|totals| totals.average_hr),
        max_hr: most(|totals| totals.max_hr),
        average_cadence: mean(|totals| totals.average_cadence),
        max_cadence: most(|totals| totals.max_cadence),
        average_power_w: mean(|totals| totals.average_power_w),
        max_power_w: most(|totals| totals.max_power_w),
        cycles: sum(all(|totals| totals.cycles)),
        ..Totals::default()
    }
}

/// The sum of what is there; `None` if nothing is.
fn sum(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    values.flatten().reduce(|sum, value| sum + value)
}

impl RawPoint {
    fn is_empty(&self) -> bool {
        let numbers = [
            self.elevation,
            self.speed,
            self.heart_rate,
            self.cadence,
            self.power,
            self.temperature,
        ];
        self.time_ms == NO_TIME
            && self.latitude.is_nan()
            && self.distance.is_nan()
            && numbers.iter().all(|number| number.is_nan())
    }
}
