//! Writes the points of a track as CSV (RFC 4180): one row each, every measure a column. Knows no spreadsheet by name.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::left_out::{Item, LeftOut};
use crate::series::{self, Series};
use crate::{Track, Written, beyond_points};

/// What a point takes, for the first reservation.
const BYTES_A_POINT: usize = 110;

/// Writes a track: the usual measures always, and the channels that it has.
pub(crate) fn write(track: &Track) -> Written {
    let columns = series::all(track);
    let room = track.points.len().saturating_mul(BYTES_A_POINT);
    let mut out = String::with_capacity(room.saturating_add(1024));
    out.push_str("time,latitude (deg),longitude (deg)");
    for column in &columns {
        out.push(',');
        heading(&mut out, &column.name, column.units);
    }
    out.push_str("\r\n");
    for index in 0..track.points.len() {
        write_row(&mut out, track, &columns, index);
    }
    let mut left_out = LeftOut::new("CSV");
    for (item, count) in [
        (
            Item("place for a name", "name", "names"),
            usize::from(track.name.is_some()),
        ),
        (Item("place for a sport", "sport", "sports"), 1),
        (Item("pauses", "pause", "pauses"), track.pauses.len()),
    ] {
        left_out.add(item, count);
    }
    beyond_points::add(track, &mut left_out);
    Written {
        bytes: out.into_bytes(),
        left_out: left_out.sentences(),
    }
}

fn write_row(out: &mut String, track: &Track, columns: &[Series], index: usize) {
    let points = &track.points;
    let time = points.time.get(index);
    // Writing to a String cannot fail.
    if let Some(time) = time.and_then(|time| Timestamp::from_millisecond(time).ok()) {
        let _ = write!(out, "{time}");
    }
    for degrees in [points.latitude.get(index), points.longitude.get(index)] {
        let _ = match degrees {
            Some(degrees) => write!(out, ",{degrees}"),
            None => write!(out, ","),
        };
    }
    for column in columns {
        let _ = match column.get(index) {
            Some(value) => write!(out, ",{value}"),
            None => write!(out, ","),
        };
    }
    out.push_str("\r\n");
}

/// The name of a column with its unit. A file may have chosen both: they stay within their line, and are no formula.
fn heading(out: &mut String, name: &str, units: &str) {
    let clean = |text: &str| -> String {
        let blank = |c: char| if c.is_control() { ' ' } else { c };
        text.chars().map(blank).collect()
    };
    let mut text = clean(name);
    if !units.is_empty() {
        text = format!("{text} ({})", clean(units));
    }
    // A leading apostrophe is how spreadsheets are told that a cell is text.
    let first = text.trim_start().chars().next();
    if first.is_some_and(|first| "=+-@|%＝＋－＠".contains(first)) {
        text.insert(0, '\'');
    }
    if text.contains(['"', ',', ';']) || text.starts_with(' ') {
        text = format!("\"{}\"", text.replace('"', "\"\""));
    }
    out.push_str(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, units: &str, expected: &str) {
        let mut out = String::new();
        heading(&mut out, name, units);
        assert_eq!(out, expected);
    }

    #[test]
    fn names_neither_break_the_table_nor_compute() {
        check("heart_rate", "bpm", "heart_rate (bpm)");
        check("Air, \"dry\"", "", "\"Air, \"\"dry\"\"\"");
        check("=1+1", "", "'=1+1");
        check("\r\n@SUM(A1)", "", "'  @SUM(A1)");
        check("+x", "a,b", "\"'+x (a,b)\"");
        check("＝1", "m\ns", "'＝1 (m s)");
    }
}
