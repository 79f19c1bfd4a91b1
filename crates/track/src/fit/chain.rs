//! The outermost structure of a FIT file: headers, sizes, checksums, and files chained one behind the other. Knows no
//! messages.

use std::borrow::Cow;

use super::assemble::Part;
use super::crc::crc16;
use super::facts::Facts;
use super::layout::Want;
use super::pass::{self, Stop};
use crate::budget::Budget;
use crate::{ReadError, Skipped};

/// Parts that are read of one file at most; real ones have up to seven.
const MOST_PARTS: usize = 1000;

/// All parts of a file, whether every size and checksum is right, and what is wrong with the file as a whole.
pub(super) struct Chain {
    pub(super) parts: Vec<Part>,
    pub(super) complete: bool,
    pub(super) skipped: Vec<Skipped>,
}

/// A part's header.
struct Header {
    size: usize,
    data_size: usize,
    sound: bool,
}

impl Header {
    /// The header at the start of these bytes; `None` if there is none, or if it is cut off.
    fn parse(bytes: &[u8]) -> Option<Header> {
        let &[size, _, _, _, a, b, c, d, b'.', b'F', b'I', b'T', ..] = bytes else {
            return None;
        };
        let size = usize::from(size);
        let header = bytes.get(..size).filter(|_| size >= 12)?;
        // A checksum of zero means that the writer made none.
        let sound = match header.get(12..14) {
            Some(&[0, 0]) | None => true,
            Some(_) => header.get(..14).is_some_and(|header| crc16(header) == 0),
        };
        Some(Header {
            size,
            data_size: usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?,
            sound,
        })
    }
}

/// Reads every part of a file. For a summary the checksums are not looked at.
pub(super) fn read(bytes: &[u8], want: Want) -> Result<Chain, ReadError> {
    if Header::parse(bytes).is_none() {
        let cut = bytes
            .first()
            .is_some_and(|size| usize::from(*size) > bytes.len());
        let what = "its header is not that of a FIT file".to_owned();
        return Err(if cut {
            ReadError::CutOff
        } else {
            ReadError::Damaged { what }
        });
    }
    let mut chain = Chain {
        parts: Vec::new(),
        complete: true,
        skipped: Vec::new(),
    };
    let mut reader = Reader {
        bytes,
        want,
        budget: Budget::of(bytes.len()),
    };
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let header = Header::parse(rest).filter(|_| chain.parts.len() < MOST_PARTS);
        let Some(header) = header else {
            chain.trailing(rest, at);
            break;
        };
        at = chain.part(&mut reader, at, &header);
    }
    Ok(chain)
}

/// The file, and how it is read.
struct Reader<'a> {
    bytes: &'a [u8],
    want: Want,
    budget: Budget,
}

impl Reader<'_> {
    fn pass(&mut self, start: usize, end: usize) -> (Facts, Option<Stop>) {
        pass::run(self.bytes, start, end, self.want, &mut self.budget)
    }

    /// Reads to the end of the file, and leaves a checksum there out if it is one.
    fn open_end(&mut self, at: usize, start: usize) -> (Facts, Option<Stop>) {
        let bytes = self.bytes;
        let closed = bytes.get(at..).is_some_and(|part| crc16(part) == 0);
        let end = if closed {
            bytes.len().saturating_sub(2).max(start)
        } else {
            bytes.len()
        };
        self.pass(start, end)
    }

    fn end(&self, at: usize, start: usize, declared: usize) -> End {
        let bytes = self.bytes;
        match bytes.get(at..declared.saturating_add(2)) {
            Some(_)
                if declared == start
                    && bytes.len() > declared + 2
                    && !is_header_at(bytes, declared + 2) =>
            {
                let what =
                    "The header gives no length: the device stopped before it closed the file";
                End::Open(what)
            }
            Some(_) if self.want == Want::Summary => End::Sound,
            Some(whole) if crc16(whole) == 0 => End::Sound,
            Some(_) => End::WrongSum,
            None if bytes.len() >= declared => End::Open("The checksum at the end is missing"),
            None => End::Open("The file breaks off before its end"),
        }
    }
}

