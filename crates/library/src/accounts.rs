//! Sign-ins at services, as far as uploads need to know them. Holds no secret.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::life::latest;
use crate::text::{line, optional_line, time, unknown_word};
use crate::{AccountId, Error, Library, Reader, Reason};

/// How an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// Signed in; uploads run.
    Connected,
    /// Uploads wait until the athlete has signed in again, for this reason.
    NeedsSignIn(Reason),
    /// Uploads wait: throttled, unreachable, blocked, or because the athlete said so.
    Paused {
        /// Why.
        reason: Reason,
        /// When it goes on by itself; `None`: when somebody says so.
        until: Option<Timestamp>,
        /// How often in a row it had to be paused, this time included.
        times: u32,
    },
    /// Signed out; its uploads are kept for a later sign-in.
    SignedOut,
}

impl AccountState {
    /// Until when it is paused, if it still is; the end of time: until somebody says so.
    pub fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            AccountState::Paused {
                until: Some(until), ..
            } => {
                // Further away than any pause may be: the clock was set back.
                let is_sound = *until > now && *until <= latest(now);
                is_sound.then_some(*until)
            }
            AccountState::Paused { until: None, .. } => Some(Timestamp::MAX),
            _ => None,
        }
    }

    /// How often in a row it had to be paused; a pause that is over counts until an upload went well.
    pub fn pauses(&self) -> u32 {
        match self {
            AccountState::Paused { times, .. } => *times,
            _ => 0,
        }
    }
}

/// One account at a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its number.
    pub id: AccountId,
    /// `map-my-tracks`, `trek-point`.
    pub service: String,
    /// What the service calls it; `None` where it doesn't say.
    pub remote_id: Option<String>,
    /// Who it is, for people: untrusted text.
    pub label: String,
    /// What it may do, in the service's words.
    pub scopes: Vec<String>,
    /// When it was last signed in.
    pub signed_in_at: Timestamp,
    /// How it is.
    pub state: AccountState,
}

impl AccountRow {
    /// Whether it is signed in, if perhaps paused or in need of a new sign-in.
    pub fn is_signed_in(&self) -> bool {
        self.state != AccountState::SignedOut
    }

    /// From when on it works by itself; `None`: somebody has to do something first.
    pub fn works_from(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            AccountState::Connected => Some(now),
            AccountState::Paused { until: Some(_), .. } => {
                Some(self.state.rests_until(now).unwrap_or(now))
            }
            AccountState::Paused { until: None, .. }
            | AccountState::NeedsSignIn(_)
            | AccountState::SignedOut => None,
        }
    }
}

/// A sign-in that just succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// `map-my-tracks`, `trek-point`.
    pub service: String,
    /// What the service calls the account, where it says so.
    pub remote_id: Option<String>,
    /// Whether the service says so as a rule.
    pub tells_who: bool,
    /// Who it is, for people.
    pub label: String,
    /// What it may do, in the service's words.
    pub scopes: Vec<String>,
}

/// What to do when the service says that it is another account than the one known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfOther {
    /// Change nothing and answer [`SignedIn::Other`].
    Ask,
    /// Sign the known one out and take this one.
    Switch,
}

/// What came of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// An account that the library didn't know.
    New(AccountId),
    /// The known account, with its uploads as they were.
    Again(AccountId),
    /// Another account than this one was signed in; nothing has changed.
    Other(Box<AccountRow>),
    /// The service tells who signs in, but did not this time. It may be somebody else than this one, whose uploads must not go
    /// to them; nothing has changed.
    Unconfirmed(Box<AccountRow>),
}

const COLUMNS: &str = "id, service, remote_id, label, scopes, signed_in_at, state, code, title, hint, until_ms, pauses";

