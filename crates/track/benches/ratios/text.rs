//! GPX and TCX: our readers against the gpx and tcx crates, and against going through the text without looking at it.

use std::hint::black_box;
use std::io::BufReader;

use quick_xml::events::Event;
use quick_xml::reader::Reader;
use track::read;

use crate::Files;
use crate::contest::{Reach, Table};

/// Goes through a text and does nothing with what it finds: no reader over quick-xml can be faster.
fn pull(text: &str) -> usize {
    let mut reader = Reader::from_str(text);
    let mut events = 0;
    loop {
        match black_box(reader.read_event()) {
            Ok(Event::Eof) | Err(_) => return events,
            Ok(_) => events += 1,
        }
    }
}

fn gpx(bytes: &[u8]) -> Option<gpx::Gpx> {
    gpx::read(bytes).ok()
}

fn tcx(bytes: &[u8]) -> Option<tcx::TrainingCenterDatabase> {
    tcx::read(&mut BufReader::new(bytes)).ok()
}

fn all<T>(files: &Files, mut each: impl FnMut(&[u8]) -> T) -> Vec<T> {
    files.all.iter().map(|bytes| each(bytes)).collect()
}

fn against_pull(table: &mut Table, work: &str, files: &Files) {
    let taken = files.taken_by("UTF-8", |bytes| std::str::from_utf8(bytes).is_ok());
    let texts: Vec<&str> = taken
        .all
        .iter()
        .filter_map(|bytes| std::str::from_utf8(bytes).ok())
        .collect();
    table.contest(
        (work, &taken.name, taken.bytes()),
        || all(&taken, read),
        ("bare quick-xml pull", || {
            texts.iter().map(|text| pull(text)).sum::<usize>()
        }),
        Reach::Within(2.0),
    );
}

pub(crate) fn measure_gpx(table: &mut Table, files: &Files) {
    let taken = files.taken_by("gpx", |bytes| gpx(bytes).is_some());
    table.contest(
        ("GPX to `Track`", &taken.name, taken.bytes()),
        || all(&taken, read),
        ("gpx", || all(&taken, gpx)),
        Reach::Faster(15.0),
    );
    against_pull(table, "GPX to `Track`", files);
}

pub(crate) fn measure_tcx(table: &mut Table, files: &Files) {
    let taken = files.taken_by("tcx", |bytes| tcx(bytes).is_some());
    table.contest(
        ("TCX to `Track`", &taken.name, taken.bytes()),
        || all(&taken, read),
        ("tcx", || all(&taken, tcx)),
        Reach::Faster(15.0),
    );
    against_pull(table, "TCX to `Track`", files);
}
