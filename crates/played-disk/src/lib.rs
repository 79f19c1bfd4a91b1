//! A disk that is played, for tests: the power goes and what was not synced is lost or half lost; it is full for a while, or fails.
//! It stands before the library's own files ([`library::Disk`]) and before SQLite's (a VFS). Knows neither activities nor rows.
//!
//! What is written goes to real files at once, and everybody reads it there. Beside them a log of what is not synced yet says how
//! it was before; when the power goes it is undone, and a part of it, out of the seed, done again.

#![cfg(unix)]

mod contents;
mod locks;
mod names;
mod vfs;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use fastrand::Rng;
use library::{Act, Disk};

use contents::Contents;
use locks::Locks;
use names::Names;

/// Of the errors that Linux has.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No room for anything new.
    Full,
    /// Neither writing nor syncing nor removing works.
    Broken,
}

/// A disk that is played. Everything that it does comes out of its seed and of what is asked of it.
#[derive(Debug)]
pub struct PlayedDisk {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    rng: Rng,
    names: Names,
    contents: Contents,
    /// Nothing is done any more: the program was killed, or the power is gone.
    is_off: bool,
    /// With which act the power goes.
    off_in: Option<u32>,
    /// What is wrong, and how many of a hundred acts meet it.
    trouble: Option<(Trouble, u8)>,
    /// After how many acts it begins.
    trouble_in: u32,
    acts: u64,
    refused: u64,
    /// Of each file of SQLite's.
    locks: Vec<(PathBuf, Arc<Mutex<Locks>>)>,
}

/// Sorts of acts, as far as they fail apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Takes,
    Syncs,
    Removes,
}

/// The disks that there are, each with the folder that lies on it, for who opens a database by its path.
static DISKS: Mutex<Vec<(PathBuf, Weak<PlayedDisk>)>> = Mutex::new(Vec::new());

impl PlayedDisk {
    /// The disk that this folder lies on. What is there already counts as synced. Whoever opens a database on it has to do so by
    /// [`Disk::vfs`]: the locks are seen only there. `aside` is an empty folder of the same file
    /// system, where removed files are kept while their removal may still be lost.
    pub fn new(folder: &Path, aside: &Path, seed: u64) -> Arc<PlayedDisk> {
        vfs::register();
        let disk = Arc::new(PlayedDisk {
            inner: Mutex::new(Inner {
                rng: Rng::with_seed(seed),
                names: Names::new(aside),
                contents: Contents::default(),
                is_off: false,
                off_in: None,
                trouble: None,
                trouble_in: 0,
                acts: 0,
                refused: 0,
                locks: Vec::new(),
            }),
        });
        let mut disks = locked(&DISKS);
        disks.retain(|(_, disk)| disk.strong_count() > 0);
        disks.push((folder.to_owned(), Arc::downgrade(&disk)));
        disk
    }

    /// The disk that this folder lies on.
    fn under(folder: &Path) -> Option<Arc<PlayedDisk>> {
        let disks = locked(&DISKS);
        let (_, disk) = disks.iter().find(|(path, _)| path == folder)?;
        disk.upgrade()
    }

    /// From now on so many of a hundred acts meet this trouble, or none does.
    pub fn trouble(&self, trouble: Option<(Trouble, u8)>) {
        let mut inner = self.inner();
        (inner.trouble, inner.trouble_in) = (trouble, 0);
    }

    /// As [`PlayedDisk::trouble`], after so many acts that go well.
    pub fn trouble_in(&self, acts: u32, trouble: (Trouble, u8)) {
        let mut inner = self.inner();
        (inner.trouble, inner.trouble_in) = (Some(trouble), acts);
    }

    /// Whether something is wrong with it now.
    pub fn is_troubled(&self) -> bool {
        let inner = self.inner();
        inner.trouble.is_some() && inner.trouble_in == 0
    }

    /// The power goes with the act that is so many away; 1 is the next.
    pub fn go_off_in(&self, acts: Option<u32>) {
        self.inner().off_in = acts;
    }

    /// Nothing that is asked from now on is done.
    pub fn switch_off(&self) {
        self.inner().is_off = true;
    }

    /// Whether nothing is done any more.
    pub fn is_off(&self) -> bool {
        self.inner().is_off
    }

    /// What was not synced is lost, or a part of it. Nothing may be open. Says how much it was.
    pub fn lose(&self) -> String {
        let inner = &mut *self.inner();
        let contents = inner.contents.lose(&mut inner.rng);
        let names = inner.names.lose(&mut inner.rng);
        format!("{contents}, {names}")
    }

    /// It does what is asked again. Nothing may be open.
    pub fn switch_on(&self) {
        let mut inner = self.inner();
        inner.contents.closed();
        (inner.is_off, inner.off_in) = (false, None);
    }

