//! A summary says what a full reading says, for every recording of the corpus and for made ones.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

#[path = "../../../tests/common/skipped.rs"]
mod skipped;

use std::path::{Path, PathBuf};

use skipped::skipped;
use track::{Kind, Point, Position, Session, Sport, Totals, Track, read, summaries, write_fit};

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.push(path);
        }
    }
}

/// Compares, where there is something to read at all; the answer is whether there was.
fn check(name: &str, bytes: &[u8]) -> bool {
    let full = read(bytes).map(|reading| {
        let tracks = reading.tracks.iter();
        tracks.map(Track::summary).collect::<Vec<_>>()
    });
    assert_eq!(summaries(bytes), full, "{name}");
    full.is_ok()
}

#[test]
fn summaries_of_the_corpus_agree_with_full_readings() {
    let folder = std::env::var_os("TRACKDOCK_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let mut all = Vec::new();
    files(&folder, &mut all);
    if all.is_empty() {
        return skipped(
            "real recordings",
            format!("no corpus at {}; set TRACKDOCK_CORPUS", folder.display()),
        );
    }
    let read = all
        .iter()
        .filter(|path| check(&path.display().to_string(), &std::fs::read(path).unwrap()));
    assert!(read.count() > 200);
}

#[test]
fn summaries_of_made_files() {
    let at = |second: i64| jiff::Timestamp::from_second(1_700_000_000 + second).ok();
    let point = |second: i32| Point {
        time: at(second.into()),
        position: Position::new(47.0 + f64::from(second) * 1e-4, 8.0),
        elevation_m: Some(f64::from(second)),
        ..Point::default()
    };
    let mut track = Track {
        kind: Kind::Activity,
        sport: Sport::Hiking,
        start: at(0),
        points: (0..500).map(point).collect(),
        ..Track::default()
    };
    // Without stated sums they are worked out, for which every point is read.
    assert!(check("worked out", &write_fit(&track).bytes));
    track.sessions = vec![Session {
        start: at(0),
        sport: Sport::Hiking,
        totals: Totals {
            elapsed_s: Some(499.0),
            timer_s: Some(400.0),
            distance_m: Some(5_550.0),
            ascent_m: Some(498.0),
            ..Totals::default()
        },
        ..Session::default()
    }];
    let whole = write_fit(&track).bytes;
    assert!(check("stated", &whole));
    assert!(check("cut", &whole[..whole.len() / 2]));
}
