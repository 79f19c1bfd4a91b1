//! One data message's values: numbers by slot, and arrays and texts when they are asked for. Knows no meaning of messages.

use super::layout::Layout;
use super::load::number;
use super::profile::SLOTS;

/// The longest text that is kept, in characters.
const LONGEST_TEXT: usize = 100;

/// One data message.
pub(super) struct Row<'a> {
    /// By slot; absent is NaN.
    pub(super) values: [f64; SLOTS],
    layout: &'a Layout,
    data: &'a [u8],
}

impl<'a> Row<'a> {
    /// Loads the wanted fields of one data message, whose content is exactly [`Layout::size`] bytes.
    pub(super) fn new(layout: &'a Layout, data: &'a [u8]) -> Row<'a> {
        let mut values = [f64::NAN; SLOTS];
        for step in &layout.steps {
            let Some(bytes) = data.get(step.at..) else {
                continue;
            };
            if let (Some(raw), Some(value)) = (
                number(bytes, step.load, layout.big_endian),
                values.get_mut(step.slot),
            ) {
                *value = raw / step.scale - step.offset;
            }
        }
        Row {
            values,
            layout,
            data,
        }
    }

    /// Whether the layout has no field that is wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.layout.steps.is_empty() && self.layout.channels.is_empty()
    }

    /// Bytes of the message, its header byte included.
    pub(super) fn stride(&self) -> usize {
        self.layout.size + 1
    }

    /// The value in a slot, if it is there.
    pub(super) fn get(&self, slot: usize) -> Option<f64> {
        self.values
            .get(slot)
            .copied()
            .filter(|value| !value.is_nan())
    }

    /// The value in a slot that sums something up, which is never below zero: a file may give it a type with a sign.
    pub(super) fn total(&self, slot: usize) -> Option<f64> {
        self.get(slot).filter(|value| *value >= 0.0)
    }

    /// The value in a slot as a whole number, if it is there and in range.
    pub(super) fn whole<T: TryFrom<i64>>(&self, slot: usize) -> Option<T> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float that doesn't fit saturates and fails the range"
        )]
        self.get(slot)
            .and_then(|value| T::try_from(value as i64).ok())
    }

    /// The bytes of a field.
    pub(super) fn bytes(&self, slot: usize) -> Option<&'a [u8]> {
        let step = self.layout.step(slot)?;
        self.data.get(step.at..step.at + step.size)
    }

    /// Every element of an array; absent ones are `None`. Nothing where there is no such field.
    pub(super) fn array(&self, slot: usize) -> impl Iterator<Item = Option<f64>> + use<'a> {
        let big_endian = self.layout.big_endian;
        let step = self.layout.step(slot).copied();
        let bytes = self.bytes(slot).unwrap_or_default();
        let width = step.map_or(1, |step| step.load.width());
        bytes.chunks_exact(width).map(move |element| {
            let step = step?;
            number(element, step.load, big_endian).map(|raw| raw / step.scale - step.offset)
        })
    }

    /// A text, as far as it is UTF-8, without control characters, at most 100 characters.
    pub(super) fn text(&self, slot: usize) -> Option<String> {
        let bytes = self.bytes(slot)?.split(|byte| *byte == 0).next()?;
        let text: String = String::from_utf8_lossy(bytes)
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST_TEXT)
            .collect();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The values of the channels in a record.
    pub(super) fn channels(&self) -> impl Iterator<Item = (crate::Channel, f64)> + use<'a> {
        let (layout, data) = (self.layout, self.data);
        layout.channels.iter().filter_map(move |each| {
            let step = &each.step;
            let raw = number(data.get(step.at..)?, step.load, layout.big_endian)?;
            Some((each.channel, raw / step.scale - step.offset))
        })
    }
}
