//! How the world is put in order at the end, and what must hold then.

use std::collections::{BTreeMap, BTreeSet};

use library::{ActivityId, ActivityRow, Library, State as UploadState, UploadId, UploadRow};
use service::ServiceId;

use super::athlete::Athlete;
use super::files;
use super::power::unsound;
use super::world::World;
use crate::lane::ClientSecret;

/// Numbers of activities and uploads that a world may reach.
const MOST: i64 = 64;
/// Three days: longer than any back-off and any wait that a service may ask for.
const LONG_MS: u64 = 3 * 86_400_000;

pub(super) fn activities(library: &Library) -> Vec<ActivityRow> {
    let all = (1..MOST).map(|id| library.activity(ActivityId(id)));
    all.filter_map(Result::ok).collect()
}

pub(super) fn uploads(library: &Library) -> Vec<UploadRow> {
    let all = (1..MOST).map(|id| library.upload(UploadId(id)));
    all.filter_map(Result::ok).collect()
}

/// Activities and uploads as they are written down.
pub(super) fn rows(library: &Library) -> Vec<String> {
    let activities = activities(library).into_iter();
    let uploads = uploads(library).into_iter();
    let activities = activities.map(|row| format!("{row:?}"));
    activities
        .chain(uploads.map(|row| format!("{row:?}")))
        .collect()
}

/// What is being sent, as far as it is written down.
pub(super) fn being_sent(library: &Library) -> Vec<(ServiceId, usize)> {
    let uploads = uploads(library).into_iter();
    let sending = uploads.filter(|upload| upload.state == UploadState::Sending);
    let of = |upload: UploadRow| {
        let activity = library.activity(upload.activity).ok()?;
        Some((ServiceId::from_name(&upload.service)?, file_of(&activity)?))
    };
    sending.filter_map(of).collect()
}

/// Which recording an activity is.
pub(super) fn file_of(activity: &ActivityRow) -> Option<usize> {
    let same = |file: &files::Recorded| Some(file.start) == activity.start;
    files::pool().iter().position(same)
}

/// Everything works again, everybody is signed in, the device is there, and enough time passes.
pub(super) fn heal(world: &mut World) {
    world.dies_in = 0;
    world.disk.go_off_in(None);
    world.mend();
    world.services.badness(0);
    world.store.open_up();
    world.grow();
    if !world.is_plugged_in() {
        world.pull_or_plug();
    } else if world.has_grown || !world.is_watched {
        // What is watched is looked at again by itself; that a file was finished nobody tells here.
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
    for upload in uploads(world.library()) {
        wrong.extend(arrived(world, athlete, &upload));
    }
    for id in ServiceId::ALL {
        wrong.extend(twice(world, athlete, id));
        wrong.extend(unasked(world, athlete, id));
    }
    wrong.extend(shared(world));
    wrong.extend(unread(world));
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

/// Whatever the keyring did, what it holds is known, unless it may show a window, and nobody has asked it for anything since.
fn unread(world: &World) -> Option<String> {
    let is_known = match world.client_secret() {
        ClientSecret::Unreadable { why, .. } => {
            ["keyring_locked", "keyring_slow"].contains(&why.code.as_str())
        }
        secret => matches!(secret, ClientSecret::Stored),
    };
    (!is_known).then(|| "it is not known that the client secret is there".to_owned())
}

/// No activity of a service is two uploads of an account.
fn shared(world: &World) -> Option<String> {
    let mut seen = BTreeSet::new();
    let arrived = [UploadState::Sent, UploadState::Existing];
    let all = uploads(world.library()).into_iter();
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
    for activity in activities(world.library()) {
        if let Some(file) = file_of(&activity) {
            *counts.entry(file).or_default() += 1;
            if !activity.is_damaged() {
                whole.insert(file);
            }
        }
    }
    let mut wrong = Vec::new();
    for file in athlete
        .recorded
        .difference(&athlete.deleted.keys().copied().collect())
    {
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
    let is_there = || {
        remotes
            .iter()
            .any(|remote| files::is_same_ride(remote.file, file))
    };
    let sound = match upload.state {
        UploadState::Sent => remote.is_some_and(|remote| remote.file == file),
        // Its twin may be there in its place.
        UploadState::Existing => {
            remote.is_some_and(|remote| files::is_same_ride(remote.file, file))
        }
        UploadState::Refused => files::pool()[file].unwanted || athlete.were_halves.contains(&file),
        UploadState::Held => match upload.reason_code.as_str() {
            "user" => athlete.held.contains(&upload.id.0),
            "damaged" => athlete.were_halves.contains(&file),
            "twin" => athlete.were_halves.contains(&file) || athlete.has_twin_of(file),
            "several" => is_there(),
            // Nobody has chosen from when on a device is sent, and every file can be read.
            _ => false,
        },
        UploadState::Dismissed => athlete.dismissed.contains(&upload.id.0),
        UploadState::Unsure => {
            // Each claim may have been the last word of a run; of what was deleted they are not counted any more.
            let went_out = upload.attempts > 1 || athlete.deleted.contains_key(&file);
            upload.reason_code == crate::verdict::UNDECIDED
                && (is_there() || went_out && id == ServiceId::MapMyTracks)
        }
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
    let words = |file: &usize| athlete.words(id, *file);
    let too_late = world.services.too_late(id);
    let mut wrong = Vec::new();
    for (file, count) in copies {
        // What a service takes that late cannot be told from what it never took (docs/reliability.md).
        let late = too_late.get(&file).copied().unwrap_or(0);
        if count > 1 + words(&file).sent_anyway + late {
            wrong.push(format!("{} has recording {file} {count} times", id.name()));
        }
    }
    for (file, count) in world.services.refusals(id) {
        let half = u32::from(athlete.were_halves.contains(&file));
        if count > 1 + words(&file).asked_again + half {
            wrong.push(format!("recording {file} was refused {count} times"));
        }
    }
    if id == ServiceId::MapMyTracks {
        for (file, count) in world.services.unclear(id) {
            let most = 2 * (1 + words(&file).asked_again);
            if count > most {
                wrong.push(format!(
                    "recording {file} went out {count} times without a word"
                ));
            }
        }
    }
    wrong
}

/// Nothing goes out that nobody wants there: what was deleted, and what another program had sent before the list was read.
fn unasked(world: &World, athlete: &Athlete, id: ServiceId) -> Vec<String> {
    let begun = world.services.begun(id);
    let mut wrong = Vec::new();
    for (file, at) in &begun {
        let deleted = athlete.deleted.get(file).copied().flatten();
        if deleted.is_some_and(|deleted| deleted < *at) && !athlete.were_halves.contains(file) {
            wrong.push(format!(
                "recording {file} was sent at {at}, after it was deleted"
            ));
        }
    }
    for (file, count) in world.services.over_others(id) {
        if count > athlete.words(id, file).let_go {
            wrong.push(format!(
                "recording {file} was sent {count} times although another program's was in the list"
            ));
        }
    }
    wrong
}
