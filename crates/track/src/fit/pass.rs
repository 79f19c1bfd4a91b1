//! The one pass over a part's definition and data messages. Knows the byte structure, and no meaning of messages.

use super::facts::Facts;
use super::layout::Layout;
use super::profile::record::MESSAGE as RECORD;

/// Why a pass ended before the end, and at which byte of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// A message goes on beyond the end.
    Cut(usize),
    /// A data message of a local type that no definition message has described.
    Undefined(usize),
}

/// For each byte of the file points take so many at most: a record may be of one byte, and its point has all the columns that
/// another has begun. Real files stay below 10; a growing column may for a moment take twice of what it holds.
const BYTES_A_BYTE: usize = 14;

/// Reads the messages between two bytes of the file. What was read before a stop is kept.
pub(super) fn run(bytes: &[u8], start: usize, end: usize) -> (Facts, Option<Stop>) {
    let mut pass = Pass {
        layouts: [const { None }; 16],
        facts: Facts::default(),
        clock: None,
    };
    pass.facts.most_bytes = end.saturating_sub(start).saturating_mul(BYTES_A_BYTE);
    let data = bytes.get(..end).unwrap_or(bytes);
    let mut at = start;
    while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
        match pass.message(rest) {
            Ok(length) => at += length,
            Err(Trouble::Cut) => return (pass.facts, Some(Stop::Cut(at))),
            Err(Trouble::Undefined) => return (pass.facts, Some(Stop::Undefined(at))),
        }
    }
    (pass.facts, None)
}

enum Trouble {
    Cut,
    Undefined,
}

struct Pass {
    /// By local type.
    layouts: [Option<Layout>; 16],
    facts: Facts,
    /// The last full timestamp, brought forward by compressed ones.
    clock: Option<u32>,
}

impl Pass {
    /// Reads one message; gives its length with its header byte.
    #[inline]
    fn message(&mut self, rest: &[u8]) -> Result<usize, Trouble> {
        let (&header, content) = rest.split_first().ok_or(Trouble::Cut)?;
        // Bit 7: a data message with a compressed timestamp. Bit 6: a definition; bit 5: with developer fields.
        let (local, seconds) = match header {
            0x80.. => ((header >> 5) & 3, Some(header & 31)),
            0x40..0x80 => return self.definition(header, content),
            _ => (header & 15, None),
        };
        self.data(local, seconds, content)
    }

    fn definition(&mut self, header: u8, content: &[u8]) -> Result<usize, Trouble> {
        let (layout, length) = Layout::parse(content, header & 0x20 != 0).ok_or(Trouble::Cut)?;
        if layout.message.number == RECORD.number && self.facts.file_points == 0 {
            // About what will come if the rest of the file is records; what is too much is given back at the end.
            self.facts
                .points
                .expect((content.len() / (layout.size + 1)).min(content.len() / 16));
        }
        if let Some(place) = self.layouts.get_mut(usize::from(header & 15)) {
            *place = Some(layout);
        }
        Ok(1 + length)
    }

    #[inline]
    fn data(&mut self, local: u8, seconds: Option<u8>, content: &[u8]) -> Result<usize, Trouble> {
        let layout = self
            .layouts
            .get(usize::from(local))
            .and_then(Option::as_ref)
            .ok_or(Trouble::Undefined)?;
        let content = content.get(..layout.size).ok_or(Trouble::Cut)?;
        let row = layout.row(content);
        // Slot 0 is the timestamp in every message of the table.
        let mut time = row.whole(0);
        if let Some(seconds) = seconds {
            time = time.or(self.clock.map(|clock| forward(clock, u32::from(seconds))));
        }
        self.clock = time.or(self.clock);
        self.facts.take(layout.message, &row, time);
        Ok(1 + layout.size)
    }
}

/// The next moment whose last five bits are these.
fn forward(clock: u32, seconds: u32) -> u32 {
    clock.wrapping_add(seconds.wrapping_sub(clock) & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_type_can_be_defined_again() {
        let mut bytes = DEFINITION.to_vec();
        bytes.extend([0, 1, 0, 0, 0x20, 100]);
        bytes.extend([
            0x40, 0, 0, 20, 0, 1, 3, 1, 2, 0, 101, 0x40, 0, 0, 20, 0, 0, 0,
        ]);
        let (facts, stop) = run(&bytes, 0, bytes.len());
        assert_eq!((stop, facts.file_points), (None, 3));
        let rates: Vec<_> = facts
            .points
            .iter()
            .map(|point| point.heart_rate_bpm)
            .collect();
        assert_eq!(rates, [Some(100.0), Some(101.0), None]);
    }

    #[test]
    fn developer_fields_are_stepped_over() {
        let bytes = [
            0x60, 0, 0, 20, 0, 1, 3, 1, 2, 1, 3, 2, 0, 0, 100, 9, 9, 0, 101, 9, 9,
        ];
        let (facts, stop) = run(&bytes, 0, bytes.len());
        assert_eq!((stop, facts.file_points), (None, 2));
    }

    #[test]
    fn stops_keep_what_was_read() {
        let mut bytes = DEFINITION.to_vec();
        bytes.extend([0, 1, 0, 0, 0x20, 100, 5, 0]);
        let (facts, stop) = run(&bytes, 0, bytes.len());
        assert_eq!((stop, facts.file_points), (Some(Stop::Undefined(18)), 1));
        let (facts, stop) = run(&bytes, 0, 16);
        assert_eq!((stop, facts.file_points), (Some(Stop::Cut(12)), 0));
    }
}
