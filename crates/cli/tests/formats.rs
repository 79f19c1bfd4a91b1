//! Zip archives in and out, and every format, as the user of a terminal meets them.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::fs;

use common::{Home, fit, zipped};
use serde_json::Value;

fn code(line: &Value) -> &str {
    line["error"]["code"].as_str().unwrap_or("none")
}

#[test]
fn a_library_goes_through_one_zip_into_another() {
    let home = Home::new();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    home.put("GARMIN/Activity/2.fit", &fit(2));
    home.sync();
    let zip = home.path("all.zip");
    let zip = zip.to_str().unwrap();
    let exported = home.well(&["export", "--all", "--out", zip]);
    assert_eq!(exported.len(), 2);
    assert!(exported.iter().all(|line| line["path"] == zip));
    assert_ne!(exported[0]["entry"], exported[1]["entry"]);
    assert!(!home.path("all.zip.part").exists());

    let inside = home.well(&["inspect", zip]);
    assert_eq!(inside.len(), 2);
    for (line, exported) in inside.iter().zip(&exported) {
        assert_eq!((&line["path"], &line["ok"]), (&zip.into(), &true.into()));
        assert_eq!(line["entry"], exported["entry"]);
        assert_eq!(line["kind"], "activity");
    }

    let other = Home::new();
    let taken = other.well(&["import", zip]);
    assert_eq!(taken.len(), 2, "{taken:#?}");
    let hashes = |home: &Home| {
        let rows = home.well(&["history"]);
        rows.iter()
            .map(|row| row["sha256"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(hashes(&home), hashes(&other));
    // The same again is known, and one that is gone is told without stopping the rest.
    assert!(
        other
            .well(&["import", zip])
            .iter()
            .all(|line| line["known"] == true)
    );
    let some = home.run(&["export", "1", "77", "2", "--format", "csv", "--out", zip]);
    assert_eq!(some.code, Some(1));
    assert_eq!(code(&some.lines[1]), "no_such_activity");
    let none = home.run(&[
        "export",
        "77",
        "--out",
        home.path("none.zip").to_str().unwrap(),
    ]);
    assert_eq!(
        (none.code, home.path("none.zip").exists()),
        (Some(1), false)
    );
}

#[test]
fn what_is_no_recording_in_a_zip_is_passed_over() {
    let home = Home::new();
    let (path, whole) = (home.path("mixed.zip"), fit(3));
    zipped(
        &path,
        &[
            ("readme.txt", b"Hello"),
            ("../../2024/ride.fit", &whole),
            ("broken.fit", b"not a recording"),
            ("photo.jpg", b"\xff\xd8"),
        ],
    );
    let zip = path.to_str().unwrap();
    let inspected = home.run(&["inspect", zip]);
    assert_eq!((inspected.code, inspected.lines.len()), (Some(1), 2));
    let (ride, broken) = (&inspected.lines[0], &inspected.lines[1]);
    assert_eq!(ride["entry"], "2024/ride.fit");
    let said = "readme.txt and another file are no recordings and were passed over.";
    assert_eq!(ride["skipped"].as_array().unwrap().last().unwrap(), said);
    assert_eq!(
        (broken["ok"].as_bool(), code(broken)),
        (Some(false), "not_a_recording")
    );

    let imported = home.run(&["import", zip]);
    assert_eq!(imported.code, Some(1));
    let events: Vec<_> = imported
        .lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["taken_in", "trouble", "ignored"], "{imported:#?}");
    assert_eq!(home.well(&["history"]).len(), 1);
    let kept = home.well(&["show", "1"])[0]["original"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(fs::read(home.data().join(kept)).unwrap(), whole);
    // Nothing came out beside the library.
    assert!(!home.path("2024").exists() && !home.folder.path().join("../2024").exists());

    zipped(&path, &[("readme.txt", b"Hello")]);
    assert_eq!(code(&home.run(&["inspect", zip]).lines[0]), "no_recording");
    assert_eq!(home.run(&["import", zip]).code, Some(1));
    fs::write(&path, b"PK\x03\x04 cut").unwrap();
    assert_eq!(code(&home.run(&["inspect", zip]).lines[0]), "archive");
}

#[test]
fn every_format_is_exported_and_converted_alike() {
    let home = Home::new();
    let from = home.path("ride.fit");
    fs::write(&from, fit(5)).unwrap();
    let from = from.to_str().unwrap();
    home.well(&["import", from]);
    for format in ["gpx", "tcx", "fit", "geojson", "kml", "csv"] {
        let exported = home.path(&format!("exported.{format}"));
        let converted = home.path(&format!("converted.{format}"));
        let lines = home.well(&[
            "export",
            "1",
            "--format",
            format,
            "--out",
            exported.to_str().unwrap(),
        ]);
        let told = home.well(&["convert", from, converted.to_str().unwrap()]);
        assert_eq!(lines[0]["left_out"], told[0]["left_out"]);
        assert_eq!(told[0]["from"], from);
        assert_eq!(
            fs::read(exported).unwrap(),
            fs::read(converted).unwrap(),
            "{format}"
        );
    }
    let original = fs::read(from).unwrap();
    let same = home.run(&["convert", from, home.path("./ride.fit").to_str().unwrap()]);
    assert_eq!((same.code, code(&same.lines[0])), (Some(1), "same_file"));
    assert_eq!(fs::read(from).unwrap(), original);
    assert_eq!(
        home.run(&["export", "1", "--format", "doc", "--out", "x"])
            .code,
        Some(2)
    );
}
