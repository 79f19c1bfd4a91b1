//! What a list says of one activity, entry by entry.

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
        may_wait: true,
    };
    assert_eq!(matching(list, &wanted, |_| Held::Free), expected);
}

fn nothing_sent() -> Wanted {
    Wanted {
        start: Timestamp::from_second(START_S).ok(),
        distance_m: Some(10_000.0),
        durations_s: vec![],
        attempt_began: None,
        may_wait: true,
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
    check(&[there.clone(), working(other)], Match::One("1".into()));
    let twice = |first: RemoteActivity| [first, remote("2", 1, Some(10_000.0), None)];
    check(&twice(working(there.clone())), Match::Unready);
    check(
        &twice(working(older(there.clone()))),
        Match::One("2".into()),
    );
    let without_start = RemoteActivity {
        started_at: None,
        ..there.clone()
    };
    check(std::slice::from_ref(&without_start), Match::Untold(1));
    check(&[working(without_start)], Match::Unready);
    // It was there before the attempt, or nothing of ours went out: it is another's, which is not waited for without end.
    check(&[working(older(there.clone()))], Match::Unready);
    let first = |may_wait, by: Held| {
        let wanted = Wanted {
            may_wait,
            ..nothing_sent()
        };
        matching(&[working(there.clone())], &wanted, |_| by)
    };
    assert_eq!(first(true, Held::Free), Match::Unready);
    assert_eq!(first(false, Held::Free), Match::One("1".into()));
    let linked = Match::Linked("1".into());
    assert_eq!(first(true, Held::LinkedToAnother), linked);
}

#[test]
fn waiting_for_what_is_worked_on_has_an_end() {
    let at = |minute: i64| Timestamp::from_second(START_S + minute * 60).unwrap();
    assert!(may_wait(None, at(0)));
    for (minute, expected) in [(0, true), (20, true), (21, false), (-21, true)] {
        assert_eq!(may_wait(Some(at(0)), at(minute)), expected, "{minute}");
    }
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
        may_wait: true,
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
        may_wait: true,
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
        may_wait: true,
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
