//! What is left of a recording when it is cut off at any byte: never more than it held, and never taken for whole.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may end at once; clippy allows it only inside of test functions"
)]

#[path = "proof/corpus.rs"]
mod corpus;
#[path = "proof/generated.rs"]
mod generated;

use std::io::Write as _;
use std::thread;

use track::{Reading, Track, read, write_fit, write_gpx, write_tcx};

/// How far into a file every length is tried; behind it each 97th, or every one under soak.
const EVERY_LENGTH: usize = 4096;
/// Files of the corpus in each format.
const FILES: usize = 10;
/// The work grows with the square of the size: files up to this many bytes are taken.
const MODERATE: usize = 100_000;

fn points(reading: &Reading) -> u64 {
    let counts = reading
        .tracks
        .iter()
        .map(|track| u64::from(track.file_points));
    counts.sum()
}

/// Cuts a file at every length (then at every `step`th) and says each cut at which a promise is broken. `wholes` are the
/// lengths at which the file is a whole one: the end of each chained part, the end of the root element and what follows.
fn check(name: &str, bytes: &[u8], step: usize, is_whole: impl Fn(usize) -> bool) -> Vec<String> {
    let most = match read(bytes) {
        Ok(whole) if whole.complete => points(&whole),
        other => return vec![format!("{name} is not whole itself: {other:?}")],
    };
    let dense = 0..bytes.len().min(EVERY_LENGTH);
    let sparse = (EVERY_LENGTH..bytes.len()).step_by(step);
    let mut faults = Vec::new();
    for length in dense.chain(sparse).filter(|length| !is_whole(*length)) {
        let Ok(reading) = read(&bytes[..length]) else {
            continue;
        };
        if reading.complete {
            faults.push(format!("{name} cut at {length} passes for whole"));
        }
        if points(&reading) > most {
            let more = points(&reading);
            faults.push(format!("{name} cut at {length}: {more} points of {most}"));
        }
        let mut parts = reading.tracks.iter().flat_map(|track| &track.skipped);
        if reading.skipped.is_empty() && parts.next().is_none() {
            faults.push(format!("{name} cut at {length}: no sentence on it"));
        }
    }
    faults.truncate(10);
    faults
}

/// The lengths at which a chained FIT file is a whole one.
fn fit_ends(bytes: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + 12) {
        let data = u32::from_le_bytes(header[4..8].try_into().unwrap());
        at += usize::from(header[0]) + data as usize + 2;
        ends.push(at);
    }
    ends
}

/// Where the root element of an XML file ends: behind the last `>`, in whatever encoding.
fn xml_end(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte == b'>');
    last.expect("an end") + 1
}

fn check_format(format: &str, name: &str, bytes: &[u8], step: usize) -> Vec<String> {
    if format == "fit" {
        let ends = fit_ends(bytes);
        check(name, bytes, step, |length| ends.contains(&length))
    } else {
        let end = xml_end(bytes);
        check(name, bytes, step, |length| length >= end)
    }
}

/// Ten sound files of a format, spread evenly over the sizes that are moderate.
fn spread(format: &str) -> Vec<corpus::Recording> {
    let mut sound: Vec<_> = corpus::recordings(format)
        .into_iter()
        .filter(|file| file.is_sound() && file.bytes.len() <= MODERATE)
        .collect();
    sound.sort_by_key(|file| file.bytes.len());
    let count = sound.len();
    let mut index = 0..count;
    sound.retain(|_| {
        let index = index.next().unwrap();
        // Ten of them: where the tenths of the list begin, counted from its end.
        count <= FILES || (index + 1) * FILES / count > index * FILES / count
    });
    assert!(count == 0 || sound.len() == FILES, "{}", sound.len());
    sound
}

fn check_corpus(step: usize) {
    let faults: Vec<String> = thread::scope(|scope| {
        let runs = ["fit", "gpx", "tcx"].map(|format| {
            scope.spawn(move || {
                let files = spread(format);
                let checked = files
                    .iter()
                    .map(|file| check_format(format, &file.path, &file.bytes, step));
                checked.flatten().collect::<Vec<_>>()
            })
        });
        runs.into_iter()
            .flat_map(|run| run.join().expect("no panic"))
            .collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_cut_of_the_corpus_is_noticed() {
    check_corpus(97);
}

#[test]
#[ignore = "takes a quarter of an hour: ./dev soak runs it"]
fn soak_every_length_of_the_corpus() {
    if std::env::var_os("TRACKDOCK_SOAK").is_some() {
        check_corpus(1);
    }
}

/// Our own files: small enough that every length is tried.
fn own_files() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut files = Vec::new();
    for points in [1, 12] {
        let ride = generated::ride(points);
        let bare = Track {
            laps: Vec::new(),
            ..ride.clone()
        };
        for (kind, track) in [("ride", ride), ("bare", bare)] {
            for (format, written) in [
                ("fit", write_fit(&track)),
                ("gpx", write_gpx(&track)),
                ("tcx", write_tcx(&track)),
            ] {
                files.push((format, format!("{kind} {points}.{format}"), written.bytes));
            }
        }
    }
    let parts = [5, 1, 8].map(|points| write_fit(&generated::ride(points)).bytes);
    files.push(("fit", "chain.fit".to_owned(), parts.concat()));
    files
}

#[test]
fn every_cut_of_our_own_files_is_noticed() {
    for (format, name, bytes) in own_files() {
        let faults = check_format(format, &name, &bytes, 1);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn every_cut_of_a_packed_file_is_noticed() {
    for (_, name, bytes) in own_files() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&bytes).unwrap();
        let packed = packer.finish().unwrap();
        let faults = check(&format!("{name}.gz"), &packed, 1, |_| false);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
