//! A service's answer, and the few things that are looked up in it. Knows no service and no meaning.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

use crate::retry_after::retry_after;

/// Characters of a service's words that are kept.
const WORDS: usize = 300;
/// Characters of an id that is believed.
const ID: usize = 200;

/// Status, headers and body of one answer; the body is capped where it is read. Its `Debug` says neither what the headers hold
/// nor the body, which may be new tokens.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish()
    }
}

impl Answer {
    /// The body as a JSON object, if it is one.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice::<Value>(&self.body)
            .ok()
            .filter(Value::is_object)
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// How long the service asked to wait.
    pub(crate) fn wait(&self, now: Timestamp) -> Option<Duration> {
        retry_after(self.header(&RETRY_AFTER)?, self.header(&DATE), now)
    }

    fn header(&self, name: &reqwest::header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first id that the pointers find: JSON pointers, or `header:Location` for its last path segment.
    pub(crate) fn id(&self, json: Option<&Value>, pointers: &[String]) -> Option<String> {
        pointers
            .iter()
            .find_map(|pointer| match pointer.strip_prefix("header:") {
                Some(name) if name.eq_ignore_ascii_case("location") => {
                    self.header(&LOCATION).and_then(last_segment)
                }
                Some(name) => self.headers.get(name)?.to_str().ok().and_then(sound_id),
                None => id_of(json?.pointer(pointer)?),
            })
    }
}

/// An id as number or text. Zero and the empty text are none: services have answered so by mistake.
pub(crate) fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => sound_id(text),
        Value::Number(number) => {
            let text = number.to_string();
            sound_id(text.strip_suffix(".0").unwrap_or(&text))
        }
        _ => None,
    }
}

fn sound_id(text: &str) -> Option<String> {
    let text = text.trim();
    let sound = !text.is_empty()
        && text != "0"
        && text.chars().count() <= ID
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    sound.then(|| text.to_owned())
}

/// `…/activities/1201?x` → `1201`.
fn last_segment(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next()?.trim_end_matches('/');
    let (before, segment) = path.rsplit_once('/')?;
    // A bare host is no id.
    if before.ends_with('/') {
        None
    } else {
        sound_id(segment)
    }
}

/// The first of the pointers that holds a text or a number.
pub(crate) fn text_at(json: Option<&Value>, pointers: &[String]) -> Option<String> {
    pointers
        .iter()
        .find_map(|pointer| scalar(json?.pointer(pointer)?))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The service's own words for a refusal: its message and its code, or what the body says, cut and cleaned.
pub(crate) fn words(
    answer: &Answer,
    json: Option<&Value>,
    code: Option<&str>,
    texts: &[String],
) -> String {
    let message = texts
        .iter()
        .find_map(|pointer| spoken(json?.pointer(pointer)?));
    let words = match (message, code) {
        (Some(message), Some(code)) if message != code => format!("{message} ({code})"),
        (Some(message), _) => message,
        (None, Some(code)) => code.to_owned(),
        (None, None) if json.is_none() && !looks_like_markup(&answer.body) => {
            String::from_utf8_lossy(&answer.body).into_owned()
        }
        (None, None) => String::new(),
    };
    clean(&words)
}

/// A text, or the texts of an object or a list, one level down.
fn spoken(value: &Value) -> Option<String> {
    let parts: Vec<String> = match value {
        Value::Object(map) => map
            .iter()
            .filter_map(|(key, value)| scalar(value).map(|text| format!("{key}: {text}")))
            .take(8)
            .collect(),
        Value::Array(list) => list.iter().filter_map(scalar).take(8).collect(),
        other => scalar(other).into_iter().collect(),
    };
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn looks_like_markup(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// One line, without characters that steer a terminal or turn the reading direction, at most 300 characters. A `…` behind it says
/// that there was more: what takes secrets out needs to know where a text was cut.
pub(crate) fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}');
    let line: String = text
        .chars()
        .take(WORDS * 4)
        .filter(|c| !turns(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None if text.chars().nth(WORDS * 4).is_some() => format!("{line}…"),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_id(body: &str, expected: Option<&str>) {
        let value: Value = serde_json::from_str(body).unwrap();
        assert_eq!(id_of(&value).as_deref(), expected, "{body}");
    }

    #[test]
    fn ids_are_numbers_or_texts() {
        check_id("1234567", Some("1234567"));
        check_id("12.0", Some("12"));
        check_id("18446744073709551615", Some("18446744073709551615"));
        check_id("\"a-1\"", Some("a-1"));
        for none in [
            "\"\"",
            "\" \"",
            "0",
            "\"0\"",
            "null",
            "true",
            "{}",
            "[1]",
            "\"a b\"",
            "\"a\\nb\"",
        ] {
            check_id(none, None);
        }
        check_id(&format!("\"{}\"", "9".repeat(201)), None);
    }

    #[test]
    fn location_gives_its_last_segment() {
        for (location, expected) in [
            ("/api/v1/activities/1201", Some("1201")),
            ("https://x.test/api/v1/activities/1201/?a=b", Some("1201")),
            ("https://x.test", None),
            ("https://x.test/", None),
            ("", None),
        ] {
            assert_eq!(last_segment(location).as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn words_are_one_clean_line() {
        assert_eq!(clean("a\r\nb\u{202e}c\u{1b}[31m"), "a bc [31m");
        assert_eq!(clean(&"x".repeat(400)).chars().count(), 301);
        assert_eq!(clean(&"é".repeat(10_000)).chars().count(), 301);
        assert_eq!(
            clean(&format!("{}abcdef", " ".repeat(WORDS * 4 - 3))),
            "abc…"
        );
        assert_eq!(clean(&format!("{}abc", " ".repeat(WORDS * 4 - 3))), "abc");
    }
}
