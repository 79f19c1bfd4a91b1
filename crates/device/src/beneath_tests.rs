//! The access to devices for any system against that of Linux: on a disk of links, pipes and circles both answer the same.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::beneath as linux;

#[path = "beneath_portable.rs"]
mod portable;

/// What one of them answers to a path, as text.
macro_rules! answers {
    ($system:ident, $root:expr, $path:expr) => {{
        let (root, path): (&Path, &Path) = ($root, $path);
        let beneath = $system::Beneath::open(root).unwrap();
        let file = beneath.file(path).map(|mut file| {
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            let facts = $system::facts_of(&file).unwrap();
            (text, facts.size, facts.modified_ms)
        });
        let file = file.map_err(|error| $system::leads_astray(&error));
        let folder = beneath.folder(path).map(|folder| {
            let mut entries: Vec<String> = folder
                .entries(100)
                .unwrap()
                .into_iter()
                .map(|entry| {
                    let facts = folder.facts(&entry.name).unwrap();
                    let facts = facts.map(|facts| (facts.size, facts.modified_ms));
                    format!("{:?} {:?} {facts:?}", entry.name, entry.node)
                })
                .collect();
            entries.sort();
            entries
        });
        let folder = folder.map_err(|error| $system::leads_astray(&error));
        format!("file {file:?}, folder {folder:?}")
    }};
}

/// A root with what a hostile device may hold, and a secret beside it.
fn disk() -> tempfile::TempDir {
    let outer = tempfile::tempdir().unwrap();
    let (root, secret) = (outer.path().join("root"), outer.path().join("secret"));
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "SECRET").unwrap();
    fs::write(root.join("ride.fit"), "ride").unwrap();
    fs::write(root.join("a/b/deep.fit"), "deep").unwrap();
    symlink("ride.fit", root.join("to-a-file")).unwrap();
    symlink("a", root.join("to-a-folder")).unwrap();
    symlink(secret.join("key"), root.join("to-the-secret")).unwrap();
    symlink(&secret, root.join("a/outside")).unwrap();
    symlink("../../secret", root.join("a/upwards")).unwrap();
    symlink("round", root.join("round")).unwrap();
    symlink("nowhere", root.join("broken")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    outer
}

#[test]
fn any_system_answers_as_linux_does() {
    let outer = disk();
    let root = outer.path().join("root");
    let absolute = outer.path().join("secret/key");
    let paths = [
        ".",
        "./ride.fit",
        "ride.fit",
        "ride.fit/x",
        "a",
        "a/b",
        "a/b/deep.fit",
        "a/nothing",
        "to-a-file",
        "to-a-folder",
        "to-a-folder/b/deep.fit",
        "to-the-secret",
        "a/outside",
        "a/outside/key",
        "a/upwards/key",
        "round",
        "round/x",
        "broken",
        "pipe",
        "..",
        "../secret/key",
        "a/../../secret/key",
        absolute.to_str().unwrap(),
    ];
    let mut opened = 0;
    for path in paths.map(Path::new) {
        let (one, other) = (
            answers!(linux, &root, path),
            answers!(portable, &root, path),
        );
        assert_eq!(other, one, "{}", path.display());
        assert!(!other.contains("SECRET"), "{}", path.display());
        opened += u32::from(other.contains("Ok("));
    }
    // What is really there is opened, so that the rest says something.
    assert_eq!(opened, 6);
    // Linux follows a way back that stays on the device; names that were listed have none.
    let back = portable::Beneath::open(&root)
        .unwrap()
        .file(Path::new("a/../ride.fit"));
    assert!(portable::leads_astray(&back.unwrap_err()));
}

#[test]
fn a_root_that_is_no_folder_is_refused() {
    let outer = disk();
    for root in ["root/ride.fit", "root/nothing"] {
        let root = outer.path().join(root);
        assert!(portable::Beneath::open(&root).is_err());
        assert!(linux::Beneath::open(&root).is_err());
    }
    // The system's path to it may lead over a link.
    let over = outer.path().join("over");
    symlink(outer.path().join("root"), &over).unwrap();
    let path = Path::new("ride.fit");
    assert_eq!(
        answers!(portable, &over, path),
        answers!(linux, &over, path)
    );
}
