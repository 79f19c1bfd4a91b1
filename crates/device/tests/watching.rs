//! The watch on real folders and real mounts; the latter need root, and say loudly when they are skipped.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

#[path = "common/mounted.rs"]
mod mounted;
#[path = "../../../tests/common/skipped.rs"]
mod skipped;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use device::{
    Device, DeviceError, DeviceKind, Exclusions, Pace, Recording, Watch, is_there, look,
    read_recording,
};
use mounted::{Mounted, image, tmpfs};
use skipped::skipped;

fn list(device: &Device) -> Result<Vec<Recording>, DeviceError> {
    device::list(device, device::MOST_NAMES).map(|listing| listing.recordings)
}

/// Slow looks never come into play, so that only the quick ways are shown.
const RARE: Pace = Pace {
    look_every: Duration::from_secs(600),
    rest_at_most: Duration::from_secs(600),
    settle: Duration::from_millis(100),
};
/// Far sooner than the slow looks of these tests would find anything, and long enough for a machine under load.
const SOON: Duration = Duration::from_secs(20);

/// Mounts of one test are seen by the watch of another, so they run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start(pace: Pace, exclusions: Exclusions, folders: &[&Path]) -> (Watch, Receiver<Vec<Device>>) {
    let (sender, receiver) = channel();
    let folders = folders.iter().map(|folder| folder.to_path_buf()).collect();
    // The test may have ended.
    let watch = Watch::start_at(pace, exclusions, folders, move |devices| {
        sender.send(devices).unwrap_or(())
    })
    .unwrap();
    (watch, receiver)
}

/// Waits for a list that fits, and returns it with the time that it took.
#[track_caller]
fn wait(
    lists: &Receiver<Vec<Device>>,
    within: Duration,
    what: &str,
    fits: impl Fn(&[Device]) -> bool,
) -> Vec<Device> {
    let until = Instant::now() + within;
    let mut last = None;
    while let Ok(devices) = lists.recv_timeout(until.saturating_duration_since(Instant::now())) {
        if fits(&devices) {
            return devices;
        }
        last = Some(devices);
    }
    panic!("{what}: not within {within:?}; last {last:?}");
}

fn drain(lists: &Receiver<Vec<Device>>) -> usize {
    lists.try_iter().count()
}

#[test]
fn a_new_file_in_a_watched_folder_is_told() {
    let _alone = alone();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("rides")).unwrap();
    let (watch, lists) = start(RARE, Exclusions::default(), &[root.path()]);
    let real = fs::canonicalize(root.path()).unwrap();
    let there = |devices: &[Device]| {
        devices
            .iter()
            .any(|device| device.root == real && device.kind == DeviceKind::Folder)
    };
    wait(&lists, SOON, "the folder", there);
    std::thread::sleep(Duration::from_millis(800));
    drain(&lists);

    fs::write(root.path().join("rides/a.fit"), "x").unwrap();
    wait(&lists, SOON, "a new file", there);
    std::thread::sleep(Duration::from_millis(800));
    drain(&lists);

    // The notices tell of the first new folder only.
    fs::create_dir_all(root.path().join("new/folder")).unwrap();
    fs::write(root.path().join("new/folder/b.fit"), "x").unwrap();
    wait(&lists, SOON, "a file in a new folder", there);
    std::thread::sleep(Duration::from_millis(800));
    drain(&lists);
    fs::write(root.path().join("new/folder/c.fit"), "x").unwrap();
    wait(&lists, SOON, "a later file in that folder", there);

    // Nothing happens, nothing is told; reading is no change. Other mounts on this computer may come in between.
    let is_quiet = |_| {
        std::thread::sleep(Duration::from_millis(800));
        drain(&lists);
        fs::read(root.path().join("rides/a.fit")).unwrap();
        assert_eq!(list(&device::folder(&real).unwrap()).unwrap().len(), 3);
        std::thread::sleep(Duration::from_millis(800));
        drain(&lists) == 0
    };
    assert!((0..3).any(is_quiet));

    watch.rescan();
    wait(&lists, SOON, "an answer to a rescan", there);
    watch.set_folders(Vec::new());
    wait(&lists, SOON, "the folder named no more", |devices| {
        !there(devices)
    });
    let begin = Instant::now();
    drop(watch);
    assert!(begin.elapsed() < SOON, "ended after {:?}", begin.elapsed());
}

#[test]
fn a_slow_look_finds_what_no_notice_told() {
    let _alone = alone();
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("later");
    let pace = Pace {
        look_every: Duration::from_millis(200),
        rest_at_most: Duration::from_millis(400),
        ..RARE
    };
    let (_watch, lists) = start(pace, Exclusions::default(), &[&root]);
    wait(&lists, SOON, "the first list", |_| true);
    fs::create_dir(&root).unwrap();
    let real = fs::canonicalize(&root).unwrap();
    wait(&lists, SOON, "a folder that appears", |devices| {
        devices.iter().any(|device| device.root == real)
    });
    fs::remove_dir(&root).unwrap();
    wait(&lists, SOON, "a folder that goes", |devices| {
        devices.iter().all(|device| device.root != real)
    });
}

