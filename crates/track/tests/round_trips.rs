//! Any track at all, written and read again: what the fuzz targets check, over fewer and other bytes.

#[path = "proof/draw.rs"]
mod draw;
#[path = "proof/generated.rs"]
mod generated;
#[path = "proof/memory.rs"]
#[allow(dead_code, reason = "each test uses its part of what they share")]
mod memory;
#[path = "proof/moments.rs"]
mod moments;
#[path = "proof/promises.rs"]
mod promises;
#[path = "proof/round_trip.rs"]
mod round_trip;

use proptest::prelude::*;
use track::{Format, Point, Points, Track, write_fit, write_gpx, write_tcx};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_track_comes_back_as_fit(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        round_trip::check(Format::Fit, &draw::activity(&bytes));
    }

    #[test]
    fn any_track_comes_back_as_gpx(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        round_trip::check(Format::Gpx, &draw::activity(&bytes));
    }

    #[test]
    fn any_track_comes_back_as_tcx(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        round_trip::check(Format::Tcx, &draw::activity(&bytes));
    }

    #[test]
    fn promises_hold_for_what_was_damaged(
        bytes in proptest::collection::vec(any::<u8>(), 0..500),
        at in any::<prop::sample::Index>(),
        junk in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let track = draw::activity(&bytes);
        for mut written in [write_fit(&track).bytes, write_gpx(&track).bytes, write_tcx(&track).bytes] {
            let at = at.index(written.len());
            let end = (at + junk.len() / 2).min(written.len());
            written.splice(at..end, junk.iter().copied());
            promises::check(&written);
        }
    }
}

#[test]
fn a_ride_of_one_value_comes_back() {
    let pulse = |point: Point| Point {
        heart_rate_bpm: point.heart_rate_bpm,
        ..Point::default()
    };
    let ride = generated::ride(5000);
    for points in [
        ride.points.iter().map(pulse).collect(),
        vec![Point::default(); 5000],
    ] {
        let points: Points = points.into_iter().collect();
        round_trip::check(
            Format::Fit,
            &Track {
                points,
                ..ride.clone()
            },
        );
    }
}

#[test]
fn an_ordinary_ride_comes_back() {
    for format in Format::ALL {
        round_trip::check(format, &generated::ride(3000));
    }
}
