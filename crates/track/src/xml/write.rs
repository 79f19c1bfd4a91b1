//! Writes XML: elements, escaped text, numbers, times. Knows no element by name.

use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::reference::is_allowed;

/// Powers of ten that positions behind the point are counted in.
const SCALES: [(f64, u64); 10] = [
    (1e0, 1),
    (1e1, 10),
    (1e2, 100),
    (1e3, 1000),
    (1e4, 10_000),
    (1e5, 100_000),
    (1e6, 1_000_000),
    (1e7, 10_000_000),
    (1e8, 100_000_000),
    (1e9, 1_000_000_000),
];
/// Below this all whole numbers are exact in double precision.
const EXACT: f64 = 9e15;

/// A growing XML file. Elements are put down in the order the schema asks for; nothing is checked.
pub(crate) struct Writer {
    out: Vec<u8>,
    /// The day of the last time, counted from 1970, and how its date is written, with the `T`.
    day: Option<i64>,
    date: String,
}

impl Writer {
    /// Begins a file with room for so many bytes.
    pub(crate) fn new(room: usize) -> Writer {
        let mut out = Vec::with_capacity(room);
        out.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Writer {
            out,
            day: None,
            date: String::new(),
        }
    }

    /// Puts down markup that is known to be right.
    #[inline]
    pub(crate) fn raw(&mut self, markup: &str) -> &mut Writer {
        self.out.extend_from_slice(markup.as_bytes());
        self
    }

    /// Puts down text, escaped; characters that XML cannot carry are left out.
    pub(crate) fn text(&mut self, text: &str) -> &mut Writer {
        for character in text.chars() {
            match character {
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '&' => self.raw("&amp;"),
                '"' => self.raw("&quot;"),
                // A bare carriage return would be read as a line feed.
                '\r' => self.raw("&#13;"),
                other if is_allowed(other) => self.raw(other.encode_utf8(&mut [0; 4])),
                _ => self,
            };
        }
        self
    }

    /// An element with text.
    pub(crate) fn element(&mut self, name: &str, text: &str) -> &mut Writer {
        self.begin(name).text(text).end(name)
    }

    /// An element with a number, written as it is read back the same.
    #[inline]
    pub(crate) fn number(&mut self, name: &str, number: f64) -> &mut Writer {
        self.begin(name);
        self.exact(number, |again| again == number);
        self.end(name)
    }

    /// An element with a number of single precision, written as it is read back the same.
    #[inline]
    pub(crate) fn single(&mut self, name: &str, number: f64) -> &mut Writer {
        self.begin(name).single_alone(number).end(name)
    }

    /// The same number without an element.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "single precision is compared"
    )]
    pub(crate) fn single_alone(&mut self, number: f64) -> &mut Writer {
        let single = number as f32;
        self.exact(f64::from(single), |again| again as f32 == single);
        self
    }

    /// An element with a whole number.
    #[inline]
    pub(crate) fn whole(&mut self, name: &str, number: u32) -> &mut Writer {
        self.begin(name);
        self.raw(itoa::Buffer::new().format(number));
        self.end(name)
    }

    /// Anything that shows itself as markup that is known to be right.
    #[inline]
    pub(crate) fn digits(&mut self, number: impl std::fmt::Display) -> &mut Writer {
        use std::io::Write as _;
        let _ = write!(self.out, "{number}"); // writing to a Vec cannot fail
        self
    }

    #[inline]
    fn begin(&mut self, name: &str) -> &mut Writer {
        self.raw("<").raw(name).raw(">")
    }

    #[inline]
    fn end(&mut self, name: &str) -> &mut Writer {
        self.raw("</").raw(name).raw(">")
    }

    /// A number with up to four decimals if that is all there is to it, else with all it needs; never with an exponent, which
    /// the schemas' decimals do not allow.
    #[inline]
    fn exact(&mut self, number: f64, same: impl Fn(f64) -> bool) {
        let scaled = (number * 1e4).round();
        if scaled.abs() < EXACT && same(scaled / 1e4) {
            self.decimal(number, 4);
            return;
        }
        self.shown(number, same);
    }

    #[cold]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a shorter number is tried first"
    )]
    fn shown(&mut self, number: f64, same: impl Fn(f64) -> bool) {
        let short = (number as f32).to_string();
        let exact = short.parse().is_ok_and(&same);
        if exact {
            self.raw(&short);
        } else {
            self.digits(number);
        }
    }

    /// A number rounded to so many decimals, at most nine, without zeros at the end.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is smaller than 2^53 and positive"
    )]
    pub(crate) fn decimal(&mut self, number: f64, decimals: usize) -> &mut Writer {
        let (scale, unit) = SCALES.get(decimals).copied().unwrap_or((1.0, 1));
        let scaled = (number * scale).round();
        if scaled.is_nan() || scaled.abs() >= EXACT {
            self.shown(number, |again| again == number);
            return self;
        }
        if scaled < 0.0 {
            self.out.push(b'-');
        }
        let all = scaled.abs() as u64;
        let mut digits = itoa::Buffer::new();
        self.out
            .extend_from_slice(digits.format(all / unit).as_bytes());
        if all.is_multiple_of(unit) {
            return self;
        }
        // With the unit added the digits behind the point keep their zeros in front.
        let behind = digits.format(unit + all % unit).trim_end_matches('0');
        self.out.push(b'.');
        self.out
            .extend_from_slice(behind.as_bytes().get(1..).unwrap_or_default());
        self
    }

    /// A time in UTC: milliseconds where it has some, nothing finer.
    pub(crate) fn time(&mut self, time: Timestamp) -> &mut Writer {
        const DAY_MS: i64 = 86_400_000;
        let ms = time.as_millisecond();
        let day = ms.div_euclid(DAY_MS);
        if self.day != Some(day) {
            self.day = Some(day);
            let noon = Timestamp::from_second(day * 86_400 + 43_200).unwrap_or(time);
            let noon = noon.to_string();
            let (date, _) = noon.split_once('T').unwrap_or((&noon, ""));
            self.date.clear();
            self.date.push_str(date);
            self.date.push('T');
        }
        self.out.extend_from_slice(self.date.as_bytes());
        let of_day = u32::try_from(ms.rem_euclid(DAY_MS)).unwrap_or(0);
        let (seconds, ms) = (of_day / 1000, of_day % 1000);
        for (value, behind) in [
            (seconds / 3600, b':'),
            (seconds / 60 % 60, b':'),
            (seconds % 60, b'.'),
        ] {
            self.two_digits(value);
            self.out.push(behind);
        }
        self.out.push(digit(ms / 100));
        self.two_digits(ms % 100);
        // Without zeros at the end, and without the point where nothing is behind it.
        let needed = [1000, 100, 10]
            .into_iter()
            .filter(|unit| ms.is_multiple_of(*unit));
        let more = needed.count();
        self.out
            .truncate(self.out.len() - more - usize::from(more == 3));
        self.out.push(b'Z');
        self
    }

    #[inline]
    fn two_digits(&mut self, value: u32) {
        self.out
            .extend_from_slice(&[digit(value / 10), digit(value)]);
    }

    /// The finished file.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'\n');
        self.out
    }
}

