//! A device that goes and comes back while an old look still waits for it; and one that comes while our own disk is full.

use std::sync::mpsc::{Receiver, channel};

use device::Mount;
use jiff::Timestamp;
use library::Library;
use tokio::sync::watch;

use super::*;
use crate::intake::Found;
use crate::network::Network;
use crate::secrets::{self, SecretsPlace};
use crate::start::{Connected, EngineOptions, Pulse};
use crate::state::{Outside, Parts};
use crate::view::Snapshot;

/// A loop that nobody runs, and what comes to it.
fn state(folder: &Path) -> (State, Receiver<Event>) {
    state_of(folder, Library::open(&folder.join("data")).unwrap())
}

fn state_of(folder: &Path, library: Library) -> (State, Receiver<Event>) {
    let (inbox, events) = channel();
    let data_dir = folder.join("data");
    let parts = Parts {
        config: Config::parse(data_dir.join("config.toml"), "").unwrap(),
        library,
        outside: Outside::real(Arc::new(|| Timestamp::UNIX_EPOCH)),
        runtime: Network::start().unwrap(),
        store: secrets::store(SecretsPlace::Session, &data_dir),
        inbox,
        publish: watch::channel(Snapshot::default()).0,
        beat: watch::channel(Pulse {
            busy: true,
            due: None,
        })
        .0,
        options: EngineOptions {
            data_dir,
            secrets: SecretsPlace::Session,
            connected: Connected::Nothing,
            sends: false,
            open: Arc::new(|_| {}),
            notices: None,
            ask_first: true,
        },
    };
    (State::new(parts).unwrap(), events)
}

fn plugged(mount_id: u64) -> Device {
    let table = format!("{mount_id} 1 8:17 / /media/ann/EDGE rw - vfat /dev/sdb1 rw");
    let mount: Option<Mount> = device::parse_mountinfo(&table).pop();
    assert!(mount.is_some());
    Device {
        id: "garmin:1".into(),
        name: "Edge".into(),
        kind: DeviceKind::Garmin,
        root: "/media/ann/EDGE".into(),
        folders: Vec::new(),
        mount,
        note: None,
    }
}

/// Puts a look under way that never ends, and answers its flag.
fn block(state: &mut State, number: u64) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let entry = state.devices.get_mut("garmin:1").unwrap();
    entry.again = false;
    entry.look = Some(Running {
        number,
        stop: Arc::clone(&stop),
        began: Instant::now(),
        of: 3,
        done: 1,
        bytes: 0,
    });
    stop
}

#[test]
fn another_mount_is_looked_at_although_the_old_look_is_stuck() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _events) = state(folder.path());
    state.devices_changed(vec![plugged(40)]);
    let stop = block(&mut state, 7);
    // The same mount: the look goes on, and another one follows it.
    state.devices_changed(vec![plugged(40)]);
    let entry = &state.devices["garmin:1"];
    assert!(entry.look.is_some() && entry.again && !stop.load(Ordering::Relaxed));
    // Another one: the old look may never end.
    state.devices_changed(vec![plugged(41)]);
    let entry = &state.devices["garmin:1"];
    assert!(entry.look.is_none() && entry.again && stop.load(Ordering::Relaxed));
}

/// Lets a look end with this trouble; returns after how many seconds the next one is due.
fn wait_after(state: &mut State, what: &str) -> u64 {
    block(state, 9);
    let ended = Found::Ended {
        still_written: 0,
        result: Err(Problem::new("unreadable", what, "Copy it.")),
    };
    let before = state.moment();
    state.found("garmin:1", 9, ended);
    let next_look = state.devices["garmin:1"].next_look.unwrap();
    next_look.duration_since(before).as_secs()
}

/// A damaged name keeps a device's uploads waiting for one look after the other; a cable that was touched does so for minutes.
#[test]
fn what_stays_unreadable_is_looked_at_less_often() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _events) = state(folder.path());
    state.devices_changed(vec![plugged(40)]);
    let waits = ["one", "one", "one", "one", "one", "two"].map(|what| wait_after(&mut state, what));
    assert_eq!(waits, [60, 60, 60, 600, 600, 60]);
    // Plugged in again it may be well.
    state.devices_changed(vec![plugged(41)]);
    let waits = ["two", "two", "two", "two"].map(|what| wait_after(&mut state, what));
    assert_eq!(waits, [60, 60, 60, 600]);
}

