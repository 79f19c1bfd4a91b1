//! When a file is taken, and when it is still being written: a folder, a clock that stands still, one look.

use std::cell::RefCell;

use jiff::SignedDuration;
use library::{Library, Reason};
use track::{Kind, Point, Position, Sport, Track};

use super::*;

const NOW: i64 = 1_790_000_000;
const SETTLE: Duration = Duration::from_secs(2);

/// What a look found of the one file in the folder.
#[derive(Debug, PartialEq)]
enum Came {
    /// Nothing was to be looked at.
    Known,
    /// Taken at the first look, whole or not.
    AtOnce { whole: bool },
    /// Taken at the second look.
    Settled { whole: bool },
    /// Unreadable, after the second look.
    Unreadable(String),
    /// Left for a later look.
    StillWritten,
}

/// How the file is, and what is known of it.
#[derive(Clone, Copy, Default)]
struct Case {
    /// Seconds since it was changed.
    age: i64,
    /// Cut off before its end.
    is_cut: bool,
    /// Noted as unfinished so many seconds ago.
    noted: Option<i64>,
    /// Noted since it was plugged in, not before.
    same_plug: bool,
    /// Grows between the two looks.
    grows: bool,
    manual: bool,
}

fn fit() -> Vec<u8> {
    let start = Timestamp::from_second(1_780_000_000).unwrap();
    let mut track = Track {
        kind: Kind::Activity,
        sport: Sport::Cycling,
        start: Some(start),
        elapsed_s: Some(59.0),
        ..Track::default()
    };
    for second in 0..60_u32 {
        track.points.push(Point {
            time: Some(start + SignedDuration::from_secs(second.into())),
            position: Position::new(47.0 + f64::from(second) * 0.000_1, 11.0),
            ..Point::default()
        });
    }
    track::write_fit(&track).bytes
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

struct World {
    folder: tempfile::TempDir,
    library: Library,
    /// Whether the last look waited for a second one.
    waited: Arc<AtomicBool>,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::open(&folder.path().join("data")).unwrap();
        std::fs::create_dir(folder.path().join("rides")).unwrap();
        World {
            folder,
            library,
            waited: Arc::default(),
        }
    }

    fn put(&self, bytes: &[u8], age: i64) -> Recording {
        let path = self.folder.path().join("rides/a.fit");
        std::fs::write(&path, bytes).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(at(NOW - age).into()).unwrap();
        Recording {
            path: "a.fit".into(),
            size: bytes.len() as u64,
            modified_ms: (NOW - age) * 1_000,
        }
    }

    fn look(&self) -> Look {
        let waits = Arc::clone(&self.waited);
        Look {
            device: device::folder(&self.folder.path().join("rides")).unwrap(),
            files: None,
            most_names: 100,
            seen: HashMap::new(),
            staging: self.library.staging(),
            attempts: self.library.attempts(),
            trial: Arc::new(|_| true),
            settle: SETTLE,
            sleep: Arc::new(move |time, _| {
                assert_eq!(time, SETTLE);
                waits.store(true, Ordering::Relaxed);
            }),
            clock: Arc::new(|| at(NOW)),
            manual: false,
            unfinished: Vec::new(),
            stop: Arc::default(),
        }
    }

    /// Runs the look; no time passes, but that it would is noted.
    fn run(&self, look: &Look, on_listed: &dyn Fn()) -> Came {
        let came = RefCell::new(Came::Known);
        self.waited.store(false, Ordering::Relaxed);
        run(look, &|found| {
            match found {
                Found::Listed { .. } => on_listed(),
                Found::File { result, taken, .. } => {
                    *came.borrow_mut() = match result {
                        Ok((_, reading)) if !self.waited.load(Ordering::Relaxed) => Came::AtOnce {
                            whole: reading.complete,
                        },
                        Ok((_, reading)) => Came::Settled {
                            whole: reading.complete,
                        },
                        Err(problem) => Came::Unreadable(problem.code),
                    };
                    taken.send(()).unwrap();
                }
                Found::StillWritten { taken, .. } => {
                    *came.borrow_mut() = Came::StillWritten;
                    taken.send(()).unwrap();
                }
                Found::PassedOver { what, .. } => {
                    *came.borrow_mut() = Came::Unreadable(what);
                }
                Found::CutOff => panic!("one name, and too many"),
                Found::Gone { recording } => panic!("{recording:?}"),
                Found::Ended { result, .. } => result.unwrap(),
            }
            true
        });
        came.into_inner()
    }
}

