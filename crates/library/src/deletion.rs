//! Takes an activity out of the library for good, and remembers that the athlete wanted it. Never touches a service.

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use crate::life::{self, Event};
use crate::{ActivityId, Error, Library, activities, originals, placement, twins, uploads};

impl Library {
    /// Deletes an activity with its uploads; with the last activity of a file its original goes too. A scan leaves the
    /// file alone from now on, a manual import brings it back. What is at a service stays there.
    ///
    /// # Errors
    /// Not found; being sent at this moment; or the database or the disk failed.
    pub fn delete_activity(&mut self, activity: ActivityId, now: Timestamp) -> Result<(), Error> {
        self.change(|tx| delete(tx, activity, now))?;
        self.remove_deleted()
    }
}

fn delete(tx: &Transaction, activity: ActivityId, now: Timestamp) -> Result<(), Error> {
    let row = activities::get(tx, activity)?;
    let part = i64::try_from(row.part).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO tombstone (sha256, part, deleted_at) VALUES (?1, ?2, ?3)",
        params![row.sha256, part, now.as_millisecond()],
    )?;
    let tombstone = tx.last_insert_rowid();
    for upload in uploads::of_activity(tx, activity)? {
        let remembered = life::next(Some(&upload.standing()), &Event::Deleted, now)
            .map_err(|_| Error::BeingSent(activity))?;
        let Some(remembered) = remembered else {
            continue;
        };
        let gone = remembered.standing();
        tx.execute(
            "INSERT INTO gone (tombstone_id, account_id, state, remote_id, link) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![tombstone, upload.account, gone.state.name(), gone.remote_id, gone.link],
        )?;
    }
    let group = twins::unlink(tx, activity)?;
    tx.execute("DELETE FROM activity WHERE id = ?1", [activity])?;
    if let Some(group) = group {
        placement::left_alone(tx, group, now)?;
    }
    let name = row
        .original
        .strip_prefix(originals::FOLDER)
        .unwrap_or(&row.original);
    let name = name
        .iter()
        .map(|piece| piece.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/");
    let last = tx.execute(
        "DELETE FROM original WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM activity WHERE original_id = original.id)",
        [row.sha256],
    )?;
    if last > 0 {
        tx.execute(
            "INSERT INTO removal (path) VALUES (?1) ON CONFLICT DO NOTHING",
            [name],
        )?;
    }
    Ok(())
}