#[test]
fn a_watch_may_be_dropped_by_its_own_call() {
    let _alone = alone();
    let (sender, lists) = channel();
    let slot = std::sync::Arc::new(std::sync::Mutex::new(None::<Watch>));
    let inner = std::sync::Arc::clone(&slot);
    let changed = move |_| {
        drop(inner.lock().unwrap().take());
        sender.send(()).unwrap_or(()); // the test may have ended
    };
    let mut held = slot.lock().unwrap();
    *held = Some(Watch::start(Exclusions::default(), Vec::new(), changed).unwrap());
    drop(held);
    lists.recv_timeout(Duration::from_secs(5)).unwrap();
}

/// A recording on another disk, or elsewhere on this one, is not the device's, whatever stands before its name.
#[test]
fn what_is_mounted_inside_a_device_is_never_read() {
    let _alone = alone();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.fit"), "secret").unwrap();
    let Some(volume) = tmpfs("what is mounted inside a device") else {
        return;
    };
    let activities = volume.at.join("Garmin/Activity");
    let inside = |name: &str| Mounted {
        at: activities.join(name),
        _folder: tempfile::tempdir().unwrap(),
    };
    let (disk, bound, file) = (inside("disk"), inside("bound"), inside("file.fit"));
    for folder in [&disk, &bound] {
        fs::create_dir_all(&folder.at).unwrap();
    }
    fs::create_dir(volume.at.join("Elsewhere")).unwrap();
    for name in ["Garmin/Activity/own.fit", "Elsewhere/secret.fit"] {
        fs::write(volume.at.join(name), "recording").unwrap();
    }
    fs::write(&file.at, "hidden").unwrap();
    assert!(disk.mount(&["-t", "tmpfs", "tmpfs"]));
    fs::write(disk.at.join("secret.fit"), "secret").unwrap();
    // The same file system, by another way.
    let elsewhere = volume.at.join("Elsewhere");
    assert!(bound.mount(&["--bind", elsewhere.to_str().unwrap()]));
    let secret = outside.path().join("secret.fit");
    assert!(file.mount(&["--bind", secret.to_str().unwrap()]));

    let device = look(&Exclusions::default(), &[])
        .into_iter()
        .find(|device| device.root == volume.at)
        .unwrap();
    let listed = list(&device).unwrap();
    // A file that another is mounted over keeps its name in its folder, and is refused when it is to be read.
    let paths: BTreeSet<&Path> = listed.iter().map(|found| found.path.as_path()).collect();
    let expected = ["Garmin/Activity/own.fit", "Garmin/Activity/file.fit"].map(Path::new);
    assert_eq!(paths, BTreeSet::from(expected));
    for name in ["disk/secret.fit", "bound/secret.fit", "file.fit"] {
        let path = Path::new("Garmin/Activity").join(name);
        let metadata = fs::metadata(volume.at.join(&path)).unwrap();
        let recording = Recording {
            path,
            size: metadata.len(),
            modified_ms: metadata.mtime() * 1000 + metadata.mtime_nsec() / 1_000_000,
        };
        let mut bytes = Vec::new();
        let read = read_recording(&device, &recording, &mut bytes);
        let is_none = matches!(read, Err(DeviceError::NotAFile { .. }));
        assert!(is_none && bytes.is_empty(), "{name}: {read:?}");
    }
}

#[test]
fn a_volume_is_told_at_once_and_can_be_ejected_at_once() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (point, at) = Mounted::point();
    let mounted = Mounted { at, _folder: point };
    let Some(image) = image(folder.path()) else {
        return skipped("a volume on a loop device", "no mkfs.ext4");
    };
    if !mounted.mount(&["-o", "loop,ro", image.to_str().unwrap()]) {
        return skipped("a volume on a loop device", "needs root and a loop device");
    }
    assert!(mounted.unmount());
    let (_watch, lists) = start(RARE, Exclusions::default(), &[]);
    wait(&lists, SOON, "the first list", |_| true);
    let is_it = |device: &Device| device.root == mounted.at;
    for round in 0..5 {
        assert!(mounted.mount(&["-o", "loop,ro", image.to_str().unwrap()]));
        let devices = wait(&lists, SOON, "mounted", |devices| devices.iter().any(is_it));
        let device = devices.into_iter().find(is_it).unwrap();
        assert_eq!(
            (device.kind, device.folders.as_slice()),
            (
                DeviceKind::Garmin,
                [PathBuf::from("Garmin/Activity")].as_slice()
            )
        );
        assert!(
            device
                .mount
                .as_ref()
                .is_some_and(|mount| mount.read_only && mount.device.0 != 0)
        );
        assert!(is_there(&device));
        let listed = list(&device).unwrap();
        let mut bytes = Vec::new();
        device::read_recording(&device, &listed[0], &mut bytes).unwrap();
        assert_eq!(bytes, b"recording");
        std::thread::sleep(Duration::from_millis(500));

        assert!(
            mounted.unmount(),
            "round {round}: it could not be ejected while idle"
        );
        wait(&lists, SOON, "unmounted", |devices| {
            !devices.iter().any(is_it)
        });
        assert!(!is_there(&device));
        assert_eq!(list(&device).unwrap_err().code(), "device_gone");
        assert_eq!(
            device::read_recording(&device, &listed[0], &mut Vec::new())
                .unwrap_err()
                .code(),
            "device_gone"
        );
    }
}

