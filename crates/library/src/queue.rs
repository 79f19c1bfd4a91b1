//! The queue: what is due, the claim before the first byte leaves, and what the answer changes. Each step is one
//! transaction with a line in the upload's story. Knows neither services nor how long to wait.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::life::{Event, latest};
use crate::text::{count, time};
use crate::{
    AccountId, AccountState, ActivityRow, Change, Error, Library, Reader, State, UploadId,
    UploadRow, accounts, activities, uploads,
};

/// Something to do: send a waiting upload, or look at one that is processing or unsure.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The upload.
    pub upload: UploadRow,
    /// What is to be sent.
    pub activity: ActivityRow,
}

/// Due times that count as passed: those before now, and those that no clock of today can have written.
const PASSED: &str = "(due_at <= ?2 OR due_at > ?2 + 86400000)";

impl Reader {
    /// The next upload to send for this account: the oldest activity of those that are due. None while one is on its way,
    /// the account is not connected, or its last upload was too short ago.
    ///
    /// # Errors
    /// No such account, or the database failed.
    pub fn next_due(&self, account: AccountId, now: Timestamp) -> Result<Option<Job>, Error> {
        match self.opens_at(account, now)? {
            Some(opens_at) if opens_at <= now => {}
            _ => return Ok(None),
        }
        let sql = format!(
            "SELECT id FROM upload WHERE account_id = ?1 AND state = 'waiting' AND {PASSED}
             ORDER BY order_ms, id LIMIT 1"
        );
        let found = self
            .db
            .prepare_cached(&sql)?
            .query_row(values(account, now), |row| row.get(0))
            .optional()?;
        found.map(|upload| self.job(upload)).transpose()
    }

    /// Uploads of this account that are to be looked at now, longest due first: those the service still works on, and
    /// those that may have arrived. At most `limit`; none while the account is not connected.
    ///
    /// # Errors
    /// No such account, or the database failed.
    pub fn looks_due(
        &self,
        account: AccountId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, Error> {
        if self
            .account(account)?
            .works_from(now)
            .is_none_or(|from| from > now)
        {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT id FROM upload WHERE account_id = ?1 AND state IN ('processing', 'unsure') AND {PASSED}
             ORDER BY due_at, id LIMIT {limit}"
        );
        let mut select = self.db.prepare_cached(&sql)?;
        let ids: Vec<UploadId> = select
            .query_map(values(account, now), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        ids.into_iter().map(|upload| self.job(upload)).collect()
    }

    /// How many uploads of this account wait and are due now.
    ///
    /// # Errors
    /// The database failed.
    pub fn due_count(&self, account: AccountId, now: Timestamp) -> Result<u64, Error> {
        let sql = format!(
            "SELECT count(*) FROM upload WHERE account_id = ?1 AND state = 'waiting' AND {PASSED}"
        );
        let found = self
            .db
            .prepare_cached(&sql)?
            .query_row(values(account, now), |row| row.get(0))?;
        Ok(count(found))
    }

    /// When [`Reader::next_due`] or [`Reader::looks_due`] has something for this account; `None`: not before something
    /// else happens. Never before now.
    ///
    /// # Errors
    /// No such account, or the database failed.
    pub fn next_due_at(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let Some(works_from) = self.account(account)?.works_from(now) else {
            return Ok(None);
        };
        let mut times = Vec::new();
        if let Some(opens_at) = self.opens_at(account, now)? {
            times.extend(
                self.first_due(account, "waiting", now)?
                    .map(|due| due.max(opens_at)),
            );
        }
        for state in ["processing", "unsure"] {
            times.extend(self.first_due(account, state, now)?);
        }
        Ok(times
            .into_iter()
            .min()
            .map(|due| due.max(works_from).max(now)))
    }

    /// From when on the account may send: it is connected, nothing of it is on the way, and the gap is kept.
    fn opens_at(&self, account: AccountId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let on_the_way: bool = self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM upload WHERE account_id = ?1 AND state = 'sending')",
            )?
            .query_row([account], |row| row.get(0))?;
        let works_from = self.account(account)?.works_from(now);
        if on_the_way {
            return Ok(None);
        }
        let (next, gap): (i64, i64) = self
            .db
            .prepare_cached("SELECT next_allowed_at, gap_ms FROM account WHERE id = ?1")?
            .query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // Further away than the gap is long: the clock was set back.
        let next = if next > now.as_millisecond().saturating_add(gap) {
            0
        } else {
            next
        };
        Ok(works_from.map(|from| from.max(time(next))))
    }

