//! Upload rows: where each activity stands with each account, and the story of how it came there.
//! Knows nothing of services, and decides nothing.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::text::{line, time, unknown_word};
use crate::{AccountId, ActivityId, Error, Reader, UploadId};

/// The longest sentence that is stored of what a service said.
const LONGEST_SENTENCE: usize = 500;

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Due now or later.
    Waiting,
    /// Claimed: the first byte may have left. After a crash it means "perhaps arrived".
    Sending,
    /// Accepted; the service still works on it.
    Processing,
    /// There, sent by us.
    Sent,
    /// There before we sent it.
    Existing,
    /// The service said no.
    Refused,
    /// It may or may not have arrived.
    Unsure,
    /// Waits for the athlete's word.
    Held,
    /// The athlete said: not this one.
    Dismissed,
}

impl State {
    /// All of them, in the order of an upload's life.
    pub const ALL: [State; 9] = [
        State::Waiting,
        State::Sending,
        State::Processing,
        State::Sent,
        State::Existing,
        State::Refused,
        State::Unsure,
        State::Held,
        State::Dismissed,
    ];

    /// Stable and machine-readable, lower case.
    pub fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sending => "sending",
            State::Processing => "processing",
            State::Sent => "sent",
            State::Existing => "existing",
            State::Refused => "refused",
            State::Unsure => "unsure",
            State::Held => "held",
            State::Dismissed => "dismissed",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether an answer of a service (or a look at its list) may bring an upload from here to there. Claims and the
    /// athlete's word have their own rules; what is sent, existing or dismissed no answer moves.
    pub fn may_become(self, next: State) -> bool {
        use State::{Existing, Held, Processing, Refused, Sending, Sent, Unsure, Waiting};
        match self {
            Waiting => matches!(next, Waiting | Existing | Refused | Held),
            Sending => {
                matches!(
                    next,
                    Waiting | Processing | Sent | Existing | Refused | Unsure | Held
                )
            }
            Processing => matches!(next, Processing | Sent | Existing | Refused | Unsure),
            Unsure => {
                matches!(
                    next,
                    Unsure | Waiting | Processing | Sent | Existing | Refused | Held
                )
            }
            _ => false,
        }
    }

    /// Whether something is to be done at a certain time.
    pub(crate) fn has_due_time(self) -> bool {
        matches!(self, State::Waiting | State::Processing | State::Unsure)
    }
}

/// One upload: an activity on its way to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Its number.
    pub id: UploadId,
    /// Of which activity.
    pub activity: ActivityId,
    /// To which account.
    pub account: AccountId,
    /// The account's service: `map-my-tracks`, `trek-point`.
    pub service: String,
    /// Where it stands.
    pub state: State,
    /// Why, for programs: `device_choice`, `older`, `damaged`, `twin`, `user`, or the engine's own; may be empty.
    pub reason_code: String,
    /// Why, for people; may be empty, may quote the service as text.
    pub reason: String,
    /// When something is to be done: sent (waiting), looked at (processing), looked for (unsure); else absent.
    pub due_at: Option<Timestamp>,
    /// How often it was claimed.
    pub attempts: u32,
    /// How often in a row it was tried or looked at without getting further; a back-off counts by it.
    pub failures: u32,
    /// An attempt ended unknown and has not been cleared up: it must not be sent before it is, but to a service that
    /// recognises what it has.
    pub perhaps_arrived: bool,
    /// How often it was looked for at the service, or sent once more, since its outcome became unknown or a person gave
    /// the word.
    pub looks: u32,
    /// What the service calls it.
    pub remote_id: Option<String>,
    /// Where the service shows it: untrusted text.
    pub link: Option<String>,
    /// When the row last changed.
    pub changed_at: Timestamp,
}

/// One line of an upload's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryLine {
    /// When.
    pub at: Timestamp,
    /// The state it came to.
    pub state: State,
    /// What happened, in words; may quote the service as text.
    pub what: String,
}

pub(crate) const COLUMNS: &str = "u.id, u.activity_id, u.account_id, c.service, u.state, u.reason_code, u.reason, \
     u.due_at, u.attempts, u.failures, u.perhaps_arrived, u.looks, u.remote_id, u.link, u.changed_at";
pub(crate) const TABLES: &str = "upload u JOIN account c ON c.id = u.account_id";

pub(crate) fn row(row: &Row) -> rusqlite::Result<UploadRow> {
    Ok(UploadRow {
        id: row.get(0)?,
        activity: row.get(1)?,
        account: row.get(2)?,
        service: row.get(3)?,
        state: state(&row.get::<_, String>(4)?)?,
        reason_code: row.get(5)?,
        reason: row.get(6)?,
        due_at: row.get::<_, Option<i64>>(7)?.map(time),
        attempts: row.get(8)?,
        failures: row.get(9)?,
        perhaps_arrived: row.get(10)?,
        looks: row.get(11)?,
        remote_id: row.get(12)?,
        link: row.get(13)?,
        changed_at: time(row.get(14)?),
    })
}

pub(crate) fn state(word: &str) -> rusqlite::Result<State> {
    State::from_name(word).ok_or_else(|| unknown_word("upload state", word))
}

