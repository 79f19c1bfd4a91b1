//! A page and an export of what ended the program: tried first, and noted apart from what is taken in.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use library::{Kept, Library, Origin, Reach};

use super::*;
use crate::export::ExportFormat;

/// A library with one ride, whose reading the program has begun so often and not ended.
fn with_a_ride(folder: &Path, begun: usize) -> i64 {
    let mut library = Library::open(folder).unwrap();
    let start = "2026-05-02T10:00:00Z".parse().unwrap();
    let ride = Track {
        kind: track::Kind::Activity,
        start: Some(start),
        ..Track::default()
    };
    let bytes = track::write_fit(&ride).bytes;
    let mut staged = library.stage().unwrap();
    staged.write_all(&bytes).unwrap();
    let staged = staged.finish().unwrap();
    let hash: String = staged.sha256().map(|byte| format!("{byte:02x}")).concat();
    let origin = Origin {
        device: None,
        file_name: "ride.fit".into(),
        manual: true,
        reach: Reach::Since(None),
    };
    let reading = track::read(&bytes).unwrap();
    let kept = library.keep(staged, &reading, &origin, start).unwrap();
    let note = folder.join("reading").join(hash + "-shown");
    std::fs::write(note, ".".repeat(begun)).unwrap();
    match kept {
        Kept::New(ids) => ids[0].0,
        kept => panic!("{kept:?}"),
    }
}

fn archive(folder: &Path, trial: Trial) -> Archive {
    let reader = Reader::open(folder).unwrap();
    let attempts = reader.attempts();
    Archive::over(reader, &attempts, trial)
}

/// What comes of a page and of an export when the trial ends so, if one is made.
#[track_caller]
fn check(begun: usize, goes_well: bool, code: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let id = with_a_ride(folder.path(), begun);
    let archive = archive(folder.path(), Arc::new(move |_| goes_well));
    let export = |name: &str| {
        let format = ExportFormat::from_name(name).unwrap();
        let exported = archive.export(id, format, folder.path(), true);
        exported.map(drop).map_err(|problem| problem.code)
    };
    let page = archive.activity(id).unwrap();
    assert_eq!(page.problem.map(|problem| problem.code).as_deref(), code);
    assert_eq!(export("gpx"), code.map_or(Ok(()), |code| Err(code.into())));
    // Its bytes are handed out unread.
    assert_eq!(export("original"), Ok(()));
}

#[test]
fn what_ended_the_program_twice_is_shown_only_when_a_trial_goes_well() {
    check(0, false, None);
    check(1, false, None);
    check(2, true, None);
    check(2, false, Some(inspect::SET_ASIDE));
}

#[test]
fn one_trial_that_fails_answers_for_every_activity_of_an_original() {
    let folder = tempfile::tempdir().unwrap();
    let id = with_a_ride(folder.path(), 2);
    let trials = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&trials);
    let trial: Trial = Arc::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        false
    });
    let first = archive(folder.path(), Arc::clone(&trial));
    for _ in 0..3 {
        let problem = first.activity(id).unwrap().problem.unwrap();
        assert_eq!(problem.code, inspect::SET_ASIDE);
    }
    assert_eq!(trials.load(Ordering::Relaxed), 1);
    // Who asks another time gets another trial.
    let again = archive(folder.path(), trial);
    assert!(again.activity(id).unwrap().problem.is_some());
    assert_eq!(trials.load(Ordering::Relaxed), 2);
}

#[test]
fn a_panic_costs_one_activity_and_leaves_no_note() {
    let folder = tempfile::tempdir().unwrap();
    let id = with_a_ride(folder.path(), 0);
    let archive = archive(folder.path(), Arc::new(|_| true));
    let row = archive.row(id).unwrap();
    let made = archive.read(&row, |_| -> () { panic!("planted") });
    assert_eq!(made.unwrap_err().code, "reader_failed");
    let notes = std::fs::read_dir(folder.path().join("reading")).unwrap();
    assert_eq!(notes.count(), 0);
}

#[test]
fn who_is_told_to_end_in_the_middle_of_an_export_leaves_no_note() {
    let folder = tempfile::tempdir().unwrap();
    let id = with_a_ride(folder.path(), 0);
    let archive = archive(folder.path(), Arc::new(|_| true));
    let ending = archive.ending();
    let notes = || {
        std::fs::read_dir(folder.path().join("reading"))
            .unwrap()
            .count()
    };
    let made = archive.read(&archive.row(id).unwrap(), |_| {
        assert_eq!(notes(), 1);
        ending();
        notes()
    });
    assert_eq!(made, Ok(0));
}

#[test]
fn a_page_that_is_read_as_the_program_ends_in_order_leaves_no_note() {
    let folder = tempfile::tempdir().unwrap();
    let id = with_a_ride(folder.path(), 0);
    let library = Library::open(folder.path()).unwrap();
    let archive = Archive::open_within(folder.path(), &library.attempts());
    let archive = archive.unwrap().unwrap();
    let notes = || {
        std::fs::read_dir(folder.path().join("reading"))
            .unwrap()
            .count()
    };
    let row = archive.row(id).unwrap();
    let made = archive.read(&row, |_| {
        assert_eq!(notes(), 1);
        drop(library);
        notes()
    });
    assert_eq!(made, Ok(0));
}
