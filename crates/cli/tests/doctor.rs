//! What the doctor says of damage and of secrets: what is wrong, what to do, and where sign-ins lie.
#![allow(
    clippy::unwrap_used,
    reason = "a test whose world cannot be set up has failed"
)]

mod common;

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use common::{Home, ended, fit};
use serde_json::Value;

/// Of the library's database, in bytes; its header says the same.
const PAGE: u64 = 4096;

fn told_of(home: &Home, subject: &str) -> Vec<Value> {
    let mut findings = home.run(&["doctor"]).lines;
    findings.retain(|finding| finding["subject"] == subject);
    findings
}

/// Overwrites a page of the database, counted from 0.
fn damage(database: &Path, page: u64) {
    let mut file = File::options().write(true).open(database).unwrap();
    file.seek(SeekFrom::Start(page * PAGE)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(PAGE).unwrap()])
        .unwrap();
}

#[test]
fn a_damaged_page_of_the_database_is_told_with_what_to_do() {
    let home = Home::new();
    for n in 1..=3 {
        home.put(&format!("GARMIN/Activity/{n}.fit"), &fit(n));
    }
    home.well(&["sync", "--device", home.device().to_str().unwrap()]);
    let database = home.data().join("library.db");
    let sound = fs::read(&database).unwrap();
    assert_eq!(sound[16..18], [0x10, 0x00], "the size of a page");
    assert_eq!(sound[36..40], [0; 4], "pages that nothing reads");
    let pages = u64::try_from(sound.len()).unwrap() / PAGE;
    assert!(pages > 10, "{pages} pages");
    let told = told_of(&home, "library");
    assert!(
        told.iter().all(|finding| finding["ok"] == true),
        "{told:#?}"
    );

    // The first page is the header, without which nothing opens; the others are noticed by none but who looks at all of them.
    for page in 0..pages {
        damage(&database, page);
        let ended = home.run(&["doctor"]);
        assert_eq!(ended.code, Some(1), "page {page}: {ended:#?}");
        let of_library = ended
            .lines
            .iter()
            .filter(|finding| finding["subject"] == "library");
        let of_library: Vec<&Value> = of_library
            .filter(|finding| finding["ok"] == false)
            .collect();
        assert!(!of_library.is_empty(), "page {page}: {ended:#?}");
        for finding in of_library {
            let [what, hint] = ["what", "hint"].map(|name| finding[name].as_str().unwrap());
            assert!(what.contains("database"), "page {page}: {finding}");
            assert!(
                hint.contains("import the originals"),
                "page {page}: {finding}"
            );
        }
        fs::write(&database, &sound).unwrap();
    }
    let told = told_of(&home, "library");
    assert!(
        told.iter().all(|finding| finding["ok"] == true),
        "{told:#?}"
    );
}

#[test]
fn it_says_where_sign_ins_are_kept() {
    let home = Home::new();
    let said = |place: &str| {
        let mut command = home.command(&["doctor"]);
        // The last word counts.
        command.args(["--secrets", place]);
        let mut findings = ended(command).lines;
        findings.retain(|finding| finding["subject"] == "secrets");
        let finding = findings.remove(0);
        assert_eq!(finding["ok"], true, "{finding}");
        finding["what"].as_str().unwrap().to_owned()
    };
    let file = home.data().join("secrets.json");
    assert_eq!(
        said("file"),
        format!(
            "Sign-ins are kept in the file {}, which only you can read.",
            file.display()
        )
    );
    assert_eq!(
        said("session"),
        "Sign-ins are kept in memory, until Trackdock ends."
    );
}
