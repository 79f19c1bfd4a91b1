//! One look at one place, and what all looks come to; does not know when to look.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::beneath::{Beneath, Node};
use crate::mounts::Mount;
use crate::places::{self, Exclusions};
use crate::{Device, DeviceKind, layouts, listing, names, recognition, volume};

/// Most folders per place that are listened to.
const MOST_HEARD: usize = 256;

/// How a place came to be looked at. The order is that in which devices are listed and ids are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// A mounted volume.
    Mount,
    /// An MTP store that gvfs shows.
    Mtp,
    /// A folder that the user named.
    Folder,
}

/// Where a device may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// How it came to be looked at.
    pub(crate) origin: Origin,
    /// The mount point, the store's folder, or the path that the user named.
    pub(crate) path: PathBuf,
    /// The volume it is on; a folder's is looked up each time.
    pub(crate) mount: Option<Mount>,
}

/// What one look at a place gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The device there, if it is one.
    pub(crate) device: Option<Device>,
    /// Changes when a recording comes, goes or changes.
    pub(crate) print: u64,
    /// Folders where a change would show; absolute.
    pub(crate) heard: Vec<PathBuf>,
}

/// Everywhere a device may be.
pub(crate) fn everywhere(
    mounts: &[Mount],
    exclusions: &Exclusions,
    stores: &[(PathBuf, Mount)],
    folders: &[PathBuf],
) -> Vec<Place> {
    let place = |origin, path: &Path, mount| Place {
        origin,
        path: path.to_owned(),
        mount,
    };
    let volumes = places::candidates(mounts, exclusions).into_iter();
    let volumes = volumes.map(|mount| place(Origin::Mount, &mount.root, Some(mount.clone())));
    let stores = stores.iter().filter(|(_, gvfs)| mounts.contains(gvfs));
    let stores = stores.map(|(path, gvfs)| place(Origin::Mtp, path, Some(gvfs.clone())));
    let folders = folders.iter().map(|path| place(Origin::Folder, path, None));
    volumes.chain(stores).chain(folders).collect()
}

/// Looks at a place. May wait as long as its disk does: to be called on a thread of its own.
pub(crate) fn probe(place: &Place) -> Seen {
    let device = match &place.mount {
        Some(mount) => recognition::recognise_at(&place.path, mount),
        None => recognition::folder(&place.path).ok(),
    };
    let survey = device
        .as_ref()
        .and_then(|device| listing::survey(device, listing::MOST_NAMES).ok())
        .unwrap_or_default();
    let print = survey
        .recordings
        .iter()
        .fold(names::hash(&[]), |sum, recording| {
            let name = names::hash(recording.path.as_os_str().as_encoded_bytes());
            let facts =
                name ^ recording.size.rotate_left(24) ^ recording.modified_ms.cast_unsigned();
            names::hash(&[sum.to_ne_bytes(), facts.to_ne_bytes()].concat())
        });
    let mut heard = Vec::new();
    let is_polled = place
        .mount
        .as_ref()
        .is_some_and(|mount| is_silent(&mount.file_system));
    if let Some(root) = device
        .as_ref()
        .map(|device| &device.root)
        .or(place.mount.as_ref().map(|mount| &mount.root))
        && !is_polled
    {
        heard.extend(survey.folders.iter().map(|folder| join(root, folder)));
        if device.as_ref().is_none_or(|device| {
            !matches!(device.kind, DeviceKind::Folder | DeviceKind::Recordings)
        }) {
            heard.extend(first_levels(root).iter().map(|folder| join(root, folder)));
        }
        heard.sort();
        heard.dedup();
        heard.truncate(MOST_HEARD);
    }
    Seen {
        device,
        print,
        heard,
    }
}

/// An empty path joined would leave a slash at the end.
fn join(root: &Path, folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() {
        root.to_owned()
    } else {
        root.join(folder)
    }
}

/// File systems that report no changes made by the device.
pub(crate) fn is_silent(file_system: &str) -> bool {
    file_system.starts_with("fuse")
}

/// The root and two levels below: where a device's own folders would appear.
fn first_levels(root: &Path) -> Vec<PathBuf> {
    let Ok(beneath) = Beneath::open(root) else {
        return Vec::new();
    };
    let mut found = vec![PathBuf::new()];
    let mut level = found.clone();
    for _ in 0..2 {
        let below = |folder: &PathBuf| -> Vec<PathBuf> {
            let entries = layouts::names_in(&beneath, folder).into_iter();
            let folders = entries.filter(|entry| {
                entry.node == Node::Folder && !names::is_system_folder(&entry.name)
            });
            folders.map(|entry| folder.join(entry.name)).collect()
        };
        level = level.iter().flat_map(below).take(64).collect();
        found.extend(level.iter().cloned());
    }
    found.truncate(64);
    found
}

