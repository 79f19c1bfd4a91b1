//! A library as the released version 1 left it, and what must be in it on the way to the version of today.

use std::path::Path;

use rusqlite::Connection;

use super::{Said, again, clean_in, kept_once_in, said, told};
use crate::common::{Home, fit};
use crate::tracer::Traced;

/// As the library's own tests open it.
const VERSION_1: &str = include_str!("../../../library/src/tests/version_1.sql");
/// Two more uploads, of unknown outcome: the steps to today change one of them. Its original is one that can be there.
const MORE: &str = "PRAGMA journal_mode = WAL;
    INSERT INTO account (service, remote_id, label, scopes, signed_in_at, state)
        VALUES ('trek-point', '43', 'bob', 'read write', 1700000000000, 'signed_out');
    INSERT INTO upload (activity_id, account_id, state, reason_code, reason, due_at, attempts, perhaps_arrived, order_ms, changed_at)
        VALUES (2, 2, 'unsure', 'undecided', 'Is it there?', 1700000000000, 1, 1, -4611686018427387904, 1700000000000),
               (1, 3, 'unsure', 'interrupted', 'Cut short.', 1700000000000, 1, 1, 1700000000000, 1700000000000);
    UPDATE original SET sha256 = x'2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    UPDATE seen SET sha256 = (SELECT sha256 FROM original);";
/// Where its original lies, and what is in it.
const ORIGINAL: (&str, &str) = (
    "originals/2023/2023-11-14T22-13-20Z-cycling-0123456789ab.fit",
    "hello",
);

/// The number, state and reason of its uploads.
const UPLOADS: [(i64, &str, &str); 5] = [
    (1, "sent", ""),
    (2, "sending", ""),
    (3, "held", "twin"),
    (4, "unsure", "undecided"),
    (5, "unsure", "interrupted"),
];
/// The one that was being sent, when the program has been started: it may have arrived.
const RECOVERED: (i64, &str, &str) = (2, "unsure", "interrupted");
/// What a person was asked about has been looked for; the others have not.
const LOOKED_FOR: i64 = 4;

/// Its rows, but for those of what is taken in now.
const ROWS: [(&str, i64); 8] = [
    ("device", 1),
    ("seen", 1),
    ("original WHERE id = 1", 1),
    ("activity WHERE id <= 2", 2),
    ("account", 3),
    ("story WHERE id <= 2 AND upload_id = 1", 2),
    ("tombstone", 1),
    ("gone", 1),
];

/// Taking in with a library of version 1.
pub(super) fn import(home: &Home, n: u32) -> Said {
    let data = home.beside_data(n);
    let (path, content) = ORIGINAL;
    let original = data.join(path);
    std::fs::create_dir_all(original.parent().unwrap()).unwrap();
    std::fs::write(original, content).unwrap();
    let db = database(&data, "library.db");
    db.execute_batch(VERSION_1).unwrap();
    db.execute_batch(MORE).unwrap();
    let file = home.path(&format!("{n}.fit"));
    std::fs::write(&file, fit(n)).unwrap();
    Said {
        data,
        ..said(home, &["import", file.to_str().unwrap()])
    }
}

#[track_caller]
pub(super) fn check(home: &Home, n: u32, command: &Said, harmed: &Traced) {
    // One that this version made.
    let newest = version(&database(&home.data(), "library.db"));
    let is_done = |data: &Path| {
        kept_once_in(home, data, n);
        assert!(is_whole(data, newest, harmed), "{harmed:?}");
        let uploads = uploads(&database(data, "library.db"));
        assert!(
            uploads.contains(&owned(&RECOVERED)),
            "{uploads:?} {harmed:?}"
        );
        clean_in(home, data, harmed);
    };
    told::is_so(home, &command.data, n, harmed, is_done);
    told::at_a_copy(&command.data, |copy| {
        is_whole(copy, newest, harmed);
    });
    again(home, command, harmed);
    is_done(&command.data);
    std::fs::remove_dir_all(&command.data).unwrap();
}

/// All rows are there, in a library of version 1 or in one of today with a copy of the other beside it; whether it is of today.
#[track_caller]
fn is_whole(data: &Path, newest: i64, harmed: &Traced) -> bool {
    let db = database(data, "library.db");
    let now = version(&db);
    has_rows(&db, harmed);
    if now == 1 {
        return false;
    }
    assert_eq!(now, newest, "{harmed:?}");
    let mut select = db
        .prepare("SELECT looks FROM upload WHERE id = ?1")
        .unwrap();
    for (id, ..) in UPLOADS {
        let looks: i64 = select.query_row([id], |row| row.get(0)).unwrap();
        assert_eq!(looks, i64::from(id == LOOKED_FOR), "{id}: {harmed:?}");
    }
    let copy = format!("library.db.before-{newest}");
    assert!(data.join(&copy).exists(), "no {copy}: {harmed:?}");
    let copy = database(data, &copy);
    assert_eq!(version(&copy), 1, "{harmed:?}");
    has_rows(&copy, harmed);
    let before = uploads(&copy);
    assert_eq!(before, UPLOADS.each_ref().map(owned), "{harmed:?}");
    true
}

#[track_caller]
fn has_rows(db: &Connection, harmed: &Traced) {
    for (rows, all) in ROWS {
        let select = format!("SELECT count(*) FROM {rows}");
        let found: i64 = db.query_row(&select, [], |row| row.get(0)).unwrap();
        assert_eq!(found, all, "{rows}: {harmed:?}");
    }
    let found = uploads(db);
    let fits = |(found, known): (&Upload, &(i64, &str, &str))| {
        *found == owned(known) || known.0 == RECOVERED.0 && *found == owned(&RECOVERED)
    };
    let are_known = found.len() == UPLOADS.len() && found.iter().zip(&UPLOADS).all(fits);
    assert!(are_known, "{found:?} {harmed:?}");
}

type Upload = (i64, String, String);

fn owned((id, state, reason): &(i64, &str, &str)) -> Upload {
    (*id, (*state).to_owned(), (*reason).to_owned())
}

fn uploads(db: &Connection) -> Vec<Upload> {
    let mut select = db
        .prepare("SELECT id, state, reason_code FROM upload WHERE activity_id <= 2 ORDER BY id")
        .unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn database(data: &Path, file: &str) -> Connection {
    Connection::open(data.join(file)).unwrap()
}

fn version(db: &Connection) -> i64 {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}
