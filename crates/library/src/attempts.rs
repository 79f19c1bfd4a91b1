//! Notes of what is being read, so that a file with which the program ended again and again is found out. Knows no readers.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::disk::{self, Act, Disk};
use crate::{Error, originals};

/// A file with which the program ended so often is left alone.
const SET_ASIDE: u64 = 2;

/// What a reading that was begun adds to the note of its file.
const MARK: &[u8] = b".";

/// What is being read, in a folder of one small note for each: a letter for each time that it was begun. A note is made
/// before its file is read and goes when the reading is over, however that went; what is left of a run are those it died with.
///
/// Notes are not synced: a power cut is not the file's fault, and mostly takes its note along. Cheap to clone and free to send to
/// the thread that reads.
#[derive(Clone, Debug)]
pub struct Attempts {
    folder: Arc<Path>,
    disk: Arc<dyn Disk>,
    /// Who was there when the program ended is read alone: of several the next end would blame the innocent, too.
    alone: Arc<RwLock<()>>,
    open: Arc<Mutex<Open>>,
}

/// Notes of this run.
#[derive(Debug, Default)]
struct Open {
    notes: HashSet<PathBuf>,
    /// The run is at its end: what is still read then has not killed it.
    is_over: bool,
}

impl Attempts {
    pub(crate) fn open(folder: &Path, disk: Arc<dyn Disk>) -> Result<Attempts, Error> {
        disk::create_folder(&*disk, folder)?;
        disk::make_private(folder, 0o700)?;
        Ok(Attempts {
            folder: folder.into(),
            disk,
            alone: Arc::default(),
            open: Arc::default(),
        })
    }

    /// Reads what has this hash, under a note. `None`: the program ended twice in the middle of it, so it was not read;
    /// `by_hand` reads it all the same. A reading that comes to its end, and be it an error or a panic, clears the file.
    ///
    /// # Errors
    /// The note cannot be made: the disk is full or cannot be written.
    pub fn read<T>(
        &self,
        sha256: &[u8; 32],
        by_hand: bool,
        read: impl FnOnce() -> T,
    ) -> Result<Option<T>, Error> {
        let path = self.folder.join(originals::hex(sha256));
        let failed = |error| Error::file(&path, "written", error);
        let mut file = disk::open_private(&*self.disk, &path)?;
        match file.try_lock() {
            Ok(()) => {}
            // Somebody reads it right now, and would be told of an end that has not come.
            Err(TryLockError::WouldBlock) => return Ok(Some(read())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let ended = file.seek(SeekFrom::End(0)).map_err(failed)?;
        if ended >= SET_ASIDE && !by_hand {
            return Ok(None);
        }
        let (_one, _of_many) = if ended > 0 {
            (Some(unpoisoned(self.alone.write())), None)
        } else {
            (None, Some(unpoisoned(self.alone.read())))
        };
        let _note = self.note(&path, &mut file).map_err(failed)?;
        Ok(Some(read()))
    }

    /// Writes the note, unless the run is at its end.
    fn note(&self, path: &Path, file: &mut File) -> std::io::Result<Note<'_>> {
        let mut open = self.opened();
        let note = Note {
            attempts: self,
            path: path.to_owned(),
        };
        if !open.is_over {
            open.notes.insert(path.to_owned());
            drop(open);
            self.disk.before(Act::Append(path, MARK.len()))?;
            file.write_all(MARK)?;
        }
        Ok(note)
    }

    /// The run ends as it should: nothing that is still being read has killed it.
    pub(crate) fn close(&self) {
        let mut open = self.opened();
        open.is_over = true;
        for path in open.notes.drain() {
            self.forget(&path);
        }
    }

    /// A note that stays by mistake says once too often that the program ended; the next reading clears it.
    fn forget(&self, path: &Path) {
        let _ = disk::remove(&*self.disk, path);
    }

    fn opened(&self) -> MutexGuard<'_, Open> {
        unpoisoned(self.open.lock())
    }
}

/// A note in its place, until the reading is over.
struct Note<'a> {
    attempts: &'a Attempts,
    path: PathBuf,
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        self.attempts.opened().notes.remove(&self.path);
        self.attempts.forget(&self.path);
    }
}

/// Nothing of these locks breaks by a panic.
fn unpoisoned<T>(lock: Result<T, PoisonError<T>>) -> T {
    lock.unwrap_or_else(PoisonError::into_inner)
}
