//! The plainest of tags, found without a general XML reader: `<name>` without attributes, and `<name>text</name>` with a short
//! text and nothing else in it. Knows no element by name, and leaves everything that is not so plain alone.

/// Longer names and texts are left to the general reader; so nothing is looked at twice for long.
const LONGEST: usize = 64;

/// A tag without attributes.
pub(super) struct Plain<'a> {
    /// Its first byte.
    pub(super) start: usize,
    pub(super) name: &'a str,
    /// The byte behind it.
    pub(super) end: usize,
    /// Its text and the byte behind its end, where it has nothing but that.
    pub(super) leaf: Option<(&'a str, usize)>,
}

/// The beginning of an element at this byte, if it is so plain.
#[inline]
pub(super) fn begin(source: &str, start: usize) -> Option<Plain<'_>> {
    let inside = source.as_bytes().get(start..)?.strip_prefix(b"<")?;
    let near = inside.get(..LONGEST).unwrap_or(inside);
    let name = near
        .iter()
        .position(|byte| OF_NAME.get(usize::from(*byte)) != Some(&true))?;
    // `</a>` and `<>` have no name here; a name with something behind it has attributes.
    if name == 0 || inside.get(name) != Some(&b'>') {
        return None;
    }
    let end = start + name + 2;
    Some(Plain {
        start,
        name: source.get(start + 1..end - 1)?,
        end,
        leaf: text(source, end, inside.get(..name)?),
    })
}

/// A text that begins at this byte, ends with an end of this name, and has no reference in it; and the byte behind that.
#[inline]
fn text<'a>(source: &'a str, start: usize, name: &[u8]) -> Option<(&'a str, usize)> {
    let rest = source.as_bytes().get(start..)?;
    let near = rest.get(..LONGEST).unwrap_or(rest);
    let length = memchr::memchr2(b'<', b'&', near)?;
    let end = ends(source, start + length, name)?;
    Some((source.get(start..start + length)?, end))
}

/// The byte behind `</name>`, if that begins at this byte.
#[inline]
pub(super) fn ends(source: &str, start: usize, name: &[u8]) -> Option<usize> {
    let tag = source.as_bytes().get(start..start + name.len() + 3)?;
    let inside = tag.strip_prefix(b"</")?.strip_suffix(b">")?;
    (inside == name).then_some(start + tag.len())
}

/// The byte behind the blanks that begin at this byte.
#[inline]
pub(super) fn behind_blanks(source: &str, at: usize) -> usize {
    let bytes = source.as_bytes();
    let mut at = at;
    loop {
        match bytes.get(at..) {
            // Files are indented with many.
            Some([b' ', b' ', b' ', b' ', ..]) => at += 4,
            Some([b' ' | b'\n' | b'\r' | b'\t', ..]) => at += 1,
            _ => return at,
        }
    }
}

/// Whether a tag begins at this byte, and nothing else that begins with `<`.
#[inline]
pub(super) fn is_tag(source: &str, at: usize) -> bool {
    matches!(source.as_bytes().get(at..), Some([b'<', next, ..]) if !matches!(next, b'!' | b'?'))
}

/// ASCII that names consist of; other letters are left to the general reader.
const OF_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.');
        byte += 1;
    }
    table
};