impl Chain {
    fn trailing(&mut self, rest: &[u8], at: usize) {
        let padding = rest.iter().all(|byte| *byte == 0);
        self.complete &= padding;
        let what = if padding {
            "zeros behind the end"
        } else {
            "bytes behind the end that belong to nothing"
        };
        self.skipped.push(Skipped {
            what: format!("{} {what}", rest.len()),
            byte: Some(at as u64),
            count: 1,
        });
    }

    /// Reads the part at a byte; gives where the next one begins.
    fn part(&mut self, reader: &mut Reader, at: usize, header: &Header) -> usize {
        let bytes = reader.bytes;
        let start = at + header.size;
        let mut skipped = Vec::new();
        if !header.sound {
            skipped.push(Skipped::at("The header's checksum is wrong", at));
        }
        let declared = start.saturating_add(header.data_size);
        let (mut facts, mut stop);
        let next;
        match reader.end(at, start, declared) {
            End::Sound => {
                (facts, stop) = reader.pass(start, declared);
                next = declared + 2;
            }
            End::WrongSum => {
                (facts, stop) = reader.pass(start, declared);
                let longer =
                    matches!(stop, Some(Stop::Cut(_))) && !is_header_at(bytes, declared + 2);
                if longer && bytes.len() > declared + 2 {
                    skipped.push(Skipped::at("The header gives too small a length", at));
                    (facts, stop) = reader.open_end(at, start);
                    next = bytes.len();
                } else {
                    skipped.push(Skipped::at(
                        "The checksum is wrong: something in it has changed",
                        declared,
                    ));
                    next = declared + 2;
                }
            }
            End::Open(what) => {
                let byte = if header.data_size == 0 {
                    at
                } else {
                    bytes.len()
                };
                skipped.push(Skipped::at(what, byte));
                (facts, stop) = reader.open_end(at, start);
                next = bytes.len();
            }
        }
        // Whether the file is whole is a matter of sizes and checksums; a message that cannot be read is only left out.
        self.complete &= skipped.is_empty();
        note(&mut skipped, stop, next);
        let range = at..next.min(bytes.len());
        self.parts.push(Part {
            range,
            facts,
            skipped,
        });
        next
    }
}

/// How a part ends.
enum End {
    Sound,
    WrongSum,
    /// It goes on to the end of the file; the sentence says why.
    Open(&'static str),
}

fn is_header_at(bytes: &[u8], at: usize) -> bool {
    bytes
        .get(at..)
        .is_some_and(|rest| Header::parse(rest).is_some())
}

/// Says what a stop has cost, unless only a checksum's two bytes were left.
fn note(skipped: &mut Vec<Skipped>, stop: Option<Stop>, next: usize) {
    match stop {
        Some(Stop::Cut(at)) if skipped.is_empty() || next.saturating_sub(at) > 2 => {
            skipped.push(Skipped::at("A message that goes on beyond the end", at));
        }
        Some(Stop::Undefined(at)) if skipped.is_empty() || next.saturating_sub(at) > 2 => {
            skipped.push(Skipped::at(
                "A message of a type that was never described, and all behind it",
                at,
            ));
        }
        _ => {}
    }
}

/// One part with a header that fits it: its own bytes if they are sound, else a header of twelve bytes before its data.
pub(super) fn sequence<'a>(bytes: &'a [u8], part: &Part) -> Option<Cow<'a, [u8]>> {
    let whole = bytes.get(part.range.clone())?;
    let size = usize::from(*whole.first()?);
    if part.skipped.is_empty() && matches!(size, 12 | 14) {
        return Some(Cow::Borrowed(whole));
    }
    let data = whole.get(size..)?;
    let mut made = vec![12];
    made.extend(whole.get(1..4)?);
    made.extend(u32::try_from(data.len()).ok()?.to_le_bytes());
    made.extend(b".FIT");
    made.extend(data);
    Some(Cow::Owned(made))
}
