//! Tests: the rules of the queue, each with what the story tells.

use std::time::Duration;

use super::*;

const GAP: Duration = Duration::from_secs(10);

fn paused(until: Timestamp) -> AccountState {
    AccountState::Paused {
        reason: Reason::default(),
        until: Some(until),
        times: 1,
    }
}

#[test]
fn answers_move_an_upload_only_where_they_may() {
    use State::*;
    let allowed = |from| -> &[State] {
        match from {
            Waiting => &[Waiting, Existing, Refused, Held],
            Sending => &[Waiting, Processing, Sent, Existing, Refused, Unsure, Held],
            Processing => &[Processing, Sent, Existing, Refused, Unsure],
            Unsure => &[Unsure, Waiting, Processing, Sent, Existing, Refused, Held],
            _ => &[],
        }
    };
    for from in State::ALL {
        for to in State::ALL {
            let mut shelf = Shelf::new();
            shelf.account("trek-point");
            let id = shelf.one("a", &fit(0), &by_hand());
            let upload = shelf.bring(id, from);
            let result =
                shelf
                    .library
                    .settle(upload, &Change::to(to, "So it is."), |_| None, at(5));
            if allowed(from).contains(&to) {
                assert_eq!(result.unwrap().state, to);
                assert_eq!(shelf.told(id).last(), Some(&to.name()));
            } else {
                assert_eq!(
                    result.unwrap_err().code(),
                    "not_possible",
                    "{from:?} to {to:?}"
                );
                assert_eq!(shelf.upload(id).state, from);
            }
        }
    }
}

#[test]
fn a_claim_is_told_before_anything_is_sent() {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    let job = shelf.library.next_due(account, at(0)).unwrap().unwrap();
    assert_eq!(
        (
            job.activity.id,
            job.upload.attempts,
            job.upload.perhaps_arrived
        ),
        (id, 0, false)
    );
    let row = shelf.library.claim(job.upload.id, GAP, at(1)).unwrap();
    assert_eq!(
        (row.state, row.attempts, row.perhaps_arrived, row.due_at),
        (State::Sending, 1, true, None)
    );
    assert_eq!(shelf.told(id), ["waiting", "sending"]);
    assert_eq!(
        shelf.library.claim(row.id, GAP, at(2)).unwrap_err().code(),
        "not_possible"
    );

    let mut shelf = shelf.reopened();
    assert_eq!(
        shelf.upload(id).state,
        State::Sending,
        "a crash forgets no claim"
    );
    assert_eq!(shelf.library.recover(at(3)).unwrap(), 1);
    assert_eq!(shelf.library.recover(at(3)).unwrap(), 0);
    let row = shelf.upload(id);
    assert_eq!(
        (row.state, row.perhaps_arrived, row.due_at),
        (State::Unsure, true, Some(at(3)))
    );
    assert_eq!(shelf.told(id), ["waiting", "sending", "unsure"]);
    assert_eq!(
        shelf.library.next_due(account, at(9)).unwrap(),
        None,
        "never sent again unseen"
    );
    assert_eq!(shelf.library.looks_due(account, at(9), 9).unwrap().len(), 1);
}

#[test]
fn one_at_a_time_oldest_first_with_a_gap() {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let ids: Vec<_> = [2, 0, 1]
        .iter()
        .map(|day| shelf.one(&format!("{day}"), &fit(day * DAY_S), &by_hand()))
        .collect();
    let other = shelf.account("map-my-tracks");
    assert_eq!(
        shelf.library.next_due(other, at(0)).unwrap(),
        None,
        "each account has its own queue"
    );

    let next = |shelf: &Shelf, now| {
        shelf
            .library
            .next_due(account, at(now))
            .unwrap()
            .map(|job| job.activity.id)
    };
    assert_eq!(next(&shelf, 0), Some(ids[1]));
    let upload = shelf.upload(ids[1]).id;
    shelf.library.claim(upload, GAP, at(0)).unwrap();
    assert_eq!(next(&shelf, 100), None, "one is on its way");
    assert_eq!(shelf.library.next_due_at(account, at(100)).unwrap(), None);
    let second = shelf.upload(ids[2]).id;
    assert_eq!(
        shelf
            .library
            .claim(second, GAP, at(100))
            .unwrap_err()
            .code(),
        "account_busy"
    );
    shelf
        .library
        .settle(
            upload,
            &Change::to(State::Processing, "Accepted."),
            |_| None,
            at(100),
        )
        .unwrap();

    let shelf = shelf.reopened();
    assert_eq!(next(&shelf, 109), None, "the gap survives a restart");
    assert_eq!(
        next(&shelf, 110),
        Some(ids[2]),
        "one that is processing holds no slot"
    );
    assert_eq!(
        next(&shelf, -2 * DAY_S),
        Some(ids[2]),
        "a clock that was set back delays nothing"
    );
    assert_eq!(shelf.library.due_count(account, at(0)).unwrap(), 2);
}

