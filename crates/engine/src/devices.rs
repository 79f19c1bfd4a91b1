//! The devices' side of the loop: what is connected is looked at, and what a look finds is kept.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use device::{Device, DeviceKind, Exclusions, MOST_NAMES, MOST_NAMES_BY_HAND, Recording, Watch};
use library::{DeviceRow, Seen};

use crate::config::Config;
use crate::event::Event;
use crate::intake::{self, Look};
use crate::keeping::cut_off;
use crate::state::State;
use crate::view::{DeviceReport, FileProblem, Problem};

/// So long the sending of a device's activities waits for the rest of the device.
const COPYING: Duration = Duration::from_secs(120);
/// Problems kept per device; older ones are in the log.
const PROBLEMS: usize = 50;

/// One connected device, and what is going on with it.
pub(crate) struct DeviceEntry {
    pub(crate) device: Device,
    /// What is remembered of it; none for an import, which is no device.
    pub(crate) row: Option<DeviceRow>,
    /// The files of an import; none: whatever is there.
    pub(crate) files: Option<Vec<Recording>>,
    /// The look that is under way.
    pub(crate) look: Option<Running>,
    /// Something may have changed since that look began.
    pub(crate) again: bool,
    /// When it is looked at again by itself.
    pub(crate) next_look: Option<Instant>,
    pub(crate) found: u32,
    pub(crate) taken_in: u32,
    pub(crate) ignored: u32,
    pub(crate) still_written: u32,
    pub(crate) problems: VecDeque<FileProblem>,
    pub(crate) trouble: Option<Problem>,
    /// How many looks in a row ended with that trouble.
    pub(crate) troubled: u32,
    /// Files that were not finished when they were looked at since it was plugged in.
    pub(crate) unfinished: Vec<Recording>,
    /// It is not watched: the user asked for one look.
    pub(crate) once: bool,
    /// The last listing ended before its names did.
    pub(crate) is_cut_off: bool,
}

/// A look that is under way.
pub(crate) struct Running {
    pub(crate) number: u64,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) began: Instant,
    pub(crate) of: u32,
    pub(crate) done: u32,
    pub(crate) bytes: u64,
}

impl DeviceEntry {
    pub(crate) fn new(device: Device, row: Option<DeviceRow>) -> Self {
        Self {
            device,
            row,
            files: None,
            look: None,
            again: true,
            next_look: None,
            found: 0,
            taken_in: 0,
            ignored: 0,
            still_written: 0,
            problems: VecDeque::new(),
            trouble: None,
            troubled: 0,
            unfinished: Vec::new(),
            once: false,
            is_cut_off: false,
        }
    }

    /// Whether it may be read: a volume that merely holds recordings needs a yes.
    pub(crate) fn is_used(&self) -> bool {
        let answer = self.row.as_ref().and_then(|row| row.approved);
        answer.unwrap_or_else(|| !self.device.needs_yes())
    }

    /// Files that the user named: taken as they are, known or not, and not remembered as a device's.
    pub(crate) fn is_import(&self) -> bool {
        self.row.is_none()
    }

    /// How many names of it are looked at. An archive that the user named must not come in in part.
    pub(crate) fn most_names(&self) -> usize {
        if self.once || self.device.kind == DeviceKind::Recordings {
            MOST_NAMES_BY_HAND
        } else {
            MOST_NAMES
        }
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.look.is_some() || (self.again && self.is_used())
    }

    /// It went and came back between two lists: a look that began before may wait for the old mount for ever, and what was
    /// unfinished then is judged as at another plug-in, and its trouble may be over.
    fn plugged_in_again(&mut self) {
        self.stop();
        self.look = None;
        self.trouble = None;
        self.unfinished.clear();
    }

