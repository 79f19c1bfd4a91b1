//! Writes a track as GPX 1.1 with Garmin's TrackPointExtension v2, and power as Strava's element `power`. Knows no TCX.
//!
//! Resolution: positions a billionth of a degree (0.1 mm), times a millisecond, heart rate and cadence whole numbers, the rest
//! as exact as the points keep it. A pause begins a new segment; its own moments go, those of the points around it stay.
//!
//! `power` is put into the namespace of Garmin's PowerExtension: the GPX 1.1 schema allows nothing in `extensions` that has no
//! namespace of its own, and readers look for the name.

use std::borrow::Cow;

use crate::left_out::{self, Item, LeftOut};
use crate::xml::{Writer, clean, is_allowed, pauses, rounded, west_of_180};
use crate::{Channel, Point, Position, Sport, Track, Written, beyond_points, sport_words};

const HEAD: &str = "<gpx version=\"1.1\" creator=\"Trackdock\" xmlns=\"http://www.topografix.com/GPX/1/1\" \
    xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v2\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xsi:schemaLocation=\"http://www.topografix.com/GPX/1/1 http://www.topografix.com/GPX/1/1/gpx.xsd \
    http://www.garmin.com/xmlschemas/TrackPointExtension/v2 http://www.garmin.com/xmlschemas/TrackPointExtensionv2.xsd\">\n";

/// What a point takes, for the first reservation.
const BYTES_A_POINT: usize = 300;
/// Decimals of a degree.
const DECIMALS: usize = 9;
/// The channels that have a place.
const CHANNELS: [Channel; 1] = [Channel::Depth];

/// Writes a track: one `<trk>` with a segment for each stretch between two pauses.
pub(crate) fn write(track: &Track) -> Written {
    let room = track.points.len().saturating_mul(BYTES_A_POINT);
    let mut out = Writer::new(room.saturating_add(1024));
    out.raw(HEAD);
    if let Some(start) = track.start {
        out.raw("<metadata><time>")
            .time(start)
            .raw("</time></metadata>\n");
    }
    out.raw("<trk>");
    if let Some(name) = &track.name {
        out.element("name", name);
    }
    if let Some(product) = &track.source.product {
        out.element("src", product);
    }
    out.element("type", &word(track)).raw("<trkseg>\n");
    let mut lost = Lost::default();
    write_points(&mut out, track, &mut lost);
    out.raw("</trkseg></trk></gpx>");
    Written {
        bytes: out.finish(),
        left_out: sentences(track, &lost),
    }
}

/// What is written for the sport: its name, or the word that was read and not understood. Whether it is understood is asked
/// of what XML carries of it, for that is what will be read.
fn word(track: &Track) -> Cow<'_, str> {
    let unknown = track
        .sub_sport
        .as_deref()
        .filter(|_| track.sport == Sport::Other);
    let carried = unknown.map(|word| word.chars().filter(|c| is_allowed(*c)).collect::<String>());
    let carried = carried.and_then(|word| clean(&word));
    match carried.filter(|word| sport_words::from_gpx(word).is_none()) {
        Some(word) => Cow::Owned(word),
        None => Cow::Borrowed(track.sport.name()),
    }
}

/// How many values of the points were left out.
#[derive(Default)]
struct Lost {
    points: usize,
    distances: usize,
    heart_rates: usize,
    cadences: usize,
}

fn write_points(out: &mut Writer, track: &Track, lost: &mut Lost) {
    let deep = track
        .points
        .channels()
        .any(|channel| channel == Channel::Depth);
    let mut pauses = track.pauses.iter().map(|pause| pause.before).peekable();
    // A segment without a point yet needs no new one.
    let (mut paused, mut empty) = (false, true);
    for (index, point) in track.points.iter().enumerate() {
        while pauses.next_if(|before| *before <= index).is_some() {
            paused = true;
        }
        let Some(position) = point.position else {
            lost.points += 1;
            continue;
        };
        if paused && !empty {
            out.raw("</trkseg>\n<trkseg>\n");
        }
        (paused, empty) = (false, false);
        let depth_m = if deep {
            track.points.value(index, Channel::Depth)
        } else {
            None
        };
        write_point(out, &point, position, depth_m, lost);
    }
}

