//! Tests: likely twins are linked, and only the best of them is sent by itself.

use super::*;

fn named(format: Format, track: Track) -> Reading {
    reading(format, vec![track])
}

#[test]
fn twins_are_found() {
    let check = |what: &str, change: &dyn Fn(&mut Track), expected: bool| {
        let mut shelf = Shelf::new();
        let first = shelf.one("a", &fit(0), &by_hand());
        let mut other = ride(0);
        change(&mut other);
        let second = shelf.one("b", &named(Format::Gpx, other), &by_hand());
        let twin_of = shelf.library.activity(second).unwrap().twin_of;
        assert_eq!(twin_of, expected.then_some(first), "{what}");
    };
    check("same", &|_| {}, true);
    check("2 s later", &|track| track.start = Some(at(2)), true);
    check("3 s later", &|track| track.start = Some(at(3)), false);
    check(
        "2 s earlier, 5 s longer, other distance",
        &|track| {
            (track.start, track.elapsed_s, track.distance_m) =
                (Some(at(-2)), Some(3_605.0), Some(1.0));
        },
        true,
    );
    check(
        "other duration, 2 % less",
        &|track| {
            (track.elapsed_s, track.distance_m) = (None, Some(19_600.0));
        },
        true,
    );
    check(
        "other duration, 3 % less",
        &|track| {
            (track.elapsed_s, track.distance_m) = (Some(9.0), Some(19_400.0));
        },
        false,
    );
    check(
        "neither known",
        &|track| (track.elapsed_s, track.distance_m) = (None, None),
        false,
    );
    check("no start", &|track| track.start = None, false);
}

#[test]
fn the_same_identity_counts_on_the_same_day() {
    let check = |apart: i64, expected: bool| {
        let mut shelf = Shelf::new();
        let of_unit = |start| {
            let mut track = ride(start);
            track.distance_m = Some(start as f64);
            track.source.manufacturer = Some("garmin".into());
            track.source.serial = Some(1);
            track.source.created = Some(at(0));
            named(Format::Fit, track)
        };
        shelf.one("a", &of_unit(0), &by_hand());
        let second = shelf.one("b", &of_unit(apart), &by_hand());
        assert_eq!(
            shelf.library.activity(second).unwrap().twin_of.is_some(),
            expected,
            "{apart}"
        );
    };
    check(0, true);
    check(3_600, true);
    check(2 * DAY_S, false);
}

/// First file, where its upload had come to, second file: how both stand then.
#[test]
fn only_the_best_is_sent() {
    use Format::{Fit, Gpx, Tcx};
    let check = |first: Format, state: State, second: Format, expected: [&str; 2]| {
        let mut shelf = Shelf::new();
        shelf.account("trek-point");
        let a = shelf.one("a", &named(first, ride(0)), &by_hand());
        shelf.bring(a, state);
        let b = shelf.one("b", &named(second, ride(1)), &by_hand());
        assert_eq!(
            [shelf.stands(a), shelf.stands(b)],
            expected,
            "{first:?} {state:?} {second:?}"
        );
    };
    check(Fit, State::Waiting, Gpx, ["waiting", "held/twin"]);
    check(Fit, State::Waiting, Fit, ["waiting", "held/twin"]);
    check(Gpx, State::Waiting, Fit, ["held/twin", "waiting"]);
    check(Gpx, State::Waiting, Tcx, ["held/twin", "waiting"]);
    check(Tcx, State::Waiting, Gpx, ["waiting", "held/twin"]);
    for state in [
        State::Sending,
        State::Processing,
        State::Sent,
        State::Existing,
        State::Unsure,
        State::Dismissed,
    ] {
        check(Gpx, state, Fit, [state.name(), "held/twin"]);
    }
    check(Gpx, State::Held, Fit, ["held/user", "held/twin"]);
    check(Gpx, State::Refused, Fit, ["refused", "waiting"]);
    check(Fit, State::Refused, Gpx, ["refused", "held/twin"]);
}

/// It is sent once more, or waits for a word: a better file of the same activity could make it two.
#[test]
fn what_may_have_arrived_is_not_outdone() {
    for (to, expected) in [(State::Waiting, "waiting"), (State::Held, "held")] {
        let mut shelf = Shelf::new();
        shelf.account("map-my-tracks");
        let a = shelf.one("a", &named(Format::Gpx, ride(0)), &by_hand());
        let upload = shelf.bring(a, State::Unsure);
        let change = Change {
            looks: Some(1),
            ..Change::to(to, "So it is.")
        };
        shelf
            .library
            .settle(upload, &change, |_| None, at(0))
            .unwrap();
        let b = shelf.one("b", &named(Format::Fit, ride(1)), &by_hand());
        assert_eq!(
            [shelf.stands(a), shelf.stands(b)],
            [expected, "held/twin"],
            "{to:?}"
        );
    }
}

