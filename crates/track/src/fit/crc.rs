//! FIT's checksum: CRC-16/ARC, sixteen bytes at a time. Knows no file structure.

/// The polynomial 0x8005, bits turned round.
const POLYNOMIAL: u16 = 0xA001;

/// `TABLES[n][byte]` is what a byte does to the checksum when `n` more bytes follow it.
static TABLES: [[u16; 256]; 16] = tables();

const fn tables() -> [[u16; 256]; 16] {
    let mut tables = [[0u16; 256]; 16];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut crc = byte as u16;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ POLYNOMIAL
            } else {
                crc >> 1
            };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut level = 1;
    while level < 16 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[level - 1][byte];
            tables[level][byte] = (before >> 8) ^ tables[0][(before & 0xFF) as usize];
            byte += 1;
        }
        level += 1;
    }
    tables
}

/// The checksum of some bytes. Over bytes that end with their own checksum it is 0.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let mut crc = 0u16;
    for block in blocks {
        // First what does not have to wait for the block before.
        let mut sum = 0;
        let mut index = 2;
        while index < 16 {
            sum ^= TABLES[15 - index][usize::from(block[index])];
            index += 1;
        }
        let [low, high] = crc.to_le_bytes();
        let first = TABLES[15][usize::from(block[0] ^ low)];
        let second = TABLES[14][usize::from(block[1] ^ high)];
        crc = sum ^ (first ^ second);
    }
    for byte in rest {
        let [low, _] = crc.to_le_bytes();
        crc = (crc >> 8) ^ TABLES[0][usize::from(low ^ byte)];
    }
    crc
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
        for length in [0, 1, 15, 16, 17, 31, 32, 100, 999] {
            let slow = bytes[..length].iter().fold(0u16, |crc, byte| {
                (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
                    if crc & 1 == 1 {
                        (crc >> 1) ^ POLYNOMIAL
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
