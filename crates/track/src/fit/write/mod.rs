//! Writes FIT: a whole activity file, from the same table of messages that is read. Knows no bytes but little-endian ones.

mod file;
mod records;
mod summaries;

use jiff::Timestamp;

use super::facts::EPOCH_S;
use crate::left_out::LeftOut;
use crate::{Track, Written, derive};

use file::File;

/// Writes a track as a FIT file of its kind: `file_id`, what describes the fields, devices, timer events, records, laps,
/// lengths, sessions and activity, each with the fields that the track has.
pub(crate) fn write(track: &Track) -> Written {
    let mut file = File::new();
    let span = Span::of(track);
    let activity = track.kind.is_activity();
    summaries::file_id(&mut file, track, &span);
    summaries::developer_fields(&mut file, track);
    summaries::devices(&mut file, track, &span);
    if activity {
        summaries::timer(&mut file, span.start, summaries::START);
    }
    records::write(&mut file, track);
    summaries::beat_intervals(&mut file, track);
    summaries::events(&mut file, track);
    if activity {
        summaries::timer(&mut file, span.end, summaries::STOP_ALL);
        summaries::lengths(&mut file, track, &span);
        summaries::laps(&mut file, track, &span);
        summaries::sessions(&mut file, track, &span);
        summaries::activity(&mut file, track, &span);
    }
    let mut left_out = LeftOut::new("FIT");
    summaries::left_out(&file, track, &mut left_out);
    Written {
        bytes: file.closed(),
        left_out: left_out.sentences(),
    }
}

/// First and last moment, in FIT seconds.
struct Span {
    start: Option<f64>,
    end: Option<f64>,
}

impl Span {
    fn of(track: &Track) -> Span {
        let times = || track.points.times_ms();
        let moment = |time: i64| Timestamp::from_millisecond(time).ok();
        // The first that FIT can say at all, in the order in which a reader asks.
        let sessions = track.sessions.iter().map(|session| session.start);
        let stated = std::iter::once(track.start).chain(sessions);
        let start = stated.flatten().find_map(seconds);
        let start = start.or_else(|| times().find_map(seconds_of).map(f64::from));
        let last = times().max().and_then(moment).and_then(seconds);
        let elapsed = track
            .elapsed_s
            .or_else(|| derive::elapsed_s(&track.points))
            .unwrap_or(0.0);
        let stated = start.map(|start| (start + elapsed).floor());
        Span {
            start,
            end: last.into_iter().chain(stated).reduce(f64::max),
        }
    }
}

/// Whole FIT seconds; `None` before 1989 or after 2126.
fn seconds(time: Timestamp) -> Option<f64> {
    seconds_of(time.as_millisecond()).map(f64::from)
}

/// Milliseconds since 1970 as whole FIT seconds; `None` before 1989 or after 2126.
fn seconds_of(time_ms: i64) -> Option<u32> {
    Some(since_1989(time_ms).0).filter(|time| *time != u32::MAX)
}

/// FIT's first moment, and the one after its last, in milliseconds since 1970.
const EPOCH_MS: i64 = EPOCH_S * 1000;
const END_MS: i64 = EPOCH_MS + 0xFFFF_FFFF * 1000;

/// Milliseconds since 1970 as whole FIT seconds, `u32::MAX` before 1989 or after 2126, and the milliseconds left over.
#[inline]
fn since_1989(time_ms: i64) -> (u32, u64) {
    // Without a sign the division takes half the time.
    match u64::try_from(time_ms.wrapping_sub(EPOCH_MS)) {
        Ok(since) => {
            let seconds = since / 1000;
            let whole = u32::try_from(seconds).unwrap_or(u32::MAX);
            (whole, since - seconds * 1000)
        }
        Err(_) => (u32::MAX, time_ms.rem_euclid(1000).unsigned_abs()),
    }
}
