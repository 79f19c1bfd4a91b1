//! Read access to the library: any number at once, also while another process writes. Changes nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::text::count;
use crate::{AccountId, Attempts, Error, State, migrate, uploads};

/// The database's name in the library folder.
pub(crate) const DATABASE: &str = "library.db";
/// SQLite's log of what is not in the database's own file yet.
pub(crate) const WRITE_AHEAD: &str = "library.db-wal";
/// How long a statement waits for another process's write to end.
const BUSY: Duration = Duration::from_secs(5);

/// Answers questions about the library. [`crate::Library`] is one too; further ones have their own connection, and may be
/// sent to another thread.
#[derive(Debug)]
pub struct Reader {
    pub(crate) db: Connection,
    pub(crate) folder: PathBuf,
    pub(crate) attempts: Attempts,
}

/// How many uploads are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts([u64; State::ALL.len()]);

impl StateCounts {
    /// How many are in this state.
    pub fn get(&self, state: State) -> u64 {
        self.0.get(state as usize).copied().unwrap_or(0)
    }

    /// How many there are in all.
    pub fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    fn add(&mut self, state: State, uploads: u64) {
        if let Some(count) = self.0.get_mut(state as usize) {
            *count += uploads;
        }
    }
}

/// The library in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Activities.
    pub activities: u64,
    /// Uploads of all accounts.
    pub uploads: StateCounts,
    /// Account by account, in the order of their numbers.
    pub accounts: Vec<AccountCounts>,
}

/// One account in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountCounts {
    /// Which.
    pub account: AccountId,
    /// Its uploads.
    pub uploads: StateCounts,
    /// Activities that have no upload for it: kept before it was signed in, or while it was signed out.
    pub earlier: u64,
}

impl Reader {
    /// Opens the library in `folder` for reading only, beside a writer in this or another process.
    ///
    /// # Errors
    /// There is no library (`no_library`), its database is of another version, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Reader, Error> {
        let file = folder.join(DATABASE);
        if !file.exists() {
            return Err(Error::NoLibrary(folder.to_owned()));
        }
        let holds_something = log_holds_something(folder);
        // Read-write, because the first one after a crash has to bring the write-ahead log to its place.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&file, flags)?;
        prepare(&db)?;
        if holds_something {
            // The next writer may have to write it anew before it may be moved.
            db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        }
        db.pragma_update(None, "query_only", true)?;
        migrate::require_current(&db)?;
        Ok(Reader {
            db,
            folder: folder.to_owned(),
            attempts: Attempts::beside(folder),
        })
    }

    /// The notes of what is being read; may be sent to the thread that reads.
    pub fn attempts(&self) -> Attempts {
        self.attempts.clone()
    }

    /// The library folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Rises whenever history, uploads or accounts would be answered differently.
    ///
    /// # Errors
    /// The database failed.
    pub fn revision(&self) -> Result<u64, Error> {
        let found = self
            .db
            .prepare_cached("SELECT revision FROM tally")?
            .query_row([], |row| row.get(0))?;
        Ok(count(found))
    }

    /// The library in numbers; the cost doesn't grow with it.
    ///
    /// # Errors
    /// The database failed.
    pub fn counts(&self) -> Result<Counts, Error> {
        let tx = self.db.unchecked_transaction()?;
        let activities = tx.query_row("SELECT activities FROM tally", [], |row| {
            row.get(0).map(count)
        })?;
        let mut counts = Counts {
            activities,
            ..Counts::default()
        };
        let mut select = tx.prepare_cached(
            "SELECT c.id, t.state, t.uploads FROM account c LEFT JOIN upload_tally t ON t.account_id = c.id ORDER BY c.id",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let account = row.get(0)?;
            if counts
                .accounts
                .last()
                .is_none_or(|last| last.account != account)
            {
                let uploads = StateCounts::default();
                counts.accounts.push(AccountCounts {
                    account,
                    uploads,
                    earlier: activities,
                });
            }
            let Some(word) = row.get::<_, Option<String>>(1)? else {
                continue;
            };
            let (state, number) = (uploads::state(&word)?, count(row.get(2)?));
            counts.uploads.add(state, number);
            if let Some(last) = counts.accounts.last_mut() {
                last.uploads.add(state, number);
                last.earlier = last.earlier.saturating_sub(number);
            }
        }
        Ok(counts)
    }
}

/// Whether a run before, or a writer now, has left something in the write-ahead log.
pub(crate) fn log_holds_something(folder: &Path) -> bool {
    let log = std::fs::metadata(folder.join(WRITE_AHEAD));
    log.is_ok_and(|log| log.len() > 0)
}

/// What every connection needs, whoever opened it.
pub(crate) fn prepare(db: &Connection) -> Result<(), Error> {
    db.busy_timeout(BUSY)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}
