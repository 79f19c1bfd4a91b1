//! Whatever lies on a device: each bad file gives one clear sentence, and the rest is taken in.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{Home, corpus, fit};

/// Damage of our own making, by name.
fn damaged() -> Vec<(&'static str, Vec<u8>)> {
    let whole = fit(3);
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    vec![
        ("cut.fit", whole[..whole.len() / 2].to_vec()),
        ("flipped.fit", flipped),
        ("empty.fit", Vec::new()),
        ("one_byte.fit", vec![14]),
        ("zeros.fit", vec![0; 4096]),
        ("page.fit", b"<html><body>502 Bad Gateway</body></html>".to_vec()),
        ("bomb.gpx", b"<!DOCTYPE gpx [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><gpx><trk><name>&b;</name></trk></gpx>".to_vec()),
        ("cut.gpx", b"<gpx version=\"1.1\"><trk><trkseg><trkpt lat=\"47\" lon=\"11\"><time>2026-05-01T10:00:00Z</time>".to_vec()),
        ("map.gpx", b"<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document/></kml>".to_vec()),
    ]
}

#[test]
fn every_damaged_file_gives_one_sentence_and_the_rest_is_taken_in() {
    let home = Home::new();
    for (name, bytes) in damaged() {
        home.put(&format!("GARMIN/Activity/{name}"), &bytes);
    }
    home.put("GARMIN/Activity/sound.fit", &fit(4));
    let ended = home.sync();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let mut sentences: BTreeMap<String, u32> = BTreeMap::new();
    for line in ended.lines.iter().filter(|line| line["event"] == "trouble") {
        let path = line["path"].as_str().unwrap();
        let name = path.rsplit('/').next().unwrap();
        let (title, hint) = (
            line["error"]["title"].as_str().unwrap(),
            line["error"]["hint"].as_str().unwrap(),
        );
        assert!(
            title.contains(name) && title.ends_with('.') && !hint.is_empty(),
            "{line}"
        );
        *sentences.entry(name.to_owned()).or_default() += 1;
    }
    let expected: BTreeMap<String, u32> = damaged()
        .into_iter()
        .map(|(name, _)| (name.to_owned(), 1))
        .collect();
    assert_eq!(sentences, expected);
    let sound = |line: &&serde_json::Value| {
        line["event"] == "taken_in" && line["path"].as_str().unwrap().ends_with("sound.fit")
    };
    assert_eq!(ended.lines.iter().filter(sound).count(), 1);
}

#[test]
fn settings_and_courses_are_no_trouble() {
    let home = Home::new();
    let route = b"<gpx version=\"1.1\"><rte><rtept lat=\"47\" lon=\"11\"/><rtept lat=\"47.1\" lon=\"11\"/></rte></gpx>";
    home.put("GARMIN/Activity/route.gpx", route);
    let ended = home.sync();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(ended.lines[0]["event"], "ignored");
    assert_eq!(home.well(&["history"]).len(), 0);
}

#[test]
fn the_whole_corpus_on_one_device() {
    let Some(corpus) = corpus() else { return };
    let truth: serde_json::Value =
        serde_json::from_slice(&fs::read(corpus.join("truth.json")).unwrap()).unwrap();
    let home = Home::new();
    let mut sound_activities = 0;
    for (at, (path, said)) in truth.as_object().unwrap().iter().enumerate() {
        let Ok(bytes) = fs::read(corpus.join(path)) else {
            continue;
        };
        let extension = path.rsplit('.').next().unwrap();
        home.put(&format!("GARMIN/Activity/{at}.{extension}"), &bytes);
        if said["sound"] == true
            && said["kind"] == "activity"
            && said["points"]
                .as_u64()
                .or(said["counts"]["Trackpoint"].as_u64())
                > Some(0)
        {
            sound_activities += 1;
        }
    }
    let ended = home.sync();
    assert_eq!(ended.code, Some(1), "the corpus holds damaged files");
    let taken_in = ended
        .lines
        .iter()
        .filter(|line| line["event"] == "taken_in")
        .count();
    assert!(
        taken_in >= sound_activities,
        "{taken_in} of {sound_activities} sound activities were taken in"
    );
    assert!(
        home.well(&["history"]).len() >= sound_activities - 40,
        "copies of one file are one activity"
    );
    // A second look opens nothing and finds nothing new but what was not finished.
    let again = home.sync();
    let new = again
        .lines
        .iter()
        .filter(|line| line["event"] == "taken_in" && line["known"] == false)
        .count();
    let unfinished = ended
        .lines
        .iter()
        .filter(|line| line["error"]["code"] == "unfinished")
        .count();
    assert!(
        new <= unfinished,
        "{new} new at the second look, {unfinished} were unfinished"
    );
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let home = Home::new();
    let pipe = home.path("pipe.fit");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let pipe = pipe.to_str().unwrap();
    let out = home.path("out.gpx");
    for arguments in [
        vec!["inspect", pipe],
        vec!["inspect", "--messages", pipe],
        vec!["convert", pipe, out.to_str().unwrap()],
        vec!["import", pipe],
    ] {
        let ended = home.run(&arguments);
        assert_eq!(ended.code, Some(1), "{arguments:?}: {ended:#?}");
    }
}
