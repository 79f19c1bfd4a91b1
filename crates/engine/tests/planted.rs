//! Forty-six faults that a program of this kind could have, each planted into a copy of the sources: the simulation must find
//! every one. What a test cannot find, it does not prove. `TRACKDOCK_FAULT`: only those whose words hold one of
//! these, set apart by semicolons.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

#[path = "planted/faults.rs"]
mod faults;

use std::path::{Path, PathBuf};
use std::process::Command;

use faults::{FAULTS, Place};

/// Worlds that are played for each, until it is found: as many as `./dev test` plays.
const SEEDS: &str = "10000";
/// Worlds that are played before anything is planted: that all go well is for `./dev test` to say.
const FIRST: &str = "1000";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The sources as they are now, without what was built of them.
fn copy(to: &Path) {
    let tracked = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(workspace())
        .output()
        .unwrap();
    for name in String::from_utf8(tracked.stdout)
        .unwrap()
        .split_terminator('\0')
    {
        let (from, to) = (workspace().join(name), to.join(name));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}

/// Whether so many worlds of the simulation go well in that copy; and what it says.
fn goes_well(at: &Path, seeds: &str) -> (bool, String) {
    let ended = Command::new(env!("CARGO"))
        .args(["test", "--package", "engine", "--lib", "sim::whatever"])
        .current_dir(at)
        .env("TRACKDOCK_SEEDS", seeds)
        .env("TRACKDOCK_MOST", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        said.contains("running 1 test"),
        "it was not built: {errors}"
    );
    (ended.status.success(), said)
}

/// Which file a fault goes into, what it says, and what it says then.
fn plant(at: &Path, what: &str, (file, old, new): &Place) -> (PathBuf, String, String) {
    let path = at.join("crates").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let found = text.matches(old).count();
    assert_eq!(found, 1, "{what}: {file} says otherwise now");
    let planted = text.replacen(old, new, 1);
    (path, text, planted)
}

/// Each by itself; those of several places change different ones.
#[test]
fn every_fault_still_finds_its_place() {
    for (what, places) in FAULTS {
        for place in places {
            let (_, text, planted) = plant(&workspace(), what, place);
            assert_ne!(text, planted, "{what}");
        }
    }
}

#[test]
#[ignore = "builds the engine once for each: ./dev soak"]
fn soak_every_planted_fault_is_found() {
    let folder = tempfile::tempdir().unwrap();
    copy(folder.path());
    let (well, said) = goes_well(folder.path(), FIRST);
    assert!(well, "nothing was planted yet: {said}");
    let mut missed = Vec::new();
    let words = std::env::var("TRACKDOCK_FAULT").unwrap_or_default();
    let is_asked_for = |what: &str| words.split(';').any(|words| what.contains(words));
    for (what, places) in FAULTS.iter().filter(|(what, _)| is_asked_for(what)) {
        let mut before = Vec::new();
        for place in *places {
            let (path, text, planted) = plant(folder.path(), what, place);
            std::fs::write(&path, planted).unwrap();
            before.push((path, text));
        }
        let (well, said) = goes_well(folder.path(), SEEDS);
        let first = said
            .lines()
            .find(|line| line.starts_with("seed "))
            .unwrap_or_default();
        eprintln!("{}: {what}: {first}", if well { "MISSED" } else { "found" });
        if well {
            missed.push(*what);
        }
        for (path, text) in before.into_iter().rev() {
            std::fs::write(path, text).unwrap();
        }
    }
    assert!(missed.is_empty(), "missed: {missed:#?}");
}
