//! Writes a track as TCX v2 with ActivityExtension v2. Knows no GPX.
//!
//! The schema demands of each lap a time, a distance and calories: 0 is written where they are unknown. A lap has the points
//! from its start to the next lap's start. The name goes into `Notes`, the only text an activity has.
//!
//! Resolution: positions a billionth of a degree (0.1 mm), times a millisecond, heart rate, cadence and power whole numbers,
//! speed and elevation as exact as the points keep them. Of a lap's two times the one without pauses is written. A pause inside
//! of a lap begins a new `Track`; its own moments go, those of the points around it stay.

use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::lost::Lost;
use super::plan::{Leg, legs, sessions};
use crate::xml::{Writer, rounded, west_of_180};
use crate::{Pause, Point, Points, Sport, Totals, Track, Written, sport_words};

const HEAD: &str = "<TrainingCenterDatabase xmlns=\"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2\" \
    xmlns:ax=\"http://www.garmin.com/xmlschemas/ActivityExtension/v2\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xsi:schemaLocation=\"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2 \
    http://www.garmin.com/xmlschemas/TrainingCenterDatabasev2.xsd\">\n";

/// What a point takes, for the first reservation.
const BYTES_A_POINT: usize = 450;
/// Decimals of a degree.
const DECIMALS: usize = 9;
/// What the schema takes.
const HEART_RATES: RangeInclusive<u16> = 1..=255;
const CADENCES: RangeInclusive<u16> = 0..=254;
const WHOLE: RangeInclusive<u16> = 0..=u16::MAX;

/// Writes a track as one activity; of several sessions each is one, in a `MultiSportSession`.
pub(crate) fn write(track: &Track) -> Written {
    let room = track.points.len().saturating_mul(BYTES_A_POINT);
    let mut pen = Pen {
        out: Writer::new(room.saturating_add(1024)),
        lost: Lost::default(),
        runs: false,
    };
    let legs = legs(track);
    let several = !sessions(&legs).is_empty();
    pen.out.raw(HEAD).raw("<Activities>");
    if several {
        pen.write_sessions(track, &legs);
    } else {
        pen.write_one(track, &legs);
    }
    pen.out.raw("</Activities></TrainingCenterDatabase>");
    Written {
        left_out: pen.lost.sentences(track, &legs),
        bytes: pen.out.finish(),
    }
}

/// The points that are still to be written.
struct Rest<'a> {
    points: &'a Points,
    next: usize,
    pauses: &'a [Pause],
}

