//! The table of mounts as the kernel gives it; does not know which of them are devices.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// One mounted file system (`proc(5)`, `/proc/pid/mountinfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The kernel's number of this mount; may be given again after an unmount.
    pub id: u64,
    /// Where it is mounted.
    pub root: PathBuf,
    /// The folder of the file system that is mounted there: `/` unless it is a bind mount or a subvolume.
    pub within: PathBuf,
    /// What is mounted: a device node, or any word.
    pub source: String,
    /// `vfat`, `fuse.gvfsd-fuse`, …
    pub file_system: String,
    /// Major and minor number of `st_dev`; a major of 0 has no block device.
    pub device: (u32, u32),
    /// The kernel's number of the disk (`diskseq`, Documentation/ABI/stable/sysfs-block), which it never gives again while it
    /// runs: a disk that was pulled out and put back has another, though all else may be as it was. None in a bare table, where
    /// there is no disk, and before Linux 5.15.
    pub disk: Option<u64>,
    /// Whether it can only be read.
    pub read_only: bool,
}

/// Reads the text of `/proc/self/mountinfo`; lines that make no sense are left out. Which disks they are on it does not say.
pub fn parse_mountinfo(text: &str) -> Vec<Mount> {
    parse(text.as_bytes())
}

/// As [`parse_mountinfo`]; names on disk need not be UTF-8.
pub(crate) fn parse(bytes: &[u8]) -> Vec<Mount> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(parse_line)
        .collect()
}

fn parse_line(line: &[u8]) -> Option<Mount> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    // Optional fields stand between the options and a lone dash.
    let dash = fields.iter().skip(6).position(|field| *field == b"-")? + 6;
    let word = |index: usize| {
        fields
            .get(index)
            .and_then(|field| std::str::from_utf8(field).ok())
    };
    let (major, minor) = word(2)?.split_once(':')?;
    let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
    Some(Mount {
        id: word(0)?.parse().ok()?,
        root: absolute(fields.get(4)?)?,
        within: PathBuf::from(os_string(unescape(fields.get(3)?))),
        source: String::from_utf8_lossy(&unescape(fields.get(dash + 2)?)).into_owned(),
        file_system: String::from_utf8_lossy(&unescape(fields.get(dash + 1)?)).into_owned(),
        device: (major.parse().ok()?, minor.parse().ok()?),
        disk: None,
        read_only: is_read_only(word(5)?) || word(dash + 3).is_some_and(is_read_only),
    })
}

fn absolute(field: &[u8]) -> Option<PathBuf> {
    let path = unescape(field);
    path.starts_with(b"/")
        .then(|| PathBuf::from(os_string(path)))
}

/// Undoes the kernel's `\040` for blank, tab, newline and backslash.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        match after {
            [
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                after @ ..,
            ] if *first == b'\\' => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// The mounts as they are now; empty when the system would not tell.
#[cfg(target_os = "linux")]
pub(crate) fn current() -> Vec<Mount> {
    let Ok(table) = fs::read("/proc/self/mountinfo") else {
        return Vec::new();
    };
    let mut mounts = parse(&table);
    for mount in &mut mounts {
        mount.disk = disk_of(mount);
    }
    mounts
}

/// The kernel's folder of the block device of a mount, which goes with the device; none where there is no device to ask about.
pub(crate) fn block_folder(mount: &Mount) -> Option<PathBuf> {
    let devices = Path::new("/sys/dev/block");
    if !cfg!(target_os = "linux") || !devices.is_dir() {
        return None;
    }
    let (major, minor) = mount.device;
    if major != 0 {
        return Some(devices.join(format!("{major}:{minor}")));
    }
    // NTFS and exFAT through FUSE have no number of their own, but a plain device node as their source.
    match mount.source.strip_prefix("/dev/") {
        Some(node) if mount.file_system == "fuseblk" && !node.contains('/') => {
            Some(Path::new("/sys/class/block").join(node))
        }
        _ => None,
    }
}

#[cfg(target_os = "linux")]
fn disk_of(mount: &Mount) -> Option<u64> {
    let folder = block_folder(mount)?;
    let number = |file: &str| {
        let text = fs::read_to_string(folder.join(file)).ok()?;
        text.trim().parse().ok()
    };
    // A partition has none of its own; its disk's folder is the one around it.
    number("diskseq").or_else(|| number("../diskseq"))
}

