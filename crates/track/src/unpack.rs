//! Takes gzip off a recording, with caps against bombs. Knows no recording format.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::ReadError;

/// The most that a recording may be when unpacked.
pub(crate) const LIMIT: u64 = 64 << 20;
/// The most that one packed byte may become.
pub(crate) const RATIO: u64 = 100;
/// Below this size the ratio does not matter.
pub(crate) const HARMLESS: u64 = 1 << 20;

/// Unpacked bytes, and whether all came out.
pub(crate) struct Unpacked<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) complete: bool,
}

/// Takes gzip off, if it is on.
///
/// # Errors
/// When it is damaged, cut off, or would become larger than 64 MiB or 100 times its size.
pub fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ReadError> {
    let unpacked = inflate(bytes)?;
    if unpacked.complete {
        Ok(unpacked.bytes)
    } else {
        Err(ReadError::Gzip)
    }
}

/// Like [`unpack`], but keeps what came out of a damaged file.
pub(crate) fn inflate(bytes: &[u8]) -> Result<Unpacked<'_>, ReadError> {
    let too_large = ReadError::TooLarge {
        limit_mib: LIMIT >> 20,
    };
    if bytes.len() as u64 > LIMIT {
        return Err(too_large);
    }
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Unpacked {
            bytes: Cow::Borrowed(bytes),
            complete: true,
        });
    }
    let cap = (bytes.len() as u64 * RATIO).clamp(HARMLESS, LIMIT);
    let mut out = Vec::new();
    let complete = MultiGzDecoder::new(bytes)
        .take(cap + 1)
        .read_to_end(&mut out)
        .is_ok();
    if out.len() as u64 > cap {
        return Err(too_large);
    }
    if out.is_empty() {
        return Err(if complete {
            ReadError::Empty
        } else {
            ReadError::Gzip
        });
    }
    Ok(Unpacked {
        bytes: Cow::Owned(out),
        complete,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_bytes_are_not_copied() {
        assert!(matches!(unpack(b"<gpx/>"), Ok(Cow::Borrowed(b"<gpx/>"))));
        assert_eq!(unpack(&packed(b"<gpx/>")).unwrap().as_ref(), b"<gpx/>");
    }

    #[test]
    fn bombs_and_damage_are_refused() {
        assert_eq!(
            unpack(&packed(&vec![0; 80 << 20])),
            Err(ReadError::TooLarge { limit_mib: 64 })
        );
        assert_eq!(
            unpack(&packed(&vec![0; 8 << 20])),
            Err(ReadError::TooLarge { limit_mib: 64 })
        );
        assert_eq!(unpack(b"\x1f\x8b\x08"), Err(ReadError::Gzip));
        assert_eq!(unpack(&packed(b"")), Err(ReadError::Empty));
    }

    #[test]
    fn a_cut_file_keeps_what_came_out() {
        let noise: Vec<u8> = (0..50_000u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        let whole = packed(&noise);
        let cut = &whole[..whole.len() / 2];
        assert_eq!(unpack(cut), Err(ReadError::Gzip));
        let kept = inflate(cut).unwrap();
        assert!(!kept.complete && !kept.bytes.is_empty() && noise.starts_with(&kept.bytes));
    }
}
