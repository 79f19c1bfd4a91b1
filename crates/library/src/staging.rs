//! Files on their way in: private, hashed while they are written, gone when nobody keeps them.
//! Knows neither devices nor the database.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::disk::{self, Act, Disk};

/// The folder where copies grow. Cheap to clone and free to send to the thread that copies.
#[derive(Clone, Debug)]
pub struct Staging {
    folder: Arc<Path>,
    disk: Arc<dyn Disk>,
    next: Arc<AtomicU64>,
}

impl Staging {
    /// Takes the folder over; copies that an earlier run left unfinished are removed.
    pub(crate) fn open(folder: &Path, disk: Arc<dyn Disk>) -> Result<Staging, Error> {
        disk::create_folder(&*disk, folder)?;
        disk::make_private(folder, 0o700)?;
        let left = fs::read_dir(folder).map_err(|error| Error::file(folder, "listed", error))?;
        for entry in left {
            let path = entry
                .map_err(|error| Error::file(folder, "listed", error))?
                .path();
            // A folder in here is not ours; it doesn't get in our way either.
            if !path.is_dir() {
                disk::remove(&*disk, &path)?;
            }
        }
        Ok(Staging {
            folder: folder.into(),
            disk,
            next: Arc::default(),
        })
    }

    /// A new empty copy, readable by its owner only (0600).
    ///
    /// # Errors
    /// The folder cannot be written to, or the disk is full.
    pub fn stage(&self) -> Result<Staged, Error> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let path = self.folder.join(format!("{number}.part"));
            match disk::create_new_private(&*self.disk, &path) {
                Ok(file) => {
                    let held = StagedPath {
                        path,
                        disk: Arc::clone(&self.disk),
                    };
                    return Ok(Staged {
                        file,
                        held,
                        hash: Sha256::new(),
                        size: 0,
                        head: [0; 2],
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file(&path, "created", error)),
            }
        }
    }
}

/// Removes its file when it goes, unless the file was renamed away before.
#[derive(Debug)]
struct StagedPath {
    path: PathBuf,
    disk: Arc<dyn Disk>,
}

impl Drop for StagedPath {
    fn drop(&mut self) {
        // The next start empties the folder, so a copy that stays for now does no harm.
        let _ = disk::remove(&*self.disk, &self.path);
    }
}

/// A copy that is being written. Dropped before [`Staged::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Staged {
    file: File,
    held: StagedPath,
    hash: Sha256,
    size: u64,
    head: [u8; 2],
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let act = Act::Append(&self.held.path, bytes.len());
        self.held.disk.before(act)?;
        let written = self.file.write(bytes)?;
        let bytes = bytes.get(..written).unwrap_or(bytes);
        for (place, byte) in self
            .head
            .iter_mut()
            .skip(usize::try_from(self.size).unwrap_or(2))
            .zip(bytes)
        {
            *place = *byte;
        }
        self.hash.update(bytes);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Staged {
    /// Wraps what a write into this copy answered; a full disk becomes code `disk_full`.
    pub fn error(&self, error: io::Error) -> Error {
        Error::file(&self.held.path, "written", error)
    }

    /// Ends the copy; it is on the disk when this returns.
    ///
    /// # Errors
    /// The disk didn't take it, or is full.
    pub fn finish(self) -> Result<StagedFile, Error> {
        let path = &self.held.path;
        let asked = self.held.disk.before(Act::Sync(path));
        asked
            .and_then(|()| self.file.sync_all())
            .map_err(|error| Error::file(path, "written", error))?;
        Ok(StagedFile {
            held: self.held,
            sha256: self.hash.finalize().into(),
            size: self.size,
            gzip: self.head == [0x1f, 0x8b],
        })
    }
}

/// A whole copy that waits to be read and kept. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct StagedFile {
    held: StagedPath,
    sha256: [u8; 32],
    size: u64,
    gzip: bool,
}

impl StagedFile {
    /// Where it lies for now.
    pub fn path(&self) -> &Path {
        &self.held.path
    }

    /// Of all its bytes.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether it begins as gzip does.
    pub fn is_gzip(&self) -> bool {
        self.gzip
    }

    /// Its content.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn bytes(&self) -> Result<Vec<u8>, Error> {
        fs::read(self.path()).map_err(|error| Error::file(self.path(), "read", error))
    }
}