#[test]
fn late_words_of_an_old_look_are_not_heard() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _events) = state(folder.path());
    state.devices_changed(vec![plugged(40)]);
    block(&mut state, 8);
    let ended = || Found::Ended {
        still_written: 0,
        result: Err(Problem::new("device_gone", "It is gone.", "Plug it in.")),
    };
    state.found("garmin:1", 7, ended());
    assert!(state.devices["garmin:1"].look.is_some());
    state.found("garmin:1", 8, ended());
    let entry = &state.devices["garmin:1"];
    assert!(entry.look.is_none() && entry.trouble.is_some());
    // It is looked at again by itself, also when nothing tells of a change.
    assert!(entry.next_look.is_some());
    state.devices_changed(Vec::new());
    assert!(state.devices.is_empty());
    state.found("garmin:1", 8, ended());
}

#[test]
fn a_device_of_too_many_names_says_so_until_it_is_listed_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _events) = state(folder.path());
    state.devices_changed(vec![plugged(40)]);
    for (number, is_cut_off) in [(1, true), (2, true), (3, false)] {
        block(&mut state, number);
        let (recordings, fresh, still_written) = (3, 0, 0);
        state.found("garmin:1", number, Found::Listed { recordings, fresh });
        if is_cut_off {
            state.found("garmin:1", number, Found::CutOff);
        }
        let result = Ok(());
        let ended = Found::Ended {
            still_written,
            result,
        };
        state.found("garmin:1", number, ended);
        let told = state.snapshot().devices.remove(0).problems;
        assert_eq!(told.len(), usize::from(is_cut_off));
        for FileProblem { path, problem } in told {
            assert_eq!(
                (path.as_str(), problem.code.as_str()),
                ("/media/ann/EDGE", "too_many_names")
            );
            assert!(
                problem
                    .title
                    .starts_with("/media/ann/EDGE holds more than 50000 ")
            );
        }
    }
}

#[test]
fn what_the_user_names_is_looked_at_in_full() {
    let entry = |kind| {
        DeviceEntry::new(
            Device {
                kind,
                ..plugged(40)
            },
            None,
        )
    };
    for kind in [DeviceKind::Garmin, DeviceKind::Maker, DeviceKind::Folder] {
        assert_eq!(entry(kind).most_names(), MOST_NAMES);
        let once = DeviceEntry {
            once: true,
            ..entry(kind)
        };
        assert_eq!(once.most_names(), MOST_NAMES_BY_HAND);
    }
    assert_eq!(
        entry(DeviceKind::Recordings).most_names(),
        MOST_NAMES_BY_HAND
    );
}

#[test]
fn a_no_stops_the_look() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _events) = state(folder.path());
    state.devices_changed(vec![plugged(40)]);
    let stop = block(&mut state, 1);
    state.approve_device("garmin:1", false).unwrap();
    assert!(stop.load(Ordering::Relaxed));
    assert!(!state.devices["garmin:1"].is_used());
}

#[tokio::test]
async fn a_start_that_fails_ends_quietly_inside_a_runtime() {
    let folder = tempfile::tempdir().unwrap();
    // Dropping a runtime of one's own here would panic.
    drop(state(folder.path()));
}

/// A folder that is imported may lie on a device: then it is watched whether that is still there.
#[cfg(target_os = "linux")]
#[test]
fn an_import_knows_the_mount_of_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, _events) = state(folder.path());
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&files, &link).unwrap();
    state.import(std::slice::from_ref(&link)).unwrap();
    let device = &state.devices.values().next().unwrap().device;
    assert_eq!(device.root, files.canonicalize().unwrap());
    assert_eq!(device.mount, device::mount_that_holds(&device.root));
    assert!(device.mount.is_some() && device::is_there(device));
    std::fs::remove_dir(files).unwrap();
    assert!(!device::is_there(device));
}

/// Whatever of it fails, either the folder is known with its choice, or the list of devices is asked for again.
#[cfg(unix)]
#[test]
fn no_folder_is_left_without_a_choice_by_a_full_disk() {
    use played_disk::{PlayedDisk, Trouble};
    let mut missed = 0;
    for seed in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        for name in ["data", "aside", "rides"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        let disk = PlayedDisk::new(&at("data"), &at("aside"), seed);
        let library = Library::open_on(&at("data"), Arc::clone(&disk) as _).unwrap();
        let (mut state, _events) = state_of(folder.path(), library);
        state.ask_first = false;
        disk.trouble(Some((Trouble::Full, 5)));
        state.devices_changed(vec![device::folder(&at("rides")).unwrap()]);
        missed += u32::from(state.missed_device);
        let chosen =
            |entry: &DeviceEntry| entry.row.as_ref().is_some_and(|row| row.choice.is_some());
        assert!(
            state.missed_device || state.devices.values().all(chosen),
            "seed {seed}"
        );
    }
    assert!(missed > 5 && missed < 55, "{missed}");
}
