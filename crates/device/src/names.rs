//! Words from untrusted names: what may be shown, compared and kept; knows no disk.

use std::ffi::OsStr;

/// Longest name that is shown, in letters.
const LONGEST: usize = 80;

/// Text fit to be shown: no control letters, nothing that turns the direction of writing, no blanks around, ≤ 80 letters.
pub(crate) fn plain(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let kept: String = text
        .chars()
        .filter(|letter| !letter.is_control() && !turns(*letter))
        .take(LONGEST)
        .collect();
    kept.trim().to_owned()
}

/// Whether two names are the same but for the case of ASCII letters.
pub(crate) fn same(name: &OsStr, word: &str) -> bool {
    name.as_encoded_bytes()
        .eq_ignore_ascii_case(word.as_bytes())
}

/// Whether a name is one of these words, in any case.
pub(crate) fn is_one_of(name: &OsStr, words: &[&str]) -> bool {
    words.iter().any(|word| same(name, word))
}

/// Whether a name begins with a word, in any case.
pub(crate) fn begins(name: &str, word: &str) -> bool {
    name.as_bytes()
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a file's name says FIT, GPX or TCX, packed or not, and isn't hidden (`._x` is a shadow that macOS writes).
pub(crate) fn is_recording(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    let ends = |end: &[u8]| {
        let start = bytes.len().checked_sub(end.len());
        start.is_some_and(|start| {
            start > 0
                && bytes
                    .get(start..)
                    .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        })
    };
    const ENDS: [&[u8]; 6] = [
        b".fit", b".gpx", b".tcx", b".fit.gz", b".gpx.gz", b".tcx.gz",
    ];
    !is_hidden(name) && ENDS.iter().any(|end| ends(end))
}

/// Names that begin with a dot.
pub(crate) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Folders that operating systems keep for themselves on every volume.
pub(crate) fn is_system_folder(name: &OsStr) -> bool {
    const FOLDERS: [&str; 6] = [
        "System Volume Information",
        "$RECYCLE.BIN",
        "RECYCLER",
        "LOST.DIR",
        "lost+found",
        "FOUND.000",
    ];
    is_hidden(name) || is_one_of(name, &FOLDERS)
}

/// FNV-1a, 64 bits: the same on every system and in every version, for names that are kept.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A word of letters, digits, `-`, `_` and `.`, made from any text; ≤ 40 letters.
pub(crate) fn word(text: &str) -> String {
    let letter = |letter: char| {
        if letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.') {
            letter
        } else {
            '-'
        }
    };
    text.chars().take(40).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_by_name() {
        for (name, expected) in [
            ("2024-01-01-10-00-00.fit", true),
            ("7BG64750.FIT", true),
            ("a.Gpx", true),
            ("a.tcx.GZ", true),
            ("a.fit.gz", true),
            ("._a.fit", false),
            (".fit", false),
            (".Position.gpx", false),
            ("a.fit.bak", false),
            ("a.gz", false),
            ("fit", false),
            ("", false),
        ] {
            assert_eq!(is_recording(OsStr::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn shown_names_carry_no_tricks() {
        for (text, expected) in [
            ("fenix 6", "fenix 6"),
            ("  Edge\n1050\u{1b}[31m ", "Edge1050[31m"),
            ("\u{202e}tif.exe", "tif.exe"),
            ("\u{feff}vívoactive", "vívoactive"),
            ("\0\0", ""),
        ] {
            assert_eq!(plain(text), expected);
        }
        assert_eq!(plain(&"é".repeat(1000)).chars().count(), LONGEST);
    }

    #[test]
    fn words_for_ids() {
        assert_eq!(word("COROS PACE 3/../x"), "COROS-PACE-3-..-x");
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert!(begins("Coros pace", "COROS") && !begins("CO", "COROS"));
    }
}
