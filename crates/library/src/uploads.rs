//! Upload rows: where each activity stands with each account, and the story of how it came there.
//! Knows nothing of services, and decides nothing: that is `life`'s.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::life::{self, Event, Next, Standing};
use crate::text::{line, time, unknown_word};
use crate::{AccountId, ActivityId, Error, Reader, State, UploadId};

/// The longest sentence that is stored of what a service said.
const LONGEST_SENTENCE: usize = 500;
/// The longest reason for programs.
const LONGEST_CODE: usize = 80;

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
    /// Since when it waits because the service works on something that could be it; absent: it does not, or has been sent since.
    pub unready_since: Option<Timestamp>,
    /// A person let it go, or looked for it at the service and asked for it again: what resembles it there does not hold up its
    /// next attempt. It ends with the attempt, unless nothing of that has left.
    pub released: bool,
    /// What the service calls it.
    pub remote_id: Option<String>,
    /// Where the service shows it: untrusted text.
    pub link: Option<String>,
    /// When the row last changed.
    pub changed_at: Timestamp,
}

impl UploadRow {
    /// It would be due, but for its original, which is away or was changed.
    pub(crate) fn waits_for_its_original(&self) -> bool {
        self.state == State::Waiting && life::ORIGINAL_AWAY.contains(&self.reason_code.as_str())
    }

    /// What of it its life changes.
    pub(crate) fn standing(&self) -> Standing {
        Standing {
            state: self.state,
            due_at: self.due_at,
            attempts: self.attempts,
            failures: self.failures,
            looks: self.looks,
            unready_since: self.unready_since,
            released: self.released,
            perhaps_arrived: self.perhaps_arrived,
            reason_code: self.reason_code.clone(),
            reason: self.reason.clone(),
            remote_id: self.remote_id.clone(),
            link: self.link.clone(),
        }
    }
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
     u.due_at, u.attempts, u.failures, u.perhaps_arrived, u.looks, u.unready_since, u.released, u.remote_id, u.link, u.changed_at";
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
        unready_since: row.get::<_, Option<i64>>(12)?.map(time),
        released: row.get(13)?,
        remote_id: row.get(14)?,
        link: row.get(15)?,
        changed_at: time(row.get(16)?),
    })
}

pub(crate) fn state(word: &str) -> rusqlite::Result<State> {
    State::from_name(word).ok_or_else(|| unknown_word("upload state", word))
}

impl Reader {
    /// The account's other uploads that have arrived, or are being worked on, under this id of the service's: the state of each,
    /// and whether it may be another's.
    ///
    /// # Errors
    /// The database failed.
    pub fn others_called(
        &self,
        upload: &UploadRow,
        remote_id: &str,
    ) -> Result<Vec<(State, bool)>, Error> {
        let mut select = self.db.prepare_cached(
            "SELECT state, perhaps_arrived FROM upload WHERE account_id = ?1 AND remote_id = ?2 AND id <> ?3
             AND state IN ('sent', 'existing', 'processing')",
        )?;
        let rows = select.query_map((upload.account, remote_id, upload.id), |found| {
            Ok((state(&found.get::<_, String>(0)?)?, found.get(1)?))
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

/// Lets something happen to an upload: where it comes to and the line of its story are written in the caller's transaction.
/// Answers whether there was anything to write.
///
/// # Errors
/// It cannot happen to an upload in this state, or the database failed.
pub(crate) fn happen(
    tx: &Transaction,
    upload: &UploadRow,
    event: &Event<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(next) = life::next(Some(&upload.standing()), event, now)? else {
        return Ok(false);
    };
    store(tx, upload.id, &next, now)?;
    Ok(true)
}

/// Lets an upload begin, with the first line of its story.
///
/// # Errors
/// Nothing begins with this, or the database failed.
pub(crate) fn begin(
    tx: &Transaction,
    activity: ActivityId,
    account: AccountId,
    event: &Event<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    match life::next(None, event, now)? {
        Some(next) => insert(tx, activity, account, &next, now),
        None => Ok(()),
    }
}

fn store(tx: &Transaction, upload: UploadId, next: &Next, now: Timestamp) -> Result<(), Error> {
    let to = next.standing();
    tx.prepare_cached(
        "UPDATE upload SET state = ?2, reason_code = ?3, reason = ?4, due_at = ?5, attempts = ?6, failures = ?7,
             perhaps_arrived = ?8, looks = ?9, unready_since = ?10, released = ?11, remote_id = ?12,
             link = ?13, changed_at = ?14
         WHERE id = ?1",
    )?
    .execute(params![
        upload,
        to.state.name(),
        line(&to.reason_code, LONGEST_CODE),
        line(&to.reason, LONGEST_SENTENCE),
        to.due_at.map(Timestamp::as_millisecond),
        to.attempts,
        to.failures,
        to.perhaps_arrived,
        to.looks,
        to.unready_since.map(Timestamp::as_millisecond),
        to.released,
        to.remote_id,
        to.link,
        now.as_millisecond(),
    ])?;
    tell(tx, upload, next, now)
}

fn insert(
    tx: &Transaction,
    activity: ActivityId,
    account: AccountId,
    next: &Next,
    now: Timestamp,
) -> Result<(), Error> {
    let at = next.standing();
    tx.prepare_cached(
        "INSERT INTO upload (activity_id, account_id, state, reason_code, reason, due_at, attempts, failures,
             perhaps_arrived, looks, unready_since, released, remote_id, link, order_ms, changed_at)
         SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, order_ms, ?15 FROM activity WHERE id = ?1",
    )?
    .execute(params![
        activity,
        account,
        at.state.name(),
        line(&at.reason_code, LONGEST_CODE),
        line(&at.reason, LONGEST_SENTENCE),
        at.due_at.map(Timestamp::as_millisecond),
        at.attempts,
        at.failures,
        at.perhaps_arrived,
        at.looks,
        at.unready_since.map(Timestamp::as_millisecond),
        at.released,
        at.remote_id,
        at.link,
        now.as_millisecond(),
    ])?;
    tell(tx, UploadId(tx.last_insert_rowid()), next, now)
}

/// Adds a line. One that says the same of the same state as the last is left out, so that looking again and again fills nothing.
/// No way from one state to another goes untold by that: the last line always has the state that the row is in, so a line is only
/// left out where the row stays in it. How often that was, and until when, is in the row.
fn tell(db: &Connection, upload: UploadId, next: &Next, now: Timestamp) -> Result<(), Error> {
    let (state, what) = (next.standing().state, line(next.what(), LONGEST_SENTENCE));
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
