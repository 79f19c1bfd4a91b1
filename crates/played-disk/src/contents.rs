//! What of which file's content is not synced yet, and how it was before. Knows no names: a file is known by its inode.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::Arc;

use fastrand::Rng;

/// A write that the power goes in the middle of ends at such a border, as disks do.
const SECTOR: usize = 512;
/// What the system writes at once, or not at all.
const PAGE: u64 = 4096;

/// The content that may still be lost, in the order in which the files were first written.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    of: Vec<Content>,
}

#[derive(Debug)]
struct Content {
    inode: u64,
    file: Arc<File>,
    /// SQLite has it open: what it writes later is noted here, too.
    is_open: bool,
    changes: Vec<Change>,
    /// What could not be written when a sync failed, and is not tried again by itself.
    dropped: Vec<Dropped>,
}

/// A part of a page that the system has and the disk has not.
#[derive(Debug)]
struct Dropped {
    at: u64,
    /// What the disk has: nothing, which is read as zeroes, where the file ended before.
    old: Vec<u8>,
}

/// One write, or one cut of the end.
#[derive(Debug)]
struct Change {
    at: u64,
    /// How many bytes were written.
    bytes: usize,
    /// What was there.
    old: Vec<u8>,
    /// How long the file was, and is.
    length: (u64, u64),
}

impl Contents {
    /// A file of SQLite's: its descriptor stays open until [`Contents::closed`].
    pub(crate) fn open(&mut self, path: &Path) -> io::Result<Arc<File>> {
        let inode = std::fs::metadata(path)?.ino();
        if let Some(known) = self.of.iter_mut().find(|content| content.inode == inode) {
            known.is_open = true;
            return Ok(Arc::clone(&known.file));
        }
        let content = Content::new(inode, path, true)?;
        let file = Arc::clone(&content.file);
        self.of.push(content);
        Ok(file)
    }

    /// No file of SQLite's is open any more.
    pub(crate) fn closed(&mut self) {
        self.of.retain(Content::may_lose);
        for content in &mut self.of {
            content.is_open = false;
        }
    }

    pub(crate) fn append(&mut self, path: &Path, bytes: usize) -> io::Result<()> {
        let about = std::fs::metadata(path)?;
        if !self.of.iter().any(|content| content.inode == about.ino()) {
            self.of.push(Content::new(about.ino(), path, false)?);
        }
        self.note(
            about.ino(),
            Change {
                at: about.len(),
                bytes,
                old: Vec::new(),
                length: (about.len(), about.len() + bytes as u64),
            },
        );
        Ok(())
    }

    pub(crate) fn write(&mut self, file: &File, at: u64, bytes: usize) -> io::Result<()> {
        let about = file.metadata()?;
        let (length, end) = (about.len(), at + bytes as u64);
        self.note(
            about.ino(),
            Change {
                at,
                bytes,
                old: read(file, at, end.min(length))?,
                length: (length, length.max(end)),
            },
        );
        Ok(())
    }

    /// A file is written as it is.
    pub(crate) fn rewrite(&mut self, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let bytes = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        self.write(&file, 0, bytes)
    }

    pub(crate) fn truncate(&mut self, file: &File, size: u64) -> io::Result<()> {
        let about = file.metadata()?;
        self.note(
            about.ino(),
            Change {
                at: size,
                bytes: 0,
                old: read(file, size, about.len())?,
                length: (about.len(), size),
            },
        );
        Ok(())
    }

    /// The content of a file lasts, but for what was dropped of it and not written again since.
    pub(crate) fn synced(&mut self, file: &File) -> io::Result<()> {
        let about = file.metadata()?;
        self.of.retain_mut(|content| {
            if content.inode == about.ino() {
                content.synced(about.len());
            }
            content.inode != about.ino() || content.is_open || content.may_lose()
        });
        Ok(())
    }

    /// The content of a file could not be written: the system tries it no more.
    pub(crate) fn dropped(&mut self, file: &File) -> io::Result<()> {
        let inode = file.metadata()?.ino();
        if let Some(content) = self.of.iter_mut().find(|content| content.inode == inode) {
            content.drop_writes();
        }
        Ok(())
    }

    /// Of each file no write lasts, or all, or the first, or some of them.
    pub(crate) fn lose(&mut self, rng: &mut Rng) -> String {
        let (mut lasting, mut all) = (0, 0);
        for content in std::mem::take(&mut self.of) {
            all += content.changes.len();
            lasting += content.lose(rng);
        }
        format!("{} of {all} writes", all - lasting)
    }

