//! Names and nodes that a broken or hostile device may hold: nothing outside is read, nothing hangs, the rest is listed.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use device::{Device, DeviceError, LARGEST, Listing, Recording, folder, is_there, read_recording};
use tempfile::TempDir;

fn list(device: &Device) -> Result<Vec<Recording>, DeviceError> {
    device::list(device, device::MOST_NAMES).map(|listing| listing.recordings)
}

fn named(root: &TempDir) -> Device {
    folder(root.path()).unwrap()
}

fn paths(device: &Device) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = list(device)
        .unwrap()
        .into_iter()
        .map(|recording| recording.path)
        .collect();
    paths.sort();
    paths
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// What a listing would say of a path, were it listed.
fn as_listed(root: &Path, path: &Path) -> Recording {
    let metadata = fs::metadata(root.join(path)).unwrap();
    let since = metadata
        .modified()
        .unwrap()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Recording {
        path: path.to_owned(),
        size: metadata.len(),
        modified_ms: since.as_millis() as i64,
    }
}

/// Every sort of node, and links to a secret outside.
fn traps(root: &Path, outside: &Path) {
    put(outside, "secret.fit", b"secret");
    put(root, "good.fit", b"good");
    put(root, "folder.fit/inner.gpx", b"inner");
    for (name, target) in [
        ("link.fit", outside.join("secret.fit")),
        ("inside.fit", "good.fit".into()),
        ("dangling.fit", "/nowhere/at/all".into()),
        ("zero.fit", "/dev/zero".into()),
        ("environ.fit", "/proc/self/environ".into()),
        ("way-out", outside.to_owned()),
        ("loop", ".".into()),
    ] {
        symlink(target, root.join(name)).unwrap();
    }
    assert!(
        Command::new("mkfifo")
            .arg(root.join("pipe.fit"))
            .status()
            .unwrap()
            .success()
    );
    drop(std::os::unix::net::UnixListener::bind(root.join("socket.fit")).unwrap());
}

#[test]
fn links_pipes_and_folders_are_neither_listed_nor_read() {
    let outside = tempfile::tempdir().unwrap();
    let root = tempfile::tempdir().unwrap();
    traps(root.path(), outside.path());
    let device = named(&root);
    assert_eq!(
        paths(&device),
        ["folder.fit/inner.gpx", "good.fit"].map(PathBuf::from)
    );

    // Even with the very size and time of what a link leads to.
    let linked = [
        "link.fit",
        "inside.fit",
        "way-out/secret.fit",
        "loop/good.fit",
        "folder.fit",
    ];
    let linked = linked
        .iter()
        .map(|path| as_listed(root.path(), Path::new(path)));
    let other = [
        "../x.fit",
        "/etc/passwd",
        "zero.fit",
        "environ.fit",
        "dangling.fit",
        "pipe.fit",
        "socket.fit",
        "",
    ];
    let other = other.iter().map(|path| Recording {
        path: path.into(),
        size: 0,
        modified_ms: 0,
    });
    for recording in linked.chain(other) {
        let mut out = Vec::new();
        let error = read_recording(&device, &recording, &mut out).unwrap_err();
        assert_eq!(error.code(), "not_a_file", "{recording:?}");
        assert!(out.is_empty(), "{recording:?}");
    }
    let mut out = Vec::new();
    assert_eq!(
        read_recording(
            &device,
            &as_listed(root.path(), Path::new("good.fit")),
            &mut out
        )
        .unwrap(),
        4
    );
    assert_eq!(out, b"good");
}

#[test]
fn a_linked_garmin_folder_is_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    put(outside.path(), "Activity/secret.fit", b"secret");
    let root = tempfile::tempdir().unwrap();
    symlink(outside.path(), root.path().join("Garmin")).unwrap();
    let device = named(&root);
    assert_eq!(paths(&device), Vec::<PathBuf>::new());
}