impl<'a> Rest<'a> {
    fn of(track: &'a Track) -> Rest<'a> {
        Rest {
            points: &track.points,
            next: 0,
            pauses: &track.pauses,
        }
    }

    /// The next point, if it is of before this moment, and whether there was a pause before it.
    fn next_before(&mut self, until: Option<Timestamp>) -> Option<(Point, bool)> {
        let point = self.points.get(self.next)?;
        if until.is_some_and(|until| point.time.is_some_and(|time| time >= until)) {
            return None;
        }
        let mut paused = false;
        while let Some((pause, behind)) = self.pauses.split_first()
            && pause.before <= self.next
        {
            (paused, self.pauses) = (true, behind);
        }
        self.next += 1;
        Some((point, paused))
    }
}

/// The file so far.
struct Pen {
    out: Writer,
    lost: Lost,
    /// Whether the sport has steps: a runner's cadence has its own places.
    runs: bool,
}

impl Pen {
    fn write_one(&mut self, track: &Track, legs: &[Leg<'_>]) {
        let id = track.start.or(legs.first().map(|leg| leg.start));
        self.begin_activity(track.sport, id.unwrap_or_default());
        self.write_legs(&mut Rest::of(track), legs);
        if let Some(name) = &track.name {
            self.out.element("Notes", name);
        }
        write_creator(&mut self.out, track);
        self.out.raw("</Activity>");
    }

    fn write_sessions(&mut self, track: &Track, legs: &[Leg<'_>]) {
        let mut rest = Rest::of(track);
        self.out.raw("<MultiSportSession><Id>");
        self.out
            .time(
                track
                    .start
                    .or(legs.first().map(|leg| leg.start))
                    .unwrap_or_default(),
            )
            .raw("</Id>\n");
        let sessions = sessions(legs);
        for (index, (session, own)) in sessions.iter().enumerate() {
            let place = if index == 0 {
                "FirstSport"
            } else {
                "NextSport"
            };
            self.out.raw("<").raw(place).raw(">");
            self.begin_activity(session.sport, session.start.unwrap_or_default());
            self.write_legs(&mut rest, own);
            if index == 0 {
                write_creator(&mut self.out, track);
            }
            self.out.raw("</Activity></").raw(place).raw(">\n");
        }
        if let Some(name) = &track.name {
            self.out.element("Notes", name);
        }
        self.out.raw("</MultiSportSession>");
    }

    fn begin_activity(&mut self, sport: Sport, id: Timestamp) {
        let word = sport_words::to_tcx(sport);
        self.runs = word == "Running";
        self.out
            .raw("<Activity Sport=\"")
            .raw(word)
            .raw("\"><Id>")
            .time(id)
            .raw("</Id>\n");
    }

    /// Writes laps with their points.
    fn write_legs(&mut self, rest: &mut Rest<'_>, legs: &[Leg<'_>]) {
        for leg in legs {
            self.begin_lap(&leg.lap.totals, leg.start);
            self.write_track(rest, leg.until);
            self.end_lap(&leg.lap.totals);
        }
    }

    fn write_track(&mut self, rest: &mut Rest<'_>, until: Option<Timestamp>) {
        let (mut open, mut waits) = (false, false);
        while let Some((point, paused)) = rest.next_before(until) {
            waits |= paused;
            let Some(time) = point.time else {
                self.lost.points += 1;
                continue;
            };
            match (open, waits) {
                (false, between) => {
                    self.out.raw("<Track>\n");
                    self.lost.pauses += usize::from(between);
                }
                (true, true) => {
                    self.out.raw("</Track>\n<Track>\n");
                }
                (true, false) => {}
            }
            (open, waits) = (true, false);
            self.write_point(&point, time);
        }
        if open {
            self.out.raw("</Track>");
        }
    }

    /// The totals of a lap that stand before its points, in the order of the schema.
    fn begin_lap(&mut self, totals: &Totals, start: Timestamp) {
        let Pen { out, lost, runs } = self;
        out.raw("<Lap StartTime=\"").time(start).raw("\">");
        out.number(
            "TotalTimeSeconds",
            positive(totals.timer_s.or(totals.elapsed_s)),
        );
        out.number("DistanceMeters", positive(totals.distance_m));
        if let Some(speed) = finite(totals.max_speed_m_s) {
            out.number("MaximumSpeed", speed);
        }
        let calories = rounded(totals.calories_kcal, WHOLE, &mut lost.calories);
        out.whole("Calories", calories.unwrap_or(0));
        for (name, rate) in [
            ("AverageHeartRateBpm", totals.average_hr),
            ("MaximumHeartRateBpm", totals.max_hr),
        ] {
            if let Some(rate) = rounded(rate, HEART_RATES, &mut lost.heart_rates) {
                out.raw("<").raw(name).raw(">").whole("Value", rate);
                out.raw("</").raw(name).raw(">");
            }
        }
        out.raw("<Intensity>Active</Intensity>");
        if !*runs
            && let Some(cadence) = rounded(totals.average_cadence, CADENCES, &mut lost.cadences)
        {
            out.whole("Cadence", cadence);
        }
        out.raw("<TriggerMethod>Manual</TriggerMethod>");
    }

    /// What stands behind the points of a lap, in the order of the schema, and its end.
    fn end_lap(&mut self, totals: &Totals) {
        let Pen { out, lost, runs } = self;
        let speed = finite(totals.average_speed_m_s);
        let steps = totals.average_cadence.filter(|_| *runs);
        let steps = rounded(steps, CADENCES, &mut lost.cadences);
        let most = rounded(totals.max_cadence, CADENCES, &mut lost.cadences);
        let values = [
            ("ax:MaxBikeCadence", most.filter(|_| !*runs)),
            ("ax:AvgRunCadence", steps),
            ("ax:MaxRunCadence", most.filter(|_| *runs)),
            ("ax:Steps", rounded(totals.cycles, WHOLE, &mut lost.cycles)),
            (
                "ax:AvgWatts",
                rounded(totals.average_power_w, WHOLE, &mut lost.powers),
            ),
            (
                "ax:MaxWatts",
                rounded(totals.max_power_w, WHOLE, &mut lost.powers),
            ),
        ];
        if speed.is_some() || values.iter().any(|(_, value)| value.is_some()) {
            out.raw("<Extensions><ax:LX>");
            if let Some(speed) = speed {
                out.number("ax:AvgSpeed", speed);
            }
            for (name, value) in values {
                if let Some(value) = value {
                    out.whole(name, value);
                }
            }
            out.raw("</ax:LX></Extensions>");
        }
        out.raw("</Lap>\n");
    }

    /// A point with a time, in the order of the schema. A runner's cadence has its own place.
    #[inline]
    fn write_point(&mut self, point: &Point, time: Timestamp) {
        let Pen { out, lost, runs } = self;
        out.raw("<Trackpoint><Time>").time(time).raw("</Time>");
        if let Some(position) = point.position {
            out.raw("<Position><LatitudeDegrees>")
                .decimal(position.latitude, DECIMALS)
                .raw("</LatitudeDegrees><LongitudeDegrees>")
                .decimal(west_of_180(position.longitude), DECIMALS)
                .raw("</LongitudeDegrees></Position>");
        }
        if let Some(elevation) = point.elevation_m {
            out.single("AltitudeMeters", elevation);
        }
        if let Some(distance) = point.distance_m {
            out.number("DistanceMeters", distance);
        }
        if let Some(rate) = rounded(point.heart_rate_bpm, HEART_RATES, &mut lost.heart_rates) {
            out.raw("<HeartRateBpm>")
                .whole("Value", rate)
                .raw("</HeartRateBpm>");
        }
        let cadence = rounded(point.cadence_rpm, CADENCES, &mut lost.cadences);
        if let Some(cadence) = cadence.filter(|_| !*runs) {
            out.whole("Cadence", cadence);
        }
        let cadence = cadence.filter(|_| *runs);
        let power = rounded(point.power_w, WHOLE, &mut lost.powers);
        if point.speed_m_s.is_some() || cadence.is_some() || power.is_some() {
            out.raw("<Extensions><ax:TPX>");
            if let Some(speed) = point.speed_m_s {
                out.single("ax:Speed", speed);
            }
            if let Some(cadence) = cadence {
                out.whole("ax:RunCadence", cadence);
            }
            if let Some(power) = power {
                out.whole("ax:Watts", power);
            }
            out.raw("</ax:TPX></Extensions>");
        }
        lost.temperatures += usize::from(point.temperature_c.is_some());
        out.raw("</Trackpoint>\n");
    }
}

/// The device, if anything is known of it. Its numbers are demanded by the schema: 0 stands for unknown ones.
fn write_creator(out: &mut Writer, track: &Track) {
    let source = &track.source;
    if source.product.is_none() && source.serial.is_none() {
        return;
    }
    out.raw("<Creator xsi:type=\"Device_t\">")
        .element("Name", source.product.as_deref().unwrap_or_default());
    out.whole("UnitId", source.unit().unwrap_or(0))
        .whole("ProductID", 0);
    out.raw(
        "<Version><VersionMajor>0</VersionMajor><VersionMinor>0</VersionMinor></Version></Creator>",
    );
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// A number the schema demands; 0 if it is unknown.
fn positive(value: Option<f64>) -> f64 {
    finite(value).filter(|value| *value > 0.0).unwrap_or(0.0)
}
