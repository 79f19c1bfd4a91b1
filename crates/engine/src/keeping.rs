//! What a look at a device finds is kept, or noted with the reason why not.

use device::Recording;
use jiff::SignedDuration;
use library::{ActivityId, Kept, Origin, Reach, Reason, SeenFile, SeenOutcome, StagedFile};
use track::Reading;

use crate::devices::DeviceEntry;
use crate::inspect::kind_in_words;
use crate::intake::{Found, UNFINISHED, first_loss, shown};
use crate::state::State;
use crate::view::{Notice, Problem};

/// A file that was still being written is looked at again after this.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

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
                    entry.found = recordings;
                }
            }
            Found::File {
                recording,
                result,
                taken,
            } => {
                look.done += 1;
                look.bytes += recording.size;
                self.keep(id, &recording, result);
                // The look may have been called off.
                let _ = taken.send(());
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

    /// Keeps one file, or notes why not.
    fn keep(
        &mut self,
        id: &str,
        recording: &Recording,
        result: Result<(StagedFile, Reading), Problem>,
    ) {
        let path = self.shown_path(id, recording);
        let (staged, reading) = match result {
            Ok(read) => read,
            Err(problem) => return self.unreadable(id, recording, path, problem),
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
        let Some(kept) = self.check(kept) else {
            // Our own disk is at fault: the file is looked at again.
            let next_look = self.now() + LOOK_AGAIN;
            if let Some(entry) = self.devices.get_mut(id) {
                entry.next_look = Some(next_look);
            }
            return;
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
            entry.ignored += 1;
        }
    }

    fn trouble_with(&mut self, id: &str, path: &str, problem: Problem) {
        self.tell(Notice::Trouble {
            path: path.to_owned(),
            error: problem.clone(),
        });
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
            format!("{path} may still be being written{what}."),
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

    fn look_ended(&mut self, id: &str, still_written: u32, result: Result<(), Problem>) {
        let now = self.now();
        let Some(entry) = self.devices.get_mut(id) else {
            return;
        };
        entry.look = None;
        entry.still_written = still_written;
        if still_written > 0 && !entry.once {
            entry.next_look = Some(now + LOOK_AGAIN);
        }
        entry.trouble = result.err();
        if let Some(problem) = entry.trouble.clone() {
            let name = entry.device.name.clone();
            tracing::warn!("{name}: {}", problem.title);
            self.tell(Notice::DeviceTrouble {
                device: name,
                error: problem,
            });
        }
        if self.devices.get(id).is_some_and(DeviceEntry::is_import) {
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

/// Why a file that was kept is marked, and where it broke.
fn damaged(path: &str, reading: &Reading) -> Problem {
    Problem::new(
        "damaged",
        format!("{path} is incomplete or damaged{}.", first_loss(reading)),
        "What could be read is kept. It is not sent before you release it.",
    )
}
