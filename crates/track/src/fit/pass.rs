//! The one pass over a part's definition and data messages. Knows the byte structure, and no meaning of messages.

use super::developer::Developer;
use super::facts::Facts;
use super::layout::{Layout, Want};
use super::load::{Load, number};
use super::profile::{OTHER, event, record};
use super::row::Row;
use super::rows::Scattered;
use super::waiting::Waiting;
use crate::budget::Budget;
use crate::outline::Line;

const RECORD: u16 = record::MESSAGE.number;
const EVENT: u16 = event::MESSAGE.number;
/// Records that are read column by column at a time: few enough for the processor's cache.
const MOST_ROWS: usize = 1024;

/// Why a pass ended before the end, and at which byte of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// A message goes on beyond the end.
    Cut(usize),
    /// A data message of a local type that no definition message has described.
    Undefined(usize),
}

/// Reads the messages between two bytes of the file. What was read before a stop is kept.
pub(super) fn run(
    bytes: &[u8],
    start: usize,
    end: usize,
    want: Want,
    budget: &mut Budget,
) -> (Facts, Option<Stop>) {
    let data = bytes.get(..end).unwrap_or(bytes);
    let before = budget.clone();
    let (mut facts, stop) = once(data, start, want, Developer::default(), budget);
    // Some devices use fields of their own before they describe them: then all is read again, knowing the descriptions.
    if facts.developer.came_late() {
        *budget = before;
        return once(data, start, want, facts.developer, budget);
    }
    (facts, stop)
}

fn once(
    data: &[u8],
    start: usize,
    want: Want,
    developer: Developer,
    budget: &mut Budget,
) -> (Facts, Option<Stop>) {
    let mut facts = Facts {
        developer,
        ..Facts::default()
    };
    facts.records.line = (want == Want::Summary).then(Line::default);
    let mut pass = Pass {
        data,
        layouts: [const { None }; 16],
        facts,
        clock: None,
        want,
        budget,
        waiting: Waiting::for_rows(MOST_ROWS),
        waiting_type: 0,
        waiting_last: false,
    };
    let mut at = start;
    let stop = loop {
        if at >= data.len() {
            break None;
        }
        match pass.message(at) {
            Ok(next) => at = next,
            Err(Trouble::Cut) => break Some(Stop::Cut(at)),
            Err(Trouble::Undefined) => break Some(Stop::Undefined(at)),
        }
    };
    pass.take_waiting();
    (pass.facts, stop)
}

enum Trouble {
    Cut,
    Undefined,
}

struct Pass<'b, 'd> {
    data: &'d [u8],
    /// By local type.
    layouts: [Option<Layout>; 16],
    facts: Facts,
    /// The last full timestamp, brought forward by compressed ones.
    clock: Option<u32>,
    want: Want,
    budget: &'b mut Budget,
    /// Where records of one plain layout begin that were seen and not yet read: many are read at once, column by column.
    waiting: Waiting,
    /// Their local type.
    waiting_type: u8,
    /// Whether no message after them has had a timestamp.
    waiting_last: bool,
}

impl Pass<'_, '_> {
    /// Reads the message at a byte; gives where the next one begins.
    #[inline]
    fn message(&mut self, at: usize) -> Result<usize, Trouble> {
        let data = self.data;
        let rest = data.get(at..).unwrap_or_default();
        let (&header, content) = rest.split_first().ok_or(Trouble::Cut)?;
        // Bit 7: a data message with a compressed timestamp. Bit 6: a definition; bit 5: with developer fields.
        let length = match header {
            0x80.. => self.data((header >> 5) & 3, Some(header & 31), content)?,
            0x40..0x80 => self.definition(header, content)?,
            _ => {
                let local = header & 15;
                let layout = self.layouts.get(usize::from(local));
                let layout = layout.and_then(Option::as_ref).ok_or(Trouble::Undefined)?;
                if layout.plain {
                    let size = layout.size;
                    return self.wait(at, header, size);
                }
                self.data(local, None, content)?
            }
        };
        Ok(at + length)
    }

    fn definition(&mut self, header: u8, content: &[u8]) -> Result<usize, Trouble> {
        if header & 15 == self.waiting_type {
            self.take_waiting();
        }
        let facts = &mut self.facts;
        let parsed = Layout::parse(content, header & 0x20 != 0, &mut facts.developer, self.want);
        let (layout, length) = parsed.ok_or(Trouble::Cut)?;
        let records = &mut facts.records;
        if layout.message.number == record::MESSAGE.number && records.file_points == 0 {
            // About what will come if the rest of the file is records; what is too much is given back at the end.
            let most = (content.len() / (layout.size + 1)).min(content.len() / 16);
            records.expect(most, content.len());
        }
        if let Some(place) = self.layouts.get_mut(usize::from(header & 15)) {
            *place = Some(layout);
        }
        Ok(1 + length)
    }

