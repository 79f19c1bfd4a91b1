//! Where the corpus of real recordings lies, and which files are in it. Says loudly where it is missing; reads no recording.

#[path = "../../../../tests/common/skipped.rs"]
mod skipped;

use std::path::PathBuf;

use serde_json::Value;
use skipped::skipped;

/// A file of the corpus, and what independent readers say of it.
pub(crate) struct Recording {
    /// Its path below the corpus.
    pub(crate) path: String,
    /// What is said of it.
    pub(crate) truth: Value,
    /// All of it.
    pub(crate) bytes: Vec<u8>,
}

impl Recording {
    /// Whether every reader decodes it whole.
    pub(crate) fn is_sound(&self) -> bool {
        self.truth["sound"] == true
    }
}

/// Every file of a format (`fit`, `gpx`, `tcx`) in the corpus, by path; none where there is no corpus.
pub(crate) fn recordings(format: &str) -> Vec<Recording> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRACKDOCK_CORPUS").map_or_else(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("truth.json")) else {
        skipped(
            "real recordings",
            format!("no corpus at {}; set TRACKDOCK_CORPUS", folder.display()),
        );
        return Vec::new();
    };
    let truth: std::collections::BTreeMap<String, Value> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("truth.json: {error}"));
    let of_format = truth
        .into_iter()
        .filter(|(_, truth)| truth["format"] == format);
    let all: Vec<_> = of_format
        .map(|(path, truth)| {
            let bytes = std::fs::read(folder.join(&path));
            Recording {
                bytes: bytes.unwrap_or_else(|error| panic!("{path}: {error}")),
                path,
                truth,
            }
        })
        .collect();
    assert!(!all.is_empty(), "no {format} file in the corpus");
    all
}
