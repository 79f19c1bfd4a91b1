//! `inspect --json` over every file of the corpus, against what independent readers say of it.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{corpus, ended};
use jiff::Timestamp;
use serde_json::Value;

/// Where truth.json itself is wrong: the file, the fact that is not compared, and the reason.
const WRONG_TRUTH: &[(&str, &str, &str)] = &[
    (
        "fit/MaksVasilev+fit2gpx/test__bad_data__Bryton-bad-data-170729181231.fit",
        "start",
        "its session message says 15:12:31; truth.json lists no session and has the first record's time",
    ),
    (
        "fit/dtcooper+python-fitparse/tests__files__antfs-dump.63.fit",
        "start",
        "its session message says 07:00:41; truth.json lists no session and has the first record's time",
    ),
    (
        "gpx/OpenTracksApp+OpenTracks/src__androidTest__res__raw__legacy_gpx_pause_resume.gpx",
        "distance",
        "two of its points have latitudes 100 and 200; truth.json went there and back",
    ),
    (
        "gpx/OpenTracksApp+OpenTracks/src__androidTest__res__raw__legacy_gpx_pause_resume.gpx",
        "positions",
        "latitudes 100 and 200 are no positions",
    ),
    (
        "made/gpx/time_bad.gpx",
        "times",
        "its times are not ISO 8601; truth.json repeats them as written",
    ),
];

/// What was compared, by name; what differed, in words.
#[derive(Default)]
struct Findings {
    compared: BTreeMap<&'static str, u32>,
    differing: Vec<String>,
}

/// One file of the corpus: what is said of it, and what the program said.
struct Case<'a> {
    name: &'a str,
    truth: &'a Value,
    lines: Vec<&'a Value>,
}

#[test]
fn inspect_agrees_with_independent_readers() {
    let Some(folder) = corpus() else { return };
    let truth: BTreeMap<String, Value> =
        serde_json::from_slice(&fs::read(folder.join("truth.json")).unwrap()).unwrap();
    let said = inspect(&folder, truth.keys());
    let mut findings = Findings::default();
    for (name, truth) in &truth {
        let path = folder.join(name);
        let of_it = said
            .iter()
            .filter(|line| line["path"] == *path.to_string_lossy());
        let case = Case {
            name,
            truth,
            lines: of_it.collect(),
        };
        findings.file(&case);
    }
    eprintln!("compared: {:?}", findings.compared);
    let all = findings.differing.join("\n");
    assert!(
        all.is_empty(),
        "{} differ:\n{all}",
        findings.differing.len()
    );
    assert!(
        findings.compared["sound"] > 250,
        "most of the corpus is sound"
    );
}

/// Every file in one call; damaged ones make it end with 1.
fn inspect<'a>(folder: &Path, names: impl Iterator<Item = &'a String>) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trackdock-cli"));
    command.args(["inspect", "--json"]).stdin(Stdio::null());
    command.args(names.map(|name| folder.join(name)));
    let ended = ended(command);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended.lines
}

impl Findings {
    fn file(&mut self, case: &Case<'_>) {
        self.expect(case, "has a line", !case.lines.is_empty(), &"none");
        for line in case.lines.iter().filter(|line| line["ok"] != true) {
            let whole = ["code", "title", "hint"].iter().all(|key| {
                line["error"][*key]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            });
            self.expect(case, "error in words", whole, line);
        }
        if case.truth["sound"] != true {
            return;
        }
        let read = case.lines.iter().all(|line| line["ok"] == true);
        self.expect(case, "sound", read, &case.lines);
        self.expect(
            case,
            "format",
            case.lines
                .iter()
                .all(|line| line["format"] == case.truth["format"]),
            &case.lines,
        );
        if read {
            self.counts(case);
            self.times(case);
            self.lengths(case);
        }
    }

