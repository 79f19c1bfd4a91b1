//! Heart rates that a belt kept while its watch could not hear it, under water: FIT's `hr` messages. Knows no other message.

use super::facts::milliseconds;
use super::profile::hr;
use super::records::Accumulator;
use super::row::Row;
use crate::Points;
use crate::budget::Budget;

/// Ticks of the belt's clock in a second.
const TICKS: f64 = 1024.0;
/// Bits of that clock in `event_timestamp_12`.
const BITS: u32 = 12;

/// One heart rate of the belt.
#[derive(Clone, Copy, Debug)]
struct Beat {
    /// Milliseconds since 1970.
    time_ms: i64,
    rate: f32,
}

/// What the `hr` messages of a file say.
#[derive(Debug, Default)]
pub(super) struct Heart {
    beats: Vec<Beat>,
    /// A moment by the calendar, in milliseconds since 1970, and the belt's clock in ticks at that moment.
    anchor: Option<(i64, u64)>,
    clock: Accumulator,
}

impl Heart {
    /// Takes an `hr` message. `time` is its own time in FIT seconds.
    pub(super) fn take(&mut self, row: &Row, time: Option<u32>, budget: &mut Budget) {
        let mut ticks: Vec<u64> = Vec::new();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an unsigned 32-bit field, in its own ticks"
        )]
        for stamp in row.array(hr::event_timestamp).flatten() {
            let whole = (stamp * TICKS) as u64;
            self.clock = Accumulator::at(whole);
            ticks.push(whole);
        }
        if let (Some(time), Some(first)) = (time, ticks.first()) {
            let fraction = row.get(hr::fractional_timestamp).unwrap_or(0.0);
            #[expect(clippy::cast_possible_truncation, reason = "below a second")]
            let begun = milliseconds(time) + (fraction * 1000.0) as i64;
            self.anchor = Some((begun, *first));
        }
        // Two stamps of twelve bits in three bytes, low bits first.
        let packed = row.bytes(hr::event_timestamp_12).unwrap_or_default();
        for &[low, middle, high] in packed.as_chunks::<3>().0 {
            let pair = u32::from_le_bytes([low, middle, high, 0]);
            for stamp in [pair & 0xFFF, pair >> BITS] {
                ticks.push(self.clock.add(stamp, BITS));
            }
        }
        let Some((begun, origin)) = self.anchor else {
            return;
        };
        for (tick, rate) in ticks.into_iter().zip(row.array(hr::filtered_bpm)) {
            let Some(rate) = rate.filter(|rate| *rate > 0.0) else {
                continue;
            };
            let after = tick.saturating_sub(origin).saturating_mul(1000) / 1024;
            let time_ms = begun.saturating_add(i64::try_from(after).unwrap_or(i64::MAX));
            #[expect(clippy::cast_possible_truncation, reason = "a byte")]
            let rate = rate as f32;
            if budget.takes::<[Beat; 2]>() {
                self.beats.push(Beat { time_ms, rate });
            }
        }
    }

    /// Gives each point without a heart rate the mean of the beats since the point before.
    pub(super) fn fill(&mut self, points: &mut Points) {
        if self.beats.is_empty() {
            return;
        }
        self.beats.sort_by_key(|beat| beat.time_ms);
        let length = points.length;
        let mut before: Option<i64> = None;
        for index in 0..length {
            let Some(now) = points.time.get(index) else {
                continue;
            };
            let since = before.unwrap_or(now - 1000);
            before = Some(now);
            if points.heart_rate.get(index).is_some() {
                continue;
            }
            let first = self.beats.partition_point(|beat| beat.time_ms <= since);
            let last = self.beats.partition_point(|beat| beat.time_ms <= now);
            let heard = self.beats.get(first..last).unwrap_or_default();
            if heard.is_empty() {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "a few beats")]
            let mean = heard.iter().map(|beat| beat.rate).sum::<f32>() / heard.len() as f32;
            points.heart_rate.set(length, index, mean.round());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::developer::Developer;
    use super::super::layout::{Layout, Want};
    use super::*;
    use crate::Point;
    use jiff::Timestamp;

    #[test]
    fn beats_of_a_belt_fill_the_points() {
        let definition = [
            0, 0, 132, 0, 4, 253, 4, 0x86, 9, 4, 0x86, 10, 3, 0x0D, 6, 3, 2,
        ];
        let mut developer = Developer::default();
        let (layout, _) =
            Layout::parse(&definition, false, &mut developer, Want::Everything).unwrap();
        let mut heart = Heart::default();
        let mut data = 1_000_000_000u32.to_le_bytes().to_vec();
        data.extend(4000u32.to_le_bytes()); // 96 ticks before the twelve bits start again
        data.extend([0x10, 0x10, 0x40]); // 0x010 and 0x401: 112 and 1,121 ticks later
        data.extend([100, 110, 130]);
        heart.take(
            &Row::new(&layout, &data),
            Some(1_000_000_000),
            &mut Budget::of(0),
        );
        let start = milliseconds(1_000_000_000);
        let point = |second: i64, rate: Option<f64>| Point {
            time: Timestamp::from_millisecond(start + second * 1000).ok(),
            heart_rate_bpm: rate,
            ..Point::default()
        };
        let mut points: Points = [
            point(0, None),
            point(1, None),
            point(2, Some(99.0)),
            point(3, None),
        ]
        .into_iter()
        .collect();
        heart.fill(&mut points);
        let rates: Vec<_> = points.iter().map(|point| point.heart_rate_bpm).collect();
        assert_eq!(rates, [Some(100.0), Some(110.0), Some(99.0), None]);
    }
}
