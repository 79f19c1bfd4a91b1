//! The bytes of a FIT file while it is written: definitions, fields, header and checksum. Knows no meaning of messages.

use super::super::crc::crc16;
use super::super::profile::{Base, Field, Message};

/// FIT 2.0.
const PROTOCOL: u8 = 0x20;
/// Version 21.158 of the profile; readers only show it.
const PROFILE: u16 = 21_158;
/// Bytes of the header, its checksum included.
const HEADER: usize = 14;
/// The longest text that one field holds, without its end.
pub(super) const LONGEST_TEXT: usize = 200;

/// One field's value in a message.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Number(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Elements of an array.
    Array(&'a [f32]),
}

/// The file while it is written.
pub(super) struct File {
    /// Header and data; the header is filled in at the end.
    pub(super) bytes: Vec<u8>,
    /// The last definition. There is only one local type, 0.
    defined: Vec<u8>,
    pub(super) lost: Lost,
}

/// What of the values was lost.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lost {
    /// Values that did not fit into their fields.
    pub(super) too_large: u64,
    /// Times of points that had a fraction of a second.
    pub(super) split_seconds: u64,
}

impl File {
    /// An empty file.
    pub(super) fn new() -> File {
        File {
            bytes: vec![0; HEADER],
            defined: Vec::new(),
            lost: Lost::default(),
        }
    }

    /// Writes one message: its definition, if it is not the one before, then its data. Fields without a value are left out.
    pub(super) fn message(&mut self, message: &Message, values: &[(usize, Option<Value>)]) {
        let present: Vec<(&Field, Value)> = values
            .iter()
            .filter_map(|(slot, value)| Some((message.fields.get(*slot)?, (*value)?)))
            .collect();
        let fields: Vec<[u8; 3]> = present
            .iter()
            .map(|(field, value)| {
                [
                    field.number,
                    size_of_value(field, *value),
                    base_of(field.base),
                ]
            })
            .collect();
        self.define(message.number, &fields, &[]);
        self.bytes.push(0);
        for (field, value) in present {
            self.value(field, value);
        }
    }

    /// Like [`File::message`], for messages that have only numbers.
    pub(super) fn numbers(&mut self, message: &Message, values: &[(usize, Option<f64>)]) {
        let values: Vec<_> = values
            .iter()
            .map(|(slot, value)| (*slot, value.map(Value::Number)))
            .collect();
        self.message(message, &values);
    }

    /// Writes one message that has nothing but an array of numbers. There may be tens of thousands of them.
    pub(super) fn array(&mut self, message: &Message, slot: usize, values: &[f32]) {
        let Some(field) = message.fields.get(slot) else {
            return;
        };
        let size = size_of_value(field, Value::Array(values));
        self.define(
            message.number,
            &[[field.number, size, base_of(field.base)]],
            &[],
        );
        self.bytes.push(0);
        self.value(field, Value::Array(values));
    }

    /// Writes the definition of the messages that follow, unless the last one says the same: each field's number, size and base
    /// type; each developer field's number, size and index.
    pub(super) fn define(&mut self, number: u16, fields: &[[u8; 3]], own: &[[u8; 3]]) {
        if self.is_defined(number, fields, own) {
            return;
        }
        let count = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
        self.defined.clear();
        self.defined
            .extend([if own.is_empty() { 0x40 } else { 0x60 }, 0, 0]);
        self.defined.extend(number.to_le_bytes());
        self.defined.push(count(fields.len()));
        self.defined.extend(fields.as_flattened());
        if !own.is_empty() {
            self.defined.push(count(own.len()));
            self.defined.extend(own.as_flattened());
        }
        self.bytes.extend(&self.defined);
    }

    /// Whether the last definition says this. Asked before each message, of which there may be tens of thousands.
    fn is_defined(&self, number: u16, fields: &[[u8; 3]], own: &[[u8; 3]]) -> bool {
        let [_, _, _, low, high, _, rest @ ..] = self.defined.as_slice() else {
            return false;
        };
        let (these, others) = rest.split_at(rest.len().min(fields.len() * 3));
        let others = others.get(1..).unwrap_or_default();
        number == u16::from_le_bytes([*low, *high])
            && these.iter().eq(fields.as_flattened())
            && others.iter().eq(own.as_flattened())
    }

    fn value(&mut self, field: &Field, value: Value) {
        match value {
            Value::Number(value) => self.number(field, value),
            Value::Text(text) => {
                self.bytes.extend(text.bytes());
                self.bytes.push(0);
            }
            Value::Bytes(bytes) => self.bytes.extend(bytes),
            Value::Array(values) => self.all_numbers(field, values),
        }
    }

