//! Reads anything as GPX: no panic, and every promise of a reading.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus { trackdock_fuzz::reading(track::Format::Gpx, bytes) });
