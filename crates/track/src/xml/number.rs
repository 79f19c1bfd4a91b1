//! Numbers as XML files write them. Knows no meaning.

/// A finite number; blanks around it are allowed, a decimal comma is not (nobody says what it means elsewhere in the file).
#[inline]
pub(crate) fn number(text: &str) -> Option<f64> {
    short(text.as_bytes()).or_else(|| long(text))
}

#[cold]
fn long(text: &str) -> Option<f64> {
    text.trim_ascii()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Powers of ten; up to the 22nd they are exact in double precision.
const POWERS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

/// A decimal number such as `-12.345`. Its digits and the power of ten both are exact in double precision, so that one
/// division rounds as it should (Clinger's fast path). `None` for anything else, which is no verdict on it.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
fn short(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, text),
    };
    let whole = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if whole == 0 || digits.len() > 18 {
        return None;
    }
    let (before, behind) = digits.split_at_checked(whole)?;
    let behind = match behind {
        [] => behind,
        [b'.', behind @ ..] => behind,
        _ => return None,
    };
    let mut sum = 0_u64;
    for byte in before {
        sum = sum * 10 + u64::from(byte - b'0');
    }
    for byte in behind {
        if !byte.is_ascii_digit() {
            return None;
        }
        sum = sum * 10 + u64::from(byte - b'0');
    }
    if sum > 1 << 53 {
        return None;
    }
    let value = sum as f64 / POWERS.get(behind.len())?;
    Some(if negative { -value } else { value })
}

/// A number in single precision, as the columns keep it; NaN if it is none.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "single precision is what the columns keep"
)]
pub(crate) fn number_single(text: &str) -> f32 {
    number(text)
        .map(|number| number as f32)
        .filter(|number| number.is_finite())
        .unwrap_or(f32::NAN)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn short_numbers_are_read_as_the_standard_library_does() {
        for text in [
            "0",
            "-0",
            "00.10",
            "5.",
            "0.1",
            "-122.4194155",
            "46.500000001",
            "9007199254740992",
            "9007199254740993",
            "123456789012345678",
            "0.00000000000000001",
            "1.7976931348623157",
            "3.3",
        ] {
            let expected: f64 = text.parse().unwrap();
            let bits = number(text).map(f64::to_bits);
            assert_eq!(bits, Some(expected.to_bits()), "{text}");
        }
        let mut digits = 1_u64;
        for places in 0..16 {
            for _ in 0..2000 {
                digits = digits
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let text = format!("{:.places$}", (digits >> 11) as f64 / 3e9);
                let expected: f64 = text.parse().unwrap();
                assert_eq!(number(&text), Some(expected), "{text}");
            }
        }
    }

    #[test]
    fn only_finite_numbers() {
        for (text, expected) in [
            (" 1.5\n", Some(1.5)),
            ("-0.25", Some(-0.25)),
            ("+3", Some(3.0)),
            ("1e2", Some(100.0)),
            ("1,5", None),
            ("", None),
            ("NaN", None),
            ("inf", None),
            ("1e999", None),
            ("12 m", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
