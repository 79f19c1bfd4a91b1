//! Tests: what devices and accounts send by themselves, and what waits for the athlete's word.

use std::time::Duration;

use super::*;

/// A device with activities 40, 20 and 1 days before its first plug-in, and one account.
fn plugged() -> (Shelf, AccountId, [ActivityId; 3]) {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    shelf
        .library
        .remember_device("garmin:7", "Edge", at(0))
        .unwrap();
    let ids =
        [-40, -20, -1].map(|day| shelf.one(&format!("{day}"), &fit(day * DAY_S), &from_device()));
    (shelf, account, ids)
}

#[test]
fn a_new_device_sends_nothing_before_the_choice() {
    let (shelf, account, ids) = plugged();
    assert!(
        ids.iter()
            .all(|id| shelf.stands(*id) == "held/device_choice")
    );
    assert_eq!(shelf.library.next_due(account, at(0)).unwrap(), None);
    let first = shelf.library.first_plug("garmin:7", at(0)).unwrap();
    assert_eq!(
        first,
        FirstPlug {
            all: 3,
            last_30_days: 2,
            oldest: Some(at(-40 * DAY_S))
        }
    );
    assert_eq!(
        shelf.library.first_plug("never seen", at(0)).unwrap(),
        FirstPlug::default()
    );
}

#[test]
fn choices_release_what_they_cover() {
    const OLD: &str = "held/older";
    const GO: &str = "waiting";
    let check = |choices: &[Choice], expected: [&str; 3]| {
        let (mut shelf, _, ids) = plugged();
        for choice in choices {
            shelf
                .library
                .choose_device("garmin:7", *choice, at(0))
                .unwrap();
        }
        assert_eq!(ids.map(|id| shelf.stands(id)), expected, "{choices:?}");
        // What comes later goes by the answer, though the scan began before it.
        let later = shelf.one("later", &fit(60), &from_device());
        assert_eq!(shelf.stands(later), GO);
        let device = shelf.library.device("garmin:7").unwrap().unwrap();
        assert_eq!(
            (device.choice, device.chosen_at),
            (choices.last().copied(), Some(at(0)))
        );
    };
    check(&[Choice::All], [GO, GO, GO]);
    check(&[Choice::Last30Days], [OLD, GO, GO]);
    check(&[Choice::OnlyNew], [OLD, OLD, OLD]);
    check(&[Choice::Since(at(-2 * DAY_S))], [OLD, OLD, GO]);
    check(&[Choice::OnlyNew, Choice::Last30Days], [OLD, GO, GO]);
    check(&[Choice::All, Choice::OnlyNew], [OLD, OLD, OLD]);
}

#[test]
fn a_choice_leaves_alone_what_is_decided() {
    let (mut shelf, _, ids) = plugged();
    shelf
        .library
        .release(Selection::Activity(ids[0]), at(0))
        .unwrap();
    shelf.bring(ids[0], State::Sent);
    shelf
        .library
        .dismiss(Selection::Activity(ids[1]), at(0))
        .unwrap();
    shelf
        .library
        .choose_device("garmin:7", Choice::All, at(0))
        .unwrap();
    assert_eq!(
        ids.map(|id| shelf.stands(id)),
        ["sent", "dismissed", "waiting"]
    );
}

#[test]
fn a_choice_releases_one_of_two_twins_and_no_damaged_file() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let a = shelf.one("a", &reading(Format::Gpx, vec![ride(0)]), &from_device());
    let b = shelf.one("b", &fit(0), &from_device());
    let mut cut = fit(DAY_S);
    cut.complete = false;
    let c = shelf.one("c", &cut, &from_device());
    shelf
        .library
        .choose_device("garmin:7", Choice::All, at(0))
        .unwrap();
    assert_eq!(
        [a, b, c].map(|id| shelf.stands(id)),
        ["held/twin", "waiting", "held/damaged"]
    );
}

