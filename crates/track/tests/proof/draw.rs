//! Makes any track at all from bytes, so that a fuzzer and a property test can share what they write. Knows no file format.

use jiff::Timestamp;
use track::{
    Channel, DeveloperField, DeviceInfo, Event, Kind, Lap, Length, Pause, Point, Points, Position,
    Session, Source, Sport, SwimStroke, Totals, Track,
};

/// What somebody might call a field to do harm.
const NAMES: [&str; 10] = [
    "Form Power",
    "=HYPERLINK(\"x\",1)",
    "a\r\nb,c",
    "]]>",
    "\u{202e}gnp.x\u{0}",
    "\"",
    "&lt;<!--",
    "heart_rate",
    "",
    "\u{85}\u{7f}\u{1b}[31m\u{fffe}",
];
const SUB_SPORTS: [&str; 5] = ["trail", "open_water", "generic", "201", "no such word"];
const MAKERS: [&str; 5] = ["garmin", "wahoo_fitness", "60000", "70000", "nobody"];
const PRODUCTS: [&str; 3] = ["edge_530", "28", "TICKR X"];

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

    /// A moment between 2000 and 2110, to the millisecond: earlier ones are doubted when they are read. A day late, because the
    /// points may go back some seconds each.
    fn moment(&mut self) -> Option<Timestamp> {
        let spread = u64::from(u32::from_le_bytes(self.bytes())) * 808;
        let millisecond = 946_771_200_000 + i64::try_from(spread).ok()?;
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
        }
    }

    /// How many there are of something.
    fn count(&mut self, most: u8) -> u8 {
        match self.byte() {
            0..120 => 0,
            many => many % (most + 1),
        }
    }

    /// One of these words, now and then any text, or nothing.
    fn word(&mut self, words: &[&str]) -> Option<String> {
        match self.byte() {
            0..60 => None,
            60..200 => {
                let place = usize::from(self.byte()) % words.len();
                words.get(place).map(|word| (*word).to_owned())
            }
            _ => self.text(),
        }
    }

    fn totals(&mut self) -> Totals {
        Totals {
            elapsed_s: self.number(10.0, 0.0),
            timer_s: self.number(10.0, 0.0),
            moving_s: self.number(10.0, 0.0),
            distance_m: self.number(1.0, 0.0),
            ascent_m: self.number(10.0, 0.0),
            descent_m: self.number(10.0, 0.0),
            calories_kcal: self.number(10.0, 0.0),
            average_speed_m_s: self.number(1000.0, 0.0),
            max_speed_m_s: self.number(1000.0, 0.0),
            average_hr: self.number(256.0, 0.0),
            max_hr: self.number(256.0, 0.0),
            average_cadence: self.number(256.0, 0.0),
            max_cadence: self.number(256.0, 0.0),
            average_power_w: self.number(20.0, 0.0),
            max_power_w: self.number(20.0, 0.0),
            normalized_power_w: self.number(20.0, 0.0),
            cycles: self.number(1.0, 0.0),
        }
    }

    fn lap(&mut self) -> Lap {
        Lap {
            start: self.perhaps_moment(),
            totals: self.totals(),
        }
    }

    fn sport(&mut self) -> Sport {
        let sport = Sport::ALL.get(usize::from(self.byte()) % Sport::ALL.len());
        sport.copied().unwrap_or_default()
    }

    fn session(&mut self) -> Session {
        Session {
            start: self.perhaps_moment(),
            sport: self.sport(),
            sub_sport: self.word(&SUB_SPORTS),
            totals: self.totals(),
            pool_length_m: self.number(100.0, 0.0),
        }
    }

    fn length(&mut self) -> Length {
        Length {
            start: self.perhaps_moment(),
            elapsed_s: self.number(10.0, 0.0),
            timer_s: self.number(10.0, 0.0),
            active: self.byte() >= 60,
            strokes: self.number(100.0, 0.0),
            stroke: SwimStroke::ALL.get(usize::from(self.byte() % 12)).copied(),
            average_speed_m_s: self.number(1000.0, 0.0),
            average_cadence: self.number(256.0, 0.0),
        }
    }

    /// Any event but the timer's, whose starts and stops are pauses, and 255, which says that there is none.
    fn event(&mut self) -> Event {
        Event {
            time: self.perhaps_moment(),
            event: 1 + self.byte() % 254,
            event_type: self.byte() % 255,
            data: (self.byte() >= 60).then(|| u32::from_le_bytes(self.bytes())),
        }
    }

    /// What a sensor says, or nearly so; never what is no number.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "single precision is what there is"
    )]
    fn beat_interval(&mut self) -> f32 {
        let seconds = self.number(1000.0, 0.0).unwrap_or(0.8) as f32;
        if seconds.is_finite() { seconds } else { 0.0 }
    }

    fn perhaps_byte(&mut self) -> Option<u8> {
        (self.byte() >= 60).then(|| self.byte())
    }

    fn device(&mut self) -> DeviceInfo {
        DeviceInfo {
            index: self.perhaps_byte(),
            manufacturer: self.word(&MAKERS),
            product: self.word(&PRODUCTS),
            serial: self.serial(),
            device_type: self.perhaps_byte(),
            software: self
                .perhaps_byte()
                .map(|high| u16::from_le_bytes([self.byte(), high])),
            battery_percent: self.perhaps_byte(),
        }
    }

    fn serial(&mut self) -> Option<u64> {
        match self.byte() {
            0..60 => None,
            60..220 => Some(u32::from_le_bytes(self.bytes()).into()),
            _ => Some(u64::from_le_bytes(self.bytes())),
        }
    }

    fn source(&mut self) -> Source {
        Source {
            manufacturer: self.word(&MAKERS),
            product: self.word(&PRODUCTS),
            serial: self.serial(),
            created: self.perhaps_moment(),
        }
    }

    fn developer_field(&mut self) -> DeveloperField {
        DeveloperField {
            name: self.word(&NAMES).unwrap_or_default(),
            units: self
                .word(&["kN/m", "@\u{1}", ",", "m\ns"])
                .unwrap_or_default(),
            application: (self.byte() >= 128).then(|| self.bytes()),
        }
    }

    /// A pause before the point of this index.
    fn pause(&mut self, before: usize) -> Pause {
        Pause {
            before,
            from: self.perhaps_moment(),
            to: self.perhaps_moment(),
        }
    }

    fn channel(&mut self, own: usize) -> Option<Channel> {
        let place = usize::from(self.byte()) % (Channel::ALL.len() + own);
        let index = place.checked_sub(Channel::ALL.len());
        match index {
            Some(index) => u16::try_from(index).ok().map(Channel::Developer),
            None => Channel::ALL.get(place).copied(),
        }
    }

    /// Points until there are no bytes left, with the channels of `own` fields, and pauses between them.
    fn points(&mut self, mut clock: Option<Timestamp>, own: usize) -> (Points, Vec<Pause>) {
        let mut points = Points::default();
        let mut pauses = Vec::new();
        while !self.0.is_empty() {
            let index = points.len();
            points.push(self.point(&mut clock));
            let more = self.byte();
            if more >= 240 && index > 0 {
                pauses.push(self.pause(index));
            }
            for _ in 0..more % 4 {
                let (channel, value) = (self.channel(own), self.number(10.0, 0.0));
                if let (Some(channel), Some(value)) = (channel, value) {
                    points.set(index, channel, value);
                }
            }
        }
        (points, pauses)
    }

    /// What stands beside the points.
    fn beside_points(&mut self) -> Track {
        Track {
            kind: Kind::Activity,
            sport: self.sport(),
            sub_sport: self.word(&SUB_SPORTS),
            name: self.text(),
            source: self.source(),
            utc_offset_s: self
                .perhaps_byte()
                .map(|quarters| (i32::from(quarters) - 128) * 900),
            sessions: (0..self.count(3)).map(|_| self.session()).collect(),
            laps: (0..self.byte() % 4).map(|_| self.lap()).collect(),
            lengths: (0..self.count(3)).map(|_| self.length()).collect(),
            events: (0..self.count(3)).map(|_| self.event()).collect(),
            beat_intervals_s: (0..self.count(12)).map(|_| self.beat_interval()).collect(),
            devices: (0..self.count(3)).map(|_| self.device()).collect(),
            developer_fields: (0..self.count(3)).map(|_| self.developer_field()).collect(),
            elapsed_s: self.number(1.0, 0.0),
            timer_s: self.number(1.0, 0.0),
            moving_s: self.number(1.0, 0.0),
            distance_m: self.number(0.1, 0.0),
            ascent_m: self.number(10.0, 0.0),
            descent_m: self.number(10.0, 0.0),
            ..Track::default()
        }
    }
}

/// The activity that these bytes stand for. Any bytes stand for one.
pub(crate) fn activity(bytes: &[u8]) -> Track {
    let mut draw = Draw(bytes);
    let beside = draw.beside_points();
    let clock = draw.moment();
    let start = if draw.byte() < 128 {
        clock
    } else {
        draw.perhaps_moment()
    };
    let more = draw.byte();
    let (points, pauses) = draw.points(clock, beside.developer_fields.len());
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let positions = points.iter().filter(|point| point.position.is_some());
    Track {
        start,
        file_sessions: count(beside.sessions.len()),
        file_laps: count(beside.laps.len()),
        // Some of one moment were merged.
        file_points: count(points.len()).saturating_add(more.into()),
        file_positions: count(positions.count()),
        points,
        pauses,
        ..beside
    }
}
