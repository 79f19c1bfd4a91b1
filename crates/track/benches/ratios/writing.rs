//! Writing tracks against reading what was written.

use track::{ExportFormat, Track, Written, read};

use crate::Files;
use crate::contest::{Reach, Table};

/// Our own ride, and the tracks of the largest recordings, each in the three formats that are read, too.
pub(crate) fn measure(table: &mut Table, ride: &Track, recordings: Option<&Files>) {
    let own = ("generated, 36,000 points".to_owned(), vec![ride.clone()]);
    let recorded = recordings.map(|files| {
        let readings = files.all.iter().filter_map(|bytes| read(bytes).ok());
        let tracks: Vec<Track> = readings.flat_map(|reading| reading.tracks).collect();
        (format!("tracks of {} (FIT)", files.name), tracks)
    });
    for (name, tracks) in recorded.into_iter().chain([own]) {
        for (work, format) in [
            ("write FIT", ExportFormat::Fit),
            ("write GPX", ExportFormat::Gpx),
            ("write TCX", ExportFormat::Tcx),
        ] {
            measure_format(table, (work, &name), format, &tracks);
        }
    }
}

fn measure_format(
    table: &mut Table,
    (work, name): (&str, &str),
    format: ExportFormat,
    tracks: &[Track],
) {
    let write = || -> Vec<Written> { tracks.iter().map(|track| format.write(track)).collect() };
    let written = write();
    let bytes = written.iter().map(|written| written.bytes.len()).sum();
    let reads = || -> Vec<_> { written.iter().map(|each| read(&each.bytes)).collect() };
    table.contest(
        (work, name, bytes),
        write,
        ("reading it", reads),
        Reach::Within(1.0),
    );
}
