//! One look at one device, on a thread of its own: list it, wait for what is still written, copy, read. Knows nothing of
//! accounts; everything it finds goes to the loop as an event, one file at a time.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use device::{Device, DeviceError, Listing, Recording};
use jiff::Timestamp;
use library::{Attempts, Seen, SeenOutcome, StagedFile, Staging};
use track::Reading;

use crate::Clock;
use crate::inspect::{self, SET_ASIDE, read_guarded};
use crate::trial::Trial;
use crate::unzipped::Unzipped;
use crate::view::Problem;

/// A complete file that has not changed for this long is taken at the first look (RELIABILITY.md, "Decided since").
const QUIET: Duration = Duration::from_secs(5);
/// The code under which a file that was not finished is noted.
pub(crate) const UNFINISHED: &str = "unfinished";
/// An incomplete file that has not changed for this long is damaged, not growing.
const ABANDONED: Duration = Duration::from_secs(60);

/// What was noted under these codes is looked at again, though the file is as it was. A device that fails to read may have been
/// on its way out.
const FOR_NOW: [&str; 3] = [UNFINISHED, SET_ASIDE, DeviceError::UNREADABLE];

/// What one look needs.
pub(crate) struct Look {
    pub(crate) device: Device,
    /// Which files; none: whatever the device lists.
    pub(crate) files: Option<Vec<Recording>>,
    /// How many names of the device are looked at.
    pub(crate) most_names: usize,
    /// What is known of the files on it.
    pub(crate) seen: HashMap<PathBuf, Seen>,
    pub(crate) staging: Staging,
    pub(crate) attempts: Attempts,
    pub(crate) trial: Trial,
    pub(crate) settle: Duration,
    pub(crate) sleep: Sleep,
    pub(crate) clock: Clock,
    /// The user named these files: they are taken as they are, known or not.
    pub(crate) manual: bool,
    /// Files that were not finished at an earlier look of the same plug-in.
    pub(crate) unfinished: Vec<Recording>,
    pub(crate) stop: Arc<AtomicBool>,
}

/// What a look found.
pub(crate) enum Found {
    /// The device was listed.
    Listed { recordings: u32, fresh: u32 },
    /// The device holds more names than are looked at; what was listed is taken in.
    CutOff,
    /// A file that was not finished at an earlier look is there no more.
    Gone { recording: Recording },
    /// A file was copied and read, or cannot be. The look goes on when `taken` is answered.
    File {
        recording: Recording,
        result: Result<(StagedFile, Reading), Problem>,
        taken: SyncSender<()>,
    },
    /// What else lay in an archive that the user named, in words.
    PassedOver { recording: Recording, what: String },
    /// A file that is not finished yet; it is looked at again. `what`: where it ends, in words, if that is known.
    StillWritten {
        recording: Recording,
        what: String,
        taken: SyncSender<()>,
    },
    /// The look is over; how many files are still being written.
    Ended {
        still_written: u32,
        result: Result<(), Problem>,
    },
}

/// Runs the look to its end. `tell` answers false when nobody listens any more.
pub(crate) fn run(look: &Look, tell: &dyn Fn(Found) -> bool) {
    let mut still_written = 0;
    let result = take_all(look, tell, &mut still_written);
    tell(Found::Ended {
        still_written,
        result,
    });
}

fn take_all(
    look: &Look,
    tell: &dyn Fn(Found) -> bool,
    still_written: &mut u32,
) -> Result<(), Problem> {
    let Listing {
        recordings,
        is_cut_off,
        trouble,
    } = look.list()?;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let all = count(recordings.len());
    let gone = look.gone(&recordings);
    let mut fresh: Vec<Recording> = recordings
        .into_iter()
        .filter(|recording| look.is_fresh(recording))
        .collect();
    // Its trial may take a while, and the others need not wait for it.
    fresh.sort_by_key(|recording| look.was_set_aside(recording));
    if !tell(Found::Listed {
        recordings: all,
        fresh: count(fresh.len()),
    }) {
        return Ok(());
    }
    if is_cut_off {
        tell(Found::CutOff);
    }
    for recording in gone
        .into_iter()
        .filter(|_| !is_cut_off && trouble.is_none())
    {
        tell(Found::Gone { recording });
    }
    if let Some(doubtful) = first_looks(look, fresh, tell)?
        && !doubtful.is_empty()
        && look.wait()
    {
        second_looks(look, doubtful, tell, still_written)?;
    }
    // What could be read was taken in; the rest is tried again, and told.
    trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
}

