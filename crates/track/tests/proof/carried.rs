//! What must come back besides the usual values of points, format by format: sums, lists, channels, and that nothing drifts.

use jiff::Timestamp;
use track::{
    Channel, Event, ExportFormat, Format, Lap, Length, Pause, Session, Totals, Track, read,
};

use crate::round_trip::{BYTE, LONG, SHORT, field, near, second, turns, whole};

/// Writes what was read and reads it again: then nothing that the format carries may change any more.
#[track_caller]
pub(crate) fn check_fixpoint(format: Format, back: &Track) {
    let bytes = match format {
        Format::Fit => ExportFormat::Fit.write(back),
        Format::Gpx => ExportFormat::Gpx.write(back),
        Format::Tcx => ExportFormat::Tcx.write(back),
    };
    let reading = read(&bytes.bytes).unwrap_or_else(|error| panic!("{error}"));
    let again = reading.tracks.first().unwrap_or_else(|| panic!("no track"));
    // Where it lay, and how much of it was merged or worked out.
    let bare = |track: &Track| Track {
        range: 0..0,
        file_sessions: 0,
        file_laps: 0,
        file_points: 0,
        file_positions: 0,
        // One that was worked out is not at the resolution of the format.
        laps: if back.file_laps == 0 {
            Vec::new()
        } else {
            track.laps.clone()
        },
        skipped: Vec::new(),
        ..track.clone()
    };
    let has = |index, channel| back.points.value(index, channel).is_some();
    let both = |index| has(index, Channel::Balance) && has(index, Channel::RightBalance);
    if (0..back.points.len()).any(both) {
        // Two records of one moment became a point with both, and FIT has one byte for them.
        return;
    }
    if format == Format::Tcx && back.pauses.iter().any(|pause| between_laps(pause, back)) {
        // A lap that began in a pause ends the track anyway: TCX cannot say that it was one.
        return;
    }
    let (first, second) = (bare(back), bare(again));
    assert_eq!(first.pauses, second.pauses);
    assert_eq!(first.events, second.events);
    assert_eq!(first.sessions, second.sessions);
    assert_eq!(first.laps, second.laps);
    assert_eq!(first.devices, second.devices);
    assert_eq!(first.source, second.source);
    assert_eq!(first.developer_fields, second.developer_fields);
    same_cells(&first, &second);
    assert_eq!(first, second);
}

/// Whether a lap but the first begins while the pause lasts.
fn between_laps(pause: &Pause, track: &Track) -> bool {
    let mut starts = track.laps.iter().skip(1).map(|lap| lap.start);
    starts.any(|start| pause.from <= start && start <= pause.to)
}

/// All values of all points, said one by one.
#[track_caller]
fn same_cells(first: &Track, second: &Track) {
    assert_eq!(first.points.len(), second.points.len());
    for (index, (one, other)) in first.points.iter().zip(second.points.iter()).enumerate() {
        assert_eq!(one, other, "point {index}");
    }
    for channel in first.points.channels().chain(second.points.channels()) {
        for index in 0..first.points.len() {
            let value = |track: &Track| track.points.value(index, channel);
            assert_eq!(value(first), value(second), "{channel:?} of {index}");
        }
    }
}

/// All sums must be the same but for what single precision loses.
#[track_caller]
fn same_totals(back: &Totals, expected: &Totals) {
    // Through their names, so that a new one cannot be forgotten: there is no other list of them outside of the crate.
    let Totals {
        elapsed_s,
        timer_s,
        moving_s,
        distance_m,
        ascent_m,
        descent_m,
        calories_kcal,
        average_speed_m_s,
        max_speed_m_s,
        average_hr,
        max_hr,
        average_cadence,
        max_cadence,
        average_power_w,
        max_power_w,
        normalized_power_w,
        cycles,
    } = *expected;
    for (name, back, expected) in [
        ("elapsed", back.elapsed_s, elapsed_s),
        ("timer", back.timer_s, timer_s),
        ("moving", back.moving_s, moving_s),
        ("distance", back.distance_m, distance_m),
        ("ascent", back.ascent_m, ascent_m),
        ("descent", back.descent_m, descent_m),
        ("calories", back.calories_kcal, calories_kcal),
        ("average speed", back.average_speed_m_s, average_speed_m_s),
        ("max speed", back.max_speed_m_s, max_speed_m_s),
        ("average hr", back.average_hr, average_hr),
        ("max hr", back.max_hr, max_hr),
        ("average cadence", back.average_cadence, average_cadence),
        ("max cadence", back.max_cadence, max_cadence),
        ("average power", back.average_power_w, average_power_w),
        ("max power", back.max_power_w, max_power_w),
        ("normalized", back.normalized_power_w, normalized_power_w),
        ("cycles", back.cycles, cycles),
    ] {
        assert!(near(back, expected), "{name}: {back:?}, not {expected:?}");
    }
}

