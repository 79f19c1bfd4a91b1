//! A thread that keeps the list of devices up to date; knows when to look, not what is a device.
//!
//! The mount table tells at once, change notices are a hint, and a slow look finds what both missed. Each place is looked at on
//! a thread of its own, so that a disk or an MTP store that doesn't answer holds up nothing else. Between looks nothing on a
//! device is open, so it can be ejected at any time.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::lookout::{Lookout, Message};
use crate::places::{self, Exclusions};
use crate::sight::{self, Origin, Place, Seen};
use crate::signal::{self, Waker};
use crate::{Device, DeviceError, mounts};

/// How long [`look`] waits for disks and stores that don't answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often to look where nothing tells of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks for new MTP stores and at folders that changed lately.
    pub look_every: Duration,
    /// Longest pause between two looks at a device, reached by doubling while nothing changes.
    pub rest_at_most: Duration,
    /// Quiet time after a change notice before looking.
    pub settle: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            look_every: Duration::from_secs(10),
            rest_at_most: Duration::from_secs(60),
            settle: Duration::from_millis(300),
        }
    }
}

/// Watches for devices until it is dropped.
pub struct Watch {
    messages: Sender<Message>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch: all mounts but the excluded ones, MTP stores, and the named folders. `changed` gets the whole list, on
    /// the watching thread, once at the beginning and then whenever a device or a recording may have come, gone or changed.
    /// It must not wait long, and it must not assume that anything changed.
    ///
    /// # Errors
    /// [`DeviceError::NoWatch`] when the system gives no thread or no mount table.
    pub fn start(
        exclusions: Exclusions,
        folders: Vec<PathBuf>,
        changed: impl Fn(Vec<Device>) + Send + 'static,
    ) -> Result<Watch, DeviceError> {
        Watch::start_at(Pace::default(), exclusions, folders, changed)
    }

    /// As [`Watch::start`], at another pace.
    ///
    /// # Errors
    /// As [`Watch::start`].
    pub fn start_at(
        pace: Pace,
        exclusions: Exclusions,
        folders: Vec<PathBuf>,
        changed: impl Fn(Vec<Device>) + Send + 'static,
    ) -> Result<Watch, DeviceError> {
        let no_watch = |source| DeviceError::NoWatch { source };
        let (waker, waiter) = signal::pair().map_err(no_watch)?;
        let (messages, inbox) = channel();
        let outlet = (messages.clone(), waker.clone());
        let run = move || {
            Lookout::new(
                pace,
                exclusions.resolved(),
                folders,
                outlet,
                Box::new(changed),
            )
            .run(&inbox, &waiter)
        };
        let thread = std::thread::Builder::new()
            .name("devices".to_owned())
            .spawn(run)
            .map_err(no_watch)?;
        Ok(Watch {
            messages,
            waker,
            thread: Some(thread),
        })
    }

    /// Watches these folders from now on instead of those named before.
    pub fn set_folders(&self, folders: Vec<PathBuf>) {
        self.tell(Message::Folders(folders));
    }

    /// Looks everywhere now; `changed` is called whether or not anything changed.
    pub fn rescan(&self) {
        self.tell(Message::Rescan);
    }

    fn tell(&self, message: Message) {
        // Fails only when the thread has ended, and then nobody is left to be told.
        let _ = self.messages.send(message);
        self.waker.wake();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tell(Message::Stop);
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // An error would be a panic of the caller's `changed`, which has been reported as such.
            let _ = thread.join();
        }
    }
}

/// Looks once: the devices that are connected now. Disks and stores that don't answer within 5 s are left out.
pub fn look(exclusions: &Exclusions, folders: &[PathBuf]) -> Vec<Device> {
    let until = Instant::now() + PATIENCE;
    let mounts = mounts::current();
    let gvfs: Vec<_> = places::gvfs_roots(&mounts).into_iter().cloned().collect();
    let (sender, stores) = channel();
    aside(move || {
        let stores = gvfs.iter().flat_map(|mount| {
            places::mtp_stores(mount)
                .into_iter()
                .map(|path| (path, mount.clone()))
        });
        // Nobody listens any more when it took too long.
        let _ = sender.send(stores.collect::<Vec<_>>());
    });
    let stores = stores.recv_timeout(PATIENCE / 2).unwrap_or_default();
    let places = sight::everywhere(&mounts, &exclusions.resolved(), &stores, folders);
    let probes: Vec<(Origin, Receiver<Seen>)> = places
        .into_iter()
        .map(|place| (place.origin, probe_aside(place)))
        .collect();
    let answer = |(origin, probe): (Origin, Receiver<Seen>)| {
        let seen = probe
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .ok()?;
        Some((origin, seen.device?))
    };
    let found: Vec<(Origin, Device)> = probes.into_iter().filter_map(answer).collect();
    sight::assemble(found.iter().map(|(origin, device)| (*origin, device)))
}

fn probe_aside(place: Place) -> Receiver<Seen> {
    let (sender, receiver) = channel();
    aside(move || {
        // Nobody listens any more when it took too long.
        let _ = sender.send(sight::probe(&place));
    });
    receiver
}

fn aside(work: impl FnOnce() + Send + 'static) {
    // Without a thread there is no answer, which is the same as one that takes too long.
    let _ = std::thread::Builder::new().spawn(work);
}
