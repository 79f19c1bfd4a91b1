//! The folder of original files: how they are named and how they get there. Knows no database.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use track::Reading;

use crate::disk::{self, Disk};
use crate::{Error, StagedFile};

/// Below the library folder.
pub(crate) const FOLDER: &str = "originals";

/// Where the year 1000 begins: an earlier start is a broken clock, and would make a name of another shape.
const YEAR_1000_S: i64 = -30_610_224_000;

/// `2026/2026-11-20T06-30-00Z-running-0123456789ab.fit`: the first activity's start (UTC) and sport, and the first
/// `digits` of the hash. Made of letters, digits, `-` and `_` only, whatever the file says.
pub(crate) fn name(reading: &Reading, file: &StagedFile, digits: usize) -> String {
    let first = reading.tracks.iter().find(|track| track.kind.is_activity());
    let start = first
        .and_then(|track| track.start)
        .filter(|start| start.as_second() >= YEAR_1000_S);
    let sport = first.map_or("other", |track| track.sport.name());
    let hash: String = hex(file.sha256()).chars().take(digits).collect();
    let (folder, day) = start.map_or(("undated".to_owned(), "undated".to_owned()), folder_and_day);
    let packed = if file.is_gzip() { ".gz" } else { "" };
    format!(
        "{folder}/{day}-{sport}-{hash}.{}{packed}",
        reading.format.extension()
    )
}

/// The name that an original would have that is called so in its folder; nothing: this library calls no file with this hash so.
pub(crate) fn own_name(file_name: &str, sha256: &[u8; 32]) -> Option<String> {
    let is_ours = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let (before, ending) = file_name.split_once('.')?;
    let (day, digits) = before.rsplit_once('-')?;
    let is_named = digits.len() >= 12 && hex(sha256).starts_with(digits);
    let folder = match day.get(..4)? {
        year if year.bytes().all(|digit| digit.is_ascii_digit()) => year,
        _ => day.split('-').next().filter(|first| !first.is_empty())?,
    };
    let is_ours = !ending.is_empty() && is_named && file_name.chars().all(is_ours);
    is_ours.then(|| format!("{folder}/{file_name}"))
}

fn folder_and_day(start: Timestamp) -> (String, String) {
    (
        start.strftime("%Y").to_string(),
        start.strftime("%Y-%m-%dT%H-%M-%SZ").to_string(),
    )
}

/// Where a stored name lies on this system.
pub(crate) fn path(library: &Path, name: &str) -> PathBuf {
    let mut path = library.join(FOLDER);
    path.extend(name.split('/'));
    path
}

/// Moves a staged file to its name. When this returns, content and name are on the disk.
pub(crate) fn place(
    disk: &dyn Disk,
    library: &Path,
    file: StagedFile,
    name: &str,
) -> Result<(), Error> {
    let target = path(library, name);
    let folder = target.parent().unwrap_or(library);
    if !folder.is_dir() {
        disk::create_folder(disk, folder)?;
    }
    disk::rename(disk, file.path(), &target)?;
    sync_name(disk, library, name)
}

/// Waits until an original's name and that of its folder are on the disk. Either may be there since an earlier try that ended
/// before they were.
pub(crate) fn sync_name(disk: &dyn Disk, library: &Path, name: &str) -> Result<(), Error> {
    let target = path(library, name);
    let folder = target.parent().unwrap_or(library);
    disk::sync_folder(disk, folder)?;
    disk::sync_folder_of(disk, folder)
}

/// Whether a name may be given to a file with this hash: nothing is there, or the same bytes (left by a crash).
pub(crate) fn is_free(library: &Path, name: &str, sha256: &[u8; 32]) -> Result<bool, Error> {
    let target = path(library, name);
    match fs::symlink_metadata(&target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Error::file(&target, "looked at", error)),
        Ok(found) if found.is_file() => Ok(hash(&target)? == *sha256),
        Ok(_) => Ok(false),
    }
}

/// Whether the original is there as it was kept.
pub(crate) fn is_whole(library: &Path, name: &str, sha256: &[u8; 32]) -> bool {
    let path = path(library, name);
    // A link is no original.
    let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    is_file && hash(&path).is_ok_and(|found| found == *sha256)
}

/// Whether the original is gone, or cut or grown, so that its bytes can be put in its place again. Where the system will not
/// say, or a folder stands there, they could not be.
pub(crate) fn is_lost(library: &Path, name: &str, size: u64) -> bool {
    match fs::symlink_metadata(path(library, name)) {
        Ok(found) if found.is_file() => found.len() != size,
        Ok(found) => !found.is_dir(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// The file that an activity was read from, and what it was when it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Where it lies.
    pub path: PathBuf,
    /// What its bytes must come to.
    pub sha256: [u8; 32],
}

impl Original {
    /// Its bytes, which are those that were kept.
    ///
    /// # Errors
    /// It cannot be read; or code `original_changed`: it was changed since, and is nothing to send or to hand out.
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        let bytes = fs::read(&self.path).map_err(|error| Error::file(&self.path, "read", error))?;
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        if hash == self.sha256 {
            Ok(bytes)
        } else {
            Err(Error::OriginalChanged(self.path.clone()))
        }
    }
}

/// The SHA-256 of a file, read in pieces.
pub(crate) fn hash(path: &Path) -> Result<[u8; 32], Error> {
    let fail = |error| Error::file(path, "read", error);
    let mut file = File::open(path).map_err(fail)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece).map_err(fail)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(piece.get(..read).unwrap_or(&piece)),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