impl Reader {
    /// The states of the account's other uploads that have arrived, or are being worked on, under this id of the service's.
    ///
    /// # Errors
    /// The database failed.
    pub fn others_called(&self, upload: &UploadRow, remote_id: &str) -> Result<Vec<State>, Error> {
        let mut select = self.db.prepare_cached(
            "SELECT state FROM upload WHERE account_id = ?1 AND remote_id = ?2 AND id <> ?3
             AND state IN ('sent', 'existing', 'processing')",
        )?;
        let rows = select.query_map((upload.account, remote_id, upload.id), |found| {
            state(&found.get::<_, String>(0)?)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One upload.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn upload(&self, upload: UploadId) -> Result<UploadRow, Error> {
        get(&self.db, upload)
    }

    /// The uploads of an activity, in the order in which the accounts came.
    ///
    /// # Errors
    /// The database failed.
    pub fn uploads(&self, activity: ActivityId) -> Result<Vec<UploadRow>, Error> {
        of_activity(&self.db, activity)
    }

    /// What happened to an upload, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub fn story(&self, upload: UploadId) -> Result<Vec<StoryLine>, Error> {
        let sql = "SELECT at, state, what FROM story WHERE upload_id = ?1 ORDER BY id";
        let mut lines = self.db.prepare_cached(sql)?;
        let lines = lines.query_map([upload], |row| {
            Ok(StoryLine {
                at: time(row.get(0)?),
                state: state(&row.get::<_, String>(1)?)?,
                what: row.get(2)?,
            })
        })?;
        Ok(lines.collect::<Result<_, _>>()?)
    }

    /// Uploads in these states, oldest entry first: at most `limit`, after `after`.
    ///
    /// # Errors
    /// The database failed.
    pub fn queue(
        &self,
        states: &[State],
        after: Option<UploadId>,
        limit: usize,
    ) -> Result<Vec<UploadRow>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE u.state = ?1 AND u.id > ?2 ORDER BY u.id LIMIT ?3"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let (after, most) = (
            after.map_or(i64::MIN, |id| id.0),
            i64::try_from(limit).unwrap_or(i64::MAX),
        );
        let mut found = Vec::new();
        for state in states {
            for upload in select.query_map(params![state.name(), after, most], row)? {
                found.push(upload?);
            }
        }
        found.sort_by_key(|upload| upload.id);
        found.truncate(limit);
        Ok(found)
    }
}

pub(crate) fn get(db: &Connection, upload: UploadId) -> Result<UploadRow, Error> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE u.id = ?1");
    let found = db
        .prepare_cached(&sql)?
        .query_row([upload], row)
        .optional()?;
    found.ok_or_else(|| Error::not_found("upload", upload))
}

pub(crate) fn of_activity(db: &Connection, activity: ActivityId) -> Result<Vec<UploadRow>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM {TABLES} WHERE u.activity_id = ?1 ORDER BY u.account_id");
    let mut select = db.prepare_cached(&sql)?;
    let found = select.query_map([activity], row)?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(crate) fn of(
    db: &Connection,
    activity: ActivityId,
    account: AccountId,
) -> Result<Option<UploadRow>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM {TABLES} WHERE u.activity_id = ?1 AND u.account_id = ?2");
    Ok(db
        .prepare_cached(&sql)?
        .query_row(params![activity, account], row)
        .optional()?)
}

/// Writes a changed row and a line of its story; the caller's transaction makes them one.
pub(crate) fn store(
    db: &Connection,
    upload: &UploadRow,
    what: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let due_at = if upload.state.has_due_time() {
        Some(upload.due_at.unwrap_or(now))
    } else {
        None
    };
    db.prepare_cached(
        "UPDATE upload SET state = ?2, reason_code = ?3, reason = ?4, due_at = ?5, attempts = ?6, failures = ?7,
             perhaps_arrived = ?8, looks = ?9, remote_id = ?10, link = ?11, changed_at = ?12 WHERE id = ?1",
    )?
    .execute(params![
        upload.id,
        upload.state.name(),
        line(&upload.reason_code, 80),
        line(&upload.reason, LONGEST_SENTENCE),
        due_at.map(Timestamp::as_millisecond),
        upload.attempts,
        upload.failures,
        upload.perhaps_arrived,
        upload.looks,
        upload.remote_id,
        upload.link,
        now.as_millisecond(),
    ])?;
    tell(db, upload.id, upload.state, what, now)
}

/// A new row, as the placement says, with its first line.
pub(crate) fn insert(
    db: &Connection,
    activity: ActivityId,
    account: AccountId,
    place: &crate::placement::Place,
    now: Timestamp,
) -> Result<UploadId, Error> {
    let now_ms = now.as_millisecond();
    let due_at = place.state.has_due_time().then_some(now_ms);
    db.prepare_cached(
        "INSERT INTO upload (activity_id, account_id, state, reason_code, reason, due_at, order_ms, changed_at)
         SELECT id, ?2, ?3, ?4, ?5, ?6, order_ms, ?7 FROM activity WHERE id = ?1",
    )?
    .execute(params![activity, account, place.state.name(), place.code, place.reason, due_at, now_ms])?;
    let upload = UploadId(db.last_insert_rowid());
    tell(
        db,
        upload,
        place.state,
        if place.reason.is_empty() {
            "Queued."
        } else {
            place.reason
        },
        now,
    )?;
    Ok(upload)
}

/// Adds a line; one that says the same as the last is left out, so that looking again and again fills nothing.
fn tell(
    db: &Connection,
    upload: UploadId,
    state: State,
    what: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let what = line(what, LONGEST_SENTENCE);
    let last = db
        .prepare_cached(
            "SELECT state, what FROM story WHERE upload_id = ?1 ORDER BY id DESC LIMIT 1",
        )?
        .query_row([upload], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    if last.is_some_and(|(last_state, last_what)| last_state == state.name() && last_what == what) {
        return Ok(());
    }
    db.prepare_cached("INSERT INTO story (upload_id, at, state, what) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![upload, now.as_millisecond(), state.name(), what])?;
    Ok(())
}
