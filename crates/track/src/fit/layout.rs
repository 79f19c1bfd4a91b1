//! What a definition message says about the data messages after it: where each wanted field lies, and how to load it.
//! Knows no meaning of messages.

use super::profile::{self, Base, Message, SLOTS};

/// One data message's values by slot; absent is NaN.
pub(super) struct Row<'a> {
    pub(super) values: [f64; SLOTS],
    pub(super) text: Option<&'a [u8]>,
}

impl Row<'_> {
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

    /// The message's text, as far as it is UTF-8, without control characters, at most 100 characters.
    pub(super) fn text(&self) -> Option<String> {
        let bytes = self.text?.split(|byte| *byte == 0).next()?;
        let text: String = String::from_utf8_lossy(bytes)
            .chars()
            .filter(|c| !c.is_control())
            .take(100)
            .collect();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// How to load a number, by FIT's base type and the definition's byte order.
#[derive(Clone, Copy, Debug)]
enum Load {
    Uint8 {
        absent: u8,
    },
    Sint8,
    Uint16 {
        absent: u16,
    },
    Sint16,
    Uint32 {
        absent: u32,
    },
    Sint32,
    Uint64 {
        absent: u64,
    },
    Sint64,
    Float32,
    Float64,
    /// Twenty-four bits, low byte first, whatever the byte order.
    Triple,
    Text {
        length: usize,
    },
}

/// One wanted field: where it lies in the data message, how to load it, and where it goes.
#[derive(Clone, Copy, Debug)]
struct Step {
    at: usize,
    load: Load,
    slot: usize,
    scale: f64,
    offset: f64,
}

/// The layout of the data messages of one local type.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) message: &'static Message,
    /// Bytes of a data message, without its header.
    pub(super) size: usize,
    big_endian: bool,
    steps: Vec<Step>,
}

impl Layout {
    /// Reads a definition message's content behind its header byte; gives its length, too. `None` if it is cut off.
    pub(super) fn parse(bytes: &[u8], with_developer_fields: bool) -> Option<(Layout, usize)> {
        let &[_, order, first, second, count, ..] = bytes else {
            return None;
        };
        let big_endian = order & 1 == 1;
        let number = if big_endian {
            [second, first]
        } else {
            [first, second]
        };
        let message = profile::message(u16::from_le_bytes(number));
        let mut length = 5 + 3 * usize::from(count);
        let (fields, _) = bytes.get(5..length)?.as_chunks::<3>();
        let mut layout = Layout {
            message,
            size: 0,
            big_endian,
            steps: Vec::new(),
        };
        for &[number, size, base] in fields {
            layout.add(number, usize::from(size), base);
        }
        if with_developer_fields {
            let count = usize::from(*bytes.get(length)?);
            let fields = bytes.get(length + 1..length + 1 + 3 * count)?;
            // A developer field is named by its description, not by its number here: none of them is a profile field.
            layout.size += fields
                .as_chunks::<3>()
                .0
                .iter()
                .map(|[_, size, _]| usize::from(*size))
                .sum::<usize>();
            length += 1 + 3 * count;
        }
        Some((layout, length))
    }

    fn add(&mut self, number: u8, size: usize, base: u8) {
        let at = self.size;
        self.size += size;
        let known = self
            .message
            .fields
            .iter()
            .enumerate()
            .find(|(_, field)| field.number == number);
        let Some((slot, field)) = known else { return };
        let Some(load) = load(field.base, base, size) else {
            return;
        };
        self.steps.push(Step {
            at,
            load,
            slot,
            scale: field.scale,
            offset: field.offset,
        });
    }

    /// Loads the wanted fields of one data message, whose content is exactly [`Layout::size`] bytes.
    #[inline]
    pub(super) fn row<'a>(&self, data: &'a [u8]) -> Row<'a> {
        let mut row = Row {
            values: [f64::NAN; SLOTS],
            text: None,
        };
        for step in &self.steps {
            let Some(bytes) = data.get(step.at..) else {
                continue;
            };
            if let Load::Text { length } = step.load {
                row.text = bytes.get(..length);
                continue;
            }
            if let (Some(raw), Some(value)) = (
                number(bytes, step.load, self.big_endian),
                row.values.get_mut(step.slot),
            ) {
                *value = raw / step.scale - step.offset;
            }
        }
        row
    }
}

