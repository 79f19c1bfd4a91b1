//! Takes a staged file into the library: first the bytes to their place, then the rows, so that no row is without its
//! file whenever the power goes. Knows neither devices nor services.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use track::{Reading, Track};

use crate::devices::{device_row_id, reach_of_device};
use crate::life::{Event, Gone};
use crate::{
    AccountId, ActivityId, Error, Library, Reach, StagedFile, UploadRow, activities, disk,
    originals, placement, twins, uploads,
};

/// Where a file came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The device's key; `None` for a file that was imported from elsewhere.
    pub device: Option<String>,
    /// The file's name there: untrusted text, shown and searched, never used as a path.
    pub file_name: String,
    /// The athlete asked for this very file: what he deleted earlier is taken in again.
    pub manual: bool,
    /// How far back its activities are sent. `Pending` gives way to a choice that the device's row already holds.
    pub reach: Reach,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// These activities are new.
    New(Vec<ActivityId>),
    /// The same bytes were here already, as these activities.
    Known(Vec<ActivityId>),
    /// The athlete deleted all of it earlier; nothing was kept.
    Deleted,
    /// Nothing in it is an activity; nothing was kept.
    NoActivity,
}

/// What the library already holds of a file.
struct Held {
    original: Option<(i64, String)>,
    activities: Vec<(usize, ActivityId)>,
    deleted: HashSet<usize>,
}

