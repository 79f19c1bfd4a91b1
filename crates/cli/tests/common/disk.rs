//! A disk of its own in a file, with ext4 on it, whose power can be cut: what nobody asked to be on the disk is lost then. Needs
//! root, loop devices and ext4. Knows nothing of the program.

use std::cell::Cell;
use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::libc;
use nix::sched::{CloneFlags, unshare};

/// `EXT4_IOC_SHUTDOWN` of the kernel's fs/ext4/ext4.h.
const SHUT_DOWN: libc::c_ulong = 0x8004_587d;
/// `EXT4_GOING_FLAGS_NOLOGFLUSH`: what waits in memory, the journal included, is not written any more.
const WITHOUT_FLUSHING: u32 = 2;
/// In bytes; the file has holes and takes a few megabytes.
const SIZE: u64 = 64 << 20;
/// Without what ext4 does of its own accord for programs that forget to sync before they rename.
const OPTIONS: &str = "loop,noauto_da_alloc";

pub(crate) struct Disk {
    folder: tempfile::TempDir,
    dead: Cell<bool>,
}

impl Disk {
    /// An empty one, mounted for this thread and the programs that it starts, and for nobody else: the kernel takes it away
    /// with the last of them, however they end.
    ///
    /// # Errors
    /// What is missing here for it.
    pub(crate) fn new() -> Result<Disk, String> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        let folder = folder.map_err(|error| error.to_string())?;
        unshare(CloneFlags::CLONE_NEWNS)
            .map_err(|error| format!("no mounts of our own: {error}"))?;
        done(Command::new("mount").args(["--make-rprivate", "/"]))?;
        let disk = Disk {
            folder,
            dead: Cell::new(false),
        };
        let made = File::create(disk.image()).and_then(|file| file.set_len(SIZE));
        made.map_err(|error| error.to_string())?;
        done(
            Command::new("mkfs.ext4")
                .args(["-q", "-F"])
                .arg(disk.image()),
        )?;
        std::fs::create_dir(disk.place()).map_err(|error| error.to_string())?;
        disk.mount()?;
        Ok(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// Where it is mounted.
    pub(crate) fn place(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// The power goes, once until it is mounted again: from here on nothing reaches the disk.
    #[track_caller]
    pub(crate) fn cut(&self) {
        if self.dead.replace(true) {
            return;
        }
        let root = File::open(self.place()).unwrap();
        let flags = WITHOUT_FLUSHING;
        #[expect(
            unsafe_code,
            reason = "no crate has this call; it is made in this test alone"
        )]
        // SAFETY: the file is open, and the call reads one u32 that outlives it.
        let answer = unsafe { libc::ioctl(root.as_raw_fd(), SHUT_DOWN, &raw const flags) };
        assert_eq!(answer, 0, "{}", std::io::Error::last_os_error());
    }

    /// Unmounted and mounted again. Without a cut before, all that was written lasts from here on; after one, this is what is
    /// found at the next start.
    #[track_caller]
    pub(crate) fn restart(&self) {
        self.unmount();
        self.mount().unwrap();
        self.dead.set(false);
    }

    /// The file system itself is sound; for the end, for it stays unmounted.
    #[track_caller]
    pub(crate) fn sound(self) {
        self.unmount();
        done(Command::new("e2fsck").arg("-fn").arg(self.image())).unwrap();
    }

    fn mount(&self) -> Result<(), String> {
        let mut mount = Command::new("mount");
        done(
            mount
                .args(["-o", OPTIONS])
                .arg(self.image())
                .arg(self.place()),
        )
    }

    /// A killed program may take a moment to let go of its files.
    #[track_caller]
    fn unmount(&self) {
        for _ in 0..500 {
            if done(Command::new("umount").arg(self.place())).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{} stays in use", self.place().display());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // After a failure something may still be open on it. It is not there any more where it was sound.
        let _ = done(Command::new("umount").arg("--lazy").arg(self.place()));
    }
}

fn done(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let [said, complained] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Err(format!("{name}: {} {said} {complained}", output.status))
}
