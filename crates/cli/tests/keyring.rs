//! The desktop's keyring for real, from sign-in to sign-out. Runs where `TRACKDOCK_TEST_KEYRING=1` says that an unlocked keyring of
//! its own is there (`./dev test` starts one under a session bus of its own); elsewhere it says loudly that it did not look.

#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Ended, Home, SERVICES, ended, fit};

/// The program with the keyring as its secret store, whatever the rest of the tests use.
fn run(home: &Home, arguments: &[&str], stdin: Stdio) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trackdock-cli"));
    command
        .args(["--json", "--data-dir"])
        .arg(home.data())
        .args(arguments)
        .env("BROWSER", home.path("browser"))
        .stdin(stdin);
    let ended = ended(command);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:#?}");
    ended
}

#[test]
fn keyring_keeps_the_sign_in_from_one_command_to_the_next() {
    if std::env::var_os("TRACKDOCK_TEST_KEYRING").is_none_or(|wanted| wanted != "1") {
        eprintln!("SKIPPED: the keyring (TRACKDOCK_TEST_KEYRING is not 1)");
        return;
    }
    let home = Home::new();
    let secret = home.path("secret");
    fs::write(
        &secret,
        format!("{}\n", home.sandbox.clients().map_my_tracks_secret),
    )
    .unwrap();
    let secret = fs::File::open(secret).unwrap();
    run(
        &home,
        &["login", "map-my-tracks", "--client-secret-stdin"],
        secret.into(),
    );
    run(&home, &["login", "trek-point"], Stdio::null());
    home.put("GARMIN/Activity/1.fit", &fit(1));
    let device = home.device();
    run(
        &home,
        &["sync", "--device", device.to_str().unwrap()],
        Stdio::null(),
    );
    assert_eq!(home.sandbox.uploads().len(), 2);
    assert!(
        !home.data().join("secrets.json").exists(),
        "the keyring was asked for, not the file"
    );
    nothing_in_the_clear(&home.data(), &home.sandbox.clients().map_my_tracks_secret);
    for service in SERVICES {
        run(&home, &["logout", service], Stdio::null());
    }
    for counts in home.sandbox.tokens().values() {
        assert_eq!(
            (counts.access.live, counts.refresh.live),
            (0, 0),
            "{counts:?}"
        );
    }
}

/// No file of the data folder holds the client secret or anything that looks like a stored token.
fn nothing_in_the_clear(folder: &Path, secret: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nothing_in_the_clear(&path, secret);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for word in [secret, "access_token", "refresh_token"] {
            let found = bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes());
            assert!(!found, "{} holds {word:?}", path.display());
        }
    }
}