#[test]
fn an_import_needs_no_choice() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    assert_eq!(shelf.stands(id), "waiting");
    let since = Origin {
        reach: Reach::Since(Some(at(2 * DAY_S))),
        ..by_hand()
    };
    let id = shelf.one("b", &fit(DAY_S), &since);
    assert_eq!(shelf.stands(id), "held/older");
}

#[test]
fn devices_are_remembered() {
    let mut shelf = Shelf::new();
    assert_eq!(shelf.library.device("garmin:7").unwrap(), None);
    assert_eq!(
        shelf
            .library
            .approve_device("garmin:7", true)
            .unwrap_err()
            .code(),
        "not_found"
    );
    let missing = shelf.library.choose_device("garmin:7", Choice::All, at(0));
    assert_eq!(missing.unwrap_err().code(), "not_found");
    shelf
        .library
        .remember_device("garmin:7", "Edge", at(0))
        .unwrap();
    shelf.library.approve_device("garmin:7", false).unwrap();
    let row = shelf
        .library
        .remember_device("garmin:7", "Edge\n530", at(9))
        .unwrap();
    assert_eq!(
        (row.name.as_str(), row.approved, row.reach()),
        ("Edge 530", Some(false), Reach::Pending)
    );
    assert_eq!((row.first_seen, row.last_seen), (at(0), at(9)));
    assert_eq!(shelf.library.devices().unwrap(), [row]);
}

#[test]
fn what_was_seen_is_not_opened_again() {
    let mut shelf = Shelf::new();
    let reason = Reason {
        code: "truncated".into(),
        title: "It is cut off.".into(),
        hint: "Copy it again.".into(),
    };
    let outcomes = [
        SeenOutcome::TakenIn([7; 32]),
        SeenOutcome::Ignored("settings".into()),
        SeenOutcome::Unreadable(reason),
        SeenOutcome::Deleted,
    ];
    #[cfg(unix)]
    let odd: std::ffi::OsString =
        std::os::unix::ffi::OsStringExt::from_vec(b"Activity/\xff\n.FIT".to_vec());
    #[cfg(not(unix))]
    let odd = std::ffi::OsString::from("Activity/odd.FIT");
    let file = SeenFile {
        path: odd.into(),
        size: 10,
        modified_ms: -1,
    };
    for outcome in outcomes {
        shelf
            .library
            .note_seen("garmin:7", &file, &outcome, at(0))
            .unwrap();
        let seen = shelf.library.seen("garmin:7", &file.path).unwrap().unwrap();
        assert_eq!(
            seen,
            Seen {
                size: 10,
                modified_ms: -1,
                outcome,
                looked_at: at(0)
            }
        );
        assert!(seen.is_of(10, -1) && !seen.is_of(11, -1) && !seen.is_of(10, 0));
        let all = shelf.library.seen_all("garmin:7").unwrap();
        assert_eq!((all.len(), all.get(&file.path)), (1, Some(&seen)));
    }
    assert_eq!(shelf.library.seen("other", &file.path).unwrap(), None);
}

#[test]
fn what_another_version_could_not_read_is_looked_at_again() {
    let mut shelf = Shelf::new();
    let unreadable = SeenOutcome::Unreadable(Reason {
        code: "reader_failed".into(),
        ..Reason::default()
    });
    let outcomes = [unreadable, SeenOutcome::TakenIn([7; 32])];
    for (name, outcome) in ["bad.fit", "good.fit"].iter().zip(&outcomes) {
        let file = SeenFile {
            path: name.into(),
            size: 10,
            modified_ms: 0,
        };
        let noted = shelf.library.note_seen("garmin:7", &file, outcome, at(0));
        noted.unwrap();
    }
    let known = |shelf: &Shelf| -> Vec<std::path::PathBuf> {
        let mut known: Vec<_> = shelf
            .library
            .seen_all("garmin:7")
            .unwrap()
            .into_keys()
            .collect();
        known.sort();
        known
    };
    let both: [std::path::PathBuf; 2] = ["bad.fit".into(), "good.fit".into()];
    assert_eq!(known(&shelf), both);
    shelf
        .library
        .reader
        .db
        .execute("UPDATE seen SET program = '0.0.1'", [])
        .unwrap();
    assert_eq!(known(&shelf), both[1..]);
}

