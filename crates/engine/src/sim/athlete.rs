//! What the athlete did, as far as it changes what may be expected.

use std::collections::{BTreeMap, BTreeSet};

use library::{State as UploadState, UploadRow};
use service::ServiceId;

use super::files;
use super::oracle::{activities, file_of, uploads};
use super::world::World;
use crate::event::{Command, Retry};
use crate::view::Choice;

/// What was said about one recording's upload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Words {
    /// How often it was told to go, whatever it was held for.
    pub(super) let_go: u32,
    /// How often so although it may have come with an earlier attempt.
    pub(super) sent_anyway: u32,
    /// How often it was told to be tried again, or let go.
    pub(super) asked_again: u32,
}

/// What the athlete has done.
#[derive(Default)]
pub(super) struct Athlete {
    /// Recordings on the device.
    pub(super) recorded: BTreeSet<usize>,
    /// Those of them that are not whole.
    pub(super) halves: BTreeSet<usize>,
    /// Those that once were not: what was kept of them then is another file.
    pub(super) were_halves: BTreeSet<usize>,
    /// Recordings whose activity was deleted, and when; none: it may not have been, or may have been taken in again.
    pub(super) deleted: BTreeMap<usize, Option<u64>>,
    /// Uploads that were put on hold, and that were not to be sent.
    pub(super) held: BTreeSet<i64>,
    pub(super) dismissed: BTreeSet<i64>,
    words: BTreeMap<(ServiceId, usize), Words>,
}

impl Athlete {
    pub(super) fn words(&self, id: ServiceId, file: usize) -> Words {
        self.words.get(&(id, file)).copied().unwrap_or_default()
    }

    pub(super) fn has_twin_of(&self, file: usize) -> bool {
        let same = |other: &usize| *other != file && files::is_same_ride(*other, file);
        self.recorded.iter().any(same)
    }

    /// Whether another activity here is, or was, of the same ride: of its twin, of a half of it, or of what was deleted.
    pub(super) fn has_another_of(&self, file: usize) -> bool {
        self.has_twin_of(file)
            || self.were_halves.contains(&file)
            || self.deleted.contains_key(&file)
    }

    pub(super) fn wrote(&mut self, file: usize, half: bool) {
        self.recorded.insert(file);
        if half {
            self.halves.insert(file);
            self.were_halves.insert(file);
        } else {
            self.halves.remove(&file);
        }
    }

    /// A few recordings, some of them only half; of those some are finished while they are looked at.
    pub(super) fn records(&mut self, world: &mut World) {
        for _ in 0..world.rng.usize(1..4) {
            let file = world.rng.usize(0..files::pool().len());
            let half = world.rng.u8(0..6) == 0;
            let grows = half && world.rng.u8(0..3) == 0;
            let length = files::pool()[file].bytes.len();
            if !world.is_plugged_in()
                || self.recorded.contains(&file) && !self.halves.contains(&file)
            {
                continue;
            }
            world.record(file, if half { length / 2 } else { length });
            if !half && world.rng.u8(0..8) == 0 {
                world.record_again(file);
            }
            self.wrote(file, half);
            if grows {
                world.grows_later(file);
                self.wrote(file, false);
            }
        }
    }

    /// Everything that may be tried again is told to.
    pub(super) fn retries_all(&mut self, world: &mut World) {
        world.services.may_be_early();
        for upload in uploads(world.library()) {
            self.spoke(world, &upload, None);
        }
        world.command(Command::Retry(Retry::All));
    }

    /// One upload is told to be tried again. Who names one that could not be decided has looked.
    pub(super) fn retries_one(&mut self, world: &mut World) {
        let all = uploads(world.library());
        if all.is_empty() {
            return;
        }
        let upload = all[world.rng.usize(0..all.len())].clone();
        world.services.may_be_early();
        let undecided = upload.reason_code == crate::verdict::UNDECIDED;
        self.spoke(world, &upload, undecided.then_some(true));
        world.command(Command::Retry(Retry::Upload(upload.id.0)));
    }

    /// `let_go`: whether it may have come with an earlier attempt; nothing where it is only to be tried again.
    fn spoke(&mut self, world: &World, upload: &UploadRow, let_go: Option<bool>) {
        let activity = world.library().activity(upload.activity).unwrap();
        let id = ServiceId::from_name(&upload.service).unwrap();
        if let Some(file) = file_of(&activity) {
            let words = self.words.entry((id, file)).or_default();
            words.asked_again += 1;
            words.let_go += u32::from(let_go.is_some());
            words.sent_anyway += u32::from(let_go == Some(true));
            if let_go.is_some() {
                world.services.let_go(id, file);
            }
        }
    }

    /// Lets go, keeps back, or sends never, one of the uploads.
    pub(super) fn decides(&mut self, world: &mut World) {
        let mut all = uploads(world.library());
        // Mostly it is what is held that somebody decides about.
        if all.iter().any(|upload| upload.state == UploadState::Held) && world.rng.u8(0..4) > 0 {
            all.retain(|upload| upload.state == UploadState::Held);
        }
        if all.is_empty() {
            return;
        }
        let upload = all[world.rng.usize(0..all.len())].clone();
        let id = upload.id.0;
        let command = match world.rng.u8(0..3) {
            0 => {
                self.held.insert(id);
                Command::Hold { upload: id }
            }
            1 => {
                if matches!(upload.state, UploadState::Held | UploadState::Dismissed) {
                    let in_doubt = upload.perhaps_arrived || upload.reason_code == "several";
                    self.spoke(world, &upload, Some(in_doubt));
                }
                Command::Release { upload: id }
            }
            _ => {
                self.dismissed.insert(id);
                Command::Dismiss { upload: id }
            }
        };
        world.command(command);
    }

    pub(super) fn deletes(&mut self, world: &mut World) {
        let all = activities(world.library());
        if all.is_empty() {
            return;
        }
        let activity = all[world.rng.usize(0..all.len())].clone();
        world.deletes = Some(activity.id);
        world.command(Command::DeleteActivity { id: activity.id.0 });
        if !world.disk.is_off() && !world.disk.is_troubled() {
            world.deletes = None;
        }
        world.hear();
        // When the disk is in trouble, what was not confirmed may have been done.
        let is_gone = world.library().activity(activity.id).is_err();
        let in_doubt = world.disk.is_off() || world.disk.is_troubled();
        if is_gone || in_doubt {
            world.told.remove(&activity.id.0);
            let since = (is_gone && !in_doubt).then(|| world.now_ms());
            self.deleted
                .extend(file_of(&activity).map(|file| (file, since)));
        }
    }

    /// A file of the device is taken in by hand, also one whose activity was deleted.
    pub(super) fn imports(&mut self, world: &mut World) {
        let all: Vec<usize> = self.recorded.iter().copied().collect();
        if all.is_empty() || !world.is_plugged_in() {
            return;
        }
        let file = all[world.rng.usize(0..all.len())];
        if let Some(since) = self.deleted.get_mut(&file) {
            *since = None;
            // What was refused before may be so once more.
            for id in ServiceId::ALL {
                self.words.entry((id, file)).or_default().asked_again += 1;
            }
        }
        let path = world.device().join(&files::pool()[file].name);
        world.command(Command::Import { paths: vec![path] });
    }

    /// Activities that were kept before somebody was signed in are sent, too.
    pub(super) fn sends_earlier(world: &mut World) {
        for account in world.library().accounts().unwrap() {
            let all = Command::SendEarlier {
                account: account.id.0,
                choice: Choice::All,
            };
            if world.command(all) {
                world.owes_all_to(account.id);
            }
        }
    }
}
