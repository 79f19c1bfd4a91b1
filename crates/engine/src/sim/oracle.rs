//! How the world is put in order at the end, and what must hold then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use library::{
    AccountId, AccountState, ActivityId, ActivityRow, Library, State as UploadState, UploadId,
    UploadRow,
};
use service::ServiceId;

use super::athlete::Athlete;
use super::files;
use super::model::Remote;
use super::power::unsound_in_the_end;
use super::world::World;
use crate::lane::ClientSecret;

/// Numbers of activities and uploads that a world stays below.
const MOST: i64 = 64;
/// Three days: longer than any back-off and any wait that a service may ask for.
const LONG_MS: u64 = 3 * 86_400_000;

pub(super) fn activities(library: &Library) -> Vec<ActivityRow> {
    let all = (1..MOST).map(|id| library.activity(ActivityId(id)));
    all.filter_map(found).collect()
}

pub(super) fn uploads(library: &Library) -> Vec<UploadRow> {
    let all = (1..MOST).map(|id| library.upload(UploadId(id)));
    all.filter_map(found).collect()
}

/// What there is. That it cannot be read is another thing than that it is not there.
fn found<T>(row: Result<T, library::Error>) -> Option<T> {
    match row {
        Ok(row) => Some(row),
        Err(library::Error::NotFound { .. }) => None,
        Err(error) => panic!("a row cannot be read: {error}"),
    }
}

/// An activity or an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Row {
    Activity(ActivityId),
    Upload(UploadId),
}

/// Activities and uploads as they are written down.
pub(super) fn rows(library: &Library) -> BTreeMap<Row, String> {
    let activities = activities(library).into_iter();
    let uploads = uploads(library).into_iter();
    let activities = activities.map(|row| (Row::Activity(row.id), format!("{row:?}")));
    let uploads = uploads.map(|row| (Row::Upload(row.id), format!("{row:?}")));
    activities.chain(uploads).collect()
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
    world.pulled_in = 0;
    world.disk.go_off_in(None);
    // A program that has lost its power hears nothing of all this.
    world.has_gone();
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
    sign_in_where_asked(world);
    world.pass(LONG_MS);
    // A sign-in whose refresh was lost is found out only when it is used.
    sign_in_where_asked(world);
    world.pass(LONG_MS);
    world.hear();
}

/// Signs in where nobody is, and where the program asks for it. A pause is over by itself.
fn sign_in_where_asked(world: &mut World) {
    for id in ServiceId::ALL {
        let state = world.account(id).map(|account| account.state);
        if let Some(AccountState::NeedsSignIn(why)) = &state
            && !world.services.may_want_sign_in(id)
        {
            let what = format!("{} is good, and a sign-in is asked for: {why:?}", id.name());
            world.services.violated(what);
        }
        if let None | Some(AccountState::NeedsSignIn(_) | AccountState::SignedOut) = state {
            world.sign_in(id);
        }
    }
}

