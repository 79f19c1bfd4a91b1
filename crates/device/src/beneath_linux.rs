//! Access to a device's folders and files that cannot leave it (Linux); does not know what they mean.
//!
//! Everything is opened by `openat2(2)` beneath the root: no link, no other mount, no `..`; kernels and sandboxes without
//! it get a walk by single names that refuses links too. Nothing stays open once the values here are dropped.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// The root of a device, held open.
pub(crate) struct Beneath {
    root: OwnedFd,
    /// `st_dev`, for systems where steps have to be checked one by one.
    device: u64,
}

/// One folder on a device, held open.
pub(crate) struct Folder(OwnedFd);

/// What a name in a folder stands for; links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A link, pipe, socket or device node.
    Other,
}

/// A name in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// As the device wrote it.
    pub(crate) name: OsString,
    /// What it stands for.
    pub(crate) node: Node,
}

/// What is known of a file without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// In bytes.
    pub(crate) size: u64,
    /// Milliseconds since 1970 UTC, as the file system says.
    pub(crate) modified_ms: i64,
}

impl Beneath {
    /// Opens the root itself; it may be reached through links, as its path comes from the kernel or the user.
    pub(crate) fn open(root: &Path) -> io::Result<Beneath> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(root, flags, Mode::empty())?;
        let device = rustix::fs::fstat(&root)?.st_dev;
        Ok(Beneath { root, device })
    }

    /// Opens a folder; an empty path is the root.
    pub(crate) fn folder(&self, path: &Path) -> io::Result<Folder> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY)
            .map(Folder)
    }

    /// Opens a regular file for reading; never opens anything else, and never waits for a pipe's other end.
    pub(crate) fn file(&self, path: &Path) -> io::Result<File> {
        // A path alone opens nothing: even opening a device node can do something to it.
        let node = self.open_at(path, OFlags::PATH)?;
        if FileType::from_raw_mode(rustix::fs::fstat(&node)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let file =
            File::from(self.open_at(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?);
        // Looked at again, as the name may lead elsewhere by now.
        if !file.metadata()?.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        Ok(file)
    }

    fn open_at(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let resolve = ResolveFlags::BENEATH
            | ResolveFlags::NO_SYMLINKS
            | ResolveFlags::NO_MAGICLINKS
            | ResolveFlags::NO_XDEV;
        match rustix::fs::openat2(&self.root, path, flags, Mode::empty(), resolve) {
            // Kernels before 5.6, and sandboxes that don't know the call.
            Err(Errno::NOSYS | Errno::PERM) => self.walk(path, flags),
            result => Ok(result?),
        }
    }

    /// The same by single steps, for systems without `openat2`.
    fn walk(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let steps: Vec<Component<'_>> = path.components().collect();
        let (last, before) = steps.split_last().ok_or(Errno::INVAL)?;
        let step = |from: &OwnedFd, part: &Component<'_>, flags: OFlags| -> io::Result<OwnedFd> {
            if !matches!(part, Component::Normal(_) | Component::CurDir) {
                return Err(Errno::XDEV.into());
            }
            let next = rustix::fs::openat(from, part.as_os_str(), flags, Mode::empty())?;
            if rustix::fs::fstat(&next)?.st_dev != self.device {
                return Err(Errno::XDEV.into());
            }
            Ok(next)
        };
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut at = self.root.try_clone()?;
        for part in before {
            at = step(&at, part, folder)?;
        }
        step(&at, last, flags)
    }
}

impl Folder {
    /// The names in it, at most `limit`, without `.` and `..`.
    pub(crate) fn entries(&self, limit: usize) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            if entries.len() >= limit {
                break;
            }
            let kind = match entry.file_type() {
                // Some file systems do not say in the listing.
                FileType::Unknown => self.kind(name),
                kind => kind,
            };
            let node = match kind {
                FileType::Directory => Node::Folder,
                FileType::RegularFile => Node::File,
                _ => Node::Other,
            };
            entries.push(Entry {
                name: name.to_owned(),
                node,
            });
        }
        Ok(entries)
    }

    fn kind(&self, name: &OsStr) -> FileType {
        let stat = rustix::fs::statat(
            &self.0,
            name,
            AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT,
        );
        stat.map_or(FileType::Unknown, |stat| {
            FileType::from_raw_mode(stat.st_mode)
        })
    }

    /// Size and time of a regular file in it; `None` when it is anything else.
    pub(crate) fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        let stat = rustix::fs::statat(
            &self.0,
            name,
            AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT,
        )?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        let modified_ms = milliseconds(
            stat.st_mtime,
            i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
        );
        Ok(is_file.then(|| Facts {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified_ms,
        }))
    }
}

/// Size and time of an open file.
pub(crate) fn facts_of(file: &File) -> io::Result<Facts> {
    let metadata = file.metadata()?;
    Ok(Facts {
        size: metadata.len(),
        modified_ms: milliseconds(metadata.mtime(), metadata.mtime_nsec()),
    })
}

fn milliseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds
        .saturating_mul(1000)
        .saturating_add(nanoseconds / 1_000_000)
}

/// Whether an error says that the name leads to a link, a node or out of the device, rather than that reading failed.
pub(crate) fn leads_astray(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput
        || [
            Errno::LOOP,
            Errno::XDEV,
            Errno::NXIO,
            Errno::ISDIR,
            Errno::NOTDIR,
            Errno::INVAL,
        ]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_refuses_what_openat2_refuses() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.fit"), "secret").unwrap();
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("a/b")).unwrap();
        std::fs::write(root.path().join("a/b/x.fit"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("a/out")).unwrap();
        std::os::unix::fs::symlink("b", root.path().join("a/in")).unwrap();
        std::os::unix::fs::symlink("x.fit", root.path().join("a/b/y.fit")).unwrap();
        let beneath = Beneath::open(root.path()).unwrap();
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let absolute = outside.path().join("secret.fit");
        for (path, expected) in [
            (Path::new("a/b/x.fit"), true),
            (Path::new("a/out/secret.fit"), false),
            (Path::new("a/in/x.fit"), false),
            (Path::new("a/b/y.fit"), false),
            (Path::new("../x"), false),
            (Path::new("a/../a/b/x.fit"), false),
            (Path::new(""), false),
            (absolute.as_path(), false),
        ] {
            assert_eq!(
                beneath.walk(path, flags).is_ok(),
                expected,
                "walk {}",
                path.display()
            );
            // openat2 allows `..` that stays beneath; no path we give it holds one.
            if !path.starts_with("a/..") {
                assert_eq!(
                    beneath.file(path).is_ok(),
                    expected,
                    "openat2 {}",
                    path.display()
                );
            }
        }
    }
}
