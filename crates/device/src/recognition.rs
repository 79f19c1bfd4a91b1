//! Says what a volume or a folder is, by what it holds; does not know which volumes may be looked at.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::beneath::{Beneath, Node};
use crate::garmin::{self, Description};
use crate::layouts;
use crate::mounts::{self, Mount};
use crate::places;
use crate::{Device, DeviceError, DeviceKind, names, volume};

/// Says what a mounted volume is: by `GarminDevice.xml`, by folders that makers use, by its label, or by recordings near its
/// root. `None` when it is none of these or can't be read. Reads folders and that one file; may wait as long as the disk does.
pub fn recognise(mount: &Mount) -> Option<Device> {
    recognise_at(&mount.root, mount)
}

/// As [`recognise`], for a root that lies somewhere on the mount.
pub(crate) fn recognise_at(root: &Path, mount: &Mount) -> Option<Device> {
    let beneath = Beneath::open(root).ok()?;
    let label = volume::label(mount, root);
    let storages = layouts::storages(&beneath);
    let found = known(&beneath, &storages, &label)
        .or_else(|| silent(&label))
        .or_else(|| {
            let is_telephone = storages
                .iter()
                .any(|storage| layouts::is_telephone(&beneath, storage));
            (!is_telephone && layouts::holds_recordings(&beneath)).then(|| Found {
                kind: DeviceKind::Recordings,
                name: label.clone(),
                unit_id: None,
                folders: vec![PathBuf::new()],
                note: None,
            })
        })?;
    Some(Device {
        id: found
            .unit_id
            .map_or_else(|| volume::id(mount, root), |unit| format!("garmin:{unit}")),
        name: found.name,
        kind: found.kind,
        root: root.to_owned(),
        folders: found.folders,
        mount: Some(mount.clone()),
        note: found.note,
    })
}

/// Takes a path that the user names: a device as such where it looks like one, else a plain folder of recordings.
///
/// # Errors
/// [`DeviceError::NoFolder`], [`DeviceError::NotAFolder`], [`DeviceError::SystemFolder`], [`DeviceError::Unreadable`].
pub fn folder(path: &Path) -> Result<Device, DeviceError> {
    let path_of = || path.to_owned();
    let root = std::fs::canonicalize(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => DeviceError::NoFolder { path: path_of() },
        std::io::ErrorKind::NotADirectory => DeviceError::NotAFolder { path: path_of() },
        _ => DeviceError::Unreadable {
            path: path_of(),
            source,
        },
    })?;
    if !root.is_dir() {
        return Err(DeviceError::NotAFolder { path: path_of() });
    }
    if places::is_never_a_folder(&root) {
        return Err(DeviceError::SystemFolder { path: path_of() });
    }
    let unreadable = |source| DeviceError::Unreadable {
        path: path_of(),
        source,
    };
    let beneath = Beneath::open(&root).map_err(unreadable)?;
    beneath
        .folder(Path::new(""))
        .and_then(|folder| folder.entries(1))
        .map_err(unreadable)?;
    let mounts = mounts::current();
    let mount = mounts::mount_of(&mounts, &root).cloned();
    let volume = mount
        .as_ref()
        .filter(|mount| mount.root == root || places::is_mtp_store(&root));
    let label = match volume {
        Some(mount) => volume::label(mount, &root),
        None => root
            .file_name()
            .map(|name| names::plain(&name.to_string_lossy()))
            .unwrap_or_default(),
    };
    let found = known(&beneath, &layouts::storages(&beneath), &label);
    let plain = Found {
        kind: DeviceKind::Folder,
        name: label,
        unit_id: None,
        folders: vec![PathBuf::new()],
        note: None,
    };
    let is_known = found.is_some();
    let found = found.unwrap_or(plain);
    let id = match (&found.unit_id, volume) {
        (Some(unit), _) => format!("garmin:{unit}"),
        (None, Some(mount)) if is_known => volume::id(mount, &root),
        _ => folder_id(&root),
    };
    Ok(Device {
        id,
        name: found.name,
        kind: found.kind,
        root,
        folders: found.folders,
        mount,
        note: found.note,
    })
}

/// The id of a folder that is no known device.
pub(crate) fn folder_id(root: &Path) -> String {
    match root.to_str() {
        Some(path) => format!("folder:{path}"),
        // Two names that are not UTF-8 may look the same.
        None => format!(
            "folder:{}#{:016x}",
            root.display(),
            names::hash(root.as_os_str().as_encoded_bytes())
        ),
    }
}

