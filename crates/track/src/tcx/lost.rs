//! What of a track TCX has no place for, said in sentences. Knows no XML.

use super::current::sums;
use super::plan::{Leg, sessions};
use crate::left_out::{self, Item, LeftOut, near};
use crate::xml::pauses;
use crate::{Source, Sport, Totals, Track, beyond_points, sport_words};

/// How much was left out of points and laps while they were written.
#[derive(Default)]
pub(super) struct Lost {
    pub(super) points: usize,
    pub(super) pauses: usize,
    pub(super) temperatures: usize,
    pub(super) heart_rates: usize,
    pub(super) cadences: usize,
    pub(super) powers: usize,
    pub(super) calories: usize,
    pub(super) cycles: usize,
}

impl Lost {
    /// Says what could not be carried.
    pub(super) fn sentences(&self, track: &Track, legs: &[Leg<'_>]) -> Vec<String> {
        let mut left_out = LeftOut::new("TCX");
        for (item, count) in [
            (
                Item("points without a time", "point", "points"),
                self.points,
            ),
            (
                Item("pauses between two laps", "pause", "pauses"),
                self.pauses,
            ),
            (
                Item("moments of a pause", "moment", "moments"),
                pauses::own_moments(track),
            ),
            (
                Item("temperatures", "temperature", "temperatures"),
                self.temperatures,
            ),
            (
                Item("heart rates outside 1 to 255", "value", "values"),
                self.heart_rates,
            ),
            (
                Item("cadences outside 0 to 254", "value", "values"),
                self.cadences,
            ),
            (
                Item("powers outside 0 to 65,535", "value", "values"),
                self.powers,
            ),
            (
                Item("calories outside 0 to 65,535", "value", "values"),
                self.calories,
            ),
            (
                Item("steps outside 0 to 65,535", "value", "values"),
                self.cycles,
            ),
        ] {
            left_out.add(item, count);
        }
        add_sports(&mut left_out, track, legs);
        add_source(&mut left_out, &track.source);
        add_lap_totals(&mut left_out, track);
        add_session_totals(&mut left_out, track, legs);
        left_out.add_own_sums(track);
        beyond_points::add_without_laps(track, &mut left_out);
        left_out.add_channels(track, &[]);
        left_out.sentences()
    }
}

impl Source {
    /// The serial number, if it is one that the schema takes.
    pub(super) fn unit(&self) -> Option<u32> {
        self.serial.and_then(|serial| u32::try_from(serial).ok())
    }
}

fn add_source(left_out: &mut LeftOut, source: &Source) {
    left_out.add_maker(source);
    let long = source.serial.is_some() && source.unit().is_none();
    let item = Item("serial numbers over 32 bits", "number", "numbers");
    left_out.add(item, usize::from(long));
}

/// The sports TCX has no word for: the one, or one for each session; and the sessions themselves, where they are not told apart.
fn add_sports(left_out: &mut LeftOut, track: &Track, legs: &[Leg<'_>]) {
    let finer = |sport: Sport, sub_sport: &Option<String>| {
        sub_sport.is_some() || sport_words::from_tcx(sport_words::to_tcx(sport)) != Some(sport)
    };
    let told = sessions(legs);
    let count = if told.is_empty() {
        usize::from(finer(track.sport, &track.sub_sport))
    } else {
        let sessions = told.iter().map(|(session, _)| session);
        sessions
            .filter(|session| finer(session.sport, &session.sub_sport))
            .count()
    };
    left_out.add(Item("finer sports", "finer sport", "finer sports"), count);
    if told.is_empty() && track.sessions.len() > 1 {
        let item = Item("sessions or laps out of order", "session", "sessions");
        left_out.add(item, track.sessions.len());
    }
}

/// What TCX has no place for in a lap.
fn add_lap_totals(left_out: &mut LeftOut, track: &Track) {
    let count = |lost: fn(&Totals) -> bool| {
        let laps = track.laps.iter();
        laps.filter(|lap| lost(&lap.totals)).count()
    };
    let paused = |totals: &Totals| {
        let both = totals.elapsed_s.zip(totals.timer_s);
        both.is_some_and(|(elapsed, timer)| (elapsed - timer).abs() > 0.5)
    };
    let item = Item("pauses in a lap's time", "elapsed time", "elapsed times");
    left_out.add(item, count(paused));
    if left_out::laps(track) == 0 {
        return;
    }
    for (item, count) in [
        (
            Item("ascent in laps", "ascent", "ascents"),
            count(|totals| totals.ascent_m.is_some()),
        ),
        (
            Item("descent in laps", "descent", "descents"),
            count(|totals| totals.descent_m.is_some()),
        ),
        (
            Item("time in motion in laps", "time", "times"),
            count(|totals| totals.moving_s.is_some()),
        ),
        (
            Item("normalized power", "value", "values"),
            count(|totals| totals.normalized_power_w.is_some()),
        ),
    ] {
        left_out.add(item, count);
    }
}

/// What a session says of itself and its laps don't: a reader adds them up.
fn add_session_totals(left_out: &mut LeftOut, track: &Track, legs: &[Leg<'_>]) {
    let pools = track.sessions.iter();
    let pools = pools.filter(|session| session.pool_length_m.is_some());
    left_out.add(Item("pools", "pool length", "pool lengths"), pools.count());
    if left_out::sessions(track) == 0 {
        return;
    }
    let mut told = sessions(legs);
    if let ([one], true) = (track.sessions.as_slice(), told.is_empty()) {
        told.push((one, legs));
    }
    let other = told.iter().filter(|(session, own)| {
        let laps: Vec<_> = own.iter().map(|leg| leg.lap).collect();
        let pairs = session
            .totals
            .numbers()
            .into_iter()
            .zip(sums(&laps).numbers());
        pairs
            .into_iter()
            .any(|(said, sum)| said.is_some_and(|said| sum.is_none_or(|sum| !near(said, sum))))
    });
    let item = Item("sums but those of the laps", "session's", "sessions'");
    left_out.add(item, other.count());
}