    fn first_due(
        &self,
        account: AccountId,
        state: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let mut select = self.db.prepare_cached(
            "SELECT min(due_at), max(due_at) FROM upload WHERE account_id = ?1 AND state = ?2",
        )?;
        let (first, last) = select.query_row(params![account, state], |row| {
            Ok((
                row.get::<_, Option<i64>>(0)?.map(time),
                row.get::<_, Option<i64>>(1)?.map(time),
            ))
        })?;
        if last.is_some_and(|last| last > latest(now)) {
            Ok(Some(now))
        } else {
            Ok(first)
        }
    }

    fn job(&self, upload: UploadId) -> Result<Job, Error> {
        let upload = uploads::get(&self.db, upload)?;
        let activity = activities::get(&self.db, upload.activity)?;
        Ok(Job { upload, activity })
    }
}

/// The values of `?1` and `?2`.
fn values(account: AccountId, now: Timestamp) -> [i64; 2] {
    [account.0, now.as_millisecond()]
}

impl Library {
    /// Claims a waiting upload: committed before the first byte leaves, so that after a crash it is known that it may have
    /// arrived. The account's next upload may begin `gap` after this claim and `gap` after its end; both survive a restart.
    ///
    /// # Errors
    /// It doesn't wait (any more); another upload of the account is on the way; the account is signed out or needs a
    /// sign-in; or the database failed.
    pub fn claim(
        &mut self,
        upload: UploadId,
        gap: Duration,
        now: Timestamp,
    ) -> Result<UploadRow, Error> {
        self.change(|tx| {
            let row = uploads::get(tx, upload)?;
            // Undone with the transaction if the account says no.
            uploads::happen(tx, &row, &Event::Claimed, now)?;
            let account = accounts::get(tx, row.account)?;
            if matches!(
                account.state,
                AccountState::SignedOut | AccountState::NeedsSignIn(_)
            ) {
                return Err(Error::NotConnected(row.account));
            }
            let busy: bool = tx.query_row(
                "SELECT EXISTS (SELECT 1 FROM upload WHERE account_id = ?1 AND state = 'sending' AND id <> ?2)",
                params![row.account, upload],
                |found| found.get(0),
            )?;
            if busy {
                return Err(Error::AccountBusy(row.account));
            }
            let gap_ms = i64::try_from(gap.as_millis()).unwrap_or(i64::MAX / 2);
            tx.execute(
                "UPDATE account SET gap_ms = ?2, next_allowed_at = ?3 WHERE id = ?1",
                params![
                    row.account,
                    gap_ms,
                    now.as_millisecond().saturating_add(gap_ms)
                ],
            )?;
            uploads::get(tx, upload)
        })
    }

    /// Writes what an attempt or a look at the service came to, and in the same transaction what that means for the
    /// account: `account_after` is told how it stands and says how it stands then, or nothing.
    ///
    /// # Errors
    /// [`State::may_become`] forbids it; not found; or the database failed. Then neither is written.
    pub fn settle(
        &mut self,
        upload: UploadId,
        change: &Change,
        account_after: impl FnOnce(&AccountState) -> Option<AccountState>,
        now: Timestamp,
    ) -> Result<UploadRow, Error> {
        self.change(|tx| {
            let row = uploads::get(tx, upload)?;
            uploads::happen(tx, &row, &Event::Settled(change), now)?;
            if row.state == State::Sending {
                // Not the later of the two: the claim's may be of a clock that was set back since.
                tx.execute(
                    "UPDATE account SET next_allowed_at = ?2 + gap_ms WHERE id = ?1",
                    params![row.account, now.as_millisecond()],
                )?;
            }
            accounts::move_on(tx, row.account, account_after, now)?;
            uploads::get(tx, upload)
        })
    }

    /// After a start: what was on its way when the last run ended may have arrived. Answers how many there were.
    ///
    /// # Errors
    /// The database failed.
    pub fn recover(&mut self, now: Timestamp) -> Result<u64, Error> {
        self.change(|tx| {
            let mut select = tx.prepare_cached("SELECT id FROM upload WHERE state = 'sending'")?;
            let found: Vec<UploadId> = select
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for upload in &found {
                let row = uploads::get(tx, *upload)?;
                uploads::happen(tx, &row, &Event::Interrupted, now)?;
            }
            Ok(found.len() as u64)
        })
    }
}
