//! Tests: history by page, its filter, its totals, and the numbers beside it.

use super::*;

fn found(shelf: &Shelf, filter: &Filter) -> Vec<ActivityId> {
    let page = shelf.library.history(filter, None, 100).unwrap();
    assert_eq!(page.total as usize, page.rows.len());
    assert_eq!(
        page.months
            .iter()
            .map(|month| month.activities)
            .sum::<u64>(),
        page.total
    );
    page.rows.iter().map(|row| row.activity.id).collect()
}

/// A ride with a name that is hard to search for, a run that was refused, and a ride without a start.
fn three() -> (Shelf, [ActivityId; 3]) {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let with = |start, sport, name: &str| {
        let name = Some(name.into());
        reading(
            Format::Fit,
            vec![Track {
                sport,
                name,
                ..ride(start)
            }],
        )
    };
    let named = |file_name: &str| Origin {
        file_name: file_name.into(),
        ..by_hand()
    };
    let a = shelf.one(
        "a",
        &with(0, Sport::Cycling, "Ötztal 100%"),
        &named("7_1.FIT"),
    );
    let b = shelf.one(
        "b",
        &with(DAY_S, Sport::Running, "To work"),
        &named("B.FIT"),
    );
    let undated = reading(
        Format::Gpx,
        vec![Track {
            start: None,
            ..ride(0)
        }],
    );
    let c = shelf.one("c", &undated, &named("c.gpx"));
    shelf.bring(b, State::Refused);
    (shelf, [a, b, c])
}

#[test]
fn searches() {
    let (shelf, [a, b, c]) = three();
    let check = |text: &str, expected: &[ActivityId]| {
        let filter = Filter {
            search: text.into(),
            ..Filter::default()
        };
        assert_eq!(found(&shelf, &filter), expected, "{text}");
    };
    check("ÖTZ", &[a]);
    check("100%", &[a]);
    check("%", &[a]);
    check("_1.fit", &[a]);
    check("work to", &[b]);
    check("work away", &[]);
    check("runn", &[b]);
    check(".gpx", &[c]);
    check("' OR 1=1 --", &[]);
    check("  ", &[b, a, c]);
}

#[test]
fn filters() {
    let (shelf, [a, b, c]) = three();
    let check = |filter: Filter, expected: &[ActivityId]| {
        assert_eq!(found(&shelf, &filter), expected, "{filter:?}");
    };
    let all = Filter::default;
    check(all(), &[b, a, c]);
    check(
        Filter {
            sport: Some(Sport::Cycling),
            ..all()
        },
        &[a, c],
    );
    check(
        Filter {
            state: Some(State::Refused),
            ..all()
        },
        &[b],
    );
    check(
        Filter {
            state: Some(State::Sent),
            ..all()
        },
        &[],
    );
    check(
        Filter {
            from: Some(at(1)),
            ..all()
        },
        &[b],
    );
    check(
        Filter {
            from: Some(at(0)),
            to: Some(at(DAY_S)),
            ..all()
        },
        &[a],
    );
    check(
        Filter {
            to: Some(at(DAY_S)),
            ..all()
        },
        &[a],
    );
    let bad = shelf.library.history(&all(), Some("nonsense"), 10);
    assert_eq!(bad.unwrap_err().code(), "bad_cursor");
}

#[test]
fn rows_carry_their_uploads_and_months_their_totals() {
    let mut shelf = Shelf::new();
    let accounts = [shelf.account("trek-point"), shelf.account("map-my-tracks")];
    shelf.one("a", &fit(0), &by_hand());
    shelf.one("b", &fit(DAY_S), &by_hand());
    shelf.one("c", &fit(-30 * DAY_S), &by_hand());
    let page = shelf.library.history(&Filter::default(), None, 1).unwrap();
    let uploads: Vec<_> = page.rows[0]
        .uploads
        .iter()
        .map(|upload| (upload.account, upload.service.as_str()))
        .collect();
    assert_eq!(
        uploads,
        [(accounts[0], "trek-point"), (accounts[1], "map-my-tracks")]
    );
    let november = MonthTotal {
        month: "2023-11".into(),
        activities: 2,
        distance_m: 40_000.0,
        timer_s: 7_000.0,
    };
    assert_eq!(
        (page.total, page.months),
        (3, vec![november]),
        "whole months, though the page shows a part"
    );
}

#[test]
fn pages_go_on_where_they_ended_while_activities_come_and_go() {
    let mut shelf = Shelf::new();
    let ids: Vec<_> = (0..5)
        .map(|n| shelf.one(&n.to_string(), &fit((n / 2) * DAY_S), &by_hand()))
        .collect();
    let page = |shelf: &Shelf, cursor: Option<&str>| {
        let page = shelf
            .library
            .history(&Filter::default(), cursor, 2)
            .unwrap();
        let rows: Vec<_> = page.rows.iter().map(|row| row.activity.id).collect();
        (rows, page.next)
    };
    let (rows, next) = page(&shelf, None);
    assert_eq!(rows, [ids[4], ids[3]]);
    shelf.one("new", &fit(9 * DAY_S), &by_hand());
    shelf.library.delete_activity(ids[3], at(0)).unwrap();
    let (rows, next) = page(&shelf, next.as_deref());
    assert_eq!(rows, [ids[2], ids[1]]);
    assert_eq!(page(&shelf, next.as_deref()), (vec![ids[0]], None));
}

