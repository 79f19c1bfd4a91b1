//! Writes a track as KML 2.2 with Google's `gx:Track`, or as plain lines where it has no times. Knows no GPX.
//!
//! The elevations are written as they are, and the line is drawn on the ground: barometers and models of the ground never agree,
//! and a ride would float or be buried. Only what flies is drawn at its height.

use jiff::Timestamp;

use crate::left_out::{Item, LeftOut};
use crate::line_pieces::{self, Pieces};
use crate::series::{self, Series};
use crate::xml::Writer;
use crate::{Sport, Track, Written, beyond_points};

const HEAD: &str = "<kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:gx=\"http://www.google.com/kml/ext/2.2\">\n<Document>";

/// What a point takes, for the first reservation.
const BYTES_A_POINT: usize = 220;

/// Sports whose height is the point of them.
const FLY: [Sport; 6] = [
    Sport::Flying,
    Sport::Gliding,
    Sport::HangGliding,
    Sport::HotAirBallooning,
    Sport::Paragliding,
    Sport::SkyDiving,
];

/// Writes a track as one placemark; without positions it has no geometry.
pub(crate) fn write(track: &Track) -> Written {
    let mut left_out = LeftOut::new("KML");
    let placed = line_pieces::at_pauses(track, |_| true);
    let timed = line_pieces::at_pauses(track, |index| track.points.time.get(index).is_some());
    let count = |pieces: &Pieces| pieces.iter().map(Vec::len).sum::<usize>();
    let (all, with_time) = (count(&placed), count(&timed));
    left_out.add(
        Item("points without a position", "point", "points"),
        track.points.len() - all,
    );
    // What most points have is kept; a `gx:Track` takes no point without a time.
    let moves = with_time > 0 && with_time * 2 >= all;
    let mut out = Writer::new(all.saturating_mul(BYTES_A_POINT).saturating_add(2048));
    let columns = series::all(track);
    // The elevation stands in the coordinates.
    let columns: Vec<&Series> = columns
        .iter()
        .skip(1)
        .filter(|each| each.has_any())
        .collect();
    out.raw(HEAD);
    write_head(&mut out, track, if moves { &columns } else { &[] });
    if moves {
        left_out.add(
            Item("points without a time in a track", "point", "points"),
            all - with_time,
        );
        write_moving(&mut out, track, &columns, &timed);
    } else {
        left_out.add(Item("times in a line", "time", "times"), with_time);
        let values = columns.iter().map(|column| {
            let there = placed
                .iter()
                .flatten()
                .filter(|index| column.get(**index).is_some());
            there.count()
        });
        left_out.add(Item("measures in a line", "value", "values"), values.sum());
        write_still(&mut out, track, &placed);
    }
    out.raw("</Placemark></Document></kml>");
    beyond_points::add(track, &mut left_out);
    Written {
        bytes: out.finish(),
        left_out: left_out.sentences(),
    }
}

/// What stands before the geometry: the name, what the measures are, and what is known of the whole.
fn write_head(out: &mut Writer, track: &Track, columns: &[&Series]) {
    let name = track.name.as_deref().unwrap_or_else(|| track.sport.name());
    out.element("name", name).raw("\n");
    if !columns.is_empty() {
        out.raw("<Schema id=\"points\">");
        for column in columns {
            out.raw("<gx:SimpleArrayField name=\"").text(&column.name);
            out.raw("\" type=\"float\"><displayName>")
                .text(&column.name);
            if !column.units.is_empty() {
                out.raw(" (").text(column.units).raw(")");
            }
            out.raw("</displayName></gx:SimpleArrayField>\n");
        }
        out.raw("</Schema>\n");
    }
    out.raw("<Style id=\"line\"><LineStyle><color>ff2a5cff</color><width>4</width></LineStyle></Style>\n<Placemark>");
    out.element("name", name)
        .raw("<styleUrl>#line</styleUrl>\n<ExtendedData>");
    datum(out, "sport", track.sport.name());
    if let Some(finer) = &track.sub_sport {
        datum(out, "sub_sport", finer);
    }
    if let Some(product) = &track.source.product {
        datum(out, "product", product);
    }
    if let Some(start) = track.start {
        datum(out, "start", &start.to_string());
    }
    for (key, value) in [
        ("elapsed_s", track.elapsed_s),
        ("timer_s", track.timer_s),
        ("moving_s", track.moving_s),
        ("distance_m", track.distance_m),
        ("ascent_m", track.ascent_m),
        ("descent_m", track.descent_m),
    ] {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            datum(out, key, &value.to_string());
        }
    }
    out.raw("</ExtendedData>\n");
}

