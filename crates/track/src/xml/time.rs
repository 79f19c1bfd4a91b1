//! Times as XML files write them: RFC 3339 and what comes near it. Knows no clock and no time zones.

use jiff::Timestamp;

/// What a written time says of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// `Z`, or the words UTC or GMT.
    Utc,
    /// An offset from UTC, in seconds.
    Offset(i32),
    /// Nothing: the time is taken as UTC, and may be off by hours.
    Unsaid,
}

/// A moment as written, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds since 1970.
    seconds: i64,
    /// Nanoseconds after that second.
    nanoseconds: u32,
    /// What was said of the zone.
    pub(crate) zone: Zone,
}

impl Moment {
    /// Milliseconds since 1970, rounded down.
    pub(crate) fn milliseconds(self) -> i64 {
        self.seconds * 1000 + i64::from(self.nanoseconds / 1_000_000)
    }

    /// With all its digits.
    pub(crate) fn timestamp(self) -> Option<Timestamp> {
        let second = Timestamp::from_second(self.seconds).ok()?;
        second
            .checked_add(jiff::SignedDuration::new(
                0,
                i32::try_from(self.nanoseconds).ok()?,
            ))
            .ok()
    }
}

/// Reads `2021-09-09T01:46:40Z`: also with a blank for the T, fractions, any offset, none, or `UTC` behind it.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    let bytes = text.trim_ascii().as_bytes();
    let (head, rest) = bytes.split_at_checked(19)?;
    let &[
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T' | b't' | b' ',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
    ] = head
    else {
        return None;
    };
    let year = pair(y0, y1)? * 100 + pair(y2, y3)?;
    let (month, day) = (pair(m0, m1)?, pair(d0, d1)?);
    let (hour, minute, second) = (pair(h0, h1)?, pair(n0, n1)?, pair(s0, s1)?);
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in(year, month)
        || hour > 24
        || minute > 59
        || second > 60
    {
        return None;
    }
    let (nanoseconds, rest) = fraction(rest);
    let zone = zone(rest)?;
    let shift = if let Zone::Offset(shift) = zone {
        i64::from(shift)
    } else {
        0
    };
    // A leap second is the second before it: the scale of 1970 has none.
    let of_day = hour * 3600 + minute * 60 + second.min(59);
    let seconds = days_since_1970(year, month, day) * 86_400 + of_day - shift;
    Some(Moment {
        seconds,
        nanoseconds,
        zone,
    })
}

#[inline]
fn pair(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

/// Nanoseconds of `.123…` or `,123…`, and what follows; digits past the ninth are dropped.
fn fraction(rest: &[u8]) -> (u32, &[u8]) {
    let [b'.' | b',', digits @ ..] = rest else {
        return (0, rest);
    };
    let mut nanoseconds = 0;
    let mut unit = 100_000_000;
    let mut rest = digits;
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        nanoseconds += u32::from(digit - b'0') * unit;
        unit /= 10;
        rest = tail;
    }
    (nanoseconds, rest)
}

fn zone(text: &[u8]) -> Option<Zone> {
    let text = text.trim_ascii();
    let (sign, digits) = match text {
        [] => return Some(Zone::Unsaid),
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(Zone::Utc),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match *digits {
        [h0, h1] => (pair(h0, h1)?, 0),
        [h0, h1, m0, m1] | [h0, h1, b':', m0, m1] => (pair(h0, h1)?, pair(m0, m1)?),
        _ => return None,
    };
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    (hours <= 18 && minutes <= 59).then_some(Zone::Offset(sign * seconds))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that leap days come last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let read = moment(text).and_then(Moment::timestamp);
        assert_eq!(read, expected.map(|time| time.parse().unwrap()), "{text}");
    }

    #[test]
    fn times_as_files_write_them() {
        check("2021-09-09T01:46:40Z", Some("2021-09-09T01:46:40Z"));
        check(" 2021-09-09 01:46:40.5z\n", Some("2021-09-09T01:46:40.5Z"));
        check(
            "2010-01-01T14:48:37.5195429Z",
            Some("2010-01-01T14:48:37.5195429Z"),
        );
        check(
            "1901-12-13T20:45:52.2073437Z",
            Some("1901-12-13T20:45:52.2073437Z"),
        );
        check(
            "2021-01-07T21:51:59.179+01:15",
            Some("2021-01-07T20:36:59.179Z"),
        );
        check("2021-01-07T21:51:59-0330", Some("2021-01-08T01:21:59Z"));
        check("2021-01-07T21:51:59+02", Some("2021-01-07T19:51:59Z"));
        check("2021-09-09T01:46:40 UTC", Some("2021-09-09T01:46:40Z"));
        check("2021-09-09T01:46:40", Some("2021-09-09T01:46:40Z"));
        check("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59Z"));
        check("2000-02-29T24:00:00Z", Some("2000-03-01T00:00:00Z"));
        check("2021-02-29T00:00:00Z", None);
        check("2021-13-01T00:00:00Z", None);
        check("2021-09-09T01:46", None);
        check("2021-09-09T01:46:40 CEST", None);
        check("２021-09-09T01:46:40", None);
        check("", None);
    }

    #[test]
    fn days_agree_with_the_calendar() {
        let mut day = jiff::civil::date(1895, 1, 1);
        for expected in -27_393.. {
            let days = days_since_1970(day.year().into(), day.month().into(), day.day().into());
            assert_eq!(days, expected, "{day}");
            if day.year() == 2105 {
                break;
            }
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn milliseconds_are_rounded_down() {
        assert_eq!(
            moment("1969-12-31T23:59:59.9999Z").map(Moment::milliseconds),
            Some(-1)
        );
        assert_eq!(
            moment("1970-01-01T00:00:00.0019Z").map(Moment::milliseconds),
            Some(1)
        );
        assert_eq!(
            moment("1970-01-01T00:00:00").map(|moment| moment.zone),
            Some(Zone::Unsaid)
        );
    }
}
