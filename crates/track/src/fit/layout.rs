//! What a definition message says about the data messages after it: where each wanted field lies, and how to load it.
//! Knows no meaning of messages.

use super::channels;
use super::developer::Developer;
use super::load::{Load, load};
use super::profile::{self, Message, SLOTS, record};
use crate::Channel;

/// One wanted field: where it lies in the data message, how to load it, and where it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) at: usize,
    pub(super) size: usize,
    pub(super) load: Load,
    pub(super) slot: usize,
    pub(super) scale: f64,
    pub(super) offset: f64,
}

/// One field of a record that goes into a channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChannelStep {
    pub(super) step: Step,
    pub(super) channel: Channel,
}

/// The layout of the data messages of one local type.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) message: &'static Message,
    /// Bytes of a data message, without its header.
    pub(super) size: usize,
    pub(super) big_endian: bool,
    pub(super) steps: Vec<Step>,
    pub(super) channels: Vec<ChannelStep>,
    /// By slot: the step that fills it, counted from 1; 0 is none.
    by_slot: [u8; SLOTS],
    /// Whether a run of these records can be read column by column: each slot has one field, and no field depends on the
    /// record before.
    pub(super) plain: bool,
}

/// Which of the fields are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Everything,
    /// Only what a list of activities shows: of records the time and the place.
    Summary,
}

/// The record fields that a summary reads.
const SUMMARY: [usize; 3] = [
    record::timestamp,
    record::position_lat,
    record::position_long,
];

/// Messages that a summary leaves out.
const IN_NO_SUMMARY: [u16; 6] = [
    profile::device_info::MESSAGE.number,
    profile::hrv::MESSAGE.number,
    profile::length::MESSAGE.number,
    profile::hr::MESSAGE.number,
    profile::field_description::MESSAGE.number,
    profile::developer_data_id::MESSAGE.number,
];

/// Record fields whose value depends on the record before.
const CUMULATIVE: [usize; 3] = [
    record::compressed_speed_distance,
    record::cycles,
    record::compressed_accumulated_power,
];

impl Layout {
    /// Reads a definition message's content behind its header byte; gives its length, too. `None` if it is cut off.
    pub(super) fn parse(
        bytes: &[u8],
        with_developer_fields: bool,
        developer: &mut Developer,
        want: Want,
    ) -> Option<(Layout, usize)> {
        let &[_, order, first, second, count, ..] = bytes else {
            return None;
        };
        let big_endian = order & 1 == 1;
        let number = if big_endian {
            [second, first]
        } else {
            [first, second]
        };
        let message = match profile::message(u16::from_le_bytes(number)) {
            message if want == Want::Summary && IN_NO_SUMMARY.contains(&message.number) => {
                &profile::OTHER
            }
            message => message,
        };
        let mut length = 5 + 3 * usize::from(count);
        let (fields, _) = bytes.get(5..length)?.as_chunks::<3>();
        let mut layout = Layout {
            message,
            size: 0,
            big_endian,
            steps: Vec::new(),
            channels: Vec::new(),
            by_slot: [0; SLOTS],
            plain: message.number == record::MESSAGE.number,
        };
        for &[number, size, base] in fields {
            layout.add(number, usize::from(size), base, want);
        }
        if with_developer_fields {
            let count = usize::from(*bytes.get(length)?);
            let fields = bytes.get(length + 1..length + 1 + 3 * count)?;
            for &[number, size, index] in fields.as_chunks::<3>().0 {
                layout.add_developer(number, usize::from(size), index, developer, want);
            }
            length += 1 + 3 * count;
        }
        layout.judge();
        Some((layout, length))
    }

    fn is_record(&self) -> bool {
        self.message.number == record::MESSAGE.number
    }

    fn add(&mut self, number: u8, size: usize, base: u8, want: Want) {
        let at = self.size;
        self.size += size;
        let known = self
            .message
            .fields
            .iter()
            .enumerate()
            .find(|(_, field)| field.number == number);
        if let Some((slot, field)) = known {
            if want == Want::Summary && self.is_record() && !SUMMARY.contains(&slot) {
                return;
            }
            if let Some(load) = load(field.base, base, size) {
                let (scale, offset) = (field.scale, field.offset);
                self.put(Step {
                    at,
                    size,
                    load,
                    slot,
                    scale,
                    offset,
                });
            }
        } else if let Some(known) = channels::field(number).filter(|_| self.is_record()) {
            let field = &known.field;
            if want == Want::Everything
                && let Some(load) = load(field.base, base, size)
            {
                let step = Step {
                    at,
                    size,
                    load,
                    slot: 0,
                    scale: field.scale,
                    offset: field.offset,
                };
                let channel = known.channel;
                self.channels.push(ChannelStep { step, channel });
            }
        }
    }

    fn put(&mut self, step: Step) {
        self.steps.push(step);
        let number = u8::try_from(self.steps.len()).unwrap_or(u8::MAX);
        if let Some(place) = self.by_slot.get_mut(step.slot) {
            // A slot that is filled twice: only a look at each record tells which value stays.
            self.plain &= *place == 0;
            *place = number;
        }
    }

