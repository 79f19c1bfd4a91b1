//! Writes a track as GeoJSON (RFC 7946): one feature with its line, and every measure of its points beside it. Knows no file.
//!
//! Times are `coordTimes`, measures are `coordinateProperties`: arrays in the shape of the coordinates, `null` where a point has
//! none. The line is broken at pauses, and where it crosses the date line.

use geojson::{Feature, Geometry, GeometryValue, JsonObject, JsonValue, Position};
use jiff::Timestamp;

use crate::left_out::{Item, LeftOut};
use crate::line_pieces::{self, Pieces};
use crate::series::{self, Series};
use crate::{Track, Written, beyond_points};

/// Writes a track as one feature; without positions its geometry is `null`.
pub(crate) fn write(track: &Track) -> Written {
    let mut left_out = LeftOut::new("GeoJSON");
    let pieces = line_pieces::at_pauses(track, |_| true);
    let pieces = line_pieces::at_date_line(track, pieces);
    let broken = pieces.len();
    let pieces = line_pieces::as_lines(pieces);
    let kept: usize = pieces.iter().map(Vec::len).sum();
    left_out.add(
        Item("points without a position", "point", "points"),
        track.points.len() - kept,
    );
    left_out.add(
        Item("lines of a single point", "gap", "gaps"),
        broken - pieces.len(),
    );
    beyond_points::add(track, &mut left_out);
    let mut properties = facts(track);
    add_measures(&mut properties, track, &pieces);
    let feature = Feature {
        geometry: geometry(track, &pieces).map(Geometry::new),
        properties: Some(properties),
        ..Feature::default()
    };
    Written {
        bytes: feature.to_string().into_bytes(),
        left_out: left_out.sentences(),
    }
}

fn geometry(track: &Track, pieces: &Pieces) -> Option<GeometryValue> {
    let line = |piece: &Vec<usize>| piece.iter().map(|index| position(track, *index)).collect();
    Some(match pieces.as_slice() {
        [] => return None,
        [only] => match only.as_slice() {
            [index] => GeometryValue::new_point(position(track, *index)),
            _ => GeometryValue::LineString {
                coordinates: line(only),
            },
        },
        several => GeometryValue::MultiLineString {
            coordinates: several.iter().map(line).collect(),
        },
    })
}

fn position(track: &Track, index: usize) -> Position {
    let points = &track.points;
    let longitude = points.longitude.get(index).unwrap_or_default();
    let latitude = points.latitude.get(index).unwrap_or_default();
    let elevation = points
        .elevation
        .get(index)
        .filter(|value| value.is_finite());
    match elevation {
        Some(elevation) => [longitude, latitude, series::short(elevation)].into(),
        None => [longitude, latitude].into(),
    }
}

/// What is known of the track as a whole; what is not known is left away.
fn facts(track: &Track) -> JsonObject {
    let source = &track.source;
    let texts = [
        ("sport", Some(track.sport.name().to_owned())),
        ("sub_sport", track.sub_sport.clone()),
        ("name", track.name.clone()),
        ("manufacturer", source.manufacturer.clone()),
        ("product", source.product.clone()),
        ("start", track.start.map(|start| start.to_string())),
    ];
    let numbers = [
        ("utc_offset_s", track.utc_offset_s.map(f64::from)),
        ("elapsed_s", track.elapsed_s),
        ("timer_s", track.timer_s),
        ("moving_s", track.moving_s),
        ("distance_m", track.distance_m),
        ("ascent_m", track.ascent_m),
        ("descent_m", track.descent_m),
    ];
    let texts = texts
        .into_iter()
        .map(|(key, text)| (key, text.map(JsonValue::from)));
    let numbers = numbers.into_iter().map(|(key, number)| {
        let finite = number.filter(|number| number.is_finite());
        (key, finite.map(JsonValue::from))
    });
    let known = texts.chain(numbers);
    known
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

/// The times and measures of the points, in the shape of the coordinates.
fn add_measures(properties: &mut JsonObject, track: &Track, pieces: &Pieces) {
    if track.points.has_times() {
        let time = |index: usize| {
            let time = track.points.time.get(index)?;
            let time = Timestamp::from_millisecond(time).ok()?;
            Some(time.to_string().into())
        };
        properties.insert("coordTimes".to_owned(), nested(pieces, time));
    }
    // The elevation stands in the coordinates.
    let all = series::all(track);
    let there = || all.iter().skip(1).filter(|series| series.has_any());
    let values = |series: &Series| {
        let value = |index: usize| series.get(index).map(|value| value.short().into());
        (series.name.clone(), nested(pieces, value))
    };
    let units = |series: &Series| (series.name.clone(), series.units.into());
    let measures: JsonObject = there().map(values).collect();
    if !measures.is_empty() {
        properties.insert("coordinateProperties".to_owned(), measures.into());
        let units: JsonObject = there().map(units).collect();
        properties.insert("units".to_owned(), units.into());
    }
}

/// One array, or one for each piece where there are several.
fn nested(pieces: &Pieces, each: impl Fn(usize) -> Option<JsonValue>) -> JsonValue {
    let array = |piece: &Vec<usize>| {
        let values = piece
            .iter()
            .map(|index| each(*index).unwrap_or(JsonValue::Null));
        JsonValue::Array(values.collect())
    };
    match pieces.as_slice() {
        [only] => array(only),
        several => JsonValue::Array(several.iter().map(array).collect()),
    }
}
