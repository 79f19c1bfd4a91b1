//! A database on a played disk: what SQLite promises must hold there, and what it doesn't must not.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::Path;
use std::sync::Arc;

use library::{Act, Disk as _};
use played_disk::{PlayedDisk, Trouble};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

const SEEDS: u64 = 200;

struct Place {
    folder: TempDir,
    disk: Arc<PlayedDisk>,
}

impl Place {
    fn new(seed: u64) -> Place {
        let folder = tempfile::tempdir().unwrap();
        for name in ["data", "aside"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let at = |name| folder.path().join(name);
        let disk = PlayedDisk::new(&at("data"), &at("aside"), seed);
        let place = Place { folder, disk };
        let db = place.open("FULL");
        db.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("data").join(name)
    }

    fn open(&self, synchronous: &str) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let vfs = self.disk.vfs().unwrap();
        let db = Connection::open_with_flags_and_vfs(self.path("a.db"), flags, vfs).unwrap();
        db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .unwrap();
        db.pragma_update(None, "synchronous", synchronous).unwrap();
        db
    }

    /// The power goes, and comes back.
    fn cut(&self, db: Connection) {
        self.disk.switch_off();
        drop(db);
        self.disk.lose();
        self.disk.switch_on();
    }
}

fn rows(db: &Connection) -> i64 {
    let sound: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .unwrap()
}

fn insert(db: &Connection) -> rusqlite::Result<usize> {
    // Long enough for several pages.
    let fill = "INSERT INTO t SELECT value FROM json_each('[' || replace(printf('%400c', ' '), ' ', '1,') || '1]')";
    db.execute(fill, [])
}

#[test]
fn what_was_committed_is_there_after_the_power_went() {
    for seed in 0..SEEDS {
        let place = Place::new(seed);
        let db = place.open("FULL");
        let count = i64::try_from(seed % 7).unwrap();
        for _ in 0..count {
            insert(&db).unwrap();
        }
        if seed % 3 == 0 {
            db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        }
        place
            .disk
            .go_off_in(Some(1 + u32::try_from(seed % 11).unwrap()));
        let last = i64::from(insert(&db).is_ok());
        place.cut(db);
        let found = rows(&place.open("FULL")) / 401;
        assert!(
            (count + last..=count + 1).contains(&found),
            "seed {seed}: {found} of {count}"
        );
    }
}

#[test]
fn what_is_not_synced_is_lost_in_some_worlds_and_half_lost_in_none() {
    let mut lost = 0;
    for seed in 0..SEEDS {
        let place = Place::new(seed);
        let db = place.open("NORMAL");
        for _ in 0..3 {
            insert(&db).unwrap();
        }
        place.cut(db);
        let found = rows(&place.open("FULL"));
        assert_eq!(found % 401, 0);
        lost += i64::from(found < 3 * 401);
    }
    assert!(lost > 20, "{lost}");
}

#[test]
fn a_full_disk_is_told_and_over() {
    let mut told = 0;
    for seed in 0..SEEDS {
        let place = Place::new(seed);
        let db = place.open("FULL");
        let trouble = [Trouble::Full, Trouble::Broken][usize::try_from(seed % 2).unwrap()];
        place.disk.trouble(Some((trouble, 40)));
        let mut count = 0;
        for _ in 0..6 {
            count += i64::from(insert(&db).is_ok());
        }
        told += 6 - count;
        place.disk.trouble(None);
        insert(&db).unwrap();
        assert_eq!(rows(&db), (count + 1) * 401, "seed {seed}");
    }
    assert!(told > 200, "{told}");
}

#[test]
fn names_that_are_not_synced_may_go_and_come_back() {
    let (mut gone, mut back) = (0, 0);
    for seed in 0..SEEDS {
        let place = Place::new(seed);
        let ask = |act: Act<'_>| place.disk.before(act).unwrap();
        let write = |path: &Path| {
            ask(Act::Create(path));
            std::fs::write(path, b"").unwrap();
            ask(Act::Append(path, 4));
            std::fs::write(path, b"text").unwrap();
            ask(Act::Sync(path));
        };
        let [old, new, last] = ["old", "new", "last"].map(|name| place.path(name));
        write(&old);
        write(&last);
        ask(Act::SyncNames(old.parent().unwrap()));
        write(&new);
        ask(Act::Remove(&old));
        std::fs::remove_file(&old).unwrap();
        place.disk.lose();
        assert_eq!(std::fs::read(&last).unwrap(), b"text", "seed {seed}");
        gone += u32::from(!new.exists());
        back += u32::from(std::fs::read(&old).is_ok_and(|text| text == b"text"));
        // In one folder the later does not last without the earlier.
        assert!(new.exists() || old.exists(), "seed {seed}");
    }
    assert!(gone > 20 && back > gone, "{gone} {back}");
}

/// After a sync that failed the next one says that all is well, and only what is written anew lasts.
#[test]
fn what_a_sync_failed_for_lasts_only_when_it_is_written_again() {
    let mut lost = [0; 2];
    for seed in 0..SEEDS {
        let place = Place::new(seed);
        let ask = |act: Act<'_>| place.disk.before(act);
        let path = place.path("file");
        let rewrites = seed % 2 == 1;
        ask(Act::Create(&path)).unwrap();
        std::fs::write(&path, b"").unwrap();
        ask(Act::SyncNames(path.parent().unwrap())).unwrap();
        for (text, works) in [("kept ", true), ("perhaps", false)] {
            ask(Act::Append(&path, text.len())).unwrap();
            let before = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, before + text).unwrap();
            place
                .disk
                .trouble((!works).then_some((Trouble::Broken, 100)));
            assert_eq!(ask(Act::Sync(&path)).is_ok(), works);
        }
        place.disk.trouble(None);
        if rewrites {
            ask(Act::Rewrite(&path)).unwrap();
        }
        ask(Act::Sync(&path)).unwrap();
        place.disk.lose();
        let left = std::fs::read_to_string(&path).unwrap();
        if left != "kept perhaps" {
            assert_eq!(left, "kept \0\0\0\0\0\0\0", "seed {seed}");
            lost[usize::from(rewrites)] += 1;
        }
    }
    assert!(lost[0] > 20 && lost[1] == 0, "{lost:?}");
}
