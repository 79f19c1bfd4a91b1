//! The athlete's archive: original files, and the SQLite database beside them. Knows neither devices nor services.
//!
//! One [`Library`] writes, any number of [`Reader`]s look. `keep` puts a file's bytes safely on the disk before its rows
//! are written, so a row is never without its file. Time comes in as an argument everywhere.
#![forbid(unsafe_code)]

mod accounts;
mod activities;
mod attempts;
mod check;
mod deletion;
mod devices;
mod disk;
mod error;
mod history;
mod ids;
mod keep;
mod life;
mod migrate;
mod originals;
mod placement;
mod queue;
mod reader;
mod seen;
mod staging;
mod state;
mod text;
mod twins;
mod uploads;
mod wishes;

#[cfg(test)]
mod tests;

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use accounts::{AccountRow, AccountState, IfOther, SignIn, SignedIn};
pub use activities::ActivityRow;
pub use attempts::Attempts;
pub use check::Finding;
pub use devices::{Choice, DeviceRow, FirstPlug};
pub use disk::{Act, Disk, make_folder, sync_names};
pub use error::Error;
pub use history::{Filter, HistoryRow, MonthTotal, Page};
pub use ids::{AccountId, ActivityId, UploadId};
pub use keep::{Kept, Origin};
pub use life::{Change, LONGEST_WAIT, ORIGINAL_AWAY};
pub use originals::Original;
pub use placement::Reach;
pub use queue::Job;
pub use reader::{AccountCounts, Counts, Reader, StateCounts};
pub use seen::{Reason, Seen, SeenFile, SeenOutcome};
pub use staging::{Staged, StagedFile, Staging};
pub use state::State;
pub use uploads::{StoryLine, UploadRow};
pub use wishes::Selection;

/// The library, open for writing. There is one at a time per folder, over all processes; it reads like a [`Reader`].
#[derive(Debug)]
pub struct Library {
    reader: Reader,
    staging: Staging,
    disk: Arc<dyn Disk>,
    /// Held until the library is closed, also by a crash.
    _lock: File,
}

impl Deref for Library {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.reader.attempts.close();
    }
}

impl Library {
    /// Opens the library in `folder`, creating what isn't there: folders for their owner only (0700), files 0600.
    /// Brings the database to this version, checks that it keeps what it commits, and empties the staging folder.
    ///
    /// # Errors
    /// Another process has it open (`in_use`); the database is newer (`newer_library`) or cannot be kept safe here
    /// (`not_durable`); the disk is full (`disk_full`) or cannot be written.
    pub fn open(folder: &Path) -> Result<Library, Error> {
        Library::open_on(folder, Arc::new(disk::Plain))
    }

