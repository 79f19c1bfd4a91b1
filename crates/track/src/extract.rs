//! What is sent of a file that holds several activities: each by itself. Knows no service.

use std::borrow::Cow;

use crate::{Format, ReadError, Reading, unpack, write_gpx};

/// The bytes that stand for one part of a reading. A file with one activity is given as it is, unpacked; of a FIT chain
/// the bytes of that part; of GPX or TCX with several activities a GPX of that one, by our own writer.
///
/// # Errors
/// When the bytes cannot be unpacked, or there is no such part (`reading` is of other bytes).
pub fn extract<'a>(
    bytes: &'a [u8],
    reading: &Reading,
    part: usize,
) -> Result<(Format, Cow<'a, [u8]>), ReadError> {
    let unpacked = unpack::inflate(bytes)?.bytes;
    let track = reading
        .tracks
        .get(part)
        .ok_or(ReadError::NoSuchPart { part })?;
    if reading.tracks.len() == 1 {
        return Ok((reading.format, unpacked));
    }
    if reading.format != Format::Fit {
        return Ok((Format::Gpx, Cow::Owned(write_gpx(track).bytes)));
    }
    let slice = match unpacked {
        Cow::Borrowed(all) => all.get(track.range.clone()).map(Cow::Borrowed),
        Cow::Owned(all) => all
            .get(track.range.clone())
            .map(|part| Cow::Owned(part.to_vec())),
    };
    slice
        .map(|slice| (Format::Fit, slice))
        .ok_or(ReadError::NoSuchPart { part })
}
