//! What the athlete did, how the world is put in order at the end, and what must hold then.

use std::collections::{BTreeMap, BTreeSet};

use library::{ActivityId, ActivityRow, Library, State as UploadState, UploadId, UploadRow};
use service::ServiceId;

use super::files;
use super::power::unsound;
use super::world::World;
use crate::event::Command;

/// Numbers of activities and uploads that a world may reach.
const MOST: i64 = 64;
/// Three days: longer than any back-off and any wait that a service may ask for.
const LONG_MS: u64 = 3 * 86_400_000;

/// What the athlete has done that changes what may be expected.
#[derive(Default)]
pub(super) struct Athlete {
    /// Recordings on the device.
    pub(super) recorded: BTreeSet<usize>,
    /// Those of them that are not whole.
    pub(super) halves: BTreeSet<usize>,
    /// Those that once were not: what was kept of them then is another file.
    were_halves: BTreeSet<usize>,
    /// Recordings whose activity was deleted.
    deleted: BTreeSet<usize>,
    /// How often something that was undecided was told to go.
    words: BTreeMap<usize, u32>,
}

impl Athlete {
    pub(super) fn wrote(&mut self, file: usize, half: bool, there: bool) {
        if !there {
            return;
        }
        self.recorded.insert(file);
        if half {
            self.halves.insert(file);
            self.were_halves.insert(file);
        } else {
            self.halves.remove(&file);
        }
    }

    /// Everything that may be tried again is told to.
    pub(super) fn gave_a_word(&mut self, world: &World) {
        world.services.may_be_early();
        for upload in uploads(world) {
            self.spoke(world, &upload);
        }
    }

    fn spoke(&mut self, world: &World, upload: &UploadRow) {
        let activity = world.library().activity(upload.activity).unwrap();
        if let Some(file) = file_of(&activity) {
            *self.words.entry(file).or_default() += 1;
        }
    }

    /// Lets go, keeps back, or sends never, one of the uploads.
    pub(super) fn decides(&mut self, world: &mut World) {
        let mut all = uploads(world);
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
            0 => Command::Hold { upload: id },
            1 => {
                self.spoke(world, &upload);
                Command::Release { upload: id }
            }
            _ => Command::Dismiss { upload: id },
        };
        world.command(command);
    }

    pub(super) fn deletes(&mut self, world: &mut World) {
        let all = activities(world);
        if all.is_empty() {
            return;
        }
        let activity = all[world.rng.usize(0..all.len())].clone();
        world.command(Command::DeleteActivity { id: activity.id.0 });
        world.hear();
        // When the disk is in trouble, what was not confirmed may have been done.
        let is_gone = world.library().activity(activity.id).is_err();
        if is_gone || world.disk.is_off() || world.disk.is_troubled() {
            world.told.remove(&activity.id.0);
            self.deleted.extend(file_of(&activity));
        }
    }
}

fn activities(world: &World) -> Vec<ActivityRow> {
    let all = (1..MOST).map(|id| world.library().activity(ActivityId(id)));
    all.filter_map(Result::ok).collect()
}

fn uploads(world: &World) -> Vec<UploadRow> {
    let all = (1..MOST).map(|id| world.library().upload(UploadId(id)));
    all.filter_map(Result::ok).collect()
}

/// Activities and uploads as they are written down.
pub(super) fn rows(library: &Library) -> Vec<String> {
    let activities = (1..MOST).filter_map(|id| library.activity(ActivityId(id)).ok());
    let uploads = (1..MOST).filter_map(|id| library.upload(UploadId(id)).ok());
    let activities = activities.map(|row| format!("{row:?}"));
    activities
        .chain(uploads.map(|row| format!("{row:?}")))
        .collect()
}

/// What is being sent, as far as it is written down.
pub(super) fn being_sent(library: &Library) -> Vec<(ServiceId, usize)> {
    let uploads = (1..MOST).filter_map(|id| library.upload(UploadId(id)).ok());
    let sending = uploads.filter(|upload| upload.state == UploadState::Sending);
    let of = |upload: UploadRow| {
        let activity = library.activity(upload.activity).ok()?;
        Some((ServiceId::from_name(&upload.service)?, file_of(&activity)?))
    };
    sending.filter_map(of).collect()
}

/// Which recording an activity is.
fn file_of(activity: &ActivityRow) -> Option<usize> {
    let same = |file: &files::Recorded| Some(file.start) == activity.start;
    files::pool().iter().position(same)
}

/// Everything works again, everybody is signed in, the device is there, and enough time passes.
pub(super) fn heal(world: &mut World) {
    world.dies_in = 0;
    world.disk.go_off_in(None);
    world.mend();
    world.services.badness(0);
    world.store.lock(false);
    let away = world.device().with_extension("away");
    if away.is_dir() {
        world.pull_or_plug();
    } else if !world.is_watched {
        // What is watched is looked at again by itself.
        world.plug_in();
    }
    world.pass(200_000);
    for id in ServiceId::ALL {
        if !world.works(id) {
            world.sign_in(id);
        }
    }
    world.pass(LONG_MS);
    for id in ServiceId::ALL {
        // A sign-in whose refresh was lost is found out only when it is used.
        if !world.works(id) {
            world.sign_in(id);
        }
    }
    world.pass(LONG_MS);
    world.hear();
}

