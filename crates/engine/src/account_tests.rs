//! What a step of an upload does to its account, and to those behind it.

use jiff::Timestamp;
use library::AccountState;

use super::*;
use crate::keeping::reason;
use crate::step::account_after;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn paused(until: i64) -> AccountState {
    AccountState::Paused {
        reason: reason(&Problem::new(
            "throttled",
            "It asks to wait.",
            "It goes on by itself.",
        )),
        until: Some(at(until)),
        times: 2,
    }
}

/// What a step does to an account at second 100, in short, and how often in a row it was paused then.
#[track_caller]
fn check_account(step: &Step, known: &AccountState, expected: Option<&str>, pauses: u32) {
    let after = account_after(step, known, at(100));
    let counted = after.as_ref().unwrap_or(known).pauses();
    let after = after.map(|state| match state {
        AccountState::Connected => "connected".to_owned(),
        AccountState::NeedsSignIn(_) => "needs sign-in".to_owned(),
        AccountState::Paused { until, .. } => format!("paused to {}", until.unwrap().as_second()),
        AccountState::SignedOut => "signed out".to_owned(),
    });
    assert_eq!(after.as_deref(), expected, "{step:?} {known:?}");
    assert_eq!(counted, pauses, "{step:?} {known:?}");
}

#[test]
fn an_account_follows_its_uploads() {
    let now = circumstances();
    let step = |outcome: Outcome| verdict(Sending, Happened::Answered(outcome), &now).unwrap();
    let went_well = step(Outcome::Existing { id: None });
    let unsure = step(Outcome::Unknown("lost".into()));
    let throttled = step(Outcome::Throttled {
        after: seconds(50),
        perhaps_taken: false,
        what: String::new(),
    });
    let sign_in = step(Outcome::NeedsSignIn(String::new()));
    let needs_sign_in = AccountState::NeedsSignIn(reason(&Problem::new("sign_in_again", "a", "b")));

    for every in [&went_well, &unsure, &throttled, &sign_in] {
        assert_eq!(
            account_after(every, &AccountState::SignedOut, at(100)),
            None
        );
    }
    check_account(&went_well, &AccountState::Connected, None, 0);
    check_account(&went_well, &paused(99), Some("connected"), 0);
    check_account(&went_well, &paused(101), None, 2);
    check_account(&went_well, &needs_sign_in, None, 0);
    check_account(&unsure, &paused(99), None, 2);
    check_account(
        &throttled,
        &AccountState::Connected,
        Some("paused to 150"),
        1,
    );
    check_account(&throttled, &paused(99), Some("paused to 150"), 3);
    // A late word lengthens a pause, and does not shorten it.
    check_account(&throttled, &paused(120), Some("paused to 150"), 2);
    check_account(&throttled, &paused(200), None, 2);
    // One that ends later than any may was written before the clock was set back: it is over.
    let far = paused(100 + 86_401);
    check_account(&throttled, &far, Some("paused to 150"), 3);
    check_account(&went_well, &far, Some("connected"), 0);
    check_account(&throttled, &paused(100 + 86_400), None, 2);
    check_account(&throttled, &needs_sign_in, None, 0);
    check_account(&sign_in, &AccountState::Connected, Some("needs sign-in"), 0);
    check_account(&sign_in, &paused(200), Some("needs sign-in"), 0);
}

/// Its account waits as long as it must, and an upload that failed before that much longer.
#[test]
fn what_fails_again_lets_those_behind_it_go_first() {
    let outcomes = [
        Outcome::Blocked("no".into()),
        Outcome::Throttled {
            after: seconds(40),
            perhaps_taken: false,
            what: String::new(),
        },
    ];
    for outcome in outcomes {
        let after = |from: State, failures: u32| {
            let now = Circumstances {
                failures,
                ..circumstances()
            };
            let step = verdict(from, Happened::Answered(outcome.clone()), &now).unwrap();
            let AccountEffect::Pause(_, pause) = step.account else {
                panic!("{step:?}")
            };
            step.due_in.unwrap() - pause
        };
        let later = [1, 2, 3].map(|failures| after(Sending, failures).as_secs());
        assert_eq!(later, [0, 30, 60], "{outcome:?}");
        assert_eq!(after(Processing, 3), Duration::ZERO, "{outcome:?}");
    }
    // That nothing can be reached says nothing of the file.
    let away = Outcome::Transient {
        what: "no".into(),
        after: None,
    };
    let now = Circumstances {
        failures: 3,
        ..circumstances()
    };
    let step = verdict(Sending, Happened::Answered(away), &now).unwrap();
    assert_eq!(step.due_in, seconds(30));
}
