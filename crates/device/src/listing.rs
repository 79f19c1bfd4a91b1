//! The recordings on a device, by name, size and time; opens none of them.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::beneath::{self, Beneath, Entry, Node};
use crate::{Device, DeviceError, DeviceKind, is_there, names};

/// Levels below each folder of recordings that are followed.
const DEEPEST: usize = 4;
/// Names looked at in one listing of a device or a watched folder: it is listed again at every change.
pub const MOST_NAMES: usize = 50_000;
/// Names looked at in what the user named by hand: a whole archive, which must not come back in part. Only against a listing
/// that never ends.
pub const MOST_NAMES_BY_HAND: usize = 5_000_000;

/// Names that may be damaged before the listing is given up.
const MOST_TROUBLES: usize = 16;

/// Folders of devices whose FIT and GPX files are never recordings; `NewFiles` is the device's inbox.
const NO_RECORDINGS: [&str; 19] = [
    "NewFiles",
    "Courses",
    "Workouts",
    "Settings",
    "Sports",
    "Monitor",
    "Sleep",
    "Metrics",
    "Totals",
    "Records",
    "Location",
    "Locations",
    "HRVStatus",
    "HSA",
    "Schedule",
    "Goals",
    "Weight",
    "Segments",
    "RemoteSW",
];

/// One file on a device that may hold activities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Below the device's root, as the device wrote it: untrusted, need not be UTF-8.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// Milliseconds since 1970 UTC as the file system says; FAT's may be hours off.
    pub modified_ms: i64,
}

/// What a listing found.
#[derive(Debug, Default)]
pub struct Listing {
    /// Oldest first.
    pub recordings: Vec<Recording>,
    /// There are more names than were to be looked at: recordings may be among the rest.
    pub is_cut_off: bool,
    /// The first file or folder of which the device did not say what it is: recordings may be there, too.
    pub trouble: Option<DeviceError>,
}

/// Lists the recordings on a device: regular files named .fit, .gpx or .tcx, packed by gzip or not, at most 4 levels down,
/// within the first `most_names` names. No file is opened and no link followed. A damaged file or folder keeps the others from
/// nothing.
///
/// # Errors
/// [`DeviceError::Gone`] when the device went before or meanwhile (a shorter list is never returned for that reason),
/// [`DeviceError::Unreadable`] when a folder that the device is known by, or much of the rest, can't be read.
pub fn list(device: &Device, most_names: usize) -> Result<Listing, DeviceError> {
    let survey = survey(device, most_names)?;
    Ok(Listing {
        recordings: survey.recordings,
        is_cut_off: survey.is_cut_off,
        trouble: survey.trouble.map(unreadable),
    })
}

/// The recordings, and the folders they were looked for in.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Oldest first.
    pub(crate) recordings: Vec<Recording>,
    /// Below the device's root.
    pub(crate) folders: Vec<PathBuf>,
    names_left: usize,
    is_cut_off: bool,
    trouble: Option<Unreadable>,
    troubles: usize,
    is_users: bool,
}

/// What could not be read, below the device's root, and what the system said.
type Unreadable = (PathBuf, io::Error);

fn unreadable((path, source): Unreadable) -> DeviceError {
    DeviceError::Unreadable { path, source }
}

/// As [`list`], with the folders.
pub(crate) fn survey(device: &Device, most_names: usize) -> Result<Survey, DeviceError> {
    let gone = || DeviceError::Gone {
        name: device.name.clone(),
    };
    if !is_there(device) {
        return Err(gone());
    }
    let found = walk(device, most_names);
    // Asked again: a device pulled out meanwhile lists itself as empty, or fails in any way.
    if is_there(device) { found } else { Err(gone()) }
}

fn walk(device: &Device, most_names: usize) -> Result<Survey, DeviceError> {
    let beneath =
        Beneath::open(&device.root).map_err(|source| unreadable((device.root.clone(), source)))?;
    let is_users = matches!(device.kind, DeviceKind::Folder | DeviceKind::Recordings);
    let mut survey = Survey {
        names_left: most_names,
        is_users,
        ..Survey::default()
    };
    for folder in &device.folders {
        survey.folder(&beneath, folder, 0).map_err(unreadable)?;
    }
    survey
        .recordings
        .sort_by(|a, b| (a.modified_ms, &a.path).cmp(&(b.modified_ms, &b.path)));
    survey.recordings.dedup();
    Ok(survey)
}

impl Survey {
    fn folder(&mut self, beneath: &Beneath, path: &Path, depth: usize) -> Result<(), Unreadable> {
        let entries = beneath.folder(path).and_then(|folder| {
            // One more than may be looked at shows that there is more.
            let entries = folder.entries(self.names_left.saturating_add(1))?;
            Ok((folder, entries))
        });
        let (folder, mut entries) = match entries {
            Ok(found) => found,
            // A folder that the device is known by must not be forbidden: silence would look like an empty device.
            Err(error)
                if is_passed_over(&error)
                    && (depth > 0 || error.kind() != io::ErrorKind::PermissionDenied) =>
            {
                return Ok(());
            }
            Err(error) if depth > 0 => return self.goes_on((path.to_owned(), error)),
            Err(error) => return Err((path.to_owned(), error)),
        };
        self.folders.push(path.to_owned());
        self.is_cut_off |= entries.len() > self.names_left;
        entries.truncate(self.names_left);
        self.names_left -= entries.len();
        let mut below = Vec::new();
        for Entry { name, node } in entries {
            match node {
                Node::File if names::is_recording(&name) => self.recording(&folder, path, &name)?,
                Node::Folder if depth < DEEPEST && self.is_followed(path, &name) => {
                    below.push(path.join(name))
                }
                _ => {}
            }
        }
        // Closed before going down, so that few folders are open at a time.
        drop(folder);
        below
            .into_iter()
            .try_for_each(|path| self.folder(beneath, &path, depth + 1))
    }

    fn recording(
        &mut self,
        folder: &beneath::Folder,
        path: &Path,
        name: &OsStr,
    ) -> Result<(), Unreadable> {
        match folder.facts(name) {
            Ok(Some(facts)) => {
                let path = path.join(name);
                self.recordings.push(Recording {
                    path,
                    size: facts.size,
                    modified_ms: facts.modified_ms,
                });
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) if is_passed_over(&error) => Ok(()),
            Err(error) => self.goes_on((path.join(name), error)),
        }
    }

    /// Past a damaged name; a device that has many of them is damaged itself, and may take its time for each.
    fn goes_on(&mut self, trouble: Unreadable) -> Result<(), Unreadable> {
        self.troubles += 1;
        if self.troubles > MOST_TROUBLES {
            return Err(trouble);
        }
        self.trouble.get_or_insert(trouble);
        Ok(())
    }

    fn is_followed(&self, parent: &Path, name: &OsStr) -> bool {
        // The running log of a handheld: it grows and is written anew; finished ones come to `Archive`.
        let is_running = names::same(name, "Current")
            && parent
                .file_name()
                .is_some_and(|parent| names::same(parent, "GPX"));
        // In a user's own folders a common word means nothing, but the inbox of a copied device still does.
        let never: &[&str] = if self.is_users {
            &["NewFiles"]
        } else {
            &NO_RECORDINGS
        };
        !is_running && !names::is_system_folder(name) && !names::is_one_of(name, never)
    }
}

/// Errors of a single name that say nothing against the rest: it went away, is forbidden, or leads elsewhere.
fn is_passed_over(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
    ) || beneath::leads_astray(error)
}