#[test]
fn a_new_account_gets_later_activities_and_earlier_ones_by_choice() {
    let mut shelf = Shelf::new();
    let early: Vec<_> = [-40, -20, -1]
        .iter()
        .map(|day| shelf.one(&format!("{day}"), &fit(day * DAY_S), &by_hand()))
        .collect();
    let open = shelf.one("open", &fit(-2 * DAY_S), &from_device());
    let account = shelf.account("trek-point");
    let later = shelf.one("later", &fit(5), &by_hand());
    let earlier = |shelf: &Shelf| shelf.library.counts().unwrap().accounts[0].earlier;
    assert_eq!(
        (shelf.stands(later).as_str(), earlier(&shelf)),
        ("waiting", 4)
    );
    assert!(
        early
            .iter()
            .all(|id| shelf.library.uploads(*id).unwrap().is_empty())
    );

    assert_eq!(
        shelf
            .library
            .send_earlier(account, Some(at(-20 * DAY_S)), at(0))
            .unwrap(),
        3
    );
    assert_eq!(
        [early[1], early[2], open].map(|id| shelf.stands(id)),
        ["waiting", "waiting", "held/device_choice"]
    );
    assert_eq!(shelf.library.send_earlier(account, None, at(0)).unwrap(), 1);
    assert_eq!(shelf.library.send_earlier(account, None, at(0)).unwrap(), 0);
    assert_eq!(earlier(&shelf), 0);
    assert_eq!(
        shelf
            .library
            .send_earlier(AccountId(9), None, at(0))
            .unwrap_err()
            .code(),
        "not_found"
    );
}

#[test]
fn signing_out_and_in_again_keeps_uploads() {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let first = shelf.one("a", &fit(0), &by_hand());
    shelf.library.sign_out_account(account).unwrap();
    assert_eq!(shelf.library.next_due(account, at(0)).unwrap(), None);
    assert_eq!(shelf.library.next_due_at(account, at(0)).unwrap(), None);
    let upload = shelf.upload(first).id;
    assert_eq!(
        shelf
            .library
            .claim(upload, Duration::ZERO, at(0))
            .unwrap_err()
            .code(),
        "not_connected"
    );
    let second = shelf.one("b", &fit(DAY_S), &by_hand());
    assert!(
        shelf.library.uploads(second).unwrap().is_empty(),
        "nobody is signed in"
    );

    assert_eq!(shelf.account("trek-point"), account);
    assert_eq!(shelf.stands(first), "waiting");
    assert!(shelf.library.next_due(account, at(0)).unwrap().is_some());
    assert_eq!(shelf.library.counts().unwrap().accounts[0].earlier, 1);
}

#[test]
fn another_account_is_asked_about() {
    let mut shelf = Shelf::new();
    let mut sign = |id: Option<&str>, if_other| {
        shelf
            .library
            .sign_in_account(&sign_in("trek-point", id), if_other, at(0))
            .unwrap()
    };
    let SignedIn::New(ada) = sign(Some("ada"), IfOther::Ask) else {
        panic!()
    };
    assert_eq!(sign(Some("ada"), IfOther::Ask), SignedIn::Again(ada));
    assert_eq!(sign(None, IfOther::Ask), SignedIn::Again(ada));
    assert!(matches!(sign(Some("bob"), IfOther::Ask), SignedIn::Other(known) if known.id == ada));
    let SignedIn::New(bob) = sign(Some("bob"), IfOther::Switch) else {
        panic!()
    };
    assert!(matches!(sign(Some("ada"), IfOther::Ask), SignedIn::Other(known) if known.id == bob));
    assert_eq!(sign(Some("ada"), IfOther::Switch), SignedIn::Again(ada));
    let rows = shelf.library.accounts().unwrap();
    let signed_in: Vec<_> = rows
        .iter()
        .filter(|row| row.is_signed_in())
        .map(|row| row.id)
        .collect();
    assert_eq!((rows.len(), signed_in), (2, vec![ada]));
    shelf.library.sign_out_account(ada).unwrap();
    let asked = shelf
        .library
        .sign_in_account(&sign_in("trek-point", Some("eve")), IfOther::Ask, at(0))
        .unwrap();
    assert!(matches!(asked, SignedIn::Other(_)), "{asked:?}");
}

