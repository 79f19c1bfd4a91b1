//! What holds for every reading, whatever was in the file. Knows no file format.

use track::{Reading, Track, read, write_fit, write_gpx, write_tcx};

use crate::memory;

/// Reads bytes, and ends at once where a promise is broken.
#[track_caller]
pub(crate) fn check(bytes: &[u8]) {
    let (result, taken) = memory::taken_by(|| read(bytes));
    // What is packed may become a hundred times as much by itself, and is capped apart.
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let allowed = memory::allowance(bytes.len());
        assert!(taken.peak <= allowed, "{} of {allowed} bytes", taken.peak);
    }
    match result {
        Ok(reading) => check_reading(bytes, &reading),
        Err(error) => {
            for sentence in [error.to_string(), error.hint().to_owned()] {
                assert!(sentence.ends_with('.'), "{sentence}");
            }
        }
    }
}

#[track_caller]
fn check_reading(bytes: &[u8], reading: &Reading) {
    assert!(!reading.tracks.is_empty());
    let told = reading.tracks.iter().flat_map(|track| &track.skipped);
    assert!(reading.complete || reading.skipped.iter().chain(told).next().is_some());
    for (index, track) in reading.tracks.iter().enumerate() {
        check_track(track);
        // A packed file's ranges are those of the unpacked one.
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            assert!(track.range.start <= track.range.end && track.range.end <= bytes.len());
        }
        // Whether this one can be taken out does not matter, only that trying does no harm.
        let _ = track::extract(bytes, reading, index);
    }
}

#[track_caller]
fn check_track(track: &Track) {
    let points = track.points.len();
    assert!(track.file_positions <= track.file_points);
    assert!(
        points <= track.file_points as usize,
        "{points} points of {}",
        track.file_points
    );
    for total in [
        track.elapsed_s,
        track.timer_s,
        track.distance_m,
        track.ascent_m,
    ] {
        assert!(
            total.is_none_or(|total| total.is_finite() && total >= 0.0),
            "{total:?}"
        );
    }
    for most in [0, 1, 2, 50] {
        let outline = track.outline(most);
        assert!(outline.len() <= most && outline.iter().all(|(x, y)| *x <= 100 && *y <= 100));
    }
    assert_eq!(
        track.bounds().is_some(),
        track.points.iter().any(|point| point.position.is_some())
    );
    assert!(
        track
            .bounds()
            .is_none_or(|bounds| bounds.south <= bounds.north && bounds.west <= bounds.east)
    );
    assert!(track.identity().is_none_or(|identity| !identity.is_empty()));
    for write in [write_fit, write_gpx, write_tcx] {
        let written = write(track);
        let again = read(&written.bytes);
        assert!(
            again.is_ok_and(|again| again.complete),
            "what we write is whole"
        );
    }
}
