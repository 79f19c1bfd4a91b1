//! What a format could not carry, counted while writing and said in sentences. Knows no format.

use std::borrow::Cow;

use crate::xml::maker;
use crate::{Channel, Session, Source, Totals, Track, derive};

/// Counts of what was left out of a file.
pub(crate) struct LeftOut {
    format: &'static str,
    counts: Vec<Count>,
}

/// What there is none of, one and many of what was left out, and how many.
struct Count {
    none_of: Cow<'static, str>,
    one: &'static str,
    many: &'static str,
    count: usize,
}

/// Something a format has no place for: what it has none of, then what was left out, one and many.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

impl LeftOut {
    /// Nothing yet, of a format called so.
    pub(crate) fn new(format: &'static str) -> LeftOut {
        LeftOut {
            format,
            counts: Vec::new(),
        }
    }

    /// So many more were left out.
    pub(crate) fn add(&mut self, item: Item, count: usize) {
        let Item(none_of, one, many) = item;
        let known = self
            .counts
            .iter_mut()
            .find(|known| known.none_of == none_of);
        match known {
            Some(known) => known.count += count,
            None => self.values(none_of.into(), (one, many), count),
        }
    }

    fn values(
        &mut self,
        none_of: Cow<'static, str>,
        (one, many): (&'static str, &'static str),
        count: usize,
    ) {
        if count > 0 {
            self.counts.push(Count {
                none_of,
                one,
                many,
                count,
            });
        }
    }

    /// What points carry besides the usual values, by its name, and is not among the channels that are carried.
    pub(crate) fn add_channels(&mut self, track: &Track, carried: &[Channel]) {
        for channel in track.points.channels() {
            if carried.contains(&channel) {
                continue;
            }
            let name = match channel {
                Channel::Developer(index) => {
                    let field = track.developer_fields.get(usize::from(index));
                    let name = field.map_or("?", |field| field.name.as_str());
                    // The file chose it: it stays within its sentence and its line.
                    let name: String = name.chars().filter(|c| !c.is_control()).collect();
                    format!("field \"{name}\"")
                }
                _ => channel.name().replace('_', " "),
            };
            self.values(
                name.into(),
                ("value", "values"),
                track.points.count(channel),
            );
        }
    }

    /// The maker, where it is not the one that the device's name begins with: a reader works that one out again.
    pub(crate) fn add_maker(&mut self, source: &Source) {
        let known = source.product.as_deref().and_then(maker);
        let unknown = source.manufacturer.is_some() && source.manufacturer != known;
        let item = Item("maker beside the device", "name", "names");
        self.add(item, usize::from(unknown));
    }

    /// Ascent, descent and time in motion, where the device's own differ from what the points say.
    pub(crate) fn add_own_sums(&mut self, track: &Track) {
        let points = &track.points;
        let climb = derive::climb_m(points);
        let differs = |own: Option<f64>, derived: Option<f64>| {
            own.is_some_and(|own| derived.is_none_or(|derived| !near(own, derived)))
        };
        let moving_s = derive::moving_s(points, &track.pauses);
        let climbs = [
            differs(track.ascent_m, climb.map(|(ascent, _)| ascent)),
            differs(track.descent_m, climb.map(|(_, descent)| descent)),
        ];
        let item = Item("ascent and descent of the device's own", "sum", "sums");
        self.add(item, climbs.into_iter().filter(|differs| *differs).count());
        let item = Item("time in motion of the device's own", "sum", "sums");
        self.add(item, usize::from(differs(track.moving_s, moving_s)));
    }

    /// One sentence for each: "GPX has no laps: 12 laps left out."
    pub(crate) fn sentences(&self) -> Vec<String> {
        let say = |known: &Count| {
            let Count {
                none_of,
                one,
                many,
                count,
            } = known;
            let what = if *count == 1 { one } else { many };
            format!("{} has no {none_of}: {count} {what} left out.", self.format)
        };
        self.counts.iter().map(say).collect()
    }
}

/// Whether two sums are the same but for rounding.
pub(crate) fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 0.51_f64.max(one.abs() * 1e-3)
}

/// Whether all that these totals say is what the whole track says.
pub(crate) fn repeats_the_whole(totals: &Totals, track: &Track) -> bool {
    let whole = derive::totals(track);
    let pairs = totals.numbers().into_iter().zip(whole.numbers());
    pairs.into_iter().all(|(own, whole)| match (own, whole) {
        (None, _) => true,
        (Some(own), Some(whole)) => near(own, whole),
        (Some(_), None) => false,
    })
}

/// How many sessions are lost where none can be written: a single one that repeats the whole is no loss.
pub(crate) fn sessions(track: &Track) -> usize {
    match track.sessions.as_slice() {
        [
            Session {
                totals,
                pool_length_m: None,
                ..
            },
        ] if repeats_the_whole(totals, track) => 0,
        sessions => sessions.len(),
    }
}

/// How many laps are lost where none can be written: a single one that repeats the whole is no loss.
pub(crate) fn laps(track: &Track) -> usize {
    match track.laps.as_slice() {
        [lap] if repeats_the_whole(&lap.totals, track) => 0,
        laps => laps.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeveloperField, Lap, Point};

    #[test]
    fn counts_become_sentences() {
        let mut left_out = LeftOut::new("GPX");
        let laps = Item("laps", "lap", "laps");
        left_out.add(laps, 0);
        assert!(left_out.sentences().is_empty());
        left_out.add(laps, 1);
        assert_eq!(left_out.sentences(), ["GPX has no laps: 1 lap left out."]);
        left_out.add(laps, 11);
        left_out.add(Item("points without a position", "point", "points"), 2);
        assert_eq!(
            left_out.sentences(),
            [
                "GPX has no laps: 12 laps left out.",
                "GPX has no points without a position: 2 points left out."
            ]
        );
    }

    #[test]
    fn channels_are_said_by_their_names() {
        let mut track = Track {
            points: [Point::default(); 3].into_iter().collect(),
            developer_fields: vec![DeveloperField {
                name: "Form\u{1b}\n Power".to_owned(),
                ..DeveloperField::default()
            }],
            ..Track::default()
        };
        track.points.set(0, Channel::VerticalOscillation, 80.0);
        track.points.set(1, Channel::VerticalOscillation, 81.0);
        track.points.set(2, Channel::Depth, 1.0);
        track.points.set(2, Channel::Developer(0), 60.0);
        let mut left_out = LeftOut::new("GPX");
        left_out.add_channels(&track, &[Channel::Depth]);
        assert_eq!(
            left_out.sentences(),
            [
                "GPX has no vertical oscillation: 2 values left out.",
                "GPX has no field \"Form Power\": 1 value left out."
            ]
        );
    }

    #[test]
    fn one_lap_that_is_the_whole_is_no_loss() {
        let mut track = Track {
            distance_m: Some(1000.0),
            timer_s: Some(60.0),
            ..Track::default()
        };
        track.laps = vec![Lap {
            start: None,
            totals: derive::totals(&track),
        }];
        assert_eq!(laps(&track), 0);
        track.laps[0].totals.calories_kcal = Some(80.0);
        assert_eq!(laps(&track), 1);
    }
}