/// What is wrong with a world that was put in order.
pub(super) fn judge(world: &World, athlete: &Athlete) -> Vec<String> {
    let mut wrong = world.services.violations();
    wrong.extend(kept(world, athlete));
    for upload in uploads(world) {
        wrong.extend(arrived(world, athlete, &upload));
    }
    for id in ServiceId::ALL {
        wrong.extend(twice(world, athlete, id));
    }
    wrong.extend(shared(world));
    wrong.extend(unsound(world.library()));
    for told in &world.told {
        if world.library().activity(ActivityId(*told)).is_err() {
            wrong.push(format!(
                "activity {told} was told as taken in, and is not there"
            ));
        }
    }
    wrong
}

/// No activity of a service is two uploads of an account.
fn shared(world: &World) -> Option<String> {
    let mut seen = BTreeSet::new();
    let arrived = [UploadState::Sent, UploadState::Existing];
    let all = uploads(world).into_iter();
    let mut twice = all
        .filter(|upload| arrived.contains(&upload.state))
        .filter(|upload| {
            let called = upload.remote_id.clone();
            called.is_some_and(|called| !seen.insert((upload.account.0, called)))
        });
    let upload = twice.next()?;
    Some(format!("another upload is the same activity as {upload:?}"))
}

/// Every recording on the device is in the library, once.
fn kept(world: &World, athlete: &Athlete) -> Vec<String> {
    let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
    let mut whole = BTreeSet::new();
    for activity in activities(world) {
        if let Some(file) = file_of(&activity) {
            *counts.entry(file).or_default() += 1;
            if !activity.is_damaged() {
                whole.insert(file);
            }
        }
    }
    let mut wrong = Vec::new();
    for file in athlete.recorded.difference(&athlete.deleted) {
        let count = counts.get(file).copied().unwrap_or(0);
        let most = 1 + u32::from(athlete.were_halves.contains(file));
        if count == 0 || count > most {
            wrong.push(format!("recording {file} is kept {count} times"));
        } else if !whole.contains(file) && !athlete.halves.contains(file) && !world.was_far_behind {
            wrong.push(format!("only half of recording {file} is kept"));
        }
    }
    wrong
}

/// An upload has come to its end, and what it says is true.
fn arrived(world: &World, athlete: &Athlete, upload: &UploadRow) -> Option<String> {
    let activity = world.library().activity(upload.activity).ok()?;
    let file = file_of(&activity)?;
    let id = ServiceId::from_name(&upload.service)?;
    let remotes = world.services.remotes(id);
    let called = upload.remote_id.as_ref();
    let remote = called.and_then(|called| {
        remotes
            .iter()
            .find(|remote| remote.id.to_string() == *called)
    });
    let sound = match upload.state {
        UploadState::Sent => remote.is_some_and(|remote| remote.file == file),
        // Its twin may be there in its place.
        UploadState::Existing => remote.is_some_and(|remote| {
            let (one, other) = (&files::pool()[remote.file], &files::pool()[file]);
            one.start.duration_since(other.start).abs() <= jiff::SignedDuration::from_secs(2)
        }),
        UploadState::Refused => files::pool()[file].unwanted || athlete.were_halves.contains(&file),
        // Somebody has chosen how far back the device is sent.
        UploadState::Held => upload.reason_code != "device_choice",
        UploadState::Dismissed => true,
        UploadState::Unsure => upload.reason_code == crate::verdict::UNDECIDED,
        UploadState::Waiting | UploadState::Sending | UploadState::Processing => false,
    };
    let account = world.library().account(upload.account);
    (!sound).then(|| {
        format!("recording {file}: {upload:?} of {account:?}, and the service has {remote:?}")
    })
}

/// Nothing is at a service more often than the athlete had it sent.
fn twice(world: &World, athlete: &Athlete, id: ServiceId) -> Vec<String> {
    let mut copies: BTreeMap<usize, u32> = BTreeMap::new();
    for remote in world
        .services
        .remotes(id)
        .iter()
        .filter(|remote| remote.ours)
    {
        *copies.entry(remote.file).or_default() += 1;
    }
    let words = |file: &usize| athlete.words.get(file).copied().unwrap_or(0);
    let too_late = world.services.too_late(id);
    let mut wrong = Vec::new();
    for (file, count) in copies {
        // What a service takes that late cannot be told from what it never took (docs/reliability.md).
        let late = too_late.get(&file).copied().unwrap_or(0);
        if count > 1 + words(&file) + late {
            wrong.push(format!("{} has recording {file} {count} times", id.name()));
        }
    }
    for (file, count) in world.services.refusals(id) {
        if count > 1 + words(&file) + u32::from(athlete.were_halves.contains(&file)) {
            wrong.push(format!("recording {file} was refused {count} times"));
        }
    }
    if id == ServiceId::MapMyTracks {
        for (file, count) in world.services.unclear(id) {
            let most = 2 * (1 + words(&file));
            if count > most {
                wrong.push(format!(
                    "recording {file} went out {count} times without a word"
                ));
            }
        }
    }
    wrong
}
