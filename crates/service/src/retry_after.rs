//! `Retry-After`, in seconds or as a date (RFC 9110 §10.2.3). Knows no clock: the time of the answer is given.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The longest wait that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The shortest wait: "0" must not become a busy loop.
const SHORTEST: Duration = Duration::from_secs(1);

/// How long to wait from now. A date is measured against the server's own `Date` where it sent one, so that a wrong clock
/// here delays nothing. `None` when it is neither a number nor a date.
pub(crate) fn retry_after(value: &str, date: Option<&str>, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than a day in any case.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let until = http_date(value)?;
        let since = date.and_then(http_date).unwrap_or(now);
        Duration::try_from(until.duration_since(since)).unwrap_or(Duration::ZERO)
    };
    Some(wait.clamp(SHORTEST, LONGEST))
}

fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text.trim())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, date: Option<&str>, expected: Option<u64>) {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        assert_eq!(
            retry_after(value, date, now),
            expected.map(Duration::from_secs),
            "{value:?} {date:?}"
        );
    }

    #[test]
    fn seconds() {
        check("2", None, Some(2));
        check(" 120 ", None, Some(120));
        check("0", None, Some(1));
        check("86400", None, Some(86_400));
        check("86401", None, Some(86_400));
        check("1000000000000", None, Some(86_400));
        check("99999999999999999999999999", None, Some(86_400));
    }

    #[test]
    fn dates() {
        check("Fri, 20 Nov 2026 12:00:30 GMT", None, Some(30));
        check("Fri, 20 Nov 2026 11:00:00 GMT", None, Some(1));
        check("Fri, 20 Nov 2037 12:00:00 GMT", None, Some(86_400));
        // The clock here is a year slow.
        check(
            "Sat, 20 Nov 2027 12:00:10 GMT",
            Some("Sat, 20 Nov 2027 12:00:00 GMT"),
            Some(10),
        );
        check("Fri, 20 Nov 2026 12:00:30 GMT", Some("yesterday"), Some(30));
    }

    #[test]
    fn neither() {
        for value in [
            "",
            "-1",
            "1.5",
            "soon",
            "5 s",
            "0x10",
            "Fri, 99 Nov 2026 12:00:30 GMT",
        ] {
            check(value, None, None);
        }
    }
}