/// Hands over what can be trusted at once; answers what needs a second look, or nothing when the look was called off.
fn first_looks(
    look: &Look,
    fresh: Vec<Recording>,
    tell: &dyn Fn(Found) -> bool,
) -> Result<Option<Vec<Recording>>, Problem> {
    let mut doubtful = Vec::new();
    for recording in fresh {
        if look.is_stopped() {
            return Ok(None);
        }
        match look.first(&recording)? {
            Copied::Done(result) => {
                if !hand_over(tell, |taken| Found::File {
                    recording,
                    result,
                    taken,
                }) {
                    return Ok(None);
                }
            }
            Copied::Archive(bytes) => {
                if !unpack(look, &recording, &bytes, tell)? {
                    return Ok(None);
                }
            }
            Copied::Growing(_) => doubtful.push(recording),
        }
    }
    Ok(Some(doubtful))
}

/// Hands over what has not changed since; the rest is still being written.
fn second_looks(
    look: &Look,
    doubtful: Vec<Recording>,
    tell: &dyn Fn(Found) -> bool,
    still_written: &mut u32,
) -> Result<(), Problem> {
    let now = stamps(look)?;
    for recording in doubtful {
        if look.is_stopped() {
            return Ok(());
        }
        let unchanged = now.get(&recording.path) == Some(&recording);
        let found = if unchanged {
            look.second(&recording)?
        } else {
            Copied::Growing(String::new())
        };
        let went_on = match found {
            Copied::Done(result) => hand_over(tell, |taken| Found::File {
                recording,
                result,
                taken,
            }),
            Copied::Archive(bytes) => unpack(look, &recording, &bytes, tell)?,
            Copied::Growing(what) => {
                *still_written += 1;
                hand_over(tell, |taken| Found::StillWritten {
                    recording,
                    what,
                    taken,
                })
            }
        };
        if !went_on {
            return Ok(());
        }
    }
    Ok(())
}

/// Hands over each recording in an archive as if it were a file of its own; false when the look was called off.
fn unpack(
    look: &Look,
    archive: &Recording,
    bytes: &[u8],
    tell: &dyn Fn(Found) -> bool,
) -> Result<bool, Problem> {
    let name = shown(&archive.path);
    let file = |recording: Recording, result| {
        hand_over(tell, |taken| Found::File {
            recording,
            result,
            taken,
        })
    };
    let mut unzipped = match Unzipped::open(&name, bytes) {
        Ok(unzipped) => unzipped,
        Err(problem) => return Ok(file(archive.clone(), Err(problem))),
    };
    while let Some((inside, content)) = unzipped.next() {
        let result = match content {
            Ok(bytes) => {
                // Before it is known whether it is one at all: a trial wants a file.
                let staged = look.stage(&bytes)?;
                let read = look.read(&staged, || read_guarded(&bytes, (look.clock)()));
                // Handing over waits for the loop; until then memory holds what was read, and not its bytes, too.
                drop(bytes);
                match unzipped.judged(&inside, read) {
                    Some(read) => read.map(|reading| (staged, reading)),
                    None => continue,
                }
            }
            Err(problem) => Err(problem),
        };
        let inner = Recording {
            // Only shown, never opened: as text, so that a name from the archive leads nowhere.
            path: PathBuf::from(format!("{name}/{}", inside.name)),
            ..archive.clone()
        };
        if look.is_stopped() || !file(inner, result) {
            return Ok(false);
        }
    }
    Ok(match unzipped.passed_over() {
        Ok(None) => true,
        Ok(Some(what)) => tell(Found::PassedOver {
            recording: archive.clone(),
            what,
        }),
        Err(problem) => file(archive.clone(), Err(problem)),
    })
}

