//! Access to a device's folders and files that doesn't leave it (any system, std alone); does not know what they mean.
//!
//! Each step of a path is looked at for links before it is used. Unlike on Linux a link put there between the look and the
//! use would be followed; the volumes met on these systems (FAT, exFAT) cannot hold links.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The root of a device.
pub(crate) struct Beneath(PathBuf);

/// One folder on a device.
pub(crate) struct Folder(PathBuf);

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
    /// Takes the root itself; it may be reached through links, as its path comes from the system or the user.
    pub(crate) fn open(root: &Path) -> io::Result<Beneath> {
        let root = std::fs::canonicalize(root)?;
        if !root.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        Ok(Beneath(root))
    }

    /// Opens a folder; an empty path is the root.
    pub(crate) fn folder(&self, path: &Path) -> io::Result<Folder> {
        let (path, metadata) = self.walk(path)?;
        if !metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        Ok(Folder(path))
    }

    /// Opens a regular file for reading.
    pub(crate) fn file(&self, path: &Path) -> io::Result<File> {
        let (path, metadata) = self.walk(path)?;
        if !metadata.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        File::open(path)
    }

    fn walk(&self, path: &Path) -> io::Result<(PathBuf, Metadata)> {
        let mut at = self.0.clone();
        let mut metadata = std::fs::symlink_metadata(&at)?;
        for part in path.components() {
            if !matches!(part, Component::Normal(_) | Component::CurDir) {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            }
            at.push(part);
            metadata = std::fs::symlink_metadata(&at)?;
            if metadata.is_symlink() {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            }
        }
        Ok((at, metadata))
    }
}

impl Folder {
    /// The names in it, at most `limit`.
    pub(crate) fn entries(&self, limit: usize) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&self.0)?.take(limit) {
            let entry = entry?;
            let kind = entry.file_type()?;
            let node = if kind.is_dir() {
                Node::Folder
            } else if kind.is_file() {
                Node::File
            } else {
                Node::Other
            };
            entries.push(Entry {
                name: entry.file_name(),
                node,
            });
        }
        Ok(entries)
    }

    /// Size and time of a regular file in it; `None` when it is anything else.
    pub(crate) fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        let metadata = std::fs::symlink_metadata(self.0.join(name))?;
        Ok(metadata.is_file().then(|| facts(&metadata)))
    }
}

/// Size and time of an open file.
pub(crate) fn facts_of(file: &File) -> io::Result<Facts> {
    Ok(facts(&file.metadata()?))
}

fn facts(metadata: &Metadata) -> Facts {
    let since = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified_ms = since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    });
    Facts {
        size: metadata.len(),
        modified_ms,
    }
}

/// Whether an error says that the name leads to a link, a node or out of the device, rather than that reading failed.
pub(crate) fn leads_astray(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory
    )
}
