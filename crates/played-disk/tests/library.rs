//! A library on a played disk: what a start believes must last.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::Path;
use std::sync::Arc;

use library::{IfOther, Library, SignIn};
use played_disk::{PlayedDisk, Trouble};

const SEEDS: u64 = 100;

fn sign_in(library: &mut Library) -> Result<(), library::Error> {
    let who = SignIn {
        service: "trek-point".into(),
        remote_id: None,
        tells_who: false,
        label: "ann".into(),
        scopes: Vec::new(),
    };
    let now = "2026-05-01T10:00:00Z".parse().unwrap();
    library.sign_in_account(&who, IfOther::Ask, now).map(drop)
}

fn open(folder: &Path, disk: &Arc<PlayedDisk>) -> Library {
    Library::open_on(folder, Arc::clone(disk) as _).unwrap()
}

fn new(seed: u64) -> (tempfile::TempDir, Arc<PlayedDisk>) {
    let folder = tempfile::tempdir().unwrap();
    let [data, aside] = ["data", "aside"].map(|name| folder.path().join(name));
    for made in [&data, &aside] {
        std::fs::create_dir(made).unwrap();
    }
    let disk = PlayedDisk::new(&data, &aside, seed);
    (folder, disk)
}

/// The power goes, and comes back.
fn cut(library: Library, disk: &PlayedDisk) {
    disk.switch_off();
    drop(library);
    disk.lose();
    disk.switch_on();
}

/// The first start meets a disk that fails from some act on, for once or until the run is killed; a later one finds it well.
#[test]
fn what_is_written_after_a_first_start_that_failed_lasts() {
    let mut failed = 0;
    for seed in 0..SEEDS {
        let (folder, disk) = new(seed);
        let data = folder.path().join("data");
        let share = [100, 30][usize::try_from(seed % 2).unwrap()];
        disk.trouble_in(u32::try_from(seed / 2).unwrap(), (Trouble::Broken, share));
        let first = Library::open_on(&data, Arc::clone(&disk) as _);
        failed += u32::from(first.is_err());
        if seed % 3 == 0 {
            disk.switch_off();
        }
        drop(first);
        disk.trouble(None);
        disk.switch_on();
        let mut library = open(&data, &disk);
        sign_in(&mut library).unwrap();
        let told = library.revision().unwrap();
        cut(library, &disk);
        let library = open(&data, &disk);
        assert_eq!(library.revision().unwrap(), told, "seed {seed}");
        assert_eq!(library.accounts().unwrap().len(), 1, "seed {seed}");
    }
    assert!(failed > 20, "{failed}");
}

/// The commit of a run fails as it is synced, and the run is killed: the system still has what was written of it, and the next start
/// reads that. A power cut after it must not take it away again.
#[test]
fn what_a_killed_run_left_in_the_log_lasts_once_it_was_believed() {
    let mut believed_what_had_failed = 0;
    for seed in 0..SEEDS {
        let (folder, disk) = new(seed);
        let data = folder.path().join("data");
        let mut library = open(&data, &disk);
        let before = library.revision().unwrap();
        disk.trouble_in(u32::try_from(seed % 20).unwrap(), (Trouble::Broken, 100));
        let has_failed = sign_in(&mut library).is_err();
        disk.switch_off();
        drop(library);
        disk.trouble(None);
        disk.switch_on();

        let library = open(&data, &disk);
        let believed = library.revision().unwrap();
        believed_what_had_failed += u32::from(has_failed && believed > before);
        cut(library, &disk);

        let after = open(&data, &disk).revision().unwrap();
        assert_eq!(after, believed, "seed {seed}");
    }
    assert!(believed_what_had_failed > 0);
}
