//! Makes tracks of what the parts of a FIT file say. Knows nothing of bytes but where each part lies.

use std::ops::Range;

use super::facts::{Facts, NumberedSession};
use super::pauses;
use crate::{
    Kind, Pause, Points, Position, Session, Skipped, Sport, Summary, Totals, Track, derive, sport,
    zone,
};

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
    let mut tracks: Vec<Track> = Vec::new();
    let mut skipped = Vec::new();
    let own = of_their_own(&parts);
    for (part, own) in parts.into_iter().zip(own) {
        match tracks.last_mut() {
            _ if own => {
                let first = part.facts.records.points.positions().next();
                let mut track = track(part, first);
                derive::complete(&mut track);
                tracks.push(track);
            }
            Some(last) => join(last, part),
            // A part before the first activity that is none: nothing of it belongs to an activity.
            None => skipped.extend(part.skipped),
        }
    }
    (tracks, skipped)
}

/// What a list shows of the same tracks, of parts that were read for it; `None` if parts would have to be joined.
pub(super) fn summaries(parts: Vec<Part>) -> Option<Vec<Summary>> {
    let own = of_their_own(&parts);
    let summary = |(mut part, own): (Part, bool)| {
        let line = part.facts.records.line.take().filter(|_| own)?;
        let first = line.first();
        Some(track(part, first).summary_along(&line))
    };
    parts.into_iter().zip(own).map(summary).collect()
}

/// For each part whether it is a track of its own.
fn of_their_own(parts: &[Part]) -> Vec<bool> {
    let is_activity = |part: &Part| kind_of(&part.facts, &part.facts.records.points).is_activity();
    let mut own: Vec<bool> = parts.iter().map(is_activity).collect();
    if !own.contains(&true)
        && let Some(first) = own.first_mut()
    {
        *first = true;
    }
    own
}

/// A file without `file_id` is an activity if it says so elsewhere.
fn kind_of(facts: &Facts, points: &Points) -> Kind {
    match facts.file_type {
        Some(number) => Kind::from_fit(number),
        None if facts.has_activity || (!facts.sessions.is_empty() && points.has_times()) => {
            Kind::Activity
        }
        None if facts.messages == 0 => Kind::Empty,
        None => Kind::Other(u8::MAX),
    }
}

fn join(track: &mut Track, part: Part) {
    let Part {
        range,
        facts: mut other,
        skipped,
    } = part;
    track.range.end = range.end;
    let records = &other.records;
    track.file_points = track.file_points.saturating_add(records.file_points);
    track.file_positions = track.file_positions.saturating_add(records.file_positions);
    track.points.append(&records.points);
    track.beat_intervals_s.append(&mut other.beat_intervals_s);
    other.heart.fill(&mut track.points);
    track.skipped.extend(skipped);
}

/// The track of a part, without what is derived of its points; `first` is where it began.
fn track(part: Part, first: Option<Position>) -> Track {
    let Part {
        range,
        mut facts,
        mut skipped,
    } = part;
    let mut points = std::mem::take(&mut facts.records.points);
    points.finish();
    facts.developer.adopt(&mut points);
    facts.heart.fill(&mut points);
    let kind = kind_of(&facts, &points);
    let (sport, sub_sport) = sport_of(&facts);
    let start = start_of(&facts);
    notes(&facts, &mut skipped);
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let sum = |value: fn(&Totals) -> Option<f64>| sum(&facts.sessions, value);
    let pauses = pauses::between(&facts.timer, &points);
    let elapsed_s = sum(|totals| totals.elapsed_s)
        .or_else(|| facts.records.span.length_ms().map(derive::seconds));
    Track {
        kind,
        sport,
        sub_sport,
        start,
        utc_offset_s: utc_offset(&facts, first, start),
        elapsed_s,
        timer_s: sum(|totals| totals.timer_s).or_else(|| timer(&pauses, elapsed_s)),
        moving_s: sum(|totals| totals.moving_s),
        distance_m: sum(|totals| totals.distance_m).or_else(|| {
            points
                .distances()
                .filter(|metres| *metres >= 0.0)
                .reduce(f64::max)
        }),
        ascent_m: sum(|totals| totals.ascent_m),
        descent_m: sum(|totals| totals.descent_m),
        file_sessions: count(facts.sessions.len()),
        file_laps: count(facts.laps.len()),
        sessions: facts.sessions.into_iter().map(Session::from).collect(),
        name: facts.name,
        laps: facts.laps,
        lengths: facts.lengths,
        pauses,
        events: facts.events,
        beat_intervals_s: facts.beat_intervals_s,
        devices: facts.devices,
        developer_fields: facts.developer.fields(),
        points,
        file_points: facts.records.file_points,
        file_positions: facts.records.file_positions,
        source: facts.source,
        range,
        skipped,
    }
}

/// As the activity message says, else by the zone at the first position.
fn utc_offset(
    facts: &Facts,
    first: Option<Position>,
    start: Option<jiff::Timestamp>,
) -> Option<i32> {
    let by_place = || zone::offset(first.filter(|_| !facts.relative_time())?, start?);
    facts.utc_offset_s.or_else(by_place)
}

/// Says what the messages themselves give reason to say.
fn notes(facts: &Facts, skipped: &mut Vec<Skipped>) {
    let mut note = |what: &str, count: u64| {
        if count > 0 {
            skipped.push(Skipped {
                what: what.to_owned(),
                byte: None,
                count,
            });
        }
    };
    note(derive::NO_DATE, u64::from(facts.relative_time()));
    note(
        "More points than a file of this size can hold were passed over",
        u64::from(facts.records.passed_over > 0),
    );
    note(
        "More laps or events than a file of this size can hold were passed over",
        u64::from(facts.passed_over > 0),
    );
}

fn start_of(facts: &Facts) -> Option<jiff::Timestamp> {
    let mut sessions = facts.sessions.iter();
    let session = sessions.find_map(|each| each.session.start);
    let first = || jiff::Timestamp::from_millisecond(facts.records.span.first()?).ok();
    session.or_else(first)
}

/// Sums over the sessions that have the value; `None` if none has.
fn sum(sessions: &[NumberedSession], value: impl Fn(&Totals) -> Option<f64>) -> Option<f64> {
    sessions
        .iter()
        .filter_map(|each| value(&each.session.totals))
        .reduce(|one, other| one + other)
}

/// Without a session: from the first to the last time, less the pauses.
fn timer(pauses: &[Pause], elapsed_s: Option<f64>) -> Option<f64> {
    let still_s = derive::seconds(pauses::still_ms(pauses));
    Some((elapsed_s? - still_s).max(0.0))
}

/// One sport, or multisport when the sessions differ; and the sub-sport when there is only one.
fn sport_of(facts: &Facts) -> (Sport, Option<String>) {
    let mut pairs: Vec<(u8, u8)> = Vec::new();
    for session in &facts.sessions {
        let pair = (session.sport, session.sub_sport);
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
