//! Notes of what is being read, so that a file with which the program ended again and again is found out. Knows no readers.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::disk::{self, Act, Disk};
use crate::{Error, originals};

/// A file with which the program ended so often is under suspicion: read only if a trial goes well.
const ENDS: u64 = 2;
/// What a reading that was begun adds to the note of its file.
const MARK: &[u8] = b".";

/// What is being read, in a folder of one small note for each: a letter for each reading that was begun. A note is made
/// before its file is read and goes when the reading is over, however that went; what is left of a run are those it died with.
///
/// Notes are not synced: a power cut is not the file's fault, and mostly takes its note along. A note that cannot be made keeps
/// nothing from being read. Cheap to clone and free to send to the thread that reads.
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

/// The folder of the notes, in the library's.
const FOLDER: &str = "reading";

impl Attempts {
    pub(crate) fn open(library: &Path, disk: Arc<dyn Disk>) -> Result<Attempts, Error> {
        let folder = library.join(FOLDER);
        disk::create_folder(&*disk, &folder)?;
        disk::make_private(&folder, 0o700)?;
        Ok(Attempts::over(folder, disk))
    }

    /// For who reads beside the one who has the library open, and makes no folders in it.
    pub(crate) fn beside(library: &Path) -> Attempts {
        Attempts::over(library.join(FOLDER), Arc::new(disk::Plain))
    }

    fn over(folder: PathBuf, disk: Arc<dyn Disk>) -> Attempts {
        Attempts {
            folder: folder.into(),
            disk,
            alone: Arc::default(),
            open: Arc::default(),
        }
    }

    /// Reads what has this hash, under a note. If the program ended twice in the middle of it, that may have been chance: then
    /// `trial` says whether it can be read, and where it says no, the answer is `None`. A reading that comes to its end, and be it
    /// an error or a panic, clears the file.
    pub fn read<T>(
        &self,
        sha256: &[u8; 32],
        trial: impl FnOnce() -> bool,
        read: impl FnOnce() -> T,
    ) -> Option<T> {
        let path = self.folder.join(originals::hex(sha256));
        let Ok(file) = disk::open_private(&*self.disk, &path) else {
            return Some(read());
        };
        // Who reads it right now has not ended, and writes no second note.
        let is_ours = file.try_lock().is_ok();
        // What cannot be known says nothing against it.
        let ended = file.metadata().map_or(0, |about| about.len());
        if ended >= ENDS && !trial() {
            return None;
        }
        if !is_ours {
            return Some(read());
        }
        let (_one, _of_many) = if ended > 0 {
            (Some(unpoisoned(self.alone.write())), None)
        } else {
            (None, Some(unpoisoned(self.alone.read())))
        };
        let _note = self.note(path, file);
        Some(read())
    }

    /// Writes the note, unless the run is at its end.
    fn note(&self, path: PathBuf, mut file: File) -> Note<'_> {
        let mut open = self.opened();
        if !open.is_over {
            open.notes.insert(path.clone());
            let asked = self.disk.before(Act::Append(&path, MARK.len()));
            let end = asked.and_then(|()| file.seek(SeekFrom::End(0)));
            // Without a note it is read all the same.
            let _ = end.and_then(|_| file.write_all(MARK));
        }
        Note {
            attempts: self,
            path,
            file,
        }
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
    /// Locked as long as it is read.
    file: File,
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        if self.attempts.opened().notes.remove(&self.path) {
            // Who opened it just before would find it unlocked, and take its letters for ends.
            let _ = self.file.set_len(0);
            self.attempts.forget(&self.path);
        }
    }
}

/// Nothing of these locks breaks by a panic.
fn unpoisoned<T>(lock: Result<T, PoisonError<T>>) -> T {
    lock.unwrap_or_else(PoisonError::into_inner)
}
