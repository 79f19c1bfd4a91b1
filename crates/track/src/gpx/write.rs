//! Writes a track as GPX 1.1 with Garmin's TrackPointExtension v2, and power as Strava's element `power`. Knows no TCX.
//!
//! `power` is put into the namespace of Garmin's PowerExtension: the GPX 1.1 schema allows nothing in `extensions` that has no
//! namespace of its own, and readers look for the name.

use crate::left_out::{Item, LeftOut};
use crate::xml::{Writer, rounded, single};
use crate::{Point, Track, Written};

const HEAD: &str = "<gpx version=\"1.1\" creator=\"Trackdock\" xmlns=\"http://www.topografix.com/GPX/1/1\" \
    xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v2\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xsi:schemaLocation=\"http://www.topografix.com/GPX/1/1 http://www.topografix.com/GPX/1/1/gpx.xsd \
    http://www.garmin.com/xmlschemas/TrackPointExtension/v2 http://www.garmin.com/xmlschemas/TrackPointExtensionv2.xsd\">\n";

/// What a point takes, for the first reservation.
const BYTES_A_POINT: usize = 300;

/// Writes a track: one `<trk>` with one segment.
pub(crate) fn write(track: &Track) -> Written {
    let mut left_out = LeftOut::new("GPX");
    let mut out = Writer::new(
        track
            .points
            .len()
            .saturating_mul(BYTES_A_POINT)
            .saturating_add(1024),
    );
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
    out.element("type", track.sport.name()).raw("<trkseg>\n");
    for point in track.points.iter() {
        write_point(&mut out, &point, &mut left_out);
    }
    out.raw("</trkseg></trk></gpx>");
    // A single lap is the whole activity.
    if track.laps.len() > 1 {
        left_out.add(Item("laps", "lap", "laps"), track.laps.len());
    }
    left_out.add(
        Item("finer sports", "finer sport", "finer sports"),
        usize::from(track.sub_sport.is_some()),
    );
    if track.sessions.len() > 1 {
        left_out.add(
            Item("sessions", "session", "sessions"),
            track.sessions.len(),
        );
    }
    Written {
        bytes: out.finish(),
        left_out: left_out.sentences(),
    }
}

fn write_point(out: &mut Writer, point: &Point, left_out: &mut LeftOut) {
    let Some(position) = point.position else {
        return left_out.add(Item("points without a position", "point", "points"), 1);
    };
    if point.distance_m.is_some() {
        left_out.add(Item("distances in points", "distance", "distances"), 1);
    }
    // The schema ends just before +180, which is the same meridian.
    let longitude = if position.longitude >= 180.0 {
        -180.0
    } else {
        position.longitude
    };
    out.raw("<trkpt lat=\"")
        .digits(position.latitude)
        .raw("\" lon=\"")
        .digits(longitude)
        .raw("\">");
    if let Some(elevation) = point.elevation_m {
        out.number("ele", single(elevation));
    }
    if let Some(time) = point.time {
        out.raw("<time>").time(time).raw("</time>");
    }
    write_sensors(out, point, left_out);
    out.raw("</trkpt>\n");
}

/// The extensions of a point, in the order of their schema.
fn write_sensors(out: &mut Writer, point: &Point, left_out: &mut LeftOut) {
    let heart_rate = rounded(
        point.heart_rate_bpm,
        1..=255,
        "heart rates outside 1 to 255",
        left_out,
    );
    let cadence = rounded(
        point.cadence_rpm,
        0..=254,
        "cadences outside 0 to 254",
        left_out,
    );
    let garmin = point.temperature_c.is_some()
        || heart_rate.is_some()
        || cadence.is_some()
        || point.speed_m_s.is_some();
    if !garmin && point.power_w.is_none() {
        return;
    }
    out.raw("<extensions>");
    if let Some(power) = point.power_w {
        out.raw("<power xmlns=\"http://www.garmin.com/xmlschemas/PowerExtension/v1\">")
            .digits(single(power))
            .raw("</power>");
    }
    if garmin {
        out.raw("<gpxtpx:TrackPointExtension>");
        if let Some(temperature) = point.temperature_c {
            out.number("gpxtpx:atemp", single(temperature));
        }
        if let Some(heart_rate) = heart_rate {
            out.number("gpxtpx:hr", heart_rate);
        }
        if let Some(cadence) = cadence {
            out.number("gpxtpx:cad", cadence);
        }
        if let Some(speed) = point.speed_m_s {
            out.number("gpxtpx:speed", single(speed));
        }
        out.raw("</gpxtpx:TrackPointExtension>");
    }
    out.raw("</extensions>");
}
