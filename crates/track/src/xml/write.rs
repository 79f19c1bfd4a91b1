//! Writes XML: elements, escaped text, numbers, times. Knows no element by name.

use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::reference::is_allowed;
use crate::left_out::{Item, LeftOut};

/// A growing XML file. Elements are put down in the order the schema asks for; nothing is checked.
pub(crate) struct Writer {
    out: String,
}

impl Writer {
    /// Begins a file with room for so many bytes.
    pub(crate) fn new(room: usize) -> Writer {
        let mut out = String::with_capacity(room);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Writer { out }
    }

    /// Puts down markup that is known to be right.
    #[inline]
    pub(crate) fn raw(&mut self, markup: &str) -> &mut Writer {
        self.out.push_str(markup);
        self
    }

    /// Puts down text, escaped; characters that XML cannot carry are left out.
    pub(crate) fn text(&mut self, text: &str) -> &mut Writer {
        for character in text.chars() {
            match character {
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '&' => self.out.push_str("&amp;"),
                '"' => self.out.push_str("&quot;"),
                // A bare carriage return would be read as a line feed.
                '\r' => self.out.push_str("&#13;"),
                other if is_allowed(other) => self.out.push(other),
                _ => {}
            }
        }
        self
    }

    /// An element with text.
    pub(crate) fn element(&mut self, name: &str, text: &str) -> &mut Writer {
        self.raw("<")
            .raw(name)
            .raw(">")
            .text(text)
            .raw("</")
            .raw(name)
            .raw(">")
    }

    /// An element with a number, as short as it can be read back the same.
    #[inline]
    pub(crate) fn number(&mut self, name: &str, number: impl std::fmt::Display) -> &mut Writer {
        self.raw("<")
            .raw(name)
            .raw(">")
            .digits(number)
            .raw("</")
            .raw(name)
            .raw(">")
    }

    /// A number alone.
    #[inline]
    pub(crate) fn digits(&mut self, number: impl std::fmt::Display) -> &mut Writer {
        use std::fmt::Write as _;
        let _ = write!(self.out, "{number}"); // writing to a String cannot fail
        self
    }

    /// A time in UTC: milliseconds where it has some, nothing finer.
    pub(crate) fn time(&mut self, time: Timestamp) -> &mut Writer {
        let whole = Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time);
        self.digits(whole)
    }

    /// The finished file.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.push('\n');
        self.out.into_bytes()
    }
}

/// A value as the columns keep it, so that it is written no longer than it is exact.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the columns keep single precision"
)]
pub(crate) fn single(value: f64) -> f32 {
    value as f32
}

/// A value for a place in the schema that takes whole numbers of this range only; one outside is left out.
pub(crate) fn rounded(
    value: Option<f64>,
    range: RangeInclusive<u16>,
    none_of: &'static str,
    left_out: &mut LeftOut,
) -> Option<u16> {
    let value = value?.round();
    if !(f64::from(*range.start())..=f64::from(*range.end())).contains(&value) {
        left_out.add(Item(none_of, "value", "values"), 1);
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies within the range"
    )]
    Some(value as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_whole_number_of_the_range_is_left_out() {
        let mut left_out = LeftOut::new("GPX");
        for (value, expected) in [
            (254.4, Some(254)),
            (-0.4, Some(0)),
            (254.5, None),
            (-0.5, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            let whole = rounded(Some(value), 0..=254, "cadences", &mut left_out);
            assert_eq!(whole, expected, "{value}");
        }
    }

    #[test]
    fn text_is_escaped_and_cleaned() {
        let mut writer = Writer::new(0);
        writer.element("a", "<b> & \"c\"\u{0}\u{1f}\u{ffff}\r é");
        writer
            .number("n", 1e-7_f64)
            .number("m", 0.1_f32)
            .raw("<t>")
            .time("2021-09-09T01:46:40.1239Z".parse().unwrap());
        let text = String::from_utf8(writer.finish()).unwrap();
        let body = text.split_once('\n').unwrap().1;
        assert_eq!(
            body,
            "<a>&lt;b&gt; &amp; &quot;c&quot;&#13; é</a><n>0.0000001</n><m>0.1</m><t>2021-09-09T01:46:40.123Z\n"
        );
    }
}