#[test]
fn any_name_can_be_listed_and_read() {
    let root = tempfile::tempdir().unwrap();
    let long = format!("{}.fit", "🏃".repeat(62));
    let names: [&[u8]; 9] = [
        b"bad\xff\xfe.fit",
        b"new\nline.fit",
        b"\x1b[31m.fit",
        b";$(id).fit",
        b"-rf.fit",
        b"%n%s.fit",
        "\u{202e}tif.fit".as_bytes(),
        b"C:\\x.fit",
        long.as_bytes(),
    ];
    for name in names {
        fs::write(root.path().join(OsStr::from_bytes(name)), name).unwrap();
    }
    fs::write(root.path().join("a.fit"), "").unwrap();
    fs::write(root.path().join("A.FIT"), "").unwrap();
    let device = named(&root);
    let listed = list(&device).unwrap();
    assert_eq!(listed.len(), names.len() + 2);
    for recording in listed.iter().filter(|recording| recording.size > 0) {
        let mut out = Vec::new();
        read_recording(&device, recording, &mut out).unwrap();
        assert_eq!(out, recording.path.as_os_str().as_bytes());
    }
}

#[test]
fn what_is_no_recording_is_passed_over() {
    let root = tempfile::tempdir().unwrap();
    for path in [
        "Garmin/Activity/a.fit",
        "Garmin/Activity/._a.fit",
        "Garmin/Activity/.hidden.fit",
        "Garmin/Activity/a.txt",
        "Garmin/Activity/Archive/b.FIT",
        "Garmin/Activity/PendingHD/c.fit",
        "Garmin/Activity/1/2/3/4/deep.fit",
        "Garmin/Activity/1/2/3/4/5/deeper.fit",
        "Garmin/Activity/NewFiles/n.fit",
        "Garmin/Activity/monitor/m.fit",
        "Garmin/NewFiles/n.fit",
        "Garmin/Courses/c.fit",
        "Garmin/GPX/Current/Current.gpx",
        "Garmin/GPX/Archive/d.gpx",
        "Garmin/GPX/Waypoints_1.gpx",
        "System Volume Information/x.fit",
    ] {
        put(root.path(), path, b"x");
    }
    let expected = [
        "Garmin/Activity/1/2/3/4/deep.fit",
        "Garmin/Activity/Archive/b.FIT",
        "Garmin/Activity/PendingHD/c.fit",
        "Garmin/Activity/a.fit",
        "Garmin/GPX/Archive/d.gpx",
    ];
    assert_eq!(paths(&named(&root)), expected.map(PathBuf::from));
}

#[test]
fn a_users_folder_keeps_its_own_words() {
    let root = tempfile::tempdir().unwrap();
    for path in [
        "Records/a.fit",
        "courses/b.gpx",
        "x/GPX/current/c.gpx",
        "NewFiles/d.fit",
        ".git/e.fit",
    ] {
        put(root.path(), path, b"x");
    }
    assert_eq!(
        paths(&named(&root)),
        ["Records/a.fit", "courses/b.gpx"].map(PathBuf::from)
    );
}

#[test]
fn the_oldest_comes_first() {
    let root = tempfile::tempdir().unwrap();
    for (name, days) in [("b.fit", 1), ("a.fit", 3), ("c.fit", 2)] {
        put(root.path(), name, b"x");
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(days * 86_400);
        fs::File::options()
            .write(true)
            .open(root.path().join(name))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let listed = list(&named(&root)).unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|recording| recording.modified_ms / 86_400_000)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
}

/// Does something to the device whenever bytes arrive.
struct Meddler<F: FnMut()> {
    meddle: F,
    written: usize,
}

impl<F: FnMut()> Write for Meddler<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.meddle)();
        self.written += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_that_changes_meanwhile_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.fit");
    let append = || {
        fs::File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"more")
            .unwrap()
    };
    let shrink = || {
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(300_000)
            .unwrap()
    };
    let touch = || {
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap()
    };
    let meddles: [(&str, &dyn Fn()); 3] =
        [("append", &append), ("shrink", &shrink), ("touch", &touch)];
    for (name, meddle) in meddles {
        // Before, and while it is read.
        for early in [true, false] {
            fs::write(&path, vec![7; 700_000]).unwrap();
            let device = named(&root);
            let recording = list(&device).unwrap().remove(0);
            if early {
                meddle();
            }
            let mut out = Meddler {
                meddle: || {
                    if !early {
                        meddle()
                    }
                },
                written: 0,
            };
            let error = read_recording(&device, &recording, &mut out).unwrap_err();
            assert_eq!(error.code(), "file_changed", "{name}");
            assert_eq!(out.written == 0, early, "{name}");
        }
    }
    fs::write(&path, vec![7; 700_000]).unwrap();
    let device = named(&root);
    let recording = list(&device).unwrap().remove(0);
    fs::remove_file(&path).unwrap();
    assert_eq!(
        read_recording(&device, &recording, &mut io::sink())
            .unwrap_err()
            .code(),
        "file_changed"
    );
}

