//! Every FIT file of the corpus against what independent readers say of it. Reads files; knows no code of the readers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is missing"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use track::{Format, ReadError, Reading, Track, read};

/// The corpus lies beside the project, or where `TRACKDOCK_CORPUS` says.
fn corpus() -> Option<PathBuf> {
    let beside = || {
        PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/corpus"
        ))
    };
    let folder = std::env::var_os("TRACKDOCK_CORPUS").map_or_else(beside, PathBuf::from);
    if folder.join("truth.json").is_file() {
        return Some(folder);
    }
    eprintln!(
        "!!! SKIPPED: no corpus at {}: nothing was compared",
        folder.display()
    );
    None
}

/// Every FIT file: its path, what is said of it, and its bytes.
fn files() -> Vec<(String, Value, Vec<u8>)> {
    let Some(folder) = corpus() else {
        return Vec::new();
    };
    let text = std::fs::read_to_string(folder.join("truth.json")).unwrap();
    let truth: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    let fit = truth
        .into_iter()
        .filter(|(_, value)| value["format"] == "fit");
    let all: Vec<_> = fit
        .map(|(path, value)| {
            (
                path.clone(),
                value,
                std::fs::read(folder.join(path)).unwrap(),
            )
        })
        .collect();
    assert!(
        all.len() > 100,
        "only {} FIT files in the corpus",
        all.len()
    );
    all
}

/// `start_time` and the like, to the second.
fn time_of(value: &Value) -> Option<jiff::Timestamp> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn total(tracks: &[Track], value: impl Fn(&Track) -> Option<f64>) -> Option<f64> {
    tracks
        .iter()
        .filter_map(value)
        .reduce(|one, other| one + other)
}

/// One file under comparison: where it is, what is said of it, and the differences found.
struct Case<'a> {
    path: &'a str,
    truth: &'a Value,
    wrong: Vec<String>,
}

