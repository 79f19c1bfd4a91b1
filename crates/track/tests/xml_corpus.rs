//! GPX and TCX files of the shared corpus against what independent readers say of them. Says so loudly where it is missing.
#![expect(
    clippy::expect_used,
    reason = "a test may end at once; clippy allows it only inside of test functions"
)]

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use track::{Format, Kind, Reading, Track};

/// The corpus, if it is there: `TRACKDOCK_CORPUS`, else beside the workspace.
fn corpus() -> Option<(PathBuf, Value)> {
    let folder = std::env::var_os("TRACKDOCK_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let Ok(truth) = fs::read(folder.join("truth.json")) else {
        eprintln!(
            "\n*** SKIPPED: no corpus at {}; set TRACKDOCK_CORPUS ***\n",
            folder.display()
        );
        return None;
    };
    Some((
        folder,
        serde_json::from_slice(&truth).expect("truth.json is JSON"),
    ))
}

/// Every GPX and TCX file with its truth.
fn files(folder: &std::path::Path, truth: &Value) -> Vec<(String, Vec<u8>, Value)> {
    let all = truth.as_object().expect("an object of files");
    all.iter()
        .filter(|(path, _)| path.ends_with(".gpx") || path.ends_with(".tcx"))
        .map(|(path, truth)| {
            (
                path.clone(),
                fs::read(folder.join(path)).expect(path),
                truth.clone(),
            )
        })
        .collect()
}

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
    let Some((folder, truth)) = corpus() else {
        return;
    };
    let mut found = Findings(Vec::new());
    let mut sound = 0;
    for (path, bytes, truth) in files(&folder, &truth) {
        if truth["sound"] != true {
            continue;
        }
        sound += 1;
        match track::read(&bytes) {
            Ok(reading) => {
                found.check(&path, "complete", reading.complete, &reading.skipped);
                match reading.format {
                    Format::Gpx => check_gpx(&mut found, &path, &reading, &truth),
                    Format::Tcx => check_tcx(&mut found, &path, &reading, &truth),
                    Format::Fit => found.check(&path, "format", false, reading.format),
                }
            }
            Err(error) => found.check(&path, "read", false, error),
        }
    }
    assert!(sound > 100, "only {sound} sound files: is this the corpus?");
    assert!(
        found.0.is_empty(),
        "{} disagreements in {sound} files:\n{}",
        found.0.len(),
        found.0.join("\n")
    );
    eprintln!("{sound} sound GPX and TCX files agree");
}

/// Points kept and whether the file counts as whole, or the error's code.
type Outcome = Result<(u32, bool), &'static str>;

/// What is promised for each file that is not sound.
const PROMISED: &[(&str, Outcome)] = &[
    ("gpx__test-data__with_power_2.gpx", Ok((80, true))),
    ("billion_laughs.gpx", Err("doctype")),
    ("ctrl_char.gpx", Ok((5, true))),
    // The second point stands behind 5,000 nested elements, where the truth's reader gave up.
    ("deep_ext.gpx", Ok((2, true))),
    ("empty.gpx", Err("empty")),
    ("ext_unbound.gpx", Ok((5, true))),
    ("gz.gpx", Ok((5, true))),
    ("kml.gpx", Err("kml")),
    ("lat_comma.gpx", Ok((5, true))),
    ("lat_missing.gpx", Ok((7, true))),
    ("latin1_says_utf8.gpx", Ok((5, true))),
    ("trailing.gpx", Ok((5, true))),
    ("trunc_point.gpx", Ok((20, false))),
    ("unknown_entity.gpx", Ok((5, true))),
    ("whitespace.gpx", Err("not_a_recording")),
    ("leading_ws.tcx", Ok((5, true))),
];

#[test]
fn every_damaged_file_gives_what_is_promised() {
    let Some((folder, truth)) = corpus() else {
        return;
    };
    let mut found = Findings(Vec::new());
    let damaged: Vec<_> = files(&folder, &truth)
        .into_iter()
        .filter(|(.., truth)| truth["sound"] != true)
        .collect();
    for (path, bytes, truth) in &damaged {
        let promised = PROMISED
            .iter()
            .find(|(name, _)| path.ends_with(name))
            .map(|(_, promised)| *promised);
        let read = track::read(bytes);
        let got = read.as_ref().map(|reading| {
            let points = reading
                .tracks
                .iter()
                .map(|track| track.file_points)
                .sum::<u32>();
            // The truth's readers looked at the same points, where they say how many.
            let said = truth["points"]
                .as_u64()
                .or_else(|| truth["counts"]["Trackpoint"].as_u64());
            let same =
                said.is_none_or(|said| said == u64::from(points)) || path.ends_with("deep_ext.gpx");
            found.check(path, "truth's points", same, (points, said));
            (points, reading.complete)
        });
        let got = got.map_err(|error| error.code());
        found.check(path, "outcome", Some(got) == promised, (got, promised));
        if let Err(error) = &read {
            found.check(
                path,
                "sentence",
                error.to_string().ends_with('.') && error.hint().ends_with('.'),
                error,
            );
        }
    }
    assert!(found.0.is_empty(), "{}", found.0.join("\n"));
    eprintln!(
        "{} damaged GPX and TCX files give what is promised",
        damaged.len()
    );
}

#[test]
fn a_cut_file_is_never_taken_for_a_whole_one() {
    let Some((folder, truth)) = corpus() else {
        return;
    };
    for (path, bytes, truth) in files(&folder, &truth) {
        if truth["sound"] != true || bytes.len() > 60_000 {
            continue;
        }
        let Ok(whole) = track::read(&bytes) else {
            panic!("{path}")
        };
        let points = |reading: &Reading| {
            reading
                .tracks
                .iter()
                .map(|track| track.file_points)
                .sum::<u32>()
        };
        let blanks = bytes.iter().rev().take_while(|byte| **byte != b'>').count();
        for cut in (0..bytes.len() - blanks).step_by(if bytes.len() > 4096 { 97 } else { 1 }) {
            if let Ok(reading) = track::read(&bytes[..cut]) {
                assert!(!reading.complete, "{path} cut at {cut} passes for whole");
                assert!(
                    points(&reading) <= points(&whole),
                    "{path} cut at {cut} has more points than before"
                );
            }
        }
    }
}