    /// Lets a record of a plain layout wait, and those that follow it at once; gives where the next message begins.
    #[inline]
    fn wait(&mut self, at: usize, header: u8, size: usize) -> Result<usize, Trouble> {
        let local = header & 15;
        if local != self.waiting_type || self.waiting.len() >= MOST_ROWS {
            self.take_waiting();
            self.waiting_type = local;
        }
        let (mut next, mut rows) = (at, self.waiting.len());
        while self.data.get(next) == Some(&header) && rows < MOST_ROWS {
            if self.data.len() - next <= size {
                break;
            }
            rows += 1;
            next += size + 1;
        }
        if next == at {
            return Err(Trouble::Cut);
        }
        let more = rows - self.waiting.len();
        self.waiting.add(at, more, size + 1);
        self.waiting_last = true;
        Ok(next)
    }

    /// Reads the records that wait.
    fn take_waiting(&mut self) {
        let layout = self.layouts.get(usize::from(self.waiting_type));
        let Some(layout) = layout.and_then(Option::as_ref).filter(|each| each.plain) else {
            return;
        };
        if self.waiting.len() == 0 {
            return;
        }
        let clock = self.clock_of_waiting();
        self.clock = clock.or(self.clock);
        self.facts.messages += self.waiting.len() as u64;
        let records = &mut self.facts.records;
        match self.waiting.contiguous(self.data, layout.size + 1) {
            Some(rows) => records.run(layout, rows, self.budget),
            None => {
                let rows = Scattered::of(self.data, self.waiting.starts());
                records.run(layout, rows, self.budget);
            }
        }
        self.waiting.clear();
    }

    /// The time of the last record that waits, if no later message has had one.
    fn clock_of_waiting(&self) -> Option<u32> {
        let layout = self.layouts.get(usize::from(self.waiting_type));
        let layout = layout
            .and_then(Option::as_ref)
            .filter(|_| self.waiting_last)?;
        let times = self.waiting.backwards(layout.size + 1).map(|start| {
            let content = self.data.get(start + 1..start + 1 + layout.size)?;
            stamp(layout, content)
        });
        times.flatten().next()
    }

    fn data(&mut self, local: u8, seconds: Option<u8>, content: &[u8]) -> Result<usize, Trouble> {
        let layout = self.layouts.get(usize::from(local));
        let layout = layout.and_then(Option::as_ref).ok_or(Trouble::Undefined)?;
        let size = layout.size;
        let content = content.get(..size).ok_or(Trouble::Cut)?;
        let number = layout.message.number;
        // Records keep their order, and an event of the timer lies between two points.
        let ordered = || match number {
            RECORD => true,
            EVENT => Facts::is_of_timer(&Row::new(layout, content)),
            _ => false,
        };
        if self.waiting.len() > 0 && (seconds.is_some() || ordered()) {
            self.take_waiting();
        }
        let Some(layout) = self
            .layouts
            .get(usize::from(local))
            .and_then(Option::as_ref)
        else {
            return Err(Trouble::Undefined);
        };
        let compressed = seconds
            .zip(self.clock)
            .map(|(seconds, clock)| forward(clock, u32::from(seconds)));
        let time = stamp(layout, content).or(compressed);
        if time.is_some() {
            self.clock = time;
            self.waiting_last = false;
        }
        self.facts.messages += 1;
        if number != OTHER.number {
            let row = Row::new(layout, content);
            if number == RECORD {
                self.facts.records.one(&row, time, self.budget);
            } else {
                self.facts.take(number, &row, time, self.budget);
            }
        }
        Ok(1 + size)
    }
}

/// A message's own timestamp.
#[inline]
fn stamp(layout: &Layout, content: &[u8]) -> Option<u32> {
    // Slot 0 is the timestamp in every message of the table.
    let step = layout.step(0)?;
    let bytes = content.get(step.at..)?;
    if let (Load::Uint32 { absent }, false) = (step.load, layout.big_endian) {
        // Nearly every message has its time so.
        let time = u32::from_le_bytes(*bytes.first_chunk()?);
        return Some(time).filter(|time| *time != absent);
    }
    let value = number(bytes, step.load, layout.big_endian)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float that doesn't fit saturates and fails the range"
    )]
    u32::try_from(value as i64).ok()
}