#[test]
fn a_damaged_twin_keeps_no_sound_one_back() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let mut cut = fit(0);
    cut.complete = false;
    let a = shelf.one("a", &cut, &by_hand());
    let b = shelf.one("b", &named(Format::Gpx, ride(0)), &by_hand());
    assert_eq!(
        [shelf.stands(a), shelf.stands(b)],
        ["held/damaged", "waiting"]
    );
}

#[test]
fn a_group_has_one_head_also_when_it_is_deleted() {
    let mut shelf = Shelf::new();
    // The third lies between the first two, which are too far apart to be twins.
    let ids: Vec<_> = [0, 4, 2, 2]
        .iter()
        .enumerate()
        .map(|(number, start)| shelf.one(&number.to_string(), &fit(*start), &by_hand()))
        .collect();
    let heads = |shelf: &Shelf, ids: &[ActivityId]| -> Vec<Option<ActivityId>> {
        ids.iter()
            .map(|id| shelf.library.activity(*id).unwrap().twin_of)
            .collect()
    };
    assert_eq!(
        heads(&shelf, &ids),
        [None, Some(ids[0]), Some(ids[0]), Some(ids[0])]
    );
    shelf.library.delete_activity(ids[0], at(0)).unwrap();
    assert_eq!(heads(&shelf, &ids[1..]), [None, Some(ids[1]), Some(ids[1])]);
    shelf.library.delete_activity(ids[2], at(0)).unwrap();
    assert_eq!(heads(&shelf, &[ids[1], ids[3]]), [None, Some(ids[1])]);
}

/// Parts of one file are different outings, also where both look like one that came before.
#[test]
fn parts_of_one_file_are_no_twins() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let a = shelf.one("a", &named(Format::Gpx, ride(0)), &by_hand());
    let chain = reading(Format::Fit, vec![ride(0), ride(1)]);
    let Kept::New(parts) = shelf.keep("b", &chain, &by_hand()) else {
        panic!()
    };
    let stand: Vec<_> = parts.iter().map(|part| shelf.stands(*part)).collect();
    assert_eq!(
        (shelf.stands(a).as_str(), stand),
        ("held/twin", vec!["waiting".into(), "waiting".into()])
    );
}

#[test]
fn others_of_the_same_account_that_go_by_an_id() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let ids = ["a", "b", "c"].map(|name| {
        let start = i64::from(name.as_bytes()[0]) * 10_000;
        shelf.one(name, &fit(start), &by_hand())
    });
    for (id, state) in ids.into_iter().zip([State::Sent, State::Existing]) {
        let upload = shelf.bring(id, State::Unsure);
        let mut change = Change::to(state, "So it is.");
        change.remote_id = Some("7".into());
        shelf
            .library
            .settle(upload, &change, |_| None, at(9))
            .unwrap();
    }
    let third = shelf.upload(ids[2]);
    let called = |upload: &UploadRow, id: &str| {
        let mut others = shelf.library.others_called(upload, id).unwrap();
        others.sort_by_key(|(state, _)| state.name());
        others
    };
    let [existing, sent] = [State::Existing, State::Sent].map(|state| (state, false));
    assert_eq!(called(&third, "7"), [existing, sent]);
    assert_eq!(called(&third, "8"), []);
    let first = shelf.upload(ids[0]);
    assert_eq!(called(&first, "7"), [existing]);
}

#[test]
fn one_whose_better_twin_is_deleted_says_so_and_waits_for_a_word() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let fit = shelf.one("a", &named(Format::Fit, ride(0)), &by_hand());
    let tcx = shelf.one("b", &named(Format::Tcx, ride(0)), &by_hand());
    let gpx = shelf.one("c", &named(Format::Gpx, ride(0)), &by_hand());
    let reason = |shelf: &Shelf, id| shelf.upload(id).reason;
    let before = reason(&shelf, gpx);
    shelf.library.delete_activity(fit, at(0)).unwrap();
    assert!(reason(&shelf, tcx).contains("was deleted here"));
    shelf
        .library
        .release(Selection::Activity(tcx), at(1))
        .unwrap();
    assert_eq!(
        [shelf.stands(tcx), shelf.stands(gpx)],
        ["waiting", "held/twin"]
    );
    assert_ne!(reason(&shelf, tcx), before);
    shelf.library.delete_activity(tcx, at(2)).unwrap();
    assert!(reason(&shelf, gpx).contains("was deleted here"));
    assert_eq!(shelf.stands(gpx), "held/twin");
}