/// The volumes in the usual places as they are now. Without the kernel's table a volume is known by its path alone.
#[cfg(not(target_os = "linux"))]
pub(crate) fn current() -> Vec<Mount> {
    let volumes = fs::read_dir("/Volumes").into_iter().flatten().flatten();
    let volumes = volumes
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path());
    let drives = ('D'..='Z')
        .filter(|_| cfg!(windows))
        .map(|letter| PathBuf::from(format!("{letter}:\\")));
    let volume = |root: PathBuf| Mount {
        id: crate::names::hash(root.as_os_str().as_encoded_bytes()),
        source: root.display().to_string(),
        root,
        within: PathBuf::from("/"),
        file_system: String::new(),
        device: (0, 0),
        disk: None,
        read_only: false,
    };
    volumes
        .chain(drives.filter(|root| root.is_dir()))
        .map(volume)
        .collect()
}

/// The mount that a path lies on: the longest fitting root; of equal ones the last, which covers the others.
pub(crate) fn mount_of<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    let fitting = mounts.iter().filter(|mount| path.starts_with(&mount.root));
    fitting.max_by_key(|mount| mount.root.components().count())
}

/// The mount that holds a path without links, as things stand now; none where the system has no table of them.
#[must_use]
pub fn mount_that_holds(path: &Path) -> Option<Mount> {
    mount_of(&current(), path).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Id, root, file system, source, device, read-only.
    type Expected<'a> = (u64, &'a str, &'a str, &'a str, (u32, u32), bool);

    #[track_caller]
    fn check(line: &str, expected: Option<Expected<'_>>) {
        let mounts = parse_mountinfo(line);
        let found = mounts.first().map(|m| {
            (
                m.id,
                m.root.to_str().unwrap(),
                m.file_system.as_str(),
                m.source.as_str(),
                m.device,
                m.read_only,
            )
        });
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn lines_of_mountinfo() {
        check(
            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
            Some((27, "/", "ext4", "/dev/vda", (254, 0), false)),
        );
        check(
            "99 27 8:17 / /media/ann/MY\\040GARMIN rw,nosuid shared:55 master:2 - vfat /dev/sdb1 rw,uid=1000",
            Some((
                99,
                "/media/ann/MY GARMIN",
                "vfat",
                "/dev/sdb1",
                (8, 17),
                false,
            )),
        );
        check(
            "9 1 0:5 / /mnt/a ro - tmpfs my\\011disk rw",
            Some((9, "/mnt/a", "tmpfs", "my\tdisk", (0, 5), true)),
        );
        check(
            "9 1 0:5 / /mnt/a rw - iso9660 /dev/sr0 ro",
            Some((9, "/mnt/a", "iso9660", "/dev/sr0", (0, 5), true)),
        );
        check(
            "9 1 0:5 / /mnt/a rw - tmpfs none",
            Some((9, "/mnt/a", "tmpfs", "none", (0, 5), false)),
        );
        check(
            "9 1 0:5 / /a\\134b\\012c rw - tmpfs none rw",
            Some((9, "/a\\b\nc", "tmpfs", "none", (0, 5), false)),
        );
        check(
            "9 1 0:5 / /a\\4 rw - tmpfs x rw",
            Some((9, "/a\\4", "tmpfs", "x", (0, 5), false)),
        );
    }

    #[test]
    fn lines_that_make_no_sense_are_left_out() {
        for line in [
            "",
            "-",
            "9",
            "x 1 0:5 / /a rw - tmpfs n rw",
            "9 1 05 / /a rw - tmpfs n rw",
            "9 1 0:5 / /a rw tmpfs n rw",
        ] {
            check(line, None);
        }
        check("9 1 0:5 / a/b rw - tmpfs n rw", None);
        check("9 1 0:5 / /a rw - tmpfs", None);
        check("99999999999999999999999 1 0:5 / /a rw - tmpfs n rw", None);
    }

    #[test]
    fn names_need_not_be_utf8() {
        let mounts = parse(b"9 1 0:5 / /mnt/\xff\xfe rw - tmpfs n\xff rw\nrubbish\n10 1 0:6 /sub /b rw - tmpfs n rw\n");
        assert_eq!(mounts.len(), 2);
        assert_eq!(
            mounts[0].root.as_os_str().as_encoded_bytes(),
            b"/mnt/\xff\xfe"
        );
        assert_eq!(mounts[1].within, Path::new("/sub"));
    }

    #[test]
    fn a_path_lies_on_the_longest_and_latest_mount() {
        let text = "1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /media/a rw - vfat b rw\n3 1 8:3 / /media/a rw - vfat c rw\n4 1 8:4 / /media/ab rw - vfat d rw";
        let mounts = parse_mountinfo(text);
        for (path, id) in [
            ("/", 1),
            ("/media", 1),
            ("/media/a", 3),
            ("/media/a/x", 3),
            ("/media/ab/x", 4),
            ("/media/abc", 1),
        ] {
            assert_eq!(
                mount_of(&mounts, Path::new(path)).map(|mount| mount.id),
                Some(id),
                "{path}"
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_computer_has_a_root() {
        assert!(current().iter().any(|mount| mount.root == Path::new("/")));
    }
}
