//! Gaps between the segments of an XML track as pauses between its points. Knows no file format.

use jiff::Timestamp;

use crate::{Pause, Track};

/// The next point begins a new segment.
pub(crate) fn open(track: &mut Track) {
    let before = track.points.len();
    // A segment at the very beginning, and one behind an empty one, are no pause.
    if before > 0 && track.pauses.last().is_none_or(|last| last.before < before) {
        track.pauses.push(Pause {
            before,
            from: None,
            to: None,
        });
    }
}

/// After the last point: gives each pause the times of the points around it, and drops one that nothing follows.
pub(crate) fn close(track: &mut Track) {
    let points = &track.points;
    track.pauses.retain(|pause| pause.before < points.len());
    let time = |index: usize| {
        let time = points.time.get(index)?;
        Timestamp::from_millisecond(time).ok()
    };
    for pause in &mut track.pauses {
        pause.from = pause.before.checked_sub(1).and_then(time);
        pause.to = time(pause.before);
    }
}

/// How many pauses have moments of their own: other ones than the points around them.
pub(crate) fn own_moments(track: &Track) -> usize {
    let time = |index: usize| track.points.time.get(index);
    let differs = |own: Option<Timestamp>, index: Option<usize>| {
        own.is_some_and(|own| index.and_then(time) != Some(own.as_millisecond()))
    };
    let pauses = track.pauses.iter().filter(|pause| {
        differs(pause.from, pause.before.checked_sub(1)) || differs(pause.to, Some(pause.before))
    });
    pauses.count()
}
