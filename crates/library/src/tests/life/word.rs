//! Tests: how long the athlete's word holds, and what goes on when an original is there again.

use super::*;

fn happens(upload: &Standing, event: &Event<'_>) -> Standing {
    let next = next(Some(upload), event, at(0)).unwrap().unwrap();
    next.standing().clone()
}

fn settled(upload: &Standing, to: State) -> Standing {
    happens(upload, &Event::Settled(&Change::to(to, "So it is.")))
}

fn released() -> Standing {
    let upload = happens(&standing(State::Held, false), &Event::Released);
    assert!(upload.released && upload.state == State::Waiting);
    upload
}

/// Without a network, or while the service asks to wait.
#[test]
fn an_attempt_of_which_nothing_has_left_does_not_use_it_up() {
    let mut upload = released();
    for _ in 0..3 {
        upload = settled(&upload, State::Waiting);
        upload = happens(&upload, &Event::Claimed);
        upload = settled(&upload, State::Waiting);
        assert!(upload.released);
    }
}

#[test]
fn it_ends_with_the_attempt() {
    let sending = happens(&released(), &Event::Claimed);
    for to in [
        State::Unsure,
        State::Processing,
        State::Refused,
        State::Sent,
        State::Held,
    ] {
        assert!(!settled(&sending, to).released, "{to:?}");
    }
    assert!(!happens(&sending, &Event::Interrupted).released);
}

/// Whoever was asked about one that may have arrived is not asked again before it goes out.
#[test]
fn it_holds_while_one_that_may_have_arrived_is_looked_for() {
    let unsure = standing(State::Unsure, true);
    let mut upload = happens(&unsure, &Event::Retried { looked: true });
    for to in [State::Unsure, State::Waiting] {
        upload = settled(&upload, to);
        assert!(upload.released, "{to:?}");
    }
    let found = settled(&settled(&upload, State::Waiting), State::Existing);
    assert!(!found.released);
}

#[test]
fn what_waits_for_an_original_goes_on_when_that_is_there() {
    let put_back = |state: State, perhaps_arrived: bool, code: &str| {
        let before = Standing {
            reason_code: code.into(),
            ..standing(state, perhaps_arrived)
        };
        let next = next(Some(&before), &Event::PutBack, at(0)).ok()?;
        next.map(|next| {
            let to = next.standing();
            (to.state, to.due_at, to.reason_code.clone())
        })
    };
    let due = Some((State::Waiting, Some(at(0)), String::new()));
    for code in ["library_file", "original_changed"] {
        assert_eq!(put_back(State::Waiting, false, code), due);
        assert_eq!(put_back(State::Waiting, true, code), due);
        // As before version 3: meanwhile its twin may have gone.
        assert_eq!(put_back(State::Held, false, code), None);
    }
    for code in ["", "throttled"] {
        assert_eq!(put_back(State::Waiting, false, code), None, "{code}");
    }
}

/// Only looks in a row count against what the service has accepted.
#[test]
fn looks_that_show_nothing_are_counted_as_they_are_told() {
    let look = |upload: &Standing, looks: Option<u32>| {
        let change = Change {
            looks,
            ..Change::to(State::Processing, "So it is.")
        };
        happens(upload, &Event::Settled(&change))
    };
    let found = Standing {
        looks: 1,
        ..standing(State::Unsure, true)
    };
    let upload = look(&found, None);
    assert_eq!(upload.looks, 0);
    let upload = look(&look(&upload, Some(1)), None);
    assert_eq!((upload.looks, upload.perhaps_arrived), (1, true));
    assert_eq!(look(&upload, Some(0)).looks, 0);
    assert_eq!(settled(&upload, State::Refused).looks, 0);
}
