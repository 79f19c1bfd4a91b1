//! Tests: what the story of an upload tells, and what it tells once.

use std::time::Duration;

use super::*;

#[test]
fn looking_again_is_told_once_and_every_change_of_state_each_time() {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    let upload = shelf.upload(id).id;
    for round in [0, DAY_S] {
        shelf
            .library
            .claim(upload, Duration::ZERO, at(round))
            .unwrap();
        for second in 1..=3 {
            let change = Change {
                due_at: Some(at(round + 10 * second)),
                unready: true,
                ..Change::to(State::Processing, "Still at it.")
            };
            let now = at(round + second);
            let row = shelf
                .library
                .settle(upload, &change, |_| None, now)
                .unwrap();
            assert_eq!(row.due_at, change.due_at, "what is not told is written");
            assert_eq!(row.changed_at, now);
            assert_eq!(row.unready_since, Some(at(round + 1)));
        }
        let no = Change::to(State::Refused, "No.");
        shelf
            .library
            .settle(upload, &no, |_| None, at(round + 9))
            .unwrap();
        shelf
            .library
            .retry(Selection::Upload(upload), at(round + 9))
            .unwrap();
    }
    let round = ["sending", "processing", "refused", "waiting"];
    assert_eq!(shelf.told(id), [&["waiting"][..], &round, &round].concat());
    assert!(
        shelf
            .library
            .next_due(account, at(2 * DAY_S))
            .unwrap()
            .is_some()
    );
}
