//! The whole app in a real window, from the first start to the sign-out: two accounts connected through the consent page in a
//! real browser, a volume mounted, every activity taken in and sent to both services, one looked at, both accounts signed out.
//!
//! Needs Xvfb, a session bus, tauri-driver with WebKit's driver, Chromium with its driver, and root for the mount;
//! `./dev test` provides them. What is missing is said loudly, and the test then passes without having looked.

#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

#[path = "window/desk.rs"]
mod desk;
#[path = "common/ports.rs"]
mod ports;
#[path = "window/programs.rs"]
mod programs;
#[path = "window/recordings.rs"]
mod recordings;
#[path = "common/skipped.rs"]
mod skipped;
#[path = "window/volume.rs"]
mod volume;

use std::collections::BTreeSet;
use std::time::Duration;

use desk::Desk;
use recordings::Recording;
use sandbox::ServiceName;
use skipped::skipped;
use volume::Volume;

const SERVICES: [(&str, ServiceName); 2] = [
    ("map-my-tracks", ServiceName::MapMyTracks),
    ("trek-point", ServiceName::TrekPoint),
];
/// Building, starting and sending take their time on a small machine.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_first_start_to_the_sign_out() {
    if let Some(missing) = programs::missing() {
        return skipped("the whole app in a window", missing);
    }
    let recordings = recordings::some();
    let activities: usize = recordings
        .iter()
        .map(|recording| recording.activities)
        .sum();
    let desk = Desk::open().await;
    let limits = programs::core_limits(desk.folder());
    assert_eq!(limits, ["0 0"], "what it may leave of its memory");

    desk.sees("nothing is there yet", r#"[data-testid="nav-home"]"#)
        .await;
    desk.shot("1-first-start").await;
    for (service, _) in SERVICES {
        connect(&desk, service).await;
    }
    desk.shot("2-connected").await;

    let volume = Volume::plug_in(desk.folder(), &recordings);
    desk.press("nav-home").await;
    // Another device may be plugged in to this computer: only ours is used.
    desk.sees_in_card("the device is seen", "").await;
    desk.sees_in_card("it asks how far back", "choose-all")
        .await;
    desk.shot("3-first-plug").await;
    assert_eq!(
        desk.sandbox.uploads().len(),
        0,
        "something was sent before the athlete chose"
    );
    desk.press_in_card("choose-all").await;
    desk.shot("4-sending").await;

    desk.press("nav-history").await;
    for (service, _) in SERVICES {
        let done = format!(
            r#"[data-testid="chip-{service}"]:is([data-state="sent"], [data-state="existing"])"#
        );
        desk.counts(&done, activities, PATIENCE).await;
    }
    desk.shot("5-history").await;
    arrived(&desk, &recordings);

    look_at_one(&desk, &recordings).await;
    for (service, _) in SERVICES {
        sign_out(&desk, service).await;
    }
    desk.shot("7-signed-out").await;
    for (service, counts) in desk.sandbox.tokens() {
        assert_eq!(
            (counts.access.live, counts.refresh.live),
            (0, 0),
            "{service} still has a live token"
        );
    }
    unplug(&desk, volume).await;
    assert_eq!(
        desk.violations().await,
        Vec::<String>::new(),
        "the page broke its content security policy"
    );
    desk.close().await;
}

/// Fills in what the service gave, and allows the sign-in in a real browser.
async fn connect(desk: &Desk, service: &str) {
    desk.press("nav-accounts").await;
    let clients = desk.sandbox.clients().clone();
    match service {
        "map-my-tracks" => {
            desk.fill("client-id-map-my-tracks", &clients.map_my_tracks_id)
                .await;
            desk.fill("client-secret-map-my-tracks", &clients.map_my_tracks_secret)
                .await;
        }
        _ => {
            desk.fill("client-id-trek-point", &clients.trek_point_id)
                .await
        }
    }
    desk.press(&format!("save-{service}")).await;
    let ready = format!(r#"[data-testid="connect-{service}"].primary"#);
    desk.sees("everything is set", &ready).await;
    desk.press(&format!("connect-{service}")).await;
    desk.allow_in_the_browser().await;
    desk.sees(
        "it is connected",
        &format!(r#"[data-testid="sign-out-{service}"]"#),
    )
    .await;
}

async fn sign_out(desk: &Desk, service: &str) {
    desk.press("nav-accounts").await;
    desk.press(&format!("sign-out-{service}")).await;
    desk.press(&format!("sign-out-yes-{service}")).await;
    desk.gone(&format!(r#"[data-testid="sign-out-{service}"]"#))
        .await;
}

/// Each service has each recording exactly once, byte for byte.
fn arrived(desk: &Desk, recordings: &[Recording]) {
    for (_, service) in SERVICES {
        let uploads = desk.sandbox.uploads();
        let own = uploads
            .iter()
            .filter(|upload| upload.service == service && !upload.existing);
        let bytes: Vec<Vec<u8>> = own
            .map(|upload| desk.sandbox.bytes(upload.n).unwrap().to_vec())
            .collect();
        assert_eq!(
            bytes.len(),
            recordings.len(),
            "{service:?} has something twice, or not at all"
        );
        let sent: BTreeSet<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        for recording in recordings {
            assert!(
                sent.contains(recording.bytes.as_slice()),
                "{service:?} did not get {} byte for byte",
                recording.name
            );
        }
    }
}

/// Opens an activity that was recorded outdoors: its line on the map, its charts, its uploads' stories.
async fn look_at_one(desk: &Desk, recordings: &[Recording]) {
    desk.open_an_activity_with_a_line().await;
    desk.sees(
        "the line on the map",
        r#"[data-testid="activity-map"] canvas"#,
    )
    .await;
    desk.sees(
        "the elevation chart",
        r#"[data-testid="chart-elevation"] canvas"#,
    )
    .await;
    desk.sees("the speed chart", r#"[data-testid="chart-speed"] canvas"#)
        .await;
    desk.sees(
        "the button that opens the menu of formats",
        r#"[data-testid="export"]"#,
    )
    .await;
    for (service, _) in SERVICES {
        desk.sees(
            "the upload's story",
            &format!(r#"[data-testid="upload-{service}"]"#),
        )
        .await;
    }
    desk.shot("6-activity").await;
    if let Some(saved) = desk.save_original().await {
        let whole = recordings.iter().any(|recording| recording.bytes == saved);
        assert!(
            whole,
            "the saved original is not byte for byte what was on the device"
        );
    }
}

/// An idle device can be taken out at once, and the window says that it is gone.
async fn unplug(desk: &Desk, volume: Volume) {
    desk.press("nav-home").await;
    if volume.is_folder() {
        return;
    }
    desk.sees_in_card("it is safe to unplug", "safe-to-unplug")
        .await;
    volume.unplug();
    desk.card_is_gone().await;
    desk.shot("8-unplugged").await;
}
