//! Whether an activity goes to an account by itself or waits for the athlete's word: devices' choices, damage, twins.
//! Knows nothing of services.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use track::Format;

use crate::life::{DAMAGED, DEVICE_CHOICE, Event, OLDER, Place, TWIN};
use crate::text::{time, unknown_word};
use crate::{AccountId, ActivityId, Error, State, uploads};

/// How far back the activities of an origin are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing is sent before the athlete has chosen.
    Pending,
    /// What started at or after this time; `None`: everything.
    Since(Option<Timestamp>),
}

/// What placement asks of an activity.
struct Facts {
    started: Timestamp,
    whole: bool,
    rank: u8,
    group: ActivityId,
}

fn facts(db: &Connection, activity: ActivityId) -> Result<Facts, Error> {
    let found = db
        .prepare_cached(
            "SELECT coalesce(a.start_ms, a.kept_at), o.whole, o.format, coalesce(a.twin_of, a.id)
             FROM activity a JOIN original o ON o.id = a.original_id WHERE a.id = ?1",
        )?
        .query_row([activity], |row| {
            let rank = rank(&row.get::<_, String>(2)?)?;
            Ok(Facts {
                started: time(row.get(0)?),
                whole: row.get(1)?,
                rank,
                group: row.get(3)?,
            })
        })
        .optional()?;
    found.ok_or_else(|| Error::not_found("activity", activity))
}

/// How much of an activity a format carries, less is better: FIT, TCX, GPX.
fn rank(format: &str) -> rusqlite::Result<u8> {
    match Format::from_name(format) {
        Some(Format::Fit) => Ok(0),
        Some(Format::Tcx) => Ok(1),
        Some(Format::Gpx) => Ok(2),
        None => Err(unknown_word("format", format)),
    }
}

/// Decides for one activity and account. Twins that wait although this one is better are put on hold in the same breath.
pub(crate) fn place(
    tx: &Transaction,
    activity: ActivityId,
    account: AccountId,
    reach: Reach,
    now: Timestamp,
) -> Result<Place, Error> {
    if let Some(place) = place_by_date(tx, activity, reach)? {
        return Ok(place);
    }
    let facts = facts(tx, activity)?;
    if !facts.whole {
        return Ok(Place::Held(DAMAGED));
    }
    let twins = twins(tx, activity, facts.group, account)?;
    if twins.iter().any(|twin| twin.goes_before(facts.rank)) {
        return Ok(Place::Held(TWIN));
    }
    for twin in twins
        .iter()
        .filter(|twin| twin.state == Some(State::Waiting))
    {
        if let Some(upload) = uploads::of(tx, twin.activity, account)? {
            uploads::happen(tx, &upload, &Event::Outdone, now)?;
        }
    }
    Ok(Place::Queued)
}

/// After one of a group was deleted: those that were held for it, and for no other, say so.
pub(crate) fn left_alone(tx: &Transaction, group: ActivityId, now: Timestamp) -> Result<(), Error> {
    let mut select = tx.prepare_cached("SELECT id FROM activity WHERE id = ?1 OR twin_of = ?1")?;
    let members: Vec<ActivityId> = select
        .query_map([group], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for activity in members {
        let rank = facts(tx, activity)?.rank;
        for upload in uploads::of_activity(tx, activity)? {
            let twins = twins(tx, activity, group, upload.account)?;
            let is_held = upload.state == State::Held && upload.reason_code == TWIN.code;
            if is_held && !twins.iter().any(|twin| twin.goes_before(rank)) {
                uploads::happen(tx, &upload, &Event::LeftAlone, now)?;
            }
        }
    }
    Ok(())
}

/// What the reach alone says: `None` if it doesn't hold the activity back.
pub(crate) fn place_by_date(
    db: &Connection,
    activity: ActivityId,
    reach: Reach,
) -> Result<Option<Place>, Error> {
    Ok(match reach {
        Reach::Pending => Some(Place::Held(DEVICE_CHOICE)),
        Reach::Since(Some(since)) if facts(db, activity)?.started < since => {
            Some(Place::Held(OLDER))
        }
        Reach::Since(_) => None,
    })
}

/// Another activity of the same group, from another file, and how it stands with the account.
struct Twin {
    activity: ActivityId,
    rank: u8,
    whole: bool,
    state: Option<State>,
    code: String,
    perhaps_arrived: bool,
}

impl Twin {
    /// Whether this twin keeps a newcomer of that rank from being sent by itself.
    fn goes_before(&self, rank: u8) -> bool {
        let as_good = self.rank <= rank && self.whole;
        match self.state {
            // Perhaps or surely there, or the athlete spoke about it: only he can want a second one.
            _ if self.perhaps_arrived => true,
            Some(
                State::Sending
                | State::Processing
                | State::Sent
                | State::Existing
                | State::Unsure
                | State::Dismissed,
            ) => true,
            Some(State::Held) if self.code == "user" => true,
            // It waits for something else; when that comes, it is placed again and finds this one.
            Some(State::Held) if self.code != TWIN.code => false,
            Some(State::Held | State::Waiting | State::Refused) | None => as_good,
        }
    }
}

fn twins(
    db: &Connection,
    activity: ActivityId,
    group: ActivityId,
    account: AccountId,
) -> Result<Vec<Twin>, Error> {
    let mut select = db.prepare_cached(
        "SELECT a.id, o.format, o.whole, u.state, u.reason_code, coalesce(u.perhaps_arrived, 0)
         FROM activity a JOIN original o ON o.id = a.original_id
         LEFT JOIN upload u ON u.activity_id = a.id AND u.account_id = ?3
         WHERE a.id IN (SELECT ?2 UNION SELECT id FROM activity WHERE twin_of = ?2)
           AND a.original_id <> (SELECT original_id FROM activity WHERE id = ?1)",
    )?;
    let found = select.query_map(params![activity, group, account], |row| {
        let state: Option<String> = row.get(3)?;
        Ok(Twin {
            activity: row.get(0)?,
            rank: rank(&row.get::<_, String>(1)?)?,
            whole: row.get(2)?,
            state: state.as_deref().map(uploads::state).transpose()?,
            code: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            perhaps_arrived: row.get(5)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
