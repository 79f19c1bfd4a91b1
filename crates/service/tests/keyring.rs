//! The real keyring of this desktop, and what is said where there is none.
//!
//! The first test runs only with TRACKDOCK_TEST_KEYRING=1, under a session bus with an unlocked keyring of its own:
//! `dbus-run-session -- sh -c "printf '\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null; cargo test -p service --test keyring"`
//! with fresh HOME and XDG_RUNTIME_DIR.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]
#![allow(clippy::print_stdout, reason = "the test tells why it did not look")]

#[path = "../../../tests/common/skipped.rs"]
mod skipped;

use service::{KeyringStore, Secret, SecretStore};
use skipped::skipped;

#[test]
fn the_keyring_keeps_replaces_and_forgets() {
    if std::env::var_os("TRACKDOCK_TEST_KEYRING").is_none() {
        println!(
            "SKIPPED: the real keyring was not tested; set TRACKDOCK_TEST_KEYRING=1 under a session bus with a keyring"
        );
        return;
    }
    let store = KeyringStore::new(format!("Trackdock test {}", std::process::id()));
    assert!(store.get("account:trek-point").unwrap().is_none());
    store.delete("account:trek-point").unwrap();
    let long = "t:ö/k+e=n".repeat(700);
    for text in ["first", "second", &long] {
        store.set("account:trek-point", &Secret::new(text)).unwrap();
        assert_eq!(
            store.get("account:trek-point").unwrap().unwrap().expose(),
            text
        );
    }
    let other = KeyringStore::new("Trackdock test, another");
    assert!(other.get("account:trek-point").unwrap().is_none());
    // From an async thread too.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { assert!(store.get("account:trek-point").unwrap().is_some()) });
    store.delete("account:trek-point").unwrap();
    assert!(store.get("account:trek-point").unwrap().is_none());
    another_one_is_found(&store);
    locked_is_told(&store);
}

/// The session's bus: the words behind `--print-reply`.
fn over_the_bus(words: &[&str]) -> Option<String> {
    let output = std::process::Command::new("dbus-send")
        .args(["--session", "--print-reply"])
        .args(words)
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(said)
}

/// The keyring's process.
fn keyring_process() -> Option<u32> {
    let said = over_the_bus(&[
        "--dest=org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.GetConnectionUnixProcessID",
        "string:org.freedesktop.secrets",
    ])?;
    said.split_whitespace().last()?.parse().ok()
}

/// Ends the keyring and starts another: what was stored is there, without a word of it.
fn another_one_is_found(store: &KeyringStore) {
    store
        .set("account:trek-point", &Secret::new("kept"))
        .unwrap();
    let Some(process) = keyring_process() else {
        return skipped("a keyring that is started anew", "its process is not known");
    };
    let run = |command: &str| {
        let status = std::process::Command::new("sh")
            .args(["-c", command])
            .status();
        assert!(status.unwrap().success(), "{command}");
    };
    run(&format!("kill {process}"));
    while keyring_process() == Some(process) {
        std::thread::yield_now();
    }
    run("printf '\n' | gnome-keyring-daemon --unlock --components=secrets > /dev/null");
    let kept = store.get("account:trek-point").unwrap();
    assert_eq!(kept.unwrap().expose(), "kept");
}

/// Locks the keyring over its bus; a locked one must not look empty.
fn locked_is_told(store: &KeyringStore) {
    store
        .set("account:trek-point", &Secret::new("kept"))
        .unwrap();
    let locked = over_the_bus(&[
        "--dest=org.freedesktop.secrets",
        "/org/freedesktop/secrets",
        "org.freedesktop.Secret.Service.Lock",
        "array:objpath:/org/freedesktop/secrets/collection/login",
    ]);
    if locked.is_none() {
        return skipped("a locked keyring", "it could not be locked");
    }
    for result in [
        store.get("account:trek-point").map(|_| ()),
        store.set("account:trek-point", &Secret::new("x")),
        store.set("new", &Secret::new("x")),
    ] {
        let error = result.expect_err("a locked keyring answered");
        assert_eq!(error.code(), "keyring_locked", "{error}");
        assert!(
            error.hint().contains("still signed in") && error.hint().contains("--secrets file")
        );
    }
}

/// Runs itself again in a world without a session bus.
#[test]
fn without_a_keyring_a_sentence_says_so() {
    const ALONE: &str = "TRACKDOCK_TEST_NO_BUS";
    if std::env::var_os(ALONE).is_some() {
        let error = KeyringStore::new("Trackdock test")
            .get("x")
            .err()
            .expect("a keyring answered without a bus");
        println!("{error} | {} | {}", error.code(), error.hint());
        return;
    }
    let empty = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "without_a_keyring_a_sentence_says_so",
            "--nocapture",
        ])
        .env(ALONE, "1")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env("XDG_RUNTIME_DIR", empty.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for part in [
        "There is no keyring to keep the sign-in in",
        "keyring_absent",
        "--secrets file",
        "--secrets session",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}
