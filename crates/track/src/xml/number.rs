//! Numbers as XML files write them. Knows no meaning.

/// A finite number; blanks around it are allowed, a decimal comma is not (nobody says what it means elsewhere in the file).
#[inline]
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim_ascii()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
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