impl Library {
    /// Keeps the file and its activities, and queues an upload for each account that is signed in.
    ///
    /// The file is on the disk under its name before its rows are written. When this fails after that, the file stays:
    /// keeping the same bytes again finds it and goes on.
    ///
    /// # Errors
    /// The disk is full or cannot be written, or the database failed; the rows are then as they were.
    pub fn keep(
        &mut self,
        file: StagedFile,
        reading: &Reading,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Kept, Error> {
        let held = held(&self.db, file.sha256())?;
        let mut wanted = activity_parts(reading).peekable();
        if wanted.peek().is_none() && held.activities.is_empty() {
            return Ok(Kept::NoActivity);
        }
        let wanted: Vec<(usize, &Track)> = wanted
            .filter(|(part, _)| !held.activities.iter().any(|(held, _)| held == part))
            .filter(|(part, _)| origin.manual || !held.deleted.contains(part))
            .collect();
        if wanted.is_empty() {
            return self.known(file, held, now);
        }
        let name = match &held.original {
            Some((_, name)) => name.clone(),
            None => self.free_name(reading, &file, &origin.file_name)?,
        };
        let (sha256, size) = (*file.sha256(), file.size());
        if held.original.is_none() {
            originals::place(&*self.disk, &self.folder, file, &name)?;
        } else {
            self.put_back(file, &name)?;
        }
        let original = Original { sha256, size, name };
        self.change(|tx| {
            go_on(tx, &held.activities, now)?;
            let id = match held.original {
                Some((id, _)) => id,
                None => insert_original(tx, &original, reading, now)?,
            };
            let mut new = Vec::with_capacity(wanted.len());
            for (part, track) in wanted {
                new.push(insert(
                    tx,
                    (id, part),
                    &sha256,
                    reading,
                    track,
                    origin,
                    now,
                )?);
            }
            Ok(Kept::New(new))
        })
    }

    /// Nothing new in it. An original that went missing since is put back, now that its bytes are here again.
    fn known(&mut self, file: StagedFile, held: Held, now: Timestamp) -> Result<Kept, Error> {
        let Some((_, name)) = held.original else {
            return Ok(Kept::Deleted);
        };
        self.put_back(file, &name)?;
        // Not only where it was away: it may have been put back in a run that ended before this.
        if !waiting(&self.db, &held.activities)?.is_empty() {
            self.change(|tx| go_on(tx, &held.activities, now))?;
        }
        Ok(Kept::Known(
            held.activities.into_iter().map(|(_, id)| id).collect(),
        ))
    }

    /// An original that has its row is where that says, byte for byte, and its name on the disk. One that was changed since, or
    /// cannot be read, gives way to these bytes.
    fn put_back(&self, file: StagedFile, name: &str) -> Result<(), Error> {
        if originals::is_whole(&self.folder, name, file.sha256()) {
            originals::sync_name(&*self.disk, &self.folder, name)
        } else {
            originals::place(&*self.disk, &self.folder, file, name)
        }
    }

    /// The short name, or the one with the whole hash should another file already have the short one. An original that lies in its
    /// folder without a row, because the database was lost, keeps its name, however this version reads it.
    fn free_name(
        &self,
        reading: &Reading,
        file: &StagedFile,
        file_name: &str,
    ) -> Result<String, Error> {
        let sha256 = file.sha256();
        let is_taken = |name: &str| -> Result<bool, Error> {
            let select = "SELECT EXISTS (SELECT 1 FROM original WHERE path = ?1)";
            Ok(self.db.query_row(select, [name], |row| row.get(0))?)
        };
        if let Some(own) = originals::own_name(file_name, sha256)
            && originals::is_whole(&self.folder, &own, sha256)
            && !is_taken(&own)?
        {
            return Ok(own);
        }
        let short = originals::name(reading, file, 12);
        if !is_taken(&short)? && originals::is_free(&self.folder, &short, sha256)? {
            return Ok(short);
        }
        Ok(originals::name(reading, file, 64))
    }

    /// Removes originals whose deletion is committed; one that cannot be removed now is tried again at the next start.
    pub(crate) fn remove_deleted(&mut self) -> Result<(), Error> {
        let mut select = self.db.prepare("SELECT path FROM removal")?;
        let names: Vec<String> = select
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        drop(select);
        for name in names {
            let path = originals::path(&self.folder, &name);
            if disk::remove(&*self.disk, &path)
                .and_then(|()| disk::sync_folder_of(&*self.disk, &path))
                .is_err()
            {
                continue;
            }
            // The deletion is committed whatever becomes of the note: what is not there is removed again in vain.
            let _ = self.note(|tx| Ok(tx.execute("DELETE FROM removal WHERE path = ?1", [&name])?));
        }
        Ok(())
    }
}

/// The uploads of these that wait for their original.
fn waiting(db: &Connection, activities: &[(usize, ActivityId)]) -> Result<Vec<UploadRow>, Error> {
    let mut waiting = Vec::new();
    for (_, activity) in activities {
        let all = uploads::of_activity(db, *activity)?.into_iter();
        waiting.extend(all.filter(UploadRow::waits_for_its_original));
    }
    Ok(waiting)
}

/// What waits for an original that is there again goes on.
fn go_on(
    tx: &Transaction,
    activities: &[(usize, ActivityId)],
    now: Timestamp,
) -> Result<(), Error> {
    for upload in waiting(tx, activities)? {
        uploads::happen(tx, &upload, &Event::PutBack, now)?;
    }
    Ok(())
}

/// What becomes activities: each track of the file that is one.
fn activity_parts(reading: &Reading) -> impl Iterator<Item = (usize, &Track)> {
    reading
        .tracks
        .iter()
        .enumerate()
        .filter(|(_, track)| track.kind.is_activity())
}

fn held(db: &Connection, sha256: &[u8; 32]) -> Result<Held, Error> {
    let original = db
        .prepare_cached("SELECT id, path FROM original WHERE sha256 = ?1")?
        .query_row([sha256], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let mut select = db.prepare_cached(
        "SELECT a.part, a.id FROM activity a JOIN original o ON o.id = a.original_id WHERE o.sha256 = ?1 ORDER BY a.part",
    )?;
    let found = select.query_map([sha256], |row| Ok((part(row.get(0)?), row.get(1)?)))?;
    let activities = found.collect::<Result<_, _>>()?;
    let mut select = db.prepare_cached("SELECT part FROM tombstone WHERE sha256 = ?1")?;
    let deleted = select
        .query_map([sha256], |row| row.get(0).map(part))?
        .collect::<Result<_, _>>()?;
    Ok(Held {
        original,
        activities,
        deleted,
    })
}

fn part(stored: i64) -> usize {
    usize::try_from(stored).unwrap_or(usize::MAX)
}

/// A file in its place, about to get its row.
struct Original {
    sha256: [u8; 32],
    size: u64,
    name: String,
}

fn insert_original(
    tx: &Transaction,
    file: &Original,
    reading: &Reading,
    now: Timestamp,
) -> Result<i64, Error> {
    tx.execute("DELETE FROM removal WHERE path = ?1", [&file.name])?;
    tx.execute(
        "INSERT INTO original (sha256, path, bytes, format, whole, kept_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            file.sha256,
            file.name,
            i64::try_from(file.size).unwrap_or(i64::MAX),
            reading.format.name(),
            reading.complete,
            now.as_millisecond(),
        ],
    )?;
    Ok(tx.last_insert_rowid())
}

/// One activity with its twins and its uploads.
fn insert(
    tx: &Transaction,
    (original, part): (i64, usize),
    sha256: &[u8; 32],
    reading: &Reading,
    track: &Track,
    origin: &Origin,
    now: Timestamp,
) -> Result<ActivityId, Error> {
    let device = match &origin.device {
        Some(key) => Some(device_row_id(tx, key, now)?),
        None => None,
    };
    let id = activities::insert(tx, (original, part), reading, track, origin, device, now)?;
    twins::link(tx, id, original, track)?;
    let reach = match (origin.reach, device) {
        (Reach::Pending, Some(device)) => reach_of_device(tx, device)?,
        (reach, _) => reach,
    };
    take_up(tx, id, sha256, part, now)?;
    let mut select =
        tx.prepare_cached("SELECT id FROM account WHERE state <> 'signed_out' ORDER BY id")?;
    let accounts: Vec<AccountId> = select
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for account in accounts {
        if uploads::of(tx, id, account)?.is_none() {
            let place = placement::place(tx, id, account, reach, now)?;
            uploads::begin(tx, id, account, &Event::Placed(place), now)?;
        }
    }
    Ok(id)
}

/// A deleted activity comes back: where it had already gone, it is there still and isn't sent again.
fn take_up(
    tx: &Transaction,
    id: ActivityId,
    sha256: &[u8; 32],
    part: usize,
    now: Timestamp,
) -> Result<(), Error> {
    let part = i64::try_from(part).unwrap_or(i64::MAX);
    let mut select = tx.prepare_cached(
        "SELECT g.account_id, g.state, g.remote_id, g.link FROM gone g JOIN tombstone t ON t.id = g.tombstone_id
         WHERE t.sha256 = ?1 AND t.part = ?2",
    )?;
    let mut rows = select.query(params![sha256, part])?;
    while let Some(row) = rows.next()? {
        let gone = Gone {
            state: uploads::state(&row.get::<_, String>(1)?)?,
            remote_id: row.get(2)?,
            link: row.get(3)?,
        };
        uploads::begin(tx, id, row.get(0)?, &Event::TakenUp(&gone), now)?;
    }
    tx.execute(
        "DELETE FROM tombstone WHERE sha256 = ?1 AND part = ?2",
        params![sha256, part],
    )?;
    Ok(())
}