    fn counts(&mut self, case: &Case<'_>) {
        let (truth, trackpoints) = (case.truth, &case.truth["counts"]);
        let points = number(&truth["points"]).or(number(&trackpoints["Trackpoint"]));
        let placed = points.zip(number(&truth["bad_points"]));
        let positions = number(&truth["positions"])
            .or(number(&trackpoints["pos"]))
            .or(placed.map(|(points, bad)| points - bad));
        for (what, expected) in [("points", points), ("positions", positions)] {
            if !case.is_wrong(what) {
                let expected = expected.or(Some(0.0));
                self.near(case, what, case.sum(what), expected, 0.0);
            }
        }
    }

    fn times(&mut self, case: &Case<'_>) {
        let truth = case.truth;
        let (first, last) = (time(&truth["first_time"]), time(&truth["last_time"]));
        let start = time(&truth["sessions"][0]["start_time"]).or(first);
        if let (Some(start), true) = (start, case.is_activity()) {
            let ours = case.lines.iter().find_map(|line| time(&line["start"]));
            if !case.is_wrong("start") && !case.is_wrong("times") {
                self.expect(case, "start", ours == Some(start), &(ours, start));
            }
        }
        let span = first
            .zip(last)
            .map(|(first, last)| last.duration_since(first).as_secs_f64());
        let elapsed = match truth["format"].as_str() {
            Some("fit") => case.session_sum("total_elapsed_time"),
            Some("tcx") => {
                number(&truth["lap_time_s"]).filter(|_| number(&truth["counts"]["Lap"]).is_some())
            }
            // The parts of a file that holds several do not add up to its span.
            _ => span.filter(|_| case.lines.len() == 1 && !case.is_wrong("times")),
        };
        if case.is_activity() && elapsed.is_some() {
            self.near(case, "elapsed", case.sum("elapsed_s"), elapsed, 1.0);
        }
    }

    fn lengths(&mut self, case: &Case<'_>) {
        let truth = case.truth;
        let (expected, share) = match truth["format"].as_str() {
            Some("fit") if number(&truth["sessions"][0]["total_distance"]).is_some() => {
                (case.session_sum("total_distance"), 0.005)
            }
            Some("fit") if !truth["sessions"].is_array() => {
                (number(&truth["last_record_distance_m"]), 0.005)
            }
            Some("tcx") if number(&truth["counts"]["Lap"]).is_some() => {
                (number(&truth["lap_distance_m"]), 0.005)
            }
            Some("gpx") => (number(&truth["length_m"]), 0.008),
            _ => (None, 0.0),
        };
        let Some(expected) = expected else { return };
        if !case.is_wrong("distance") && (case.is_activity() || truth["kind"] == "track") {
            let tolerance = (expected * share).max(5.0);
            self.near(
                case,
                "distance",
                case.sum("distance_m"),
                Some(expected),
                tolerance,
            );
        }
    }

    fn near(
        &mut self,
        case: &Case<'_>,
        what: &'static str,
        ours: f64,
        expected: Option<f64>,
        tolerance: f64,
    ) {
        let good = expected.is_some_and(|expected| (ours - expected).abs() <= tolerance);
        self.expect(case, what, good, &(ours, expected));
    }

    fn expect(
        &mut self,
        case: &Case<'_>,
        what: &'static str,
        good: bool,
        seen: &dyn std::fmt::Debug,
    ) {
        *self.compared.entry(what).or_default() += 1;
        if !good {
            self.differing
                .push(format!("{}: {what}: {seen:?}", case.name));
        }
    }
}

impl Case<'_> {
    /// Over all parts of the file; what is absent counts as nothing.
    fn sum(&self, key: &str) -> f64 {
        self.lines
            .iter()
            .filter_map(|line| number(&line[key]))
            .sum()
    }

    /// Over all sessions, if each says it.
    fn session_sum(&self, key: &str) -> Option<f64> {
        let sessions = self.truth["sessions"].as_array()?;
        sessions.iter().map(|session| number(&session[key])).sum()
    }

    fn is_activity(&self) -> bool {
        self.lines.iter().any(|line| line["kind"] == "activity")
    }

    fn is_wrong(&self, fact: &str) -> bool {
        WRONG_TRUTH
            .iter()
            .any(|(name, wrong, _)| *name == self.name && *wrong == fact)
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

/// As RFC 3339; a time of a file that names no zone is taken as UTC.
fn time(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?.trim();
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}
