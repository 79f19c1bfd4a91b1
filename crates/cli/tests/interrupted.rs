//! The plug is pulled in the middle: the program is killed while it works, again and again. Nothing is lost, and nothing is sent
//! twice.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Home, fit, started};
use sandbox::ServiceName;

const FILES: u32 = 12;

/// Kills a sync after each of these waits, then lets one run to its end.
fn killed_after(waits: &[u64]) {
    let home = Home::new();
    home.sign_in();
    let files: BTreeSet<Vec<u8>> = (0..FILES).map(fit).collect();
    for (number, bytes) in files.iter().enumerate() {
        home.put(&format!("GARMIN/Activity/{number}.fit"), bytes);
    }
    let device = home.device();
    for wait in waits {
        let mut child = started(home.command(&["sync", "--device", device.to_str().unwrap()]));
        std::thread::sleep(Duration::from_millis(*wait));
        // SIGKILL: no handler runs, nothing is flushed.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ended = home.sync();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    for service in [ServiceName::MapMyTracks, ServiceName::TrekPoint] {
        let received = home.received(service);
        assert_eq!(received.len(), files.len(), "{service:?} after {waits:?}");
        assert_eq!(
            received.into_iter().collect::<BTreeSet<_>>(),
            files,
            "{service:?} after {waits:?}"
        );
    }
    let rows = home.well(&["history"]);
    assert_eq!(rows.len(), files.len());
    let done =
        |upload: &serde_json::Value| matches!(upload["state"].as_str(), Some("sent" | "existing"));
    assert!(
        rows.iter()
            .all(|row| row["uploads"].as_array().unwrap().iter().all(done)),
        "{rows:#?}"
    );
    let doctor = home.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{doctor:#?}");
}

#[test]
fn killed_while_taking_in() {
    killed_after(&[20, 35, 50, 65, 80]);
}

#[test]
fn killed_while_sending() {
    killed_after(&[120, 180, 240, 300, 360]);
}

#[test]
fn killed_at_many_moments() {
    killed_after(&[70, 90, 110, 130, 150, 170, 190, 210, 230, 250, 270, 290]);
}
