//! The session and record messages of the first FIT file of a chain; anything else is passed over.

use std::collections::HashMap;

use super::{Glance, Spot, Summary, metres};

/// Seconds from 1970 to FIT's own epoch, 1989-12-31T00:00:00Z (FIT protocol, date_time).
const EPOCH_S: i64 = 631_065_600;
const RECORD: u16 = 20;
const SESSION: u16 = 18;

/// The layout of a local message type.
#[derive(Clone, Default)]
struct Layout {
    message: u16,
    big_endian: bool,
    fields: Vec<(u8, usize)>,
    /// Bytes of developer fields at the end.
    extra: usize,
}

/// Walks the messages until something makes no sense; what was read before that counts.
pub(super) fn glance(bytes: &[u8]) -> Glance {
    let mut found = Glance::default();
    let mut sessions = Summary::default();
    let mut layouts: HashMap<u8, Layout> = HashMap::new();
    let size = usize::from(bytes.first().copied().unwrap_or_default());
    let mut rest = bytes.get(size..).unwrap_or_default();
    // The two last bytes are the checksum.
    while let Some((&header, body)) = rest.split_first().filter(|(_, body)| body.len() > 2) {
        let compressed = header & 0x80 != 0;
        let local = if compressed {
            (header >> 5) & 3
        } else {
            header & 15
        };
        if !compressed && header & 0x40 != 0 {
            let Some((layout, after)) = definition(body, header & 0x20 != 0) else {
                break;
            };
            layouts.insert(local, layout);
            rest = after;
            continue;
        }
        let Some(layout) = layouts.get(&local) else {
            break;
        };
        let length = layout.fields.iter().map(|(_, size)| size).sum::<usize>() + layout.extra;
        let Some((data, after)) = body.split_at_checked(length) else {
            break;
        };
        match layout.message {
            RECORD => record(&mut found, &values(layout, data)),
            SESSION => session(&mut sessions, &values(layout, data)),
            _ => {}
        }
        rest = after;
    }
    let times = || found.spots.iter().filter_map(|spot| spot.time_ms);
    found.summary = Summary {
        started_ms: sessions.started_ms.or_else(|| times().next()),
        distance_m: sessions
            .distance_m
            .or(found.spots.last().map(|spot| spot.distance_m)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of a life fit a double"
        )]
        duration_s: sessions.duration_s.or_else(|| {
            times()
                .next()
                .zip(times().next_back())
                .map(|(first, last)| (last - first) as f64 / 1000.0)
        }),
    };
    found
}

fn definition(body: &[u8], developer: bool) -> Option<(Layout, &[u8])> {
    let (head, mut rest) = body.split_at_checked(5)?;
    let big_endian = *head.get(1)? == 1;
    let number = [*head.get(2)?, *head.get(3)?];
    let message = if big_endian {
        u16::from_be_bytes(number)
    } else {
        u16::from_le_bytes(number)
    };
    let (fields, after) = rest.split_at_checked(usize::from(*head.get(4)?) * 3)?;
    rest = after;
    let fields = fields
        .chunks_exact(3)
        .filter_map(|field| Some((*field.first()?, usize::from(*field.get(1)?))))
        .collect();
    let mut extra = 0;
    if developer {
        let (count, after) = rest.split_first()?;
        let (own, after) = after.split_at_checked(usize::from(*count) * 3)?;
        extra = own
            .chunks_exact(3)
            .filter_map(|field| field.get(1))
            .map(|size| usize::from(*size))
            .sum();
        rest = after;
    }
    Some((
        Layout {
            message,
            big_endian,
            fields,
            extra,
        },
        rest,
    ))
}

