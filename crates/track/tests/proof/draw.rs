//! Makes any track at all from bytes, so that a fuzzer and a property test can share what they write. Knows no file format.
#![allow(
    clippy::needless_update,
    reason = "points and laps may have more than is drawn here"
)]

use jiff::Timestamp;
use track::{Kind, Lap, Point, Position, Source, Sport, Totals, Track};

/// Bytes that decide what is made; when they run out, zeros do.
struct Draw<'a>(&'a [u8]);

impl Draw<'_> {
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut taken = [0; N];
        for byte in &mut taken {
            if let Some((first, rest)) = self.0.split_first() {
                (*byte, self.0) = (*first, rest);
            }
        }
        taken
    }

    fn byte(&mut self) -> u8 {
        let [byte] = self.bytes();
        byte
    }

    /// A number of three sorts: one that devices write, any in single precision, or one at a border.
    fn number(&mut self, scale: f64, offset: f64) -> Option<f64> {
        Some(match self.byte() {
            0..60 => return None,
            60..200 => f64::from(u16::from_le_bytes(self.bytes())) / scale - offset,
            200..240 => f64::from(f32::from_le_bytes(self.bytes())),
            240..250 => [
                0.0, -0.5, 0.5, 254.0, 254.5, 255.0, 65_535.0, 65_535.5, -500.0, 1e18,
            ][usize::from(self.byte() % 10)],
            250.. => f64::from_le_bytes(self.bytes()),
        })
    }

    /// A moment between 2000 and 2110, to the millisecond: before 1998 FIT knows no date.
    fn moment(&mut self) -> Option<Timestamp> {
        let spread = u64::from(u32::from_le_bytes(self.bytes())) * 808;
        let millisecond = 946_684_800_000 + i64::try_from(spread).ok()?;
        Timestamp::from_millisecond(millisecond).ok()
    }

    /// Now and then a moment.
    fn perhaps_moment(&mut self) -> Option<Timestamp> {
        if self.byte() < 60 {
            None
        } else {
            self.moment()
        }
    }

    fn text(&mut self) -> Option<String> {
        let length = self.byte() % 64;
        let letters = (0..length).map(|_| match self.byte() {
            low @ 0..128 => Some(char::from(low)),
            high => char::from_u32(
                u32::from(high % 32) << 12 | u32::from(u16::from_le_bytes(self.bytes()) & 0xFFF),
            ),
        });
        (length > 0).then(|| letters.flatten().collect())
    }

    fn position(&mut self) -> Option<Position> {
        let part = |bytes: [u8; 4]| f64::from(i32::from_le_bytes(bytes)) / 2_147_483_648.0;
        match self.byte() {
            0..40 => None,
            40..50 => Position::new(90.0, 180.0),
            50..60 => Position::new(-90.0, -180.0),
            _ => Position::new(part(self.bytes()) * 90.0, part(self.bytes()) * 180.0),
        }
    }

    fn point(&mut self, clock: &mut Option<Timestamp>) -> Point {
        let step = match self.byte() {
            0..20 => None,
            20..60 => Some(0),
            60..200 => Some(1000),
            step => Some((i64::from(step) - 220) * 250),
        };
        let time = step.and_then(|step| {
            let at = (*clock)?.as_millisecond() + step;
            Timestamp::from_millisecond(at).ok()
        });
        *clock = time.or(*clock);
        Point {
            time,
            position: self.position(),
            elevation_m: self.number(5.0, 500.0),
            distance_m: self.number(0.5, 0.0),
            speed_m_s: self.number(1000.0, 0.0),
            heart_rate_bpm: self.number(256.0, 0.0),
            cadence_rpm: self.number(256.0, 0.0),
            power_w: self.number(20.0, 0.0),
            temperature_c: self.number(512.0, 50.0),
            ..Point::default()
        }
    }

    fn lap(&mut self) -> Lap {
        Lap {
            start: self.perhaps_moment(),
            totals: Totals {
                elapsed_s: self.number(10.0, 0.0),
                timer_s: self.number(10.0, 0.0),
                distance_m: self.number(1.0, 0.0),
                ascent_m: self.number(10.0, 0.0),
                average_hr: self.number(256.0, 0.0),
                max_hr: self.number(256.0, 0.0),
                average_cadence: self.number(256.0, 0.0),
                average_power_w: self.number(20.0, 0.0),
                max_speed_m_s: self.number(1000.0, 0.0),
                calories_kcal: self.number(10.0, 0.0),
                ..Totals::default()
            },
        }
    }
}

/// The activity that these bytes stand for. Any bytes stand for one.
pub(crate) fn activity(bytes: &[u8]) -> Track {
    let mut draw = Draw(bytes);
    let sport = Sport::ALL.get(usize::from(draw.byte()) % Sport::ALL.len());
    let name = draw.text();
    let product = draw.text();
    let laps = (0..draw.byte() % 4).map(|_| draw.lap()).collect();
    let mut clock = draw.moment();
    let start = if draw.byte() < 128 {
        clock
    } else {
        draw.perhaps_moment()
    };
    let (elapsed_s, timer_s, distance_m, ascent_m) = (
        draw.number(1.0, 0.0),
        draw.number(1.0, 0.0),
        draw.number(0.1, 0.0),
        draw.number(10.0, 0.0),
    );
    let mut points = Vec::new();
    while !draw.0.is_empty() {
        points.push(draw.point(&mut clock));
    }
    Track {
        kind: Kind::Activity,
        sport: sport.copied().unwrap_or_default(),
        name,
        start,
        elapsed_s,
        timer_s,
        distance_m,
        ascent_m,
        laps,
        points: points.into_iter().collect(),
        source: Source {
            product,
            ..Source::default()
        },
        ..Track::default()
    }
}
