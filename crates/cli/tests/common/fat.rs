//! A FAT disk that can be pulled out: the kernel's `scsi_debug`, in the machine that `./dev uml` boots. Knows nothing of the
//! program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// What the kernel reads ahead from a USB disk, in KiB; for this one it would be eight times that.
const READ_AHEAD: &str = "128";
/// How long a disk may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a disk takes for an answer, in nanoseconds: one that is slow enough to be pulled out in between, and one at once.
const SLOW: &str = "25000000";
const QUICK: &str = "10000";

/// A disk that is plugged in. What is on it stays when it is pulled out.
pub(crate) struct Disk {
    /// `sda`, or another: a name is in use for as long as anybody holds on to the disk that had it.
    name: String,
}

impl Disk {
    /// Plugs it in, if it is not.
    pub(crate) fn plugged_in() -> Disk {
        let began = Instant::now();
        answer_after(QUICK);
        if present().is_none() {
            fs::write("/sys/class/scsi_host/host0/scan", "- - -").unwrap();
        }
        loop {
            if let Some(name) = present() {
                fs::write(format!("/sys/block/{name}/queue/read_ahead_kb"), READ_AHEAD).unwrap();
                return Disk { name };
            }
            assert!(began.elapsed() < PATIENCE, "the disk does not come back");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn node(&self) -> PathBuf {
        Path::new("/dev").join(&self.name)
    }

    /// Makes an empty FAT volume of the whole of it, as watches have.
    pub(crate) fn format(&self) {
        let made = Command::new("mkfs.vfat")
            .args(["-I", "--mbr=n", "-n", "GARMIN", "-s", "8"])
            .arg(self.node())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    pub(crate) fn mount(&self, at: &Path) {
        let options = Some("utf8=1,errors=remount-ro");
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(Some(&self.node()), at, Some("vfat"), flags, options).unwrap();
    }

    /// From now on it answers as slowly as a USB disk does; a quick one is plugged in.
    pub(crate) fn slow_down(&self) {
        answer_after(SLOW);
    }

    /// Pulls it out: the kernel forgets the disk, and is not asked before.
    pub(crate) fn pull(&self) {
        fs::write(format!("/sys/block/{}/device/delete", self.name), "1").unwrap();
    }

    /// Lets every read fail, while the kernel still has the disk: so it is with a cable for some time before it is noticed.
    pub(crate) fn fail(&self) {
        fs::write(
            format!("/sys/block/{}/device/state", self.name),
            "offline\n",
        )
        .unwrap();
    }

    /// Bytes read off it since it was plugged in; none when it is no longer.
    pub(crate) fn read(&self) -> Option<u64> {
        let stat = fs::read_to_string(format!("/sys/block/{}/stat", self.name)).ok()?;
        let sectors: u64 = stat.split_whitespace().nth(2)?.parse().ok()?;
        Some(sectors * 512)
    }
}

fn answer_after(nanoseconds: &str) {
    let began = Instant::now();
    // It cannot be changed while an answer is awaited.
    while fs::write("/sys/bus/pseudo/drivers/scsi_debug/ndelay", nanoseconds).is_err() {
        assert!(began.elapsed() < PATIENCE, "the disk does not rest");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The disk that is there and ready.
fn present() -> Option<String> {
    let names = fs::read_dir("/sys/block").ok()?.flatten();
    let mut names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let name = names.find(|name| name.starts_with("sd"))?;
    let size = fs::read_to_string(format!("/sys/block/{name}/size")).ok()?;
    let is_ready = size.trim() != "0" && Path::new("/dev").join(&name).exists();
    is_ready.then_some(name)
}

/// Takes a mount out of the table, whoever still uses it; false when nothing is mounted there.
pub(crate) fn unmount_lazily(at: &Path) -> bool {
    umount2(at, MntFlags::MNT_DETACH).is_ok()
}
