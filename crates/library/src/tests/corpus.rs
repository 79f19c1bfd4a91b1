//! Tests: real recordings, read by `track`, kept and found again.

#[path = "../../../../tests/common/skipped.rs"]
mod skipped;

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use skipped::skipped;

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRACKDOCK_CORPUS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found)
        } else {
            found.push(path)
        }
    }
}

#[test]
fn every_readable_recording_is_kept_and_listed() {
    let Some(folder) = corpus() else {
        return skipped(
            "real recordings",
            "no corpus beside this checkout; set TRACKDOCK_CORPUS",
        );
    };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let mut shelf = Shelf::new();
    let account = shelf.account("trek-point");
    let mut kept = 0;
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let Ok(reading) = track::read(&bytes) else {
            continue;
        };
        let file = shelf.staged(&bytes);
        let again = shelf.staged(&bytes);
        let origin = Origin {
            file_name: path.file_name().unwrap().to_string_lossy().into(),
            ..by_hand()
        };
        let outcome = shelf.library.keep(file, &reading, &origin, at(0)).unwrap();
        let Kept::New(ids) = outcome else { continue };
        assert_eq!(
            fs::read(shelf.library.original(ids[0]).unwrap().path).unwrap(),
            bytes
        );
        assert_eq!(
            shelf.library.keep(again, &reading, &origin, at(0)).unwrap(),
            Kept::Known(ids.clone())
        );
        for id in &ids {
            let row = shelf.library.activity(*id).unwrap();
            let track = &reading.tracks[row.part];
            assert_eq!(
                (row.sport, row.points),
                (track.sport, u64::from(track.file_points))
            );
            assert_eq!(
                row.start.map(Timestamp::as_millisecond),
                track.start.map(Timestamp::as_millisecond)
            );
        }
        kept += ids.len() as u64;
    }
    assert!(kept > 0, "nothing in {} could be kept", folder.display());
    let page = shelf
        .library
        .history(&Filter::default(), None, 1_000)
        .unwrap();
    assert_eq!(
        (page.total, page.rows.len() as u64),
        (kept, kept.min(1_000))
    );
    assert!(shelf.library.due_count(account, at(0)).unwrap() > 0);
    assert_eq!(shelf.library.check().unwrap(), []);
}
