//! Writes any track as FIT and compares what is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| trackdock_fuzz::round_trip(track::Format::Fit, bytes));
