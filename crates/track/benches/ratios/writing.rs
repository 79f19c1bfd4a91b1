//! Writing a track against reading what was written.

use track::{Track, Written, read, write_fit, write_gpx, write_tcx};

use crate::contest::{Reach, Table};

type Write = fn(&Track) -> Written;

pub(crate) fn measure(table: &mut Table, ride: &Track) {
    let formats: [(&str, Write); 3] = [
        ("write FIT", write_fit),
        ("write GPX", write_gpx),
        ("write TCX", write_tcx),
    ];
    for (work, write) in formats {
        let bytes = write(ride).bytes;
        table.contest(
            (work, "generated, 36,000 points", bytes.len()),
            || write(ride),
            ("reading it", || read(&bytes)),
            Reach::Within(1.0),
        );
    }
}
