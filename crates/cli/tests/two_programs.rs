//! The app and the terminal program, or the terminal program several times, with one data folder and so with one sign-in: one of
//! them works, the others say so, and a sign-in is renewed once.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{BOTH, Home, SERVICES, fit, objects};
use engine::{Connected, Engine, EngineOptions, SecretsPlace};
use sandbox::{Expire, Fault, Harm};

const PROGRAMS: usize = 4;
const ROUNDS: u32 = 3;
/// The services take so long to renew a sign-in that the others come meanwhile.
const RENEWAL: Harm = Harm::Slow { ms: 300 };

/// Both sign-ins are stale, and what is sent next renews them, slowly.
fn stale(home: &Home) {
    home.sandbox.expire(None, Expire::Access);
    for service in BOTH {
        let slow = Fault::once(service, "token", RENEWAL);
        home.sandbox.fault(slow).unwrap();
    }
}

/// Each sign-in has been renewed so often, and no token was shown twice.
#[track_caller]
fn renewed(home: &Home, times: u64) {
    let tokens = home.sandbox.tokens();
    for service in SERVICES {
        let counts = &tokens[service];
        assert_eq!(
            (counts.refreshes, counts.replays),
            (times, 0),
            "{service}: {counts:?}"
        );
    }
}

/// The first `rides` rides are at both services, each once.
#[track_caller]
fn arrived(home: &Home, rides: u32) {
    for service in BOTH {
        let mut received = home.received(service);
        received.sort();
        let mut expected: Vec<_> = (1..=rides).map(fit).collect();
        expected.sort();
        assert_eq!(received, expected, "{service:?}");
    }
}

/// Whether it worked; else another had the data folder, and nothing else was wrong.
fn worked(mut command: Command) -> bool {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let said = objects(&String::from_utf8(output.stdout).unwrap());
    if output.status.code() == Some(0) {
        return true;
    }
    let code = |line: &serde_json::Value| line["error"]["code"].clone();
    let codes: Vec<_> = said.iter().map(code).collect();
    assert_eq!(codes, ["in_use"], "{said:#?}");
    let hint = said[0]["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("Close the other Trackdock"), "{hint}");
    false
}

#[test]
fn programs_that_meet_renew_a_sign_in_once() {
    let home = Home::new();
    home.sign_in();
    let device = home.device();
    let sync = ["sync", "--device", device.to_str().unwrap()];
    for round in 1..=ROUNDS {
        stale(&home);
        home.put(&format!("GARMIN/Activity/{round}.fit"), &fit(round));
        let working = std::thread::scope(|scope| {
            let one = || worked(home.command(&sync));
            let all: Vec<_> = (0..PROGRAMS).map(|_| scope.spawn(one)).collect();
            let ended = all.into_iter().map(|one| one.join().unwrap());
            ended.filter(|worked| *worked).count()
        });
        assert!(working > 0, "none of them worked");
        renewed(&home, round.into());
        arrived(&home, round);
    }
}

#[tokio::test]
async fn the_terminal_program_leaves_the_app_alone() {
    let home = Home::new();
    home.sign_in();
    home.put("1.fit", &fit(1));
    home.well(&["import", home.device().join("1.fit").to_str().unwrap()]);
    let before = home.sandbox.requests().len();
    stale(&home);
    // As the window starts it.
    let app = Engine::start(EngineOptions {
        data_dir: home.data(),
        secrets: SecretsPlace::File,
        connected: Connected::Nothing,
        sends: true,
        open: Arc::new(|_| {}),
        notices: None,
        ask_first: true,
    });
    let app = app.unwrap();
    home.put("GARMIN/Activity/2.fit", &fit(2));
    let device = home.device();
    let words: [&[&str]; 3] = [
        &["sync", "--device", device.to_str().unwrap()],
        &["login", SERVICES[0]],
        &["logout", SERVICES[1]],
    ];
    while home.sandbox.uploads().len() < BOTH.len() {
        for words in words {
            assert!(!worked(home.command(words)), "{words:?}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    renewed(&home, 1);
    app.stop().await;
    arrived(&home, 1);
    let endpoints = |skipped| {
        let requests = home.sandbox.requests().into_iter().skip(skipped);
        requests.map(|request| request.endpoint).collect::<Vec<_>>()
    };
    let by_app = endpoints(before);
    assert!(!by_app.iter().any(|name| name == "revoke"), "{by_app:?}");

    assert!(worked(home.command(words[0])));
    renewed(&home, 1);
    arrived(&home, 2);
}
