//! Tests: the folder on the disk: rights, crashes, full disks, and what a check finds.

use std::fs;
use std::path::Path;

use super::*;

#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("share/trackdock");
    let mut library = Library::open(&folder).unwrap();
    let mut staged = library.stage().unwrap();
    std::io::Write::write_all(&mut staged, b"a").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for entry in fs::read_dir(folder.join("staging")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    let kept = library
        .keep(staged.finish().unwrap(), &fit(0), &by_hand(), at(0))
        .unwrap();
    let Kept::New(ids) = kept else {
        panic!("{kept:?}")
    };
    let original = library.original(ids[0]).unwrap().path;
    for private in [
        &folder,
        &folder.join("originals"),
        &folder.join("staging"),
        original.parent().unwrap(),
    ] {
        assert_eq!(mode(private), 0o700, "{}", private.display());
    }
    for private in [
        "library.db",
        "library.db-wal",
        "library.db-shm",
        "library.lock",
    ] {
        assert_eq!(mode(&folder.join(private)), 0o600, "{private}");
    }
    assert_eq!(mode(&original), 0o600);
}

/// The system has a lock of this process on this file.
#[cfg(target_os = "linux")]
fn is_locked(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let inode = format!(":{}", fs::metadata(path).unwrap().ino());
    let process = std::process::id().to_string();
    let locks = fs::read_to_string("/proc/locks").unwrap();
    // 1: POSIX ADVISORY READ 4711 08:01:1234 0 EOF
    locks.lines().any(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        matches!(words[..], [_, "POSIX", _, _, by, file, ..] if by == process && file.ends_with(&inode))
    })
}

/// Without it another program takes itself for the last to close the database, and removes the log that this one writes to.
#[cfg(target_os = "linux")]
#[test]
fn the_database_stays_locked_while_the_library_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("library.db");
    // The first time it is made, then it is there.
    for _ in 0..2 {
        let library = Library::open(folder.path()).unwrap();
        assert!(is_locked(&database));
        drop(library.reader().unwrap());
        assert!(is_locked(&database));
        drop(library);
        assert!(!is_locked(&database));
    }
}

#[cfg(unix)]
#[test]
fn a_folder_of_other_things_keeps_its_rights() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("letter.txt"), "Dear").unwrap();
    drop(Library::open(folder.path()).unwrap());
    assert_eq!(
        fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777,
        0o755
    );
}

#[test]
fn commits_are_on_the_disk_before_they_are_believed() {
    let shelf = Shelf::new();
    let read = |name: &str| -> String {
        let value = |row: &rusqlite::Row| row.get::<_, rusqlite::types::Value>(0);
        format!(
            "{:?}",
            shelf
                .library
                .reader
                .db
                .pragma_query_value(None, name, value)
                .unwrap()
        )
    };
    for (name, expected) in [
        ("journal_mode", "Text(\"wal\")"),
        ("synchronous", "Integer(2)"),
        ("foreign_keys", "Integer(1)"),
        ("busy_timeout", "Integer(5000)"),
        ("trusted_schema", "Integer(0)"),
    ] {
        assert_eq!(read(name), expected, "{name}");
    }
    let strict = "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
                  AND name NOT LIKE 'sqlite_%'";
    assert_eq!(
        shelf
            .library
            .reader
            .db
            .query_row(strict, [], |row| row.get(0)),
        Ok(0)
    );
}

#[test]
fn there_is_one_writer_and_many_readers() {
    let mut shelf = Shelf::new();
    assert_eq!(
        Library::open(shelf.folder.path()).unwrap_err().code(),
        "in_use"
    );
    let reader = Reader::open(shelf.folder.path()).unwrap();
    let id = shelf.one("a", &fit(0), &by_hand());
    let other_thread = std::thread::spawn(move || reader.activity(id).unwrap().id);
    assert_eq!(other_thread.join().unwrap(), id);
    let reader = shelf.library.reader().unwrap();
    assert!(
        reader.db.execute("DELETE FROM activity", []).is_err(),
        "a reader changes nothing"
    );
    let folder = shelf.folder;
    drop(shelf.library);
    assert_eq!(
        Reader::open(folder.path())
            .unwrap()
            .activity(id)
            .unwrap()
            .id,
        id,
        "also without a writer"
    );
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(Reader::open(empty.path()).unwrap_err().code(), "no_library");
}

/// The engine has a thread of its own, and copying threads beside it.
#[test]
fn all_parts_can_be_sent_to_another_thread() {
    fn check<T: Send>() {}
    check::<Library>();
    check::<Reader>();
    check::<Staging>();
    check::<Staged>();
    check::<StagedFile>();
}