/// The fields of one message that hold a single integer of 2 or 4 bytes, raw; values that mean "nothing" are left out.
fn values(layout: &Layout, mut data: &[u8]) -> HashMap<u8, u32> {
    let mut values = HashMap::new();
    for (number, size) in &layout.fields {
        let Some((raw, after)) = data.split_at_checked(*size) else {
            break;
        };
        data = after;
        let value = match *raw {
            [a, b, c, d] if layout.big_endian => u32::from_be_bytes([a, b, c, d]),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            [a, b] if layout.big_endian => u32::from(u16::from_be_bytes([a, b])),
            [a, b] => u32::from(u16::from_le_bytes([a, b])),
            _ => continue,
        };
        // 0x7FFFFFFF is "nothing" only of the signed positions, 0 and 1.
        let nothing = value == u32::MAX
            || (*size == 2 && value == 0xFFFF)
            || (*number < 2 && value == 0x7FFF_FFFF);
        if !nothing {
            values.insert(*number, value);
        }
    }
    values
}

fn time_ms(raw: u32) -> i64 {
    (i64::from(raw) + EPOCH_S) * 1000
}

/// Field numbers: 0 latitude, 1 longitude (semicircles), 2 altitude and 78 enhanced altitude (m × 5 + 2500), 5 distance (cm), 253 time.
fn record(found: &mut Glance, values: &HashMap<u8, u32>) {
    found.points += 1;
    let degrees = |number: u8| {
        values
            .get(&number)
            .map(|raw| f64::from(raw.cast_signed()) * 180.0 / 2_147_483_648.0)
    };
    let (Some(latitude), Some(longitude)) = (degrees(0), degrees(1)) else {
        return;
    };
    let mut spot = Spot {
        latitude,
        longitude,
        elevation_m: values
            .get(&78)
            .or(values.get(&2))
            .map(|raw| f64::from(*raw) / 5.0 - 500.0),
        time_ms: values.get(&253).map(|raw| time_ms(*raw)),
        distance_m: 0.0,
    };
    let along = found
        .spots
        .last()
        .map_or(0.0, |last| last.distance_m + metres(last, &spot));
    spot.distance_m = values.get(&5).map_or(along, |raw| f64::from(*raw) / 100.0);
    found.spots.push(spot);
}

/// Field numbers: 2 start, 7 elapsed time (ms), 9 distance (cm). Several sessions add up.
fn session(sum: &mut Summary, values: &HashMap<u8, u32>) {
    let plus = |sum: Option<f64>, raw: Option<&u32>, scale: f64| match raw {
        Some(raw) => Some(sum.unwrap_or_default() + f64::from(*raw) / scale),
        None => sum,
    };
    let start = values.get(&2).map(|raw| time_ms(*raw));
    sum.started_ms = match (sum.started_ms, start) {
        (Some(known), Some(start)) => Some(known.min(start)),
        (known, start) => known.or(start),
    };
    sum.duration_s = plus(sum.duration_s, values.get(&7), 1000.0);
    sum.distance_m = plus(sum.distance_m, values.get(&9), 100.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_behind_other_messages() {
        let mut file = b"\x0e\x10\0\0\0\0\0\0.FIT\0\0".to_vec();
        file.extend(b"\x40\0\0\x12\0\x03\x02\x04\x86\x07\x04\x86\x09\x04\x86");
        file.push(0);
        for value in [1_000_000_000_u32, 3_600_000, 1_234_500] {
            file.extend(value.to_le_bytes());
        }
        file.extend([0, 0, 0, 0]);
        let summary = glance(&file).summary;
        assert_eq!(summary.started_ms, Some((1_000_000_000 + EPOCH_S) * 1000));
        assert_eq!(
            (summary.duration_s, summary.distance_m),
            (Some(3600.0), Some(12_345.0))
        );
    }

    #[test]
    fn cut_anywhere_it_does_not_panic() {
        let file = b"\x0e\x10\0\0\0\0\0\0.FIT\0\0\x60\0\x01\0\x14\x01\xfd\x04\x86\x01\0\x04\0\0\x01\x02\x03\x04\x05\x06\x07\x08\0\0";
        for end in 0..file.len() {
            glance(&file[..end]);
        }
        assert_eq!(glance(file).points, 1);
    }
}
