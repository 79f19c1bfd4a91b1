//! Writes a track as TCX v2 with ActivityExtension v2. Knows no GPX.
//!
//! The schema demands of each lap a time, a distance and calories: 0 is written where they are unknown. A lap has the points
//! from its start to the next lap's start. The name goes into `Notes`, the only text an activity has.

use std::ops::RangeInclusive;

use jiff::Timestamp;

use crate::left_out::{Item, LeftOut};
use crate::xml::{Writer, rounded, single};
use crate::{Lap, Point, Totals, Track, Written, sport_words};

const HEAD: &str = "<TrainingCenterDatabase xmlns=\"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2\" \
    xmlns:ax=\"http://www.garmin.com/xmlschemas/ActivityExtension/v2\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xsi:schemaLocation=\"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2 \
    http://www.garmin.com/xmlschemas/TrainingCenterDatabasev2.xsd\">\n";

/// What a point takes, for the first reservation.
const BYTES_A_POINT: usize = 450;

/// The cadences that the schema takes, and what is said of others.
const CADENCES: RangeInclusive<u16> = 0..=254;
const NO_CADENCE: &str = "cadences outside 0 to 254";
const NO_HEART_RATE: &str = "heart rates outside 1 to 255";
const NO_POWER: &str = "powers outside 0 to 65,535";

/// Writes a track as one activity.
pub(crate) fn write(track: &Track) -> Written {
    let mut left_out = LeftOut::new("TCX");
    let mut out = Writer::new(
        track
            .points
            .len()
            .saturating_mul(BYTES_A_POINT)
            .saturating_add(1024),
    );
    let start = begin(track);
    let sport = sport_words::to_tcx(track.sport);
    out.raw(HEAD)
        .raw("<Activities><Activity Sport=\"")
        .raw(sport)
        .raw("\"><Id>")
        .time(start)
        .raw("</Id>\n");
    write_laps(&mut out, track, start, sport == "Running", &mut left_out);
    if let Some(name) = &track.name {
        out.element("Notes", name);
    }
    write_creator(&mut out, track);
    out.raw("</Activity></Activities></TrainingCenterDatabase>");
    let finer = sport_words::from_tcx(sport) != Some(track.sport) || track.sub_sport.is_some();
    left_out.add(
        Item("finer sports", "finer sport", "finer sports"),
        usize::from(finer),
    );
    if track.sessions.len() > 1 {
        left_out.add(
            Item("sessions as we write it", "session", "sessions"),
            track.sessions.len(),
        );
    }
    Written {
        bytes: out.finish(),
        left_out: left_out.sentences(),
    }
}

