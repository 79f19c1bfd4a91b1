//! Activity rows: what a list, a filter or an upload needs to know without opening the original. Holds no points.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::Offset;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use track::{Bounds, Format, Reading, Sport, Track};

use crate::originals::Original;
use crate::text::{count, finite, line, optional_line, time, unknown_word};
use crate::{ActivityId, Error, Origin, Reader, originals};

/// What history sorts an activity without a start by: after all others.
const NO_START_MS: i64 = i64::MIN / 2;
/// A thumbnail's line: two bytes a point, 200 bytes at most.
const OUTLINE_POINTS: usize = 100;
/// What could not be read is told in so many lines; the rest is in the original.
const SKIPPED_LINES: usize = 50;

/// One thing the athlete did, as far as it is known without opening its original. SI units; absent is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityRow {
    /// Its number.
    pub id: ActivityId,
    /// SHA-256 of the original file.
    pub sha256: [u8; 32],
    /// Which of the file's tracks it is, from 0: the index in [`Reading::tracks`].
    pub part: usize,
    /// What tells it from others whatever file it is in.
    pub identity: Option<String>,
    /// The activity that it is a likely twin of.
    pub twin_of: Option<ActivityId>,
    /// UTC.
    pub start: Option<Timestamp>,
    /// Local time minus UTC in seconds; `None`: unknown.
    pub utc_offset_s: Option<i32>,
    /// `2026-11` by local time; empty without a start.
    pub month: String,
    /// The sport.
    pub sport: Sport,
    /// Its finer name, as the file has it: untrusted text.
    pub sub_sport: Option<String>,
    /// The name in the file: untrusted text.
    pub name: Option<String>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Seconds, with pauses.
    pub elapsed_s: Option<f64>,
    /// Seconds, without pauses.
    pub timer_s: Option<f64>,
    /// Metres climbed.
    pub ascent_m: Option<f64>,
    /// Points in the file.
    pub points: u64,
    /// Of these, those with a position.
    pub positions: u64,
    /// Laps.
    pub laps: u64,
    /// Sessions; more than one is multisport.
    pub sessions: u64,
    /// The box around all positions, in degrees.
    pub bounds: Option<Bounds>,
    /// x, y pairs in 0..=100, y downwards; empty without positions.
    pub outline: Vec<u8>,
    /// Of the original.
    pub format: Format,
    /// The original's sizes and checksums are right, or its XML root is closed.
    pub whole: bool,
    /// What could not be read, one sentence each.
    pub skipped: Vec<String>,
    /// The maker of the device, as the file says.
    pub manufacturer: Option<String>,
    /// The product, as the file says.
    pub product: Option<String>,
    /// The device's serial number, as the file says.
    pub serial: Option<u64>,
    /// Where the original lies, below the library folder: `originals/2026/….fit`.
    pub original: PathBuf,
    /// Of the original.
    pub original_bytes: u64,
    /// The key of the device that it came from.
    pub device: Option<String>,
    /// The file's name where it came from: untrusted text.
    pub file_name: String,
    /// When it was taken in.
    pub kept_at: Timestamp,
}

impl ActivityRow {
    /// Whether the original is incomplete, or something in it could not be read.
    pub fn is_damaged(&self) -> bool {
        !self.whole || !self.skipped.is_empty()
    }
}

pub(crate) const COLUMNS: &str = "a.id, o.sha256, a.part, a.identity, a.twin_of, a.start_ms, a.utc_offset_s, a.month, \
     a.sport, a.sub_sport, a.name, a.distance_m, a.elapsed_s, a.timer_s, a.ascent_m, a.points, a.positions, a.laps, \
     a.sessions, a.south, a.west, a.north, a.east, a.outline, o.format, o.whole, a.skipped, a.manufacturer, \
     a.product, a.serial, o.path, o.bytes, \
     (SELECT d.key FROM device d WHERE d.id = a.device_id), a.file_name, a.kept_at";
pub(crate) const TABLES: &str = "activity a JOIN original o ON o.id = a.original_id";

pub(crate) fn row(row: &Row) -> rusqlite::Result<ActivityRow> {
    let sport: String = row.get(8)?;
    let format: String = row.get(24)?;
    let skipped: String = row.get(26)?;
    let name: String = row.get(30)?;
    let mut original = PathBuf::from(originals::FOLDER);
    original.extend(name.split('/'));
    Ok(ActivityRow {
        id: row.get(0)?,
        sha256: row.get(1)?,
        part: usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX),
        identity: row.get(3)?,
        twin_of: row.get(4)?,
        start: row.get::<_, Option<i64>>(5)?.map(time),
        utc_offset_s: row.get(6)?,
        month: row.get(7)?,
        sport: Sport::from_name(&sport).unwrap_or_default(),
        sub_sport: row.get(9)?,
        name: row.get(10)?,
        distance_m: row.get(11)?,
        elapsed_s: row.get(12)?,
        timer_s: row.get(13)?,
        ascent_m: row.get(14)?,
        points: count(row.get(15)?),
        positions: count(row.get(16)?),
        laps: count(row.get(17)?),
        sessions: count(row.get(18)?),
        bounds: bounds(row)?,
        outline: row.get(23)?,
        format: Format::from_name(&format).ok_or_else(|| unknown_word("format", &format))?,
        whole: row.get(25)?,
        skipped: skipped.lines().map(str::to_owned).collect(),
        manufacturer: row.get(27)?,
        product: row.get(28)?,
        serial: row
            .get::<_, Option<String>>(29)?
            .and_then(|serial| serial.parse().ok()),
        original,
        original_bytes: count(row.get(31)?),
        device: row.get(32)?,
        file_name: row.get(33)?,
        kept_at: time(row.get(34)?),
    })
}