#[test]
fn words_from_the_future_are_told_not_guessed() {
    let mut shelf = Shelf::new();
    let id = shelf.one("a", &fit(0), &by_hand());
    let db = &shelf.library.reader.db;
    db.pragma_update(None, "ignore_check_constraints", true)
        .unwrap();
    db.execute("UPDATE original SET format = 'kml'", [])
        .unwrap();
    let error = shelf.library.activity(id).unwrap_err();
    assert_eq!(error.code(), "damaged_library");
    assert!(error.to_string().contains("kml"), "{error}");
}

#[test]
fn a_crash_at_any_step_of_keep_loses_nothing() {
    let mut shelf = Shelf::new();
    // While copying: what is half copied goes at the next start.
    fs::write(shelf.folder.path().join("staging/7.part"), "half").unwrap();
    shelf = shelf.reopened();
    assert_eq!(
        fs::read_dir(shelf.folder.path().join("staging"))
            .unwrap()
            .count(),
        0
    );

    // After the rename, before the row: the file is found as a stray, and taken over when its bytes come again.
    let file = shelf.staged(b"a");
    let name = crate::originals::name(&fit(0), &file, 12);
    crate::originals::place(&crate::disk::Plain, shelf.folder.path(), file, &name).unwrap();
    shelf = shelf.reopened();
    let stray = crate::originals::path(shelf.folder.path(), &name);
    assert_eq!(
        shelf.library.check().unwrap(),
        [Finding::Stray {
            path: stray.clone()
        }]
    );
    let id = shelf.one("a", &fit(0), &from_device());
    assert_eq!(shelf.library.original(id).unwrap().path, stray);
    assert_eq!(shelf.library.check().unwrap(), []);

    // A stray that a power cut left damaged is not taken for the file, and not destroyed either.
    let file = shelf.staged(b"b");
    let name = crate::originals::name(&fit(DAY_S), &file, 12);
    let damaged = crate::originals::path(shelf.folder.path(), &name);
    fs::write(&damaged, "").unwrap();
    let Kept::New(ids) = shelf
        .library
        .keep(file, &fit(DAY_S), &by_hand(), at(0))
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(
        fs::read(shelf.library.original(ids[0]).unwrap().path).unwrap(),
        b"b"
    );
    assert_eq!(
        shelf.library.check().unwrap(),
        [Finding::Stray { path: damaged }]
    );
}

#[test]
fn a_crash_in_a_deletion_is_made_good() {
    let mut shelf = Shelf::new();
    let id = shelf.one("a", &fit(0), &by_hand());
    let path = shelf.library.original(id).unwrap().path;
    shelf.library.delete_activity(id, at(0)).unwrap();
    // As if the power had gone between the commit and the removal.
    fs::write(&path, "a").unwrap();
    let name = format!("2023/{}", path.file_name().unwrap().to_str().unwrap());
    shelf
        .library
        .reader
        .db
        .execute("INSERT INTO removal (path) VALUES (?1)", [name])
        .unwrap();
    let mut shelf = shelf.reopened();
    assert!(!path.exists());
    assert_eq!(shelf.keep("a", &fit(0), &from_device()), Kept::Deleted);
}

/// As when the database is lost, and a newer version reads the file as another sport or another day.
#[test]
fn an_original_without_a_row_keeps_its_name_however_it_is_read() {
    for undated in [false, true] {
        let mut shelf = Shelf::new();
        let mut first = fit(0);
        if undated {
            first.tracks[0].start = None;
        }
        let id = shelf.one("a", &first, &by_hand());
        let path = shelf.library.original(id).unwrap().path;
        let origin = Origin {
            file_name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            ..by_hand()
        };
        let away = shelf.folder.path().join("away");
        fs::rename(shelf.folder.path().join("originals"), &away).unwrap();
        let mut anew = Shelf::new();
        let there = anew.folder.path().join("originals");
        fs::rename(&away, &there).unwrap();
        // Called so, but of other bytes.
        let other = anew.one("b", &fit(9 * DAY_S), &origin);
        let id = anew.one("a", &fit(400 * DAY_S), &origin);
        let kept = anew.library.original(id).unwrap().path;
        assert_eq!(kept.file_name(), path.file_name());
        assert_ne!(anew.library.original(other).unwrap().path, kept);
        assert_eq!(fs::read(&kept).unwrap(), b"a");
        assert_eq!(anew.library.check().unwrap(), []);
    }
}

/// What is named by a file is no path, and no other file's name.
#[test]
fn only_a_name_of_ours_is_kept() {
    let sha256 = [0xab; 32];
    let own = |name: &str| crate::originals::own_name(name, &sha256);
    let day = "2026-11-20T06-30-00Z-trail_running-abababababab.fit";
    assert_eq!(own(day), Some(format!("2026/{day}")));
    let undated = "undated-other-abababababab.tcx.gz";
    assert_eq!(own(undated), Some(format!("undated/{undated}")));
    for name in [
        "",
        "a.fit",
        "abababababab.fit",
        "2026-x-ababababab.fit",
        "2026-x-abababababac.fit",
        "2026-x-abababababab",
        "2026-x-abababababab.",
        "2026-../x-abababababab.fit",
        "../x-abababababab.fit",
        "..-x-abababababab.fit",
        "-xyz-abababababab.fit",
        "é26-x-abababababab.fit",
    ] {
        assert_eq!(own(name), None, "{name}");
    }
}