/// The last digit of a number.
#[inline]
fn digit(value: u32) -> u8 {
    b'0' + (value % 10) as u8
}

/// The schemas end just before +180 degrees, which is the same meridian as -180.
#[inline]
pub(crate) fn west_of_180(longitude: f64) -> f64 {
    if longitude >= 180.0 - 0.5e-9 {
        -180.0
    } else {
        longitude
    }
}

/// A value for a place in the schema that takes whole numbers of this range only: the nearest, of two the even one; one outside is counted as lost.
#[inline]
pub(crate) fn rounded(
    value: Option<f64>,
    range: RangeInclusive<u16>,
    lost: &mut usize,
) -> Option<u32> {
    let value = value?.round_ties_even();
    if !(f64::from(*range.start())..=f64::from(*range.end())).contains(&value) {
        *lost += 1;
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies within the range"
    )]
    Some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_cleaned() {
        let mut writer = Writer::new(0);
        writer.element("a", "<b> & \"c\"\u{0}\u{1f}\u{ffff}\r é");
        writer
            .number("n", 1e-7)
            .single("m", f64::from(0.1_f32))
            .raw("<t>")
            .time("2021-09-09T01:46:40.1239Z".parse().unwrap());
        let text = String::from_utf8(writer.finish()).unwrap();
        let body = text.split_once('\n').unwrap().1;
        assert_eq!(
            body,
            "<a>&lt;b&gt; &amp; &quot;c&quot;&#13; é</a><n>0.0000001</n><m>0.1</m><t>2021-09-09T01:46:40.123Z\n"
        );
    }

    #[track_caller]
    fn check(write: impl Fn(&mut Writer), expected: &str) {
        let mut writer = Writer::new(0);
        write(&mut writer);
        let text = String::from_utf8(writer.finish()).unwrap();
        assert_eq!(text.split_once('\n').unwrap().1.trim_end(), expected);
    }

    #[test]
    fn numbers_are_short_and_without_exponent() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (-0.000_000_000_4, "0"),
            (46.5, "46.5"),
            (-8.000_000_01, "-8.00000001"),
            (46.512_345_678_9, "46.512345679"),
            (100.0, "100"),
            (179.999_999_999_9, "180"),
        ] {
            check(
                |writer| {
                    writer.decimal(number, 9);
                },
                expected,
            );
        }
        for (number, expected) in [
            (1.25, "<n>1.25</n>"),
            (1e20, "<n>100000000000000000000</n>"),
            (1e-7, "<n>0.0000001</n>"),
            (0.1 + 0.2, "<n>0.30000000000000004</n>"),
        ] {
            check(
                |writer| {
                    writer.number("n", number);
                },
                expected,
            );
        }
        check(
            |writer| {
                writer.single("n", f64::from(0.3_f32));
            },
            "<n>0.3</n>",
        );
        check(
            |writer| {
                writer.single("n", f64::from(1e-6_f32));
            },
            "<n>0.000001</n>",
        );
    }

    #[test]
    fn times_are_as_jiff_writes_them() {
        for text in [
            "2021-09-09T01:46:40Z",
            "2000-02-29T23:59:59.009Z",
            "1969-12-31T23:59:59.999Z",
            "-000044-03-15T12:00:00Z",
            "9999-12-30T22:00:00Z",
        ] {
            check(
                |writer| {
                    writer.time(text.parse().unwrap());
                },
                text,
            );
        }
    }

    #[test]
    fn what_is_no_whole_number_of_the_range_is_left_out() {
        let mut lost = 0;
        for (value, expected) in [
            (254.4, Some(254)),
            (-0.4, Some(0)),
            (254.5, Some(254)),
            (-0.5, Some(0)),
            (254.6, None),
            (-0.6, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(
                rounded(Some(value), 0..=254, &mut lost),
                expected,
                "{value}"
            );
        }
        assert_eq!(lost, 4);
    }
}
