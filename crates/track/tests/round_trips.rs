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
use track::{
    Channel, ExportFormat, Format, Point, Points, Track, read, write_fit, write_gpx, write_tcx,
};

/// Few cases, and as many as `PROPTEST_CASES` says where it is set. What failed is printed and not kept: the bytes mean another
/// track as soon as more is drawn.
fn config() -> ProptestConfig {
    let usual = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => usual,
        None => ProptestConfig {
            cases: 200,
            ..usual
        },
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_track_comes_back_as_fit(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        round_trip::check(Format::Fit, &draw::activity(&bytes));
    }

    #[test]
    fn any_track_comes_back_as_gpx(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        round_trip::check(Format::Gpx, &draw::activity(&bytes));
    }

    #[test]
    fn any_track_comes_back_as_tcx(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        round_trip::check(Format::Tcx, &draw::activity(&bytes));
    }

    #[test]
    fn any_track_can_be_written_in_every_format(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let track = draw::activity(&bytes);
        for format in ExportFormat::ALL {
            promises::check_written(format, &track);
        }
    }

    #[test]
    fn promises_hold_for_what_was_damaged(
        bytes in proptest::collection::vec(any::<u8>(), 0..1000),
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

/// Timer events without a moment were read as other events, and each writing added two more.
#[test]
fn a_pause_without_a_moment_comes_back_as_nothing() {
    let pause = |before| track::Pause {
        before,
        from: None,
        to: None,
    };
    let track = Track {
        kind: track::Kind::Activity,
        points: [60.0, 61.0, 62.0]
            .map(|pulse| Point {
                heart_rate_bpm: Some(pulse),
                ..Point::default()
            })
            .into_iter()
            .collect(),
        pauses: vec![pause(1), pause(2)],
        ..Track::default()
    };
    round_trip::check(Format::Fit, &track);
    let left_out = write_fit(&track).left_out;
    assert_eq!(
        left_out,
        ["FIT has no pauses without a moment: 2 pauses left out."]
    );
}

/// What does not fit was written as 126 per cent, and of two balances one went without a word.
#[test]
fn balances_that_do_not_fit_are_said() {
    let mut points: Points = [Point::default(); 3].into_iter().collect();
    for (index, channel, value) in [
        (0, Channel::Balance, 1e9),
        (1, Channel::Balance, 40.0),
        (1, Channel::RightBalance, 60.0),
        (2, Channel::Balance, 126.0),
    ] {
        points.set(index, channel, value);
    }
    let track = Track {
        kind: track::Kind::Activity,
        points,
        ..Track::default()
    };
    let written = write_fit(&track);
    let reading = read(&written.bytes).unwrap_or_else(|error| panic!("{error}"));
    let back = &reading.tracks[0].points;
    let either = [0, 1, 2].map(|index| back.value(index, Channel::Balance));
    assert_eq!(either, [None, None, Some(126.0)]);
    assert_eq!(back.value(1, Channel::RightBalance), Some(60.0));
    assert_eq!(
        written.left_out,
        [
            "FIT has no second balance of a point: 1 value left out.",
            "FIT has no room for values out of range: 1 value left out."
        ]
    );
}

#[test]
fn an_ordinary_ride_comes_back() {
    for format in Format::ALL {
        round_trip::check(format, &generated::ride(3000));
    }
}
