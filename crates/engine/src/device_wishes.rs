//! What the user says about devices and folders: use it, how far back, watch this, take these in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use device::{Device, DeviceKind, Recording};
use jiff::Timestamp;

use crate::config::{self, Config};
use crate::devices::DeviceEntry;
use crate::event::Answer;
use crate::intake::shown;
use crate::start::Connected;
use crate::state::State;
use crate::view::{Choice, Problem};

impl State {
    pub(crate) fn approve_device(&mut self, id: &str, yes: bool) -> Answer {
        self.library.approve_device(id, yes)?;
        self.refresh_row(id)?;
        if let Some(entry) = self.devices.get_mut(id) {
            entry.again = true;
            if !yes {
                entry.stop();
            }
        }
        Ok(None)
    }

    pub(crate) fn choose(&mut self, id: &str, choice: Choice) -> Answer {
        self.library.choose_device(id, choice.into(), self.now())?;
        self.refresh_row(id)
    }

    fn refresh_row(&mut self, id: &str) -> Answer {
        let row = self.library.device(id)?;
        if let (Some(entry), Some(row)) = (self.devices.get_mut(id), row) {
            entry.row = Some(row);
        }
        Ok(None)
    }

    pub(crate) fn add_folder(&mut self, path: PathBuf) -> Answer {
        device::folder(&path)?;
        let mut folders = Config::read(&self.data_dir)?.folders;
        if !folders.contains(&path) {
            folders.push(path);
        }
        self.watch_folders(folders)
    }

    pub(crate) fn remove_folder(&mut self, path: &Path) -> Answer {
        let mut folders = Config::read(&self.data_dir)?.folders;
        folders.retain(|folder| folder != path);
        self.watch_folders(folders)
    }

    fn watch_folders(&mut self, folders: Vec<PathBuf>) -> Answer {
        config::save_folders(&self.data_dir, &folders)?;
        if let Some(watch) = &self.watch {
            watch.set_folders(folders.clone());
        }
        self.folders = folders;
        Ok(None)
    }

    pub(crate) fn look_again(&mut self) -> Answer {
        self.devices
            .values_mut()
            .for_each(|entry| entry.again = true);
        if let Some(watch) = &self.watch {
            watch.rescan();
        }
        Ok(None)
    }

    /// Takes in a device that the user named. Never seen before (or never answered for), everything on it is sent, or
    /// everything since a date.
    pub(crate) fn take_in(&mut self, path: &Path, since: Option<Timestamp>) -> Answer {
        let device = device::folder(path)?;
        let id = device.id.clone();
        let row = self
            .library
            .remember_device(&id, &device.name, self.now())?;
        self.library.approve_device(&id, true)?;
        if row.choice.is_none() {
            let choice = since.map_or(library::Choice::All, library::Choice::Since);
            self.library.choose_device(&id, choice, self.now())?;
        }
        let row = self.library.device(&id)?.unwrap_or(row);
        let once = self.connected == Connected::Nothing;
        let entry = self
            .devices
            .entry(id)
            .or_insert_with(|| DeviceEntry::new(device, None));
        entry.row = Some(row);
        entry.again = true;
        entry.once = once;
        Ok(None)
    }

    /// Takes in files and folders as they are. The files of one folder are one import, however many they are.
    pub(crate) fn import(&mut self, paths: &[PathBuf]) -> Answer {
        let mut imports: BTreeMap<PathBuf, Vec<Recording>> = BTreeMap::new();
        let mut folders = Vec::new();
        for path in paths {
            let unreadable = |error| Problem::file(path, &error);
            let about = path.metadata().map_err(unreadable)?;
            let whole = std::path::absolute(path).map_err(unreadable)?;
            let (folder, name) = match (whole.parent(), whole.file_name()) {
                (Some(folder), Some(name)) if !about.is_dir() => (folder, name),
                _ => {
                    folders.push(whole);
                    continue;
                }
            };
            imports
                .entry(folder.to_owned())
                .or_default()
                .push(Recording {
                    path: PathBuf::from(name),
                    size: about.len(),
                    modified_ms: modified_ms(&about),
                });
        }
        let folders = folders.into_iter().map(|folder| (folder, None));
        let files = imports
            .into_iter()
            .map(|(folder, files)| (folder, Some(files)));
        for (root, files) in folders.chain(files) {
            self.looks += 1;
            let id = format!("import:{}", self.looks);
            let name = shown(&root);
            // Without links, so that its mount is the one that holds the files: a folder of a device may be pulled out, too.
            let root = std::fs::canonicalize(&root).unwrap_or(root);
            let device = Device {
                id: id.clone(),
                name,
                kind: DeviceKind::Folder,
                folders: vec![PathBuf::new()],
                mount: device::mount_that_holds(&root),
                root,
                note: None,
            };
            let entry = DeviceEntry {
                files,
                once: true,
                ..DeviceEntry::new(device, None)
            };
            self.devices.insert(id, entry);
        }
        Ok(None)
    }
}

/// As the device crate counts it.
fn modified_ms(about: &std::fs::Metadata) -> i64 {
    let modified = about
        .modified()
        .ok()
        .and_then(|time| Timestamp::try_from(time).ok());
    modified.map_or(0, Timestamp::as_millisecond)
}