#[track_caller]
/// What is known of a file that was not read when it was looked at then, by the code of the reason.
fn unread(recording: &Recording, code: &str, looked_at: i64) -> Seen {
    Seen {
        size: recording.size,
        modified_ms: recording.modified_ms,
        outcome: SeenOutcome::Unreadable(Reason {
            code: code.into(),
            ..Reason::default()
        }),
        looked_at: at(looked_at),
    }
}

fn check(case: Case, expected: &Came) {
    let world = World::new();
    let mut bytes = fit();
    if case.is_cut {
        bytes.truncate(bytes.len() - 30);
    }
    let recording = world.put(&bytes, case.age);
    let mut look = world.look();
    look.manual = case.manual;
    if let Some(ago) = case.noted {
        let seen = unread(&recording, UNFINISHED, NOW - ago);
        look.seen.insert(recording.path.clone(), seen);
    }
    if case.same_plug {
        look.unfinished.push(recording);
    }
    let grow = || {
        if case.grows {
            world.put(&fit(), case.age - 1);
        }
    };
    assert_eq!(world.run(&look, &grow), *expected);
}

#[test]
fn whole_files_are_taken_once_they_are_quiet() {
    let case = Case::default();
    check(Case { age: 10, ..case }, &Came::AtOnce { whole: true });
    check(Case { age: 5, ..case }, &Came::AtOnce { whole: true });
    check(Case { age: 4, ..case }, &Came::Settled { whole: true });
    // A clock that runs ahead on the device delays by one settling, and no more.
    check(
        Case {
            age: -9_000,
            ..case
        },
        &Came::Settled { whole: true },
    );
}

#[test]
fn files_that_grow_between_the_looks_are_left() {
    let grows = Case {
        grows: true,
        age: 3,
        is_cut: true,
        ..Case::default()
    };
    check(grows, &Came::StillWritten);
}

#[test]
fn cut_files_are_damaged_only_when_they_are_abandoned() {
    let cut = Case {
        is_cut: true,
        age: 20,
        ..Case::default()
    };
    check(cut, &Came::StillWritten);
    check(Case { age: 59, ..cut }, &Came::StillWritten);
    check(Case { age: 60, ..cut }, &Came::Settled { whole: false });
    let noted = Case {
        noted: Some(15),
        same_plug: true,
        ..cut
    };
    check(noted, &Came::StillWritten);
    let at_the_next_plug = Case {
        same_plug: false,
        ..noted
    };
    check(at_the_next_plug, &Came::Settled { whole: false });
    // The device's clock is hours ahead: our own note tells how long it has been so.
    let ahead = Case {
        age: -9_000,
        noted: Some(60),
        ..noted
    };
    check(ahead, &Came::Settled { whole: false });
}

#[test]
fn named_files_are_taken_as_they_are() {
    let manual = Case {
        manual: true,
        is_cut: true,
        ..Case::default()
    };
    check(manual, &Came::AtOnce { whole: false });
}

#[test]
fn known_files_are_not_opened_and_changed_ones_are() {
    let world = World::new();
    let recording = world.put(&fit(), 10);
    let mut look = world.look();
    let seen = Seen {
        size: recording.size,
        modified_ms: recording.modified_ms,
        outcome: SeenOutcome::TakenIn([0; 32]),
        looked_at: at(NOW),
    };
    look.seen.insert(recording.path.clone(), seen.clone());
    assert_eq!(world.run(&look, &|| {}), Came::Known);
    let earlier = Seen {
        modified_ms: seen.modified_ms - 1,
        ..seen
    };
    look.seen.insert(recording.path, earlier);
    assert_eq!(world.run(&look, &|| {}), Came::AtOnce { whole: true });
}

