//! Bytes of an XML file to text, whatever encoding it is in or claims. Knows no elements.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::Skipped;

/// How far into the file an XML declaration is looked for.
const DECLARATION: usize = 1024;

/// An XML file as text.
pub(crate) struct Text<'a> {
    /// The text, without byte order mark.
    pub(crate) text: Cow<'a, str>,
    /// What could not be decoded.
    pub(crate) skipped: Vec<Skipped>,
    /// Where in the file the text begins; `None` if a place in the text is no place in the file.
    pub(crate) offset: Option<usize>,
}

/// Decodes: byte order mark, else UTF-16 by its zeros, else the declared name, else UTF-8. What claims to be UTF-8 and is
/// not is read as Windows-1252, which gives every byte a character.
pub(crate) fn decode(bytes: &[u8]) -> Text<'_> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or_else(|| (guess(bytes), 0));
    let body = bytes.get(mark..).unwrap_or_default();
    if encoding == UTF_8 {
        return utf8(body, mark);
    }
    let (text, lossy) = encoding.decode_without_bom_handling(body);
    let mut skipped = Vec::new();
    if lossy {
        let what = format!("Characters that are no {} were replaced", encoding.name());
        skipped.push(Skipped {
            what,
            byte: None,
            count: 1,
        });
    }
    Text {
        text,
        skipped,
        offset: None,
    }
}

/// The encoding of bytes without byte order mark.
fn guess(bytes: &[u8]) -> &'static Encoding {
    match bytes {
        [b'<', 0, ..] => return UTF_16LE,
        [0, b'<', ..] => return UTF_16BE,
        _ => {}
    }
    let declared = declared(bytes)
        .and_then(Encoding::for_label)
        .unwrap_or(UTF_8);
    // The declaration was read as ASCII, so it cannot be UTF-16 whatever it says.
    if declared == UTF_16LE || declared == UTF_16BE {
        UTF_8
    } else {
        declared
    }
}

/// The value of `encoding` in the XML declaration.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes
        .get(..bytes.len().min(DECLARATION))?
        .trim_ascii_start();
    let head = head.strip_prefix(b"<?xml")?;
    let end = find(head, b"?>")?;
    let head = head.get(..end)?;
    let rest = head
        .get(find(head, b"encoding")? + b"encoding".len()..)?
        .trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    let end = rest.iter().position(|byte| byte == quote)?;
    rest.get(..end)
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

fn utf8(bytes: &[u8], mark: usize) -> Text<'_> {
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => {
            return Text {
                text: Cow::Borrowed(text),
                skipped: Vec::new(),
                offset: Some(mark),
            };
        }
        Err(error) => error,
    };
    let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
    // Cut off inside a character: only that is lost, and the missing end is noticed anyway.
    if error.error_len().is_none()
        && let Ok(text) = std::str::from_utf8(valid)
    {
        return Text {
            text: Cow::Borrowed(text),
            skipped: Vec::new(),
            offset: Some(mark),
        };
    }
    let at = mark + error.valid_up_to();
    if valid.is_ascii() {
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
        let what = "The text is not UTF-8 as it should be, and was read as Windows-1252";
        return Text {
            text,
            skipped: vec![Skipped::at(what, at)],
            offset: None,
        };
    }
    let (text, _) = UTF_8.decode_without_bom_handling(bytes);
    Text {
        text,
        skipped: vec![Skipped::at("Bytes that are no UTF-8 were replaced", at)],
        offset: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str, notes: usize) {
        let text = decode(bytes);
        assert_eq!((text.text.as_ref(), text.skipped.len()), (expected, notes));
    }

    #[test]
    fn every_encoding_becomes_text() {
        check("<a>é</a>".as_bytes(), "<a>é</a>", 0);
        check(b"\xef\xbb\xbf<a>\xc3\xa9</a>", "<a>é</a>", 0);
        check(b"\xff\xfe<\0a\0>\0\xe9\0", "<a>é", 0);
        check(b"<\0a\0>\0\xe9\0", "<a>é", 0);
        check(b"\0<\0a\0>\0\xe9", "<a>é", 0);
        check(b"<a>\xe9</a>", "<a>é</a>", 1);
        check(b"\xc3\xa9\xe9 ", "é\u{fffd} ", 1);
        check(b"<a>caf\xc3", "<a>caf", 0);
        check(b"", "", 0);
    }

    #[test]
    fn the_declaration_is_believed_where_it_can_be() {
        let latin = b"  <?xml version='1.0' encoding = \"ISO-8859-1\"?><a>\xe9\x80</a>";
        assert!(decode(latin).text.ends_with("<a>é€</a>"));
        let liar = "<?xml version='1.0' encoding='UTF-16'?><a>é</a>".as_bytes();
        assert!(decode(liar).text.ends_with("<a>é</a>"));
        let unknown = b"<?xml version='1.0' encoding='klingon'?><a/>";
        assert!(decode(unknown).text.ends_with("<a/>"));
        // Without its end the declaration says nothing; nothing is read past it either.
        assert!(decode(b"<?xml encoding='ISO-8859-1' ").skipped.is_empty());
    }
}
