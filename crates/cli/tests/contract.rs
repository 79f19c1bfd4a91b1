//! The contract with scripts: JSON on stdout and nothing else, exit codes, one engine at a time, secrets told in words.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::{Home, ended, fit, started};

fn error_code(lines: &[serde_json::Value]) -> &str {
    lines
        .last()
        .and_then(|line| line["error"]["code"].as_str())
        .unwrap_or("none")
}

#[test]
fn wrong_use_ends_with_two() {
    let home = Home::new();
    for wrong in [
        &["fly"][..],
        &["history", "--state", "done"],
        &["sync", "--since", "yesterday"],
        &["retry"],
        &[],
    ] {
        let ended = home.run(wrong);
        assert_eq!(
            (ended.code, error_code(&ended.lines)),
            (Some(2), "usage"),
            "{wrong:?}"
        );
    }
}

#[test]
fn an_empty_library_answers() {
    let home = Home::new();
    for empty in [&["history"][..], &["accounts"], &["queue"]] {
        assert_eq!(home.well(empty).len(), 0, "{empty:?}");
    }
    let ended = home.run(&["show", "1"]);
    assert_eq!(
        (ended.code, error_code(&ended.lines)),
        (Some(1), "no_such_activity")
    );
}

#[test]
fn one_engine_at_a_time_and_reading_beside_it() {
    let home = Home::new();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    assert_eq!(home.sync().code, Some(0));
    let mut watching = started(home.command(&["sync", "--watch"]));
    let in_use = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let ended = home.run(&["retry", "--all"]);
        (ended.code, error_code(&ended.lines)) == (Some(1), "in_use")
    });
    assert!(in_use, "the second engine was not refused");
    // It takes in whatever else is plugged in to this computer just now.
    assert!(!home.well(&["history"]).is_empty());
    assert_eq!(home.well(&["show", "1"]).len(), 1);
    watching.kill().unwrap();
    watching.wait().unwrap();
    home.well(&["retry", "--all"]);
}

#[test]
fn a_bad_configuration_is_named_with_its_line() {
    let home = Home::new();
    fs::write(
        home.data().join("config.toml"),
        "# mine\n[timing]\nsettle_ms = \"soon\"\n",
    )
    .unwrap();
    let ended = home.run(&["sync"]);
    assert_eq!((ended.code, error_code(&ended.lines)), (Some(1), "config"));
    let title = ended.lines[0]["error"]["title"].as_str().unwrap();
    assert!(
        title.contains("line 3") && title.contains("settle_ms"),
        "{title}"
    );
}

#[test]
fn session_secrets_cannot_outlive_a_command() {
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trackdock-cli"));
    command
        .args([
            "login",
            "trek-point",
            "--secrets",
            "session",
            "--json",
            "--data-dir",
        ])
        .arg(home.data());
    let ended = common::ended(command);
    assert_eq!(
        (ended.code, error_code(&ended.lines)),
        (Some(1), "session_secrets")
    );
}

#[test]
fn a_missing_keyring_is_told_in_words() {
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trackdock-cli"));
    command
        .args(["login", "trek-point", "--json", "--data-dir"])
        .arg(home.data())
        .env("BROWSER", home.path("browser"))
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env("XDG_RUNTIME_DIR", home.folder.path())
        .stdin(Stdio::null());
    let ended = ended(command);
    assert_eq!(
        (ended.code, error_code(&ended.lines)),
        (Some(1), "keyring_absent"),
        "{ended:#?}"
    );
    let hint = ended.lines[0]["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("--secrets file"), "{hint}");
    assert_eq!(
        home.well(&["accounts"]).len(),
        0,
        "nobody is signed in without a stored token"
    );
}

#[test]
fn export_gives_the_bytes_back() {
    let home = Home::new();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    home.put("GARMIN/Activity/2.fit", &fit(2));
    assert_eq!(home.sync().code, Some(0));
    let folder = home.path("out");
    let exported = home.well(&["export", "--all", "--out", folder.to_str().unwrap()]);
    assert_eq!(exported.len(), 2);
    let mut bytes: Vec<Vec<u8>> = fs::read_dir(folder)
        .unwrap()
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    let mut expected = vec![fit(1), fit(2)];
    bytes.sort();
    expected.sort();
    assert_eq!(bytes, expected);
}

#[test]
fn nothing_on_the_device_is_touched() {
    let home = Home::new();
    home.put("GARMIN/Activity/1.fit", &fit(1));
    home.put("GARMIN/Activity/broken.fit", &fit(2)[..500]);
    let before = listing(&home);
    home.sync();
    home.sync();
    assert_eq!(listing(&home), before);
}

/// Every path on the device with its size, time and bytes.
fn listing(home: &Home) -> Vec<(std::path::PathBuf, std::time::SystemTime, Vec<u8>)> {
    let folder = home.device().join("GARMIN/Activity");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.clone(),
                path.metadata().unwrap().modified().unwrap(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}
