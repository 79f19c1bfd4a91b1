//! Every FIT file of the corpus against what independent readers say of it. Reads files; knows no code of the readers.

use serde_json::Value;
use track::{Reading, Track, read};

use crate::recordings::recordings;

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
}

#[test]
fn sound_files_agree_with_other_readers() {
    let all = recordings("fit");
    let sound: Vec<_> = all.iter().filter(|each| each.is_sound()).collect();
    assert!(
        all.is_empty() || sound.len() > 100,
        "only {} sound FIT files",
        sound.len()
    );
    let mut wrong = Vec::new();
    for recording in sound {
        let mut case = Case {
            path: &recording.path,
            truth: &recording.truth,
            wrong: Vec::new(),
        };
        match read(&recording.bytes) {
            Ok(reading) => case.sound(&reading),
            Err(error) => case.wrong.push(format!("{}: {error}", case.path)),
        }
        wrong.append(&mut case.wrong);
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