fn fit_totals(said: &Totals) -> Totals {
    let long = |value, scale| field(value, scale, 0.0, LONG);
    let short = |value| field(value, 1.0, 0.0, SHORT);
    let byte = |value| field(value, 1.0, 0.0, BYTE);
    Totals {
        elapsed_s: long(said.elapsed_s, 1000.0),
        timer_s: long(said.timer_s, 1000.0),
        moving_s: long(said.moving_s, 1000.0),
        distance_m: long(said.distance_m, 100.0),
        ascent_m: short(said.ascent_m),
        descent_m: short(said.descent_m),
        calories_kcal: short(said.calories_kcal),
        average_speed_m_s: long(said.average_speed_m_s, 1000.0),
        max_speed_m_s: long(said.max_speed_m_s, 1000.0),
        average_hr: byte(said.average_hr),
        max_hr: byte(said.max_hr),
        average_cadence: turns(said.average_cadence),
        max_cadence: turns(said.max_cadence),
        average_power_w: short(said.average_power_w),
        max_power_w: short(said.max_power_w),
        normalized_power_w: short(said.normalized_power_w),
        cycles: long(said.cycles, 1.0),
    }
}

/// Everything of a FIT file but its points.
#[track_caller]
pub(crate) fn check_fit(track: &Track, back: &Track) {
    let whole = [Session {
        start: track.start,
        totals: Totals {
            elapsed_s: track.elapsed_s,
            timer_s: track.timer_s,
            moving_s: track.moving_s,
            distance_m: track.distance_m,
            ascent_m: track.ascent_m,
            descent_m: track.descent_m,
            ..Totals::default()
        },
        ..Session::default()
    }];
    let sessions = match track.sessions.as_slice() {
        [] => whole.as_slice(),
        own => own,
    };
    assert_eq!(back.sessions.len(), sessions.len());
    for (back, session) in back.sessions.iter().zip(sessions) {
        if session.start.is_some() {
            assert_eq!(second(back.start), second(session.start));
        }
        same_totals(&back.totals, &fit_totals(&session.totals));
        assert!(near(
            back.pool_length_m,
            field(session.pool_length_m, 100.0, 0.0, SHORT)
        ));
    }
    assert_eq!(back.file_laps as usize, track.laps.len());
    for (back, lap) in back.laps.iter().zip(&track.laps) {
        assert_eq!(second(back.start), second(lap.start));
        same_totals(&back.totals, &fit_totals(&lap.totals));
    }
    check_fit_lists(track, back);
}

#[track_caller]
fn check_fit_lists(track: &Track, back: &Track) {
    assert_eq!(back.lengths.len(), track.lengths.len());
    for (back, length) in back.lengths.iter().zip(&track.lengths) {
        let numbers = |length: &Length| {
            [
                length.elapsed_s,
                length.timer_s,
                length.strokes,
                length.average_speed_m_s,
                length.average_cadence,
            ]
        };
        let [elapsed_s, timer_s, strokes, speed, cadence] = numbers(length);
        let expected = [
            field(elapsed_s, 1000.0, 0.0, LONG),
            field(timer_s, 1000.0, 0.0, LONG),
            field(strokes, 1.0, 0.0, SHORT),
            field(speed, 1000.0, 0.0, SHORT),
            field(cadence, 1.0, 0.0, BYTE),
        ];
        for (back, expected) in numbers(back).into_iter().zip(expected) {
            assert!(near(back, expected), "{back:?}, not {expected:?}");
        }
        assert_eq!(second(back.start), second(length.start));
        assert_eq!((back.active, back.stroke), (length.active, length.stroke));
    }
    let events = track.events.iter().map(|event| Event {
        time: floored(event.time),
        data: event.data.filter(|data| *data != u32::MAX),
        ..*event
    });
    assert_eq!(back.events, events.collect::<Vec<_>>());
    let beats = track.beat_intervals_s.iter().filter_map(|beat| {
        let milliseconds = (f64::from(*beat) * 1000.0).round_ties_even();
        (SHORT.0 <= milliseconds && milliseconds <= SHORT.1).then_some(milliseconds)
    });
    let back_beats = back.beat_intervals_s.iter().map(|beat| f64::from(*beat));
    assert!(
        back_beats
            .map(|beat| (beat * 1000.0).round_ties_even())
            .eq(beats)
    );
    assert_eq!(back.developer_fields.len(), track.developer_fields.len());
}

