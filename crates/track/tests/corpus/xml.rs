//! GPX and TCX files of the shared corpus against what independent readers say of them. Knows no FIT.

use jiff::Timestamp;
use serde_json::Value;
use track::{Format, Kind, Reading, Track};

use crate::recordings::recordings;

/// Collects what does not agree, so that one run shows everything.
struct Findings(Vec<String>);

impl Findings {
    fn check(&mut self, path: &str, what: &str, right: bool, detail: impl std::fmt::Debug) {
        if !right {
            self.0.push(format!("{path}: {what}: {detail:?}"));
        }
    }
}

fn time(truth: &Value, key: &str) -> Option<Timestamp> {
    let text = truth[key].as_str()?;
    // As written: with Z, an offset, the word UTC, or nothing, which is taken as UTC.
    let text = text.trim_end_matches(" UTC");
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

fn position(truth: &Value, key: &str) -> Option<(f64, f64)> {
    Some((truth[key][0].as_f64()?, truth[key][1].as_f64()?))
}

fn sum(tracks: &[Track], value: impl Fn(&Track) -> Option<f64>) -> f64 {
    tracks.iter().filter_map(value).sum()
}

fn near(read: f64, truth: f64, relative: f64, absolute: f64) -> bool {
    (read - truth).abs() <= absolute.max(truth * relative)
}

fn check_common(found: &mut Findings, path: &str, reading: &Reading, truth: &Value) {
    let tracks = &reading.tracks;
    let first = tracks.iter().find_map(|track| track.start);
    // A start without points (TCX: the activity's Id) has no counterpart in the truth.
    if let Some(expected) = time(truth, "first_time") {
        found.check(path, "start", first == Some(expected), (first, expected));
    }
    let mut positions = tracks
        .iter()
        .flat_map(|track| track.points.iter().filter_map(|point| point.position));
    let first = positions.next();
    let last = positions.last().or(first);
    for (key, read) in [("first_position", first), ("last_position", last)] {
        let same = match (read, position(truth, key)) {
            (Some(read), Some((latitude, longitude))) => {
                (read.latitude - latitude).abs() < 1e-6 && (read.longitude - longitude).abs() < 1e-6
            }
            (None, None) => true,
            _ => false,
        };
        found.check(path, key, same, (read, &truth[key]));
    }
    let points: u64 = tracks
        .iter()
        .map(|track| u64::from(track.file_points))
        .sum();
    let said = truth["points"]
        .as_u64()
        .or_else(|| truth["counts"]["Trackpoint"].as_u64())
        .unwrap_or(0);
    found.check(path, "points", points == said, (points, said));
}

fn check_gpx(found: &mut Findings, path: &str, reading: &Reading, truth: &Value) {
    check_common(found, path, reading, truth);
    let tracks = &reading.tracks;
    let timed = truth["times"].as_u64().unwrap_or(0) > 0 && truth["first_time"].is_string();
    let expected = match truth["kind"].as_str() {
        Some("track") if timed => "activity",
        Some(kind) => kind,
        None => "",
    };
    found.check(
        path,
        "kind",
        reading.kind.name() == expected,
        (reading.kind, expected),
    );
    let positions: u64 = tracks
        .iter()
        .map(|track| u64::from(track.file_positions))
        .sum();
    // Latitudes over 90 are how OpenTracks wrote pauses; the truth counts them as positions and sums the way to them.
    let pause_marks = path.ends_with("pause_resume.gpx");
    let bad = if pause_marks {
        2
    } else {
        truth["bad_points"].as_u64().unwrap_or(0)
    };
    let said = truth["points"].as_u64().unwrap_or(0) - bad;
    found.check(path, "positions", positions == said, (positions, said));
    let (distance, said) = (
        sum(tracks, |track| track.distance_m),
        truth["length_m"].as_f64().unwrap_or(0.0),
    );
    found.check(
        path,
        "distance",
        pause_marks || near(distance, said, 0.008, 5.0),
        (distance, said),
    );
    if tracks.len() == 1
        && let Some((first, last)) = time(truth, "first_time").zip(time(truth, "last_time"))
    {
        let (read, said) = (
            tracks[0].elapsed_s.unwrap_or(-1.0),
            last.duration_since(first).as_secs_f64(),
        );
        found.check(path, "elapsed", near(read, said, 0.0, 1.0), (read, said));
    }
    check_gpx_sensors(found, path, tracks, truth);
}

fn check_gpx_sensors(found: &mut Findings, path: &str, tracks: &[Track], truth: &Value) {
    for (name, has) in [
        (
            "hr",
            tracks.iter().any(|track| track.points.has_heart_rate()),
        ),
        ("cad", tracks.iter().any(|track| track.points.has_cadence())),
        (
            "atemp",
            tracks.iter().any(|track| track.points.has_temperature()),
        ),
        ("power", tracks.iter().any(|track| track.points.has_power())),
        (
            "PowerInWatts",
            tracks.iter().any(|track| track.points.has_power()),
        ),
        ("speed", tracks.iter().any(|track| track.points.has_speed())),
        (
            "@speed",
            tracks.iter().any(|track| track.points.has_speed()),
        ),
    ] {
        let said = truth["extensions"][name].as_u64().unwrap_or(0) > 0;
        found.check(path, name, has || !said, "not read");
    }
}

fn check_tcx(found: &mut Findings, path: &str, reading: &Reading, truth: &Value) {
    check_common(found, path, reading, truth);
    let tracks = &reading.tracks;
    found.check(
        path,
        "kind",
        Some(reading.kind.name().as_ref()) == truth["kind"].as_str(),
        reading.kind,
    );
    let positions: u64 = tracks
        .iter()
        .map(|track| u64::from(track.file_positions))
        .sum();
    let said = truth["counts"]["pos"].as_u64().unwrap_or(0);
    found.check(path, "positions", positions == said, (positions, said));
    let activities = truth["counts"]["Activity"].as_u64().unwrap_or(0);
    let expected = if truth["counts"]["MultiSportSession"].is_u64() {
        1
    } else {
        activities.max(1)
    };
    found.check(
        path,
        "activities",
        tracks.len() as u64 == expected,
        (tracks.len(), expected),
    );
    let laps: u64 = tracks.iter().map(|track| u64::from(track.file_laps)).sum();
    found.check(
        path,
        "laps",
        laps == truth["counts"]["Lap"].as_u64().unwrap_or(0),
        laps,
    );
    if laps > 0 && reading.kind == Kind::Activity {
        check_tcx_totals(found, path, tracks, truth);
    }
}

fn check_tcx_totals(found: &mut Findings, path: &str, tracks: &[Track], truth: &Value) {
    let (distance, said) = (
        sum(tracks, |track| track.distance_m),
        truth["lap_distance_m"].as_f64().unwrap_or(0.0),
    );
    found.check(
        path,
        "distance",
        near(distance, said, 0.005, 5.0),
        (distance, said),
    );
    let (elapsed, said) = (
        sum(tracks, |track| track.elapsed_s),
        truth["lap_time_s"].as_f64().unwrap_or(0.0),
    );
    found.check(
        path,
        "elapsed",
        near(elapsed, said, 0.0, 1.0),
        (elapsed, said),
    );
    let has = tracks.iter().any(|track| track.points.has_power());
    found.check(
        path,
        "power",
        has == truth["extensions"]["Watts"].is_u64(),
        has,
    );
    let has = tracks.iter().any(|track| track.points.has_heart_rate());
    found.check(
        path,
        "heart rate",
        has == (truth["counts"]["hr"].as_u64().unwrap_or(0) > 0),
        has,
    );
}

#[test]
fn every_sound_file_is_read_whole_and_agrees() {
    let mut found = Findings(Vec::new());
    let mut all = recordings("gpx");
    all.extend(recordings("tcx"));
    let sound: Vec<_> = all.iter().filter(|each| each.is_sound()).collect();
    for recording in &sound {
        let (path, truth) = (&recording.path, &recording.truth);
        match track::read(&recording.bytes) {
            Ok(reading) => {
                found.check(path, "complete", reading.complete, &reading.skipped);
                match reading.format {
                    Format::Gpx => check_gpx(&mut found, path, &reading, truth),
                    Format::Tcx => check_tcx(&mut found, path, &reading, truth),
                    Format::Fit => found.check(path, "format", false, reading.format),
                }
            }
            Err(error) => found.check(path, "read", false, error),
        }
    }
    assert!(
        all.is_empty() || sound.len() > 100,
        "only {} sound files",
        sound.len()
    );
    assert!(
        found.0.is_empty(),
        "{} disagreements in {} files:\n{}",
        found.0.len(),
        sound.len(),
        found.0.join("\n")
    );
}
