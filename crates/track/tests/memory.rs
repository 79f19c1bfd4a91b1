//! Whatever is in a file, reading it takes at most 32 times its size, and 8 MiB.

#[path = "proof/generated.rs"]
mod generated;
#[path = "proof/hostile.rs"]
mod hostile;
#[path = "proof/memory.rs"]
mod memory;

use track::{read, write_fit, write_gpx, write_tcx};

/// Reads once what makes tables that stay: the map of time zones.
fn warm_up() {
    let whole = read(&write_gpx(&generated::ride(3)).bytes);
    assert!(whole.is_ok_and(|reading| reading.complete));
}

#[track_caller]
fn check(files: Vec<(String, Vec<u8>)>) {
    warm_up();
    let mut faults = Vec::new();
    for (name, bytes) in files {
        let (reading, taken) = memory::taken_by(|| read(&bytes));
        if taken.peak > memory::allowance(bytes.len()) {
            let times = taken.peak / bytes.len().max(1);
            let points = reading.map_or(0, |reading| {
                reading.tracks.iter().map(|track| track.points.len()).sum()
            });
            faults.push(format!(
                "{name}: {} bytes took {}, {times} times as much, for {points} points",
                bytes.len(),
                taken.peak
            ));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn hostile_xml_takes_little() {
    check(hostile::xml(250_000));
    check(hostile::xml(1_000_000));
}

#[test]
fn hostile_fit_takes_little() {
    check(hostile::fit(250_000));
    check(hostile::fit(1_000_000));
}

#[test]
fn ordinary_files_take_little() {
    let ride = generated::ride(36_000);
    let files = [
        ("fit", write_fit(&ride)),
        ("gpx", write_gpx(&ride)),
        ("tcx", write_tcx(&ride)),
    ];
    check(
        files
            .map(|(name, written)| (name.to_owned(), written.bytes))
            .into(),
    );
}

#[test]
fn a_full_point_takes_at_most_64_bytes() {
    warm_up();
    let ride = generated::ride(36_000);
    let bytes = write_fit(&ride).bytes;
    let (reading, taken) = memory::taken_by(|| read(&bytes));
    assert!(reading.is_ok_and(|reading| reading.tracks[0].points == ride.points));
    assert!(taken.kept <= 64 * 36_000, "{}", taken.kept / 36_000);
}