/// A disk on its way out fails before it goes, and the same files are sound when it is plugged in again.
#[test]
fn what_the_device_failed_to_read_is_read_again() {
    let world = World::new();
    let recording = world.put(&fit(), 10);
    let path = recording.path.clone();
    let source = std::io::Error::from(std::io::ErrorKind::TimedOut);
    let failed = device::DeviceError::Unreadable { path, source };
    for (code, expected) in [
        (failed.code(), Came::AtOnce { whole: true }),
        ("no_recording", Came::Known),
    ] {
        let seen = unread(&recording, code, NOW);
        let mut look = world.look();
        look.seen.insert(recording.path.clone(), seen);
        assert_eq!(world.run(&look, &|| {}), expected, "{code}");
    }
}

#[test]
fn what_was_set_aside_is_looked_at_again_after_all_others() {
    let world = World::new();
    let recording = world.put(&fit(), 10);
    for name in ["0.fit", "b.fit"] {
        let path = world.folder.path().join("rides").join(name);
        std::fs::copy(path.with_file_name("a.fit"), &path).unwrap();
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(at(NOW - 10).into()).unwrap();
    }
    let mut look = world.look();
    let seen = unread(&recording, SET_ASIDE, NOW - 1);
    look.seen.insert(recording.path, seen);
    let order = RefCell::new(Vec::new());
    run(&look, &|found| {
        if let Found::File {
            recording, taken, ..
        } = found
        {
            order.borrow_mut().push(shown(&recording.path));
            taken.send(()).unwrap();
        }
        true
    });
    assert_eq!(order.into_inner(), ["0.fit", "b.fit", "a.fit"]);
}

#[test]
fn a_listing_that_was_cut_off_is_told_and_its_files_are_taken() {
    let world = World::new();
    world.put(&fit(), 10);
    for (is_cut_off, most_names) in [(false, 2), (true, 1)] {
        std::fs::write(world.folder.path().join("rides/notes.txt"), "").unwrap();
        let mut look = world.look();
        look.most_names = most_names;
        // As if it had been there before: nobody knows whether it is among the rest.
        look.unfinished.push(Recording {
            path: "b.fit".into(),
            size: 1,
            modified_ms: 0,
        });
        let (told, gone, recordings) = (RefCell::new(false), RefCell::new(0), RefCell::new((0, 0)));
        run(&look, &|found| {
            match found {
                Found::Listed {
                    recordings: all, ..
                } => recordings.borrow_mut().0 = all,
                Found::CutOff => *told.borrow_mut() = true,
                Found::Gone { .. } => *gone.borrow_mut() += 1,
                Found::File { taken, .. } => {
                    recordings.borrow_mut().1 += 1;
                    taken.send(()).unwrap();
                }
                _ => {}
            }
            true
        });
        assert_eq!(told.into_inner(), is_cut_off);
        assert_eq!(gone.into_inner(), i32::from(!is_cut_off));
        // Which names come first is the file system's affair.
        let (all, taken) = recordings.into_inner();
        assert!(all == taken && (is_cut_off || all == 1));
    }
}

#[test]
fn what_is_no_recording_is_told_after_the_second_look() {
    let world = World::new();
    world.put(b"not a recording", 10);
    let came = world.run(&world.look(), &|| {});
    assert!(matches!(came, Came::Unreadable(_)), "{came:?}");
}

#[test]
fn a_look_that_is_called_off_takes_nothing() {
    let world = World::new();
    world.put(&fit(), 10);
    let look = world.look();
    look.stop.store(true, Ordering::Relaxed);
    assert_eq!(world.run(&look, &|| {}), Came::Known);
    // Also when nobody answers any more.
    let told = RefCell::new(0);
    look.stop.store(false, Ordering::Relaxed);
    run(&look, &|found| {
        *told.borrow_mut() += 1;
        matches!(found, Found::Listed { .. } | Found::File { .. })
    });
    assert_eq!(*told.borrow(), 3);
}
