//! The attributes of an XML element, and names without their prefix. Knows no attribute by name.

use std::borrow::Cow;

use super::reference::resolve;

/// The name behind the prefix.
#[inline]
pub(super) fn local(name: &str) -> &str {
    let colon = name.as_bytes().iter().rposition(|byte| *byte == b':');
    colon
        .and_then(|colon| name.get(colon + 1..))
        .unwrap_or(name)
}

/// What stands before and behind the first such ASCII byte.
#[inline]
fn split_once(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(mark, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The attributes of an element as they are written.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a>(pub(super) &'a str);

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, Cow<'a, str>);

    /// The next attribute: name behind the prefix, and value with its references resolved.
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = split_once(self.0, b'=')?;
        let rest = rest.trim_ascii_start();
        let Some(quote @ (b'"' | b'\'')) = rest.as_bytes().first().copied() else {
            self.0 = "";
            return None;
        };
        let (value, rest) = split_once(rest.get(1..)?, quote)?;
        self.0 = rest;
        Some((local(name.trim_ascii()), resolve(value)))
    }
}
