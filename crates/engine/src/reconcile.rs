//! Which of a service's activities is the one we may have sent. Pure.

use jiff::{SignedDuration, Timestamp};
use service::{Progress, RemoteActivity};

/// Two starts this close are the same moment (RELIABILITY.md, "Decided since").
const START: SignedDuration = SignedDuration::from_secs(2);
/// Two durations this close are the same.
const DURATION_S: f64 = 5.0;
/// Two distances this close, as a share of the longer, are the same.
const DISTANCE_SHARE: f64 = 0.02;

/// The service's clock and ours may be so far apart before what it got long ago is taken for what we sent.
const CLOCKS: SignedDuration = SignedDuration::from_hours(24);

/// What is known here of an activity that a service may have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) start: Option<Timestamp>,
    pub(crate) distance_m: Option<f64>,
    /// Both the elapsed and the timer time: services report either.
    pub(crate) durations_s: Vec<f64>,
    /// When the attempt that may have arrived began.
    pub(crate) attempt_began: Option<Timestamp>,
    /// It may still wait for what the service works on.
    pub(crate) may_wait: bool,
}

/// What a service's list says of one activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// It is there, under this id.
    One(String),
    /// It came after the attempt began, under this id, and the service still works on it: it may come to nothing.
    Working(String),
    /// Some could be it that the service still works on: when it is done it may be clear.
    Unready,
    /// It is not there.
    None,
    /// Several could be it: a person has to look.
    Several(usize),
    /// Nothing is it, but so many may have come with the attempt and say too little to tell: a person has to look.
    Untold(usize),
    /// Nothing is it, but one that came with the attempt the service could not use.
    Failed(String),
    /// The only ones that could be it are linked to another activity here: a person has to look.
    Linked(String),
}

impl Match {
    /// What was found, as a sentence.
    pub(crate) fn in_words(&self, service: &str) -> String {
        match self {
            Match::None => format!("{service} has none that could be this one."),
            Match::One(id) => format!("{service} has it as number {id}."),
            Match::Working(id) => {
                format!("{service} has it as number {id} and is still working on it.")
            }
            Match::Unready => {
                format!("{service} is still working on something that could be this one.")
            }
            Match::Failed(id) => {
                format!("{service} got it as number {id}, but could not use the file.")
            }
            Match::Untold(1) => {
                format!("{service} has one that could be this one, but says too little about it.")
            }
            Match::Untold(count) => {
                format!(
                    "{service} has {count} that could be this one, but says too little about them."
                )
            }
            Match::Several(count) => {
                format!("{service} has {count} activities that could be this one.")
            }
            Match::Linked(id) => format!(
                "{service} has one that could be this one, number {id}, but another activity here is linked to it."
            ),
        }
    }
}

/// What is known of one of the service's activities beside what its list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// No upload of ours goes by its id.
    Free,
    /// Another upload made it, as the service's own answer said: it is not the one looked for.
    MadeByAnother,
    /// Another upload was found to be it.
    LinkedToAnother,
}

/// So long a service may work on what is not known to be this upload, before what its list says counts as it is.
const WORKS: SignedDuration = SignedDuration::from_mins(20);

/// Whether an upload that has been waiting since then for what the service works on may go on with it. What lies ahead was written
/// before the clock was set back, and begins anew.
pub(crate) fn may_wait(since: Option<Timestamp>, now: Timestamp) -> bool {
    since.is_none_or(|since| now.duration_since(since) <= WORKS)
}

/// Looks for `wanted` in the whole list: start within 2 s, and distance within 2 % or duration within 5 s where both sides have
/// them. Of several, one that was created after the attempt began is preferred. If nothing agrees so well, one of that start
/// that was created after the attempt began is it: a service measures distance and duration in its own way.
///
/// One id is never two uploads: what another one made is passed over, and what another one is linked to is no clear find.
/// Nor is nothing found in a list that holds something which may have come with the attempt and says too little to tell.
/// What the service could not use is no activity: it only tells what became of the attempt. What it still works on may come to that,
/// so that it is waited for where it alone would decide, or could.
pub(crate) fn matching(
    list: &[RemoteActivity],
    wanted: &Wanted,
    held: impl Fn(&str) -> Held,
) -> Match {
    let (failed, sound): (Vec<_>, Vec<_>) = list
        .iter()
        .partition(|remote| remote.progress == Progress::Failed);
    let found = among(sound, wanted, &held);
    let of_the_attempt = |one: &&&RemoteActivity| {
        starts_with(one, wanted) && is_recent(one, wanted) && held(&one.id) != Held::MadeByAnother
    };
    let working = |id: &str| {
        let mut working = list.iter().filter(|one| one.progress == Progress::Working);
        working.find(|one| one.id == id)
    };
    let unready = || {
        let mut working = list.iter().filter(|one| is_work(one, wanted));
        wanted.may_wait && working.any(|one| held(&one.id) == Held::Free)
    };
    match (found, failed.iter().find(of_the_attempt)) {
        (Match::None, Some(failed)) => Match::Failed(failed.id.clone()),
        (Match::One(id), _) => match working(&id) {
            Some(one) if is_recent(one, wanted) => Match::Working(id),
            Some(_) if unready() => Match::Unready,
            _ => Match::One(id),
        },
        (Match::Several(_) | Match::Untold(_), _) if unready() => Match::Unready,
        (found, _) => found,
    }
}

