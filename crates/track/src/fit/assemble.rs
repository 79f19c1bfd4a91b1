//! Makes tracks of what the parts of a FIT file say. Knows nothing of bytes but where each part lies.

use std::ops::Range;

use super::facts::{Facts, NumberedSession};
use super::layout::Want;
use super::pauses;
use crate::{Kind, Pause, Points, Session, Skipped, Sport, Totals, Track, derive, sport, zone};

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
pub(super) fn tracks(parts: Vec<Part>, want: Want) -> (Vec<Track>, Vec<Skipped>) {
    let any = parts
        .iter()
        .any(|part| kind_of(&part.facts, &part.facts.records.points).is_activity());
    let mut tracks: Vec<Track> = Vec::new();
    let mut skipped = Vec::new();
    for part in parts {
        let own = kind_of(&part.facts, &part.facts.records.points).is_activity()
            || !any && tracks.is_empty();
        match tracks.last_mut() {
            _ if own => tracks.push(track(part, want)),
            Some(last) => join(last, part),
            // A part before the first activity that is none: nothing of it belongs to an activity.
            None => skipped.extend(part.skipped),
        }
    }
    (tracks, skipped)
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

fn track(part: Part, want: Want) -> Track {
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
    let mut track = Track {
        kind,
        sport,
        sub_sport,
        start,
        utc_offset_s: utc_offset(&facts, &points, start),
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
    };
    if want == Want::Everything {
        derive::complete(&mut track);
    }
    track
}

/// As the activity message says, else by the zone at the first position.
fn utc_offset(facts: &Facts, points: &Points, start: Option<jiff::Timestamp>) -> Option<i32> {
    let by_place = || {
        let place = points.positions().next().filter(|_| !facts.relative_time());
        zone::offset(place?, start?)
    };
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
