//! Which mounts may be devices at all; does not look into them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::mounts::{self, Mount};

/// Folders whose volumes are never devices: the library, the home folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions {
    /// Absolute; each excludes the volume that holds it, wherever else that volume is mounted too.
    pub paths: Vec<PathBuf>,
}

/// File systems that are no disks, or are another computer's.
const NO_DEVICES: [&str; 53] = [
    // The kernel's own.
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "resctrl",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smackfs",
    "sysfs",
    "tracefs",
    // Built upon other file systems.
    "aufs",
    "ecryptfs",
    "fuse.bindfs",
    "fuse.encfs",
    "fuse.fuse-overlayfs",
    "fuse.gocryptfs",
    "fuse.mergerfs",
    "fuse.portal",
    "fuse.snapfuse",
    "fuse.squashfuse",
    "overlay",
    "squashfs",
    "unionfs",
    // The network's, and the host's of a virtual machine. `gvfsd-fuse` holds MTP stores, which are looked at one by one.
    "9p",
    "afs",
    "ceph",
    "cifs",
    "davfs",
    "fuse.curlftpfs",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
    "vboxsf",
    "virtiofs",
];

/// Folders of the system, with all that is mounted below them.
const SYSTEM: [&str; 20] = [
    "/bin", "/boot", "/dev", "/efi", "/etc", "/gnu", "/lib", "/lib64", "/nix", "/opt", "/ostree",
    "/proc", "/run", "/sbin", "/snap", "/srv", "/sys", "/sysroot", "/usr", "/var",
];

/// Folders below which users mount their volumes.
const USERS: [&str; 3] = ["/media", "/mnt", "/run/media"];

impl Exclusions {
    /// The same paths without links, as far as they exist.
    pub(crate) fn resolved(&self) -> Exclusions {
        let resolve = |path: &PathBuf| {
            let there = path
                .ancestors()
                .find_map(|part| Some((part, std::fs::canonicalize(part).ok()?)));
            match there {
                Some((part, real)) => path
                    .strip_prefix(part)
                    .map_or_else(|_| real.clone(), |rest| real.join(rest)),
                None => path.clone(),
            }
        };
        Exclusions {
            paths: self.paths.iter().map(resolve).collect(),
        }
    }
}

/// The mounts that may be devices: no system's, no network's, none that holds an exclusion, none twice.
pub(crate) fn candidates<'a>(mounts: &'a [Mount], exclusions: &Exclusions) -> Vec<&'a Mount> {
    let holding = exclusions
        .paths
        .iter()
        .filter_map(|path| mounts::mount_of(mounts, path));
    let of_system = mounts.iter().filter(|mount| is_system(&mount.root));
    // By number and not by path alone: a bind mount shows the same volume in another place.
    let excluded: HashSet<(u32, u32)> =
        holding.chain(of_system).map(|mount| mount.device).collect();
    let excluded = |mount: &Mount| cfg!(target_os = "linux") && excluded.contains(&mount.device);
    let holds_exclusion = |mount: &Mount| {
        let held = |path: &PathBuf| {
            mounts::mount_of(mounts, path).is_some_and(|holder| holder.root == mount.root)
        };
        exclusions.paths.iter().any(held)
    };
    let mut seen = HashSet::new();
    let is_candidate = |mount: &&Mount| {
        is_disk(mount)
            && !is_system(&mount.root)
            && !excluded(mount)
            && !holds_exclusion(mount)
            // A later mount on the same place covers this one.
            && mounts.iter().rfind(|other| other.root == mount.root).is_some_and(|last| last.id == mount.id)
            && (!cfg!(target_os = "linux") || seen.insert(mount.device))
    };
    mounts.iter().filter(is_candidate).collect()
}

fn is_disk(mount: &Mount) -> bool {
    if NO_DEVICES.contains(&mount.file_system.as_str()) {
        return false;
    }
    match mount.file_system.as_str() {
        // Memory is a device only where a user put it to try things.
        "tmpfs" | "ramfs" => is_users(&mount.root),
        // Volumes of these are mounted by subvolume.
        "btrfs" | "bcachefs" => true,
        _ => mount.within == Path::new("/"),
    }
}

fn is_strictly_below(path: &Path, folder: &Path) -> bool {
    path != folder && path.starts_with(folder)
}

fn is_users(root: &Path) -> bool {
    let temporary = std::env::temp_dir();
    // A temporary folder set to `/` would open everything.
    let temporary = (temporary.components().count() > 1).then_some(temporary.as_path());
    let folders = USERS
        .iter()
        .chain(&["/tmp", "/var/tmp"])
        .map(Path::new)
        .chain(temporary);
    folders
        .into_iter()
        .any(|folder| is_strictly_below(root, folder))
}

fn is_system(root: &Path) -> bool {
    if is_users(root) {
        return false;
    }
    let parts = root.components().count();
    // `/home`, and each user's own: on systems with a volume per user.
    let is_home = root.starts_with("/home") && parts <= 3;
    root == Path::new("/")
        || root == Path::new("/tmp")
        || is_home
        || root.starts_with("/root")
        || is_below_system(root)
}

