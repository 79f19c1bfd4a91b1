//! What each answer comes to, as a table.

use std::time::Duration;

use library::State::{self, Existing, Held, Processing, Refused, Sending, Sent, Unsure, Waiting};
use service::Outcome;

use super::*;

#[path = "account_tests.rs"]
mod account;
#[path = "status_tests.rs"]
mod status;

const HOUR: Duration = Duration::from_secs(3600);

fn circumstances() -> Circumstances<'static> {
    Circumstances {
        service: "Trek Point",
        failures: 1,
        pauses: 1,
        looks: 0,
        was_released: false,
        was_found: false,
        recognises_duplicates: false,
        can_list: true,
        polling: Polling {
            first_s: 2.0,
            factor: 1.6,
            max_s: 30.0,
            give_up_s: 600.0,
        },
        look_again: Duration::from_secs(5),
        asked: 0,
        dice: 0.0,
    }
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

/// What it does to the account, in short.
fn effect(step: &Step) -> (&str, Option<Duration>) {
    match &step.account {
        AccountEffect::None => ("", None),
        AccountEffect::NeedsSignIn(problem) => (&problem.code, None),
        AccountEffect::Pause(problem, wait) => (&problem.code, Some(*wait)),
    }
}

/// Each of these outcomes after sending, and while the service works on it.
fn outcomes() -> Vec<Outcome> {
    let words = || "it has an internal problem.".to_owned();
    vec![
        Outcome::Created {
            id: "7".into(),
            link: Some("https://x/7".into()),
        },
        Outcome::Existing { id: None },
        Outcome::Processing { id: "7".into() },
        Outcome::NeedsSignIn("the sign-in is no longer accepted".into()),
        Outcome::NeedsScope("the sign-in does not allow it".into()),
        Outcome::Refused("no points.".into()),
        Outcome::Blocked("go away.".into()),
        Outcome::Throttled {
            after: seconds(900),
            perhaps_taken: false,
            what: String::new(),
        },
        Outcome::Transient {
            what: words(),
            after: None,
        },
        Outcome::Unknown(words()),
    ]
}

