//! Which names of which folders are not synced yet, and how it was before. Knows no content.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

/// The names that may still be lost, folder by folder.
#[derive(Debug)]
pub(crate) struct Names {
    aside: PathBuf,
    kept: u64,
    /// What happened in each folder, in its order. What belongs to one step comes or goes together.
    of: BTreeMap<PathBuf, Vec<Vec<Change>>>,
}

/// Something that happened to a name.
#[derive(Debug)]
enum Change {
    /// A folder was made.
    Made(PathBuf),
    /// A file got this name.
    Linked(PathBuf),
    /// A file lost this name; it is kept aside.
    Unlinked { name: PathBuf, aside: PathBuf },
}

impl Names {
    pub(crate) fn new(aside: &Path) -> Names {
        Names {
            aside: aside.to_owned(),
            kept: 0,
            of: BTreeMap::new(),
        }
    }

    pub(crate) fn made(&mut self, folder: &Path) {
        self.note(folder, vec![Change::Made(folder.to_owned())]);
    }

    pub(crate) fn linked(&mut self, name: &Path) {
        self.note(name, vec![Change::Linked(name.to_owned())]);
    }

    pub(crate) fn unlinked(&mut self, name: &Path) {
        let gone = self.keep(name).into_iter().collect();
        self.note(name, gone);
    }

    /// Within a folder a file has one name or the other at any time; over two, each folder keeps or loses its own.
    pub(crate) fn renamed(&mut self, from: &Path, to: &Path) {
        let left = self.keep(from);
        let replaced = self.keep(to).into_iter();
        let came: Vec<Change> = replaced.chain([Change::Linked(to.to_owned())]).collect();
        if from.parent() == to.parent() {
            self.note(to, left.into_iter().chain(came).collect());
        } else {
            self.note(from, left.into_iter().collect());
            self.note(to, came);
        }
    }

    /// The names in a folder last.
    pub(crate) fn synced(&mut self, folder: &Path) {
        for change in self.of.remove(folder).into_iter().flatten().flatten() {
            change.forget();
        }
    }

    /// Of each folder the first steps last, or all, or none.
    pub(crate) fn lose(&mut self, rng: &mut Rng) -> String {
        let (mut lost, mut all) = (0, 0);
        for (_, mut steps) in std::mem::take(&mut self.of) {
            all += steps.len();
            let last = match rng.u8(0..3) {
                0 => 0,
                1 => steps.len(),
                _ => rng.usize(0..=steps.len()),
            };
            let undone = steps.split_off(last);
            lost += undone.len();
            for change in undone
                .into_iter()
                .rev()
                .flat_map(|step| step.into_iter().rev())
            {
                change.undo();
            }
            for change in steps.into_iter().flatten() {
                change.forget();
            }
        }
        format!("{lost} of {all} names")
    }

    fn note(&mut self, name: &Path, step: Vec<Change>) {
        if let Some(folder) = name.parent().filter(|_| !step.is_empty()) {
            self.of.entry(folder.to_owned()).or_default().push(step);
        }
    }

    /// What goes by this name keeps another one; nothing where there is nothing.
    fn keep(&mut self, name: &Path) -> Option<Change> {
        self.kept += 1;
        let aside = self.aside.join(self.kept.to_string());
        fs::hard_link(name, &aside).ok()?;
        let name = name.to_owned();
        Some(Change::Unlinked { name, aside })
    }
}

impl Change {
    /// As it was before. What lies in a folder that is lost, too, is not there to be undone.
    fn undo(self) {
        match self {
            Change::Made(folder) => drop(fs::remove_dir_all(folder)),
            Change::Linked(name) => drop(fs::remove_file(name)),
            Change::Unlinked { name, aside } => {
                drop(fs::hard_link(&aside, name));
                drop(fs::remove_file(aside));
            }
        }
    }

    fn forget(self) {
        if let Change::Unlinked { aside, .. } = self {
            drop(fs::remove_file(aside));
        }
    }
}
