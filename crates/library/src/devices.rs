//! Devices that were seen once, and what the athlete said about them. Knows nothing of mounts.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::life::{Event, Place, TWIN};
use crate::text::{count, line, time, unknown_word};
use crate::{AccountId, ActivityId, Error, Library, Reach, Reader, State, placement, uploads};

const THIRTY_DAYS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far back a device's activities are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Everything.
    All,
    /// What started within 30 days before the choice, and everything later.
    Last30Days,
    /// Only what is recorded after the choice.
    OnlyNew,
    /// What started at or after this time.
    Since(Timestamp),
}

impl Choice {
    /// What started before this isn't sent.
    pub fn since(self, chosen_at: Timestamp) -> Option<Timestamp> {
        match self {
            Choice::All => None,
            Choice::Last30Days => {
                Some(chosen_at.checked_sub(THIRTY_DAYS).unwrap_or(Timestamp::MIN))
            }
            Choice::OnlyNew => Some(chosen_at),
            Choice::Since(time) => Some(time),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Choice::All => "all",
            Choice::Last30Days => "last_30_days",
            Choice::OnlyNew => "only_new",
            Choice::Since(_) => "since",
        }
    }
}

/// A device that was seen once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its key: stable across plug-ins.
    pub id: String,
    /// Its name when it was last seen: untrusted text.
    pub name: String,
    /// Whether the athlete wants it used; `None`: not asked or not answered.
    pub approved: Option<bool>,
    /// How far back its activities are sent; `None`: not answered.
    pub choice: Option<Choice>,
    /// When that was answered.
    pub chosen_at: Option<Timestamp>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    since: Option<Timestamp>,
}

impl DeviceRow {
    /// How far back its activities are sent, as [`crate::Origin`] wants it.
    pub fn reach(&self) -> Reach {
        if self.choice.is_none() {
            Reach::Pending
        } else {
            Reach::Since(self.since)
        }
    }
}

/// How many activities each answer to "how far back?" would send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstPlug {
    /// All of the device.
    pub all: u64,
    /// Of these, those of the 30 days before now.
    pub last_30_days: u64,
    /// The oldest start.
    pub oldest: Option<Timestamp>,
}

const COLUMNS: &str = "key, name, approved, choice, since_ms, chosen_at, first_seen, last_seen";

fn row(row: &Row) -> rusqlite::Result<DeviceRow> {
    let since = row.get::<_, Option<i64>>(4)?.map(time);
    let choice = match row.get::<_, Option<String>>(3)?.as_deref() {
        None => None,
        Some("all") => Some(Choice::All),
        Some("last_30_days") => Some(Choice::Last30Days),
        Some("only_new") => Some(Choice::OnlyNew),
        Some("since") => Some(Choice::Since(since.unwrap_or(Timestamp::MIN))),
        Some(other) => return Err(unknown_word("choice", other)),
    };
    Ok(DeviceRow {
        id: row.get(0)?,
        name: row.get(1)?,
        approved: row.get(2)?,
        choice,
        chosen_at: row.get::<_, Option<i64>>(5)?.map(time),
        first_seen: time(row.get(6)?),
        last_seen: time(row.get(7)?),
        since,
    })
}

impl Reader {
    /// A device by its key; `None`: never seen.
    ///
    /// # Errors
    /// The database failed.
    pub fn device(&self, key: &str) -> Result<Option<DeviceRow>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM device WHERE key = ?1");
        Ok(self
            .db
            .prepare_cached(&sql)?
            .query_row([key], row)
            .optional()?)
    }

    /// All devices, the last seen first.
    ///
    /// # Errors
    /// The database failed.
    pub fn devices(&self) -> Result<Vec<DeviceRow>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM device ORDER BY last_seen DESC, id");
        Ok(self
            .db
            .prepare_cached(&sql)?
            .query_map([], row)?
            .collect::<Result<_, _>>()?)
    }

    /// What each answer to "how far back?" would send of a device.
    ///
    /// # Errors
    /// The database failed.
    pub fn first_plug(&self, key: &str, now: Timestamp) -> Result<FirstPlug, Error> {
        let recent = Choice::Last30Days
            .since(now)
            .unwrap_or(Timestamp::MIN)
            .as_millisecond();
        let mut select = self.db.prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE coalesce(a.start_ms, a.kept_at) >= ?2), min(a.start_ms)
             FROM activity a WHERE a.device_id = (SELECT id FROM device WHERE key = ?1)",
        )?;
        Ok(select.query_row(params![key, recent], |row| {
            Ok(FirstPlug {
                all: count(row.get(0)?),
                last_30_days: count(row.get(1)?),
                oldest: row.get::<_, Option<i64>>(2)?.map(time),
            })
        })?)
    }
}

