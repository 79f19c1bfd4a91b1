//! A library whose database is lost is rebuilt from its originals.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Home, SERVICES, fit, ride};

/// What of a row says which activity it is; its number, and how its file was called on the device, are the database's alone.
const FACTS: [&str; 7] = [
    "start",
    "sport",
    "name",
    "distance_m",
    "elapsed_s",
    "timer_s",
    "ascent_m",
];

/// What history shows, in its order.
fn history(home: &Home) -> Vec<BTreeMap<&'static str, serde_json::Value>> {
    let rows = home.well(&["history"]);
    let facts = |row: serde_json::Value| FACTS.map(|fact| (fact, row[fact].clone())).into();
    rows.into_iter().map(facts).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

/// Packed by the program that people pack with.
fn gzipped(home: &Home, bytes: &[u8]) -> Vec<u8> {
    let file = home.path("to pack");
    fs::write(&file, bytes).unwrap();
    let packed = Command::new("gzip").arg("--stdout").arg(file).output();
    let packed = packed.unwrap();
    assert!(packed.status.success(), "{packed:?}");
    packed.stdout
}

/// Three activities of the device, a damaged one, one of two parts, one of the third format, and two whose files are packed.
fn full() -> Home {
    let home = Home::new();
    for number in 1..4 {
        home.put(&format!("GARMIN/Activity/{number}.fit"), &fit(number));
    }
    let tcx = track::write_tcx(&ride(5)).bytes;
    home.put("GARMIN/Activity/5.tcx", &tcx);
    let packed = gzipped(&home, &fit(6));
    home.put("GARMIN/Activity/6.fit.gz", &packed);
    let packed = gzipped(&home, &track::write_tcx(&ride(7)).bytes);
    home.put("GARMIN/Activity/7.tcx.gz", &packed);
    let whole = fit(4);
    home.put("GARMIN/Activity/cut.fit", &whole[..whole.len() * 2 / 3]);
    let track = |day: u32| {
        format!(
            "<trk><name>Day {day}</name><type>running</type><trkseg>\
             <trkpt lat=\"47\" lon=\"11\"><time>2026-05-0{day}T10:00:00Z</time></trkpt>\
             <trkpt lat=\"47.01\" lon=\"11\"><time>2026-05-0{day}T10:10:00Z</time></trkpt></trkseg></trk>"
        )
    };
    let gpx = format!(
        "<gpx version=\"1.1\" creator=\"test\" xmlns=\"http://www.topografix.com/GPX/1/1\">{}{}</gpx>",
        track(1),
        track(2)
    );
    home.put("GARMIN/Activity/two.gpx", gpx.as_bytes());
    let ended = home.sync();
    assert_eq!(ended.code, Some(1), "one is damaged: {ended:#?}");
    home
}

#[test]
fn importing_the_originals_gives_the_same_library() {
    let home = full();
    let (before, originals) = (history(&home), home.data().join("originals"));
    let kept = files(&originals);
    for ending in [".fit", ".gpx", ".tcx", ".fit.gz", ".tcx.gz"] {
        let mut names = kept.keys().map(|path| path.to_string_lossy());
        assert!(names.any(|name| name.ends_with(ending)), "no {ending}");
    }
    assert_eq!(before.len(), 9, "{before:#?}");
    for name in ["library.db", "library.db-wal", "library.db-shm"] {
        // The last two are there only while it is open.
        let _ = fs::remove_file(home.data().join(name));
    }
    assert!(history(&home).is_empty());
    for times in 1..=2 {
        home.run(&["import", originals.to_str().unwrap()]);
        assert_eq!(history(&home), before, "imported {times} times");
        assert_eq!(files(&originals), kept, "imported {times} times");
        assert_eq!(home.run(&["doctor"]).code, Some(0));
    }
}

#[test]
fn what_was_sent_before_the_database_was_lost_is_not_sent_again() {
    let home = Home::new();
    home.sign_in();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    assert_eq!(home.sync().code, Some(0));
    let sent = home.sandbox.uploads().len();
    assert_eq!(sent, SERVICES.len());
    for entry in fs::read_dir(home.data()).unwrap().map(Result::unwrap) {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("library.db")
        {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    home.sign_in();
    let originals = home.data().join("originals");
    home.well(&["import", originals.to_str().unwrap()]);
    assert_eq!(home.run(&["sync"]).code, Some(0));
    for row in home.well(&["history"]) {
        let uploads = row["uploads"].as_array().unwrap().clone();
        assert_eq!(uploads.len(), SERVICES.len(), "{row}");
        for upload in uploads {
            assert_eq!(upload["state"], "existing", "{upload}");
        }
    }
    let new = home.sandbox.uploads();
    let new = new.iter().skip(sent).filter(|upload| !upload.existing);
    assert_eq!(new.count(), 0);
}
