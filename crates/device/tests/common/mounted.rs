//! Volumes that are mounted for a test.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skipped::skipped;

/// A mounted volume that goes when dropped.
pub(crate) struct Mounted {
    pub(crate) at: PathBuf,
    pub(crate) _folder: tempfile::TempDir,
}

impl Mounted {
    pub(crate) fn point() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let at = fs::canonicalize(folder.path()).unwrap().join("MY WATCH");
        fs::create_dir(&at).unwrap();
        (folder, at)
    }

    pub(crate) fn mount(&self, arguments: &[&str]) -> bool {
        Command::new("mount")
            .args(arguments)
            .arg(&self.at)
            .output()
            .is_ok_and(|output| output.status.success())
    }

    pub(crate) fn unmount(&self) -> bool {
        Command::new("umount")
            .arg(&self.at)
            .status()
            .is_ok_and(|status| status.success())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Most tests have unmounted it already.
        let _ = Command::new("umount").arg("-l").arg(&self.at).output();
    }
}

pub(crate) fn tmpfs(what: &str) -> Option<Mounted> {
    let (folder, at) = Mounted::point();
    let mounted = Mounted {
        at,
        _folder: folder,
    };
    if mounted.mount(&["-t", "tmpfs", "tmpfs"]) {
        return Some(mounted);
    }
    skipped(what, "mounting needs root");
    None
}

/// An ext4 file with a Garmin in it, on a loop device.
pub(crate) fn image(folder: &Path) -> Option<PathBuf> {
    let content = folder.join("content");
    fs::create_dir_all(content.join("Garmin/Activity")).unwrap();
    fs::write(content.join("Garmin/Activity/a.fit"), "recording").unwrap();
    let image = folder.join("watch.img");
    fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
    let made = Command::new("mkfs.ext4")
        .args(["-q", "-F", "-d"])
        .arg(&content)
        .arg(&image)
        .output();
    made.is_ok_and(|output| output.status.success())
        .then_some(image)
}