#[test]
fn who_is_not_told_is_not_taken_for_who_is_known() {
    let mut shelf = Shelf::new();
    let mut sign = |id: Option<&str>, tells_who| {
        let sign_in = SignIn {
            tells_who,
            ..sign_in("trek-point", id)
        };
        let signed_in = shelf
            .library
            .sign_in_account(&sign_in, IfOther::Switch, at(0));
        signed_in.unwrap()
    };
    // Nobody was ever named: there is nobody to take them for.
    let SignedIn::New(ada) = sign(None, true) else {
        panic!()
    };
    assert_eq!(sign(None, true), SignedIn::Again(ada));
    assert_eq!(sign(Some("ada"), true), SignedIn::Again(ada));
    for named in [None, Some(""), Some(" ")] {
        let unconfirmed = sign(named, true);
        assert!(
            matches!(&unconfirmed, SignedIn::Unconfirmed(known) if known.id == ada),
            "{unconfirmed:?}"
        );
    }
    // Where a service never tells, there is one account.
    assert_eq!(sign(None, false), SignedIn::Again(ada));
}

#[test]
fn pauses() {
    let check = |until: Option<i64>, now: i64, expected: Option<i64>| {
        let mut shelf = Shelf::new();
        let account = shelf.account("trek-point");
        shelf.one("a", &fit(0), &by_hand());
        let state = AccountState::Paused {
            reason: Reason::default(),
            until: until.map(at),
            times: 3,
        };
        shelf
            .library
            .set_account_state(account, &state, at(0))
            .unwrap();
        let shelf = shelf.reopened();
        assert_eq!(
            shelf.library.next_due_at(account, at(now)).unwrap(),
            expected.map(at),
            "{until:?} {now}"
        );
        let due = shelf.library.next_due(account, at(now)).unwrap().is_some();
        assert_eq!(due, expected == Some(now), "{until:?} {now}");
    };
    check(Some(600), 0, Some(600));
    check(Some(600), 600, Some(600));
    check(Some(30 * DAY_S), 0, Some(DAY_S));
    check(Some(600), -3 * DAY_S, Some(-3 * DAY_S));
    check(None, 5, None);
}

#[test]
fn a_word_that_lets_an_upload_go_survives_a_restart_and_ends_with_its_next_attempt() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    let upload = shelf.bring(id, State::Unsure);
    let library = &mut shelf.library;
    library.retry(Selection::Upload(upload), at(0)).unwrap();
    assert!(!library.upload(upload).unwrap().released);
    assert_eq!(library.retry_looked_at(upload, at(0)).unwrap(), 1);
    let shelf = shelf.reopened();
    let mut library = shelf.library;
    assert!(library.upload(upload).unwrap().released);
    let waits = Change::to(State::Waiting, "It is not there.");
    library.settle(upload, &waits, |_| None, at(1)).unwrap();
    assert!(library.upload(upload).unwrap().released);
    let claimed = library.claim(upload, Duration::ZERO, at(2)).unwrap();
    assert!(claimed.released);
    library
        .settle(upload, &Change::to(State::Refused, "No."), |_| None, at(3))
        .unwrap();
    assert!(!library.upload(upload).unwrap().released);
    library.hold(Selection::Upload(upload), at(4)).unwrap();
    library.release(Selection::Upload(upload), at(5)).unwrap();
    assert!(library.upload(upload).unwrap().released);
}