/// The devices of all places, in the order of the places: each root once, each id once.
pub(crate) fn assemble<'a>(found: impl Iterator<Item = (Origin, &'a Device)>) -> Vec<Device> {
    let found: Vec<(Origin, &Device)> = found.collect();
    // Naming a folder is a yes to the volume that it is.
    let named = |root: &Path| {
        found
            .iter()
            .any(|(origin, device)| *origin == Origin::Folder && device.root == root)
    };
    let mut roots = HashSet::new();
    let mut ids = HashSet::new();
    let mut devices = Vec::new();
    for (origin, device) in &found {
        let is_named_too = device.kind == DeviceKind::Recordings && named(&device.root);
        if is_named_too || !roots.insert(device.root.clone()) {
            continue;
        }
        let mut device = (*device).clone();
        // Two volumes of one watch, or a copy of a watch in a folder, carry the same unit id.
        if ids.contains(&device.id) {
            device.id = match (&device.mount, origin) {
                (Some(mount), Origin::Mount | Origin::Mtp) => volume::id(mount, &device.root),
                _ => recognition::folder_id(&device.root),
            };
        }
        if ids.contains(&device.id) {
            let root = names::hash(device.root.as_os_str().as_encoded_bytes());
            device.id = format!("{}#{root:016x}", device.id);
        }
        ids.insert(device.id.clone());
        devices.push(device);
    }
    devices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, kind: DeviceKind, root: &str) -> Device {
        let folders = vec![PathBuf::new()];
        Device {
            id: id.to_owned(),
            name: "x".to_owned(),
            kind,
            root: root.into(),
            folders,
            mount: None,
            note: None,
        }
    }

    #[test]
    fn each_root_and_each_id_once() {
        let watch = device("garmin:1", DeviceKind::Garmin, "/media/GARMIN");
        let card = device("volume:a", DeviceKind::Recordings, "/media/card");
        let named_card = device("folder:/media/card", DeviceKind::Folder, "/media/card");
        let copy = device("garmin:1", DeviceKind::Garmin, "/home/ann/copy");
        let found = [
            (Origin::Mount, &watch),
            (Origin::Mount, &card),
            (Origin::Folder, &named_card),
            (Origin::Folder, &copy),
            (Origin::Folder, &watch),
        ];
        let ids: Vec<String> = assemble(found.into_iter())
            .into_iter()
            .map(|device| device.id)
            .collect();
        assert_eq!(
            ids,
            ["garmin:1", "folder:/media/card", "folder:/home/ann/copy"]
        );
    }

    #[test]
    fn mtp_stores_are_looked_at_one_by_one_and_polled() {
        let gvfs = tempfile::tempdir().unwrap();
        let store = gvfs.path().join("mtp:host=Garmin_Edge_1050_0000d118d100");
        std::fs::create_dir_all(store.join("Internal Storage/Garmin/Activities")).unwrap();
        std::fs::write(store.join("Internal Storage/Garmin/Activities/a.fit"), "x").unwrap();
        std::fs::create_dir(gvfs.path().join("smb-share:server=nas,share=a")).unwrap();
        let text = format!(
            "6 1 0:27 / {} rw - fuse.gvfsd-fuse gvfsd-fuse rw",
            gvfs.path().display()
        );
        let mounts = crate::parse_mountinfo(&text);
        let stores: Vec<(PathBuf, Mount)> = places::mtp_stores(&mounts[0])
            .into_iter()
            .map(|path| (path, mounts[0].clone()))
            .collect();
        let places = everywhere(&mounts, &Exclusions::default(), &stores, &[]);
        assert_eq!(
            places.iter().map(|place| &place.path).collect::<Vec<_>>(),
            [&store]
        );
        let seen = probe(&places[0]);
        let device = seen.device.unwrap();
        assert_eq!(
            (device.name.as_str(), device.kind),
            ("Garmin Edge 1050", DeviceKind::Garmin)
        );
        assert_eq!(
            device.folders,
            [PathBuf::from("Internal Storage/Garmin/Activities")]
        );
        assert!(
            device.id.starts_with("volume:Garmin-Edge-1050-"),
            "{}",
            device.id
        );
        assert_eq!(seen.heard, Vec::<PathBuf>::new());
    }

    #[test]
    fn the_print_changes_with_the_recordings() {
        let root = tempfile::tempdir().unwrap();
        let place = Place {
            origin: Origin::Folder,
            path: root.path().to_owned(),
            mount: None,
        };
        let print = || probe(&place).print;
        let empty = print();
        std::fs::write(root.path().join("a.fit"), "1").unwrap();
        let one = print();
        assert_ne!(empty, one);
        assert_eq!(one, print());
        std::fs::write(root.path().join("a.fit"), "12").unwrap();
        let grown = print();
        assert_ne!(one, grown);
        std::fs::rename(root.path().join("a.fit"), root.path().join("b.fit")).unwrap();
        assert_ne!(grown, print());
    }
}
