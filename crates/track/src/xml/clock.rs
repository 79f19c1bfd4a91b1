//! The times of a track as they come: first, span, and the span without the gaps between segments. Knows no file format.

use jiff::Timestamp;

use super::{Moment, Zone, moment};
use crate::Skipped;

/// What is said of times without a zone.
const NO_ZONE: &str = "Times without a time zone were taken as UTC";
/// What is said of times that are none.
const NO_TIME: &str = "Times that cannot be read were left out";

/// Times in milliseconds since 1970: first and last in the file's order, and the extremes.
#[derive(Clone, Copy)]
struct Span {
    first: i64,
    last: i64,
    earliest: i64,
    latest: i64,
}

impl Span {
    #[inline]
    fn add(span: &mut Option<Span>, time: i64) {
        match span {
            Some(span) => {
                span.last = time;
                span.earliest = span.earliest.min(time);
                span.latest = span.latest.max(time);
            }
            None => {
                *span = Some(Span {
                    first: time,
                    last: time,
                    earliest: time,
                    latest: time,
                })
            }
        }
    }

    /// From first to last; of a file written backwards from the earliest to the latest.
    fn length(self) -> i64 {
        if self.last >= self.first {
            self.last - self.first
        } else {
            self.latest - self.earliest
        }
    }
}

/// Collects the times of one track.
#[derive(Default)]
pub(crate) struct Clock {
    start: Option<Timestamp>,
    whole: Option<Span>,
    segment: Option<Span>,
    in_segments: i64,
}

impl Clock {
    /// Takes the time of a point: the answer is in milliseconds since 1970. A time without zone or without sense is noted.
    #[inline]
    pub(crate) fn add(&mut self, text: &str, at: usize, notes: &mut Vec<Skipped>) -> Option<i64> {
        let moment = read(text, at, notes)?;
        let time = moment.milliseconds();
        if self.whole.is_none() {
            self.start = moment.timestamp();
        }
        Span::add(&mut self.whole, time);
        Span::add(&mut self.segment, time);
        Some(time)
    }

    /// The next time begins a new segment: what lies between is no time on the move.
    pub(crate) fn lift(&mut self) {
        if let Some(segment) = self.segment.take() {
            self.in_segments += segment.length();
        }
    }

    /// The first time, with all its digits.
    pub(crate) fn start(&self) -> Option<Timestamp> {
        self.start
    }

    /// Seconds from the first to the last time.
    pub(crate) fn elapsed_s(&self) -> Option<f64> {
        self.whole.map(|whole| seconds(whole.length()))
    }

    /// The sum of all segments' own spans, in seconds; never more than the whole.
    pub(crate) fn timer_s(&self) -> Option<f64> {
        let open = self.segment.map_or(0, Span::length);
        self.whole
            .map(|whole| seconds((self.in_segments + open).min(whole.length())))
    }
}

/// Reads a time; one without zone or without sense is noted, an empty element is as good as none.
#[inline]
pub(crate) fn read(text: &str, at: usize, notes: &mut Vec<Skipped>) -> Option<Moment> {
    let Some(moment) = moment(text) else {
        if !text.trim_ascii().is_empty() {
            Skipped::add(notes, NO_TIME, at);
        }
        return None;
    };
    if moment.zone == Zone::Unsaid {
        Skipped::add(notes, NO_ZONE, at);
    }
    Some(moment)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a file's times span less than 285,000 years"
)]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_between_segments_are_no_timer_time() {
        let (mut clock, mut notes) = (Clock::default(), Vec::new());
        for text in ["2021-09-09T10:00:00Z", "2021-09-09T10:01:00.500Z"] {
            clock.add(text, 0, &mut notes);
        }
        clock.lift();
        clock.add("2021-09-09T10:10:00", 7, &mut notes);
        clock.add("2021-09-09T10:10:30Z", 9, &mut notes);
        assert_eq!(
            (clock.elapsed_s(), clock.timer_s()),
            (Some(630.0), Some(90.5))
        );
        assert_eq!(clock.start(), "2021-09-09T10:00:00Z".parse().ok());
        assert_eq!(notes, [Skipped::at(NO_ZONE, 7)]);
    }

    #[test]
    fn times_out_of_order() {
        let elapsed = |texts: [&str; 3]| {
            let (mut clock, mut notes) = (Clock::default(), Vec::new());
            for text in texts {
                clock.add(&format!("2021-09-09T{text}Z"), 0, &mut notes);
            }
            (clock.elapsed_s(), clock.timer_s())
        };
        assert_eq!(
            elapsed(["10:00:00", "12:00:00", "11:00:00"]),
            (Some(3600.0), Some(3600.0))
        );
        assert_eq!(
            elapsed(["12:00:00", "11:00:00", "10:00:00"]),
            (Some(7200.0), Some(7200.0))
        );
    }

    #[test]
    fn no_times_is_no_duration() {
        let (mut clock, mut notes) = (Clock::default(), Vec::new());
        assert_eq!(clock.add("", 3, &mut notes), None);
        assert!(notes.is_empty());
        assert_eq!(clock.add("yesterday", 3, &mut notes), None);
        assert_eq!(
            (clock.elapsed_s(), clock.timer_s(), clock.start()),
            (None, None, None)
        );
        assert_eq!(notes, [Skipped::at(NO_TIME, 3)]);
    }
}
