//! The program is killed in the middle of reading a file, again and again: what may be the file's fault is tried in a process of
//! its own, and is not when that goes well.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;
#[path = "common/tracer.rs"]
mod tracer;

use std::fs;
use std::process::Command;

use common::{Home, SERVICES, fit, zipped};
use tracer::{Calls, Harm, can_trace};

/// Runs the command and kills it when it has read its first file, as it is about to clear the note of that.
fn killed_while_reading(home: &Home, words: &[&str]) {
    let harm = Harm::KillBeforeEmptying("reading");
    let traced = tracer::run(home.command(words), &Calls::Outside, harm).unwrap();
    assert!(
        traced.harmed.is_some() && traced.code.is_none(),
        "{traced:?}"
    );
}

/// How many readings were begun and not ended, file by file: a letter for each.
fn notes(home: &Home) -> Vec<usize> {
    let entries = fs::read_dir(home.data().join("reading"))
        .into_iter()
        .flatten();
    // One may go just now.
    let read = entries.filter_map(|entry| fs::read(entry.unwrap().path()).ok());
    read.map(|note| note.len()).collect()
}

#[test]
fn a_sound_file_at_which_the_program_was_killed_twice_comes_in() {
    if !can_trace() {
        return;
    }
    let home = Home::new();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    home.put("GARMIN/Activity/2.fit", &fit(2));
    let device = home.device();
    let sync = ["sync", "--device", device.to_str().unwrap()];
    for begun in [1, 2] {
        killed_while_reading(&home, &sync);
        assert_eq!(notes(&home), [begun]);
    }
    let ended = home.run(&sync);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(home.well(&["history"]).len(), 2);
    assert!(notes(&home).is_empty());
}

#[test]
fn a_file_that_was_there_at_one_end_is_read_again() {
    if !can_trace() {
        return;
    }
    let home = Home::new();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    let device = home.device();
    let sync = ["sync", "--device", device.to_str().unwrap()];
    killed_while_reading(&home, &sync);
    assert_eq!(home.run(&sync).code, Some(0));
    assert!(notes(&home).is_empty());
    assert_eq!(home.well(&["history"]).len(), 1);
}

#[test]
fn a_sound_original_at_which_the_program_was_killed_twice_is_sent() {
    if !can_trace() {
        return;
    }
    let home = Home::new();
    // At the other service it is parked before it comes to that: it was sent once more already.
    home.well(&["login", SERVICES[1]]);
    let file = home.path("1.fit");
    fs::write(&file, fit(1)).unwrap();
    home.well(&["import", file.to_str().unwrap()]);
    for begun in [1, 2] {
        killed_while_reading(&home, &["sync"]);
        assert_eq!(notes(&home), [begun]);
    }
    // Not after the pause that an attempt which failed twice is followed by.
    home.well(&["retry", "--all"]);
    home.run(&["sync"]);
    let rows = home.well(&["history"]);
    let upload = &rows[0]["uploads"][0];
    assert_eq!(upload["state"], "sent", "{upload}");
    assert_eq!(home.sandbox.uploads().len(), 1);
    assert!(notes(&home).is_empty());
}

#[test]
fn what_a_person_asks_for_is_noted_too() {
    if !can_trace() {
        return;
    }
    let home = Home::new();
    let zip = home.path("rides.zip");
    zipped(&zip, &[("1.fit", &fit(1)), ("2.fit", &fit(2))]);
    let out = home.path("out.gpx");
    let import = ["import", zip.to_str().unwrap()];
    let export = [
        "export",
        "1",
        "--format",
        "gpx",
        "--out",
        out.to_str().unwrap(),
    ];
    for words in [&import[..], &export] {
        for begun in [1, 2] {
            killed_while_reading(&home, words);
            assert_eq!(notes(&home), [begun], "{words:?}");
        }
        home.well(words);
        assert!(notes(&home).is_empty(), "{words:?}");
    }
    assert_eq!(home.well(&["history"]).len(), 2);
    assert!(fs::read_to_string(out).unwrap().contains("<trkpt"));
}

/// A long recording, so that its reading takes a while.
fn long_gpx() -> String {
    let point = |second: u32| {
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        let along = f64::from(second) * 0.000_001;
        format!(
            "<trkpt lat='{:.6}' lon='11'><ele>7</ele><time>2026-05-02T{hour:02}:{minute:02}:{:02}Z</time></trkpt>",
            47.0 + along,
            second % 60
        )
    };
    let points: String = (0..86_000).map(point).collect();
    format!("<gpx version='1.1' creator='t'><trk><trkseg>{points}</trkseg></trk></gpx>")
}

#[test]
fn who_ends_an_export_by_a_signal_blames_no_file() {
    let home = Home::new();
    let file = home.path("long.gpx");
    fs::write(&file, long_gpx()).unwrap();
    home.well(&["import", file.to_str().unwrap()]);
    let out = home.path("out.kml");
    let export = [
        "export",
        "1",
        "--format",
        "kml",
        "--out",
        out.to_str().unwrap(),
    ];
    for signal in ["-INT", "-TERM"] {
        // It may be done before the signal comes; then another time.
        let came_in_time = (0..50).any(|_| {
            let mut process = home.command(&export).spawn().unwrap();
            while notes(&home).is_empty() && process.try_wait().unwrap().is_none() {}
            let id = process.id().to_string();
            Command::new("kill").args([signal, &id]).status().unwrap();
            let status = process.wait().unwrap();
            assert!(notes(&home).is_empty(), "{signal}: {status}");
            status.code() == Some(1)
        });
        assert!(came_in_time, "{signal}");
    }
}

/// What a trial reads is of no matter to it, and nothing of it is said.
#[test]
fn a_trial_is_a_process_that_reads_and_ends() {
    let home = Home::new();
    let garbage = home.path("garbage.fit");
    fs::write(&garbage, [0xff; 4096]).unwrap();
    let sound = home.path("1.fit");
    fs::write(&sound, fit(1)).unwrap();
    for purpose in ["--read-alone", "--show-alone"] {
        for file in [&sound, &garbage, &home.path("nothing")] {
            let mut trial = Command::new(env!("CARGO_BIN_EXE_trackdock-cli"));
            let ended = trial.arg(purpose).arg(file).output().unwrap();
            assert!(ended.status.success(), "{ended:?}");
            assert!(
                ended.stdout.is_empty() && ended.stderr.is_empty(),
                "{ended:?}"
            );
        }
    }
}