    /// A developer field is named by its description, not by its number here: none of them is a profile field.
    fn add_developer(
        &mut self,
        number: u8,
        size: usize,
        index: u8,
        developer: &mut Developer,
        want: Want,
    ) {
        let at = self.size;
        self.size += size;
        if want == Want::Summary || !self.is_record() {
            return;
        }
        let Some((channel, described)) = developer.find(index, number) else {
            return;
        };
        if let Some(load) = described.load(size) {
            let step = Step {
                at,
                size,
                load,
                slot: 0,
                scale: described.scale,
                offset: described.offset,
            };
            self.channels.push(ChannelStep { step, channel });
        }
    }

    /// Decides whether runs of these records can be read column by column.
    fn judge(&mut self) {
        let load = |slot: usize| self.step(slot).map(|step| step.load);
        let place = (load(record::position_lat), load(record::position_long));
        let time = load(record::timestamp);
        let usual = matches!(
            place,
            (None, None) | (Some(Load::Sint32), Some(Load::Sint32))
        ) && matches!(time, None | Some(Load::Uint32 { .. }));
        let cumulative = CUMULATIVE.iter().any(|slot| self.step(*slot).is_some());
        // In the points' order; of several fields for one channel the last in the file stays the last.
        self.channels.sort_by_key(|each| each.channel);
        let twice = self
            .channels
            .array_windows()
            .any(|[one, next]| one.channel == next.channel);
        self.plain &= self.size > 0 && usual && !cumulative && !twice;
    }

    /// The step that fills a slot; of several the last.
    #[inline]
    pub(super) fn step(&self, slot: usize) -> Option<&Step> {
        let number = usize::from(*self.by_slot.get(slot)?);
        self.steps.get(number.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::row::Row;

    fn layout(bytes: &[u8]) -> Layout {
        let mut developer = Developer::default();
        let (layout, length) =
            Layout::parse(bytes, false, &mut developer, Want::Everything).unwrap();
        assert_eq!(length, bytes.len());
        layout
    }

    #[test]
    fn both_byte_orders() {
        let little = layout(&[0, 0, 20, 0, 2, 253, 4, 0x86, 7, 2, 0x84]);
        assert!(little.plain);
        let row = Row::new(&little, &[1, 0, 0, 0, 44, 1]);
        assert_eq!(row.get(record::power), Some(300.0));
        let big = layout(&[0, 1, 0, 20, 2, 253, 4, 0x86, 7, 2, 0x84]);
        let row = Row::new(&big, &[0, 0, 0, 1, 1, 44]);
        assert_eq!(
            (row.get(record::timestamp), row.get(record::power)),
            (Some(1.0), Some(300.0))
        );
        let row = Row::new(&big, &[0, 0, 0, 1, 255, 255]);
        assert_eq!(row.get(record::power), None);
    }

    #[test]
    fn odd_fields_only_count_by_their_size() {
        // power as a uint16 of one byte, an unknown base type, an unknown field, then a heart rate
        let odd = layout(&[
            0, 0, 20, 0, 4, 7, 1, 0x84, 5, 3, 0x55, 200, 2, 0x84, 3, 1, 2,
        ]);
        let row = Row::new(&odd, &[9, 1, 2, 3, 4, 5, 120]);
        assert_eq!(odd.size, 7);
        assert_eq!(
            (row.get(record::power), row.get(record::heart_rate)),
            (None, Some(120.0))
        );
    }

    #[test]
    fn totals_are_never_below_zero() {
        use profile::session::total_distance;
        let signed = layout(&[0, 0, 18, 0, 1, 9, 2, 0x83]);
        let row = Row::new(&signed, &[0xDC, 0xFF]);
        assert_eq!(
            (row.get(total_distance), row.total(total_distance)),
            (Some(-0.36), None)
        );
        let row = Row::new(&signed, &[36, 0]);
        assert_eq!(row.total(total_distance), Some(0.36));
    }

    #[test]
    fn scale_and_offset() {
        let altitude = layout(&[0, 0, 20, 0, 1, 2, 2, 0x84]);
        let row = Row::new(&altitude, &[0xC4, 0x09]);
        assert_eq!(row.get(record::altitude), Some(0.0));
        let cut = [0, 0, 20, 0, 2, 253, 4, 0x86];
        assert!(Layout::parse(&cut, false, &mut Developer::default(), Want::Everything).is_none());
    }

    #[test]
    fn what_depends_on_the_record_before_is_not_plain() {
        assert!(!layout(&[0, 0, 20, 0, 1, 8, 3, 0x0D]).plain);
        assert!(!layout(&[0, 0, 20, 0, 2, 3, 1, 2, 3, 1, 2]).plain);
        assert!(!layout(&[0, 0, 20, 0, 2, 12, 1, 2, 87, 2, 0x84]).plain);
        assert!(!layout(&[0, 0, 18, 0, 1, 5, 1, 0]).plain);
    }
}