    fn number(&mut self, field: &Field, value: f64) {
        self.all_numbers(field, &[value]);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a field of this base is single"
    )]
    fn all_numbers<T: Copy + Into<f64>>(&mut self, field: &Field, values: &[T]) {
        let (least, most) = range(field.base);
        let absent = absent(field.base);
        let width = match field.base {
            Base::Bytes | Base::Text | Base::SpeedDistance => return,
            base => usize::from(width(base)),
        };
        for value in values {
            let value: f64 = (*value).into();
            let (whole, bits) = nearest((value + field.offset) * field.scale);
            let fits = whole >= least && whole <= most;
            self.lost.too_large += u64::from(!fits);
            let raw = match field.base {
                Base::Float32 => (value as f32).to_bits(),
                _ if fits => bits,
                _ => absent,
            };
            let raw = raw.to_le_bytes();
            self.bytes.extend(raw.get(..width).unwrap_or_default());
        }
    }

    /// The whole file: the header before the data, and the checksum behind it.
    pub(super) fn closed(mut self) -> Vec<u8> {
        let length = self.bytes.len() - HEADER;
        let mut header = Vec::with_capacity(HEADER);
        header.extend([14, PROTOCOL]);
        header.extend(PROFILE.to_le_bytes());
        header.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        header.extend(b".FIT");
        header.extend(crc16(&header).to_le_bytes());
        for (to, from) in self.bytes.iter_mut().zip(header) {
            *to = from;
        }
        let sum = crc16(&self.bytes);
        self.bytes.extend(sum.to_le_bytes());
        self.bytes
    }
}

/// The nearest whole number, of two equally near ones the even one, and its lowest 32 bits. What is larger than 2^51 or no
/// number at all stays about what it is, and its bits mean nothing.
///
/// Adding a number of such size that no digit stays behind the point rounds in two instructions on every processor, where
/// many have to call a function; and it lets the whole number stand in the lowest bits of the sum.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the lowest bits are wanted"
)]
pub(super) fn nearest(number: f64) -> (f64, u32) {
    const LARGE: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    let sum = number + LARGE;
    (sum - LARGE, sum.to_bits() as u32)
}

/// A whole number below 2^52 as a double, by putting its bits behind the exponent of 2^52: a conversion that processors do
/// several of at a time.
#[inline]
pub(super) fn whole_double(number: u64) -> f64 {
    const START: f64 = 4_503_599_627_370_496.0; // 2^52
    f64::from_bits(START.to_bits() | number) - START
}

/// Bytes of a number of this base type.
pub(super) fn width(base: Base) -> u8 {
    match base {
        Base::Enum | Base::Sint8 | Base::Uint8 | Base::Bytes | Base::Text => 1,
        Base::Uint16 | Base::Sint16 => 2,
        Base::SpeedDistance => 3,
        Base::Sint32 | Base::Uint32 | Base::Uint32z | Base::Float32 => 4,
    }
}

fn size_of_value(field: &Field, value: Value) -> u8 {
    let size = match value {
        Value::Number(_) => usize::from(width(field.base)),
        Value::Text(text) => text.len() + 1,
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(values) => values.len() * usize::from(width(field.base)),
    };
    u8::try_from(size).unwrap_or(u8::MAX)
}

/// The number of a base type; bit 7 says that byte order matters.
pub(super) fn base_of(base: Base) -> u8 {
    match base {
        Base::Enum => 0x00,
        Base::Sint8 => 0x01,
        Base::Uint8 => 0x02,
        Base::Sint16 => 0x83,
        Base::Uint16 => 0x84,
        Base::Sint32 => 0x85,
        Base::Uint32 => 0x86,
        Base::Text => 0x07,
        Base::Float32 => 0x88,
        Base::Uint32z => 0x8C,
        Base::Bytes | Base::SpeedDistance => 0x0D,
    }
}

/// What stands for an absent value of a base, in as many low bytes as it has.
pub(super) fn absent(base: Base) -> u32 {
    match base {
        Base::Sint8 => 0x7F,
        Base::Sint16 => 0x7FFF,
        Base::Sint32 => 0x7FFF_FFFF,
        Base::Uint32z => 0,
        _ => u32::MAX,
    }
}

/// The raw numbers that a field of this base type can hold, besides its value for "absent".
pub(super) fn range(base: Base) -> (f64, f64) {
    match base {
        Base::Sint8 => (-127.0, 126.0),
        Base::Enum | Base::Uint8 => (0.0, 254.0),
        Base::Uint16 => (0.0, 65_534.0),
        Base::Sint16 => (-32_768.0, 32_766.0),
        Base::Sint32 => (-2_147_483_648.0, 2_147_483_646.0),
        Base::Uint32 => (0.0, 4_294_967_294.0),
        Base::Uint32z => (1.0, 4_294_967_295.0),
        Base::Float32 => (f64::from(f32::MIN), f64::from(f32::MAX)),
        Base::Bytes | Base::Text | Base::SpeedDistance => (0.0, 0.0),
    }
}

/// As much of a text as one field holds.
pub(super) fn fitting(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_TEXT))
        .unwrap_or_default()
}
