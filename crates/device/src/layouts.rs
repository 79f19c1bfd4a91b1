//! Where makers put recordings when the device doesn't say so itself; knows names of folders, not what is in files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::beneath::{Beneath, Entry, Node};
use crate::names;

/// Most names looked at in one folder while recognising.
const MOST_NAMES: usize = 2000;
/// Most folders that one pattern may lead to.
const MOST_FOLDERS: usize = 64;

/// Levels that MTP puts between a device's root and its folders.
const STORAGES: [&str; 5] = [
    "Primary",
    "Internal Storage",
    "Internal shared storage",
    "USB storage",
    "sdcard",
];

/// Folders of a Garmin that hold recordings, below its `Garmin` folder.
pub(crate) const GARMIN: [&[&str]; 3] = [&["Activities"], &["Activity"], &["GPX", "Archive"]];

/// One maker's arrangement, by its devices as they were seen.
pub(crate) struct Layout {
    /// Name for people.
    pub(crate) maker: &'static str,
    /// Folders of recordings from the storage's root; `*` is any one name.
    pub(crate) folders: &'static [&'static [&'static str]],
    /// What else must be true, as the folder's name alone says too little.
    pub(crate) sign: Sign,
}

/// What makes a common folder name mean one maker.
pub(crate) enum Sign {
    /// The path is telling enough.
    None,
    /// The volume's label holds one of these words, or one of these folders lies beside.
    Either {
        labels: &'static [&'static str],
        beside: &'static [&'static str],
    },
}

/// Makers other than Garmin, most telling first.
pub(crate) const MAKERS: [Layout; 5] = [
    Layout {
        maker: "iGPSPORT",
        folders: &[&["iGPSPORT", "Activities"]],
        sign: Sign::None,
    },
    Layout {
        maker: "Hammerhead Karoo",
        folders: &[&["FitFiles"]],
        sign: Sign::None,
    },
    Layout {
        maker: "Bryton",
        folders: &[&["Activities"]],
        sign: Sign::Either {
            labels: &["bryton"],
            beside: &["ExtraFiles"],
        },
    },
    Layout {
        maker: "Wahoo ELEMNT",
        folders: &[&["exports"]],
        sign: Sign::Either {
            labels: &["wahoo", "elemnt"],
            beside: &["plans", "routes"],
        },
    },
    Layout {
        maker: "UNA",
        folders: &[&["Apps", "*", "Activity"]],
        sign: Sign::None,
    },
];

/// Makers whose volumes hold no recordings that can be read: how the label begins, and what to tell the user.
pub(crate) const SILENT: [(&str, &str); 3] = [
    (
        "COROS",
        "This COROS keeps its activities to itself: export them from the COROS app and import the files here.",
    ),
    (
        "ONMOVE-200",
        "This OnMove writes its activities as .OMD files, which Trackdock can't read: export them as GPX first.",
    ),
    (
        "ONMOVE200",
        "This OnMove writes its activities as .OMD files, which Trackdock can't read: export them as GPX first.",
    ),
];

/// The names in a folder; nothing when it can't be read.
pub(crate) fn names_in(beneath: &Beneath, folder: &Path) -> Vec<Entry> {
    beneath
        .folder(folder)
        .and_then(|folder| folder.entries(MOST_NAMES))
        .unwrap_or_default()
}

/// The device's root (as an empty path), and the storages in it.
pub(crate) fn storages(beneath: &Beneath) -> Vec<PathBuf> {
    let names = names_in(beneath, Path::new("")).into_iter();
    let storages = names
        .filter(|entry| entry.node == Node::Folder && names::is_one_of(&entry.name, &STORAGES));
    std::iter::once(PathBuf::new())
        .chain(storages.map(|entry| PathBuf::from(entry.name)).take(8))
        .collect()
}

/// The folders that a pattern leads to on the disk, in any case of letters; `*` is any one name.
pub(crate) fn find(beneath: &Beneath, base: &Path, pattern: &[&str]) -> Vec<PathBuf> {
    let mut found = vec![base.to_owned()];
    for part in pattern {
        let fits = |name: &OsString| {
            if *part == "*" {
                !names::is_hidden(name)
            } else {
                names::same(name, part)
            }
        };
        let below = |folder: &PathBuf| -> Vec<PathBuf> {
            let entries = names_in(beneath, folder).into_iter();
            let fitting = entries.filter(|entry| entry.node == Node::Folder && fits(&entry.name));
            fitting.map(|entry| folder.join(entry.name)).collect()
        };
        found = found.iter().flat_map(below).take(MOST_FOLDERS).collect();
    }
    found.sort();
    found
}

impl Layout {
    /// The folders of recordings of this maker in a storage, if the storage is one of this maker's.
    pub(crate) fn folders(&self, beneath: &Beneath, storage: &Path, label: &str) -> Vec<PathBuf> {
        let found: Vec<PathBuf> = self
            .folders
            .iter()
            .flat_map(|pattern| find(beneath, storage, pattern))
            .collect();
        let is_theirs = match &self.sign {
            Sign::None => true,
            Sign::Either { labels, beside } => {
                let label = label.to_ascii_lowercase();
                labels.iter().any(|word| label.contains(word))
                    || beside
                        .iter()
                        .any(|name| !find(beneath, storage, &[name]).is_empty())
            }
        };
        if is_theirs { found } else { Vec::new() }
    }
}

/// Whether a storage is a telephone's: those are not searched for stray recordings.
pub(crate) fn is_telephone(beneath: &Beneath, storage: &Path) -> bool {
    !find(beneath, storage, &["Android"]).is_empty()
        && !find(beneath, storage, &["DCIM"]).is_empty()
}

/// Whether the first three levels hold a recording: a short look, by name only.
pub(crate) fn holds_recordings(beneath: &Beneath) -> bool {
    let mut level = vec![PathBuf::new()];
    let mut left = MOST_NAMES;
    for _ in 0..3 {
        let mut next = Vec::new();
        for folder in level.iter().take(200) {
            let entries = beneath
                .folder(folder)
                .and_then(|folder| folder.entries(left))
                .unwrap_or_default();
            left = left.saturating_sub(entries.len());
            for entry in entries {
                match entry.node {
                    Node::File if names::is_recording(&entry.name) => return true,
                    Node::Folder if !names::is_system_folder(&entry.name) => {
                        next.push(folder.join(entry.name))
                    }
                    _ => {}
                }
            }
        }
        level = next;
    }
    false
}
