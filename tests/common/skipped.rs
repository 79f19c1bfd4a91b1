//! What a test says that cannot run here: on stderr, and to `./dev test`, which reads it afterwards and counts it as skipped. A test
//! cannot say so to Cargo: there it has passed, and what it said is not shown. Knows no test.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fmt::Display;
use std::fs::File;
use std::io::Write as _;

/// Names the file that `./dev test` reads, where it started this.
const FILE: &str = "TRACKDOCK_SKIPPED";

/// The test ends here, having shown nothing, because of what is missing.
pub(crate) fn skipped(what: &str, missing: impl Display) {
    say("whole", what, &missing.to_string());
}

/// The test goes on without a part of it.
pub(crate) fn partly_skipped(what: &str, missing: impl Display) {
    say("part", what, &missing.to_string());
}

fn say(share: &str, what: &str, missing: &str) {
    let missing = missing.split_whitespace().collect::<Vec<_>>().join(" ");
    eprintln!("\n*** SKIPPED: {what}: {missing} ***\n");
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    // One test may say it several times. Its thread has its name.
    let program = std::env::current_exe().unwrap_or_default();
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    // In one piece: other tests write at the same time.
    let line = format!("{share}\t{} {test}\t{what}: {missing}\n", program.display());
    let told = File::options().append(true).open(path);
    let told = told.and_then(|mut file| file.write_all(line.as_bytes()));
    assert!(
        told.is_ok(),
        "nobody would hear of what is skipped: {told:?}"
    );
}
