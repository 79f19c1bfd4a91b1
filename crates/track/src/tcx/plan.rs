//! How a track becomes activities and laps of TCX. Knows no XML.

use jiff::Timestamp;

use crate::{Lap, Session, Totals, Track};

/// A lap to be written.
pub(super) struct Leg<'a> {
    /// The session that begins with it; always there for the first one, if there are several.
    pub(super) begins: Option<&'a Session>,
    pub(super) lap: Lap,
    pub(super) start: Timestamp,
    /// Its points are those before this: the next start that is said. A lap without one takes no points away from the one
    /// before it.
    pub(super) until: Option<Timestamp>,
}

impl<'a> Leg<'a> {
    fn of(lap: Lap, start: Timestamp) -> Leg<'a> {
        Leg {
            begins: None,
            lap,
            start,
            until: None,
        }
    }
}

/// All laps of a track, at least one. Several sessions are told apart where all of them and all laps have a start, one after
/// the other, and no two sessions the same; else all laps are one activity's.
pub(super) fn legs(track: &Track) -> Vec<Leg<'_>> {
    let starts = track.sessions.iter().map(|session| session.start);
    let laps = track.laps.iter().map(|lap| lap.start);
    let apart = track
        .sessions
        .array_windows()
        .all(|[one, next]| one.start != next.start);
    let mut legs = if track.sessions.len() > 1 && apart && is_sorted(starts) && is_sorted(laps) {
        of_sessions(track)
    } else {
        of_one(track)
    };
    let mut until = None;
    for leg in legs.iter_mut().rev() {
        leg.until = until;
        until = leg.lap.start.or(until);
    }
    legs
}

/// The sessions with their legs; none where all legs are one activity's.
pub(super) fn sessions<'l, 't>(legs: &'l [Leg<'t>]) -> Vec<(&'t Session, &'l [Leg<'t>])> {
    let pieces = legs.chunk_by(|_, next| next.begins.is_none());
    pieces
        .filter_map(|piece| Some((piece.first()?.begins?, piece)))
        .collect()
}

/// Whether all are there, and none comes before the one before it.
fn is_sorted(starts: impl Iterator<Item = Option<Timestamp>> + Clone) -> bool {
    starts.clone().all(|start| start.is_some()) && starts.is_sorted()
}

fn of_one(track: &Track) -> Vec<Leg<'_>> {
    let mut began = begin(track);
    let mut legs: Vec<_> = track
        .laps
        .iter()
        .map(|lap| {
            began = lap.start.unwrap_or(began);
            Leg::of(*lap, began)
        })
        .collect();
    if legs.is_empty() {
        let totals = Totals {
            elapsed_s: track.elapsed_s,
            timer_s: track.timer_s,
            distance_m: track.distance_m,
            ..Totals::default()
        };
        let lap = Lap {
            start: Some(began),
            totals,
        };
        legs.push(Leg::of(lap, began));
    }
    legs
}

fn of_sessions(track: &Track) -> Vec<Leg<'_>> {
    let mut legs = Vec::with_capacity(track.laps.len() + track.sessions.len());
    let mut laps = track.laps.iter().peekable();
    for (index, session) in track.sessions.iter().enumerate() {
        let until = track.sessions.get(index + 1).and_then(|next| next.start);
        let begins = legs.len();
        while let Some(lap) = laps.next_if(|lap| until.is_none() || lap.start < until) {
            let start = lap.start.unwrap_or_default();
            legs.push(Leg::of(*lap, start));
        }
        if legs.len() == begins {
            // The schema demands a lap: the session itself is one.
            let (start, totals) = (session.start, session.totals);
            let lap = Lap { start, totals };
            legs.push(Leg::of(lap, start.unwrap_or_default()));
        }
        if let Some(first) = legs.get_mut(begins) {
            first.begins = Some(session);
        }
    }
    legs
}

/// When the activity begins; the schema leaves no choice but to say.
fn begin(track: &Track) -> Timestamp {
    let lap = track.laps.first().and_then(|lap| lap.start);
    let point = || track.points.iter().find_map(|point| point.time);
    track
        .start
        .or(lap)
        .or_else(point)
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