fn bounds(row: &Row) -> rusqlite::Result<Option<Bounds>> {
    let sides = (row.get(19)?, row.get(20)?, row.get(21)?, row.get(22)?);
    Ok(match sides {
        (Some(south), Some(west), Some(north), Some(east)) => Some(Bounds {
            south,
            west,
            north,
            east,
        }),
        _ => None,
    })
}

impl Reader {
    /// One activity.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn activity(&self, activity: ActivityId) -> Result<ActivityRow, Error> {
        get(&self.db, activity)
    }

    /// The original of an activity.
    ///
    /// # Errors
    /// Not found, or the database failed.
    pub fn original(&self, activity: ActivityId) -> Result<Original, Error> {
        let row = self.activity(activity)?;
        Ok(Original {
            path: self.folder.join(row.original),
            sha256: row.sha256,
        })
    }

    /// The activities of a file with these bytes, by part; none if it isn't in the library.
    ///
    /// # Errors
    /// The database failed.
    pub fn activities_of(&self, sha256: &[u8; 32]) -> Result<Vec<ActivityId>, Error> {
        let sql = format!("SELECT a.id FROM {TABLES} WHERE o.sha256 = ?1 ORDER BY a.part");
        let mut select = self.db.prepare_cached(&sql)?;
        let found = select.query_map([sha256], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

pub(crate) fn get(db: &Connection, activity: ActivityId) -> Result<ActivityRow, Error> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE a.id = ?1");
    let found = db
        .prepare_cached(&sql)?
        .query_row([activity], row)
        .optional()?;
    found.ok_or_else(|| Error::not_found("activity", activity))
}

/// Writes the row of one track of a file.
pub(crate) fn insert(
    tx: &Transaction,
    (original, part): (i64, usize),
    reading: &Reading,
    track: &Track,
    origin: &Origin,
    device: Option<i64>,
    now: Timestamp,
) -> Result<ActivityId, Error> {
    let start_ms = track.start.map(Timestamp::as_millisecond);
    let bounds = track.bounds();
    let name = optional_line(track.name.as_deref(), 200);
    let file_name = line(&origin.file_name, 255);
    tx.prepare_cached(
        "INSERT INTO activity (original_id, part, identity, start_ms, order_ms, utc_offset_s, month, sport, sub_sport,
             name, distance_m, elapsed_s, timer_s, ascent_m, points, positions, laps, sessions, south, west, north, east,
             outline, skipped, manufacturer, product, serial, device_id, file_name, search, kept_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
             ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)",
    )?
    .execute(params![
        original,
        i64::try_from(part).unwrap_or(i64::MAX),
        track.identity(),
        start_ms,
        start_ms.unwrap_or(NO_START_MS),
        track.utc_offset_s,
        month(track),
        track.sport.name(),
        optional_line(track.sub_sport.as_deref(), 80),
        name,
        finite(track.distance_m),
        finite(track.elapsed_s),
        finite(track.timer_s),
        finite(track.ascent_m),
        track.file_points,
        track.file_positions,
        track.file_laps,
        track.file_sessions,
        bounds.map(|bounds| bounds.south),
        bounds.map(|bounds| bounds.west),
        bounds.map(|bounds| bounds.north),
        bounds.map(|bounds| bounds.east),
        outline(track),
        skipped(reading, track),
        optional_line(track.source.manufacturer.as_deref(), 80),
        optional_line(track.source.product.as_deref(), 80),
        track.source.serial.map(|serial| serial.to_string()),
        device,
        file_name,
        search(name.as_deref().unwrap_or_default(), track.sport, &file_name),
        now.as_millisecond(),
    ])?;
    Ok(ActivityId(tx.last_insert_rowid()))
}

/// By the local time of the place, where that is known.
fn month(track: &Track) -> String {
    let Some(start) = track.start else {
        return String::new();
    };
    let offset = track
        .utc_offset_s
        .and_then(|seconds| Offset::from_seconds(seconds).ok());
    offset
        .unwrap_or(Offset::UTC)
        .to_datetime(start)
        .strftime("%Y-%m")
        .to_string()
}

fn outline(track: &Track) -> Vec<u8> {
    track
        .outline(OUTLINE_POINTS)
        .into_iter()
        .take(OUTLINE_POINTS)
        .flat_map(|(x, y)| [x, y])
        .collect()
}

fn skipped(reading: &Reading, track: &Track) -> String {
    let all = reading.skipped.iter().chain(&track.skipped);
    let lines: Vec<String> = all
        .take(SKIPPED_LINES)
        .map(|skipped| line(&skipped.to_string(), 300))
        .collect();
    lines.join("\n")
}

/// What a search looks in: lower case, one thing a line; a sport also as words.
fn search(name: &str, sport: Sport, file_name: &str) -> String {
    let word = sport.name();
    format!("{name}\n{word}\n{}\n{file_name}", word.replace('_', " ")).to_lowercase()
}
