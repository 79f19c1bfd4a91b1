//! Brings the database to the schema of this version. Knows nothing of what the tables mean.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, MAIN_DB};
use rusqlite_migration::{M, Migrations};

use crate::Error;
use crate::disk::{self, Disk};

/// Append only: a released step is never edited or reordered.
pub(crate) const STEPS: &[M<'static>] = &[
    M::up(include_str!("../migrations/001_library.sql")),
    M::up(include_str!("../migrations/002_looks.sql")),
    M::up(include_str!("../migrations/003_over_restarts.sql")),
];

/// Runs the steps that are missing, all in one transaction. A database that already holds something is copied
/// beside itself first; one from a newer version is refused.
pub(crate) fn migrate(
    disk: &dyn Disk,
    db: &mut Connection,
    file: &Path,
    steps: &[M],
) -> Result<(), Error> {
    let found = version(db)?;
    let known = known(steps);
    if found > known {
        return Err(Error::NewerLibrary { found, known });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        back_up(disk, db, file, known)?;
    }
    match Migrations::from_slice(steps).to_latest(db) {
        Ok(()) => Ok(()),
        Err(rusqlite_migration::Error::RusqliteError { err, .. }) => Err(err.into()),
        Err(other) => Err(Error::Unexpected(format!(
            "the step to version {known} failed ({other})"
        ))),
    }
}

/// Refuses a database that a reader of this version cannot understand.
pub(crate) fn require_current(db: &Connection) -> Result<(), Error> {
    let (found, known) = (version(db)?, known(STEPS));
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(Error::OlderLibrary { found, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Error::NewerLibrary { found, known }),
    }
}

fn known(steps: &[M]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

fn version(db: &Connection) -> Result<i64, Error> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// `library.db.before-2` is the database as it was before it became version 2. It appears whole or not at all.
fn back_up(disk: &dyn Disk, db: &Connection, file: &Path, to_version: i64) -> Result<(), Error> {
    let copy = beside(file, &format!("before-{to_version}"));
    let unfinished = beside(file, "copying");
    let copied =
        copy_to(disk, db, &unfinished).and_then(|()| disk::rename(disk, &unfinished, &copy));
    if copied.is_err() {
        // On a full disk it would hold the very room that is lacking. The error above says what is wrong.
        let _ = disk::remove(disk, &unfinished);
    }
    copied?;
    disk::sync_folder_of(disk, &copy)
}

/// When this returns, the whole database is on the disk a second time.
fn copy_to(disk: &dyn Disk, db: &Connection, copy: &Path) -> Result<(), Error> {
    disk::create_private(disk, copy)?;
    db.backup(MAIN_DB, copy, None)?;
    disk::sync_file(disk, copy)
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