#[test]
fn a_check_finds_what_is_wrong() {
    let mut shelf = Shelf::new();
    let ids: Vec<_> = (0..5)
        .map(|day| shelf.one(&format!("{day}"), &fit(day * DAY_S), &by_hand()))
        .collect();
    let paths: Vec<_> = ids
        .iter()
        .map(|id| shelf.library.original(*id).unwrap().path)
        .collect();
    fs::write(&paths[0], "x").unwrap();
    fs::write(&paths[1], "longer").unwrap();
    fs::remove_file(&paths[2]).unwrap();
    fs::remove_file(&paths[3]).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&paths[4], &paths[3]).unwrap();
    let stray = shelf.folder.path().join("originals/note.txt");
    fs::write(&stray, "x").unwrap();
    let mut codes: Vec<_> = shelf
        .library
        .check()
        .unwrap()
        .iter()
        .map(Finding::code)
        .collect();
    codes.sort_unstable();
    // A link is no original, even one to a file of the library.
    let third = if cfg!(unix) {
        "original_changed"
    } else {
        "original_missing"
    };
    let expected = [
        "original_changed",
        "original_changed",
        third,
        "original_missing",
        "stray_file",
    ];
    assert_eq!(codes, expected);

    // The same bytes again put back one that is missing, or was changed, though its size be the same.
    for (day, id) in (0..4).zip(&ids) {
        assert_eq!(
            shelf.keep(&day.to_string(), &fit(day * DAY_S), &from_device()),
            Kept::Known(vec![*id])
        );
    }
    let codes = shelf.library.check().unwrap();
    let codes: Vec<_> = codes.iter().map(Finding::code).collect();
    assert_eq!(codes, ["stray_file"]);
}

#[test]
fn a_full_disk_is_told_as_such_and_leaves_the_old_state() {
    let mut shelf = Shelf::new();
    shelf.one("a", &fit(0), &by_hand());
    let pages: i64 = shelf
        .library
        .reader
        .db
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    let limit = |shelf: &Shelf, pages: i64| {
        let db = &shelf.library.reader.db;
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    };
    limit(&shelf, pages);
    let full = (1..500).find_map(|day| {
        let file = shelf.staged(format!("{day}").as_bytes());
        let before = shelf.library.counts().unwrap().activities;
        let error = shelf
            .library
            .keep(file, &fit(day * DAY_S), &by_hand(), at(0))
            .err()?;
        assert_eq!(shelf.library.counts().unwrap().activities, before);
        Some((day, error))
    });
    let (day, error) = full.unwrap();
    assert_eq!(error.code(), "disk_full");
    let codes: Vec<_> = shelf
        .library
        .check()
        .unwrap()
        .iter()
        .map(Finding::code)
        .collect();
    assert_eq!(
        codes,
        ["stray_file"],
        "the bytes are safe, and no row says more than is there"
    );
    limit(&shelf, 1_000_000);
    shelf.one(&format!("{day}"), &fit(day * DAY_S), &by_hand());
    assert_eq!(shelf.library.check().unwrap(), []);
}

#[test]
fn errors_of_the_system_are_told_apart() {
    use std::io::{Error as Io, ErrorKind};
    let check = |kind, expected: &str| {
        let error = Error::file(Path::new("x"), "written", Io::from(kind));
        assert_eq!(error.code(), expected);
        assert!(
            error.to_string().ends_with('.') && !error.hint().is_empty(),
            "{error}"
        );
    };
    check(ErrorKind::StorageFull, "disk_full");
    check(ErrorKind::QuotaExceeded, "disk_full");
    check(ErrorKind::PermissionDenied, "library_file");
    check(ErrorKind::ReadOnlyFilesystem, "library_file");
    let not_a_database = tempfile::tempdir().unwrap();
    fs::write(
        not_a_database.path().join("library.db"),
        "This is no database, but it is long enough.".repeat(50),
    )
    .unwrap();
    assert_eq!(
        Library::open(not_a_database.path()).unwrap_err().code(),
        "damaged_library"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_while_copying_is_told_as_such() {
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let error = std::io::Write::write_all(&mut &full, b"a").unwrap_err();
    let shelf = Shelf::new();
    let staged = shelf.library.stage().unwrap();
    assert_eq!(staged.error(error).code(), "disk_full");
}
