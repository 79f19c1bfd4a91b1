//! What earlier looks at a device's files found, so that a scan opens only what is new. Decides nothing.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use crate::devices::device_row_id;
use crate::text::{count, line, time, unknown_word};
use crate::{Error, Library, Reader, originals};

/// What is wrong with something, for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// Stable and machine-readable, `snake_case`.
    pub code: String,
    /// One sentence: what is wrong.
    pub title: String,
    /// One sentence: what to do now.
    pub hint: String,
}

impl Reason {
    pub(crate) fn stored(&self) -> [String; 3] {
        [
            line(&self.code, 80),
            line(&self.title, 500),
            line(&self.hint, 500),
        ]
    }
}

/// A file of a device as it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFile {
    /// Below the device's root.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// Milliseconds since 1970 UTC, as the device's file system says.
    pub modified_ms: i64,
}

/// What a look at a file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenOutcome {
    /// It is in the library, under this SHA-256.
    TakenIn([u8; 32]),
    /// It is no activity but this.
    Ignored(String),
    /// It could not be read.
    Unreadable(Reason),
    /// The athlete deleted what it holds.
    Deleted,
}

/// What the last look at a path found. It holds while size and modification time are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In bytes.
    pub size: u64,
    /// Milliseconds since 1970 UTC.
    pub modified_ms: i64,
    /// What it was.
    pub outcome: SeenOutcome,
    /// When.
    pub looked_at: Timestamp,
}

impl Seen {
    /// Whether the file is still as it was then.
    pub fn is_of(&self, size: u64, modified_ms: i64) -> bool {
        self.size == size && self.modified_ms == modified_ms
    }
}

const COLUMNS: &str = "s.path, s.size, s.modified_ms, s.outcome, s.sha256, s.kind, s.code, s.title, s.hint, s.looked_at";
/// All crates have one version: that of the readers is this one.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
const TABLES: &str = "seen s JOIN device d ON d.id = s.device_id";

fn row(row: &Row) -> rusqlite::Result<(PathBuf, Seen)> {
    let outcome: String = row.get(3)?;
    let outcome = match outcome.as_str() {
        "taken_in" => SeenOutcome::TakenIn(row.get(4)?),
        "ignored" => SeenOutcome::Ignored(row.get(5)?),
        "unreadable" => SeenOutcome::Unreadable(Reason {
            code: row.get(6)?,
            title: row.get(7)?,
            hint: row.get(8)?,
        }),
        "deleted" => SeenOutcome::Deleted,
        other => return Err(unknown_word("outcome", other)),
    };
    let seen = Seen {
        size: count(row.get(1)?),
        modified_ms: row.get(2)?,
        outcome,
        looked_at: time(row.get(9)?),
    };
    Ok((path_of(row.get(0)?), seen))
}

/// The path as the system spells it: names on a device need not be text.
fn bytes_of(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    #[cfg(unix)]
    let name: OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    #[cfg(not(unix))]
    let name: OsString = String::from_utf8_lossy(&bytes).into_owned().into();
    PathBuf::from(name)
}

impl Reader {
    /// What the last look at a path of a device found; `None`: never looked at.
    ///
    /// # Errors
    /// The database failed.
    pub fn seen(&self, device: &str, path: &Path) -> Result<Option<Seen>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE d.key = ?1 AND s.path = ?2");
        let found = self
            .db
            .prepare_cached(&sql)?
            .query_row(params![device, bytes_of(path)], row)
            .optional()?;
        Ok(found.map(|(_, seen)| seen))
    }

    /// What the last looks at all paths of a device found. A file whose original went missing since is left out: it is copied
    /// again then, and keeping it puts the original back. So is one that another version of the program could not read.
    ///
    /// # Errors
    /// The database failed.
    pub fn seen_all(&self, device: &str) -> Result<HashMap<PathBuf, Seen>, Error> {
        // What the athlete deleted has no original any more, and stays known.
        let sql = format!(
            "SELECT {COLUMNS}, o.path, o.bytes FROM {TABLES} LEFT JOIN original o ON o.sha256 = s.sha256
             WHERE d.key = ?1 AND (s.outcome <> 'unreadable' OR s.program = ?2)"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let mut rows = select.query([device, PROGRAM])?;
        let mut seen = HashMap::new();
        while let Some(found) = rows.next()? {
            if let Some(name) = found.get::<_, Option<String>>(10)?
                && originals::is_lost(&self.folder, &name, count(found.get(11)?))
            {
                continue;
            }
            let (path, last) = row(found)?;
            seen.insert(path, last);
        }
        Ok(seen)
    }
}

impl Library {
    /// Notes what a look at a file found; an earlier note on the same path is replaced.
    ///
    /// # Errors
    /// The database failed.
    pub fn note_seen(
        &mut self,
        device: &str,
        file: &SeenFile,
        outcome: &SeenOutcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (word, sha256, kind, reason) = match outcome {
            SeenOutcome::TakenIn(sha256) => ("taken_in", Some(sha256), "", Reason::default()),
            SeenOutcome::Ignored(kind) => ("ignored", None, kind.as_str(), Reason::default()),
            SeenOutcome::Unreadable(reason) => ("unreadable", None, "", reason.clone()),
            SeenOutcome::Deleted => ("deleted", None, "", Reason::default()),
        };
        let [code, title, hint] = reason.stored();
        self.note(|tx| {
            let device = device_row_id(tx, device, now)?;
            tx.prepare_cached(
                "INSERT INTO seen (device_id, path, size, modified_ms, outcome, sha256, kind, code, title, hint, looked_at,
                     program)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (device_id, path) DO UPDATE SET size = excluded.size, modified_ms = excluded.modified_ms,
                     outcome = excluded.outcome, sha256 = excluded.sha256, kind = excluded.kind, code = excluded.code,
                     title = excluded.title, hint = excluded.hint, looked_at = excluded.looked_at,
                     program = excluded.program",
            )?
            .execute(params![
                device,
                bytes_of(&file.path),
                i64::try_from(file.size).unwrap_or(i64::MAX),
                file.modified_ms,
                word,
                sha256,
                line(kind, 80),
                code,
                title,
                hint,
                now.as_millisecond(),
                PROGRAM,
            ])?;
            Ok(())
        })
    }
}
