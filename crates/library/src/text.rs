//! Text and times on their way into and out of rows. Knows no table.

use jiff::Timestamp;
use rusqlite::types::FromSqlError;

/// Untrusted text as one line of at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(most).collect::<String>().trim().to_owned()
}

/// Like [`line()`]; nothing left is `None`.
pub(crate) fn optional_line(text: Option<&str>, most: usize) -> Option<String> {
    text.map(|text| line(text, most))
        .filter(|text| !text.is_empty())
}

/// A stored time; one beyond the calendar is taken as its end.
pub(crate) fn time(ms: i64) -> Timestamp {
    let end = if ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_millisecond(ms).unwrap_or(end)
}

/// A word that this version doesn't know stood in a column with a fixed list of words.
pub(crate) fn unknown_word(column: &str, word: &str) -> rusqlite::Error {
    let what = format!("unknown {column} '{}'", line(word, 40));
    rusqlite::Error::FromSqlConversionFailure(
        0,
        rusqlite::types::Type::Text,
        Box::new(FromSqlError::Other(what.into())),
    )
}

/// Only numbers that a sum survives.
pub(crate) fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

/// A count for people; rows never hold negative ones.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
