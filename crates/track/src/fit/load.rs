//! How a number is loaded from the bytes of a field: FIT's base types, and their values for "absent".

use super::profile::Base;

/// How to load a number, by FIT's base type and the definition's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
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
    Text,
}

impl Load {
    /// Bytes of one number; of text one.
    pub(super) fn width(self) -> usize {
        match self {
            Load::Uint8 { .. } | Load::Sint8 | Load::Text => 1,
            Load::Uint16 { .. } | Load::Sint16 => 2,
            Load::Triple => 3,
            Load::Uint32 { .. } | Load::Sint32 | Load::Float32 => 4,
            Load::Uint64 { .. } | Load::Sint64 | Load::Float64 => 8,
        }
    }

    /// The load of a base type's number (FIT protocol, "base types"; bit 7 only says that byte order matters).
    pub(super) fn of(base: u8) -> Option<Load> {
        Some(match base & 0x1F {
            0 | 2 | 13 => Load::Uint8 { absent: u8::MAX },
            1 => Load::Sint8,
            3 => Load::Sint16,
            4 => Load::Uint16 { absent: u16::MAX },
            5 => Load::Sint32,
            6 => Load::Uint32 { absent: u32::MAX },
            7 => Load::Text,
            8 => Load::Float32,
            9 => Load::Float64,
            10 => Load::Uint8 { absent: 0 },
            11 => Load::Uint16 { absent: 0 },
            12 => Load::Uint32 { absent: 0 },
            14 => Load::Sint64,
            15 => Load::Uint64 { absent: u64::MAX },
            16 => Load::Uint64 { absent: 0 },
            _ => return None,
        })
    }
}

/// How to load a field of this size. `None` where the base type is unknown, or the size no multiple of the type's.
/// Of an array the first element is taken, unless all are asked for.
pub(super) fn load(wanted: Base, base: u8, size: usize) -> Option<Load> {
    if wanted == Base::SpeedDistance {
        return (size == 3).then_some(Load::Triple);
    }
    let load = Load::of(base)?;
    let text = load == Load::Text;
    let width = load.width();
    (size >= width && size.is_multiple_of(width) && text == (wanted == Base::Text)).then_some(load)
}

/// The number at the start of these bytes; `None` if it is FIT's value for "absent".
#[inline]
#[expect(
    clippy::cast_precision_loss,
    reason = "64-bit fields of the table hold far less than 2^53"
)]
pub(super) fn number(bytes: &[u8], load: Load, big_endian: bool) -> Option<f64> {
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
        Load::Text => return None,
    })
}
