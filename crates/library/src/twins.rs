//! Finds activities that are likely the same outing in another file, and links them. Decides nothing about uploads.

use rusqlite::{Transaction, params};
use track::Track;

use crate::{ActivityId, Error};

/// Two devices, or a device and a web site, disagree about the start by so much at most.
const START_MS: i64 = 2_000;
const ELAPSED_S: f64 = 5.0;
const DISTANCE_PART: f64 = 0.02;
/// The same identity counts only this near: a device with a dead clock gives all its files the same one.
const SAME_OUTING_MS: i64 = 86_400_000;
/// A hostile pile of files with one start makes keeping slower only up to here.
const MOST: i64 = 100;

/// Links a new activity to its likely twins in other files. All twins point to the first of them.
pub(crate) fn link(
    tx: &Transaction,
    activity: ActivityId,
    original: i64,
    track: &Track,
) -> Result<Option<ActivityId>, Error> {
    let mut groups = groups(tx, original, track)?;
    groups.sort_unstable();
    groups.dedup();
    let Some((&first, others)) = groups.split_first() else {
        return Ok(None);
    };
    let mut point =
        tx.prepare_cached("UPDATE activity SET twin_of = ?1 WHERE id = ?2 OR twin_of = ?2")?;
    for other in others {
        point.execute([first, *other])?;
    }
    point.execute([first, activity])?;
    Ok(Some(first))
}

/// The groups (by their first activity) that the track belongs to.
fn groups(tx: &Transaction, original: i64, track: &Track) -> Result<Vec<ActivityId>, Error> {
    let start_ms = track.start.map(jiff::Timestamp::as_millisecond);
    // Without a start the range is empty.
    let (from, to) = start_ms.map_or((1, 0), |ms| (ms - START_MS, ms + START_MS));
    let mut select = tx.prepare_cached(
        "SELECT coalesce(twin_of, id), identity = ?2, start_ms, elapsed_s, distance_m FROM activity
         WHERE original_id <> ?1
           AND id IN (SELECT id FROM activity WHERE identity = ?2
                      UNION SELECT id FROM activity WHERE order_ms BETWEEN ?3 AND ?4)
         ORDER BY id LIMIT ?5",
    )?;
    let mut rows = select.query(params![original, track.identity(), from, to, MOST])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let same_identity = row.get::<_, Option<bool>>(1)?.unwrap_or(false);
        let apart = start_ms
            .zip(row.get::<_, Option<i64>>(2)?)
            .map(|(a, b)| a.abs_diff(b));
        let near = |most: i64| apart.is_some_and(|apart| apart <= most.unsigned_abs());
        let alike = within(track.elapsed_s, row.get(3)?, |_| ELAPSED_S)
            || within(track.distance_m, row.get(4)?, |longer| {
                longer * DISTANCE_PART
            });
        if same_identity && (apart.is_none() || near(SAME_OUTING_MS)) || near(START_MS) && alike {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Whether both are known and no further apart than the larger one allows.
fn within(a: Option<f64>, b: Option<f64>, allowed: impl Fn(f64) -> f64) -> bool {
    a.zip(b)
        .is_some_and(|(a, b)| (a - b).abs() <= allowed(a.max(b)))
}

/// Before an activity goes: those that point to it point to the oldest that stays. Answers the first of those that stay of its
/// group.
pub(crate) fn unlink(tx: &Transaction, activity: ActivityId) -> Result<Option<ActivityId>, Error> {
    let mut select = tx.prepare_cached("SELECT min(id) FROM activity WHERE twin_of = ?1")?;
    if let Some(first) = select.query_row([activity], |row| row.get::<_, Option<ActivityId>>(0))? {
        tx.execute(
            "UPDATE activity SET twin_of = ?1 WHERE twin_of = ?2 AND id <> ?1",
            [first, activity],
        )?;
        tx.execute("UPDATE activity SET twin_of = NULL WHERE id = ?1", [first])?;
        return Ok(Some(first));
    }
    let mut select = tx.prepare_cached("SELECT twin_of FROM activity WHERE id = ?1")?;
    Ok(select.query_row([activity], |row| row.get(0))?)
}
