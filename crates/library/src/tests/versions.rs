//! Tests: databases of other versions, older and newer.

use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::M;
use sha2::{Digest, Sha256};

use super::*;

const VERSION_1: &str = include_str!("version_1.sql");

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("library.db")).unwrap()
}

fn version(db: &Connection) -> i64 {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

#[cfg(unix)]
#[test]
fn a_newer_database_is_left_alone() {
    let shelf = Shelf::new();
    let folder = shelf.folder;
    drop(shelf.library);
    database(folder.path())
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = Library::open(folder.path()).unwrap_err();
    assert_eq!(
        (error.code(), version(&database(folder.path()))),
        ("newer_library", 99)
    );
    assert!(!error.hint().is_empty());
    assert_eq!(
        Reader::open(folder.path()).unwrap_err().code(),
        "newer_library"
    );
    database(folder.path())
        .pragma_update(None, "user_version", 0)
        .unwrap();
    assert_eq!(
        Reader::open(folder.path()).unwrap_err().code(),
        "older_library"
    );
}

#[test]
fn the_released_version_1_opens() {
    let folder = tempfile::tempdir().unwrap();
    database(folder.path()).execute_batch(VERSION_1).unwrap();
    let mut library = Library::open(folder.path()).unwrap();
    let page = library.history(&Filter::default(), None, 10).unwrap();
    assert_eq!((page.total, page.rows.len()), (2, 2));
    let row = &page.rows[0].activity;
    assert_eq!(
        (row.name.as_deref(), row.start, row.utc_offset_s),
        (Some("Evening"), Some(at(0)), Some(3_600))
    );
    assert_eq!(
        (row.device.as_deref(), row.outline.len(), row.sport),
        (Some("garmin:7"), 4, Sport::Cycling)
    );
    assert_eq!(page.rows[1].activity.twin_of, Some(row.id));
    let states: Vec<_> = page.rows[0]
        .uploads
        .iter()
        .map(|upload| upload.state)
        .collect();
    assert_eq!(states, [State::Sent, State::Sending]);
    assert_eq!(library.story(page.rows[0].uploads[0].id).unwrap().len(), 2);
    assert_eq!(library.counts().unwrap().uploads.get(State::Held), 1);
    assert_eq!(
        library.device("garmin:7").unwrap().unwrap().reach(),
        Reach::Since(None)
    );
    assert!(
        library
            .seen("garmin:7", Path::new("GARMIN/Activity/A.FIT"))
            .unwrap()
            .is_some()
    );
    assert_eq!(
        (library.revision().unwrap(), library.recover(at(0)).unwrap()),
        (5, 1)
    );
}

#[test]
fn a_library_of_version_2_opens() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(folder.path());
    db.execute_batch(VERSION_1).unwrap();
    db.execute_batch(include_str!("../../migrations/002_looks.sql"))
        .unwrap();
    db.execute_batch(
        "UPDATE upload SET looks = 2 WHERE id = 1;
         UPDATE account SET state = 'paused', until_ms = 1700000000000 WHERE id = 1;
         PRAGMA user_version = 2;",
    )
    .unwrap();
    drop(db);
    let library = Library::open(folder.path()).unwrap();
    let upload = library.upload(UploadId(1)).unwrap();
    let since = (upload.looks, upload.unready_since, upload.released);
    assert_eq!(since, (2, None, false));
    assert_eq!(library.accounts().unwrap()[0].state.pauses(), 0);
    let copy = Connection::open(
        folder
            .path()
            .join(format!("library.db.before-{}", crate::migrate::STEPS.len())),
    );
    assert_eq!(version(&copy.unwrap()), 2);
}