#[inline]
fn write_point(
    out: &mut Writer,
    point: &Point,
    position: Position,
    depth_m: Option<f64>,
    lost: &mut Lost,
) {
    lost.distances += usize::from(point.distance_m.is_some());
    out.raw("<trkpt lat=\"")
        .decimal(position.latitude, DECIMALS)
        .raw("\" lon=\"")
        .decimal(west_of_180(position.longitude), DECIMALS)
        .raw("\">");
    if let Some(elevation) = point.elevation_m {
        out.single("ele", elevation);
    }
    if let Some(time) = point.time {
        out.raw("<time>").time(time).raw("</time>");
    }
    write_sensors(out, point, depth_m, lost);
    out.raw("</trkpt>\n");
}

/// The extensions of a point, in the order of their schema.
#[inline]
fn write_sensors(out: &mut Writer, point: &Point, depth_m: Option<f64>, lost: &mut Lost) {
    let heart_rate = rounded(point.heart_rate_bpm, 1..=255, &mut lost.heart_rates);
    let cadence = rounded(point.cadence_rpm, 0..=254, &mut lost.cadences);
    let garmin = point.temperature_c.is_some()
        || depth_m.is_some()
        || heart_rate.is_some()
        || cadence.is_some()
        || point.speed_m_s.is_some();
    if !garmin && point.power_w.is_none() {
        return;
    }
    out.raw("<extensions>");
    if let Some(power) = point.power_w {
        out.raw("<power xmlns=\"http://www.garmin.com/xmlschemas/PowerExtension/v1\">")
            .single_alone(power)
            .raw("</power>");
    }
    if garmin {
        out.raw("<gpxtpx:TrackPointExtension>");
        if let Some(temperature) = point.temperature_c {
            out.single("gpxtpx:atemp", temperature);
        }
        if let Some(depth) = depth_m {
            out.number("gpxtpx:depth", depth);
        }
        if let Some(heart_rate) = heart_rate {
            out.whole("gpxtpx:hr", heart_rate);
        }
        if let Some(cadence) = cadence {
            out.whole("gpxtpx:cad", cadence);
        }
        if let Some(speed) = point.speed_m_s {
            out.single("gpxtpx:speed", speed);
        }
        out.raw("</gpxtpx:TrackPointExtension>");
    }
    out.raw("</extensions>");
}

/// Says what could not be carried.
fn sentences(track: &Track, lost: &Lost) -> Vec<String> {
    let mut left_out = LeftOut::new("GPX");
    let source = &track.source;
    let finer = track
        .sub_sport
        .as_deref()
        .is_some_and(|finer| word(track) != finer);
    for (item, count) in [
        (Item("laps", "lap", "laps"), left_out::laps(track)),
        (
            Item("sessions", "session", "sessions"),
            left_out::sessions(track),
        ),
        (
            Item("points without a position", "point", "points"),
            lost.points,
        ),
        (
            Item("distances in points", "distance", "distances"),
            lost.distances,
        ),
        (
            Item("heart rates outside 1 to 255", "value", "values"),
            lost.heart_rates,
        ),
        (
            Item("cadences outside 0 to 254", "value", "values"),
            lost.cadences,
        ),
        (
            Item("finer sports", "finer sport", "finer sports"),
            usize::from(finer),
        ),
        (
            Item("moments of a pause", "moment", "moments"),
            pauses::own_moments(track),
        ),
        (
            Item("serial numbers", "number", "numbers"),
            usize::from(source.serial.is_some()),
        ),
    ] {
        left_out.add(item, count);
    }
    left_out.add_maker(source);
    left_out.add_own_sums(track);
    beyond_points::add_without_laps(track, &mut left_out);
    left_out.add_channels(track, &CHANNELS);
    left_out.sentences()
}
