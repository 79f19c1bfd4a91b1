//! What holds for every reading, whatever was in the file. Knows no file format.

use quick_xml::events::Event;
use quick_xml::reader::Reader;
use track::{ExportFormat, Reading, Track, read};

use crate::memory;

/// Reads bytes, and ends at once where a promise is broken.
#[track_caller]
pub(crate) fn check(bytes: &[u8]) {
    let (result, taken) = memory::taken_by(|| read(bytes));
    // What is packed may become a hundred times as much by itself, and is capped apart.
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let allowed = memory::allowance(bytes.len());
        assert!(taken.peak <= allowed, "{} of {allowed} bytes", taken.peak);
    }
    match result {
        Ok(reading) => check_reading(bytes, &reading),
        Err(error) => {
            for sentence in [error.to_string(), error.hint().to_owned()] {
                assert!(sentence.ends_with('.'), "{sentence}");
            }
        }
    }
}

#[track_caller]
fn check_reading(bytes: &[u8], reading: &Reading) {
    assert!(!reading.tracks.is_empty());
    let told = reading.tracks.iter().flat_map(|track| &track.skipped);
    assert!(reading.complete || reading.skipped.iter().chain(told).next().is_some());
    for (index, track) in reading.tracks.iter().enumerate() {
        check_track(track);
        // A packed file's ranges are those of the unpacked one.
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            assert!(track.range.start <= track.range.end && track.range.end <= bytes.len());
        }
        // Whether this one can be taken out does not matter, only that trying does no harm.
        let _ = track::extract(bytes, reading, index);
    }
}

#[track_caller]
fn check_track(track: &Track) {
    let points = track.points.len();
    assert!(track.file_positions <= track.file_points);
    assert!(
        points <= track.file_points as usize,
        "{points} points of {}",
        track.file_points
    );
    for total in [
        track.elapsed_s,
        track.timer_s,
        track.distance_m,
        track.ascent_m,
    ] {
        assert!(
            total.is_none_or(|total| total.is_finite() && total >= 0.0),
            "{total:?}"
        );
    }
    for most in [0, 1, 2, 50] {
        let outline = track.outline(most);
        assert!(outline.len() <= most && outline.iter().all(|(x, y)| *x <= 100 && *y <= 100));
    }
    assert_eq!(
        track.bounds().is_some(),
        track.points.iter().any(|point| point.position.is_some())
    );
    assert!(
        track
            .bounds()
            .is_none_or(|bounds| bounds.south <= bounds.north && bounds.west <= bounds.east)
    );
    assert!(track.identity().is_none_or(|identity| !identity.is_empty()));
    for format in ExportFormat::ALL {
        check_written(format, track);
    }
}

/// What is written can be read by whoever reads the format, and what it could not carry is said in sentences.
#[track_caller]
pub(crate) fn check_written(format: ExportFormat, track: &Track) {
    let written = format.write(track);
    for sentence in &written.left_out {
        assert!(sentence.ends_with('.'), "{sentence}");
        assert!(!sentence.contains(char::is_control), "{sentence:?}");
    }
    let bytes = &written.bytes;
    match format {
        ExportFormat::Fit => {}
        ExportFormat::Gpx | ExportFormat::Tcx | ExportFormat::Kml => check_xml(bytes),
        ExportFormat::GeoJson => {
            let value: Result<serde_json::Value, _> = serde_json::from_slice(bytes);
            assert!(value.is_ok_and(|value| value["type"] == "Feature"));
        }
        ExportFormat::Csv => check_csv(bytes, track.points.len()),
    }
    if matches!(
        format,
        ExportFormat::Fit | ExportFormat::Gpx | ExportFormat::Tcx
    ) {
        let again = read(bytes);
        assert!(
            again.is_ok_and(|again| again.complete),
            "what we write is whole"
        );
    }
}

/// One root, each element closed by its own end, attributes told apart, and no character that XML forbids.
#[track_caller]
fn check_xml(bytes: &[u8]) {
    let text = str::from_utf8(bytes).unwrap_or_else(|error| panic!("{error}"));
    let forbidden = |c: char| c < ' ' && !"\t\r\n".contains(c) || "\u{fffe}\u{ffff}".contains(c);
    assert!(!text.contains(forbidden), "a character XML has not");
    let mut reader = Reader::from_str(text);
    let (mut depth, mut roots) = (0_usize, 0);
    loop {
        let event = reader.read_event();
        match event.unwrap_or_else(|error| panic!("{error}: {text}")) {
            Event::Eof => break,
            Event::Start(start) => {
                roots += usize::from(depth == 0);
                depth += 1;
                assert!(start.attributes().all(|each| each.is_ok()), "{text}");
            }
            Event::Empty(empty) => {
                assert!(empty.attributes().all(|each| each.is_ok()), "{text}");
            }
            // The reader itself checks that an end is the innermost element's.
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    assert_eq!((depth, roots), (0, 1), "{text}");
}

/// A row of headings and one for each point, of as many cells.
#[track_caller]
fn check_csv(bytes: &[u8], points: usize) {
    let text = str::from_utf8(bytes).unwrap_or_else(|error| panic!("{error}"));
    let rows = csv_rows(text);
    assert_eq!(rows.len(), points + 1);
    let cells = rows.first().map_or(0, Vec::len);
    assert!(rows.iter().all(|row| row.len() == cells), "{text}");
    let computes = |cell: &String| cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    assert!(!rows.iter().take(1).flatten().any(computes), "{text}");
}

/// The cells of a table as RFC 4180 has them: quotes may hold commas and lines, and two quotes in quotes are one.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.next_if_eq(&'\n').is_some() => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    assert!(!quoted && row.is_empty() && cell.is_empty(), "{text}");
    rows
}
