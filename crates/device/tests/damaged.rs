//! Devices whose disk is damaged or gone, on real mounts: they need root, and say loudly when they are skipped.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

#[path = "common/mounted.rs"]
mod mounted;
#[path = "../../../tests/common/skipped.rs"]
mod skipped;

use std::fs;
use std::process::Command;

use device::{DeviceError, is_there};
use mounted::{Mounted, image};
use skipped::skipped;

/// What a disk says that was pulled out is no use: it lists itself as empty. The table of mounts goes on naming it.
#[test]
fn a_device_whose_disk_is_gone_is_not_there_though_it_is_mounted() {
    let (folder, at) = Mounted::point();
    let mounted = Mounted {
        at,
        _folder: folder,
    };
    if !mounted.mount(&["-t", "tmpfs", "/dev/trackdock-no-such-disk"]) {
        return skipped("a mount without its disk", "mounting needs root");
    }
    let mut device = device::folder(&mounted.at).unwrap();
    assert!(is_there(&device));
    // As FAT through FUSE is mounted: the kernel has no number of it, only the node.
    let mount = device.mount.as_mut().unwrap();
    mount.file_system = "fuseblk".into();
    assert!(!is_there(&device));
    let listed = device::list(&device, device::MOST_NAMES);
    assert_eq!(listed.unwrap_err().code(), "device_gone");
}

/// The names are there, and what they stand for is not: the system answers with an error of the disk.
#[test]
fn a_damaged_file_or_folder_keeps_the_others_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rides = folder.path().join("content/Garmin/Activity");
    fs::create_dir_all(rides.join("deep")).unwrap();
    for name in ["bad.fit", "good.fit", "deep/lost.fit"] {
        fs::write(rides.join(name), "recording").unwrap();
    }
    let (point, at) = Mounted::point();
    let mounted = Mounted { at, _folder: point };
    let Some(image) = image(folder.path()) else {
        return skipped("a damaged volume", "no mkfs.ext4");
    };
    for name in ["bad.fit", "deep"] {
        let damage = Command::new("debugfs")
            .args(["-w", "-R", &format!("clri /Garmin/Activity/{name}")])
            .arg(&image)
            .output();
        assert!(damage.unwrap().status.success(), "{name}");
    }
    if !mounted.mount(&["-o", "loop,ro", image.to_str().unwrap()]) {
        return skipped("a damaged volume", "needs root and a loop device");
    }
    let device = device::folder(&mounted.at).unwrap();
    let listing = device::list(&device, device::MOST_NAMES).unwrap();
    let mut names: Vec<_> = listing
        .recordings
        .iter()
        .filter_map(|recording| recording.path.file_name()?.to_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["a.fit", "good.fit"]);
    let trouble = listing.trouble.map(|trouble| trouble.code());
    assert_eq!(trouble, Some(DeviceError::UNREADABLE));
}