/// Pauses and the developers' own channels of a FIT file, where no points were merged.
#[track_caller]
pub(crate) fn check_fit_points(track: &Track, back: &Track) {
    let own = |track: &Track| -> Vec<Channel> {
        let channels = track.points.channels();
        channels
            .filter(|channel| matches!(channel, Channel::Developer(_)))
            .collect()
    };
    for channel in own(track) {
        for index in 0..track.points.len() {
            let value = |track: &Track| track.points.value(index, channel);
            assert_eq!(value(back), value(track), "{channel:?} of {index}");
        }
    }
    let time = |index: usize| track.points.get(index).and_then(|point| point.time);
    // One that has no moment at all cannot be told.
    let pauses = track.pauses.iter().filter_map(|pause| {
        let from = pause.from.or_else(|| time(pause.before - 1));
        let to = pause.to.or_else(|| time(pause.before));
        Some(Pause {
            before: pause.before,
            from: floored(Some(from.or(to)?)),
            to: floored(Some(to.or(from)?)),
        })
    });
    assert_eq!(back.pauses, pauses.collect::<Vec<_>>());
}

fn floored(time: Option<Timestamp>) -> Option<Timestamp> {
    Timestamp::from_second(second(time)?).ok()
}

/// The pauses that still stand between two kept points of one piece, with the times around them.
#[track_caller]
pub(crate) fn check_xml_pauses(
    track: &Track,
    back: &Track,
    kept: &[usize],
    piece: impl Fn(usize) -> usize,
) {
    let time = |place: usize| track.points.get(kept[place]).and_then(|point| point.time);
    let pauses = track.pauses.iter();
    let places = pauses.map(|pause| kept.partition_point(|index| *index < pause.before));
    let mut places: Vec<_> = places
        .filter(|place| *place > 0 && *place < kept.len())
        .filter(|place| piece(kept[*place]) == piece(kept[place - 1]))
        .collect();
    places.dedup();
    let expected = places.into_iter().map(|before| Pause {
        before,
        from: time(before - 1),
        to: time(before),
    });
    assert_eq!(back.pauses, expected.collect::<Vec<_>>());
}

/// Whether a TCX file tells the sessions apart: all that begins says when, in order.
fn told_apart(track: &Track) -> bool {
    fn sorted(starts: impl Iterator<Item = Option<Timestamp>> + Clone) -> bool {
        starts.clone().all(|start| start.is_some()) && starts.is_sorted()
    }
    let apart = |pair: &[Session; 2]| pair[0].start != pair[1].start;
    track.sessions.len() > 1
        && track.sessions.array_windows().all(apart)
        && sorted(track.sessions.iter().map(|session| session.start))
        && sorted(track.laps.iter().map(|lap| lap.start))
}

fn tcx_totals(said: &Totals) -> Totals {
    let positive = |value: Option<f64>| value.filter(|value| value.is_finite() && *value > 0.0);
    let speed = |value: Option<f64>| value.filter(|value| value.is_finite() && *value >= 0.0);
    let short = |value| whole(value, (0.0, 65_535.0));
    let time = Some(positive(said.timer_s.or(said.elapsed_s)).unwrap_or(0.0));
    Totals {
        elapsed_s: time,
        timer_s: time,
        distance_m: Some(positive(said.distance_m).unwrap_or(0.0)),
        average_hr: whole(said.average_hr, (1.0, 255.0)),
        max_hr: whole(said.max_hr, (1.0, 255.0)),
        average_cadence: whole(said.average_cadence, BYTE),
        max_cadence: whole(said.max_cadence, BYTE),
        average_power_w: short(said.average_power_w),
        max_power_w: short(said.max_power_w),
        average_speed_m_s: speed(said.average_speed_m_s),
        max_speed_m_s: speed(said.max_speed_m_s),
        calories_kcal: positive(short(said.calories_kcal)),
        cycles: short(said.cycles),
        ..Totals::default()
    }
}

/// Of each point the lap that has it: the next one begins with the first point that is not before its start.
fn tcx_laps(track: &Track) -> Vec<usize> {
    let mut lap = 0;
    let laps = track.points.iter().map(|point| {
        let begins = |lap: &usize| {
            let next = track.laps.iter().skip(lap + 1).find_map(|lap| lap.start);
            next.is_some_and(|next| point.time.is_some_and(|time| time >= next))
        };
        while begins(&lap) {
            lap += 1;
        }
        lap
    });
    laps.collect()
}

/// Pauses, laps and sessions of a TCX file that has the points of these indices.
#[track_caller]
pub(crate) fn check_tcx(track: &Track, back: &Track, kept: &[usize]) {
    let told = told_apart(track);
    let sessions = if told { track.sessions.len() } else { 1 };
    assert_eq!(back.sessions.len(), sessions);
    if told {
        return;
    }
    let laps = tcx_laps(track);
    check_xml_pauses(track, back, kept, |index| laps[index]);
    if track.start.is_none() || track.laps.is_empty() {
        return;
    }
    assert_eq!(back.laps.len(), track.laps.len());
    let mut began = track.start;
    for (back, said) in back.laps.iter().zip(&track.laps) {
        began = said.start.or(began);
        let expected = Lap {
            start: began,
            totals: tcx_totals(&said.totals),
        };
        assert_eq!(*back, expected);
    }
}
