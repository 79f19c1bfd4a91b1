//! How the simulated program ends and comes back: it is killed, or the power goes; and what is wrong with its disk meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use library::{ActivityId, Finding, Library, State as UploadState, UploadId, UploadRow};
use played_disk::Trouble;

use super::athlete::Athlete;
use super::files;
use super::oracle::{self, Row};
use super::world::{Program, World, stands_still};
use crate::clock::Clock;
use crate::event::Event;
use crate::view::Notice;

/// What was committed before the program ended.
#[derive(Debug)]
pub(super) struct Committed {
    revision: u64,
    rows: BTreeMap<Row, String>,
    /// Those that nothing changes any more.
    settled: BTreeSet<Row>,
    /// Of which activity each upload is.
    of: BTreeMap<UploadId, ActivityId>,
}

impl Committed {
    fn of(library: &Library) -> Option<Committed> {
        let uploads = oracle::uploads(library);
        let is_settled = |upload: &&UploadRow| {
            let over = [UploadState::Sent, UploadState::Existing];
            over.contains(&upload.state)
        };
        let settled = uploads.iter().filter(is_settled);
        Some(Committed {
            revision: library.revision().ok()?,
            settled: settled.map(|upload| Row::Upload(upload.id)).collect(),
            of: uploads
                .iter()
                .map(|upload| (upload.id, upload.activity))
                .collect(),
            rows: oracle::rows(library),
        })
    }

    /// What cannot have become of it by one transaction more, which may be that of this deletion.
    fn contradicts(&self, now: &Committed, deleted: Option<ActivityId>) -> bool {
        if now.revision == self.revision {
            return now.rows != self.rows;
        }
        let may_go = |row: &Row| {
            let activity = match row {
                Row::Activity(id) => Some(id),
                Row::Upload(id) => self.of.get(id),
            };
            deleted.is_some() && activity == deleted.as_ref()
        };
        let mut gone = self.rows.keys().filter(|row| !now.rows.contains_key(row));
        let mut settled = self.settled.iter().filter(|row| !may_go(row));
        now.revision != self.revision + 1
            || gone.any(|row| !may_go(row))
            || settled.any(|row| now.rows.get(row) != self.rows.get(row))
    }
}

impl World {
    /// The program is killed, and started again after a while.
    pub(super) fn die(&mut self) {
        self.services.trace("dies".into());
        let committed = self.stop();
        self.disk.switch_on();
        self.wake(committed);
    }

    /// The power goes: what was not synced is lost, or a part of it.
    pub(super) fn cut(&mut self) {
        let committed = self.stop();
        self.lose();
        self.wake(committed);
    }

    fn lose(&mut self) {
        let lost = self.disk.lose();
        self.services.trace(format!("the power goes: {lost}"));
        self.disk.switch_on();
        if self.rng.u8(0..6) == 0 {
            // And once more, while it comes back.
            self.disk.go_off_in(Some(self.rng.u32(1..40)));
        }
    }

