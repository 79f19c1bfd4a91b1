//! The recordings of the simulation, made once. Knows no engine.

use std::sync::OnceLock;

use jiff::Timestamp;
use track::{Kind, Point, Position, Source, Sport, Track};

/// When the simulated world begins: 2026-03-29, in the night in which most of Europe changes its clocks.
pub(super) const BEGINNING_MS: i64 = 1_774_738_800_000;

/// Far enough apart to lie in several years.
const APART_MS: i64 = 150 * 86_400_000;

/// One recording, and what a service measures of it.
pub(super) struct Recorded {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) start: Timestamp,
    pub(super) distance_m: f64,
    pub(super) elapsed_s: f64,
    /// No service wants it.
    pub(super) unwanted: bool,
}

/// Eight rides of different days; six of which another device recorded, too, a second later; and one that nobody wants.
pub(super) fn pool() -> &'static [Recorded] {
    static POOL: OnceLock<Vec<Recorded>> = OnceLock::new();
    POOL.get_or_init(|| {
        let mut all: Vec<Recorded> = (0..8).map(|day| recorded(day, 0)).collect();
        all.extend((0..6).map(|day| recorded(day, 1)));
        let mut unwanted = recorded(20, 0);
        unwanted.unwanted = true;
        all.push(unwanted);
        all
    })
}

/// Whether two recordings began within two seconds: the same, or of the same ride.
pub(super) fn is_same_ride(one: usize, other: usize) -> bool {
    let apart = pool()[one].start.duration_since(pool()[other].start);
    apart.abs() <= jiff::SignedDuration::from_secs(2)
}

fn recorded(day: i64, later_s: i64) -> Recorded {
    let start_ms = BEGINNING_MS - (day + 1) * APART_MS + later_s * 1000;
    let at = |second: i64| Timestamp::from_millisecond(start_ms + second * 1000).unwrap();
    let seconds = 120 + day * 10;
    let points = (0..=seconds).map(|second| Point {
        time: Some(at(second)),
        position: Position::new(45.0 + second as f64 / 1e4, 7.0 + day as f64 / 100.0),
        distance_m: Some(second as f64 * 8.0),
        ..Point::default()
    });
    let track = Track {
        kind: Kind::Activity,
        sport: Sport::Cycling,
        start: Some(at(0)),
        // Known, so that no zone is looked up.
        utc_offset_s: Some(7_200),
        elapsed_s: Some(seconds as f64),
        timer_s: Some(seconds as f64),
        distance_m: Some(seconds as f64 * 8.0),
        points: points.collect(),
        source: Source {
            serial: Some(1 + later_s.unsigned_abs()),
            ..Source::default()
        },
        ..Track::default()
    };
    Recorded {
        name: format!("ride-{day}-{later_s}.fit"),
        bytes: track::write_fit(&track).bytes,
        start: at(0),
        distance_m: seconds as f64 * 8.0,
        elapsed_s: seconds as f64,
        unwanted: false,
    }
}

/// Which recording an upload's body holds.
pub(super) fn of_body(body: &[u8]) -> Option<usize> {
    let find = |needle: &[u8], from: usize| {
        let rest = body.get(from..)?;
        let at = rest
            .windows(needle.len())
            .position(|window| window == needle)?;
        Some(from + at)
    };
    let head = find(b"filename=\"", 0)?;
    let start = find(b"\r\n\r\n", head)? + 4;
    let file = body.get(start..)?;
    pool().iter().position(|each| file.starts_with(&each.bytes))
}