/// What was found out about a volume.
struct Found {
    kind: DeviceKind,
    name: String,
    unit_id: Option<String>,
    folders: Vec<PathBuf>,
    note: Option<String>,
}

fn known(beneath: &Beneath, storages: &[PathBuf], label: &str) -> Option<Found> {
    garmin(beneath, storages, label).or_else(|| maker(beneath, storages, label))
}

fn garmin(beneath: &Beneath, storages: &[PathBuf], label: &str) -> Option<Found> {
    let mut description: Option<Description> = None;
    let mut folders = BTreeSet::new();
    for storage in storages {
        for home in layouts::find(beneath, storage, &["Garmin"]) {
            let read = read_description(beneath, &home);
            let paths = read.iter().flat_map(|device| &device.paths);
            folders.extend(paths.flat_map(|path| on_disk(beneath, storage, path)));
            folders.extend(
                layouts::GARMIN
                    .iter()
                    .flat_map(|pattern| layouts::find(beneath, &home, pattern)),
            );
            description = description.or(read);
        }
    }
    if description.is_none() && folders.is_empty() {
        return None;
    }
    let description = description.unwrap_or_default();
    let unit_id = description.unit_id.filter(|id| is_unit_id(id));
    let model = description
        .model
        .as_deref()
        .map(names::plain)
        .filter(|model| !model.is_empty());
    let part = || {
        description
            .part_number
            .as_deref()
            .map(names::plain)
            .filter(|part| !part.is_empty())
    };
    let name = model
        .or_else(|| part().map(|part| format!("Garmin {part}")))
        .unwrap_or_else(|| garmin_label(label));
    Some(Found {
        kind: DeviceKind::Garmin,
        name,
        unit_id,
        folders: outermost(folders),
        note: None,
    })
}

/// The usual label `GARMIN` reads better as the maker's name.
fn garmin_label(label: &str) -> String {
    if label.eq_ignore_ascii_case("garmin") {
        "Garmin".to_owned()
    } else {
        label.to_owned()
    }
}

fn is_unit_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn read_description(beneath: &Beneath, home: &Path) -> Option<Description> {
    let entries = layouts::names_in(beneath, home).into_iter();
    let mut files = entries
        .filter(|entry| entry.node == Node::File && names::same(&entry.name, "GarminDevice.xml"));
    let file = beneath.file(&home.join(files.next()?.name)).ok()?;
    let mut bytes = Vec::new();
    file.take(garmin::LARGEST + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    if bytes.len() as u64 > garmin::LARGEST {
        return None;
    }
    garmin::read(&bytes)
}

/// A path that the device wrote, as it stands on the disk; nothing when it leads elsewhere, nowhere, or to the whole device.
fn on_disk(beneath: &Beneath, storage: &Path, written: &str) -> Vec<PathBuf> {
    let written = written.replace('\\', "/");
    let mut parts = Vec::new();
    for part in Path::new(written.trim_start_matches('/')).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str().unwrap_or_default()),
            Component::CurDir => {}
            _ => return Vec::new(),
        }
    }
    // `Garmin` alone would take in every settings file.
    if !(2..=8).contains(&parts.len()) || parts.contains(&"*") {
        return Vec::new();
    }
    layouts::find(beneath, storage, &parts)
}

/// Leaves out folders that lie in others.
fn outermost(folders: BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for folder in folders {
        // Sorted by parts, so an outer folder comes first.
        if !kept.iter().any(|outer| folder.starts_with(outer)) {
            kept.push(folder);
        }
    }
    kept
}

fn maker(beneath: &Beneath, storages: &[PathBuf], label: &str) -> Option<Found> {
    layouts::MAKERS.iter().find_map(|layout| {
        let folders: BTreeSet<PathBuf> = storages
            .iter()
            .flat_map(|storage| layout.folders(beneath, storage, label))
            .collect();
        (!folders.is_empty()).then(|| Found {
            kind: DeviceKind::Maker,
            name: layout.maker.to_owned(),
            unit_id: None,
            folders: outermost(folders),
            note: None,
        })
    })
}

fn silent(label: &str) -> Option<Found> {
    let (_, note) = layouts::SILENT
        .iter()
        .find(|(start, _)| names::begins(label, start))?;
    Some(Found {
        kind: DeviceKind::Maker,
        name: label.to_owned(),
        unit_id: None,
        folders: Vec::new(),
        note: Some((*note).to_owned()),
    })
}
