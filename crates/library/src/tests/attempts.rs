//! Tests: a file with which the program ended again and again is left alone, and no other is.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::*;

const HASH: [u8; 32] = [0xab; 32];
const OTHER: [u8; 32] = [0xcd; 32];

fn note_of(shelf: &Shelf) -> PathBuf {
    let name = crate::originals::hex(&HASH);
    shelf.folder.path().join("reading").join(name)
}

const HOUR_S: i64 = 3_600;

/// Leaves what is left when the program ends in the middle of a reading, so many seconds after the first.
fn ends_while_reading(shelf: &Shelf, by_hand: bool, seconds: i64) {
    let mut left = Vec::new();
    let read = || left = fs::read(note_of(shelf)).unwrap();
    let read = shelf
        .library
        .attempts()
        .read(&HASH, by_hand, at(seconds), read);
    assert_eq!(read, Some(()));
    assert!(
        !note_of(shelf).exists(),
        "a reading that ended leaves no note"
    );
    fs::write(note_of(shelf), left).unwrap();
}

fn is_read(shelf: &Shelf, hash: &[u8; 32], by_hand: bool, seconds: i64) -> bool {
    let attempts = shelf.library.attempts();
    attempts.read(hash, by_hand, at(seconds), || ()).is_some()
}

#[test]
fn two_ends_set_a_file_aside_until_it_is_read_by_hand() {
    let shelf = Shelf::new();
    ends_while_reading(&shelf, false, 0);
    ends_while_reading(&shelf, false, HOUR_S);
    let shelf = shelf.reopened();
    for _ in 0..2 {
        // Looking at it changes nothing.
        assert!(!is_read(&shelf, &HASH, false, HOUR_S));
    }
    assert!(is_read(&shelf, &OTHER, false, HOUR_S), "others are read");
    // By hand it may end the program once more, and is still set aside then.
    ends_while_reading(&shelf, true, HOUR_S);
    assert!(!is_read(&shelf, &HASH, false, HOUR_S));
    assert!(is_read(&shelf, &HASH, true, HOUR_S));
    assert!(
        is_read(&shelf, &HASH, false, HOUR_S),
        "it went well, so it is a file like others"
    );
}

/// It may have been killed twice by chance, and a newer version may read it.
#[test]
fn what_is_set_aside_is_tried_once_a_day() {
    let shelf = Shelf::new();
    ends_while_reading(&shelf, false, 0);
    for day in 0..3 {
        let begun = day * DAY_S + HOUR_S;
        ends_while_reading(&shelf, false, begun);
        assert!(!is_read(&shelf, &HASH, false, begun + DAY_S - 1));
    }
    assert!(is_read(&shelf, &HASH, false, 3 * DAY_S + HOUR_S));
    assert!(is_read(&shelf, &HASH, false, 3 * DAY_S + HOUR_S));
}

#[test]
fn a_clock_that_is_set_back_sets_nothing_aside_for_long() {
    let shelf = Shelf::new();
    ends_while_reading(&shelf, false, 400 * DAY_S);
    ends_while_reading(&shelf, false, 400 * DAY_S);
    assert!(is_read(&shelf, &HASH, false, 0));
}

#[test]
fn one_end_and_a_reading_that_goes_well_are_forgotten() {
    let shelf = Shelf::new();
    for _ in 0..3 {
        ends_while_reading(&shelf, false, 0);
        assert!(is_read(&shelf, &HASH, false, 0));
    }
}

#[test]
fn a_panic_is_no_end() {
    let shelf = Shelf::new();
    for _ in 0..3 {
        let reading = || {
            shelf
                .library
                .attempts()
                .read(&HASH, false, at(0), || -> () { panic!("planted") })
        };
        assert!(catch_unwind(AssertUnwindSafe(reading)).is_err());
        assert!(!note_of(&shelf).exists());
    }
    assert!(is_read(&shelf, &HASH, false, 0));
}

#[test]
fn a_library_that_is_closed_in_the_middle_of_a_reading_blames_nobody() {
    let shelf = Shelf::new();
    let attempts = shelf.library.attempts();
    let (note, Shelf { folder, library }) = (note_of(&shelf), shelf);
    let read = attempts.read(&HASH, false, at(0), || {
        assert!(note.exists());
        drop(library);
        assert!(!note.exists());
    });
    assert_eq!(read, Some(()));
    // What begins after that leaves no number either, though the program may end in the middle of it.
    attempts.read(&HASH, false, at(0), || {
        assert_eq!(fs::read(&note).unwrap(), b"");
    });
    drop(folder);
}

#[test]
fn what_is_read_at_the_same_time_elsewhere_has_not_ended_anything() {
    let shelf = Shelf::new();
    let read = shelf.library.attempts().read(&HASH, false, at(0), || {
        (0..3).all(|_| is_read(&shelf, &HASH, false, 0))
    });
    assert_eq!(read, Some(true));
    assert!(is_read(&shelf, &HASH, false, 0));
}

#[test]
fn who_was_there_when_the_program_ended_is_read_alone() {
    let shelf = Shelf::new();
    ends_while_reading(&shelf, false, 0);
    let attempts = shelf.library.attempts();
    let (begun, begins) = channel();
    let elsewhere = attempts.clone();
    let alone = attempts.read(&HASH, false, at(0), || {
        let other =
            std::thread::spawn(move || elsewhere.read(&OTHER, false, at(0), || begun.send(())));
        let wait = Duration::from_millis(100);
        (begins.recv_timeout(wait).is_err(), other)
    });
    let (was_alone, other) = alone.unwrap();
    assert!(was_alone);
    assert!(other.join().unwrap().is_some());
}

#[test]
fn a_note_that_says_nothing_sets_nothing_aside() {
    let shelf = Shelf::new();
    for nonsense in [&b""[..], b"\n\n\n", b"two\nof them\n", &[0xff; 8192]] {
        fs::write(note_of(&shelf), nonsense).unwrap();
        assert!(is_read(&shelf, &HASH, false, 0), "{nonsense:?}");
    }
}

#[test]
fn a_folder_that_takes_no_note_keeps_nothing_from_being_read() {
    let shelf = Shelf::new();
    let folder = shelf.folder.path().join("reading");
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    assert!(is_read(&shelf, &HASH, false, 0));
}