/// What is wrong with a world that was put in order.
pub(super) fn judge(world: &World, athlete: &Athlete) -> Vec<String> {
    let mut wrong = world.services.violations();
    wrong.extend(kept(world, athlete));
    wrong.extend(world.missing());
    let is_full = world.library().activity(ActivityId(MOST)).is_ok()
        || world.library().upload(UploadId(MOST)).is_ok();
    wrong.extend(is_full.then(|| "more rows than are looked at".to_owned()));
    for upload in uploads(world.library()) {
        wrong.extend(arrived(world, athlete, &upload));
    }
    for id in ServiceId::ALL {
        wrong.extend(twice(world, athlete, id));
        wrong.extend(again(world, athlete, id));
        wrong.extend(unasked(world, athlete, id));
    }
    wrong.extend(shared(world, athlete));
    wrong.extend(unread(world));
    wrong.extend(unsound_in_the_end(world.library(), athlete));
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

/// No activity of a service is two uploads of an account, but where one that was sent was deleted here: its twin is then found to
/// be there, and the deleted one is still there when it comes back. And where one of twins was found to be it, while the other one
/// was let go by the athlete, and the service says that it is that one.
fn shared(world: &World, athlete: &Athlete) -> Option<String> {
    let arrived = [UploadState::Sent, UploadState::Existing];
    let mut seen: BTreeMap<(AccountId, String), (Option<usize>, u32)> = BTreeMap::new();
    for upload in uploads(world.library()) {
        let (true, Some(called)) = (arrived.contains(&upload.state), &upload.remote_id) else {
            continue;
        };
        let activity = world.library().activity(upload.activity).ok();
        let file = activity.as_ref().and_then(file_of);
        let attempts = upload.attempts;
        let key = (upload.account, called.clone());
        let Some((before, attempts_before)) = seen.insert(key, (file, attempts)) else {
            continue;
        };
        let id = ServiceId::from_name(&upload.service);
        let may_be = |file: usize, attempts: u32| {
            let was_let_go = id.is_some_and(|id| athlete.words(id, file).let_go > 0);
            athlete.deleted.contains_key(&file) || was_let_go && attempts > 0
        };
        let is_told = file.zip(before).is_some_and(|(one, other)| {
            let may_be = may_be(one, attempts) || may_be(other, attempts_before);
            files::is_same_ride(one, other) && may_be
        });
        if !is_told {
            return Some(format!("another upload is the same activity as {upload:?}"));
        }
    }
    None
}

/// Every recording on the device is in the library, once.
fn kept(world: &World, athlete: &Athlete) -> Vec<String> {
    let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
    let mut whole = BTreeSet::new();
    for activity in activities(world.library()) {
        if let Some(file) = file_of(&activity) {
            *counts.entry(file).or_default() += 1;
            if activity.whole && (activity.skipped.is_empty() || seemed_to_come(&activity)) {
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
        } else if !whole.contains(file) && !athlete.halves.contains(file) {
            wrong.push(format!("only half of recording {file} is kept"));
        }
    }
    wrong
}

/// Whether it lay in the future when it was kept, which is said of it: the computer's clock was far behind.
fn seemed_to_come(activity: &ActivityRow) -> bool {
    let ahead = |start: Timestamp| start.duration_since(activity.kept_at);
    let a_day = SignedDuration::from_secs(80_000);
    activity.start.is_some_and(|start| ahead(start) > a_day)
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
    let has_failed = |remote: &Remote| remote.fails && files::is_same_ride(remote.file, file);
    let sound = match upload.state {
        UploadState::Sent => remote.is_some_and(|remote| remote.file == file && !remote.fails),
        // Its twin may be there in its place.
        UploadState::Existing => match remote {
            Some(remote) => {
                // How long it has been waited for what is not known to be ours, because another program sent it or the service's
                // clock says so, cannot be told by a clock that was set.
                let is_another = !remote.ours || world.services.is_skewed(id);
                let is_untold = is_another && world.services.is_clock_set();
                files::is_same_ride(remote.file, file) && (!remote.fails || is_untold)
            }
            None => {
                let is_it = |remote: &Remote| remote.file == file && !remote.fails;
                called.is_none() && world.services.may_hide_number(id) && remotes.iter().any(is_it)
            }
        },
        UploadState::Refused => {
            files::pool()[file].unwanted || activity.is_damaged() || remotes.iter().any(has_failed)
        }
        UploadState::Held => match upload.reason_code.as_str() {
            "user" => athlete.held.contains(&upload.id.0),
            "damaged" => activity.is_damaged(),
            "twin" => athlete.were_halves.contains(&file) || athlete.has_twin_of(file),
            "several" => may_be_asked(&remotes, athlete, file),
            // Nobody has chosen from when on a device is sent, and every file can be read.
            _ => false,
        },
        UploadState::Dismissed => athlete.dismissed.contains(&upload.id.0),
        UploadState::Unsure => {
            upload.reason_code == crate::verdict::UNDECIDED
                && if id == ServiceId::MapMyTracks {
                    // It was sent once more, and that was in vain, too. Of a half nothing tells which it was.
                    world.services.in_doubt(id, file) > 1 || activity.is_damaged()
                } else {
                    may_be_asked(&remotes, athlete, file)
                }
        }
        UploadState::Waiting | UploadState::Sending | UploadState::Processing => false,
    };
    let account = world.library().account(upload.account);
    (!sound).then(|| {
        format!("recording {file}: {upload:?} of {account:?}, and the service has {remote:?}")
    })
}

/// Whether a list may leave open which of its activities the recording is: where one alone could be it, that is it, unless another
/// activity here could be that one, too.
fn may_be_asked(remotes: &[Remote], athlete: &Athlete, file: usize) -> bool {
    let could_be = |remote: &&Remote| files::is_same_ride(remote.file, file) && !remote.fails;
    match remotes.iter().filter(could_be).count() {
        0 => false,
        1 => athlete.has_another_of(file),
        _ => true,
    }
}

/// Nothing is at a service more often than the athlete had it sent.
fn twice(world: &World, athlete: &Athlete, id: ServiceId) -> Vec<String> {
    let mut copies: BTreeMap<usize, u32> = BTreeMap::new();
    for remote in world
        .services
        .remotes(id)
        .iter()
        .filter(|remote| remote.ours && !remote.fails)
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
    let mut failed: BTreeMap<usize, u32> = BTreeMap::new();
    for remote in world
        .services
        .remotes(id)
        .iter()
        .filter(|remote| remote.ours && remote.fails)
    {
        *failed.entry(remote.file).or_default() += 1;
    }
    for (file, count) in failed {
        let late = too_late.get(&file).copied().unwrap_or(0);
        let said = words(&file).asked_again + words(&file).sent_anyway;
        // With another clock than the service's it cannot be told which attempt came to nothing.
        let lost = u32::from(world.services.is_clock_off(id)) * world.services.in_doubt(id, file);
        if count > 1 + said + late + lost {
            wrong.push(format!("{} could not use {file} {count} times", id.name()));
        }
    }
    wrong
}

/// Nothing goes out again after a clear word, and nothing without end after no word.
fn again(world: &World, athlete: &Athlete, id: ServiceId) -> Vec<String> {
    let words = |file: &usize| athlete.words(id, *file);
    let mut wrong = Vec::new();
    for (file, count) in world.services.clear(id) {
        let words = words(&file);
        if count > 1 + words.asked_again + words.sent_anyway {
            wrong.push(format!(
                "recording {file} went to {} {count} times after a clear word",
                id.name()
            ));
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