/// The numbers of a mount and of its device are given again at once; that of the disk never is.
#[test]
fn a_disk_that_was_away_for_a_moment_is_another() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (point, at) = Mounted::point();
    let mounted = Mounted { at, _folder: point };
    let Some(image) = image(folder.path()) else {
        return skipped("a disk that was away", "no mkfs.ext4");
    };
    let plugged_in = || {
        let is_mounted = mounted.mount(&["-o", "loop,ro", image.to_str().unwrap()]);
        let mut devices = look(&Exclusions::default(), &[]).into_iter();
        is_mounted.then(|| devices.find(|device| device.root == mounted.at))
    };
    let Some(before) = plugged_in() else {
        return skipped("a disk that was away", "needs root and a loop device");
    };
    let before = before.unwrap();
    assert!(is_there(&before));
    assert!(mounted.unmount());
    let mut after = plugged_in().unwrap().unwrap();
    assert!(is_there(&after));
    let disk = |device: &Device| device.mount.as_ref().and_then(|mount| mount.disk);
    let Some((first, second)) = disk(&before).zip(disk(&after)) else {
        return skipped("a disk that was away", "Linux is older than 5.15");
    };
    assert_ne!(first, second);
    after.mount.as_mut().unwrap().disk = Some(first);
    assert!(!is_there(&after));
}

#[test]
fn an_empty_volume_becomes_a_device_when_it_is_filled() {
    let _alone = alone();
    let (_watch, lists) = start(RARE, Exclusions::default(), &[]);
    wait(&lists, SOON, "the first list", |_| true);
    let Some(mounted) = tmpfs("filling a volume") else {
        return;
    };
    let is_it = |device: &Device| device.root == mounted.at;
    std::thread::sleep(Duration::from_millis(500));
    fs::create_dir_all(mounted.at.join("GARMIN/ACTIVITY")).unwrap();
    let devices = wait(&lists, SOON, "recognised", |devices| {
        devices.iter().any(is_it)
    });
    let device = devices.into_iter().find(is_it).unwrap();
    assert_eq!(
        (device.kind, device.name.as_str()),
        (DeviceKind::Garmin, "MY WATCH")
    );
    std::thread::sleep(Duration::from_millis(800));
    drain(&lists);
    fs::write(mounted.at.join("GARMIN/ACTIVITY/a.fit"), "x").unwrap();
    wait(&lists, SOON, "a new recording", |devices| {
        devices.iter().any(is_it)
    });
    std::thread::sleep(Duration::from_millis(500));

    // The same again after a new mount in the same place: notices must not have gone deaf.
    assert!(mounted.unmount());
    wait(&lists, SOON, "unmounted", |devices| {
        !devices.iter().any(is_it)
    });
    assert!(mounted.mount(&["-t", "tmpfs", "tmpfs"]));
    fs::create_dir_all(mounted.at.join("GARMIN/ACTIVITY")).unwrap();
    let again = wait(&lists, SOON, "mounted again", |devices| {
        devices.iter().any(is_it)
    });
    assert_eq!(
        again.iter().find(|device| is_it(device)).unwrap().id,
        device.id
    );
    std::thread::sleep(Duration::from_millis(800));
    drain(&lists);
    fs::write(mounted.at.join("GARMIN/ACTIVITY/b.fit"), "x").unwrap();
    wait(&lists, SOON, "a recording after the new mount", |devices| {
        devices.iter().any(is_it)
    });
}

#[test]
fn volumes_of_the_library_and_bind_mounts_of_it_are_no_devices() {
    let _alone = alone();
    let Some(library) = tmpfs("exclusions") else {
        return;
    };
    fs::create_dir_all(library.at.join("Garmin/Activity")).unwrap();
    let (point, at) = Mounted::point();
    let bound = Mounted { at, _folder: point };
    assert!(bound.mount(&["--bind", library.at.to_str().unwrap()]));
    let roots = |exclusions: &Exclusions| -> Vec<PathBuf> {
        let found = look(exclusions, &[]).into_iter().map(|device| device.root);
        found
            .filter(|root| *root == library.at || *root == bound.at)
            .collect()
    };
    assert_eq!(roots(&Exclusions::default()).len(), 1);
    let exclusions = Exclusions {
        paths: vec![library.at.join("trackdock/not yet there")],
    };
    assert_eq!(roots(&exclusions), Vec::<PathBuf>::new());
}
