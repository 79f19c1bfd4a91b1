//! What each answer comes to, as a table.

use std::time::Duration;

use library::State::{self, Existing, Held, Processing, Refused, Sending, Sent, Unsure, Waiting};
use service::Outcome;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn circumstances() -> Circumstances<'static> {
    Circumstances {
        service: "Trek Point",
        failures: 1,
        resent: 0,
        recognises_duplicates: false,
        can_list: true,
        poll_first: Duration::from_secs(2),
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
fn an_unknown_outcome_is_looked_for_sent_again_or_asked_about() {
    let without_list = Circumstances {
        can_list: false,
        recognises_duplicates: true,
        ..circumstances()
    };
    let looked_for = unsure("lost", &circumstances());
    assert_eq!((looked_for.due_in, looked_for.code), (seconds(0), ""));
    let sent_again = unsure("lost", &without_list);
    assert_eq!((sent_again.due_in, sent_again.code), (seconds(5), ""));
    for neither in [
        Circumstances {
            resent: 1,
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
    let there = after_look(&Match::One("7".into()), 1, &now);
    assert_eq!(
        (there.state, there.remote_id.as_deref()),
        (Existing, Some("7"))
    );
    let not_yet = after_look(&Match::None, 1, &now);
    assert_eq!((not_yet.state, not_yet.due_in), (Unsure, seconds(5)));
    let not_there = after_look(&Match::None, 2, &now);
    assert_eq!((not_there.state, not_there.due_in), (Waiting, seconds(0)));
    let several = after_look(&Match::Several(2), 1, &now);
    assert_eq!((several.state, several.code), (Unsure, UNDECIDED));
    for step in [&there, &not_yet, &not_there, &several] {
        check_sentences(step);
    }
}

#[test]
fn a_service_that_breaks_at_every_attempt_is_not_hammered() {
    // The failures that the library counts when each round is one lost answer and two looks.
    let wait = |round: u32| {
        let failures = 2 * round + 1;
        let now = Circumstances {
            failures,
            ..circumstances()
        };
        after_look(&Match::None, 2, &now).due_in
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
    assert_eq!(wait(1_000), Some(6 * HOUR));
}

#[test]
fn what_resembles_it_in_the_list_is_asked_about_once() {
    assert_eq!(before_sending(&Match::None, false, "Trek Point"), None);
    let one = before_sending(&Match::One("7".into()), false, "Trek Point").unwrap();
    assert_eq!((one.state, one.remote_id.as_deref()), (Existing, Some("7")));
    let several = before_sending(&Match::Several(3), false, "Trek Point").unwrap();
    assert_eq!(several.state, Held);
    assert_eq!(
        several.reason,
        "Trek Point has 3 activities that could be this one. Look there, then release or dismiss it."
    );
    assert_eq!(before_sending(&Match::Several(3), true, "Trek Point"), None);
    for step in [&one, &several] {
        assert!(Waiting.may_become(step.state));
        check_sentences(step);
    }
}

#[test]
fn what_a_person_was_asked_about_is_not_sent_again_by_itself() {
    assert!(once_more("", true, 1));
    assert!(!once_more("", true, 2));
    assert!(!once_more("", false, 1));
    // Also in the next run, which counts from the start.
    assert!(!once_more(UNDECIDED, true, 1));
}
