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
}

/// What a service's list says of one activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// It is there, under this id.
    One(String),
    /// It is there, under this id, and the service still works on it: it may come to nothing.
    Working(String),
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

/// Looks for `wanted` in the whole list: start within 2 s, and distance within 2 % or duration within 5 s where both sides have
/// them. Of several, one that was created after the attempt began is preferred. If nothing agrees so well, one of that start
/// that was created after the attempt began is it: a service measures distance and duration in its own way.
///
/// One id is never two uploads: what another one made is passed over, and what another one is linked to is no clear find.
/// Nor is nothing found in a list that holds something which may have come with the attempt and says too little to tell.
/// What the service could not use is no activity: it only tells what became of the attempt. What it still works on may come to that.
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
    let is_working = |id: &str| {
        let mut working = list.iter().filter(|one| one.progress == Progress::Working);
        working.any(|one| one.id == id)
    };
    match (found, failed.iter().find(of_the_attempt)) {
        (Match::None, Some(failed)) => Match::Failed(failed.id.clone()),
        (Match::One(id), _) if is_working(&id) => Match::Working(id),
        (found, _) => found,
    }
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
mod tests {
    use super::*;

    const START_S: i64 = 1_774_764_600;

    fn remote(
        id: &str,
        after_s: i64,
        distance_m: Option<f64>,
        duration_s: Option<f64>,
    ) -> RemoteActivity {
        let at = |s| Timestamp::from_second(s).ok();
        RemoteActivity {
            id: id.into(),
            name: None,
            started_at: at(START_S + after_s),
            distance_m,
            duration_s,
            status: None,
            progress: Progress::Done,
            created_on: at(START_S + 86_400 + after_s),
        }
    }

    /// It was there before the attempt.
    fn older(remote: RemoteActivity) -> RemoteActivity {
        RemoteActivity {
            created_on: Timestamp::from_second(START_S - 1).ok(),
            ..remote
        }
    }

    #[track_caller]
    fn check(list: &[RemoteActivity], expected: Match) {
        let wanted = Wanted {
            start: Timestamp::from_second(START_S).ok(),
            distance_m: Some(10_000.0),
            durations_s: vec![3_600.0, 3_500.0],
            attempt_began: Timestamp::from_second(START_S + 86_400).ok(),
        };
        assert_eq!(matching(list, &wanted, |_| Held::Free), expected);
    }

    fn nothing_sent() -> Wanted {
        Wanted {
            start: Timestamp::from_second(START_S).ok(),
            distance_m: Some(10_000.0),
            durations_s: vec![],
            attempt_began: None,
        }
    }

    #[test]
    fn one_is_it() {
        let one = || Match::One("1".into());
        check(&[remote("1", 2, Some(10_150.0), None)], one());
        check(&[remote("1", -2, None, Some(3_505.0))], one());
        check(&[remote("1", 0, Some(1.0), Some(3_600.0))], one());
        check(&[remote("1", 0, None, None)], one());
        check(
            &[
                remote("0", 60, Some(10_000.0), None),
                remote("1", 0, Some(10_000.0), None),
            ],
            one(),
        );
    }

    /// A service that lists what it could not use has no activity: it is neither found nor in the way.
    #[test]
    fn one_that_failed_is_not_it() {
        let failed = |one: RemoteActivity| RemoteActivity {
            progress: Progress::Failed,
            ..one
        };
        let there = remote("1", 0, Some(10_000.0), None);
        check(&[failed(there.clone())], Match::Failed("1".into()));
        check(&[failed(older(there.clone()))], Match::None);
        check(
            &[failed(remote("1", 60, Some(10_000.0), None))],
            Match::None,
        );
        let sound = remote("2", 0, Some(10_000.0), None);
        check(&[failed(there.clone()), sound], Match::One("2".into()));
        // Before a first attempt nothing has come with it.
        let list = [failed(there)];
        let first = nothing_sent();
        assert_eq!(matching(&list, &first, |_| Held::Free), Match::None);
    }

    /// Whether there will be one is not known before it is done.
    #[test]
    fn one_that_is_worked_on_is_waited_for() {
        let working = |one: RemoteActivity| RemoteActivity {
            progress: Progress::Working,
            ..one
        };
        let there = remote("1", 0, Some(10_000.0), None);
        let other = remote("2", 60, Some(10_000.0), None);
        let list = [working(there.clone()), other.clone()];
        check(&list, Match::Working("1".into()));
        let list = [there.clone(), working(other)];
        check(&list, Match::One("1".into()));
        let twice = [working(there.clone()), remote("2", 1, None, None)];
        check(&twice, Match::Several(2));
        let linked = |_: &str| Held::LinkedToAnother;
        let linked = matching(&[working(there)], &nothing_sent(), linked);
        assert_eq!(linked, Match::Linked("1".into()));
    }

    #[test]
    fn none_is_it() {
        check(&[], Match::None);
        check(
            &[remote("1", 3, Some(10_000.0), Some(3_600.0))],
            Match::None,
        );
        check(
            &[older(remote("1", 0, Some(9_000.0), Some(3_000.0)))],
            Match::None,
        );
        check(&[older(remote("1", 0, Some(9_000.0), None))], Match::None);
    }

    /// A service that is given a GPX counts from its first point to its last, which need not be what the laps say.
    #[test]
    fn one_that_came_with_the_attempt_is_it_however_the_service_measures() {
        let short = remote("2", 0, Some(9_000.0), Some(3_000.0));
        check(std::slice::from_ref(&short), Match::One("2".into()));
        let before = older(remote("1", 0, Some(8_000.0), None));
        check(&[before, short.clone()], Match::One("2".into()));
        let alike = older(remote("1", 0, Some(10_000.0), None));
        check(&[alike, short.clone()], Match::One("1".into()));
        check(&[short.clone(), short], Match::Several(2));
    }

