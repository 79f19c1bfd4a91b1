//! What a look at a device finds is kept, or noted with the reason why not.

use std::time::Duration;

use device::{DeviceError, Recording};
use library::{ActivityId, Kept, Origin, Reach, Reason, SeenFile, SeenOutcome, StagedFile};
use track::Reading;

use crate::devices::DeviceEntry;
use crate::inspect::{SET_ASIDE, kind_in_words};
use crate::intake::{Found, UNFINISHED, first_loss, shown};
use crate::state::State;
use crate::verdict::SET_ASIDE_FOR;
use crate::view::{Notice, Problem};

/// A file that was still being written is looked at again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// A device that could not be read is looked at again after this, also when nothing tells of a change.
const TROUBLE_AGAIN: Duration = Duration::from_secs(60);
/// After a device that is still there failed to read a file, or could not be read for the same reason again and again.
const FAILED_AGAIN: Duration = Duration::from_secs(600);
/// After so many looks in a row with the same trouble it is one that stays: a damaged name, not a cable that was touched.
const STAYS: u32 = 4;
/// Failures of our own disk, which every further file would meet too.
const OUR_DISK: [&str; 6] = [
    "disk_full",
    "disk_failed",
    "library_file",
    "read_only",
    "busy",
    "not_stored",
];

impl State {
    /// A look has something to say. Words of a look that is over are not heard; its thread ends by that.
    pub(crate) fn found(&mut self, id: &str, number: u64, found: Found) {
        let Some(look) = self
            .devices
            .get_mut(id)
            .and_then(|entry| entry.look.as_mut())
            .filter(|look| look.number == number)
        else {
            return;
        };
        match found {
            Found::Listed { recordings, fresh } => {
                look.of = fresh;
                if let Some(entry) = self.devices.get_mut(id) {
                    (entry.found, entry.is_cut_off) = (recordings, false);
                }
            }
            Found::CutOff => {
                if let Some(entry) = self.devices.get_mut(id) {
                    entry.is_cut_off = true;
                }
            }
            Found::Gone { recording } => self.never_finished(id, &recording),
            Found::File {
                recording,
                result,
                taken,
            } => {
                look.done += 1;
                // An archive holds more than was listed.
                look.of = look.of.max(look.done);
                look.bytes += recording.size;
                match self.keep(id, &recording, result) {
                    // The look may have been called off.
                    Ok(()) => drop(taken.send(())),
                    // Unanswered, its thread ends.
                    Err(problem) => self.look_ended(id, 0, Err(problem)),
                }
            }
            Found::PassedOver { recording, what } => {
                let path = self.shown_path(id, &recording);
                self.tell(Notice::Ignored { path, what });
            }
            Found::StillWritten {
                recording,
                what,
                taken,
            } => {
                self.unfinished(id, &recording, &what);
                // The look may have been called off.
                let _ = taken.send(());
            }
            Found::Ended {
                still_written,
                result,
            } => self.look_ended(id, still_written, result),
        }
    }

    /// Keeps one file, or notes why not. The error ends the look: our own disk is at fault.
    fn keep(
        &mut self,
        id: &str,
        recording: &Recording,
        result: Result<(StagedFile, Reading), Problem>,
    ) -> Result<(), Problem> {
        let path = self.shown_path(id, recording);
        let (staged, reading) = match result {
            Ok(read) => read,
            Err(problem) => {
                self.unreadable(id, recording, path, problem);
                return Ok(());
            }
        };
        let manual = self.devices.get(id).is_some_and(DeviceEntry::is_import);
        let origin = Origin {
            device: (!manual).then(|| id.to_owned()),
            file_name: shown(recording.path.file_name().unwrap_or_default().as_ref()),
            manual,
            reach: if manual {
                Reach::Since(None)
            } else {
                Reach::Pending
            },
        };
        let sha256 = *staged.sha256();
        let kept = self.library.keep(staged, &reading, &origin, self.now());
        let kept = match self.checked(kept) {
            Ok(kept) => kept,
            Err(problem) if OUR_DISK.contains(&problem.code.as_str()) => return Err(problem),
            // One file that cannot be kept doesn't stop the rest. It isn't noted, so the next look tries it again.
            Err(problem) => {
                self.trouble_with(id, &path, problem);
                return Ok(());
            }
        };
        let is_new = matches!(kept, Kept::New(_));
        let outcome = match kept {
            Kept::New(ids) => self.taken_in(id, &path, &ids, sha256, false),
            Kept::Known(ids) => self.taken_in(id, &path, &ids, sha256, true),
            Kept::Deleted => {
                self.ignored(id, &path, "deleted from the library earlier");
                SeenOutcome::Deleted
            }
            Kept::NoActivity => {
                let what = kind_in_words(&reading.kind);
                self.ignored(id, &path, &what);
                SeenOutcome::Ignored(what)
            }
        };
        if is_new && !reading.complete {
            self.trouble_with(id, &path, damaged(&path, &reading));
        }
        self.note(id, recording, &outcome);
        Ok(())
    }

    fn taken_in(
        &mut self,
        id: &str,
        path: &str,
        ids: &[ActivityId],
        sha256: [u8; 32],
        known: bool,
    ) -> SeenOutcome {
        let activities = ids.iter().map(|id| id.0).collect();
        self.tell(Notice::TakenIn {
            path: path.to_owned(),
            activities,
            known,
        });
        if let Some(entry) = self.devices.get_mut(id) {
            entry.solved(path);
            entry.taken_in += if known {
                0
            } else {
                u32::try_from(ids.len()).unwrap_or(u32::MAX)
            };
        }
        SeenOutcome::TakenIn(sha256)
    }

