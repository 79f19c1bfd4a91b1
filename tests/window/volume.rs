//! The device: an ext4 image with recordings on it, mounted read-only from a loop device; without root a plain folder.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::recordings::Recording;
use crate::skipped::partly_skipped;

/// Where the device will be.
pub(crate) fn root_in(folder: &Path) -> PathBuf {
    folder.join("volume")
}

/// Whether this user may mount a volume: tried once, because in a container even root may not.
pub(crate) fn may_mount() -> bool {
    static MAY: OnceLock<bool> = OnceLock::new();
    *MAY.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let mounted = run(Command::new("mount")
            .args(["-t", "tmpfs", "trackdock-test"])
            .arg(place.path()));
        mounted && run(Command::new("umount").arg(place.path()))
    })
}

/// A device that is plugged in until it is unplugged or dropped.
pub(crate) struct Volume {
    root: PathBuf,
    mounted: bool,
}

impl Volume {
    /// Makes the volume and plugs it in.
    pub(crate) fn plug_in(folder: &Path, recordings: &[Recording]) -> Volume {
        let content = content(folder, recordings);
        let root = root_in(folder);
        if !may_mount() {
            partly_skipped(
                "a volume that the app is shown",
                "no root; it is a watched folder",
            );
            assert!(
                run(Command::new("cp")
                    .arg("-a")
                    .arg(content.join("Garmin"))
                    .arg(&root)),
                "the folder could not be filled"
            );
            return Volume {
                root,
                mounted: false,
            };
        }
        let image = folder.join("volume.img");
        File::create(&image).unwrap().set_len(64 << 20).unwrap();
        let made = run(Command::new("mkfs.ext4")
            .args(["-q", "-d"])
            .arg(&content)
            .arg(&image));
        if made
            && run(Command::new("mount")
                .args(["-o", "loop,ro"])
                .arg(&image)
                .arg(&root))
        {
            return Volume {
                root,
                mounted: true,
            };
        }
        eprintln!("no loop device here: the volume is a tmpfs");
        Volume::in_memory(&content, root)
    }

    /// Plugs in a tmpfs with what is in the folder `content`; `root` is where it will be.
    pub(crate) fn in_memory(content: &Path, root: PathBuf) -> Volume {
        // Filled elsewhere and moved to its place whole: a device appears with everything on it. Elsewhere is a folder of the
        // system, where the app looks for no devices: it would find this one half filled, and keep it busy.
        let elsewhere = tempfile::tempdir_in("/run").unwrap();
        let steps = [
            run(Command::new("mount")
                .args(["-t", "tmpfs", "trackdock-test"])
                .arg(elsewhere.path())),
            run(Command::new("cp")
                .arg("-a")
                .arg(content.join("."))
                .arg(elsewhere.path())),
            run(Command::new("mount")
                .arg("--bind")
                .arg(elsewhere.path())
                .arg(&root)),
            run(Command::new("umount").arg(elsewhere.path())),
        ];
        assert_eq!(steps, [true; 4], "the volume could not be mounted");
        Volume {
            root,
            mounted: true,
        }
    }

    /// Whether it is a plain folder, because nothing may be mounted here.
    pub(crate) fn is_folder(&self) -> bool {
        !self.mounted
    }

    /// Takes it out; that works at once only when nothing on it is open.
    pub(crate) fn unplug(mut self) {
        assert!(
            run(Command::new("umount").arg(&self.root)),
            "something on the idle device is still open"
        );
        self.mounted = false;
    }
}

/// What will be on the device: recordings where a Garmin has them, and the file that says what it is.
fn content(folder: &Path, recordings: &[Recording]) -> PathBuf {
    let content = folder.join("content");
    let rides = content.join("Garmin/Activities");
    fs::create_dir_all(&rides).unwrap();
    for recording in recordings {
        let path = rides.join(&recording.name);
        fs::write(&path, &recording.bytes).unwrap();
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_785_000_000);
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
    }
    fs::write(content.join("Garmin/GarminDevice.xml"), DEVICE).unwrap();
    content
}

impl Drop for Volume {
    fn drop(&mut self) {
        if self.mounted {
            run(Command::new("umount").arg("--lazy").arg(&self.root));
        }
    }
}

fn run(command: &mut Command) -> bool {
    command
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What the device calls itself.
pub(crate) const NAME: &str = "Trackdock test watch";

const DEVICE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Device xmlns="http://www.garmin.com/xmlschemas/GarminDevice/v2">
  <Model><PartNumber>006-B0000-00</PartNumber><SoftwareVersion>100</SoftwareVersion><Description>Trackdock test watch</Description></Model>
  <Id>4242424242</Id>
  <MassStorageMode>
    <DataType><Name>FIT_TYPE_4</Name>
      <File><Location><Path>Garmin/Activities</Path><FileExtension>FIT</FileExtension></Location><TransferDirection>OutputFromUnit</TransferDirection></File>
    </DataType>
  </MassStorageMode>
</Device>
"#;