    pub(crate) fn stop(&self) {
        if let Some(look) = &self.look {
            look.stop.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn has_problem(&self, path: &str, problem: &Problem) -> bool {
        let same = |known: &FileProblem| known.path == path && known.problem == *problem;
        self.problems.iter().any(same)
    }

    /// Whether a file has a problem of this code.
    pub(crate) fn has_problem_of(&self, code: &str) -> bool {
        let mut codes = self.problems.iter().map(|known| &known.problem.code);
        codes.any(|known| known == code)
    }

    pub(crate) fn problem(&mut self, path: String, problem: Problem) {
        self.problems.retain(|known| known.path != path);
        self.problems.push_back(FileProblem { path, problem });
        if self.problems.len() > PROBLEMS {
            self.problems.pop_front();
        }
    }

    pub(crate) fn solved(&mut self, path: &str) {
        self.problems.retain(|known| known.path != path);
    }
}

impl State {
    /// Whether what an activity came from is still being copied: a better file of the same activity may yet come, and then
    /// that one is sent. A device that is slow beyond patience holds nothing up.
    pub(crate) fn may_have_a_better_twin(&self, job: &library::Job) -> bool {
        let now = self.moment();
        let copying = |entry: &DeviceEntry| {
            let look = entry.look.as_ref();
            look.is_some_and(|look| now.duration_since(look.began) < COPYING)
        };
        match &job.activity.device {
            Some(device) => self.devices.get(device).is_some_and(copying),
            None => self
                .devices
                .values()
                .filter(|entry| entry.is_import())
                .any(copying),
        }
    }

    /// Whether any device is being looked at.
    pub(crate) fn is_copying(&self) -> bool {
        self.devices.values().any(|entry| entry.look.is_some())
    }

    pub(crate) fn start_watching(&mut self) -> Result<(), Problem> {
        let inbox = self.inbox.clone();
        let changed = move |devices| {
            // The engine may have ended.
            let _ = inbox.send(Event::Devices(devices));
        };
        self.watch = Some(Watch::start(
            exclusions(&self.data_dir),
            self.folders.clone(),
            changed,
        )?);
        Ok(())
    }

    /// The whole list of what is connected has come.
    pub(crate) fn devices_changed(&mut self, devices: Vec<Device>) {
        self.devices_known = true;
        self.devices.retain(|id, entry| {
            let stays = entry.once || devices.iter().any(|device| device.id == *id);
            if !stays {
                entry.stop();
            }
            stays
        });
        for device in devices {
            match self.devices.get_mut(&device.id) {
                Some(entry) => {
                    if (&entry.device.root, &entry.device.mount) != (&device.root, &device.mount) {
                        entry.plugged_in_again();
                    }
                    entry.again = true;
                    entry.device = device;
                }
                None => self.plugged_in(device),
            }
        }
    }

    fn plugged_in(&mut self, device: Device) {
        let remembered = self
            .library
            .remember_device(&device.id, &device.name, self.now());
        let Some(mut row) = self.check(remembered) else {
            self.missed_device = true;
            return;
        };
        if device.kind == DeviceKind::Folder && row.choice.is_none() && !self.ask_first {
            match self.choose_quietly(&device.id, library::Choice::All) {
                Some(chosen) => row = chosen,
                None => {
                    // Without a choice its activities would wait for a word that nobody is asked for.
                    self.missed_device = true;
                    return;
                }
            }
        }
        self.devices
            .insert(device.id.clone(), DeviceEntry::new(device, Some(row)));
    }

    fn choose_quietly(&mut self, id: &str, choice: library::Choice) -> Option<DeviceRow> {
        let chosen = self
            .library
            .choose_device(id, choice, self.now())
            .and_then(|()| self.library.device(id));
        self.check(chosen).flatten()
    }

    /// Starts a look at every device that may have something new.
    pub(crate) fn look_at_devices(&mut self) {
        let now = self.moment();
        let due: Vec<String> = self
            .devices
            .iter()
            .filter(|(_, entry)| entry.look.is_none() && entry.is_used())
            .filter(|(_, entry)| entry.again || entry.next_look.is_some_and(|next| next <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            self.start_look(&id);
        }
    }

    /// How long until a device is looked at again by itself.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        let next = self
            .devices
            .values()
            .filter(|entry| entry.look.is_none() && entry.is_used())
            .filter_map(|entry| entry.next_look)
            .min()?;
        Some(next.saturating_duration_since(self.moment()))
    }

    /// Looks at a device on a thread of its own.
    fn start_look(&mut self, id: &str) {
        let seen = self.library.seen_all(id);
        let Some(seen) = self.check(seen) else { return };
        self.looks += 1;
        let began = self.moment();
        let (number, clock, settle) = (self.looks, Arc::clone(&self.clock), self.timing.settle);
        let (staging, attempts) = (self.library.staging(), self.library.attempts());
        let trial = Arc::clone(&self.trial);
        let inbox = self.inbox.clone();
        let Some(entry) = self.devices.get_mut(id) else {
            return;
        };
        let stop = Arc::new(AtomicBool::new(false));
        let manual = entry.is_import();
        let look = Look {
            device: entry.device.clone(),
            files: entry.files.clone(),
            most_names: entry.most_names(),
            seen,
            staging,
            attempts,
            trial,
            settle,
            sleep: Arc::clone(&self.wait),
            clock,
            manual,
            unfinished: entry.unfinished.clone(),
            stop: Arc::clone(&stop),
        };
        (entry.again, entry.next_look) = (false, None);
        entry.look = Some(Running {
            number,
            stop,
            began,
            of: 0,
            done: 0,
            bytes: 0,
        });
        let device = id.to_owned();
        let started = std::thread::Builder::new()
            .name("intake".into())
            .spawn(move || {
                let tell = |found| {
                    inbox
                        .send(Event::Found {
                            device: device.clone(),
                            look: number,
                            found,
                        })
                        .is_ok()
                };
                intake::run(&look, &tell);
            });
        if let Err(error) = started {
            let problem = Problem::no_threads(&error);
            self.look_ended(id, 0, Err(problem));
        }
    }
}

/// What is never a device: where the library lies, and the user's home.
fn exclusions(data_dir: &Path) -> Exclusions {
    let home = directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    Exclusions {
        paths: [Some(data_dir.to_owned()), home]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// What is connected now, without an engine.
///
/// # Errors
/// The configuration or the library cannot be read.
pub fn connected(data_dir: &Path) -> Result<Vec<DeviceReport>, Problem> {
    let config = Config::read(data_dir)?;
    let reader = crate::archive::reader(data_dir)?;
    let mut reports = Vec::new();
    for device in device::look(&exclusions(data_dir), &config.folders) {
        let seen = reader
            .as_ref()
            .map(|reader| reader.seen_all(&device.id))
            .transpose()?
            .unwrap_or_default();
        reports.push(report(device, &seen));
    }
    Ok(reports)
}

fn report(device: Device, seen: &HashMap<PathBuf, Seen>) -> DeviceReport {
    let most_names = DeviceEntry::new(device.clone(), None).most_names();
    let place = device.root.display().to_string();
    let is_new = |recording: &&Recording| {
        seen.get(&recording.path)
            .is_none_or(|seen| !seen.is_of(recording.size, recording.modified_ms))
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (counts, error) = match device::list(&device, most_names) {
        Ok(listing) => {
            let recordings = &listing.recordings;
            let new = recordings.iter().filter(is_new).count();
            let cut_off = || listing.is_cut_off.then(|| cut_off(&place, most_names));
            let error = listing.trouble.map(Problem::from).or_else(cut_off);
            (Some((count(recordings.len()), count(new))), error)
        }
        Err(error) => (None, Some(error.into())),
    };
    DeviceReport {
        id: device.id,
        name: device.name,
        kind: kind_name(device.kind),
        place,
        recordings: counts.map(|(all, _)| all),
        new: counts.map(|(_, new)| new),
        note: device.note,
        error,
    }
}

fn kind_name(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Garmin => "garmin",
        DeviceKind::Maker => "maker",
        DeviceKind::Recordings => "recordings",
        DeviceKind::Folder => "folder",
    }
}

#[cfg(test)]
#[path = "devices_tests.rs"]
mod tests;