fn datum(out: &mut Writer, name: &str, value: &str) {
    out.raw("<Data name=\"").raw(name).raw("\">");
    out.element("value", value).raw("</Data>");
}

/// Points with times: each piece is a `gx:Track`, its measures behind it, one value a point.
fn write_moving(out: &mut Writer, track: &Track, columns: &[&Series], pieces: &Pieces) {
    out.raw("<gx:MultiTrack><gx:interpolate>0</gx:interpolate>\n");
    for piece in pieces {
        out.raw("<gx:Track>").raw(altitude_mode(track)).raw("\n");
        let times = piece
            .iter()
            .filter_map(|index| track.points.time.get(*index));
        for time in times.filter_map(|time| Timestamp::from_millisecond(time).ok()) {
            out.raw("<when>").time(time).raw("</when>\n");
        }
        for index in piece {
            out.raw("<gx:coord>");
            write_coordinates(out, track, *index, " ");
            out.raw("</gx:coord>\n");
        }
        if !columns.is_empty() {
            out.raw("<ExtendedData><SchemaData schemaUrl=\"#points\">\n");
            for column in columns {
                out.raw("<gx:SimpleArrayData name=\"")
                    .text(&column.name)
                    .raw("\">\n");
                for index in piece {
                    match column.get(*index) {
                        Some(value) => out.raw("<gx:value>").digits(value).raw("</gx:value>\n"),
                        None => out.raw("<gx:value/>\n"),
                    };
                }
                out.raw("</gx:SimpleArrayData>\n");
            }
            out.raw("</SchemaData></ExtendedData>");
        }
        out.raw("</gx:Track>\n");
    }
    out.raw("</gx:MultiTrack>");
}

/// Points without times: each piece is a line, a single point a point.
fn write_still(out: &mut Writer, track: &Track, pieces: &Pieces) {
    if pieces.is_empty() {
        return;
    }
    out.raw("<MultiGeometry>\n");
    for piece in pieces {
        let (open, close) = match piece.as_slice() {
            [_] => ("<Point>", "</Point>\n"),
            _ => ("<LineString><tessellate>1</tessellate>", "</LineString>\n"),
        };
        out.raw(open).raw(altitude_mode(track)).raw("<coordinates>");
        for (place, index) in piece.iter().enumerate() {
            if place > 0 {
                out.raw("\n");
            }
            write_coordinates(out, track, *index, ",");
        }
        out.raw("</coordinates>").raw(close);
    }
    out.raw("</MultiGeometry>");
}

fn altitude_mode(track: &Track) -> &'static str {
    if FLY.contains(&track.sport) && track.points.has_elevation() {
        "<altitudeMode>absolute</altitudeMode>"
    } else {
        "<altitudeMode>clampToGround</altitudeMode>"
    }
}

/// Longitude, latitude, and the elevation if there is one.
fn write_coordinates(out: &mut Writer, track: &Track, index: usize, between: &str) {
    let points = &track.points;
    out.digits(points.longitude.get(index).unwrap_or_default())
        .raw(between)
        .digits(points.latitude.get(index).unwrap_or_default());
    if let Some(elevation) = points
        .elevation
        .get(index)
        .filter(|value| value.is_finite())
    {
        out.raw(between).digits(elevation);
    }
}
