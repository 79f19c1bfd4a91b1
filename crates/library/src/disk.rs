//! Folders and files that only their owner may read, and that survive a power cut. Knows nothing of activities.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::Error;

/// So many bytes of a file that is written once more.
const REWRITTEN_AT_ONCE: usize = 1 << 20;

/// The disk that a library lies on. It is asked before each thing that is done to it, so that a test can have one that is full,
/// fails, or loses what was not synced.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Whether this may be done now.
    ///
    /// # Errors
    /// What is answered in its place; nothing of it is done then.
    fn before(&self, act: Act<'_>) -> io::Result<()>;

    /// The name of the SQLite VFS through which the database is used; `None`: the usual one.
    fn vfs(&self) -> Option<&str> {
        None
    }
}

/// Something that is done to a disk. Reading and rights are left out: they are lost with the file at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// A folder that isn't there is made.
    MakeFolder(&'a Path),
    /// A file that isn't there is made, empty.
    Create(&'a Path),
    /// So many bytes are written at the end of a file.
    Append(&'a Path, usize),
    /// A file's content is written once more as it is.
    Rewrite(&'a Path),
    /// A file's content is to last.
    Sync(&'a Path),
    /// A file gets another name, in place of what is there.
    Rename {
        /// Its name until now.
        from: &'a Path,
        /// Its name from now on.
        to: &'a Path,
    },
    /// A file goes.
    Remove(&'a Path),
    /// The names in a folder are to last.
    SyncNames(&'a Path),
}

/// A disk as it is: it answers for itself.
#[derive(Debug)]
pub(crate) struct Plain;

impl Disk for Plain {
    fn before(&self, _: Act<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// As [`make_folder`], with the library's words for what went wrong.
pub(crate) fn create_folder(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    make_on(disk, path).map_err(|error| Error::file(path, "created", error))
}

/// Creates a folder and those above it, where they aren't there: new ones are for their owner only (0700), and their names are on
/// the disk when this returns.
///
/// # Errors
/// What the system says.
pub fn make_folder(path: &Path) -> io::Result<()> {
    make_on(&Plain, path)
}

fn make_on(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new: Vec<&Path> = path.ancestors().take_while(is_new).collect();
    for folder in new.iter().rev() {
        disk.before(Act::MakeFolder(folder))?;
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    for parent in new.into_iter().filter_map(Path::parent) {
        sync_names_on(disk, here_if_empty(parent))?;
    }
    Ok(())
}

/// Takes everyone else's rights from a folder or file that is ours.
pub(crate) fn make_private(path: &Path, mode: u32) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|error| Error::file(path, "made private", error))?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode); // a profile folder of Windows is private by inheritance
    Ok(())
}

/// An empty file for its owner only (0600), in place of what was there.
pub(crate) fn create_private(disk: &dyn Disk, path: &Path) -> Result<File, Error> {
    remove(disk, path)?;
    create_new_private(disk, path).map_err(|error| Error::file(path, "created", error))
}

/// A file for its owner only, which must not exist yet.
pub(crate) fn create_new_private(disk: &dyn Disk, path: &Path) -> io::Result<File> {
    if !path.exists() {
        disk.before(Act::Create(path))?;
    }
    private_options().create_new(true).open(path)
}

/// Opens a file for writing, created for its owner only if it isn't there; its content stays.
pub(crate) fn open_private(disk: &dyn Disk, path: &Path) -> Result<File, Error> {
    let asked = if path.exists() {
        Ok(())
    } else {
        disk.before(Act::Create(path))
    };
    asked
        .and_then(|()| private_options().create(true).truncate(false).open(path))
        .map_err(|error| Error::file(path, "opened", error))
}

/// Whether a database's header says that it has a write-ahead log: 2 as its read and write version (SQLite, "Database File
/// Format", 1.3.3). One that is still empty says nothing. Only while no connection of this process has it open: it would lose its
/// locks.
pub(crate) fn says_write_ahead(path: &Path) -> Result<bool, Error> {
    let mut header = [0; 20];
    match File::open(path).and_then(|mut file| file.read_exact(&mut header)) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(Error::file(path, "read", error)),
        Ok(()) => Ok(header.ends_with(&[2, 2])),
    }
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Waits until a file's content is on the disk.
pub(crate) fn sync_file(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    disk.before(Act::Sync(path))
        // Open for writing: on Windows nothing else is taken to the disk.
        .and_then(|()| OpenOptions::new().write(true).open(path)?.sync_all())
        .map_err(|error| Error::file(path, "written", error))
}

/// Writes a file's content once more as it is, and waits until it is on the disk. After a sync that failed the system may take what
/// it could not write for written: a further sync says that all is well, and does nothing (Rebello et al., "Can Applications
/// Recover from fsync Failures?", USENIX ATC 2020, §3).
pub(crate) fn rewrite(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    disk.before(Act::Rewrite(path))
        .and_then(|()| write_again(path))
        .map_err(|error| Error::file(path, "written", error))?;
    sync_file(disk, path)
}

fn write_again(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut bytes = vec![0; REWRITTEN_AT_ONCE];
    let mut at = 0;
    loop {
        let read = file.read(&mut bytes)?;
        let Some(read) = bytes.get(..read).filter(|read| !read.is_empty()) else {
            return Ok(());
        };
        file.seek(SeekFrom::Start(at))?;
        file.write_all(read)?;
        at += read.len() as u64;
    }
}

/// Gives a file another name; its place takes the name only once the folder is synced.
pub(crate) fn rename(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), Error> {
    disk.before(Act::Rename { from, to })
        .and_then(|()| fs::rename(from, to))
        .map_err(|error| Error::file(to, "written", error))
}

/// Waits until a folder's names are on the disk; a renamed file is safe only then. Where folders cannot be opened, names are
/// journalled by themselves.
///
/// # Errors
/// What the system says.
pub fn sync_names(folder: &Path) -> io::Result<()> {
    sync_names_on(&Plain, folder)
}

fn sync_names_on(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    disk.before(Act::SyncNames(folder))?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// As [`sync_names`], with the library's words for what went wrong.
pub(crate) fn sync_folder(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    sync_names_on(disk, path).map_err(|error| Error::file(path, "written", error))
}

/// Beside a relative name without a folder lies the current one.
fn here_if_empty(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

/// Waits until the name of this file is on the disk.
pub(crate) fn sync_folder_of(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    path.parent()
        .map_or(Ok(()), |folder| sync_folder(disk, here_if_empty(folder)))
}

/// Removes a file; one that isn't there is no error.
pub(crate) fn remove(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    let asked = if path.exists() {
        disk.before(Act::Remove(path))
    } else {
        Ok(())
    };
    match asked.and_then(|()| fs::remove_file(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file(path, "removed", error))
        }
        _ => Ok(()),
    }
}