    fn ignored(&mut self, id: &str, path: &str, what: &str) {
        self.tell(Notice::Ignored {
            path: path.to_owned(),
            what: what.to_owned(),
        });
        if let Some(entry) = self.devices.get_mut(id) {
            // It may have been half written before.
            entry.solved(path);
            entry.ignored += 1;
        }
    }

    fn trouble_with(&mut self, id: &str, path: &str, problem: Problem) {
        // What is looked at again and again is told once.
        let is_news = |entry: &DeviceEntry| !entry.has_problem(path, &problem);
        if self.devices.get(id).is_none_or(is_news) {
            self.tell(Notice::Trouble {
                path: path.to_owned(),
                error: problem.clone(),
            });
        }
        if let Some(entry) = self.devices.get_mut(id) {
            entry.problem(path.to_owned(), problem);
        }
    }

    fn unreadable(&mut self, id: &str, recording: &Recording, path: String, problem: Problem) {
        self.note(id, recording, &SeenOutcome::Unreadable(reason(&problem)));
        self.trouble_with(id, &path, problem);
    }

    /// A file that may still grow: noted, so that the next plug-in knows it if it is the same then.
    fn unfinished(&mut self, id: &str, recording: &Recording, what: &str) {
        let path = self.shown_path(id, recording);
        let problem = Problem::new(
            UNFINISHED,
            format!("{path} may not be finished yet{what}."),
            "It is looked at again by itself; if it stays so, it is taken in as damaged at the next plug-in.",
        );
        let Some(entry) = self
            .devices
            .get_mut(id)
            .filter(|entry| !entry.unfinished.contains(recording))
        else {
            return;
        };
        entry
            .unfinished
            .retain(|known| known.path != recording.path);
        entry.unfinished.push(recording.clone());
        self.note(id, recording, &SeenOutcome::Unreadable(reason(&problem)));
        self.trouble_with(id, &path, problem);
    }

    /// A file that was not finished was removed: nothing is left to be waited for.
    fn never_finished(&mut self, id: &str, recording: &Recording) {
        let path = self.shown_path(id, recording);
        if let Some(entry) = self.devices.get_mut(id) {
            entry.solved(&path);
            entry
                .unfinished
                .retain(|known| known.path != recording.path);
        }
    }

    fn note(&mut self, id: &str, recording: &Recording, outcome: &SeenOutcome) {
        if self.devices.get(id).is_none_or(DeviceEntry::is_import) {
            return;
        }
        let file = SeenFile {
            path: recording.path.clone(),
            size: recording.size,
            modified_ms: recording.modified_ms,
        };
        let noted = self.library.note_seen(id, &file, outcome, self.now());
        self.check(noted);
    }

    /// Told when all else of a look is: the newest problems are the ones that are kept.
    fn tell_cut_off(&mut self, id: &str) {
        let Some(entry) = self.devices.get_mut(id) else {
            return;
        };
        let place = shown(&entry.device.root);
        if entry.is_cut_off {
            let problem = cut_off(&place, entry.most_names());
            self.trouble_with(id, &place, problem);
        } else {
            entry.solved(&place);
        }
    }

    /// A look is over. What could not be read, or be kept, is looked at again by itself.
    pub(crate) fn look_ended(&mut self, id: &str, still_written: u32, result: Result<(), Problem>) {
        self.tell_cut_off(id);
        let moment = self.moment();
        let Some(entry) = self.devices.get_mut(id) else {
            return;
        };
        entry.look = None;
        entry.still_written = still_written;
        let before = std::mem::replace(&mut entry.trouble, result.err());
        entry.troubled = if before == entry.trouble {
            entry.troubled.saturating_add(1)
        } else {
            1
        };
        let wait = match &entry.trouble {
            Some(problem) if OUR_DISK.contains(&problem.code.as_str()) => Some(LOOK_AGAIN),
            // Its uploads wait until each look is over.
            Some(_) if entry.troubled >= STAYS => Some(FAILED_AGAIN),
            Some(_) => Some(TROUBLE_AGAIN),
            None if still_written > 0 => Some(LOOK_AGAIN),
            None if entry.has_problem_of(DeviceError::UNREADABLE) => Some(FAILED_AGAIN),
            None => entry.has_problem_of(SET_ASIDE).then_some(SET_ASIDE_FOR),
        };
        if !entry.once {
            entry.next_look = wait.map(|wait| moment + wait);
        }
        let is_import = entry.is_import();
        let news = entry.trouble.clone().filter(|_| before != entry.trouble);
        if let Some(problem) = news {
            let name = entry.device.name.clone();
            tracing::warn!("{name}: {}", problem.title);
            self.tell(Notice::DeviceTrouble {
                device: name,
                error: problem,
            });
        }
        if is_import {
            self.devices.remove(id);
        }
    }

    fn shown_path(&self, id: &str, recording: &Recording) -> String {
        match self.devices.get(id) {
            Some(entry) if entry.once => shown(&entry.device.root.join(&recording.path)),
            _ => shown(&recording.path),
        }
    }
}

pub(crate) fn reason(problem: &Problem) -> Reason {
    Reason {
        code: problem.code.clone(),
        title: problem.title.clone(),
        hint: problem.hint.clone(),
    }
}

/// Why a part of a device was not taken in.
pub(crate) fn cut_off(place: &str, most_names: usize) -> Problem {
    Problem::new(
        "too_many_names",
        format!(
            "{place} holds more than {most_names} files and folders; the rest was not looked at."
        ),
        "What was looked at is taken in; move older recordings into folders outside of it, and add or import these.",
    )
}

/// Why a file that was kept is marked, and where it broke.
fn damaged(path: &str, reading: &Reading) -> Problem {
    Problem::new(
        "damaged",
        format!("{path} is incomplete or damaged{}.", first_loss(reading)),
        "What could be read is kept. It is not sent before you release it.",
    )
}
