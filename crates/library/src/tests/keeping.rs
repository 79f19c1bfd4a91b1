//! Tests: what becomes of a file, and that its rows and its bytes hold together.

use std::fs;

use super::*;

#[test]
fn a_file_is_kept_byte_for_byte_under_a_name_of_ours() {
    let check = |bytes: &[u8], tracks: Vec<Track>, format, expected: &str| {
        let mut shelf = Shelf::new();
        let file = shelf.staged(bytes);
        let mut hash = crate::originals::hex(file.sha256());
        hash.truncate(12);
        let kept = shelf
            .library
            .keep(file, &reading(format, tracks), &by_hand(), at(0))
            .unwrap();
        let Kept::New(ids) = kept else {
            panic!("{kept:?}")
        };
        let path = shelf.library.original(ids[0]).unwrap().path;
        let name = path
            .strip_prefix(shelf.folder.path())
            .unwrap()
            .to_str()
            .unwrap();
        assert_eq!(name, expected.replace('#', &hash));
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(
            fs::read_dir(shelf.folder.path().join("staging"))
                .unwrap()
                .count(),
            0
        );
    };
    let undated = Track {
        start: None,
        ..ride(0)
    };
    let broken = Track {
        start: Some(Timestamp::MIN),
        ..ride(0)
    };
    check(
        b"a",
        vec![ride(0)],
        Format::Fit,
        "originals/2023/2023-11-14T22-13-20Z-cycling-#.fit",
    );
    check(
        &[0x1f, 0x8b, 8],
        vec![ride(0)],
        Format::Fit,
        "originals/2023/2023-11-14T22-13-20Z-cycling-#.fit.gz",
    );
    check(
        b"b",
        vec![undated],
        Format::Gpx,
        "originals/undated/undated-cycling-#.gpx",
    );
    check(
        b"c",
        vec![broken],
        Format::Tcx,
        "originals/undated/undated-cycling-#.tcx",
    );
}

#[test]
fn a_row_says_what_the_track_says() {
    let mut shelf = Shelf::new();
    let mut track = ride(0);
    track.name = Some("  Evening\nride \u{1b}".into());
    track.utc_offset_s = Some(2 * 3_600);
    track.ascent_m = Some(f64::NAN);
    track.source.serial = Some(u64::MAX);
    track.skipped = vec![];
    let mut reading = reading(Format::Fit, vec![track]);
    reading.complete = false;
    let origin = Origin {
        file_name: "../../etc/passwd\n".into(),
        ..from_device()
    };
    let id = shelf.one("a", &reading, &origin);
    let row = shelf.library.activity(id).unwrap();
    assert_eq!(row.name.as_deref(), Some("Evening ride"));
    assert_eq!(
        (row.start, row.utc_offset_s, row.month.as_str()),
        (Some(at(0)), Some(7_200), "2023-11")
    );
    assert_eq!(
        (row.sport, row.format, row.part),
        (Sport::Cycling, Format::Fit, 0)
    );
    assert_eq!(
        (row.distance_m, row.elapsed_s, row.ascent_m),
        (Some(20_000.0), Some(3_600.0), None)
    );
    assert_eq!(
        (row.source_serial(), row.original_bytes),
        (Some(u64::MAX), 1)
    );
    assert_eq!(
        (row.device.as_deref(), row.file_name.as_str()),
        (Some("garmin:7"), "../../etc/passwd")
    );
    assert!(row.is_damaged() && !row.whole);
    assert!(row.bounds.is_none() && row.outline.is_empty());
}

impl ActivityRow {
    fn source_serial(&self) -> Option<u64> {
        self.serial
    }
}

#[test]
fn months_are_local() {
    let check = |start: &str, offset: Option<i32>, expected: &str| {
        let mut shelf = Shelf::new();
        let track = Track {
            start: start.parse().ok(),
            utc_offset_s: offset,
            ..ride(0)
        };
        let id = shelf.one("a", &reading(Format::Fit, vec![track]), &by_hand());
        assert_eq!(
            shelf.library.activity(id).unwrap().month,
            expected,
            "{start} {offset:?}"
        );
    };
    check("2026-11-30T23:30:00Z", Some(3_600), "2026-12");
    check("2026-12-01T00:30:00Z", Some(-3_600), "2026-11");
    check("2026-11-30T23:30:00Z", None, "2026-11");
    check("2026-11-30T23:30:00Z", Some(i32::MAX), "2026-11");
    check("no time", Some(0), "");
}

#[test]
fn the_same_bytes_are_known_whatever_their_name() {
    let mut shelf = Shelf::new();
    let id = shelf.one("a", &fit(0), &from_device());
    let again = Origin {
        file_name: "B.FIT".into(),
        ..by_hand()
    };
    assert_eq!(shelf.keep("a", &fit(0), &again), Kept::Known(vec![id]));
    assert_eq!(
        shelf
            .library
            .activities_of(shelf.staged(b"a").sha256())
            .unwrap(),
        [id]
    );
    assert_eq!(shelf.library.counts().unwrap().activities, 1);
    assert_eq!(shelf.library.check().unwrap(), []);
}

