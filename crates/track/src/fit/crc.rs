//! FIT's checksum: CRC-16/ARC, a word of 64 bits at a time. Knows no file structure.
//!
//! A checksum is the remainder of the bytes, taken as a polynomial over the numbers 0 and 1, on division by the generator
//! G(x) = x^16 + x^15 + x^2 + 1. There G(x)^64 = G(x^64), so that G divides y^16 + y^15 + y^2 + 1 for y = x^64; and dividing by
//! that is no more than adding each word to the 1st, the 14th and the 16th behind it. What is left are the last sixteen words,
//! whose checksum is that of the whole.

/// The generator without its highest power, bits turned round.
const GENERATOR: u16 = 0xA001;
/// Words that a division leaves over.
const WORDS: usize = 16;
const WORD: usize = size_of::<u64>();

/// What a byte does to the checksum.
static TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u16;
    while byte < 256 {
        let mut sum = byte;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum >> 1) ^ if sum & 1 == 1 { GENERATOR } else { 0 };
            bit += 1;
        }
        table[byte as usize] = sum;
        byte += 1;
    }
    table
};

/// The checksum of some bytes. Over bytes that end with their own checksum it is 0.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    let (blocks, rest) = bytes.as_chunks::<{ WORDS * WORD }>();
    let Some((last, blocks)) = blocks.split_last() else {
        return by_bytes(0, rest);
    };
    // What the words before add to the next sixteen.
    let mut added = [0; WORDS];
    for block in blocks {
        let mut words = sum(added, block);
        for index in 1..WORDS {
            words[index] ^= words[index - 1];
            if index >= 14 {
                words[index] ^= words[index - 14];
            }
        }
        added = words;
        for index in 0..WORDS - 2 {
            added[index] ^= words[index + 2];
        }
        added[0] ^= words[WORDS - 1];
    }
    let left = sum(added, last).map(u64::to_le_bytes);
    by_bytes(by_bytes(0, left.as_flattened()), rest)
}

#[inline]
fn sum(mut words: [u64; WORDS], block: &[u8; WORDS * WORD]) -> [u64; WORDS] {
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word ^= u64::from_le_bytes(*bytes);
    }
    words
}

fn by_bytes(sum: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(sum, |sum, byte| {
        let [low, _] = sum.to_le_bytes();
        (sum >> 8) ^ TABLE[usize::from(low ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(crc16(b""), 0);
        assert_eq!(crc16(b"123456789"), 0xBB3D); // the check value of CRC-16/ARC
    }

    #[test]
    fn blocks_and_single_bytes_agree() {
        let bytes: Vec<u8> = (0..1000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        for length in [0, 1, 7, 8, 127, 128, 129, 255, 256, 257, 384, 999] {
            let slow = bytes[..length].iter().fold(0u16, |crc, byte| {
                (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
                    if crc & 1 == 1 {
                        (crc >> 1) ^ GENERATOR
                    } else {
                        crc >> 1
                    }
                })
            });
            assert_eq!(crc16(&bytes[..length]), slow, "{length}");
        }
    }

    #[test]
    fn a_checksum_takes_itself_away() {
        let mut bytes = b"some bytes of a file".to_vec();
        bytes.extend(crc16(&bytes).to_le_bytes());
        assert_eq!(crc16(&bytes), 0);
    }
}