#[test]
fn due_times() {
    let check = |state: State, due: i64, now: i64, expected_at: Option<i64>, ready: bool| {
        let mut shelf = Shelf::new();
        let account = shelf.account("trek-point");
        let id = shelf.one("a", &fit(0), &by_hand());
        let upload = shelf.bring(id, State::Sending);
        let change = Change {
            due_at: Some(at(due)),
            ..Change::to(state, "Later.")
        };
        shelf
            .library
            .settle(upload, &change, |_| None, at(0))
            .unwrap();
        let what = format!("{state:?} due {due} now {now}");
        assert_eq!(
            shelf.library.next_due_at(account, at(now)).unwrap(),
            expected_at.map(at),
            "{what}"
        );
        let sends = shelf.library.next_due(account, at(now)).unwrap().is_some();
        let looks = !shelf
            .library
            .looks_due(account, at(now), 5)
            .unwrap()
            .is_empty();
        assert_eq!(
            (sends, looks),
            (
                ready && state == State::Waiting,
                ready && state != State::Waiting
            ),
            "{what}"
        );
    };
    for state in [State::Waiting, State::Processing, State::Unsure] {
        check(state, 60, 0, Some(60), false);
        check(state, 60, 60, Some(60), true);
        check(state, 60, 90, Some(90), true);
        check(state, 9 * DAY_S, 0, Some(DAY_S), false);
        check(state, 60, -2 * DAY_S, Some(-2 * DAY_S), true);
    }
    check(State::Sent, 60, 90, None, false);
    check(State::Refused, 60, 90, None, false);
}

#[test]
fn failures_count_what_got_no_further() {
    use State::*;
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    let upload = shelf.upload(id).id;
    let mut step = |claim: bool, to: State, failures: u32, perhaps: bool| {
        if claim {
            shelf.library.claim(upload, Duration::ZERO, at(0)).unwrap();
        }
        let row = shelf
            .library
            .settle(upload, &Change::to(to, "No answer."), |_| None, at(0))
            .unwrap();
        assert_eq!(
            (row.failures, row.perhaps_arrived),
            (failures, perhaps),
            "{to:?}"
        );
        row.attempts
    };
    step(true, Waiting, 1, false);
    step(true, Waiting, 2, false);
    step(true, Unsure, 3, true);
    step(false, Unsure, 4, true);
    step(false, Waiting, 4, false);
    step(true, Processing, 0, false);
    step(false, Processing, 1, false);
    assert_eq!(step(false, Sent, 0, false), 4);
    let told = [
        "waiting", "sending", "waiting", "sending", "waiting", "sending", "unsure", "waiting",
        "sending",
    ];
    assert_eq!(
        shelf.told(id)[..9],
        told,
        "looking twice with the same answer is told once"
    );
}

#[test]
fn settled_words_are_kept_and_capped() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    let upload = shelf.bring(id, State::Sending);
    let change = Change {
        remote_id: Some("77".into()),
        link: Some("https://example.org/77".into()),
        reason_code: "refused".into(),
        reason: "No\r\n".repeat(1_000),
        ..Change::to(State::Refused, "<b>No</b>".repeat(1_000))
    };
    let row = shelf
        .library
        .settle(upload, &change, |_| None, at(0))
        .unwrap();
    assert_eq!(
        (row.remote_id.as_deref(), row.link.as_deref()),
        (Some("77"), Some("https://example.org/77"))
    );
    assert!(
        row.reason.len() <= 500 && !row.reason.contains('\n'),
        "{}",
        row.reason.len()
    );
    assert!(
        shelf
            .library
            .story(upload)
            .unwrap()
            .iter()
            .all(|line| line.what.len() <= 500)
    );
}

/// What the athlete asks for, and where each state comes to by it.
#[test]
fn wishes() {
    use State::*;
    type Wish = fn(&mut Library, Selection, Timestamp) -> Result<u64, Error>;
    let check = |what: &str, wish: Wish, expected: &[(State, State)]| {
        for from in State::ALL {
            let mut shelf = Shelf::new();
            shelf.account("trek-point");
            let id = shelf.one("a", &fit(0), &by_hand());
            let upload = shelf.bring(id, from);
            let to = expected
                .iter()
                .find(|(state, _)| *state == from)
                .map(|(_, to)| *to);
            let changed = wish(&mut shelf.library, Selection::All, at(7)).unwrap();
            assert_eq!(
                (shelf.upload(id).state, changed == 1),
                (to.unwrap_or(from), to.is_some()),
                "{what} {from:?}"
            );
            assert!(wish(&mut shelf.library, Selection::Upload(upload), at(8)).is_ok());
            assert!(wish(&mut shelf.library, Selection::Activity(id), at(8)).is_ok());
            let missing = Selection::Account(AccountId(99));
            assert_eq!(
                wish(&mut shelf.library, missing, at(8)).unwrap_err().code(),
                "not_found"
            );
        }
    };
    check(
        "retry",
        Library::retry,
        &[
            (Waiting, Waiting),
            (Refused, Waiting),
            (Unsure, Unsure),
            (Processing, Processing),
        ],
    );
    check(
        "hold",
        Library::hold,
        &[(Waiting, Held), (Refused, Held), (Unsure, Held)],
    );
    let not_sent = [
        (Waiting, Dismissed),
        (Held, Dismissed),
        (Refused, Dismissed),
        (Unsure, Dismissed),
    ];
    check("dismiss", Library::dismiss, &not_sent);
    check(
        "release",
        Library::release,
        &[(Held, Waiting), (Dismissed, Waiting)],
    );
}

