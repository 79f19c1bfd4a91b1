//! Character and entity references, and cleaning of names. Expands nothing but the five that XML has by itself.

use std::borrow::Cow;

/// The longest name that is kept, in characters.
const LONGEST_NAME: usize = 512;

/// The character that a reference stands for, given without `&` and `;`. Control characters that XML forbids are none.
pub(crate) fn character(name: &str) -> Option<char> {
    let number = match name {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|character| is_allowed(*character))
}

/// Whether XML 1.0 can carry this character at all.
pub(crate) fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Text with its references resolved; unknown ones stay as they are.
pub(crate) fn resolve(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        // The longest reference that means something is `&#x10FFFF;`: looking further would be quadratic.
        let name = after
            .char_indices()
            .take(10)
            .find(|(_, character)| *character == ';');
        let name = name.and_then(|(end, _)| after.split_at_checked(end));
        match name.and_then(|(name, tail)| Some((character(name)?, tail.strip_prefix(';')?))) {
            Some((character, tail)) => {
                out.push(character);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A name as it can be shown: blanks around it and control characters gone, capped in length. `None` if nothing is left.
pub(crate) fn clean(text: &str) -> Option<String> {
    let kept = text
        .trim()
        .chars()
        .filter(|character| !character.is_control() || *character == '\n');
    let kept: String = kept.take(LONGEST_NAME).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_and_numbers_are_resolved() {
        for (text, expected) in [
            ("a &amp; b &lt;&gt;&quot;&apos;", "a & b <>\"'"),
            ("&#45;30&#x2d;1", "-30-1"),
            (
                "&eacute; & &; &#0; &#xD800; &#x1;",
                "&eacute; & &; &#0; &#xD800; &#x1;",
            ),
            ("&&amp;&", "&&&"),
            ("no", "no"),
        ] {
            assert_eq!(resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn names_are_cleaned() {
        assert_eq!(clean(" a\u{1}b\n").as_deref(), Some("ab"));
        assert_eq!(clean(" \u{7f} "), None);
        assert_eq!(
            clean(&"x".repeat(10_000)).map(|name| name.len()),
            Some(LONGEST_NAME)
        );
    }
}