/// An activity each hour, written past `keep`: 20,000 files would take longer than the test is worth.
const TWENTY_THOUSAND: &str = "
    WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO original (sha256, path, bytes, format, whole, kept_at)
        SELECT CAST(printf('%032d', i) AS BLOB), i, 1, 'fit', 1, 0 FROM n;
    INSERT INTO activity (original_id, part, start_ms, order_ms, month, sport, name, distance_m, timer_s, points,
            positions, laps, sessions, outline, skipped, file_name, search, kept_at)
        SELECT id, 0, 1600000000000 + id * 3600000, 1600000000000 + id * 3600000,
            strftime('%Y-%m', 1600000000 + id * 3600, 'unixepoch'), 'cycling', 'Ride ' || id, 1000.0, 60.0, 1, 1,
            1, 1, x'', '', '', 'ride ' || id, 0
        FROM original WHERE kept_at = 0;";

#[test]
fn twenty_thousand_activities() {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let bytes = shelf.one("first", &fit(0), &by_hand());
    assert_eq!(shelf.library.due_count(account, at(0)).unwrap(), 1);
    shelf
        .library
        .reader
        .db
        .execute_batch(TWENTY_THOUSAND)
        .unwrap();
    let (mut cursor, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = shelf
            .library
            .history(&Filter::default(), cursor.as_deref(), 500)
            .unwrap();
        assert_eq!(page.total, 20_001);
        seen.extend(
            page.rows
                .iter()
                .map(|row| (row.activity.start, row.activity.id)),
        );
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (20_001, 41));
    assert!(
        seen.is_sorted_by(|a, b| a > b),
        "newest first, nothing twice"
    );
    let search = Filter {
        search: "ride 1999".into(),
        ..Filter::default()
    };
    assert_eq!(shelf.library.history(&search, None, 5).unwrap().total, 12);
    assert_eq!(
        shelf.library.send_earlier(account, None, at(0)).unwrap(),
        20_000
    );
    let counts = shelf.library.counts().unwrap();
    assert_eq!(
        (counts.activities, counts.uploads.get(State::Waiting)),
        (20_001, 20_001)
    );
    let oldest = shelf.library.next_due(account, at(0)).unwrap().unwrap();
    assert_ne!(oldest.activity.id, bytes);
    assert_eq!(
        Some(oldest.activity.start),
        seen.last().map(|(start, _)| *start)
    );
}

#[test]
fn the_tallies_agree_with_the_rows() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    shelf.account("map-my-tracks");
    for (day, state) in (0..).zip(State::ALL) {
        let id = shelf.one(&format!("{day}"), &fit(day * DAY_S), &by_hand());
        let upload = shelf.library.uploads(id).unwrap()[0].id;
        match state {
            State::Waiting | State::Sending => {}
            State::Held => drop(
                shelf
                    .library
                    .hold(Selection::Upload(upload), at(0))
                    .unwrap(),
            ),
            State::Dismissed => drop(
                shelf
                    .library
                    .dismiss(Selection::Activity(id), at(0))
                    .unwrap(),
            ),
            _ => {
                shelf
                    .library
                    .claim(upload, std::time::Duration::ZERO, at(0))
                    .unwrap();
                shelf
                    .library
                    .settle(upload, &Change::to(state, "Answered."), |_| None, at(0))
                    .unwrap();
            }
        }
        if day == 1 {
            shelf.library.delete_activity(id, at(0)).unwrap();
        }
    }
    let counts = shelf.library.counts().unwrap();
    for state in State::ALL {
        let rows = shelf.library.queue(&[state], None, 100).unwrap().len();
        assert_eq!(counts.uploads.get(state) as usize, rows, "{state:?}");
    }
    assert_eq!(
        (
            counts.activities,
            counts.uploads.all(),
            counts.accounts.len()
        ),
        (8, 16, 2)
    );
    let all = shelf.library.queue(&State::ALL, None, 5).unwrap();
    assert!(all.len() == 5 && all.is_sorted_by_key(|upload| upload.id));
    let rest = shelf
        .library
        .queue(&State::ALL, all.last().map(|upload| upload.id), 100)
        .unwrap();
    assert_eq!(rest.len(), 11);
}

#[test]
fn the_revision_rises_when_history_changes_and_only_then() {
    let mut shelf = Shelf::new();
    let reader = shelf.library.reader().unwrap();
    let mut last = reader.revision().unwrap();
    let mut rose = move |expected: bool, what: &str| {
        let now = reader.revision().unwrap();
        assert_eq!(now > last, expected, "{what}");
        last = now;
    };
    shelf.account("trek-point");
    rose(true, "sign-in");
    let id = shelf.one("a", &fit(0), &from_device());
    rose(true, "keep");
    shelf.keep("a", &fit(0), &from_device());
    rose(false, "known");
    let file = SeenFile {
        path: "a".into(),
        size: 1,
        modified_ms: 1,
    };
    shelf
        .library
        .note_seen("garmin:7", &file, &SeenOutcome::Deleted, at(0))
        .unwrap();
    shelf
        .library
        .remember_device("garmin:7", "Edge", at(0))
        .unwrap();
    rose(false, "a look at a device");
    shelf
        .library
        .choose_device("garmin:7", Choice::All, at(0))
        .unwrap();
    rose(true, "choice");
    shelf.bring(id, State::Sent);
    rose(true, "sent");
    assert_eq!(shelf.library.retry(Selection::All, at(0)).unwrap(), 0);
    rose(false, "nothing to retry");
    shelf.library.delete_activity(id, at(0)).unwrap();
    rose(true, "deleted");
}