#[test]
fn a_full_disk_here_is_not_the_devices_fault() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "a.fit", b"x");
    let device = named(&root);
    let recording = list(&device).unwrap().remove(0);
    assert_eq!(
        read_recording(&device, &recording, &mut Full)
            .unwrap_err()
            .code(),
        "not_stored"
    );
}

#[test]
fn a_sparse_giant_is_refused_unread() {
    let root = tempfile::tempdir().unwrap();
    let file = fs::File::create(root.path().join("giant.fit")).unwrap();
    file.set_len(1 << 40).unwrap();
    let device = named(&root);
    let recording = list(&device).unwrap().remove(0);
    assert!(recording.size > LARGEST);
    assert_eq!(
        read_recording(&device, &recording, &mut io::sink())
            .unwrap_err()
            .code(),
        "too_large"
    );
}

#[test]
fn a_folder_that_goes_is_gone_and_not_empty() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "a.fit", b"x");
    let device = named(&root);
    let recording = list(&device).unwrap().remove(0);
    assert!(is_there(&device));
    root.close().unwrap();
    assert!(!is_there(&device));
    assert_eq!(list(&device).unwrap_err().code(), "device_gone");
    assert_eq!(
        read_recording(&device, &recording, &mut io::sink())
            .unwrap_err()
            .code(),
        "device_gone"
    );
}

/// Someone swaps a folder for a link all the time while it is listed and read.
#[test]
fn a_racer_gets_nothing_from_outside() {
    let outside = tempfile::tempdir().unwrap();
    put(outside.path(), "a.fit", b"SECRET");
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "real/a.fit", b"public");
    symlink(outside.path(), root.path().join("fake")).unwrap();
    put(root.path(), "dir/a.fit", b"public");
    let time = fs::metadata(root.path().join("real/a.fit"))
        .unwrap()
        .modified()
        .unwrap();
    for path in [root.path().join("dir/a.fit"), outside.path().join("a.fit")] {
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let device = named(&root);
    let asked = as_listed(root.path(), Path::new("dir/a.fit"));
    let stop = std::sync::atomic::AtomicBool::new(false);
    let read = std::thread::scope(|scope| {
        scope.spawn(|| {
            let at = |name: &str| root.path().join(name);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                fs::rename(at("dir"), at("real2")).unwrap();
                fs::rename(at("fake"), at("dir")).unwrap();
                fs::rename(at("dir"), at("fake")).unwrap();
                fs::rename(at("real2"), at("dir")).unwrap();
            }
        });
        let until = std::time::Instant::now() + std::time::Duration::from_secs(2);
        let mut read = 0;
        while std::time::Instant::now() < until {
            let mut out = Vec::new();
            if read_recording(&device, &asked, &mut out).is_ok() {
                read += 1;
            }
            assert!(out.is_empty() || out == b"public");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        read
    });
    assert!(
        read > 0,
        "the race was never won by the reader, so nothing was shown"
    );
}

#[test]
fn ten_thousand_files_are_listed_soon() {
    let root = tempfile::tempdir().unwrap();
    for folder in 0..10 {
        fs::create_dir(root.path().join(folder.to_string())).unwrap();
        for file in 0..1000 {
            fs::write(root.path().join(format!("{folder}/{file}.fit")), "").unwrap();
        }
    }
    let device = named(&root);
    assert_eq!(list(&device).unwrap().len(), 10_000);
}

#[test]
fn a_listing_that_was_cut_off_says_so() {
    let root = tempfile::tempdir().unwrap();
    for path in ["a.fit", "b.txt", "deep/c.fit", "deep/d.fit"] {
        put(root.path(), path, b"");
    }
    let device = named(&root);
    let listed = |most| device::list(&device, most).unwrap();
    // The folder counts as well.
    let whole = listed(5);
    assert_eq!((whole.recordings.len(), whole.is_cut_off), (3, false));
    for most in 0..5 {
        let Listing {
            recordings,
            is_cut_off,
            ..
        } = listed(most);
        assert!(is_cut_off && recordings.len() <= most.min(3), "{most}");
        assert!(
            recordings
                .iter()
                .all(|recording| whole.recordings.contains(recording))
        );
    }
    assert!(!listed(usize::MAX).is_cut_off);
}
