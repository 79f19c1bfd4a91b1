//! The device of the simulation: what is written on it and when, and how it comes and goes.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::files::{self, BEGINNING_MS};
use super::world::{World, stands_still};
use crate::event::{Command, Event};
use crate::intake::Sleep;

impl World {
    /// Whether its recordings can be seen. When they cannot, its folder may be there all the same, and empty: what an unmounted
    /// volume leaves.
    pub(super) fn is_plugged_in(&self) -> bool {
        !self.away().is_dir()
    }

    /// The device, or the folder that it is, is looked at.
    pub(super) fn plug_in(&mut self) {
        let path = self.device();
        if self.is_watched {
            let there = path.is_dir().then(|| device::folder(&path).unwrap());
            self.handle(Event::Devices(there.into_iter().collect()));
        } else if path.is_dir() {
            self.command(Command::TakeIn { path, since: None });
        }
    }

    /// The cable is pulled, or was and comes back.
    pub(super) fn pull_or_plug(&mut self) {
        let (there, away) = (self.device(), self.away());
        if self.is_plugged_in() {
            self.command(Command::LookAgain);
            self.pull();
        } else {
            // Nothing but an empty folder is removed so.
            drop(std::fs::remove_dir(&there));
            std::fs::rename(away, there).unwrap();
        }
        self.plug_in();
    }

    fn pull(&mut self) {
        let there = self.device();
        std::fs::rename(&there, self.away()).unwrap();
        if self.rng.bool() {
            self.services.trace("leaves an empty folder".into());
            std::fs::create_dir(there).unwrap();
        }
    }

    /// The cable is pulled while the device is looked at, between two files, when the time for it has come. That it is gone is
    /// told after the look.
    pub(super) fn come_to_pull(&mut self, event: &Event) {
        if self.pulled_in == 0 || !stands_still(event) {
            return;
        }
        self.pulled_in -= 1;
        if self.pulled_in == 0 && self.is_plugged_in() {
            self.services.trace("is pulled out".into());
            self.pull();
            self.is_pulled = true;
        }
    }

    /// Writes a recording to the device, or only so much of it.
    pub(super) fn record(&self, file: usize, bytes: usize) {
        self.services
            .trace(format!("records {bytes} bytes of {file}"));
        write(&self.device(), file, &files::pool()[file].name, bytes);
    }

    /// Writes a recording to the device under another name, too.
    pub(super) fn record_again(&self, file: usize) {
        self.services.trace(format!("records {file} once more"));
        write(
            &self.device(),
            file,
            &format!("again-{file}.fit"),
            usize::MAX,
        );
    }

    /// This recording is finished while it is looked at for the first time, or at the latest when [`World::grow`] says so.
    pub(super) fn grows_later(&mut self, file: usize) {
        self.has_grown = true;
        self.growing.lock().unwrap().push(file);
    }

    /// Where the recordings are, plugged in or not.
    fn recordings(&self) -> PathBuf {
        if self.is_plugged_in() {
            self.device()
        } else {
            self.away()
        }
    }

    /// What is being recorded is finished.
    pub(super) fn grow(&self) {
        finish(&self.growing, &self.recordings());
    }

    /// What happens while a look waits for files to come to rest: no time passes, but recordings are finished.
    pub(super) fn settling(&self) -> Sleep {
        let (growing, device, away) = (Arc::clone(&self.growing), self.device(), self.away());
        Arc::new(move |_: Duration, _: &AtomicBool| {
            if !away.is_dir() {
                finish(&growing, &device);
            }
        })
    }

    /// A volume keeps local time: with another zone every file has another time.
    pub(super) fn shift_times(&mut self) {
        let later = self.rng.bool();
        self.services.trace(format!("times shift, later: {later}"));
        let hour = Duration::from_secs(3_600);
        for entry in std::fs::read_dir(self.recordings()).unwrap() {
            let path = entry.unwrap().path();
            let time = path.metadata().unwrap().modified().unwrap();
            set_time(&path, if later { time + hour } else { time - hour });
        }
    }
}

fn finish(growing: &Mutex<Vec<usize>>, device: &Path) {
    for file in growing.lock().unwrap().drain(..) {
        write(device, file, &files::pool()[file].name, usize::MAX);
    }
}

fn write(device: &Path, file: usize, name: &str, bytes: usize) {
    let recorded = &files::pool()[file];
    let path = device.join(name);
    let bytes = recorded.bytes.get(..bytes).unwrap_or(&recorded.bytes);
    std::fs::write(&path, bytes).unwrap();
    // A file of long ago; another time for each length.
    let seconds = u64::try_from(BEGINNING_MS).unwrap() / 1000 - 500_000 + bytes.len() as u64;
    set_time(&path, UNIX_EPOCH + Duration::from_secs(seconds));
}

fn set_time(path: &Path, time: SystemTime) {
    let written = std::fs::File::options().write(true).open(path).unwrap();
    written.set_modified(time).unwrap();
}
