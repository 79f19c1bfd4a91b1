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
        let line = if self.json {
            serde_json::to_string(item).unwrap_or_default()
        } else {
            text(item)
        };
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
            write_line(&serde_json::to_string(&ErrorLine { error: problem }).unwrap_or_default());
        } else {
            self.note(&format!("{}\n{}", problem.title, problem.hint));
        }
    }
}

/// A closed pipe (`… | head`) ends the program quietly, as other tools do.
fn write_line(line: &str) {
    if writeln!(std::io::stdout(), "{}", plain(line)).is_err() {
        std::process::exit(0);
    }
}

/// Text of devices and services must not steer the terminal: control characters but newline and tab become `�`.
pub(crate) fn plain(text: &str) -> String {
    let steering = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if steering(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_do_not_steer_the_terminal() {
        assert_eq!(
            plain("a\u{1b}[31mb\u{202e}c\nd"),
            "a\u{fffd}[31mb\u{fffd}c\nd"
        );
    }
}
