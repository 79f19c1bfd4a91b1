//! Notes of what is being read, so that a file with which the program ended again and again is found out. Knows no readers.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::disk::{self, Act, Disk};
use crate::{Error, originals};

/// A file with which the program ended so often is under suspicion: read only if a trial goes well.
const ENDS: u32 = 2;
/// With which it ended so often, though the trials went well, is also passed over in between.
const MOST_ENDS: u32 = 4;
/// What a reading that was begun adds to the note of its file.
const BEGUN: u8 = b'.';
/// What is added where it was passed over.
const PASSED_OVER: u8 = b'-';

/// What is being read, in a folder of one small note for each: a letter for each reading that was begun. A note is made
/// before its file is read and goes when the reading is over, however that went; what is left of a run are those it died with.
///
/// A trial can be wrong: it has all the memory and all the threads for itself. So the program may still end with a file that
/// stood its trial. After the fourth end it is therefore passed over once before it is tried again, after the fifth twice, then
/// four times, and so on. The engine comes back to it once a day, and when a device is looked at, so that ends get rarer and
/// rarer, while everything else goes on. It is never given up for good: more memory or a newer version may read it, and then it comes in by itself.
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
    /// What the names of the notes end in.
    ending: &'static str,
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
/// What notes of showing end in.
const SHOWING: &str = "-shown";

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
            ending: "",
        }
    }

    /// The same with notes of their own, for what is read to be shown or exported: what breaks there keeps nothing from being
    /// taken in and sent.
    #[must_use]
    pub fn of_showing(&self) -> Attempts {
        Attempts {
            ending: SHOWING,
            ..self.clone()
        }
    }

    /// Reads what has this hash, under a note. If the program ended twice in the middle of it, that may have been chance: then
    /// `trial` says whether it can be read, and where it says no, the answer is `None`; so it is where the program ended so
    /// often that it is not this one's turn. A reading that comes to its end, and be it an error or a panic, clears the file.
    pub fn read<T>(
        &self,
        sha256: &[u8; 32],
        trial: impl FnOnce() -> bool,
        read: impl FnOnce() -> T,
    ) -> Option<T> {
        let name = originals::hex(sha256) + self.ending;
        let path = self.folder.join(name);
        let Ok(mut file) = disk::open_private(&*self.disk, &path) else {
            return Some(read());
        };
        // Who reads it right now has not ended, and a second note is not written.
        let is_ours = file.try_lock().is_ok();
        let record = Record::of(&mut file, is_ours);
        if record.is_to_be_passed_over() {
            if is_ours {
                self.add(&path, &mut file, PASSED_OVER, &self.opened());
            }
            return None;
        }
        if record.ends >= ENDS && !trial() {
            return None;
        }
        if !is_ours {
            return Some(read());
        }
        let (_one, _of_many) = if record.ends > 0 {
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
            self.add(&path, &mut file, BEGUN, &open);
        }
        drop(open);
        Note {
            attempts: self,
            path,
            file,
        }
    }

    /// Adds a letter to a note, unless the run is at its end. Without it all goes on the same.
    fn add(&self, path: &Path, file: &mut File, letter: u8, open: &Open) {
        if open.is_over {
            return;
        }
        let asked = self.disk.before(Act::Append(path, 1));
        let end = asked.and_then(|()| file.seek(SeekFrom::End(0)));
        let _ = end.and_then(|_| file.write_all(&[letter]));
    }

    /// The run ends as it should: nothing that is still being read has killed it.
    pub fn close(&self) {
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

/// What a note says.
#[derive(Clone, Copy, Debug, Default)]
struct Record {
    /// How often the program ended in the middle of it.
    ends: u32,
    /// How often it was passed over since the last end.
    passed_over: u32,
}

impl Record {
    /// What cannot be known says nothing against a file.
    fn of(note: &mut File, is_ours: bool) -> Record {
        let mut letters = Vec::new();
        if note.read_to_end(&mut letters).is_err() {
            return Record::default();
        }
        let mut record = Record::default();
        for letter in letters {
            if letter == PASSED_OVER {
                record.passed_over += 1;
            } else {
                record = Record {
                    ends: record.ends + 1,
                    passed_over: 0,
                };
            }
        }
        if !is_ours {
            // The last one is of who reads it now.
            record.ends = record.ends.saturating_sub(1);
        }
        record
    }

    fn is_to_be_passed_over(self) -> bool {
        let times = |beyond| 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
        let times = self.ends.checked_sub(MOST_ENDS).map_or(0, times);
        self.passed_over < times
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
