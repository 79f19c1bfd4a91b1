//! FIT: our reader against rustyfit and fitparser. Both of them check the checksums, as we do.

use embedded_io_adapters::std::FromStd;
use track::{read, summaries};

use crate::Files;
use crate::contest::{Reach, Table};

/// Everything that rustyfit makes of a file; `None` where it refuses.
fn rustyfit(bytes: &[u8]) -> Option<Vec<rustyfit::proto::FIT>> {
    let mut reader = FromStd::new(bytes);
    let mut decoder = rustyfit::Decoder::new();
    let mut parts = Vec::new();
    while let Some(part) = decoder.decode(&mut reader).ok()? {
        parts.push(part);
    }
    Some(parts)
}

fn all<T>(files: &Files, mut each: impl FnMut(&[u8]) -> T) -> Vec<T> {
    files.all.iter().map(|bytes| each(bytes)).collect()
}

pub(crate) fn measure(table: &mut Table, files: &Files) {
    let taken = files.taken_by("rustyfit", |bytes| rustyfit(bytes).is_some());
    table.contest(
        ("FIT to `Track`", &taken.name, taken.bytes()),
        || all(&taken, read),
        ("rustyfit", || all(&taken, rustyfit)),
        Reach::Faster(6.0),
    );
    let taken = files.taken_by("fitparser", |bytes| fitparser::from_bytes(bytes).is_ok());
    table.contest(
        ("FIT to `Track`", &taken.name, taken.bytes()),
        || all(&taken, read),
        ("fitparser", || all(&taken, fitparser::from_bytes)),
        Reach::Faster(60.0),
    );
    table.contest(
        ("FIT to list rows", &files.name, files.bytes()),
        || all(files, summaries),
        ("FIT to `Track`", || all(files, read)),
        Reach::Faster(2.0),
    );
}
