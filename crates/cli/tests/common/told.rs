//! What a harmed run said, held against what is there before anything is run again. Looks at a copy of its data: the next run finds
//! them as the harm left them, without a log that somebody else has read back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use super::{kept_once_in, rows_in};
use crate::common::{BOTH, Home, SERVICES, ended, fit, objects};
use crate::tracer::Traced;

/// Whether a line on stdout says that something is done; what went wrong or goes on is no promise.
pub(crate) fn is_promise(line: &Value) -> bool {
    match line["event"].as_str() {
        Some("taken_in") => true,
        Some("upload") => is_there(line),
        Some(_) => false,
        None => line["state"] == "connected",
    }
}

/// Whether a service has what an upload is about.
fn is_there(upload: &Value) -> bool {
    upload["state"] == "sent" || upload["state"] == "existing"
}

/// Whether it said that the ride is at the service.
pub(crate) fn said_sent(run: &Traced, service: &str) -> bool {
    let lines = objects(&run.stdout);
    let mut uploads = lines.iter().filter(|line| line["event"] == "upload");
    uploads.any(|line| line["service"] == service && is_there(line))
}

/// Each line on stdout that promises something is so, and after an end without trouble `done` is, too: before it is run again.
#[track_caller]
pub(crate) fn is_so(home: &Home, data: &Path, n: u32, run: &Traced, done: impl FnOnce(&Path)) {
    let mut promises = objects(&run.stdout);
    promises.retain(is_promise);
    if promises.is_empty() && run.code != Some(0) {
        return;
    }
    let copy = copy_of(data);
    for line in &promises {
        line_is_so(home, copy.path(), n, line, run);
    }
    if run.code == Some(0) {
        done(copy.path());
    }
}

/// What one line promises of ride `n` is so in a data folder and at the services.
#[track_caller]
pub(crate) fn line_is_so(home: &Home, data: &Path, n: u32, line: &Value, run: &Traced) {
    match line["event"].as_str() {
        Some("taken_in") => {
            kept_once_in(home, data, n);
            let id = &rows_in(home, data, n)[0]["id"];
            let activities = line["activities"].as_array().unwrap();
            assert!(activities.contains(id), "{line}: {id} {run:?}");
        }
        Some("upload") => {
            let shown = home.command_in(data, &["show", &line["activity"].to_string()]);
            let shown = ended(shown).lines;
            let mut uploads = shown[0]["uploads"].as_array().unwrap().iter();
            let upload = uploads.find(|upload| upload["service"] == line["service"]);
            assert_eq!(upload.unwrap()["state"], line["state"], "{line} {run:?}");
            let at = SERVICES.iter().position(|name| line["service"] == *name);
            let received = home.received(BOTH[at.unwrap()]);
            assert!(received.contains(&fit(n)), "{line} {run:?}");
        }
        _ => {
            let accounts = ended(home.command_in(data, &["accounts"])).lines;
            assert!(accounts.contains(line), "{line}: {accounts:#?} {run:?}");
        }
    }
}

/// Looks at a copy of a data folder.
#[track_caller]
pub(crate) fn at_a_copy(data: &Path, look: impl FnOnce(&Path)) {
    look(copy_of(data).path());
}

/// A copy of a data folder. The folders in it are links: looking changes no original.
fn copy_of(data: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(data).unwrap() {
        let (from, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        let to = copy.path().join(name);
        if from.is_dir() {
            symlink(from, to).unwrap();
        } else {
            fs::copy(from, to).unwrap();
        }
    }
    copy
}
