//! Zip archives of recordings: bytes in, what is inside out, with caps against bombs. Knows no paths: the names in it are text.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::unpack::{HARMLESS, LIMIT, RATIO};
use crate::{Format, ReadError};

/// The most that an archive may hold; a year of a busy athlete is a thousand.
const MOST_ENTRIES: usize = 10_000;
/// What is looked at of an entry whose name does not say that it is a recording.
const LOOK: u64 = 16 << 10;
/// Every entry has one of these in the archive's directory.
const DIRECTORY_MARK: &[u8; 4] = b"PK\x01\x02";

/// One file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As the archive has it, with its folders: untrusted text, never to be used as a path.
    pub name: String,
    /// What it holds.
    pub content: Content,
}

/// What an entry holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Bytes that are a recording by their beginning, or by their name; packed with gzip or not.
    Recording(Vec<u8>),
    /// Something else: it was not unpacked.
    Other,
    /// It cannot be unpacked, or is not to be.
    Refused(ReadError),
}

/// The files in a zip archive, in its order; folders are passed over.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    next: usize,
    left: u64,
}

/// Whether these bytes are a zip archive, by content.
#[must_use]
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

impl<'a> Archive<'a> {
    /// Opens an archive; nothing is unpacked yet.
    ///
    /// # Errors
    /// It is damaged, or holds more than 10,000 files.
    pub fn open(bytes: &'a [u8]) -> Result<Archive<'a>, ReadError> {
        // Counted before it is read: an entry takes far more memory than the few bytes it needs in the file.
        let marks = bytes.windows(4).filter(|four| *four == DIRECTORY_MARK);
        if marks.take(MOST_ENTRIES + 1).count() > MOST_ENTRIES {
            return Err(refused("it holds more than 10,000 files"));
        }
        let zip = ZipArchive::new(Cursor::new(bytes))
            .map_err(|_| refused("it is damaged, or not whole"))?;
        Ok(Archive {
            zip,
            next: 0,
            left: LIMIT,
        })
    }

    fn content(&mut self, index: usize, name: &str, packed: u64) -> Content {
        let mut file = match self.zip.by_index(index) {
            Ok(file) => file,
            Err(error) => return Content::Refused(reason(&error)),
        };
        let mut bytes = Vec::new();
        // What an error was is said when all of it is read.
        let head = (&mut file).take(LOOK).read_to_end(&mut bytes);
        self.left = self.left.saturating_sub(bytes.len() as u64);
        let begins = bytes.starts_with(&[0x1f, 0x8b]) || Format::of(&bytes).is_some();
        if is_archive(&bytes) {
            return Content::Refused(refused("it is an archive inside an archive"));
        }
        if !begins && !says_recording(name) {
            return Content::Other;
        }
        let cap = packed.saturating_mul(RATIO).clamp(HARMLESS, LIMIT);
        let room = (cap + 1)
            .saturating_sub(bytes.len() as u64)
            .min(self.left + 1);
        let before = bytes.len();
        let rest = head.and_then(|_| file.take(room).read_to_end(&mut bytes));
        let unpacked = (bytes.len() - before) as u64;
        if bytes.len() as u64 > cap {
            self.left = self.left.saturating_sub(unpacked);
            return Content::Refused(ReadError::TooLarge {
                limit_mib: LIMIT >> 20,
            });
        }
        if unpacked > self.left {
            self.left = 0;
            return Content::Refused(refused(
                "the archive holds more than 64 MiB, so this file and what follows is left out",
            ));
        }
        self.left -= unpacked;
        match rest {
            Ok(_) => Content::Recording(bytes),
            Err(_) => Content::Refused(refused("it is damaged")),
        }
    }
}

impl Iterator for Archive<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let index = self.next;
            if index >= self.zip.len() || self.left == 0 {
                return None;
            }
            self.next += 1;
            let about = self.zip.by_index_raw(index).map(|file| {
                let raw = || String::from_utf8_lossy(file.name_raw()).into_owned();
                let name = file.name().map_or_else(|_| raw(), |name| name.into_owned());
                (
                    name,
                    file.is_dir(),
                    file.encrypted(),
                    file.compressed_size(),
                )
            });
            let (name, content) = match about {
                Ok((_, true, ..)) => continue,
                Ok((name, ..)) if is_shadow(&name) => (name, Content::Other),
                Ok((name, _, true, _)) => (
                    name,
                    Content::Refused(refused("it is locked with a password")),
                ),
                Ok((name, _, _, packed)) => {
                    let content = self.content(index, &name, packed);
                    (name, content)
                }
                Err(error) => (
                    format!("file {}", index + 1),
                    Content::Refused(reason(&error)),
                ),
            };
            return Some(Entry { name, content });
        }
    }
}

/// Whether a name ends as those of recordings do.
#[must_use]
pub fn says_recording(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let mut formats = Format::ALL.into_iter();
    formats.any(|format| {
        let stem = name.strip_suffix(format.extension());
        stem.is_some_and(|stem| stem.ends_with('.'))
    })
}

/// What macOS writes beside every file, and hidden files.
fn is_shadow(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("__MACOSX/") || last.starts_with('.')
}

fn reason(error: &ZipError) -> ReadError {
    match error {
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => {
            refused("it is packed in a way that is not known here")
        }
        _ => refused("it is damaged"),
    }
}

fn refused(what: &'static str) -> ReadError {
    ReadError::Archive { what }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
