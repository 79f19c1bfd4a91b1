//! What lies on the device: real recordings of several makers where the corpus is there, else rides written by our own writer.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::skipped::partly_skipped;
use jiff::{SignedDuration, Timestamp};
use track::{Kind, Point, Position, Sport, Track};

/// A file on the device.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// How many activities it holds.
    pub(crate) activities: usize,
}

/// A dozen recordings, each of another activity.
pub(crate) fn some() -> Vec<Recording> {
    let real = corpus().map(|corpus| real(&corpus)).unwrap_or_default();
    if real.is_empty() {
        partly_skipped(
            "real recordings in the window",
            "no corpus; rides of our own writer are used",
        );
        return (0..8).map(made).collect();
    }
    real
}

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = std::env::var_os("TRACKDOCK_CORPUS").map_or(beside, PathBuf::from);
    folder.join("truth.json").exists().then_some(folder)
}

/// Sound FIT activities of one part, of as many makers as possible, none a twin of another.
fn real(corpus: &Path) -> Vec<Recording> {
    let truth: serde_json::Value =
        serde_json::from_slice(&fs::read(corpus.join("truth.json")).unwrap()).unwrap();
    let mut identities = Vec::new();
    let mut makers = Vec::new();
    let mut found = Vec::new();
    for (path, said) in truth.as_object().unwrap() {
        let plain = said["format"] == "fit"
            && said["kind"] == "activity"
            && said["sound"] == true
            && said["files"] == 1;
        let maker = said["manufacturer"].to_string();
        if !plain
            || said["points"].as_u64() < Some(60)
            || makers.iter().filter(|known| **known == maker).count() >= 3
        {
            continue;
        }
        let Ok(bytes) = fs::read(corpus.join(path)) else {
            continue;
        };
        let reading = track::read(&bytes).unwrap();
        let identity = reading.tracks[0].identity();
        if bytes.len() > 1_000_000
            || reading.tracks[0].start.is_none()
            || identities.contains(&identity)
        {
            continue;
        }
        identities.push(identity);
        makers.push(maker);
        found.push(Recording {
            name: format!("{:02}.fit", found.len()),
            bytes,
            activities: 1,
        });
        if found.len() == 12 {
            break;
        }
    }
    found
}

/// A ride of its own for each number: another start, another place.
pub(crate) fn ride(number: u32) -> Track {
    let start = Timestamp::from_second(1_780_000_000 + i64::from(number) * 86_400).unwrap();
    let mut track = Track {
        kind: Kind::Activity,
        sport: Sport::Cycling,
        start: Some(start),
        ..Track::default()
    };
    for second in 0..600 {
        let along = f64::from(second) * 0.000_05;
        track.points.push(Point {
            time: Some(start + SignedDuration::from_secs(second.into())),
            position: Position::new(47.0 + f64::from(number) * 0.01 + along, 11.0 + along),
            elevation_m: Some(600.0 + f64::from(second % 90)),
            heart_rate_bpm: Some(120.0 + f64::from(second % 30)),
            ..Point::default()
        });
    }
    track.elapsed_s = Some(599.0);
    track.timer_s = Some(599.0);
    track.distance_m = Some(4_000.0 + f64::from(number));
    track
}

fn made(number: u32) -> Recording {
    Recording {
        name: format!("{number:02}.fit"),
        bytes: track::write_fit(&ride(number)).bytes,
        activities: 1,
    }
}