    /// As [`Library::open`], on this disk.
    ///
    /// # Errors
    /// As [`Library::open`].
    pub fn open_on(folder: &Path, disk: Arc<dyn Disk>) -> Result<Library, Error> {
        let file = folder.join(reader::DATABASE);
        let is_ours = file.exists() || is_absent_or_empty(folder);
        disk::create_folder(&*disk, folder)?;
        // It may be there since a start that ended before its name was on the disk. Where names may not be listed, nothing of ours is
        // above it that could be lost.
        match disk::sync_folder_of(&*disk, folder) {
            Err(Error::File { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
        if is_ours {
            // A folder that holds other things besides is the athlete's to set up.
            disk::make_private(folder, 0o700)?;
        }
        let lock = lock(&*disk, folder)?;
        let originals = folder.join(originals::FOLDER);
        disk::create_folder(&*disk, &originals)?;
        disk::make_private(&originals, 0o700)?;
        // SQLite gives its log files the database's rights.
        drop(disk::open_private(&*disk, &file)?);
        disk::make_private(&file, 0o600)?;
        keep_recovered(&*disk, folder)?;
        require_write_ahead(&*disk, &file)?;
        // From here on the file is opened by nobody but SQLite: where this process closes it, the system forgets SQLite's locks
        // on it (sqlite.org/howtocorrupt.html, 2.2).
        let mut db = open_database(&*disk, &file)?;
        migrate::migrate(&*disk, &mut db, &file, migrate::STEPS)?;
        let staging = Staging::open(&folder.join("staging"), Arc::clone(&disk))?;
        let attempts = Attempts::open(folder, Arc::clone(&disk))?;
        disk::sync_folder(&*disk, folder)?;
        let reader = Reader {
            db,
            folder: folder.to_owned(),
            attempts,
        };
        let mut library = Library {
            reader,
            staging,
            disk,
            _lock: lock,
        };
        library.remove_deleted()?;
        Ok(library)
    }

    /// A further connection that only reads.
    ///
    /// # Errors
    /// The database cannot be opened again.
    pub fn reader(&self) -> Result<Reader, Error> {
        Reader::open(&self.folder)
    }

    /// Where copies grow before they are kept; may be sent to the thread that copies.
    pub fn staging(&self) -> Staging {
        self.staging.clone()
    }

    /// A new file in staging.
    ///
    /// # Errors
    /// The folder cannot be written to, or the disk is full.
    pub fn stage(&self) -> Result<Staged, Error> {
        self.staging.stage()
    }

    /// One transaction that what history shows may depend on.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&Transaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.note(|tx| {
            let before = tx.total_changes();
            let answer = work(tx)?;
            if tx.total_changes() != before {
                tx.execute("UPDATE tally SET revision = revision + 1", [])?;
            }
            Ok(answer)
        })
    }

    /// One transaction that history doesn't show.
    fn note<T>(&mut self, work: impl FnOnce(&Transaction) -> Result<T, Error>) -> Result<T, Error> {
        let tx = self
            .reader
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&tx)?;
        tx.commit()?;
        Ok(answer)
    }
}

fn is_absent_or_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

fn lock(disk: &dyn Disk, folder: &Path) -> Result<File, Error> {
    let path = folder.join("library.lock");
    let file = disk::open_private(disk, &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(Error::file(&path, "locked", error)),
    }
}

/// The file itself must say that it has a write-ahead log: where the switch met a failing disk, the pragma answers "wal" all the
/// same. It is tried once more then.
fn require_write_ahead(disk: &dyn Disk, file: &Path) -> Result<(), Error> {
    for _ in 0..2 {
        if disk::says_write_ahead(file)? {
            return Ok(());
        }
        drop(open_database(disk, file)?);
    }
    if disk::says_write_ahead(file)? {
        return Ok(());
    }
    Err(Error::NotDurable {
        setting: "journal_mode",
        found: "not wal in the file itself".to_owned(),
    })
}

/// What is read from the log of a run that was killed may not be on the disk: its commit had not ended, or failed, after which only
/// what is written anew is synced. From here on it is believed, and must last.
fn keep_recovered(disk: &dyn Disk, folder: &Path) -> Result<(), Error> {
    if !reader::log_holds_something(folder) {
        return Ok(());
    }
    let log = &folder.join(reader::WRITE_AHEAD);
    match disk::rewrite(disk, log) {
        // A reader in another process has just moved it to its place.
        Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(()),
        rewritten => rewritten,
    }
}

/// The writer's connection: write-ahead log, every commit on the disk before it is believed; both are read back.
fn open_database(disk: &dyn Disk, file: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = match disk.vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(file, flags, vfs)?,
        None => Connection::open_with_flags(file, flags)?,
    };
    reader::prepare(&db)?;
    db.set_transaction_behavior(TransactionBehavior::Immediate);
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::NotDurable {
            setting: "journal_mode",
            found: mode,
        });
    }
    let level: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    // 2 is FULL; 3, EXTRA, would be as good.
    if level < 2 {
        return Err(Error::NotDurable {
            setting: "synchronous",
            found: level.to_string(),
        });
    }
    Ok(db)
}
