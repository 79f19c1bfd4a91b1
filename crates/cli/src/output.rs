//! What reaches stdout and stderr: one JSON object per line, or text for people.

use std::io::Write as _;

use engine::view::Problem;
use serde::Serialize;

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    error: &'a Problem,
}

impl Output {
    /// One item: as JSON, or as `text` makes it for people (nothing when that is empty).
    pub(crate) fn item<T: Serialize>(self, item: &T, text: impl FnOnce(&T) -> String) {
        let line = if self.json { as_json(item) } else { text(item) };
        if !line.is_empty() {
            write_line(&line);
        }
    }

    /// Something for people only.
    pub(crate) fn say(self, text: &str) {
        if !self.json {
            write_line(text);
        }
    }

    /// Progress: never on stdout.
    pub(crate) fn note(self, text: &str) {
        // stderr may be closed; then there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{}", plain(text));
    }

    /// What went wrong: a JSON object on stdout, or two sentences on stderr.
    pub(crate) fn problem(self, problem: &Problem) {
        if self.json {
            write_line(&as_json(&ErrorLine { error: problem }));
        } else {
            let (title, hint) = (one_line(&problem.title), one_line(&problem.hint));
            self.note(&format!("{title}\n{hint}"));
        }
    }
}

/// A closed pipe (`… | head`) ends the program quietly, as other tools do.
fn write_line(line: &str) {
    if writeln!(std::io::stdout(), "{}", plain(line)).is_err() {
        std::process::exit(0);
    }
}

/// One line of JSON that a terminal may show: what would steer it is escaped, so that a script still reads the very name.
fn as_json<T: Serialize>(item: &T) -> String {
    let text = serde_json::to_string(item).unwrap_or_default();
    // JSON's own marks are none of these: they only stand within strings, and all of them fit into four digits.
    replaced(&text, steers, |c| format!("\\u{:04x}", u32::from(c)))
}

/// Text of devices and services must not steer the terminal: control characters but newline become `�`.
pub(crate) fn plain(text: &str) -> String {
    replaced(text, |c| steers(c) && c != '\n', |_| REPLACEMENT.into())
}

/// Text of devices and services as part of a line: nothing in it looks like a line of its own.
pub(crate) fn one_line(text: &str) -> String {
    replaced(text, steers, |_| REPLACEMENT.into())
}

/// What stands for a character that is not shown.
const REPLACEMENT: char = '\u{fffd}';

/// Whether a terminal obeys a character, or takes it for the end of a line.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn replaced(text: &str, bad: impl Fn(char) -> bool, by: impl Fn(char) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if bad(c) {
            out.push_str(&by(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_steer_the_terminal() {
        let name = "a\u{1b}[31mb\u{202e}c\td\u{2028}e\nf";
        let shown = "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}e";
        assert_eq!(plain(name), format!("{shown}\nf"));
        assert_eq!(one_line(name), format!("{shown}\u{fffd}f"));
    }

    #[test]
    fn json_says_the_very_name_in_plain_letters() {
        let name = "\u{1b}\u{7f}\u{9b}\u{202e}\u{2028}\n\t\"é🏃";
        let json = as_json(&name);
        assert!(!json.chars().any(steers), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), name);
    }
}