#[test]
fn what_may_have_arrived_is_looked_for_whatever_was_said_meanwhile() {
    for wish in [Library::hold, Library::dismiss] {
        let mut shelf = Shelf::new();
        shelf.account("trek-point");
        let id = shelf.one("a", &fit(0), &by_hand());
        shelf.bring(id, State::Unsure);
        wish(&mut shelf.library, Selection::All, at(1)).unwrap();
        shelf.library.release(Selection::All, at(2)).unwrap();
        let row = shelf.upload(id);
        assert_eq!((row.state, row.due_at), (State::Unsure, Some(at(2))));
    }
}

#[test]
fn retry_lifts_back_off_and_pause() {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    let upload = shelf.bring(id, State::Sending);
    let change = Change {
        due_at: Some(at(3_600)),
        ..Change::to(State::Waiting, "No answer.")
    };
    shelf
        .library
        .settle(upload, &change, |_| None, at(0))
        .unwrap();
    let pause = paused(at(900));
    shelf
        .library
        .set_account_state(account, &pause, at(0))
        .unwrap();
    assert_eq!(shelf.library.next_due(account, at(1)).unwrap(), None);
    assert_eq!(
        shelf
            .library
            .retry(Selection::Upload(upload), at(1))
            .unwrap(),
        1
    );
    assert_eq!(
        shelf
            .library
            .next_due(account, at(1))
            .unwrap()
            .unwrap()
            .upload
            .failures,
        0
    );
    assert_eq!(
        shelf.library.account(account).unwrap().state,
        AccountState::Connected
    );

    let sign_in = AccountState::NeedsSignIn(Reason {
        code: "sign_in".into(),
        ..Reason::default()
    });
    shelf
        .library
        .set_account_state(account, &sign_in, at(1))
        .unwrap();
    shelf.library.retry(Selection::All, at(2)).unwrap();
    assert_eq!(
        shelf.library.account(account).unwrap().state,
        sign_in,
        "only a sign-in helps there"
    );
}

#[test]
fn an_answer_and_what_it_means_for_the_account_are_one_step() {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    let upload = shelf.bring(id, State::Sending);
    let pause = paused(at(900));
    let mut settle = |to: State| {
        let change = Change::to(to, "It asked to wait.");
        let account_after = |known: &AccountState| {
            assert_eq!(*known, AccountState::Connected);
            Some(pause.clone())
        };
        let settled = shelf.library.settle(upload, &change, account_after, at(0));
        let row = shelf.library.upload(upload).unwrap();
        let account = shelf.library.account(account).unwrap();
        (settled.is_ok(), row.state, account.state)
    };
    // What is on its way was not dismissed by any answer.
    let connected = AccountState::Connected;
    assert_eq!(settle(State::Dismissed), (false, State::Sending, connected));
    assert_eq!(
        settle(State::Waiting),
        (true, State::Waiting, pause.clone())
    );
}

#[test]
fn what_is_sent_once_more_may_be_there_already() {
    let mut shelf = Shelf::new();
    shelf.account("map-my-tracks");
    let id = shelf.one("a", &fit(0), &by_hand());
    let upload = shelf.bring(id, State::Unsure);
    let settle = |shelf: &mut Shelf, to: State, looks: Option<u32>| {
        let change = Change {
            looks,
            ..Change::to(to, "So it is.")
        };
        let settled = shelf.library.settle(upload, &change, |_| None, at(0));
        let row = settled.unwrap();
        (row.looks, row.perhaps_arrived)
    };
    assert_eq!(settle(&mut shelf, State::Waiting, Some(1)), (1, true));
    // The service could not even be reached with it.
    shelf.library.claim(upload, Duration::ZERO, at(1)).unwrap();
    assert_eq!(settle(&mut shelf, State::Waiting, None), (1, true));
    shelf.library.claim(upload, Duration::ZERO, at(2)).unwrap();
    shelf = shelf.reopened();
    shelf.library.recover(at(3)).unwrap();
    assert_eq!(shelf.upload(id).looks, 1, "a crash forgets nothing");
    assert_eq!(settle(&mut shelf, State::Unsure, Some(2)), (2, true));
    shelf
        .library
        .retry(Selection::Upload(upload), at(4))
        .unwrap();
    assert_eq!(shelf.upload(id).looks, 0, "a person gave the word");
    assert_eq!(settle(&mut shelf, State::Waiting, Some(1)), (1, true));
    // Deleting it does not forget that it may be there.
    shelf.library.delete_activity(id, at(5)).unwrap();
    let back = shelf.one("a", &fit(0), &by_hand());
    assert_eq!(shelf.upload(back).state, State::Unsure);
}