/// An edited step would make old and new libraries differ.
#[test]
fn released_texts_are_unchanged() {
    let released = [
        (
            include_str!("../../migrations/001_library.sql"),
            "fcc7f25a834cffee025b5693c543109f7862090a9bfe4f5430616720a47bae42",
        ),
        (
            include_str!("../../migrations/002_looks.sql"),
            "a4a6caf975f42961e5a362d7a068fed3663999119c3403cb3d7225c51e1c83fd",
        ),
    ];
    for (text, expected) in released {
        let hash: [u8; 32] = Sha256::digest(text).into();
        assert_eq!(crate::originals::hex(&hash), expected);
    }
}

/// And what the text of the first came to.
#[test]
fn released_steps_are_unchanged() {
    let schema = |db: &Connection| -> Vec<String> {
        let mut select = db
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
            .unwrap();
        select
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let released = Connection::open_in_memory().unwrap();
    released.execute_batch(VERSION_1).unwrap();
    let mut today = Connection::open_in_memory().unwrap();
    crate::migrate::migrate(
        &crate::disk::Plain,
        &mut today,
        Path::new("library.db"),
        &crate::migrate::STEPS[..1],
    )
    .unwrap();
    assert_eq!(schema(&released), schema(&today));
    rusqlite_migration::Migrations::from_slice(crate::migrate::STEPS)
        .validate()
        .unwrap();
}

#[test]
fn a_migration_is_whole_or_not_at_all_and_leaves_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("library.db");
    let mut db = database(folder.path());
    db.execute_batch(VERSION_1).unwrap();
    let one = crate::migrate::STEPS[0].clone();
    let add = M::up("ALTER TABLE activity ADD COLUMN mood TEXT NOT NULL DEFAULT '';");
    let wrong = [one.clone(), add.clone(), M::up("This is no SQL;")];
    assert!(crate::migrate::migrate(&crate::disk::Plain, &mut db, &file, &wrong).is_err());
    assert_eq!(version(&db), 1);
    assert!(
        db.prepare("SELECT mood FROM activity").is_err(),
        "the good step was taken back too"
    );

    crate::migrate::migrate(&crate::disk::Plain, &mut db, &file, &[one, add]).unwrap();
    assert_eq!(version(&db), 2);
    db.prepare("SELECT mood FROM activity").unwrap();
    let copy = Connection::open(folder.path().join("library.db.before-2")).unwrap();
    assert_eq!(version(&copy), 1);
    let activities: i64 = copy
        .query_row("SELECT count(*) FROM activity", [], |row| row.get(0))
        .unwrap();
    assert_eq!(activities, 2);
    assert!(!folder.path().join("library.db.copying").exists());
}

/// A disk that has no room for the rest once a copy is to last, or to get its name.
#[derive(Debug)]
struct FullAtTheEnd {
    renames: bool,
}

impl Disk for FullAtTheEnd {
    fn before(&self, act: Act<'_>) -> std::io::Result<()> {
        match (act, self.renames) {
            (Act::Sync(_), false) | (Act::Rename { .. }, true) => {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn a_copy_that_fails_leaves_nothing_on_the_full_disk() {
    for renames in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("library.db");
        let mut db = database(folder.path());
        db.execute_batch(VERSION_1).unwrap();
        let full = FullAtTheEnd { renames };
        let error = crate::migrate::migrate(&full, &mut db, &file, crate::migrate::STEPS);
        assert_eq!(error.unwrap_err().code(), "disk_full");
        assert_eq!(version(&db), 1);
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["library.db"]);
    }
}

#[test]
fn what_a_person_was_asked_about_in_version_1_is_not_sent_again_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(folder.path());
    db.execute_batch(VERSION_1).unwrap();
    db.execute_batch(
        "UPDATE upload SET state = 'unsure', reason_code = 'undecided', due_at = 1700000000000 WHERE id = 1;
         UPDATE upload SET state = 'unsure', reason_code = 'interrupted', due_at = 1700000000000 WHERE id = 2;",
    )
    .unwrap();
    drop(db);
    let library = Library::open(folder.path()).unwrap();
    let looks = |id| library.upload(UploadId(id)).unwrap().looks;
    assert_eq!((looks(1), looks(2), looks(3)), (1, 0, 0));
}