fn row(row: &Row) -> rusqlite::Result<AccountRow> {
    let scopes: String = row.get(4)?;
    let reason = Reason {
        code: row.get(7)?,
        title: row.get(8)?,
        hint: row.get(9)?,
    };
    let state = match row.get::<_, String>(6)?.as_str() {
        "connected" => AccountState::Connected,
        "needs_sign_in" => AccountState::NeedsSignIn(reason),
        "paused" => AccountState::Paused {
            reason,
            until: row.get::<_, Option<i64>>(10)?.map(time),
            times: row.get(11)?,
        },
        "signed_out" => AccountState::SignedOut,
        other => return Err(unknown_word("account state", other)),
    };
    Ok(AccountRow {
        id: row.get(0)?,
        service: row.get(1)?,
        remote_id: row.get(2)?,
        label: row.get(3)?,
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        signed_in_at: time(row.get(5)?),
        state,
    })
}

pub(crate) fn get(db: &Connection, account: AccountId) -> Result<AccountRow, Error> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE id = ?1");
    let found = db
        .prepare_cached(&sql)?
        .query_row([account], row)
        .optional()?;
    found.ok_or_else(|| Error::not_found("account", account))
}

fn all(db: &Connection) -> Result<Vec<AccountRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM account ORDER BY id");
    Ok(db
        .prepare_cached(&sql)?
        .query_map([], row)?
        .collect::<Result<_, _>>()?)
}

impl Reader {
    /// All accounts, also those that are signed out, in the order in which they came.
    ///
    /// # Errors
    /// The database failed.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, Error> {
        all(&self.db)
    }

    /// Who stands against a sign-in, as [`Library::sign_in_account`] would answer; none: it would be written.
    ///
    /// # Errors
    /// The database failed.
    pub fn turns_away(
        &self,
        sign_in: &SignIn,
        if_other: IfOther,
    ) -> Result<Option<SignedIn>, Error> {
        Ok(admission(&all(&self.db)?, sign_in, if_other).err())
    }

    /// One account.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn account(&self, account: AccountId) -> Result<AccountRow, Error> {
        get(&self.db, account)
    }
}

impl Library {
    /// Writes a sign-in. The same account at the service (or one of which the service doesn't say who it is) keeps its row
    /// and its uploads. Activities that are in the library already are not queued: see [`Library::send_earlier`].
    ///
    /// # Errors
    /// The database failed.
    pub fn sign_in_account(
        &mut self,
        sign_in: &SignIn,
        if_other: IfOther,
        now: Timestamp,
    ) -> Result<SignedIn, Error> {
        self.change(|tx| {
            let known = all(tx)?;
            let (again, leaves) = match admission(&known, sign_in, if_other) {
                Ok(admitted) => admitted,
                Err(turned_away) => return Ok(turned_away),
            };
            if let Some(leaves) = leaves {
                write_state(tx, leaves, &AccountState::SignedOut)?;
            }
            let remote_id = optional_line(sign_in.remote_id.as_deref(), 200);
            match again {
                Some(account) => {
                    write_sign_in(tx, account, remote_id.as_deref(), sign_in, now)?;
                    write_state(tx, account, &AccountState::Connected)?;
                    Ok(SignedIn::Again(account))
                }
                None => insert(tx, remote_id.as_deref(), sign_in, now).map(SignedIn::New),
            }
        })
    }

    /// Signs an account out. Its uploads stay as they are for a later sign-in; none is sent until then.
    ///
    /// # Errors
    /// No such account, or the database failed.
    pub fn sign_out_account(&mut self, account: AccountId) -> Result<(), Error> {
        self.change(|tx| {
            get(tx, account)?;
            write_state(tx, account, &AccountState::SignedOut)
        })
    }

    /// Writes how an account is. A pause that asks for more than [`crate::LONGEST_WAIT`] is cut to it.
    ///
    /// # Errors
    /// No such account, or the database failed.
    pub fn set_account_state(
        &mut self,
        account: AccountId,
        state: &AccountState,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.move_account(account, |_| Some(state.clone()), now)
    }

    /// Sets where an account stands, given where it stands now; nothing leaves it so.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn move_account(
        &mut self,
        account: AccountId,
        after: impl FnOnce(&AccountState) -> Option<AccountState>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.change(|tx| move_on(tx, account, after, now))
    }
}