    fn note(&mut self, inode: u64, change: Change) {
        if let Some(content) = self.of.iter_mut().find(|content| content.inode == inode) {
            content.changes.push(change);
        }
    }
}

impl Content {
    fn new(inode: u64, path: &Path, is_open: bool) -> io::Result<Self> {
        Ok(Self {
            inode,
            file: Arc::new(File::options().read(true).write(true).open(path)?),
            is_open,
            changes: Vec::new(),
            dropped: Vec::new(),
        })
    }

    /// Whether the disk has not all that the system has.
    fn may_lose(&self) -> bool {
        !self.changes.is_empty() || !self.dropped.is_empty()
    }

    /// A page that was written to since lasts as a whole, and what lies behind the end is no part of it.
    fn synced(&mut self, length: u64) {
        let written = std::mem::take(&mut self.changes);
        self.dropped.retain(|part| {
            let page = part.at / PAGE;
            let touches = |change: &Change| {
                let end = change.at + change.bytes as u64;
                change.bytes > 0 && change.at < (page + 1) * PAGE && end > page * PAGE
            };
            part.at < length && !written.iter().any(touches)
        });
    }

    /// Each write becomes what is dropped of its pages. How long it made the file may still last, as a cut may.
    fn drop_writes(&mut self) {
        for change in &mut self.changes {
            let bytes = std::mem::take(&mut change.bytes);
            if bytes == 0 {
                continue;
            }
            let mut at = std::mem::replace(&mut change.at, change.length.1);
            let mut old = std::mem::take(&mut change.old);
            old.resize(bytes, 0);
            while !old.is_empty() {
                let left = usize::try_from(PAGE - at % PAGE).unwrap_or(usize::MAX);
                let rest = old.split_off(left.min(old.len()));
                let next = at + old.len() as u64;
                self.dropped.push(Dropped { at, old });
                (at, old) = (next, rest);
            }
        }
        self.changes
            .retain(|change| change.length.0 != change.length.1);
    }

    /// Of what was dropped some pages have reached the disk all the same, each with all that was ever written to it.
    fn lose_dropped(&self, rng: &mut Rng) {
        let mut reached = BTreeMap::new();
        let length = self.file.metadata().map_or(0, |about| about.len());
        for part in self.dropped.iter().rev() {
            let page = part.at / PAGE;
            if *reached.entry(page).or_insert_with(|| rng.bool()) {
                continue;
            }
            let left = usize::try_from(length.saturating_sub(part.at)).unwrap_or(usize::MAX);
            let old = part.old.get(..left).unwrap_or(&part.old);
            drop(self.file.write_all_at(old, part.at));
        }
    }

    /// How many writes last. A file that cannot be written here is as the test left it.
    fn lose(self, rng: &mut Rng) -> usize {
        let mut new = Vec::new();
        for change in self.changes.iter().rev() {
            let end = change.at + change.bytes as u64;
            new.push(read(&self.file, change.at, end).unwrap_or_default());
            drop(self.file.set_len(change.length.0));
            drop(self.file.write_all_at(&change.old, change.at));
        }
        if !self.dropped.is_empty() {
            self.lose_dropped(rng);
        }
        let count = self.changes.len();
        let (way, first) = (rng.u8(0..4), rng.usize(0..=count));
        let mut lasting = 0;
        for (number, (change, new)) in self.changes.iter().zip(new.into_iter().rev()).enumerate() {
            let lasts = match way {
                0 => false,
                1 => true,
                2 => number < first,
                _ => rng.bool(),
            };
            if lasts {
                lasting += 1;
                change.redo(&self.file, &new);
            } else if way == 2 && number == first {
                let sectors = rng.usize(0..=new.len() / SECTOR);
                change.redo(&self.file, new.get(..sectors * SECTOR).unwrap_or(&new));
            } else if way == 3 && rng.bool() {
                // The file got its length, but nothing in it.
                let length = self.file.metadata().map_or(0, |about| about.len());
                drop(self.file.set_len(length.max(change.length.1)));
            }
        }
        lasting
    }
}

impl Change {
    fn redo(&self, file: &File, new: &[u8]) {
        if self.bytes == 0 {
            drop(file.set_len(self.length.1));
        }
        drop(file.write_all_at(new, self.at));
    }
}

/// What is there between two places, as far as it goes.
fn read(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or_default()];
    let mut read = 0;
    while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + read as u64)? {
            0 => break,
            more => read += more,
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}
