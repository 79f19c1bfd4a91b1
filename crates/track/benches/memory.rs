//! What memory a track takes: bytes that a point with every value holds, and the peak of reading. Knows no times.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measures")]

#[path = "../tests/proof/generated.rs"]
mod generated;
#[path = "../tests/proof/memory.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod memory;

use track::{Point, Points, Track, read, write_fit, write_gpx, write_tcx};

const POINTS: u32 = 36_000;

#[expect(clippy::cast_precision_loss, reason = "far less than 2^52 bytes")]
fn row(name: &str, bytes: &[u8]) {
    let (reading, taken) = memory::taken_by(|| read(bytes));
    let points = reading.map_or(0, |reading| {
        reading.tracks.iter().map(|track| track.points.len()).sum()
    });
    println!(
        "| {name} | {points} | {:.1} | {:.2} |",
        taken.kept as f64 / points.max(1) as f64,
        taken.peak as f64 / bytes.len() as f64,
    );
}

fn main() {
    let ride = generated::ride(POINTS);
    let bare = |point: Point| Point {
        time: point.time,
        position: point.position,
        ..Point::default()
    };
    let bare = Track {
        points: ride.points.iter().map(bare).collect::<Points>(),
        ..ride.clone()
    };
    println!(
        "| track | points | bytes a point (64 at most) | peak of reading, times the file (32 and 8 MiB at most) |"
    );
    println!("| --- | --: | --: | --: |");
    // The first reading makes the map of time zones, which stays.
    drop(read(&write_gpx(&bare).bytes));
    row("FIT, all nine values", &write_fit(&ride).bytes);
    row("GPX, without distance", &write_gpx(&ride).bytes);
    row("TCX, without temperature", &write_tcx(&ride).bytes);
    row("FIT, time and place", &write_fit(&bare).bytes);
}