    /// How much was asked of it so far, and how much of that it refused.
    pub fn asked(&self) -> (u64, u64) {
        let inner = self.inner();
        (inner.acts, inner.refused)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        locked(&self.inner)
    }

    /// A file of SQLite's is made.
    fn make(&self, path: &Path) -> io::Result<()> {
        let inner = &mut *self.inner();
        inner.ask(Sort::Takes)?;
        inner.names.linked(path);
        Ok(())
    }

    /// A file of SQLite's is open from now on.
    fn open(&self, path: &Path) -> io::Result<Arc<File>> {
        self.inner().contents.open(path)
    }

    /// Who has locked what of this file.
    fn locks(&self, path: &Path) -> Arc<Mutex<Locks>> {
        let inner = &mut *self.inner();
        if let Some((_, locks)) = inner.locks.iter().find(|(of, _)| of == path) {
            return Arc::clone(locks);
        }
        let locks = Arc::default();
        inner.locks.push((path.to_owned(), Arc::clone(&locks)));
        locks
    }

    fn write(&self, file: &File, at: u64, bytes: usize) -> io::Result<()> {
        let inner = &mut *self.inner();
        inner.ask(Sort::Takes)?;
        inner.contents.write(file, at, bytes)
    }

    fn truncate(&self, file: &File, size: u64) -> io::Result<()> {
        let inner = &mut *self.inner();
        inner.ask(Sort::Takes)?;
        inner.contents.truncate(file, size)
    }

    /// `new`: the name of a file that is new lasts from now on, too.
    fn sync(&self, file: &File, new: Option<&Path>) -> io::Result<()> {
        let inner = &mut *self.inner();
        inner.sync(file)?;
        if let Some(folder) = new.and_then(Path::parent) {
            inner.names.synced(folder);
        }
        Ok(())
    }

    fn remove(&self, path: &Path, sync: bool) -> io::Result<()> {
        let inner = &mut *self.inner();
        inner.ask(Sort::Removes)?;
        inner.names.unlinked(path);
        if let Some(folder) = path.parent().filter(|_| sync) {
            inner.names.synced(folder);
        }
        Ok(())
    }
}

impl Inner {
    /// The content of a file is to last. Where that fails the system takes what it could not write for written.
    fn sync(&mut self, file: &File) -> io::Result<()> {
        match self.ask(Sort::Syncs) {
            Ok(()) => self.contents.synced(file),
            Err(error) if self.is_off => Err(error),
            Err(error) => {
                self.contents.dropped(file)?;
                Err(error)
            }
        }
    }

    fn ask(&mut self, sort: Sort) -> io::Result<()> {
        self.acts += 1;
        if let Some(left) = &mut self.off_in {
            *left = left.saturating_sub(1);
            self.is_off |= *left == 0;
        }
        let begins_later = self.trouble_in > 0;
        self.trouble_in = self.trouble_in.saturating_sub(1);
        let meets = |trouble: Trouble| trouble == Trouble::Broken || sort == Sort::Takes;
        let error = match self.trouble {
            _ if self.is_off => EIO,
            _ if begins_later => return Ok(()),
            Some((trouble, share)) if meets(trouble) && self.rng.u8(0..100) < share => {
                match trouble {
                    Trouble::Full => ENOSPC,
                    Trouble::Broken => EIO,
                }
            }
            _ => return Ok(()),
        };
        self.refused += 1;
        Err(io::Error::from_raw_os_error(error))
    }
}

impl Disk for PlayedDisk {
    fn before(&self, act: Act<'_>) -> io::Result<()> {
        let inner = &mut *self.inner();
        let sort = match act {
            Act::Sync(path) => return inner.sync(&File::open(path)?),
            Act::SyncNames(_) => Sort::Syncs,
            Act::Remove(_) => Sort::Removes,
            _ => Sort::Takes,
        };
        inner.ask(sort)?;
        match act {
            Act::MakeFolder(folder) => inner.names.made(folder),
            Act::Create(path) => inner.names.linked(path),
            Act::Append(path, bytes) => inner.contents.append(path, bytes)?,
            Act::Rewrite(path) => inner.contents.rewrite(path)?,
            Act::Rename { from, to } => inner.names.renamed(from, to),
            Act::Remove(path) => inner.names.unlinked(path),
            Act::SyncNames(folder) => inner.names.synced(folder),
            // Answered above: where it fails there is something to do, too.
            Act::Sync(_) => {}
        }
        Ok(())
    }

    fn vfs(&self) -> Option<&str> {
        Some(vfs::NAME)
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Who panicked with it has failed its test already.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