/// Whether the service works on something that could be it.
fn is_work(remote: &RemoteActivity, wanted: &Wanted) -> bool {
    remote.progress == Progress::Working
        && (remote.started_at.is_none() || starts_with(remote, wanted))
        && is_as_long(remote, wanted)
}

/// Looks among the activities that there are.
fn among(list: Vec<&RemoteActivity>, wanted: &Wanted, held: &impl Fn(&str) -> Held) -> Match {
    let (told, untold): (Vec<_>, Vec<_>) = list
        .into_iter()
        .partition(|remote| remote.started_at.is_some() && !remote.id.is_empty());
    let of_that_start = told
        .into_iter()
        .filter(|remote| starts_with(remote, wanted));
    let (free, taken): (Vec<_>, Vec<_>) = of_that_start
        .map(|remote| (remote, held(&remote.id)))
        .partition(|(_, held)| *held == Held::Free);
    let free: Vec<_> = free.into_iter().map(|(remote, _)| remote).collect();
    let found = best(free.iter().copied(), wanted);
    if found != Match::None {
        return found;
    }
    let linked = taken
        .into_iter()
        .filter(|(_, held)| *held == Held::LinkedToAnother);
    match best(linked.map(|(remote, _)| remote), wanted) {
        Match::One(id) => Match::Linked(id),
        Match::None => {
            let unknown =
                |one: &&RemoteActivity| one.id.is_empty() || held(&one.id) != Held::MadeByAnother;
            let untold = untold.into_iter().filter(unknown);
            let untold = untold.filter(|one| could_be(one, wanted));
            // Of the same start, but measured otherwise.
            let odd = free.into_iter().filter(|one| may_be_recent(one, wanted));
            match untold.chain(odd).count() {
                0 => Match::None,
                count => Match::Untold(count),
            }
        }
        other => other,
    }
}

/// Whether an entry without a start or an id may have come with the attempt, for all that it says.
fn could_be(remote: &RemoteActivity, wanted: &Wanted) -> bool {
    let same_start = remote.started_at.is_none() || starts_with(remote, wanted);
    same_start && may_be_recent(remote, wanted) && is_as_long(remote, wanted)
}

/// The best of those that began at the same moment.
fn best<'a>(of_that_start: impl Iterator<Item = &'a RemoteActivity>, wanted: &Wanted) -> Match {
    let (alike, others): (Vec<&RemoteActivity>, Vec<&RemoteActivity>) =
        of_that_start.partition(|remote| is_as_long(remote, wanted));
    let recent = |of: &[&RemoteActivity]| -> Vec<String> {
        let ours = of.iter().filter(|remote| is_recent(remote, wanted));
        ours.map(|remote| remote.id.clone()).collect()
    };
    match alike.as_slice() {
        [] => match recent(&others).as_slice() {
            [] => Match::None,
            [one] => Match::One(one.clone()),
            several => Match::Several(several.len()),
        },
        [one] => Match::One(one.id.clone()),
        several => match recent(several).as_slice() {
            [one] => Match::One(one.clone()),
            _ => Match::Several(several.len()),
        },
    }
}

/// Whether it may have come with the attempt, where clocks are not trusted, or where it is not said when it came.
fn may_be_recent(remote: &RemoteActivity, wanted: &Wanted) -> bool {
    wanted.attempt_began.is_some_and(|began| {
        let before = remote.created_on.map(|on| began.duration_since(on));
        before.is_none_or(|before| before <= CLOCKS)
    })
}

/// Whether it came to the service after the attempt began.
fn is_recent(remote: &RemoteActivity, wanted: &Wanted) -> bool {
    matches!((remote.created_on, wanted.attempt_began), (Some(on), Some(began)) if began.duration_since(on) <= START)
}

fn starts_with(remote: &RemoteActivity, wanted: &Wanted) -> bool {
    matches!((remote.started_at, wanted.start), (Some(theirs), Some(ours)) if theirs.duration_since(ours).abs() <= START)
}

fn is_as_long(remote: &RemoteActivity, wanted: &Wanted) -> bool {
    let distance = remote
        .distance_m
        .zip(wanted.distance_m)
        .map(|(a, b)| (a - b).abs() <= DISTANCE_SHARE * a.abs().max(b.abs()));
    let duration = remote
        .duration_s
        .filter(|_| !wanted.durations_s.is_empty())
        .map(|theirs| {
            wanted
                .durations_s
                .iter()
                .any(|ours| (theirs - ours).abs() <= DURATION_S)
        });
    match (distance, duration) {
        (None, None) => true,
        (distance, duration) => distance == Some(true) || duration == Some(true),
    }
}

#[cfg(test)]
#[path = "reconcile_tests.rs"]
mod tests;