    /// Its clock may be seconds behind ours, or it does not say when it got it: what began at the same second is asked about.
    #[test]
    fn one_of_the_same_start_is_asked_about_when_it_may_have_come_with_the_attempt() {
        let odd = remote("1", 0, Some(9_000.0), Some(3_000.0));
        let created = |at: Option<i64>| RemoteActivity {
            created_on: at.and_then(|at| Timestamp::from_second(at).ok()),
            ..odd.clone()
        };
        check(&[created(Some(START_S + 86_395))], Match::Untold(1));
        check(&[created(None)], Match::Untold(1));
        let alike = older(remote("2", 0, Some(10_000.0), None));
        check(&[created(None), alike], Match::One("2".into()));
    }

    /// Re-sending what is there, but says too little, would make it twice.
    #[test]
    fn one_that_says_too_little_is_asked_about() {
        let nothing = RemoteActivity {
            id: String::new(),
            started_at: None,
            created_on: None,
            ..remote("", 0, None, None)
        };
        let without_start = RemoteActivity {
            started_at: None,
            ..remote("1", 0, Some(10_000.0), None)
        };
        let without_id = remote("", 0, Some(10_000.0), None);
        for untold in [&nothing, &without_start, &without_id] {
            check(std::slice::from_ref(untold), Match::Untold(1));
            // A clear find is one.
            let clear = remote("2", 0, Some(10_000.0), None);
            check(&[untold.clone(), clear], Match::One("2".into()));
        }
        // Clocks are not trusted to the second where nothing else tells.
        let an_hour_before = RemoteActivity {
            created_on: Timestamp::from_second(START_S + 82_800).ok(),
            ..without_start.clone()
        };
        check(&[an_hour_before], Match::Untold(1));
        // What another upload is known to have made is not it.
        let wanted = Wanted {
            start: None,
            distance_m: None,
            durations_s: vec![],
            attempt_began: Timestamp::from_second(START_S + 86_400).ok(),
        };
        let one = std::slice::from_ref(&without_start);
        assert_eq!(matching(one, &wanted, |_| Held::MadeByAnother), Match::None);
        for held in [Held::Free, Held::LinkedToAnother] {
            assert_eq!(matching(one, &wanted, |_| held), Match::Untold(1));
        }
        // What was there before, began at another time or is of another length is not it.
        let other_length = RemoteActivity {
            distance_m: Some(5_000.0),
            ..without_start.clone()
        };
        let other_start = remote("", 60, Some(10_000.0), None);
        let long_before = RemoteActivity {
            created_on: Timestamp::from_second(START_S - 1).ok(),
            ..without_start
        };
        check(&[long_before, other_start, other_length], Match::None);
    }

    /// Before a first attempt nothing can have come with it.
    #[test]
    fn one_that_says_too_little_holds_up_no_first_attempt() {
        let wanted = Wanted {
            start: Timestamp::from_second(START_S).ok(),
            distance_m: None,
            durations_s: vec![],
            attempt_began: None,
        };
        let untold = RemoteActivity {
            started_at: None,
            ..remote("1", 0, None, None)
        };
        assert_eq!(matching(&[untold], &wanted, |_| Held::Free), Match::None);
    }

    #[test]
    fn several_are_asked_about_unless_one_is_newer_than_the_attempt() {
        let twice = [
            remote("1", 0, Some(10_000.0), None),
            remote("2", 1, Some(10_000.0), None),
        ];
        check(&twice, Match::Several(2));
        let mut old = twice.clone();
        old[0].created_on = Timestamp::from_second(START_S).ok();
        check(&old, Match::One("2".into()));
    }

    #[test]
    fn a_time_at_the_end_of_time_breaks_nothing() {
        let mut twice = [remote("1", 0, None, None), remote("2", 0, None, None)];
        twice[0].created_on = Some(Timestamp::MAX);
        twice[1].created_on = Some(Timestamp::MIN);
        check(&twice, Match::One("1".into()));
        twice[0].started_at = Some(Timestamp::MAX);
        check(&twice, Match::One("2".into()));
    }

    #[test]
    fn without_a_start_nothing_is_it() {
        let wanted = Wanted {
            start: None,
            distance_m: None,
            durations_s: vec![],
            attempt_began: None,
        };
        assert_eq!(
            matching(&[remote("1", 0, None, None)], &wanted, |_| Held::Free),
            Match::None
        );
    }

    #[test]
    fn one_id_is_never_two_uploads() {
        let wanted = nothing_sent();
        let both = [
            remote("1", 0, Some(10_000.0), None),
            remote("2", 1, Some(10_000.0), None),
        ];
        let look = |list: &[RemoteActivity], of_one: Held| {
            let held = |id: &str| if id == "1" { of_one } else { Held::Free };
            matching(list, &wanted, held)
        };
        assert_eq!(look(&both, Held::Free), Match::Several(2));
        assert_eq!(look(&both, Held::MadeByAnother), Match::One("2".into()));
        assert_eq!(look(&both, Held::LinkedToAnother), Match::One("2".into()));
        assert_eq!(look(&both[..1], Held::MadeByAnother), Match::None);
        assert_eq!(
            look(&both[..1], Held::LinkedToAnother),
            Match::Linked("1".into())
        );
    }
}
