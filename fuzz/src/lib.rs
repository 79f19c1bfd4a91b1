//! What the fuzz targets do with their bytes: the same checks as the tests of the track crate, by the same code.

#[path = "../../crates/track/tests/proof/draw.rs"]
mod draw;
#[path = "../../crates/track/tests/proof/memory.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod memory;
#[path = "../../crates/track/tests/proof/moments.rs"]
mod moments;
#[path = "../../crates/track/tests/proof/promises.rs"]
mod promises;
#[path = "../../crates/track/tests/proof/round_trip.rs"]
mod round_trip;

use std::sync::Once;

use libfuzzer_sys::Corpus;
use track::Format;

/// Reads the bytes and checks every promise. Bytes of another format teach the fuzzer nothing, and are not kept.
pub fn reading(format: Format, bytes: &[u8]) -> Corpus {
    static WARM: Once = Once::new();
    // The map of time zones is made once and stays: no reading should be charged with it.
    WARM.call_once(|| {
        drop(track::read(
            &track::write_gpx(&draw::activity(&[200; 400])).bytes,
        ))
    });
    promises::check(bytes);
    if Format::of(bytes) == Some(format) {
        Corpus::Keep
    } else {
        Corpus::Reject
    }
}

/// Makes a track of the bytes, writes it, and compares what is read again.
pub fn round_trip(format: Format, bytes: &[u8]) {
    round_trip::check(format, &draw::activity(bytes));
}
