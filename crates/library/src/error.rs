//! What can go wrong with the library, said as what to do next. Knows no window and no terminal.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::State;
use crate::life::Transition;

/// Why the library could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database was written by a later version of Trackdock.
    #[error(
        "The library was last used by a newer Trackdock (database version {found}, this one knows {known})."
    )]
    NewerLibrary {
        /// The database's version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The database is older than this program and only its writer may bring it up to date.
    #[error(
        "The library was last used by an older Trackdock (database version {found}, this one needs {known})."
    )]
    OlderLibrary {
        /// The database's version.
        found: i64,
        /// The version this program needs.
        known: i64,
    },
    /// There is no library in this folder yet.
    #[error("There is no library in {} yet.", .0.display())]
    NoLibrary(PathBuf),
    /// Another process writes to the same library.
    #[error("The library in {} is in use by another Trackdock.", .0.display())]
    InUse(PathBuf),
    /// The disk, or the user's share of it, is full.
    #[error("The disk that holds the library is full ({}).", .0.display())]
    DiskFull(PathBuf),
    /// A file or folder of the library could not be used.
    #[error("{} cannot be {doing} ({source}).", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried, as a participle: "written".
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// An original is not what was kept.
    #[error("{} was changed since it was kept.", .0.display())]
    OriginalChanged(PathBuf),
    /// SQLite doesn't give the durability that the promises rest on.
    #[error("The library's database cannot be kept safe here ({setting} is {found}).")]
    NotDurable {
        /// The pragma.
        setting: &'static str,
        /// Its value as read back.
        found: String,
    },
    /// The database could not do it.
    #[error("The library's database reports an error ({0}).")]
    Database(rusqlite::Error),
    /// A row says something that this version doesn't understand.
    #[error("The library's database holds something unexpected: {0}.")]
    Unexpected(String),
    /// There is no such row (any more).
    #[error("There is no {what} {id} in the library.")]
    NotFound {
        /// "activity", "upload", "account", "device".
        what: &'static str,
        /// Its number or key.
        id: String,
    },
    /// An upload cannot go from where it is to where it was to go.
    #[error("An upload that is {} cannot become {}.", .from.name(), .to.name())]
    Transition {
        /// Where it is.
        from: State,
        /// Where it was to go.
        to: State,
    },
    /// It is being sent at this moment.
    #[error("Activity {0} is being sent right now.")]
    BeingSent(crate::ActivityId),
    /// Another upload of the account is on its way.
    #[error("Account {0} has another upload on its way.")]
    AccountBusy(crate::AccountId),
    /// The account is signed out or needs a sign-in.
    #[error("Account {0} is not signed in.")]
    NotConnected(crate::AccountId),
    /// The cursor was not made by this history.
    #[error("The place to go on from in history is not valid.")]
    Cursor,
}

impl Error {
    /// Stable and machine-readable, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Error::NewerLibrary { .. } => "newer_library",
            Error::OlderLibrary { .. } => "older_library",
            Error::NoLibrary(_) => "no_library",
            Error::InUse(_) => "in_use",
            Error::DiskFull(_) => "disk_full",
            Error::File { .. } => "library_file",
            Error::OriginalChanged(_) => "original_changed",
            Error::NotDurable { .. } => "not_durable",
            Error::Database(
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..),
            ) => "damaged_library",
            Error::Database(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "damaged_library",
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "busy",
                Some(ErrorCode::ReadOnly) => "read_only",
                Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => "disk_failed",
                _ => "database",
            },
            Error::Unexpected(_) => "damaged_library",
            Error::NotFound { .. } => "not_found",
            Error::Transition { .. } => "not_possible",
            Error::BeingSent(_) => "being_sent",
            Error::AccountBusy(_) => "account_busy",
            Error::NotConnected(_) => "not_connected",
            Error::Cursor => "bad_cursor",
        }
    }

    /// One sentence: what to do now.
    pub fn hint(&self) -> &'static str {
        match self.code() {
            "newer_library" => "Install the newest Trackdock; this one leaves the library alone.",
            "older_library" => "Start Trackdock once, so that it brings the library up to date.",
            "no_library" => "Plug in a device or import a file to begin one.",
            "in_use" => "Close the other Trackdock, or wait until it has ended.",
            "disk_full" => "Free some space; Trackdock then goes on by itself.",
            "library_file" => "Check that the folder is there and that you may write to it.",
            "not_durable" => "Move the data folder to a disk of this computer.",
            "disk_failed" => {
                "Check the disk that holds the data folder; Trackdock tries again by itself."
            }
            "damaged_library" => {
                "Run doctor; the original files beside the database are not affected."
            }
            "busy" => "Try again in a moment.",
            "read_only" => "Check that you may write to the data folder.",
            "not_found" => "Look at the list again; it may have been deleted.",
            "not_possible" => "Look at the upload again; it has moved on.",
            "account_busy" => "It is sent when the other one has ended.",
            "not_connected" => "Sign in to the service again; its uploads wait until then.",
            "being_sent" => "Try again when the upload has ended.",
            "bad_cursor" => "Ask for history from the start.",
            _ => "Try again; if it stays, run doctor.",
        }
    }

    /// Wraps what the system said about `path`; a full disk is told apart.
    pub(crate) fn file(path: &Path, doing: &'static str, source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Error::DiskFull(path.to_owned())
            }
            _ => Error::File {
                path: path.to_owned(),
                doing,
                source,
            },
        }
    }

    pub(crate) fn not_found(what: &'static str, id: impl ToString) -> Error {
        Error::NotFound {
            what,
            id: id.to_string(),
        }
    }
}

impl From<Transition> for Error {
    fn from(Transition { from, to }: Transition) -> Error {
        match from {
            Some(from) => Error::Transition { from, to },
            None => Error::Unexpected(format!("an upload that begins as {}", to.name())),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::DiskFull(PathBuf::from("library.db")),
            _ => Error::Database(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_did_is_told_apart_from_what_the_database_says() {
        let of = |code: i32| {
            let failure = rusqlite::ffi::Error::new(code);
            Error::from(rusqlite::Error::SqliteFailure(failure, None)).code()
        };
        assert_eq!(of(rusqlite::ffi::SQLITE_FULL), "disk_full");
        assert_eq!(of(rusqlite::ffi::SQLITE_IOERR_FSYNC), "disk_failed");
        assert_eq!(of(rusqlite::ffi::SQLITE_CANTOPEN), "disk_failed");
        assert_eq!(of(rusqlite::ffi::SQLITE_READONLY), "read_only");
        assert_eq!(of(rusqlite::ffi::SQLITE_CORRUPT), "damaged_library");
    }
}
