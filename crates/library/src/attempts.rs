//! Notes of what is being read, so that a file with which the program ended again and again is found out. Knows no readers.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::disk::{self, Act, Disk};
use crate::{Error, originals};

/// A file with which the program ended so often is left alone for a while.
const ENDS: usize = 2;
/// How long. It may not have been the file's fault, or a newer Trackdock reads it: then it comes in by itself.
pub const SET_ASIDE_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// A longer note is not ours.
const LONGEST_NOTE: u64 = 4096;

/// What is being read, in a folder of one small note for each: a line with the time for each reading that was begun. A note is
/// made before its file is read and goes when the reading is over, however that went; what is left of a run are those it died with.
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

    /// Reads what has this hash, under a note. `None`: the program ended twice in the middle of it, the last time less than
    /// [`SET_ASIDE_FOR`] ago, so it was not read; `by_hand` reads it all the same. A reading that comes to its end, and be it an
    /// error or a panic, clears the file.
    pub fn read<T>(
        &self,
        sha256: &[u8; 32],
        by_hand: bool,
        now: Timestamp,
        read: impl FnOnce() -> T,
    ) -> Option<T> {
        let path = self.folder.join(originals::hex(sha256));
        let Ok(mut file) = disk::open_private(&*self.disk, &path) else {
            return Some(read());
        };
        // Who reads it right now has not ended, and is not to be counted.
        if file.try_lock().is_err() {
            return Some(read());
        }
        let begun = begun(&mut file);
        if is_set_aside(&begun, now) && !by_hand {
            return None;
        }
        let (_one, _of_many) = if begun.is_empty() {
            (None, Some(unpoisoned(self.alone.read())))
        } else {
            (Some(unpoisoned(self.alone.write())), None)
        };
        let _note = self.note(&path, &mut file, now);
        Some(read())
    }

    /// Writes the note, unless the run is at its end.
    fn note(&self, path: &Path, file: &mut File, now: Timestamp) -> Note<'_> {
        let mut open = self.opened();
        if !open.is_over {
            open.notes.insert(path.to_owned());
            let line = format!("{}\n", now.as_millisecond());
            let asked = self.disk.before(Act::Append(path, line.len()));
            // Without a note it is read all the same.
            let _ = asked.and_then(|()| file.write_all(line.as_bytes()));
        }
        Note {
            attempts: self,
            path: path.to_owned(),
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
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        self.attempts.opened().notes.remove(&self.path);
        self.attempts.forget(&self.path);
    }
}

/// When readings of it began that did not end, oldest first; `None` for a line that was not written whole.
fn begun(file: &mut File) -> Vec<Option<Timestamp>> {
    let mut text = Vec::new();
    // What cannot be read says nothing.
    let _ = file.take(LONGEST_NOTE).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let time = |line: &str| Timestamp::from_millisecond(line.parse().ok()?).ok();
    text.lines().map(time).collect()
}

/// A time that is yet to come was written by a clock that has since been set back: it counts as passed.
fn is_set_aside(begun: &[Option<Timestamp>], now: Timestamp) -> bool {
    let last = begun.iter().flatten().next_back();
    let is_recent = |last: &Timestamp| {
        Duration::try_from(now.duration_since(*last)).is_ok_and(|ago| ago < SET_ASIDE_FOR)
    };
    begun.len() >= ENDS && last.is_some_and(is_recent)
}

/// Nothing of these locks breaks by a panic.
fn unpoisoned<T>(lock: Result<T, PoisonError<T>>) -> T {
    lock.unwrap_or_else(PoisonError::into_inner)
}
