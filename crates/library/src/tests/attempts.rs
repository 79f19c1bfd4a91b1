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

/// Leaves what is left when the program ends in the middle of a reading.
fn ends_while_reading(shelf: &Shelf) {
    let mut left = Vec::new();
    let read = || left = fs::read(note_of(shelf)).unwrap();
    let read = shelf.library.attempts().read(&HASH, || true, read);
    assert_eq!(read, Some(()));
    assert!(
        !note_of(shelf).exists(),
        "a reading that ended leaves no note"
    );
    fs::write(note_of(shelf), left).unwrap();
}

/// Whether it is read where a trial says that it ends who reads it: whether there is no trial.
fn is_read(shelf: &Shelf, hash: &[u8; 32]) -> bool {
    let attempts = shelf.library.attempts();
    attempts.read(hash, || false, || ()).is_some()
}

#[test]
fn after_two_ends_a_trial_decides() {
    let shelf = Shelf::new();
    ends_while_reading(&shelf);
    ends_while_reading(&shelf);
    let shelf = shelf.reopened();
    for _ in 0..2 {
        // That it is not read changes nothing.
        assert!(!is_read(&shelf, &HASH));
    }
    assert!(is_read(&shelf, &OTHER), "others are read");
    // The trial may be wrong, and the program end once more.
    ends_while_reading(&shelf);
    assert!(!is_read(&shelf, &HASH));
    let read = shelf.library.attempts().read(&HASH, || true, || ());
    assert_eq!(read, Some(()));
    assert!(
        is_read(&shelf, &HASH),
        "it went well, so it is a file like others"
    );
}

/// What is left when the program has ended so often, and passed it over so often since.
fn leave_note(shelf: &Shelf, letters: &str) {
    fs::write(note_of(shelf), letters).unwrap();
}

#[test]
fn what_stands_its_trial_and_ends_the_program_all_the_same_is_tried_less_and_less_often() {
    let shelf = Shelf::new();
    let attempts = shelf.library.attempts();
    let mut passed_over = Vec::new();
    for _ in 0..7 {
        let mut times = 0;
        while attempts.read(&HASH, || true, || ()).is_none() {
            times += 1;
        }
        passed_over.push(times);
        // As if it had not come to its end.
        let ends = passed_over.len();
        leave_note(&shelf, &".".repeat(ends));
    }
    assert_eq!(passed_over, [0, 0, 0, 0, 1, 2, 4]);
}

#[test]
fn what_was_passed_over_is_tried_first_and_passed_over_no_more() {
    let shelf = Shelf::new();
    leave_note(&shelf, "....");
    let attempts = shelf.library.attempts();
    let untried = || panic!("it is not its turn");
    assert_eq!(attempts.read(&HASH, untried, || ()), None);
    assert_eq!(fs::read(note_of(&shelf)).unwrap(), b"....-");
    for _ in 0..2 {
        assert!(!is_read(&shelf, &HASH), "a trial says no");
        assert_eq!(fs::read(note_of(&shelf)).unwrap(), b"....-");
    }
    let read = attempts.read(&HASH, || true, || fs::read(note_of(&shelf)).unwrap());
    assert_eq!(read.unwrap(), b"....-.");
    assert!(is_read(&shelf, &HASH), "it is a file like others now");
}

#[test]
fn what_breaks_when_it_is_shown_is_taken_in_and_sent_all_the_same() {
    let shelf = Shelf::new();
    let attempts = shelf.library.attempts();
    let showing = attempts.of_showing();
    let mut shown = note_of(&shelf).into_os_string();
    shown.push("-shown");
    let seen = showing.read(&HASH, || true, || fs::read(&shown).unwrap());
    assert_eq!(seen.unwrap(), b".");
    fs::write(&shown, "..").unwrap();
    assert_eq!(showing.read(&HASH, || false, || ()), None);
    assert!(is_read(&shelf, &HASH));
    leave_note(&shelf, "..");
    fs::write(&shown, ".").unwrap();
    assert!(!is_read(&shelf, &HASH));
    assert_eq!(showing.read(&HASH, || false, || ()), Some(()));
}

#[test]
fn one_end_and_a_reading_that_goes_well_are_forgotten() {
    let shelf = Shelf::new();
    for _ in 0..3 {
        ends_while_reading(&shelf);
        assert!(is_read(&shelf, &HASH));
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
                .read(&HASH, || true, || -> () { panic!("planted") })
        };
        assert!(catch_unwind(AssertUnwindSafe(reading)).is_err());
        assert!(!note_of(&shelf).exists());
    }
    assert!(is_read(&shelf, &HASH));
}

#[test]
fn a_library_that_is_closed_in_the_middle_of_a_reading_blames_nobody() {
    let shelf = Shelf::new();
    let attempts = shelf.library.attempts();
    let (note, Shelf { folder, library }) = (note_of(&shelf), shelf);
    let read = attempts.read(
        &HASH,
        || true,
        || {
            assert!(note.exists());
            drop(library);
            assert!(!note.exists());
        },
    );
    assert_eq!(read, Some(()));
    // What begins after that leaves no number either, though the program may end in the middle of it.
    attempts.read(
        &HASH,
        || true,
        || {
            assert_eq!(fs::read(&note).unwrap(), b"");
        },
    );
    drop(folder);
}

#[test]
fn what_is_read_at_the_same_time_elsewhere_has_not_ended_anything() {
    let shelf = Shelf::new();
    let read =
        shelf
            .library
            .attempts()
            .read(&HASH, || true, || (0..3).all(|_| is_read(&shelf, &HASH)));
    assert_eq!(read, Some(true));
    assert!(is_read(&shelf, &HASH));
    // One end and one reading that goes on are no two ends.
    ends_while_reading(&shelf);
    let attempts = shelf.library.attempts();
    let read = attempts.read(&HASH, || true, || is_read(&shelf, &HASH));
    assert_eq!(read, Some(true));
}

#[test]
fn who_was_there_when_the_program_ended_is_read_alone() {
    let shelf = Shelf::new();
    ends_while_reading(&shelf);
    let attempts = shelf.library.attempts();
    let (begun, begins) = channel();
    let elsewhere = attempts.clone();
    let alone = attempts.read(
        &HASH,
        || true,
        || {
            let other =
                std::thread::spawn(move || elsewhere.read(&OTHER, || true, || begun.send(())));
            let wait = Duration::from_millis(100);
            (begins.recv_timeout(wait).is_err(), other)
        },
    );
    let (was_alone, other) = alone.unwrap();
    assert!(was_alone);
    assert!(other.join().unwrap().is_some());
}

#[test]
fn a_note_that_says_nothing_raises_no_suspicion() {
    let shelf = Shelf::new();
    fs::write(note_of(&shelf), "").unwrap();
    assert!(is_read(&shelf, &HASH));
}

#[test]
fn a_folder_that_takes_no_note_keeps_nothing_from_being_read() {
    let shelf = Shelf::new();
    let folder = shelf.folder.path().join("reading");
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    assert!(is_read(&shelf, &HASH));
}
