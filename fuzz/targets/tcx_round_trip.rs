//! Writes any track as TCX and compares what is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| trackdock_fuzz::round_trip(track::Format::Tcx, bytes));