/// Sends one file and waits until the loop has dealt with it: memory holds one recording per device, however many there are.
fn hand_over(tell: &dyn Fn(Found) -> bool, found: impl FnOnce(SyncSender<()>) -> Found) -> bool {
    let (taken, done) = sync_channel(1);
    tell(found(taken)) && done.recv().is_ok()
}

fn stamps(look: &Look) -> Result<HashMap<PathBuf, Recording>, Problem> {
    let listed = device::list(&look.device, look.most_names)?;
    Ok(listed
        .recordings
        .into_iter()
        .map(|recording| (recording.path.clone(), recording))
        .collect())
}

/// A copy that was read, or why it could not be.
type Taken = Result<(StagedFile, Reading), Problem>;

/// What copying a file came to.
enum Copied {
    /// This is what there is to it.
    Done(Taken),
    /// An archive that the user named: what is inside counts.
    Archive(Vec<u8>),
    /// It is still changing, or not whole yet: where it ends, in words.
    Growing(String),
}

impl Look {
    fn list(&self) -> Result<Listing, Problem> {
        match &self.files {
            Some(files) => Ok(Listing {
                recordings: files.clone(),
                ..Listing::default()
            }),
            None => Ok(device::list(&self.device, self.most_names)?),
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether the file is not known as it is now: another size or time means another look.
    fn is_fresh(&self, recording: &Recording) -> bool {
        let for_now = |seen: &Seen| matches!(&seen.outcome, SeenOutcome::Unreadable(reason) if FOR_NOW.contains(&reason.code.as_str()));
        self.manual || self.known(recording).is_none_or(for_now)
    }

    fn was_set_aside(&self, recording: &Recording) -> bool {
        let is_so = |seen: &Seen| matches!(&seen.outcome, SeenOutcome::Unreadable(reason) if reason.code == SET_ASIDE);
        self.known(recording).is_some_and(is_so)
    }

    /// Those that were not finished and are not listed any more. Usually there are none, or one.
    fn gone(&self, listed: &[Recording]) -> Vec<Recording> {
        let is_there = |file: &&Recording| listed.iter().any(|found| found.path == file.path);
        let unfinished = self.unfinished.iter();
        unfinished.filter(|file| !is_there(file)).cloned().collect()
    }

    fn known(&self, recording: &Recording) -> Option<&Seen> {
        self.seen
            .get(&recording.path)
            .filter(|seen| seen.size == recording.size && seen.modified_ms == recording.modified_ms)
    }

    /// How long ago the file was changed; a time in the future counts as now.
    fn age(&self, recording: &Recording) -> Duration {
        let changed = Timestamp::from_millisecond(recording.modified_ms).unwrap_or(Timestamp::MIN);
        (self.clock)()
            .duration_since(changed)
            .try_into()
            .unwrap_or_default()
    }

    /// The first look: done when it can be trusted already, growing when a second look must settle it.
    fn first(&self, recording: &Recording) -> Result<Copied, Problem> {
        let young = self.age(recording) < QUIET;
        if young && !self.manual {
            return Ok(Copied::Growing(String::new()));
        }
        let copied = self.copy(recording)?;
        let settled = self.manual
            || match &copied {
                Copied::Done(Ok((_, reading))) => reading.complete,
                Copied::Done(Err(problem)) => problem.code == SET_ASIDE,
                _ => false,
            };
        Ok(if settled {
            copied
        } else {
            Copied::Growing(String::new())
        })
    }

    /// The second look at a file that has not changed since the first.
    fn second(&self, recording: &Recording) -> Result<Copied, Problem> {
        let copied = self.copy(recording)?;
        let abandoned = self.is_abandoned(recording);
        Ok(match copied {
            Copied::Done(Ok((_, reading))) if !reading.complete && !abandoned => {
                Copied::Growing(first_loss(&reading))
            }
            copied => copied,
        })
    }

    /// Whether an incomplete file will not grow any more: it has not changed for a minute, by its own time or since we first
    /// saw it so; or it is as it was at an earlier plug-in.
    fn is_abandoned(&self, recording: &Recording) -> bool {
        if self.age(recording) >= ABANDONED {
            return true;
        }
        let Some(seen) = self.known(recording) else {
            return false;
        };
        let waited: Duration = (self.clock)()
            .duration_since(seen.looked_at)
            .try_into()
            .unwrap_or_default();
        waited >= ABANDONED || !self.unfinished.contains(recording)
    }

    /// Copies and reads. The error ends the look: the device is gone, or our own disk is full.
    fn copy(&self, recording: &Recording) -> Result<Copied, Problem> {
        let name = shown(&recording.path);
        let mut staged = self.staging.stage()?;
        match device::read_recording(&self.device, recording, &mut staged) {
            Ok(_) => {}
            Err(DeviceError::NotStored { source, .. }) => return Err(staged.error(source).into()),
            Err(error @ DeviceError::Gone { .. }) => return Err(error.into()),
            Err(DeviceError::Changed { .. }) if !self.manual => {
                return Ok(Copied::Growing(String::new()));
            }
            Err(_) if !device::is_there(&self.device) => {
                return Err(DeviceError::Gone {
                    name: self.device.name.clone(),
                }
                .into());
            }
            Err(error) => return Ok(Copied::Done(Err(error.into()))),
        }
        let staged = staged.finish()?;
        let bytes = staged.bytes()?;
        if self.manual && track::archive::is_archive(&bytes) {
            return Ok(Copied::Archive(bytes));
        }
        let read = || inspect::read_named(&name, &bytes, (self.clock)());
        let read = self.read(&staged, read).unwrap_or_else(|| {
            Err(if self.manual {
                inspect::not_read(&name)
            } else {
                inspect::set_aside(&name)
            })
        });
        Ok(Copied::Done(read.map(|reading| (staged, reading))))
    }

    /// Reads what was copied, under a note; none where that would end the program.
    fn read<T>(&self, staged: &StagedFile, read: impl FnOnce() -> T) -> Option<T> {
        let trial = || (self.trial)(staged.path());
        self.attempts.read(staged.sha256(), trial, read)
    }

    /// Puts bytes out of an archive into the library's staging. The error is our own disk's.
    fn stage(&self, bytes: &[u8]) -> Result<StagedFile, Problem> {
        let mut staged = self.staging.stage()?;
        if let Err(error) = staged.write_all(bytes) {
            return Err(staged.error(error).into());
        }
        Ok(staged.finish()?)
    }

    /// Waits until a file that is being written shows it; false when the look was called off.
    fn wait(&self) -> bool {
        (self.sleep)(self.settle, &self.stop);
        !self.is_stopped()
    }
}

/// Passes the time; given in, as the clock is.
pub(crate) type Sleep = Arc<dyn Fn(Duration, &AtomicBool) + Send + Sync>;

/// Sleeps until the time is over or the look is called off.
pub(crate) fn sleep(time: Duration, stop: &AtomicBool) {
    let step = Duration::from_millis(50);
    let mut left = time;
    while !left.is_zero() && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(left.min(step));
        left = left.saturating_sub(step);
    }
}

/// The first thing that was lost, in words without a full stop; in a growing file it is the end. Empty when nothing is said.
pub(crate) fn first_loss(reading: &Reading) -> String {
    let lost = reading
        .skipped
        .iter()
        .chain(reading.tracks.iter().flat_map(|track| &track.skipped))
        .next();
    lost.map(|lost| format!(": {}", lost.to_string().trim_end_matches('.')))
        .unwrap_or_default()
}

/// A path as it is shown: whatever its bytes are.
pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