#[test]
fn what_is_no_activity_leaves_nothing() {
    let mut shelf = Shelf::new();
    let settings = Track {
        kind: Kind::Settings,
        ..Track::default()
    };
    assert_eq!(
        shelf.keep("a", &reading(Format::Fit, vec![settings]), &by_hand()),
        Kept::NoActivity
    );
    assert_eq!(shelf.library.check().unwrap(), []);
    assert_eq!(
        fs::read_dir(shelf.folder.path().join("staging"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn each_activity_of_a_file_is_one() {
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let course = Track {
        kind: Kind::Course,
        ..Track::default()
    };
    let file = reading(Format::Gpx, vec![ride(0), course, ride(DAY_S)]);
    let Kept::New(ids) = shelf.keep("a", &file, &by_hand()) else {
        panic!()
    };
    let parts: Vec<usize> = ids
        .iter()
        .map(|id| shelf.library.activity(*id).unwrap().part)
        .collect();
    assert_eq!(parts, [0, 2]);
    assert_eq!(shelf.library.due_count(account, at(0)).unwrap(), 2);

    shelf.library.delete_activity(ids[0], at(1)).unwrap();
    assert!(
        shelf.library.original(ids[1]).unwrap().path.is_file(),
        "the other part still needs it"
    );
    assert_eq!(
        shelf.keep("a", &file, &from_device()),
        Kept::Known(vec![ids[1]])
    );
    assert!(
        matches!(shelf.keep("a", &file, &by_hand()), Kept::New(new) if new.len() == 1 && new[0] > ids[1])
    );
}

#[test]
fn two_files_whose_short_names_meet_are_both_kept() {
    let mut shelf = Shelf::new();
    let id = shelf.one("a", &fit(0), &by_hand());
    let taken = shelf.library.original(id).unwrap().path;
    // Another row takes the name that the second file would get.
    let second = shelf.staged(b"b");
    let short = crate::originals::name(&fit(0), &second, 12);
    let moved = crate::originals::path(shelf.folder.path(), &short);
    fs::rename(&taken, &moved).unwrap();
    shelf
        .library
        .reader
        .db
        .execute("UPDATE original SET path = ?1", [&short])
        .unwrap();
    let kept = shelf
        .library
        .keep(second, &fit(DAY_S), &by_hand(), at(0))
        .unwrap();
    let Kept::New(ids) = kept else {
        panic!("{kept:?}")
    };
    assert_eq!(fs::read(&moved).unwrap(), b"a");
    assert_eq!(
        fs::read(shelf.library.original(ids[0]).unwrap().path).unwrap(),
        b"b"
    );
    assert_eq!(shelf.library.check().unwrap(), []);
}

#[test]
fn deleting_is_remembered_and_undone_by_hand_only() {
    let mut shelf = Shelf::new();
    shelf.account("trek-point");
    let id = shelf.one("a", &fit(0), &by_hand());
    let path = shelf.library.original(id).unwrap().path;
    shelf.library.delete_activity(id, at(1)).unwrap();
    assert!(!path.exists());
    assert_eq!(shelf.library.activity(id).unwrap_err().code(), "not_found");
    assert_eq!(shelf.library.counts().unwrap().uploads.all(), 0);
    assert_eq!(shelf.keep("a", &fit(0), &from_device()), Kept::Deleted);
    assert!(!path.exists());
    let back = shelf.one("a", &fit(0), &by_hand());
    assert!(back > id && path.is_file());
    assert_eq!(shelf.stands(back), "waiting");
    assert_eq!(
        shelf.keep("a", &fit(0), &from_device()),
        Kept::Known(vec![back])
    );
}

#[test]
fn what_was_sent_before_it_was_deleted_is_not_sent_again() {
    let check = |state, expected: &str| {
        let mut shelf = Shelf::new();
        shelf.account("trek-point");
        let id = shelf.one("a", &fit(0), &by_hand());
        shelf.bring(id, state);
        let result = shelf.library.delete_activity(id, at(1));
        if state == State::Sending {
            assert_eq!(result.unwrap_err().code(), "being_sent");
            assert_eq!(shelf.stands(id), "sending");
            return;
        }
        result.unwrap();
        let back = shelf.one("a", &fit(0), &by_hand());
        assert_eq!(shelf.stands(back), expected);
        assert_eq!(shelf.upload(back).perhaps_arrived, state == State::Unsure);
    };
    for state in State::ALL {
        let expected = match state {
            State::Sent | State::Existing | State::Processing | State::Unsure => state.name(),
            _ => "waiting",
        };
        check(state, expected);
    }
}