impl Case<'_> {
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, ours: T, truth: T) {
        if ours != truth {
            let path = self.path;
            self.wrong
                .push(format!("{path}: {what} is {ours:?}, should be {truth:?}"));
        }
    }

    fn near(&mut self, what: &str, ours: Option<f64>, truth: Option<f64>, within: f64) {
        let Some(truth) = truth else { return };
        if !ours.is_some_and(|ours| (ours - truth).abs() <= within) {
            let path = self.path;
            self.wrong.push(format!(
                "{path}: {what} is {ours:?}, should be {truth}, {within} at most away"
            ));
        }
    }

    fn sound(&mut self, reading: &Reading) {
        self.same("complete", reading.complete, true);
        self.counts(&reading.tracks);
        self.file_id(reading);
        self.start(reading);
        self.totals(&reading.tracks);
        self.sessions(&reading.tracks);
        self.place("first", &reading.tracks);
        self.place("last", &reading.tracks);
    }

    fn counts(&mut self, tracks: &[Track]) {
        let count =
            |value: fn(&Track) -> u32| tracks.iter().map(|track| u64::from(value(track))).sum();
        let (points, positions) = (&self.truth["points"], &self.truth["positions"]);
        self.same(
            "points",
            Some(count(|track| track.file_points)),
            points.as_u64(),
        );
        self.same(
            "positions",
            Some(count(|track| track.file_positions)),
            positions.as_u64(),
        );
    }

    fn file_id(&mut self, reading: &Reading) {
        let truth = self.truth;
        if let Some(kind) = truth["kind"].as_str() {
            let kind = if kind.starts_with("monitoring") {
                "monitoring"
            } else {
                kind
            };
            self.same("kind", reading.kind.name().as_ref(), kind);
        }
        let source = &reading.tracks[0].source;
        if let Some(maker) = truth["manufacturer"].as_str() {
            let ours = source.manufacturer.as_deref().unwrap_or_default();
            self.same("manufacturer", ours.replace('_', ""), maker.to_lowercase());
        }
        self.same("serial", source.serial, truth["file_id"]["serial"].as_u64());
        self.same(
            "created",
            source.created,
            time_of(&truth["file_id"]["time_created"]),
        );
    }

    fn start(&mut self, reading: &Reading) {
        let tracks = &reading.tracks;
        if let Some(start) = time_of(&self.truth["sessions"][0]["start_time"]) {
            self.same("start", tracks[0].start, Some(start));
        } else if reading.kind.is_activity() {
            // The readers behind the truth give no sessions for some files that have them: only the points are known there.
            let mut points = tracks.iter().flat_map(|track| track.points.iter());
            let timed = points.find_map(|point| point.time);
            self.same("first time", timed, time_of(&self.truth["first_time"]));
            if tracks[0].file_sessions == 0 {
                self.same("start", tracks[0].start, timed);
            }
        }
    }

    fn totals(&mut self, tracks: &[Track]) {
        let (elapsed, timer) = (self.sum("total_elapsed_time"), self.sum("total_timer_time"));
        self.near(
            "elapsed",
            total(tracks, |track| track.elapsed_s),
            elapsed,
            1.0,
        );
        self.near("timer", total(tracks, |track| track.timer_s), timer, 1.0);
        let distance = self.sum("total_distance");
        let within = f64::max(5.0, distance.unwrap_or(0.0) * 0.005);
        self.near(
            "distance",
            total(tracks, |track| track.distance_m),
            distance,
            within,
        );
    }

    fn sum(&self, key: &str) -> Option<f64> {
        let sessions = self.truth["sessions"].as_array()?;
        let values = sessions.iter().filter_map(|session| session[key].as_f64());
        values.reduce(|one, other| one + other)
    }

    fn sessions(&mut self, tracks: &[Track]) {
        let truth = self.truth;
        let Some(sessions) = truth["sessions"].as_array().filter(|all| !all.is_empty()) else {
            return;
        };
        let ours = tracks
            .iter()
            .map(|track| track.file_sessions as usize)
            .sum();
        self.same("sessions", sessions.len(), ours);
        let laps = tracks.iter().map(|track| u64::from(track.file_laps)).sum();
        self.same("laps", Some(laps), truth["laps"].as_u64());
        let one = sessions
            .iter()
            .all(|session| session["sport"] == sessions[0]["sport"]);
        if let Some(sport) = sessions[0]["sport"].as_str().filter(|_| one) {
            let sport = sport.to_lowercase().replace("generic", "other");
            self.same("sport", tracks[0].sport.name().replace('_', ""), sport);
        }
    }

    fn place(&mut self, which: &str, tracks: &[Track]) {
        let truth = self.truth;
        let Some(place) = truth[format!("{which}_position")].as_array() else {
            return;
        };
        let points = tracks.iter().flat_map(|track| track.points.iter());
        let mut places = points.filter_map(|point| point.position);
        let ours = if which == "first" {
            places.next()
        } else {
            places.last()
        };
        self.near(
            "latitude",
            ours.map(|at| at.latitude),
            place[0].as_f64(),
            1e-6,
        );
        self.near(
            "longitude",
            ours.map(|at| at.longitude),
            place[1].as_f64(),
            1e-6,
        );
    }

    fn damaged(&mut self, result: Result<Reading, ReadError>) {
        match result {
            // A GPX file under a FIT name is read as what it is.
            Ok(reading) if reading.format != Format::Fit => {}
            Ok(reading) => {
                self.counts(&reading.tracks);
                // Sizes and checksum are right in this one: only a message in it is not.
                self.same(
                    "complete",
                    reading.complete,
                    self.path.contains("undef_local"),
                );
                let parts = reading.tracks.iter().flat_map(|track| &track.skipped);
                let told = reading.skipped.iter().chain(parts).next().is_some();
                self.same("has a sentence", told, true);
            }
            Err(error) => {
                self.same("points", Some(0), self.truth["points"].as_u64());
                for text in [error.to_string(), error.hint().to_owned()] {
                    assert!(
                        text.ends_with('.') && text.starts_with(char::is_uppercase),
                        "{text}"
                    );
                }
            }
        }
    }
}

/// Looks at every file of one sort, and says all differences at once.
fn compare(is_sound: bool, look: impl Fn(&mut Case, &[u8])) {
    let mut wrong = Vec::new();
    for (path, truth, bytes) in files()
        .iter()
        .filter(|(_, truth, _)| truth["sound"] == is_sound)
    {
        let mut case = Case {
            path,
            truth,
            wrong: Vec::new(),
        };
        look(&mut case, bytes);
        wrong.append(&mut case.wrong);
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn sound_files_agree_with_other_readers() {
    compare(true, |case, bytes| match read(bytes) {
        Ok(reading) => case.sound(&reading),
        Err(error) => case.wrong.push(format!("{}: {error}", case.path)),
    });
}

#[test]
fn damaged_files_give_what_they_hold_or_one_sentence() {
    compare(false, |case, bytes| case.damaged(read(bytes)));
}
