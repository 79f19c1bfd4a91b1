//! Sees who opens or reads files and folders, by the kernel's own word (inotify). Linux only; knows no program.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

/// Watches places; what was opened or read there is told when asked.
pub(crate) struct Watch {
    kernel: OwnedFd,
    /// Each place by its number.
    places: Vec<(i32, String)>,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        let kernel = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
        Watch {
            kernel,
            places: Vec::new(),
        }
    }

    /// Watches a file, a node, or a folder with all that lies right in it. Links are not followed.
    pub(crate) fn over(&mut self, place: &Path) {
        let seen = WatchFlags::OPEN | WatchFlags::ACCESS | WatchFlags::CLOSE | WatchFlags::MODIFY;
        let number =
            inotify::add_watch(&self.kernel, place, seen | WatchFlags::DONT_FOLLOW).unwrap();
        self.places.push((number, place.display().to_string()));
    }

    /// What happened since the last time this was asked.
    pub(crate) fn seen(&self) -> Vec<String> {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut reader = Reader::new(&self.kernel, &mut buffer);
        let mut seen = Vec::new();
        // The kernel refuses as soon as there is nothing more.
        while let Ok(event) = reader.next() {
            let place = self.places.iter().find(|(wd, _)| *wd == event.wd());
            let place = place.map_or("", |(_, place)| place);
            seen.push(format!(
                "{place} {:?}: {:?}",
                event.file_name(),
                event.events()
            ));
        }
        seen
    }
}
