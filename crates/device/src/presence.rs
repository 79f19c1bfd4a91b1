//! Whether a device is still there; knows nothing of what is on it.
//!
//! A pulled-out FAT volume goes on answering: it lists itself as empty, and `statfs` succeeds. What doesn't lie is the kernel's
//! table of mounts, and the block device's folder in sysfs, which goes with the device.

use std::path::Path;

use crate::mounts::{self, Mount};
use crate::{Device, DeviceKind};

/// Whether the device's mount is the one it was recognised on, and its block device is still attached. To be asked before and
/// after each listing and each copy: when it says no, what was seen in between means nothing.
pub fn is_there(device: &Device) -> bool {
    let is_inside = device.kind == DeviceKind::Folder
        || device
            .mount
            .as_ref()
            .is_none_or(|mount| mount.root != device.root);
    // The folder itself can go while its disk stays; a mount point is not asked, as a dead disk would answer yes.
    if is_inside && !device.root.is_dir() {
        return false;
    }
    device.mount.as_ref().is_none_or(|mount| {
        is_mounted(mount, &mounts::current(), &device.root) && is_attached(mount)
    })
}

fn is_mounted(mount: &Mount, mounts: &[Mount], root: &Path) -> bool {
    if mounts.is_empty() {
        // Without a table nothing can be said against it.
        return true;
    }
    let now = mounts::mount_of(mounts, root);
    // Numbers of mounts are used again, as are those of devices: the same number must still be the same volume, on a disk that
    // was not away in between.
    now.is_some_and(|now| {
        (now.id, now.device, now.disk) == (mount.id, mount.device, mount.disk)
            && now.source == mount.source
    })
}

/// Whether the block device of a mount is attached; true where there is none to ask.
pub(crate) fn is_attached(mount: &Mount) -> bool {
    mounts::block_folder(mount).is_none_or(|folder| folder.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn block_devices_are_looked_up_in_sysfs() {
        let mount = |major, minor, file_system: &str, source: &str| Mount {
            id: 1,
            root: "/media/x".into(),
            within: "/".into(),
            source: source.to_owned(),
            file_system: file_system.to_owned(),
            device: (major, minor),
            disk: None,
            read_only: false,
        };
        assert!(!is_attached(&mount(4000, 77, "vfat", "/dev/sdzz1")));
        assert!(is_attached(&mount(0, 77, "tmpfs", "tmpfs")));
        assert!(!is_attached(&mount(0, 77, "fuseblk", "/dev/sdzz1")));
        assert!(is_attached(&mount(0, 77, "fuseblk", "/dev/mapper/x")));
        let first = std::fs::read_dir("/sys/dev/block")
            .unwrap()
            .flatten()
            .next();
        if let Some((major, minor)) = first.as_ref().and_then(|entry| {
            entry
                .file_name()
                .to_str()?
                .split_once(':')
                .map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap()))
        }) {
            assert!(is_attached(&mount(major, minor, "vfat", "x")));
        }
    }

    #[test]
    fn another_mount_in_the_same_place_is_not_the_device() {
        let table = |text: &str| crate::parse_mountinfo(text);
        let before = table("1 0 8:1 / / rw - ext4 a rw\n7 1 8:2 / /media/a rw - vfat b rw");
        for (now, expected) in [
            (
                "1 0 8:1 / / rw - ext4 a rw\n7 1 8:2 / /media/a rw - vfat b rw",
                true,
            ),
            ("1 0 8:1 / / rw - ext4 a rw", false),
            (
                "1 0 8:1 / / rw - ext4 a rw\n8 1 8:2 / /media/a rw - vfat b rw",
                false,
            ),
            (
                "1 0 8:1 / / rw - ext4 a rw\n7 1 8:3 / /media/a rw - vfat c rw",
                false,
            ),
            (
                "1 0 8:1 / / rw - ext4 a rw\n7 1 8:2 / /media/a rw - vfat b rw\n9 1 0:9 / /media/a rw - tmpfs t rw",
                false,
            ),
        ] {
            assert_eq!(
                is_mounted(&before[1], &table(now), Path::new("/media/a")),
                expected,
                "{now}"
            );
        }
    }

    #[test]
    fn the_same_mount_of_a_disk_that_was_away_is_not_the_device() {
        let on_disk = |disk| {
            let mut table = crate::parse_mountinfo("7 1 8:2 / /media/a rw - vfat b rw");
            table[0].disk = disk;
            table
        };
        for (before, now, expected) in [
            (Some(4), Some(4), true),
            (Some(4), Some(5), false),
            (None, None, true),
        ] {
            let is_it = is_mounted(&on_disk(before)[0], &on_disk(now), Path::new("/media/a"));
            assert_eq!(is_it, expected, "{before:?} {now:?}");
        }
    }
}
