//! What a device's state is called, and what needs the user.

use std::sync::Arc;
use std::time::Instant;

use device::Device;
use library::{Library, Reason};

use super::*;
use crate::view::QueueCounts;

fn device(kind: DeviceKind) -> Device {
    Device {
        id: "volume:1".into(),
        name: "Edge".into(),
        kind,
        root: "/media/edge".into(),
        folders: Vec::new(),
        mount: None,
        note: None,
    }
}

/// An entry that was looked at, and what was answered to "use this device?".
fn entry(kind: DeviceKind, approved: Option<bool>) -> DeviceEntry {
    let folder = tempfile::tempdir().unwrap();
    let mut library = Library::open(&folder.path().join("data")).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let mut row = library.remember_device("volume:1", "Edge", now).unwrap();
    row.approved = approved;
    DeviceEntry {
        again: false,
        ..DeviceEntry::new(device(kind), Some(row))
    }
}

fn running(of: u32, done: u32) -> Running {
    Running {
        number: 1,
        stop: Arc::default(),
        began: Instant::now(),
        of,
        done,
        bytes: 0,
    }
}

#[test]
fn a_device_is_offered_refused_or_used() {
    use DeviceKind::{Folder, Garmin, Recordings};
    let up_to_date = DeviceState::UpToDate { still_written: 0 };
    for (kind, approved, expected) in [
        (Recordings, None, DeviceState::Offered),
        (Recordings, Some(false), DeviceState::Refused),
        (Recordings, Some(true), up_to_date.clone()),
        (Garmin, None, up_to_date.clone()),
        (Garmin, Some(false), DeviceState::Refused),
        (Folder, None, up_to_date),
    ] {
        assert_eq!(
            device_state(&entry(kind, approved), Instant::now()),
            expected,
            "{kind:?} {approved:?}"
        );
    }
}

#[test]
fn a_look_shows_over_an_earlier_trouble_and_a_note_only_without_files() {
    let problem = Problem::new("unreadable", "It cannot be read.", "Try again.");
    let mut edge = entry(DeviceKind::Garmin, None);
    edge.trouble = Some(problem.clone());
    assert_eq!(
        device_state(&edge, Instant::now()),
        DeviceState::Trouble { problem }
    );
    edge.look = Some(running(0, 0));
    assert_eq!(device_state(&edge, Instant::now()), DeviceState::Looking);
    edge.look = Some(running(4, 1));
    let state = device_state(&edge, Instant::now());
    assert!(
        matches!(
            state,
            DeviceState::Copying {
                done: 1,
                of: 4,
                seconds_left: Some(_),
                ..
            }
        ),
        "{state:?}"
    );
    (edge.look, edge.trouble) = (None, None);
    edge.device.note = Some("It gives nothing.".into());
    assert!(matches!(
        device_state(&edge, Instant::now()),
        DeviceState::Trouble { .. }
    ));
    edge.found = 1;
    edge.again = true;
    assert_eq!(device_state(&edge, Instant::now()), DeviceState::Looking);
}

#[test]
fn a_pause_that_is_over_is_none() {
    let now = Timestamp::from_second(1_000).unwrap();
    let paused = |until: Option<i64>| AccountState::Paused {
        reason: Reason::default(),
        until: until.map(|second| Timestamp::from_second(second).unwrap()),
        times: 1,
    };
    for (state, is_paused) in [
        (paused(Some(1_001)), true),
        (paused(Some(1_000)), false),
        (paused(None), true),
        (AccountState::Connected, false),
    ] {
        let shown = account_state(&state, now);
        assert_eq!(
            matches!(shown, AccountStateView::Paused { .. }),
            is_paused,
            "{state:?}"
        );
    }
}

fn service(queue: QueueCounts, state: AccountStateView) -> ServiceView {
    ServiceView {
        id: "trek-point".into(),
        name: "Trek Point".into(),
        missing: Vec::new(),
        wants_secret: false,
        has_secret: false,
        redirect_uris: Vec::new(),
        register_at: String::new(),
        partly_assumed: false,
        signing_in: false,
        problem: None,
        account: Some(AccountView {
            id: 3,
            service: "trek-point".into(),
            label: "ann".into(),
            signed_in_at: 0.0,
            visibility: None,
            scopes: Vec::new(),
            state,
            earlier: 0,
            queue,
        }),
    }
}

#[track_caller]
fn check_needs(service: ServiceView, undecided: &[u32], expected: &[&str]) {
    let needs = needs(&[], &[service], undecided, true);
    let titles: Vec<&str> = needs
        .iter()
        .map(|need| need.problem.title.as_str())
        .collect();
    assert_eq!(titles, expected);
}

#[test]
fn uploads_need_the_user_when_only_he_can_decide() {
    let queue = |refused, unsure| QueueCounts {
        refused,
        unsure,
        ..QueueCounts::default()
    };
    let connected = || AccountStateView::Connected;
    check_needs(service(queue(0, 0), connected()), &[], &[]);
    check_needs(
        service(queue(1, 0), connected()),
        &[],
        &["Trek Point refused one activity."],
    );
    // Two are being looked for; that is nobody's business yet.
    check_needs(service(queue(0, 2), connected()), &[], &[]);
    check_needs(
        service(queue(2, 3), connected()),
        &[3, 3, 4],
        &[
            "Trek Point refused 2 activities.",
            "It is unsure whether 2 activities arrived at Trek Point.",
        ],
    );
    let problem = Problem::new("sign_in_again", "Sign in.", "Again.");
    check_needs(
        service(queue(0, 0), AccountStateView::NeedsSignIn { problem }),
        &[],
        &["Sign in."],
    );
}

#[test]
fn one_without_an_account_is_told_once() {
    let mut lonely = service(QueueCounts::default(), AccountStateView::Connected);
    lonely.account = None;
    check_needs(
        lonely.clone(),
        &[],
        &["Everything is kept here, and sent nowhere yet."],
    );
    assert!(needs(&[], &[lonely], &[], false).is_empty());
}