    /// From now on nothing of the program reaches the disk; then it ends. Requests that have left may still arrive; nobody hears
    /// the answers.
    fn stop(&mut self) -> Option<Committed> {
        self.dies_in = 0;
        let mut program = self.program.take().unwrap();
        program.finish_copy();
        self.disk.switch_off();
        let committed = Committed::of(&program.state.library);
        if committed.is_none() {
            let what = "the library cannot be read before the end";
            self.services.violated(what.into());
        }
        let unwritten = oracle::being_sent(&program.state.library);
        self.listen(&mut program);
        let looks = program.state.devices.values();
        let looks = looks.filter_map(|entry| entry.look.as_ref());
        let looks: Vec<_> = looks.map(|look| Arc::clone(&look.stop)).collect();
        for look in &looks {
            look.store(true, Ordering::Relaxed);
        }
        let Program {
            state,
            events,
            withheld,
            runtime,
            ..
        } = program;
        drop((state, events, withheld));
        drop(runtime);
        for look in looks {
            while Arc::strong_count(&look) > 1 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        self.services.hung_up();
        for (id, file) in unwritten {
            self.services.forgot(id, file);
        }
        committed
    }

    fn wake(&mut self, committed: Option<Committed>) {
        let pause = self.rng.u64(0..20_000);
        self.let_pass(pause);
        self.committed = committed;
        self.boot();
    }

    /// The library is opened, as often as it takes: while its disk is in trouble the program says so and ends.
    pub(super) fn open(&mut self, clock: &Clock) -> Library {
        loop {
            let opened = Library::open_on(&self.data(), Arc::clone(&self.disk) as _);
            let opened = opened.and_then(|library| {
                self.compare(&library);
                for (id, file) in oracle::being_sent(&library) {
                    self.services.found_on_its_way(id, file);
                }
                let mut library = library;
                library.recover(clock()).map(|_| library)
            });
            match opened {
                Ok(library) => return library,
                Err(_) if self.disk.is_off() => self.lose(),
                Err(error) if self.disk.is_troubled() => {
                    self.services
                        .trace(format!("cannot start: {}", error.code()));
                    self.mend();
                }
                Err(error) => panic!("the library does not open: {error}"),
            }
        }
    }

    /// After a start: what was committed is there, and each row has its original.
    fn compare(&mut self, library: &Library) {
        let Some(before) = self.committed.take() else {
            return;
        };
        if self.disk.is_off() {
            self.committed = Some(before);
            return;
        }
        let Some(now) = Committed::of(library) else {
            return self.services.violated("the library cannot be read".into());
        };
        // What was being committed at that moment may be there or not.
        if before.contradicts(&now, self.deletes.take()) {
            self.services
                .violated(format!("committed: {before:?}; after the start: {now:?}"));
        }
        for wrong in unsound(library) {
            self.services.violated(format!("after a start: {wrong}"));
        }
        for told in &self.told {
            if library.activity(library::ActivityId(*told)).is_err() {
                let what = format!("activity {told} was told as taken in, and is not there");
                self.services.violated(what);
            }
        }
    }

    /// What the program has told since it was last listened to.
    pub(super) fn hear(&mut self) {
        if let Some(mut program) = self.program.take() {
            self.listen(&mut program);
            self.program = Some(program);
        }
    }

    fn listen(&mut self, program: &mut Program) {
        while let Ok(notice) = program.notices.try_recv() {
            if let Notice::TakenIn { activities, .. } = notice {
                self.told.extend(activities);
            }
        }
    }

    /// For a while its disk is full, or fails, more or less often; at once, or from the middle of something on.
    pub(super) fn trouble(&mut self) {
        let trouble = if self.rng.bool() {
            Trouble::Full
        } else {
            Trouble::Broken
        };
        let share = [5, 30, 100][self.rng.usize(0..3)];
        let acts = self.rng.u32(0..60) * u32::from(self.rng.bool());
        let lasts = [2_000, 30_000, 600_000][self.rng.usize(0..3)];
        self.services.trace(format!(
            "disk: {trouble:?} for {lasts}, {share} of 100, after {acts}"
        ));
        self.disk.trouble_in(acts, (trouble, share));
        self.mended_at_ms = Some(self.now_ms() + lasts);
    }

    /// The trouble with the disk is over.
    pub(super) fn mend(&mut self) {
        self.mended_at_ms = None;
        self.disk.trouble(None);
    }
}

impl Program {
    /// A copy that goes on beside the loop comes to where it waits for the loop, so that each run ends at the same place.
    fn finish_copy(&mut self) {
        while self.withheld.is_empty() && self.state.is_copying() {
            let event = self.next_event();
            if stands_still(&event) {
                // Kept until the disk is off: without an answer to wait for, the copy would go on.
                self.withheld.push(event);
            }
        }
    }

    pub(super) fn next_event(&self) -> Event {
        self.events.recv_timeout(Duration::from_secs(60)).unwrap()
    }
}

/// What is wrong with the library's files after a start: one without a row is what a crash may leave.
pub(super) fn unsound(library: &Library) -> BTreeSet<String> {
    findings(library, |finding| !matches!(finding, Finding::Stray { .. }))
}

/// What is wrong with them in the end: what a crash left was taken in, or is gone with what was deleted. But for half of a
/// recording that is whole on the device by now, and for one that was deleted while the disk was in trouble, or is in doubt
/// since a try to take it in again.
pub(super) fn unsound_in_the_end(library: &Library, athlete: &Athlete) -> BTreeSet<String> {
    let may_stay = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        let mut all = files::pool().iter().enumerate();
        let of = all.find(|(_, file)| file.bytes.starts_with(&bytes));
        of.is_some_and(|(number, file)| {
            let is_half = file.bytes.len() > bytes.len();
            is_half || athlete.deleted.get(&number) == Some(&None)
        })
    };
    findings(library, |finding| match finding {
        Finding::Stray { path } => !may_stay(path),
        _ => true,
    })
}

fn findings(library: &Library, counts: impl Fn(&Finding) -> bool) -> BTreeSet<String> {
    let found = library.check().unwrap().into_iter().filter(counts);
    let folder = library.folder().display().to_string();
    found
        .map(|finding| finding.to_string().replace(&folder, ""))
        .collect()
}
