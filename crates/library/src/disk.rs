//! Folders and files that only their owner may read, and that survive a power cut. Knows nothing of activities.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::Error;

/// As [`make_folder`], with the library's words for what went wrong.
pub(crate) fn create_folder(path: &Path) -> Result<(), Error> {
    make_folder(path).map_err(|error| Error::file(path, "created", error))
}

/// Creates a folder and those above it, where they aren't there: new ones are for their owner only (0700), and their names are on
/// the disk when this returns.
///
/// # Errors
/// What the system says.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new: Vec<&Path> = path.ancestors().take_while(is_new).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    for parent in new.into_iter().filter_map(Path::parent) {
        // Beside a relative name without a folder lies the current one.
        let here = parent.as_os_str().is_empty();
        sync_names(if here { Path::new(".") } else { parent })?;
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

/// An empty file for its owner only (0600); what was there is emptied.
pub(crate) fn create_private(path: &Path) -> Result<File, Error> {
    private_options()
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(|error| Error::file(path, "created", error))
}

/// A file for its owner only, which must not exist yet.
pub(crate) fn create_new_private(path: &Path) -> io::Result<File> {
    private_options().create_new(true).open(path)
}

/// Opens a file for writing, created for its owner only if it isn't there; its content stays.
pub(crate) fn open_private(path: &Path) -> Result<File, Error> {
    private_options()
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| Error::file(path, "opened", error))
}

/// Whether a database's header says that it has a write-ahead log: 2 as its read and write version (SQLite, "Database File
/// Format", 1.3.3).
pub(crate) fn says_write_ahead(path: &Path) -> Result<bool, Error> {
    use std::io::Read as _;
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.map_err(|error| Error::file(path, "read", error))?;
    Ok(header.ends_with(&[2, 2]))
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Waits until a file's content is on the disk.
pub(crate) fn sync_file(path: &Path) -> Result<(), Error> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| Error::file(path, "written", error))
}

/// Waits until a folder's names are on the disk; a renamed file is safe only then. Where folders cannot be opened, names are
/// journalled by themselves.
///
/// # Errors
/// What the system says.
pub fn sync_names(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// As [`sync_names`], with the library's words for what went wrong.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    sync_names(path).map_err(|error| Error::file(path, "written", error))
}

/// Waits until the name of this file is on the disk.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), Error> {
    path.parent().map_or(Ok(()), sync_folder)
}

/// Removes a file; one that isn't there is no error.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file(path, "removed", error))
        }
        _ => Ok(()),
    }
}
