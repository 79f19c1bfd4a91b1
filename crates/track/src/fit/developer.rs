//! Fields that a file describes itself. Knows descriptions, and which profile field a described one stands for.

use super::load::Load;
use super::profile::{developer_data_id, field_description, record};
use super::row::Row;
use crate::{Channel, DeveloperField, Points};

/// Descriptions that are kept of one file; real ones have up to some twenty.
const MOST: usize = 256;

/// One `field_description` message.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// Developer data index, and the field's number there.
    key: (u8, u8),
    base: u8,
    pub(super) scale: f64,
    pub(super) offset: f64,
    name: String,
    units: String,
    /// The field of `record` that it stands for.
    native: Option<u8>,
}

impl Described {
    /// How to load such a field of this size; `None` for texts and unknown types.
    pub(super) fn load(&self, size: usize) -> Option<Load> {
        let load = Load::of(self.base).filter(|load| *load != Load::Text)?;
        let width = load.width();
        (size >= width && size.is_multiple_of(width)).then_some(load)
    }
}

/// What is known of the fields that a file describes itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Developer {
    described: Vec<Described>,
    applications: Vec<(u8, [u8; 16])>,
    /// Fields that were used before they were described.
    missed: Vec<(u8, u8)>,
}

impl Developer {
    /// The description of a field, and its channel. One that is not there yet is remembered as missed.
    pub(super) fn find(&mut self, index: u8, number: u8) -> Option<(Channel, &Described)> {
        let key = (index, number);
        let place = self.described.iter().position(|each| each.key == key);
        if place.is_none() && self.missed.len() < MOST && !self.missed.contains(&key) {
            self.missed.push(key);
        }
        let place = place?;
        let channel = Channel::Developer(u16::try_from(place).ok()?);
        Some((channel, self.described.get(place)?))
    }

    /// Takes a `field_description`; the first for a field counts.
    pub(super) fn describe(&mut self, row: &Row) {
        use field_description as field;
        let key = row
            .whole(field::developer_data_index)
            .zip(row.whole(field::field_definition_number));
        let Some(key) = key.filter(|key| self.described.iter().all(|each| each.key != *key)) else {
            return;
        };
        if self.described.len() >= MOST {
            return;
        }
        let of_record = row.whole::<u16>(field::native_mesg_num) == Some(record::MESSAGE.number);
        self.described.push(Described {
            key,
            base: row.whole(field::fit_base_type_id).unwrap_or(u8::MAX),
            scale: row
                .get(field::scale)
                .filter(|scale| *scale > 0.0)
                .unwrap_or(1.0),
            offset: row.get(field::offset).unwrap_or(0.0),
            name: row.text(field::field_name).unwrap_or_default(),
            units: row.text(field::units).unwrap_or_default(),
            native: row.whole(field::native_field_num).filter(|_| of_record),
        });
    }

    /// Takes a `developer_data_id`: which application an index stands for.
    pub(super) fn application(&mut self, row: &Row) {
        let index = row.whole(developer_data_id::developer_data_index);
        let id = row.bytes(developer_data_id::application_id);
        let id = id.and_then(|id| <[u8; 16]>::try_from(id).ok());
        if let Some((index, id)) = index.zip(id)
            && self.applications.len() < MOST
        {
            self.applications.push((index, id));
        }
    }

    /// Whether a second pass would find fields that the first did not know yet.
    pub(super) fn came_late(&mut self) -> bool {
        let missed = std::mem::take(&mut self.missed);
        missed
            .iter()
            .any(|key| self.described.iter().any(|each| each.key == *key))
    }

    /// What the channels mean, for the track.
    pub(super) fn fields(&self) -> Vec<DeveloperField> {
        let application = |index: u8| {
            let known = self.applications.iter().rfind(|(each, _)| *each == index);
            known.map(|(_, id)| *id)
        };
        let field = |each: &Described| DeveloperField {
            name: each.name.clone(),
            units: each.units.clone(),
            application: application(each.key.0),
        };
        self.described.iter().map(field).collect()
    }

    /// Moves a described field to the column of the profile field that it says it stands for, where the device itself
    /// recorded nothing there. Only in units that need no guess.
    pub(super) fn adopt(&self, points: &mut Points) {
        for (place, each) in self.described.iter().enumerate() {
            let known = each
                .native
                .and_then(|number| NATIVE.iter().find(|native| native.0 == number));
            let (Some((_, target, units)), Ok(place)) = (known, u16::try_from(place)) else {
                continue;
            };
            if units.contains(&each.units.to_lowercase().as_str()) {
                points.adopt(Channel::Developer(place), *target);
            }
        }
    }
}

/// A column that a described field may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adopted {
    HeartRate,
    Cadence,
    Power,
}

/// By the field's number in `record`: the column, and the words for its unit.
const NATIVE: &[(u8, Adopted, &[&str])] = &[
    (3, Adopted::HeartRate, &["bpm", "beats/min"]),
    (4, Adopted::Cadence, &["rpm", "strides/min"]),
    (7, Adopted::Power, &["w", "watt", "watts"]),
];

impl Points {
    /// Moves a channel into a column that is absent.
    fn adopt(&mut self, channel: Channel, target: Adopted) {
        let column = match target {
            Adopted::HeartRate => &mut self.heart_rate,
            Adopted::Cadence => &mut self.cadence,
            Adopted::Power => &mut self.power,
        };
        let place = self.channels.iter().position(|(each, _)| *each == channel);
        let Some(place) = place.filter(|_| !column.has_any()) else {
            return;
        };
        let (_, from) = self.channels.remove(place);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "single precision is what the columns keep"
        )]
        let values = from.cells().iter().map(|value| *value as f32);
        column.extend(0, from.cells().len(), values);
        column.pad(self.length);
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::{Layout, Want};
    use super::*;

    fn description(content: &[u8], developer: &mut Developer) {
        // index, number, base type, name[6], units[2], native message and field
        let definition = [
            0, 0, 206, 0, 7, 0, 1, 2, 1, 1, 2, 2, 1, 2, 3, 6, 7, 8, 2, 7, 14, 2, 0x84, 15, 1, 2,
        ];
        let (layout, _) = Layout::parse(
            &definition,
            false,
            &mut Developer::default(),
            Want::Everything,
        )
        .unwrap();
        developer.describe(&Row::new(&layout, content));
    }

    #[test]
    fn late_descriptions_are_noticed() {
        let mut developer = Developer::default();
        assert!(developer.find(0, 7).is_none());
        let content = *b"\0\x07\x84Power\0W\0\x14\0\x07";
        description(&content, &mut developer);
        assert!(developer.came_late() && !developer.came_late());
        let (channel, described) = developer.find(0, 7).unwrap();
        assert_eq!(channel, Channel::Developer(0));
        assert_eq!(described.load(2), Some(Load::Uint16 { absent: u16::MAX }));
        assert_eq!(described.load(3), None);
        assert_eq!(developer.fields()[0].name, "Power");
    }

    #[test]
    fn a_field_takes_an_empty_column_that_it_stands_for() {
        let mut developer = Developer::default();
        description(b"\0\x07\x84Power\0W\0\x14\0\x07", &mut developer);
        let mut points: Points = [crate::Point::default(); 3].into_iter().collect();
        points.set(1, Channel::Developer(0), 250.0);
        points.finish();
        developer.adopt(&mut points);
        let power: Vec<_> = points.iter().map(|point| point.power_w).collect();
        assert_eq!(power, [None, Some(250.0), None]);
        assert_eq!(points.channels().count(), 0);
    }
}