/// When the activity begins; the schema leaves no choice but to say.
fn begin(track: &Track) -> Timestamp {
    let lap = track.laps.first().and_then(|lap| lap.start);
    let point = || track.points.iter().find_map(|point| point.time);
    track
        .start
        .or(lap)
        .or_else(point)
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Writes the laps with their points; without laps, one that is the whole track.
fn write_laps(
    out: &mut Writer,
    track: &Track,
    start: Timestamp,
    runs: bool,
    left_out: &mut LeftOut,
) {
    let whole = [Lap {
        start: Some(start),
        totals: Totals {
            elapsed_s: track.elapsed_s,
            timer_s: track.timer_s,
            distance_m: track.distance_m,
            ..Totals::default()
        },
    }];
    let laps = if track.laps.is_empty() {
        &whole
    } else {
        track.laps.as_slice()
    };
    let mut points = track.points.iter().peekable();
    let mut began = start;
    for (index, lap) in laps.iter().enumerate() {
        began = lap.start.unwrap_or(began);
        let next = laps.get(index + 1);
        // A lap without a start takes no points away from the one before it.
        let until = next.map(|next| next.start.unwrap_or(Timestamp::MAX));
        write_lap_head(out, lap, began, runs, left_out);
        let mut open = false;
        while let Some(point) = points
            .next_if(|point| until.is_none_or(|until| point.time.is_none_or(|time| time < until)))
        {
            let Some(time) = point.time else {
                left_out.add(Item("points without a time", "point", "points"), 1);
                continue;
            };
            if !open {
                out.raw("<Track>\n");
                open = true;
            }
            write_point(out, &point, time, runs, left_out);
        }
        if open {
            out.raw("</Track>");
        }
        write_lap_tail(out, lap, runs, left_out);
    }
}

/// The totals of a lap that stand before its points, in the order of the schema.
fn write_lap_head(
    out: &mut Writer,
    lap: &Lap,
    start: Timestamp,
    runs: bool,
    left_out: &mut LeftOut,
) {
    out.raw("<Lap StartTime=\"").time(start).raw("\">");
    if lap
        .totals
        .elapsed_s
        .zip(lap.totals.timer_s)
        .is_some_and(|(elapsed, timer)| (elapsed - timer).abs() > 0.5)
    {
        left_out.add(
            Item("pauses in a lap's time", "elapsed time", "elapsed times"),
            1,
        );
    }
    out.number(
        "TotalTimeSeconds",
        positive(lap.totals.timer_s.or(lap.totals.elapsed_s)),
    );
    out.number("DistanceMeters", positive(lap.totals.distance_m));
    if let Some(speed) = lap.totals.max_speed_m_s.filter(|speed| speed.is_finite()) {
        out.number("MaximumSpeed", speed);
    }
    let calories = rounded(
        lap.totals.calories_kcal,
        0..=u16::MAX,
        "calories outside 0 to 65,535",
        left_out,
    );
    out.number("Calories", calories.unwrap_or(0));
    for (name, rate) in [
        ("AverageHeartRateBpm", lap.totals.average_hr),
        ("MaximumHeartRateBpm", lap.totals.max_hr),
    ] {
        if let Some(rate) = rounded(rate, 1..=255, NO_HEART_RATE, left_out) {
            out.raw("<")
                .raw(name)
                .raw(">")
                .number("Value", rate)
                .raw("</")
                .raw(name)
                .raw(">");
        }
    }
    left_out.add(
        Item("ascent in laps", "ascent", "ascents"),
        usize::from(lap.totals.ascent_m.is_some()),
    );
    out.raw("<Intensity>Active</Intensity>");
    if !runs
        && let Some(cadence) = rounded(lap.totals.average_cadence, CADENCES, NO_CADENCE, left_out)
    {
        out.number("Cadence", cadence);
    }
    out.raw("<TriggerMethod>Manual</TriggerMethod>");
}

/// What stands behind the points of a lap, and its end.
fn write_lap_tail(out: &mut Writer, lap: &Lap, runs: bool, left_out: &mut LeftOut) {
    let cadence = lap.totals.average_cadence.filter(|_| runs);
    let cadence = rounded(cadence, CADENCES, NO_CADENCE, left_out);
    let power = rounded(lap.totals.average_power_w, 0..=u16::MAX, NO_POWER, left_out);
    if cadence.is_some() || power.is_some() {
        out.raw("<Extensions><ax:LX>");
        if let Some(cadence) = cadence {
            out.number("ax:AvgRunCadence", cadence);
        }
        if let Some(power) = power {
            out.number("ax:AvgWatts", power);
        }
        out.raw("</ax:LX></Extensions>");
    }
    out.raw("</Lap>\n");
}

/// A point with a time, in the order of the schema. A runner's cadence has its own place.
fn write_point(
    out: &mut Writer,
    point: &Point,
    time: Timestamp,
    runs: bool,
    left_out: &mut LeftOut,
) {
    out.raw("<Trackpoint><Time>").time(time).raw("</Time>");
    if let Some(position) = point.position {
        // The schema ends just before +180, which is the same meridian.
        let longitude = if position.longitude >= 180.0 {
            -180.0
        } else {
            position.longitude
        };
        out.raw("<Position>")
            .number("LatitudeDegrees", position.latitude);
        out.number("LongitudeDegrees", longitude).raw("</Position>");
    }
    if let Some(elevation) = point.elevation_m {
        out.number("AltitudeMeters", single(elevation));
    }
    if let Some(distance) = point.distance_m {
        out.number("DistanceMeters", distance);
    }
    if let Some(rate) = rounded(point.heart_rate_bpm, 1..=255, NO_HEART_RATE, left_out) {
        out.raw("<HeartRateBpm>")
            .number("Value", rate)
            .raw("</HeartRateBpm>");
    }
    let cadence = rounded(point.cadence_rpm, CADENCES, NO_CADENCE, left_out);
    if let Some(cadence) = cadence.filter(|_| !runs) {
        out.number("Cadence", cadence);
    }
    let cadence = cadence.filter(|_| runs);
    let power = rounded(point.power_w, 0..=u16::MAX, NO_POWER, left_out);
    if point.speed_m_s.is_some() || cadence.is_some() || power.is_some() {
        out.raw("<Extensions><ax:TPX>");
        if let Some(speed) = point.speed_m_s {
            out.number("ax:Speed", single(speed));
        }
        if let Some(cadence) = cadence {
            out.number("ax:RunCadence", cadence);
        }
        if let Some(power) = power {
            out.number("ax:Watts", power);
        }
        out.raw("</ax:TPX></Extensions>");
    }
    left_out.add(
        Item("temperatures", "temperature", "temperatures"),
        usize::from(point.temperature_c.is_some()),
    );
    out.raw("</Trackpoint>\n");
}

/// The device, if anything is known of it. Its numbers are demanded by the schema: 0 stands for unknown ones.
fn write_creator(out: &mut Writer, track: &Track) {
    let source = &track.source;
    if source.product.is_none() && source.serial.is_none() {
        return;
    }
    out.raw("<Creator xsi:type=\"Device_t\">")
        .element("Name", source.product.as_deref().unwrap_or_default());
    let unit = source
        .serial
        .and_then(|serial| u32::try_from(serial).ok())
        .unwrap_or(0);
    out.number("UnitId", unit).number("ProductID", 0);
    out.raw(
        "<Version><VersionMajor>0</VersionMajor><VersionMinor>0</VersionMinor></Version></Creator>",
    );
}

/// A number the schema demands; 0 if it is unknown.
fn positive(value: Option<f64>) -> f64 {
    value
        .filter(|value| value.is_finite() && *value > 0.0)
        .unwrap_or(0.0)
}