/// The row of a device; a key that was never remembered gets one that is named by it.
pub(crate) fn device_row_id(tx: &Transaction, key: &str, now: Timestamp) -> Result<i64, Error> {
    let find = "SELECT id FROM device WHERE key = ?1";
    if let Some(id) = tx
        .prepare_cached(find)?
        .query_row([key], |row| row.get(0))
        .optional()?
    {
        return Ok(id);
    }
    tx.execute(
        "INSERT INTO device (key, name, first_seen, last_seen) VALUES (?1, ?2, ?3, ?3)",
        params![key, line(key, 200), now.as_millisecond()],
    )?;
    Ok(tx.last_insert_rowid())
}

/// What the athlete answered for a device.
pub(crate) fn reach_of_device(db: &Connection, device: i64) -> Result<Reach, Error> {
    let sql = format!("SELECT {COLUMNS} FROM device WHERE id = ?1");
    Ok(db.prepare_cached(&sql)?.query_row([device], row)?.reach())
}

impl Library {
    /// Notes that a device is there, under this name.
    ///
    /// # Errors
    /// The database failed.
    pub fn remember_device(
        &mut self,
        key: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<DeviceRow, Error> {
        self.note(|tx| {
            let id = device_row_id(tx, key, now)?;
            tx.execute(
                "UPDATE device SET name = ?2, last_seen = ?3 WHERE id = ?1",
                params![id, line(name, 200), now.as_millisecond()],
            )?;
            Ok(())
        })?;
        self.device(key)?
            .ok_or_else(|| Error::not_found("device", key))
    }

    /// Writes the answer to "use this device?".
    ///
    /// # Errors
    /// No such device, or the database failed.
    pub fn approve_device(&mut self, key: &str, approved: bool) -> Result<(), Error> {
        let changed = self.note(|tx| {
            Ok(tx.execute(
                "UPDATE device SET approved = ?2 WHERE key = ?1",
                params![key, approved],
            )?)
        })?;
        if changed == 0 {
            Err(Error::not_found("device", key))
        } else {
            Ok(())
        }
    }

    /// Writes the answer to "how far back?" and applies it to everything of the device that isn't sent yet: what it covers
    /// is queued, what is older is held. A later answer replaces an earlier one.
    ///
    /// # Errors
    /// No such device, or the database failed.
    pub fn choose_device(
        &mut self,
        key: &str,
        choice: Choice,
        now: Timestamp,
    ) -> Result<(), Error> {
        let since = choice.since(now);
        self.change(|tx| {
            let changed = tx.execute(
                "UPDATE device SET choice = ?2, since_ms = ?3, chosen_at = ?4 WHERE key = ?1",
                params![
                    key,
                    choice.name(),
                    since.map(Timestamp::as_millisecond),
                    now.as_millisecond()
                ],
            )?;
            if changed == 0 {
                return Err(Error::not_found("device", key));
            }
            for (activity, account) in concerned(tx, key)? {
                apply(tx, activity, account, Reach::Since(since), now)?;
            }
            Ok(())
        })
    }
}

/// The device's uploads that wait or are held for its choice, oldest activity first.
fn concerned(tx: &Transaction, key: &str) -> Result<Vec<(ActivityId, AccountId)>, Error> {
    let mut select = tx.prepare(
        "SELECT u.activity_id, u.account_id FROM activity a JOIN upload u ON u.activity_id = a.id
         WHERE a.device_id = (SELECT id FROM device WHERE key = ?1)
           AND (u.state = 'waiting' OR u.state = 'held' AND u.reason_code IN ('device_choice', 'older'))
         ORDER BY a.order_ms, a.id",
    )?;
    let found = select.query_map([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn apply(
    tx: &Transaction,
    activity: ActivityId,
    account: AccountId,
    reach: Reach,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(row) = uploads::of(tx, activity, account)? else {
        return Ok(());
    };
    if row.reason_code == TWIN.code {
        return Ok(()); // a better one of the same answer has just taken its place
    }
    let place = if row.state == State::Waiting {
        // It waits already, perhaps for a repeat: only the date can stop it.
        placement::place_by_date(tx, activity, reach)?.unwrap_or(Place::Queued)
    } else {
        placement::place(tx, activity, account, reach, now)?
    };
    uploads::happen(tx, &row, &Event::Chosen(place), now)?;
    Ok(())
}
