//! A file with which the program ended twice is set aside: the program is really killed in the middle of reading it.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;
#[path = "common/tracer.rs"]
mod tracer;

use std::fs;

use common::{Ended, Home, SERVICES, fit};
use tracer::{Calls, Harm, can_trace};

/// Runs the command and kills it when it has read its first file, as it is about to take the note of that away.
fn killed_while_reading(home: &Home, words: &[&str]) {
    let harm = Harm::KillBeforeRemoval("reading");
    let traced = tracer::run(home.command(words), &Calls::Outside, harm).unwrap();
    assert!(
        traced.harmed.is_some() && traced.code.is_none(),
        "{traced:?}"
    );
}

/// How many readings were begun and not ended, file by file.
fn notes(home: &Home) -> Vec<usize> {
    let entries = fs::read_dir(home.data().join("reading"))
        .into_iter()
        .flatten();
    let read = entries.map(|entry| {
        fs::read_to_string(entry.unwrap().path())
            .unwrap()
            .lines()
            .count()
    });
    read.collect()
}

fn count(ended: &Ended, event: &str) -> usize {
    let told = ended.lines.iter();
    told.filter(|line| line["event"] == event).count()
}

fn code_of(ended: &Ended) -> Option<&str> {
    let mut told = ended.lines.iter();
    told.find_map(|line| line["error"]["code"].as_str())
}

#[test]
fn a_file_that_ends_the_program_twice_stops_nothing_else_and_is_read_by_hand() {
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
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert_eq!(code_of(&ended), Some("set_aside"), "{ended:#?}");
    assert_eq!(count(&ended, "taken_in"), 1, "{ended:#?}");
    assert_eq!(home.well(&["history"]).len(), 1);
    let by_hand = device.join("GARMIN/Activity/1.fit");
    home.well(&["import", by_hand.to_str().unwrap()]);
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
fn an_original_that_ends_the_program_twice_waits_for_a_day() {
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
    assert_eq!(upload["state"], "waiting", "{upload}");
    let reason = upload["reason"].as_str().unwrap();
    assert!(reason.contains("is set aside"), "{upload}");
    assert!(home.sandbox.uploads().is_empty());
}
