//! The values that points have besides time and place, as named series: what the table and map formats write. Knows none of them.

use std::collections::HashSet;

use crate::column::Column;
use crate::{Channel, Track};

/// One measure of a track's points.
pub(crate) struct Series<'a> {
    /// Unique in its list: in `snake_case`, or as the file that described the field calls it (untrusted text).
    pub(crate) name: String,
    /// Its unit; empty where it has none. Of a field that the file described, untrusted text.
    pub(crate) units: &'a str,
    values: Values<'a>,
}

enum Values<'a> {
    Single(&'a Column<f32>),
    Double(&'a Column<f64>),
}

/// A value, no longer than it is exact.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    Single(f32),
    Double(f64),
}

impl std::fmt::Display for Value {
    #[inline]
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Single(value) => value.fmt(out),
            Value::Double(value) => value.fmt(out),
        }
    }
}

impl Value {
    /// As a double that is written with as few digits.
    pub(crate) fn short(self) -> f64 {
        match self {
            Value::Single(value) => short(value),
            Value::Double(value) => value,
        }
    }
}

/// A single as the double that is written with as few digits: 0.1, where widening makes 0.10000000149011612.
pub(crate) fn short(value: f32) -> f64 {
    // What a float is written as is always a number.
    value
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(value))
}

impl Series<'_> {
    /// Whether any point has a value.
    pub(crate) fn has_any(&self) -> bool {
        match self.values {
            Values::Single(column) => column.has_any(),
            Values::Double(column) => column.has_any(),
        }
    }

    /// The value of a point, if it is there and finite.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<Value> {
        match self.values {
            Values::Single(column) => column
                .get(index)
                .filter(|value| value.is_finite())
                .map(Value::Single),
            Values::Double(column) => column
                .get(index)
                .filter(|value| value.is_finite())
                .map(Value::Double),
        }
    }
}

/// The usual measures in their order, whether there or not, then the channels that are there.
pub(crate) fn all(track: &Track) -> Vec<Series<'_>> {
    let points = &track.points;
    let single = |name: &str, units, column| Series {
        name: name.to_owned(),
        units,
        values: Values::Single(column),
    };
    let mut list = vec![
        single("elevation", "m", &points.elevation),
        Series {
            name: "distance".to_owned(),
            units: "m",
            values: Values::Double(&points.distance),
        },
        single("speed", "m/s", &points.speed),
        single("heart_rate", "bpm", &points.heart_rate),
        single("cadence", "rpm", &points.cadence),
        single("power", "W", &points.power),
        single("temperature", "C", &points.temperature),
    ];
    let mut names: HashSet<String> = list.iter().map(|series| series.name.clone()).collect();
    names.extend(["time", "latitude", "longitude"].map(str::to_owned));
    // First the names that are fixed, so that no file's own field takes one.
    let fixed = points.channels().filter(|each| !is_described(*each));
    names.extend(fixed.map(|channel| channel.name().to_owned()));
    for (channel, column) in points.channels.iter().filter(|(_, each)| each.has_any()) {
        let described = match channel {
            Channel::Developer(index) => track.developer_fields.get(usize::from(*index)),
            _ => None,
        };
        let name = described.map_or(channel.name(), |field| field.name.trim());
        list.push(Series {
            name: if is_described(*channel) {
                unique(name, &mut names)
            } else {
                name.to_owned()
            },
            units: described.map_or(channel.units(), |field| field.units.trim()),
            values: Values::Double(column),
        });
    }
    list
}

fn is_described(channel: Channel) -> bool {
    matches!(channel, Channel::Developer(_))
}

/// A name that no other series has: files may describe two fields alike, or like a usual one.
fn unique(name: &str, names: &mut HashSet<String>) -> String {
    let name = if name.is_empty() { "developer" } else { name };
    let mut chosen = name.to_owned();
    let mut number = 2_usize;
    while !names.insert(chosen.clone()) {
        chosen = format!("{name} {number}");
        number += 1;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeveloperField, Point};

    #[test]
    fn names_are_unique_whatever_the_file_calls_its_own() {
        let field = |name: &str| DeveloperField {
            name: name.to_owned(),
            ..DeveloperField::default()
        };
        let mut track = Track {
            developer_fields: ["power", "power", "", "grade", "time"].map(field).to_vec(),
            points: [Point::default()].into_iter().collect(),
            ..Track::default()
        };
        for (index, value) in (0..6).zip(1_u8..) {
            track
                .points
                .set(0, Channel::Developer(index), f64::from(value));
        }
        track.points.set(0, Channel::Grade, 1.0);
        let names: Vec<_> = all(&track).into_iter().map(|series| series.name).collect();
        assert_eq!(
            names.get(7..).unwrap_or_default(),
            [
                "grade",
                "power 2",
                "power 3",
                "developer",
                "grade 2",
                "time 2",
                "developer 2"
            ]
        );
    }
}
