//! What a recording says besides its points, which formats that hold nothing but points leave out. Knows none of them.

use crate::Track;
use crate::left_out::{Item, LeftOut};

/// Counts everything that stands beside the points.
pub(crate) fn add(track: &Track, left_out: &mut LeftOut) {
    // One lap or session is the whole activity.
    let several = |count: usize| if count > 1 { count } else { 0 };
    for (item, count) in [
        (Item("laps", "lap", "laps"), several(track.laps.len())),
        (
            Item("sessions", "session", "sessions"),
            several(track.sessions.len()),
        ),
    ] {
        left_out.add(item, count);
    }
    add_without_laps(track, left_out);
}

/// Counts the same but laps and sessions.
pub(crate) fn add_without_laps(track: &Track, left_out: &mut LeftOut) {
    // Device 0 is the one that recorded.
    let sensors = track.devices.iter().filter(|each| each.index != Some(0));
    for (item, count) in [
        (
            Item("pool lengths", "length", "lengths"),
            track.lengths.len(),
        ),
        (Item("events", "event", "events"), track.events.len()),
        (
            Item("times between heart beats", "time", "times"),
            track.beat_intervals_s.len(),
        ),
        (Item("sensors", "sensor", "sensors"), sensors.count()),
    ] {
        left_out.add(item, count);
    }
}