/// State, wait, what it does to the account and for how long.
type Row = (State, Option<Duration>, &'static str, Option<Duration>);

#[track_caller]
fn check(from: State, expected: [Row; 10]) {
    for (outcome, row) in outcomes().into_iter().zip(expected) {
        let step = after_answer(outcome.clone(), from, &circumstances());
        let (code, pause) = effect(&step);
        assert_eq!((step.state, step.due_in, code, pause), row, "{outcome:?}");
        assert!(
            from.may_become(step.state),
            "{from:?} may not become {:?}",
            step.state
        );
        check_sentences(&step);
    }
}

#[track_caller]
fn check_sentences(step: &Step) {
    let (title, hint) = match &step.account {
        AccountEffect::None => (String::new(), String::new()),
        AccountEffect::NeedsSignIn(problem) | AccountEffect::Pause(problem, _) => {
            (problem.title.clone(), problem.hint.clone())
        }
    };
    for text in [&step.reason, &step.what, &title, &hint] {
        let ends_well = text.is_empty() || text.ends_with('.') && !text.ends_with("..");
        assert!(ends_well && !text.contains(".)"), "{text:?}");
    }
}

#[test]
fn after_sending() {
    let zero = Some(Duration::ZERO);
    check(
        Sending,
        [
            (Sent, None, "", None),
            (Existing, None, "", None),
            (Processing, seconds(2), "", None),
            (Waiting, zero, "sign_in_again", None),
            (Waiting, zero, "scope", None),
            (Refused, None, "", None),
            (Waiting, Some(HOUR), "blocked", Some(HOUR)),
            (Waiting, seconds(900), "throttled", seconds(900)),
            (Waiting, seconds(30), "unreachable", seconds(30)),
            (Unsure, zero, "", None),
        ],
    );
}

#[test]
fn while_the_service_works_on_it() {
    let zero = Some(Duration::ZERO);
    check(
        Processing,
        [
            (Sent, None, "", None),
            (Existing, None, "", None),
            (Processing, seconds(2), "", None),
            (Processing, zero, "sign_in_again", None),
            (Processing, zero, "scope", None),
            (Refused, None, "", None),
            (Processing, Some(HOUR), "blocked", Some(HOUR)),
            (Processing, seconds(900), "throttled", seconds(900)),
            (Processing, seconds(30), "unreachable", seconds(30)),
            (Processing, seconds(30), "", None),
        ],
    );
}

#[test]
fn a_list_that_fails_leaves_an_unsure_upload_unsure() {
    for outcome in outcomes().into_iter().skip(6).take(3) {
        let step = after_answer(outcome, Unsure, &circumstances());
        assert_eq!(step.state, Unsure);
        check_sentences(&step);
    }
}

#[test]
fn numbers_and_links_are_kept() {
    let step = after_answer(outcomes().remove(0), Sending, &circumstances());
    assert_eq!(step.remote_id.as_deref(), Some("7"));
    assert_eq!(step.link.as_deref(), Some("https://x/7"));
}

#[test]
fn a_locked_keyring_is_told_as_such() {
    for from in [Sending, Processing, Unsure] {
        let happened = Happened::Answered(Outcome::SecretsClosed(service::SecretError::Locked));
        let step = verdict(from, happened, &circumstances()).unwrap();
        let rests = if from == Sending { Waiting } else { from };
        assert_eq!((step.state, step.due_in), (rests, seconds(30)));
        assert_eq!(effect(&step), ("keyring_locked", seconds(30)));
        assert!(step.reason.contains("keyring is locked"), "{}", step.reason);
        check_sentences(&step);
    }
}

#[test]
fn a_list_that_cannot_be_read_is_no_fault_of_the_network() {
    for from in [Waiting, Processing, Unsure] {
        let happened = Happened::Answered(Outcome::NoList("it does not end".into()));
        let step = verdict(from, happened, &circumstances()).unwrap();
        assert_eq!((step.state, step.due_in), (from, seconds(30)));
        assert_eq!(effect(&step), ("no_list", seconds(30)));
        check_sentences(&step);
    }
}

#[test]
fn an_unknown_outcome_is_looked_for_sent_again_or_asked_about() {
    let without_list = Circumstances {
        can_list: false,
        recognises_duplicates: true,
        ..circumstances()
    };
    let looked_for = unsure("lost", &circumstances());
    assert_eq!(
        (looked_for.due_in, looked_for.code.as_str()),
        (seconds(0), "")
    );
    let sent_again = unsure("lost", &without_list);
    assert_eq!(
        (sent_again.due_in, sent_again.code.as_str()),
        (seconds(5), "")
    );
    for neither in [
        Circumstances {
            looks: 1,
            ..without_list
        },
        Circumstances {
            recognises_duplicates: false,
            ..without_list
        },
    ] {
        let asked = unsure("lost", &neither);
        assert_eq!((asked.state, asked.due_in), (Unsure, None));
        assert_eq!(asked.code, UNDECIDED);
    }
}

#[test]
fn the_list_decides_at_the_second_look() {
    let now = circumstances();
    let second = Circumstances { looks: 1, ..now };
    let failed = after_look(&Match::Failed("7".into()), &now);
    assert_eq!(failed.state, Refused);
    assert_eq!(failed.remote_id.as_deref(), Some("7"));
    let there = after_look(&Match::One("7".into()), &now);
    assert_eq!(
        (there.state, there.remote_id.as_deref()),
        (Existing, Some("7"))
    );
    let not_yet = after_look(&Match::None, &now);
    assert_eq!((not_yet.state, not_yet.due_in), (Unsure, seconds(5)));
    let not_there = after_look(&Match::None, &second);
    assert_eq!((not_there.state, not_there.due_in), (Waiting, seconds(0)));
    let several = after_look(&Match::Several(2), &now);
    assert_eq!((several.state, several.code.as_str()), (Unsure, UNDECIDED));
    for step in [&there, &not_yet, &not_there, &several] {
        check_sentences(step);
    }
}

/// What is worked on may come to nothing: until it is done it is asked about by its number, and then it was found.
#[test]
fn what_was_found_while_it_is_worked_on_is_asked_about() {
    let now = circumstances();
    let step = after_look(&Match::Working("7".into()), &now);
    assert_eq!((step.state, step.due_in), (Processing, seconds(2)));
    assert_eq!(step.remote_id.as_deref(), Some("7"));
    check_sentences(&step);
    let now = Circumstances {
        was_found: true,
        ..now
    };
    let answered = |outcome| verdict(Processing, Happened::Answered(outcome), &now).unwrap();
    let done = answered(Outcome::Created {
        id: "7".into(),
        link: None,
    });
    assert_eq!(
        (done.state, done.remote_id.as_deref()),
        (Existing, Some("7"))
    );
    assert_eq!(answered(Outcome::Refused("no".into())).state, Refused);
    // However often it was asked about before.
    let vanished = |looks: u32| {
        let asked = 9;
        let now = Circumstances {
            asked,
            looks,
            ..now
        };
        let happened = Happened::Answered(Outcome::Vanished);
        let step = verdict(Processing, happened, &now).unwrap();
        (step.state, step.looks)
    };
    let expected = [
        (Processing, Some(1)),
        (Processing, Some(5)),
        (Refused, None),
    ];
    assert_eq!([0, 4, 5].map(vanished), expected);
    let unclear = |asked: u32| {
        let now = Circumstances { asked, ..now };
        let happened = Happened::Answered(Outcome::Unknown("lost".into()));
        verdict(Processing, happened, &now).unwrap().due_in
    };
    assert_eq!(
        [0, 9, 99].map(unclear),
        [seconds(30), seconds(30), Some(HOUR)]
    );
    let is_there = answered(Outcome::Processing { id: "7".into() });
    assert_eq!(is_there.looks, Some(0));
    for outcome in [
        Outcome::Processing { id: "7".into() },
        Outcome::Unknown("lost".into()),
        Outcome::Transient {
            what: "lost".into(),
            after: None,
        },
        Outcome::NeedsSignIn(String::new()),
    ] {
        assert_eq!(answered(outcome).state, Processing);
    }
}

/// That the old sign-in was refused says nothing of the new one, nor of the file.
#[test]
fn what_was_asked_with_the_sign_in_of_before_goes_on_with_the_new_one() {
    for (from, to) in [(Sending, Waiting), (Processing, Processing)] {
        let step = verdict(from, Happened::SignedInSince, &circumstances()).unwrap();
        assert_eq!((step.state, step.due_in), (to, seconds(0)));
        assert_eq!(effect(&step), ("", None));
        check_sentences(&step);
    }
}

/// It may be clear as soon as the service is done with it, and it counts as no look.
#[test]
fn what_is_not_ready_is_looked_for_again() {
    let now = circumstances();
    let step = after_look(&Match::Unready, &now);
    assert_eq!((step.state, step.due_in), (Unsure, seconds(301)));
    assert_eq!((step.code.as_str(), step.looks), ("", None));
    check_sentences(&step);
    let step = verdict(Waiting, Happened::Searched(&Match::Unready), &now).unwrap();
    assert_eq!((step.state, step.due_in), (Waiting, seconds(301)));
    check_sentences(&step);
}

#[test]
fn a_service_that_breaks_at_every_attempt_is_not_hammered() {
    // The failures that the library counts when each round is one lost answer and two looks.
    let wait = |round: u32| {
        let failures = 2 * round + 1;
        let now = Circumstances {
            failures,
            looks: 1,
            ..circumstances()
        };
        after_look(&Match::None, &now).due_in
    };
    let waits: Vec<Option<Duration>> = (1..=5).map(wait).collect();
    assert_eq!(
        waits,
        [
            seconds(0),
            seconds(30),
            seconds(60),
            seconds(120),
            seconds(240)
        ]
    );
    assert_eq!(wait(1_000), Some(5 * HOUR));
}

#[test]
fn what_resembles_it_in_the_list_is_asked_about_once() {
    let now = circumstances();
    let search =
        |found: &Match, now: &Circumstances<'_>| verdict(Waiting, Happened::Searched(found), now);
    assert_eq!(search(&Match::None, &now), None);
    assert_eq!(search(&Match::Failed("7".into()), &now), None);
    let one = search(&Match::One("7".into()), &now).unwrap();
    assert_eq!((one.state, one.remote_id.as_deref()), (Existing, Some("7")));
    let several = search(&Match::Several(3), &now).unwrap();
    assert_eq!(several.state, Held);
    assert_eq!(
        several.reason,
        "Trek Point has 3 activities that could be this one. Look there, then release or dismiss it."
    );
    let released = Circumstances {
        was_released: true,
        ..now
    };
    assert_eq!(search(&Match::Several(3), &released), None);
    for step in [&one, &several] {
        assert!(Waiting.may_become(step.state));
        check_sentences(step);
    }
}

/// What the list says too little about may say more at the second look; then a person is asked, and what he says counts.
#[test]
fn what_the_list_cannot_tell_is_asked_about_and_the_answer_counts() {
    let first = circumstances();
    let second = Circumstances { looks: 1, ..first };
    let look = |found: &Match, now: &Circumstances<'_>| {
        verdict(Unsure, Happened::Searched(found), now).unwrap()
    };
    let untold = Match::Untold(1);
    let again = look(&untold, &first);
    assert_eq!((again.state, again.due_in), (Unsure, seconds(5)));
    for (found, now) in [
        (&untold, second),
        (&Match::Several(2), first),
        (&Match::Linked("7".into()), first),
    ] {
        let asked = look(found, &now);
        assert_eq!((asked.state, asked.code.as_str()), (Unsure, UNDECIDED));
        assert_eq!(asked.due_in, None);
        let named = Circumstances {
            was_released: true,
            looks: 0,
            ..now
        };
        let sent = look(found, &named);
        assert_eq!((sent.state, sent.looks), (Waiting, Some(0)));
        check_sentences(&asked);
        check_sentences(&sent);
    }
    // A clear find is one, whatever was said.
    let named = Circumstances {
        was_released: true,
        ..first
    };
    assert_eq!(look(&Match::One("7".into()), &named).state, Existing);
    assert_eq!(verdict(Waiting, Happened::Searched(&untold), &first), None);
}

#[test]
fn without_a_list_it_is_sent_once_more_and_then_a_person_is_asked() {
    let first = Circumstances {
        can_list: false,
        recognises_duplicates: true,
        ..circumstances()
    };
    let again = verdict(Unsure, Happened::NothingToSearch, &first).unwrap();
    assert_eq!(
        (again.state, again.looks, again.due_in),
        (Waiting, Some(1), seconds(0))
    );
    for now in [
        Circumstances { looks: 1, ..first },
        Circumstances {
            recognises_duplicates: false,
            ..first
        },
    ] {
        let asked = verdict(Unsure, Happened::NothingToSearch, &now).unwrap();
        assert_eq!(
            (asked.state, asked.looks, asked.due_in),
            (Unsure, Some(now.looks + 1), None)
        );
        assert_eq!(asked.code, UNDECIDED);
        check_sentences(&asked);
    }
}
