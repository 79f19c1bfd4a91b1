//! Makes tracks of what the parts of a FIT file say. Knows nothing of bytes but where each part lies.

use std::ops::Range;

use super::facts::{Facts, Session};
use crate::{Kind, Skipped, Sport, Track, derive, sport, zone};

/// One part of the file: where it lies, what it says, and what was lost in it.
pub(super) struct Part {
    pub(super) range: Range<usize>,
    pub(super) facts: Facts,
    pub(super) skipped: Vec<Skipped>,
}

/// FIT's number of transition, the way between two sports of a multisport.
const TRANSITION: u8 = 3;

/// One track per part that is an activity, with the parts behind it that are none (the heart rates of a swim belt come so).
/// Without any activity one track that says what the file is. Beside them what was lost in parts that belong to no track.
pub(super) fn tracks(parts: Vec<Part>) -> (Vec<Track>, Vec<Skipped>) {
    let any = parts.iter().any(|part| kind_of(&part.facts).is_activity());
    let mut tracks: Vec<Track> = Vec::new();
    let mut skipped = Vec::new();
    for part in parts {
        let own = kind_of(&part.facts).is_activity() || !any && tracks.is_empty();
        match tracks.last_mut() {
            _ if own => tracks.push(track(part)),
            Some(last) => join(last, part),
            // A part before the first activity that is none: nothing of it belongs to an activity.
            None => skipped.extend(part.skipped),
        }
    }
    (tracks, skipped)
}

/// A file without `file_id` is an activity if it says so elsewhere.
fn kind_of(facts: &Facts) -> Kind {
    match facts.file_type {
        Some(number) => Kind::from_fit(number),
        None if facts.has_activity || (!facts.sessions.is_empty() && facts.points.has_times()) => {
            Kind::Activity
        }
        None if facts.messages == 0 => Kind::Empty,
        None => Kind::Other(u8::MAX),
    }
}

fn join(track: &mut Track, part: Part) {
    track.range.end = part.range.end;
    track.file_points = track.file_points.saturating_add(part.facts.file_points);
    track.file_positions = track
        .file_positions
        .saturating_add(part.facts.file_positions);
    track.points.append(&part.facts.points);
    track.skipped.extend(part.skipped);
}

fn track(part: Part) -> Track {
    let Part {
        range,
        mut facts,
        mut skipped,
    } = part;
    facts.points.shrink();
    let kind = kind_of(&facts);
    let (sport, sub_sport) = sport_of(&facts);
    let start = start_of(&facts);
    if facts.relative_time {
        let what = "Times count from when the device was switched on: the date is not known";
        skipped.push(Skipped {
            what: what.into(),
            byte: None,
            count: 1,
        });
    }
    let elapsed_s = sum(&facts.sessions, |session| session.elapsed_s)
        .or_else(|| derive::elapsed_s(&facts.points));
    let place = facts
        .points
        .positions()
        .next()
        .filter(|_| !facts.relative_time);
    Track {
        kind,
        sport,
        sub_sport,
        start,
        utc_offset_s: facts.utc_offset_s.or_else(|| zone::offset(place?, start?)),
        elapsed_s,
        timer_s: sum(&facts.sessions, |session| session.timer_s).or_else(|| timer(&facts)),
        distance_m: distance(&facts),
        ascent_m: sum(&facts.sessions, |session| session.ascent_m)
            .or_else(|| derive::ascent_m(&facts.points)),
        sessions: u32::try_from(facts.sessions.len()).unwrap_or(u32::MAX),
        name: facts.name,
        laps: facts.laps,
        points: facts.points,
        file_points: facts.file_points,
        file_positions: facts.file_positions,
        source: facts.source,
        range,
        skipped,
    }
}

fn start_of(facts: &Facts) -> Option<jiff::Timestamp> {
    let session = facts.sessions.iter().find_map(|session| session.start);
    session.or_else(|| facts.points.iter().find_map(|point| point.time))
}

/// Sums over the sessions that have the value; `None` if none has.
fn sum(sessions: &[Session], value: impl Fn(&Session) -> Option<f64>) -> Option<f64> {
    sessions
        .iter()
        .filter_map(value)
        .reduce(|one, other| one + other)
}

/// The device's own distance: of its sessions, else of its last record; else the length of the line.
fn distance(facts: &Facts) -> Option<f64> {
    let own = sum(&facts.sessions, |session| session.distance_m);
    let counted = || {
        let most = facts.points.distances().reduce(f64::max);
        most.filter(|metres| *metres >= 0.0)
    };
    own.or_else(counted)
        .or_else(|| derive::distance_m(&facts.points))
}

/// Without a session: from the first to the last time, less what the timer events say it stood still.
fn timer(facts: &Facts) -> Option<f64> {
    let mut still = 0;
    let mut stopped = None;
    for (time, runs) in &facts.timer {
        match (runs, stopped) {
            (false, None) => stopped = Some(*time),
            (true, Some(since)) => {
                still += i64::max(time - since, 0);
                stopped = None;
            }
            _ => {}
        }
    }
    let elapsed = sum(&facts.sessions, |session| session.elapsed_s)
        .or_else(|| derive::elapsed_s(&facts.points))?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a recording is shorter than 285,000 years"
    )]
    Some((elapsed - still as f64 / 1000.0).max(0.0))
}

/// One sport, or multisport when the sessions differ; and the sub-sport when there is only one.
fn sport_of(facts: &Facts) -> (Sport, Option<String>) {
    let mut pairs: Vec<(u8, u8)> = Vec::new();
    for session in &facts.sessions {
        let pair = (session.sport.unwrap_or(0), session.sub_sport.unwrap_or(0));
        if pair.0 != TRANSITION && !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    if pairs.is_empty() {
        pairs.extend(facts.sport);
    }
    let Some(&(number, sub_sport)) = pairs.first() else {
        return (Sport::Other, None);
    };
    if pairs.iter().any(|(other, _)| *other != number) {
        return (Sport::Multisport, None);
    }
    (
        Sport::from_fit(number),
        if pairs.len() == 1 {
            sport::sub_sport_name(sub_sport)
        } else {
            None
        },
    )
}
