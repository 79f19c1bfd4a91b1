//! The file formats, told apart by content. Knows no file names.

use crate::ReadError;

/// A format that recordings are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Flexible and Interoperable Data Transfer, the devices' own binary format.
    Fit,
    /// GPS Exchange Format, XML.
    Gpx,
    /// Training Center XML.
    Tcx,
}

impl Format {
    /// Every format, best original first.
    pub const ALL: [Format; 3] = [Format::Fit, Format::Tcx, Format::Gpx];

    /// `fit`, `gpx` or `tcx`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Fit => "fit",
            Format::Gpx => "gpx",
            Format::Tcx => "tcx",
        }
    }

    /// The file name's ending, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.name()
    }

    /// The format with this [`Format::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What the unpacked bytes are, by their content and not by any name.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Format> {
        if is_fit(bytes) {
            return Some(Format::Fit);
        }
        match root_element(bytes)?.as_str() {
            "gpx" => Some(Format::Gpx),
            "trainingcenterdatabase" => Some(Format::Tcx),
            _ => None,
        }
    }
}

/// The mark `.FIT` stands at byte 8 of every FIT header, whatever its length.
fn is_fit(bytes: &[u8]) -> bool {
    bytes.get(8..12) == Some(b".FIT".as_slice())
}

/// How many bytes are looked through for the first element.
const LOOK: usize = 16 * 1024;

/// The local name of the first element in lower case, in any encoding that holds ASCII as ASCII or as UTF-16.
fn root_element(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(LOOK))?;
    // UTF-16 becomes ASCII by leaving the zeros out; nothing else is needed to recognise a name.
    let text: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let start = text.iter().position(|byte| *byte == b'<')?;
    // Only blanks and a byte order mark may stand before the first `<`.
    if text
        .iter()
        .take(start)
        .any(|byte| byte.is_ascii_alphanumeric())
    {
        return None;
    }
    let mut rest = text.get(start..)?;
    loop {
        let open = rest.iter().position(|byte| *byte == b'<')?;
        rest = rest.get(open + 1..)?;
        rest = match rest.first()? {
            b'?' => after(rest, b"?>")?,
            b'!' if rest.starts_with(b"!--") => after(rest, b"-->")?,
            b'!' => after(rest, b">")?,
            _ => return Some(local_name(rest)),
        };
    }
}

fn after<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = bytes
        .windows(mark.len())
        .position(|window| window == mark)?;
    bytes.get(at + mark.len()..)
}

fn local_name(bytes: &[u8]) -> String {
    let name: String = bytes
        .iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-'))
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

/// Why bytes of no known format are refused.
pub(crate) fn refusal(bytes: &[u8]) -> ReadError {
    if bytes.is_empty() {
        return ReadError::Empty;
    }
    if bytes.iter().take(4096).all(|byte| *byte == 0) {
        return ReadError::NotARecording {
            looks_like: "zeros only: it was never written out",
        };
    }
    if matches!(bytes.first(), Some(12 | 14))
        && b".FIT".starts_with(bytes.get(8..).unwrap_or_default())
    {
        return ReadError::CutOff;
    }
    if bytes.starts_with(&[0x00, 0x05, 0x16, 0x07]) {
        return ReadError::NotARecording {
            looks_like: "a side file of macOS",
        };
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return ReadError::NotARecording {
            looks_like: "a zip archive",
        };
    }
    match root_element(bytes).as_deref() {
        Some("kml") => ReadError::Kml,
        Some("html") => ReadError::NotARecording {
            looks_like: "a web page",
        },
        Some(name) if !name.is_empty() => ReadError::NotARecording {
            looks_like: "some other XML",
        },
        _ => ReadError::NotARecording {
            looks_like: "something else",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<Format>) {
        assert_eq!(
            Format::of(bytes),
            expected,
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    }

    #[test]
    fn content_decides() {
        check(
            b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\x00\x00",
            Some(Format::Fit),
        );
        check(
            b"<?xml version='1.0'?><!-- <kml> --><gpx version='1.1'>",
            Some(Format::Gpx),
        );
        check(b"\xef\xbb\xbf \r\n<ns0:gpx>", Some(Format::Gpx));
        check(b"  \n<TrainingCenterDatabase xmlns=''>", Some(Format::Tcx));
        check(b"\xff\xfe<\0g\0p\0x\0 \0", Some(Format::Gpx));
        check(b"<!DOCTYPE html><html>", None);
        check(b"text before <gpx>", None);
        check(b"", None);
    }

    #[track_caller]
    fn refused(bytes: &[u8], code: &str) {
        assert_eq!(refusal(bytes).code(), code);
    }

    #[test]
    fn refusals_say_what_it_is() {
        refused(b"", "empty");
        refused(&[0; 4096], "not_a_recording");
        refused(b"<kml>", "kml");
        refused(b"\x0e\x10\x00\x00\x00", "truncated");
        refused(b"\x0e", "truncated");
        refused(b"<html>", "not_a_recording");
        assert!(refusal(b"<html>").to_string().contains("web page"));
    }
}