fn is_below_system(root: &Path) -> bool {
    SYSTEM.iter().any(|folder| root.starts_with(folder))
}

/// Whether a user's folder would be the system itself. Single folders of the system may hold recordings; these can't.
pub(crate) fn is_never_a_folder(root: &Path) -> bool {
    const NEVER: [&str; 3] = ["/proc", "/sys", "/dev"];
    let is_memory = root.starts_with("/dev/shm");
    root.parent().is_none() || (NEVER.iter().any(|folder| root.starts_with(folder)) && !is_memory)
}

/// Where gvfs shows MTP stores: `/run/user/1000/gvfs`.
pub(crate) fn gvfs_roots(mounts: &[Mount]) -> Vec<&Mount> {
    mounts
        .iter()
        .filter(|mount| mount.file_system == "fuse.gvfsd-fuse")
        .collect()
}

/// Whether a path is one MTP store of gvfs.
pub(crate) fn is_mtp_store(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"mtp:host="))
}

/// The MTP stores that gvfs shows on a mount. May wait as long as gvfs does.
pub(crate) fn mtp_stores(gvfs: &Mount) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(&gvfs.root)
        .into_iter()
        .flatten()
        .flatten()
        .take(100);
    entries
        .map(|entry| entry.path())
        .filter(|path| is_mtp_store(path))
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const TABLE: &str = "\
1 0 254:0 / / rw - ext4 /dev/vda2 rw
2 1 0:21 / /proc rw - proc proc rw
3 1 254:1 / /boot/efi rw - vfat /dev/vda1 rw
4 1 0:25 / /run rw - tmpfs tmpfs rw
5 4 0:26 / /run/user/1000 rw - tmpfs tmpfs rw
6 5 0:27 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw
7 1 254:3 / /home rw - ext4 /dev/vda3 rw
8 1 8:17 / /media/ann/GARMIN rw - vfat /dev/sdb1 rw
9 4 8:33 / /run/media/ann/EDGE rw - vfat /dev/sdc1 rw
10 1 254:3 /ann/rides /mnt/rides rw - ext4 /dev/vda3 rw
11 1 254:0 / /mnt/root rw - ext4 /dev/vda2 rw
12 1 0:40 / /mnt/nas rw - nfs4 nas:/x rw
13 1 0:41 / /mnt/trial rw - tmpfs tmpfs rw
14 1 0:42 / /tmp rw - tmpfs tmpfs rw
15 14 0:43 / /tmp/trial rw - tmpfs tmpfs rw
16 1 0:44 / /mnt/layers rw - overlay overlay rw
17 1 8:49 / /mnt/library rw - ext4 /dev/sdd1 rw
18 1 8:17 /Garmin /mnt/part rw - vfat /dev/sdb1 rw
19 1 8:17 / /mnt/again rw - vfat /dev/sdb1 rw
20 1 8:65 / /data rw - ext4 /dev/sde1 rw
21 1 8:81 / /mnt/under rw - vfat /dev/sdf1 rw
22 1 8:97 / /mnt/under rw - vfat /dev/sdg1 rw
23 7 0:60 / /home/ann/watch rw - fuse.jmtpfs jmtpfs rw
24 1 0:61 / /opt/x rw - tmpfs tmpfs rw
25 1 0:62 / /work rw - tmpfs tmpfs rw
26 4 8:113 / /run/docker/x rw - ext4 /dev/sdh1 rw
27 1 0:63 / /home2/bob rw - tmpfs tmpfs rw";

    #[test]
    fn only_volumes_of_users_are_candidates() {
        let mounts = mounts::parse_mountinfo(TABLE);
        let exclusions = Exclusions {
            paths: vec!["/home/ann".into(), "/mnt/library/trackdock".into()],
        };
        let found: Vec<u64> = candidates(&mounts, &exclusions)
            .iter()
            .map(|mount| mount.id)
            .collect();
        assert_eq!(found, [8, 9, 13, 15, 20, 22, 23]);
        assert_eq!(
            gvfs_roots(&mounts)
                .iter()
                .map(|mount| mount.id)
                .collect::<Vec<_>>(),
            [6]
        );
    }

    #[test]
    fn exclusions_are_followed_through_links_and_beyond_what_exists() {
        let root = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(root.path()).unwrap();
        std::os::unix::fs::symlink(&real, real.join("link")).unwrap();
        let exclusions = Exclusions {
            paths: vec![real.join("link/not/yet"), "/".into()],
        };
        assert_eq!(
            exclusions.resolved().paths,
            [real.join("not/yet"), "/".into()]
        );
    }

    #[test]
    fn folders_that_are_the_system() {
        for (path, expected) in [
            ("/", true),
            ("/proc/1", true),
            ("/sys", true),
            ("/dev", true),
            ("/dev/shm/x", false),
            ("/var/x", false),
            ("/home/ann", false),
        ] {
            assert_eq!(is_never_a_folder(Path::new(path)), expected, "{path}");
        }
    }
}
