//! Change notices of the system for some folders: a hint to look again, never more; does not know what lies in them.
//!
//! `notify` 8 falls silent for good when a volume is unmounted or a folder is replaced, so the whole set is made anew then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Something may have changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Where; nothing when notices were lost, so that it may be anywhere.
    pub(crate) path: Option<PathBuf>,
    /// Whether folders came, went or moved: the folders listened to may be others now.
    pub(crate) folders: bool,
}

/// The folders that are listened to.
#[derive(Default)]
pub(crate) struct Hearing {
    watcher: Option<RecommendedWatcher>,
    /// Each with the number of the mount that it was on.
    folders: BTreeMap<PathBuf, u64>,
    is_stale: bool,
}

impl Hearing {
    /// Makes sure that the next [`Hearing::listen`] begins anew.
    pub(crate) fn distrust(&mut self) {
        self.is_stale = true;
    }

    /// Listens to these folders and no others; returns those not listened to before. A folder that can't be listened to is
    /// passed over: looking again and again finds what is in it, later.
    pub(crate) fn listen(
        &mut self,
        wanted: BTreeMap<PathBuf, u64>,
        hint: impl Fn(Hint) + Send + 'static,
    ) -> Vec<PathBuf> {
        if wanted == self.folders && !self.is_stale {
            return Vec::new();
        }
        let lost = |(folder, mount): (&PathBuf, &u64)| wanted.get(folder) != Some(mount);
        if self.is_stale || self.watcher.is_none() || self.folders.iter().any(lost) {
            let mut fresh = notify::recommended_watcher(move |event| heard(event, &hint)).ok();
            let all: Vec<PathBuf> = wanted.keys().cloned().collect();
            add(fresh.as_mut(), &all);
            // The old one goes only now, so that nothing falls between.
            self.watcher = fresh;
            self.folders = wanted;
            self.is_stale = false;
            return all;
        }
        let new: Vec<PathBuf> = wanted
            .keys()
            .filter(|folder| !self.folders.contains_key(*folder))
            .cloned()
            .collect();
        add(self.watcher.as_mut(), &new);
        self.folders = wanted;
        new
    }
}

fn add(watcher: Option<&mut RecommendedWatcher>, folders: &[PathBuf]) {
    let Some(watcher) = watcher else { return };
    for folder in folders {
        // The folder may have gone again, or the system's limit is reached.
        let _ = watcher.watch(Path::new(folder), RecursiveMode::NonRecursive);
    }
}

fn heard(event: notify::Result<Event>, hint: &impl Fn(Hint)) {
    let Ok(event) = event else {
        return hint(Hint {
            path: None,
            folders: true,
        });
    };
    if event.need_rescan() {
        return hint(Hint {
            path: None,
            folders: true,
        });
    }
    let folders = match event.kind {
        // Our own reading is no change; closing after writing is one.
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => return,
        EventKind::Create(CreateKind::File)
        | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => false,
        EventKind::Remove(notify::event::RemoveKind::File) => false,
        _ => true,
    };
    event.paths.into_iter().for_each(|path| {
        hint(Hint {
            path: Some(path),
            folders,
        })
    });
}