/// Which account a sign-in is of, where it is one that is known, and which one leaves for it; or that it is turned away.
fn admission(
    all: &[AccountRow],
    sign_in: &SignIn,
    if_other: IfOther,
) -> Result<(Option<AccountId>, Option<AccountId>), SignedIn> {
    let known: Vec<&AccountRow> = all
        .iter()
        .filter(|account| account.service == sign_in.service)
        .collect();
    let known = || known.iter().copied();
    let remote_id = optional_line(sign_in.remote_id.as_deref(), 200);
    let same = known().find(|account| remote_id.is_some() && account.remote_id == remote_id);
    let current = known().find(|account| account.is_signed_in());
    let in_use = current.or(known().last());
    let is_named = known().any(|account| account.remote_id.is_some());
    if let Some(in_use) = in_use
        && remote_id.is_none()
        && sign_in.tells_who
        && is_named
    {
        return Err(SignedIn::Unconfirmed(Box::new(in_use.clone())));
    }
    let unnamed = in_use.filter(|account| remote_id.is_none() || account.remote_id.is_none());
    let again = same.or(unnamed);
    let before = current.or(again.is_none().then_some(in_use).flatten());
    let other = before.filter(|before| again.is_none_or(|again| again.id != before.id));
    match other {
        Some(other) if if_other == IfOther::Ask => Err(SignedIn::Other(Box::new(other.clone()))),
        _ => Ok((again.map(|again| again.id), other.map(|other| other.id))),
    }
}

/// See [`Library::move_account`]; a pause ends after [`crate::LONGEST_WAIT`] at the latest.
pub(crate) fn move_on(
    tx: &Transaction,
    account: AccountId,
    after: impl FnOnce(&AccountState) -> Option<AccountState>,
    now: Timestamp,
) -> Result<(), Error> {
    let known = get(tx, account)?;
    let Some(mut state) = after(&known.state) else {
        return Ok(());
    };
    if let AccountState::Paused {
        until: Some(until), ..
    } = &mut state
    {
        *until = latest(now).min(*until);
    }
    write_state(tx, account, &state)
}

fn insert(
    tx: &Transaction,
    remote_id: Option<&str>,
    sign_in: &SignIn,
    now: Timestamp,
) -> Result<AccountId, Error> {
    tx.execute(
        "INSERT INTO account (service, label, scopes, signed_in_at, state) VALUES (?1, '', '', 0, 'connected')",
        [&sign_in.service],
    )?;
    let account = AccountId(tx.last_insert_rowid());
    write_sign_in(tx, account, remote_id, sign_in, now)?;
    Ok(account)
}

fn write_sign_in(
    tx: &Transaction,
    account: AccountId,
    remote_id: Option<&str>,
    sign_in: &SignIn,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(
        "UPDATE account SET remote_id = coalesce(?2, remote_id), label = ?3, scopes = ?4, signed_in_at = ?5 WHERE id = ?1",
        params![
            account,
            remote_id,
            line(&sign_in.label, 200),
            line(&sign_in.scopes.join(" "), 500),
            now.as_millisecond()
        ],
    )?;
    Ok(())
}

fn write_state(tx: &Transaction, account: AccountId, state: &AccountState) -> Result<(), Error> {
    let none = Reason::default();
    let (word, reason, until) = match state {
        AccountState::Connected => ("connected", &none, None),
        AccountState::NeedsSignIn(reason) => ("needs_sign_in", reason, None),
        AccountState::Paused { reason, until, .. } => ("paused", reason, *until),
        AccountState::SignedOut => ("signed_out", &none, None),
    };
    let [code, title, hint] = reason.stored();
    tx.execute(
        "UPDATE account SET state = ?2, code = ?3, title = ?4, hint = ?5, until_ms = ?6, pauses = ?7 WHERE id = ?1",
        params![
            account,
            word,
            code,
            title,
            hint,
            until.map(Timestamp::as_millisecond),
            state.pauses()
        ],
    )?;
    Ok(())
}