/// How to load a field of this size. `None` where the base type is unknown, or the size no multiple of the type's.
/// Of an array the first element is taken.
fn load(wanted: Base, base: u8, size: usize) -> Option<Load> {
    if wanted == Base::SpeedDistance {
        return (size == 3).then_some(Load::Triple);
    }
    let (width, load) = match base & 0x1F {
        0 | 2 | 13 => (1, Load::Uint8 { absent: u8::MAX }),
        1 => (1, Load::Sint8),
        3 => (2, Load::Sint16),
        4 => (2, Load::Uint16 { absent: u16::MAX }),
        5 => (4, Load::Sint32),
        6 => (4, Load::Uint32 { absent: u32::MAX }),
        7 => (1, Load::Text { length: size }),
        8 => (4, Load::Float32),
        9 => (8, Load::Float64),
        10 => (1, Load::Uint8 { absent: 0 }),
        11 => (2, Load::Uint16 { absent: 0 }),
        12 => (4, Load::Uint32 { absent: 0 }),
        14 => (8, Load::Sint64),
        15 => (8, Load::Uint64 { absent: u64::MAX }),
        16 => (8, Load::Uint64 { absent: 0 }),
        _ => return None,
    };
    let text = matches!(load, Load::Text { .. });
    (size >= width && size.is_multiple_of(width) && text == (wanted == Base::Text)).then_some(load)
}

/// The number at the start of these bytes; `None` if it is FIT's value for "absent".
#[inline]
#[expect(
    clippy::cast_precision_loss,
    reason = "64-bit fields of the table hold far less than 2^53"
)]
fn number(bytes: &[u8], load: Load, big_endian: bool) -> Option<f64> {
    macro_rules! take {
        ($type:ty) => {{
            let chunk = *bytes.first_chunk()?;
            if big_endian {
                <$type>::from_be_bytes(chunk)
            } else {
                <$type>::from_le_bytes(chunk)
            }
        }};
    }
    macro_rules! unless {
        ($type:ty, $absent:expr) => {{
            let value = take!($type);
            if value == $absent {
                return None;
            }
            value
        }};
    }
    Some(match load {
        Load::Uint8 { absent } => f64::from(unless!(u8, absent)),
        Load::Sint8 => f64::from(unless!(i8, i8::MAX)),
        Load::Uint16 { absent } => f64::from(unless!(u16, absent)),
        Load::Sint16 => f64::from(unless!(i16, i16::MAX)),
        Load::Uint32 { absent } => f64::from(unless!(u32, absent)),
        Load::Sint32 => f64::from(unless!(i32, i32::MAX)),
        Load::Uint64 { absent } => unless!(u64, absent) as f64,
        Load::Sint64 => unless!(i64, i64::MAX) as f64,
        Load::Float32 => f64::from(Some(take!(f32)).filter(|value| value.is_finite())?),
        Load::Float64 => Some(take!(f64)).filter(|value| value.is_finite())?,
        Load::Triple => {
            let &[low, middle, high] = bytes.first_chunk()?;
            if [low, middle, high] == [u8::MAX; 3] {
                return None;
            }
            f64::from(u32::from_le_bytes([low, middle, high, 0]))
        }
        Load::Text { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::profile::{record, session};

    fn layout(bytes: &[u8]) -> Layout {
        let (layout, length) = Layout::parse(bytes, false).unwrap();
        assert_eq!(length, bytes.len());
        layout
    }

    #[test]
    fn both_byte_orders() {
        let little = layout(&[0, 0, 20, 0, 2, 253, 4, 0x86, 7, 2, 0x84]);
        assert_eq!(
            little.row(&[1, 0, 0, 0, 44, 1]).get(record::power),
            Some(300.0)
        );
        let big = layout(&[0, 1, 0, 20, 2, 253, 4, 0x86, 7, 2, 0x84]);
        let row = big.row(&[0, 0, 0, 1, 1, 44]);
        assert_eq!(
            (row.get(record::timestamp), row.get(record::power)),
            (Some(1.0), Some(300.0))
        );
        assert_eq!(big.row(&[0, 0, 0, 1, 255, 255]).get(record::power), None);
    }

    #[test]
    fn odd_fields_only_count_by_their_size() {
        // power as a uint16 of one byte, an unknown base type, an unknown field, then a heart rate
        let odd = layout(&[
            0, 0, 20, 0, 4, 7, 1, 0x84, 5, 3, 0x55, 200, 2, 0x84, 3, 1, 2,
        ]);
        let row = odd.row(&[9, 1, 2, 3, 4, 5, 120]);
        assert_eq!(odd.size, 7);
        assert_eq!(
            (row.get(record::power), row.get(record::heart_rate)),
            (None, Some(120.0))
        );
    }

    #[test]
    fn totals_are_never_below_zero() {
        let signed = layout(&[0, 0, 18, 0, 1, 9, 2, 0x83]);
        let row = signed.row(&[0xDC, 0xFF]);
        assert_eq!(row.get(session::total_distance), Some(-0.36));
        assert_eq!(row.total(session::total_distance), None);
        let row = signed.row(&[36, 0]);
        assert_eq!(row.total(session::total_distance), Some(0.36));
    }

    #[test]
    fn scale_and_offset() {
        let altitude = layout(&[0, 0, 20, 0, 1, 2, 2, 0x84]);
        assert_eq!(altitude.row(&[0xC4, 0x09]).get(record::altitude), Some(0.0));
        assert!(Layout::parse(&[0, 0, 20, 0, 2, 253, 4, 0x86], false).is_none());
    }
}