/// The next moment whose last five bits are these.
fn forward(clock: u32, seconds: u32) -> u32 {
    clock.wrapping_add(seconds.wrapping_sub(clock) & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], end: usize) -> (Facts, Option<Stop>) {
        run(
            bytes,
            0,
            end,
            Want::Everything,
            &mut Budget::of(bytes.len()),
        )
    }

    #[test]
    fn compressed_times_roll_over() {
        for (clock, seconds, expected) in [
            (64, 5, 69),
            (69, 5, 69),
            (69, 4, 100),
            (95, 31, 95),
            (95, 0, 96),
        ] {
            assert_eq!(forward(clock, seconds), expected, "{clock} {seconds}");
        }
    }

    const DEFINITION: [u8; 12] = [0x40, 0, 0, 20, 0, 2, 253, 4, 0x86, 3, 1, 2];

    fn rates(facts: &Facts) -> Vec<Option<f64>> {
        let points = facts.records.points.iter();
        points.map(|point| point.heart_rate_bpm).collect()
    }

    #[test]
    fn a_type_can_be_defined_again() {
        let mut bytes = DEFINITION.to_vec();
        bytes.extend([0, 1, 0, 0, 0x20, 100]);
        bytes.extend([
            0x40, 0, 0, 20, 0, 1, 3, 1, 2, 0, 101, 0x40, 0, 0, 20, 0, 0, 0,
        ]);
        let (facts, stop) = read(&bytes, bytes.len());
        assert_eq!((stop, facts.records.file_points), (None, 3));
        // The last one is counted, but it says nothing.
        assert_eq!(rates(&facts), [Some(100.0), Some(101.0)]);
    }

    #[test]
    fn one_moment_told_in_two_records_is_one_point() {
        let mut bytes = DEFINITION.to_vec();
        for (second, rate) in [(1, 100), (2, 255), (2, 102), (3, 103), (3, 104)] {
            bytes.extend([0, second, 0, 0, 0x20, rate]);
        }
        let (facts, _) = read(&bytes, bytes.len());
        assert_eq!(facts.records.file_points, 5);
        assert_eq!(rates(&facts), [Some(100.0), Some(102.0), Some(104.0)]);
    }

    #[test]
    fn developer_fields_are_read_even_before_they_are_described() {
        let mut bytes = vec![
            0x60, 0, 0, 20, 0, 1, 3, 1, 2, 1, 3, 2, 0, 0, 100, 9, 0, 0, 101, 8, 1,
        ];
        let (facts, stop) = read(&bytes, bytes.len());
        assert_eq!((stop, facts.records.points.channels().count()), (None, 0));
        // index 0, number 3, a uint16
        bytes.extend([
            0x41, 0, 0, 206, 0, 3, 0, 1, 2, 1, 1, 2, 2, 1, 2, 1, 0, 3, 0x84,
        ]);
        let (facts, stop) = read(&bytes, bytes.len());
        let points = &facts.records.points;
        let channel = points.channels().next().unwrap();
        assert_eq!((stop, facts.records.file_points), (None, 2));
        assert_eq!(
            (points.value(0, channel), points.value(1, channel)),
            (Some(9.0), Some(264.0))
        );
    }

    #[test]
    fn stops_keep_what_was_read() {
        let mut bytes = DEFINITION.to_vec();
        bytes.extend([0, 1, 0, 0, 0x20, 100, 5, 0]);
        let (facts, stop) = read(&bytes, bytes.len());
        assert_eq!(
            (stop, facts.records.file_points),
            (Some(Stop::Undefined(18)), 1)
        );
        let (facts, stop) = read(&bytes, 16);
        assert_eq!((stop, facts.records.file_points), (Some(Stop::Cut(12)), 0));
    }

    #[test]
    fn a_file_cannot_take_much_more_memory_than_it_is_long() {
        // Every column once, then as many records of one byte that have nothing but a heart rate.
        let mut bytes = vec![0x40, 0, 0, 20, 0, 60];
        for number in 0..60 {
            bytes.extend([number, 1, 2]);
        }
        bytes.push(0);
        bytes.extend([7; 60]);
        bytes.extend([0x41, 0, 0, 20, 0, 1, 3, 1, 2]);
        for _ in 0..1_000_000 {
            bytes.extend([1, 100]);
        }
        let (facts, _) = read(&bytes, bytes.len());
        let points = &facts.records.points;
        assert!(points.width() * points.len() <= 10 * bytes.len() + (3 << 20));
        assert_eq!(facts.records.file_points, 1_000_001);
        assert!(facts.records.passed_over > 0);
    }
}
