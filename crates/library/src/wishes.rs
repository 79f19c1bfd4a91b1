//! What the athlete says about uploads: try again, wait, not this one, do send it, send the earlier ones too.
//! Only marks; nothing is sent from here.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use crate::life::Event;
use crate::placement::{self, Reach};
use crate::{AccountId, ActivityId, Error, Library, State, UploadId, UploadRow, uploads};

/// Which uploads are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// This one.
    Upload(UploadId),
    /// All of an activity.
    Activity(ActivityId),
    /// All of an account.
    Account(AccountId),
    /// All.
    All,
}

impl Library {
    /// Makes waiting, refused and unsure uploads due now and lifts every back-off, also the pause of their accounts; what the
    /// service still works on is asked about now. What may have arrived stays unsure, so that it is looked for before it is sent.
    /// Answers how many are due by it.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn retry(&mut self, selection: Selection, now: Timestamp) -> Result<u64, Error> {
        self.try_again(selection, false, now)
    }

    /// As [`Library::retry`], by somebody who was asked about this upload and has looked at the service: what resembles it there
    /// does not hold up its next attempt.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn retry_looked_at(&mut self, upload: UploadId, now: Timestamp) -> Result<u64, Error> {
        self.try_again(Selection::Upload(upload), true, now)
    }

    fn try_again(
        &mut self,
        selection: Selection,
        looked: bool,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.change(|tx| {
            let chosen = wish(tx, selection, &Event::Retried { looked }, now)?;
            let mut accounts: Vec<AccountId> = chosen.iter().map(|row| row.account).collect();
            accounts.sort_unstable();
            accounts.dedup();
            if let Selection::Account(account) = selection {
                accounts.push(account);
            }
            for account in accounts {
                tx.execute(
                    "UPDATE account SET state = 'connected', code = '', title = '', hint = '', until_ms = NULL, pauses = 0
                     WHERE id = ?1 AND state = 'paused'",
                    [account],
                )?;
            }
            Ok(chosen.len() as u64)
        })
    }

    /// Puts uploads on hold that wait, were refused or are unsure. Answers how many.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn hold(&mut self, selection: Selection, now: Timestamp) -> Result<u64, Error> {
        self.change(|tx| Ok(wish(tx, selection, &Event::HeldBack, now)?.len() as u64))
    }

    /// Says of uploads that they shall not be sent: those that wait, are held, were refused or are unsure. Answers how many.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn dismiss(&mut self, selection: Selection, now: Timestamp) -> Result<u64, Error> {
        self.change(|tx| Ok(wish(tx, selection, &Event::Dismissed, now)?.len() as u64))
    }

    /// Lets held and dismissed uploads go, whatever they were held for. What may have arrived becomes unsure again, so
    /// that it is looked for before it is sent. Answers how many.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn release(&mut self, selection: Selection, now: Timestamp) -> Result<u64, Error> {
        self.change(|tx| Ok(wish(tx, selection, &Event::Released, now)?.len() as u64))
    }

    /// Queues activities for an account that were kept before it was signed in: those that started at or after `since`,
    /// or all. Damaged ones, twins, and those of a device whose question is open are held, as when they are kept; a date
    /// chosen for a device earlier gives way to this wish. Answers how many rows were added.
    ///
    /// # Errors
    /// No such account, or the database failed.
    pub fn send_earlier(
        &mut self,
        account: AccountId,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.change(|tx| {
            crate::accounts::get(tx, account)?;
            let mut select = tx.prepare_cached(
                "SELECT a.id, d.id IS NOT NULL AND d.choice IS NULL FROM activity a LEFT JOIN device d ON d.id = a.device_id
                 WHERE NOT EXISTS (SELECT 1 FROM upload u WHERE u.activity_id = a.id AND u.account_id = ?1)
                   AND a.order_ms >= ?2 ORDER BY a.id",
            )?;
            let from = since.map_or(i64::MIN, Timestamp::as_millisecond);
            let found: Vec<(ActivityId, bool)> = select
                .query_map(params![account, from], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            for (activity, open) in &found {
                let reach = if *open { Reach::Pending } else { Reach::Since(None) };
                let place = placement::place(tx, *activity, account, reach, now)?;
                uploads::begin(tx, *activity, account, &Event::Placed(place), now)?;
            }
            Ok(found.len() as u64)
        })
    }
}

/// Lets the athlete's word happen to all that are selected and that it can meet. Answers them, as they stood before.
fn wish(
    tx: &Transaction,
    selection: Selection,
    word: &Event<'_>,
    now: Timestamp,
) -> Result<Vec<UploadRow>, Error> {
    let chosen = chosen(tx, selection, &word.states())?;
    for row in &chosen {
        uploads::happen(tx, row, word, now)?;
    }
    Ok(chosen)
}

/// The selected uploads that are in one of these states. Naming one that doesn't exist is an error.
fn chosen(
    tx: &Transaction,
    selection: Selection,
    states: &[State],
) -> Result<Vec<UploadRow>, Error> {
    let (column, id) = match selection {
        Selection::Upload(upload) => {
            let row = uploads::get(tx, upload)?;
            return Ok(if states.contains(&row.state) {
                vec![row]
            } else {
                Vec::new()
            });
        }
        Selection::Activity(activity) => {
            crate::activities::get(tx, activity)?;
            ("u.activity_id", activity.0)
        }
        Selection::Account(account) => {
            crate::accounts::get(tx, account)?;
            ("u.account_id", account.0)
        }
        Selection::All => ("0", 0),
    };
    let (columns, tables) = (uploads::COLUMNS, uploads::TABLES);
    let sql = format!(
        "SELECT {columns} FROM {tables} WHERE {column} = ?1 AND u.state = ?2 ORDER BY u.id"
    );
    let mut select = tx.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for state in states {
        for row in select.query_map(params![id, state.name()], uploads::row)? {
            found.push(row?);
        }
    }
    Ok(found)
}
