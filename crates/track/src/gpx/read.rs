//! Reads GPX into tracks: one per `<trk>` with points. Knows no TCX.
//!
//! Definitions: distance is the length over valid positions, segments not joined (a `distance` in extensions is cumulative in
//! some files and a step in others, and is not used); elapsed is from the first to the last time; timer time leaves out what
//! lies between segments, for that is how GPX writes a pause.

use super::element::{Element, element};
use super::routes::{Routes, routes};
use crate::budget::Budget;
use crate::column::NO_TIME;
use crate::points::RawPoint;
use crate::xml::{
    Attributes, Clock, Line, Sink, Text, clean, decode, maker, number, number_single, pauses, pull,
};
use crate::{
    Channel, Format, Kind, Lap, Position, ReadError, Reading, Session, Skipped, Source, Sport,
    Track, derive, sport_words, zone,
};

/// What a track takes besides its points: itself, the session and lap it may be given, and what it says was skipped.
type TrackAndNotes = (Track, Session, Lap, [u64; 128]);

/// Reads a GPX file.
///
/// # Errors
/// When it declares a document type, or breaks off before anything could be read.
pub(crate) fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let text = decode(bytes);
    let mut file = File::of(bytes.len());
    let outcome = pull(&text, &mut file)?;
    if file.current.track.file_points > 0 {
        // There was no track around them.
        file.end_track(bytes.len());
    }
    let sound = outcome.complete && outcome.skipped.is_empty();
    let mut skipped = text.skipped.clone();
    skipped.extend(outcome.skipped);
    if !outcome.complete && file.is_bare() {
        return Err(ReadError::CutOff);
    }
    if text.offset.is_none() {
        // Places in decoded text are no places in the file.
        let notes = file
            .tracks
            .iter_mut()
            .flat_map(|track| &mut track.skipped)
            .chain(&mut file.skipped);
        notes.for_each(|note| note.byte = None);
    }
    skipped.append(&mut file.skipped);
    let mut tracks = std::mem::take(&mut file.tracks);
    if tracks.is_empty() {
        tracks.push(file.without_tracks(sound.then_some(&text), &mut skipped));
    } else {
        file.note_others(&mut skipped);
    }
    for track in &mut tracks {
        track.range = 0..bytes.len();
        track.source = file.source(track.source.product.take());
        if track.name.is_none() && file.track_count == 1 {
            track.name.clone_from(&file.name);
        }
    }
    let activity = tracks.iter().any(|track| track.kind == Kind::Activity);
    let kind = if activity {
        Kind::Activity
    } else {
        tracks.first().map_or(Kind::Empty, |track| track.kind)
    };
    Ok(Reading {
        format: Format::Gpx,
        kind,
        complete: outcome.complete,
        tracks,
        skipped,
    })
}

/// What is known of the file so far.
struct File {
    budget: Budget,
    tracks: Vec<Track>,
    current: Current,
    point: Option<PendingPoint>,
    name: Option<String>,
    creator: Option<String>,
    track_count: u64,
    routes: u64,
    waypoints: u64,
    skipped: Vec<Skipped>,
}

/// The track that is being read.
#[derive(Default)]
struct Current {
    track: Track,
    line: Line,
    clock: Clock,
}

/// The point that is being read.
struct PendingPoint {
    raw: RawPoint,
    depth_m: f64,
    vertical_speed_m_s: f64,
    at: usize,
}

/// Takes a value, if it is one: a group of values may have an empty place for what another gives.
#[inline]
fn keep(place: &mut f32, text: &str) {
    let value = number_single(text);
    if !value.is_nan() {
        *place = value;
    }
}

impl PendingPoint {
    /// Takes what a sensor said.
    #[inline]
    fn keep(&mut self, element: Element, text: &str) {
        let raw = &mut self.raw;
        match element {
            Element::Speed => keep(&mut raw.speed, text),
            Element::HeartRate => keep(&mut raw.heart_rate, text),
            Element::Cadence => keep(&mut raw.cadence, text),
            Element::Power => keep(&mut raw.power, text),
            Element::Temperature => keep(&mut raw.temperature, text),
            Element::WaterTemperature if raw.temperature.is_nan() => {
                keep(&mut raw.temperature, text)
            }
            Element::Depth => self.depth_m = number(text).unwrap_or(f64::NAN),
            Element::VerticalSpeed => {
                self.vertical_speed_m_s = number(text).unwrap_or(f64::NAN);
            }
            _ => {}
        }
    }
}

impl Sink for File {
    type Tag = Element;

    #[inline]
    fn open(
        &mut self,
        parent: Option<Element>,
        name: &str,
        attributes: Attributes<'_>,
        at: usize,
    ) -> Element {
        let element = element(name, parent);
        match element {
            Element::TrackPoint => self.begin_point(attributes, at),
            Element::Segment => {
                pauses::open(&mut self.current.track);
                self.current.line.lift();
                self.current.clock.lift();
            }
            Element::Track => {
                self.end_point();
                // A track inside a track: the outer one was never closed.
                if self.current.track.file_points > 0 {
                    self.end_track(at);
                }
                self.current = Current::default();
            }
            Element::Route if parent == Some(Element::Gpx) => self.routes += 1,
            Element::Waypoint if parent == Some(Element::Gpx) => self.waypoints += 1,
            Element::Gpx if parent.is_none() => {
                self.creator = attributes
                    .into_iter()
                    .find(|(name, _)| *name == "creator")
                    .and_then(|(_, text)| clean(&text));
            }
            _ => {}
        }
        element
    }

    #[inline]
    fn close(&mut self, element: Element, parent: Option<Element>, text: &str, at: usize) {
        if let Some(point) = &mut self.point {
            match element {
                Element::TrackPoint => self.end_point(),
                Element::Elevation if parent == Some(Element::TrackPoint) => {
                    point.raw.elevation = number_single(text);
                }
                Element::Time if parent == Some(Element::TrackPoint) => {
                    let Current { clock, track, .. } = &mut self.current;
                    let time = clock.add(text, at, &mut track.skipped);
                    point.raw.time_ms = time.unwrap_or(NO_TIME);
                }
                _ if parent.is_some_and(Element::holds_values) => point.keep(element, text),
                _ => {}
            }
            return;
        }
        match (element, parent) {
            (Element::Track, _) => self.end_track(at),
            (Element::Name, Some(Element::Track)) => self.current.track.name = clean(text),
            (Element::Type, Some(Element::Track)) => set_sport(&mut self.current.track, text),
            (Element::Origin, Some(Element::Track)) => {
                self.current.track.source.product = clean(text)
            }
            (Element::Name, Some(Element::Metadata | Element::Gpx)) => self.name = clean(text),
            _ => {}
        }
    }
}

impl File {
    /// Nothing yet, of a file of this size.
    fn of(size: usize) -> File {
        File {
            budget: Budget::of(size),
            tracks: Vec::new(),
            current: Current::default(),
            point: None,
            name: None,
            creator: None,
            track_count: 0,
            routes: 0,
            waypoints: 0,
            skipped: Vec::new(),
        }
    }

    fn begin_point(&mut self, attributes: Attributes<'_>, at: usize) {
        if self.point.is_some() {
            self.end_point();
        }
        let mut raw = RawPoint::EMPTY;
        let (mut latitude, mut longitude) = (None, None);
        for (name, value) in attributes {
            match name {
                "lat" => latitude = number(&value),
                "lon" => longitude = number(&value),
                _ => {}
            }
        }
        let position = latitude
            .zip(longitude)
            .and_then(|(latitude, longitude)| Position::new(latitude, longitude));
        if let Some(position) = position {
            (raw.latitude, raw.longitude) = (position.latitude, position.longitude);
            self.current.line.add(position);
        }
        self.point = Some(PendingPoint {
            raw,
            depth_m: f64::NAN,
            vertical_speed_m_s: f64::NAN,
            at,
        });
    }

    #[inline]
    fn end_point(&mut self) {
        let Some(point) = self.point.take() else {
            return;
        };
        let PendingPoint { raw, at, .. } = point;
        let track = &mut self.current.track;
        track.file_points = track.file_points.saturating_add(1);
        if raw.latitude.is_nan() {
            Skipped::add(
                &mut track.skipped,
                "A point's position is missing or impossible",
                at,
            );
            // With a time it still says something of the heart; without either it says nothing.
            if raw.time_ms == NO_TIME {
                return;
            }
        }
        track.points.push_raw(&raw);
        let last = track.points.len() - 1;
        for (channel, value) in [
            (Channel::Depth, point.depth_m),
            (Channel::VerticalSpeed, point.vertical_speed_m_s),
        ] {
            track.points.set(last, channel, value);
        }
    }

    fn end_track(&mut self, at: usize) {
        self.track_count += 1;
        let Current {
            mut track,
            line,
            clock,
        } = std::mem::take(&mut self.current);
        if track.file_points == 0 {
            return;
        }
        if !self.budget.takes::<TrackAndNotes>() {
            return Skipped::add(
                &mut self.skipped,
                "More tracks than a file of this size can hold were passed over",
                at,
            );
        }
        track.file_positions = line.positions();
        track.start = clock.start();
        (track.elapsed_s, track.timer_s) = (clock.elapsed_s(), clock.timer_s());
        track.distance_m = line.metres();
        track.kind = if track.points.has_times() {
            Kind::Activity
        } else {
            Kind::Track
        };
        track.file_sessions = u32::from(track.kind == Kind::Activity);
        let first = track.points.iter().find_map(|point| point.position);
        track.utc_offset_s = first
            .zip(track.start)
            .and_then(|(position, start)| zone::offset(position, start));
        track.points.finish();
        pauses::close(&mut track);
        derive::complete(&mut track);
        self.tracks.push(track);
    }

    /// Whether nothing at all was found.
    fn is_bare(&self) -> bool {
        self.tracks.is_empty() && self.routes == 0 && self.waypoints == 0
    }

    /// What a file without a single track point is; names come from its text, if that is sound.
    fn without_tracks(&self, text: Option<&Text<'_>>, skipped: &mut Vec<Skipped>) -> Track {
        let kind = match (self.routes, self.track_count, self.waypoints) {
            (1.., _, _) => Kind::Route,
            (0, 1.., _) => Kind::Track,
            (0, 0, 1..) => Kind::Waypoints,
            (0, 0, 0) => Kind::Empty,
        };
        let text = text.filter(|_| matches!(kind, Kind::Route | Kind::Waypoints));
        let typed = text.and_then(|text| routes(&text.text).ok());
        let Routes {
            name,
            routes,
            waypoints,
        } = typed.unwrap_or_default();
        let route = routes
            .iter()
            .find(|(_, points)| *points > 0)
            .and_then(|(name, _)| name.clone());
        let place = waypoints
            .into_iter()
            .flatten()
            .next()
            .filter(|_| kind == Kind::Waypoints && self.waypoints == 1);
        let name = route.or(name).or(place).or_else(|| self.name.clone());
        if kind == Kind::Route && self.waypoints > 0 {
            skipped.push(Skipped {
                what: "A waypoint beside the route".to_owned(),
                byte: None,
                count: self.waypoints,
            });
        }
        Track {
            kind,
            name,
            ..Track::default()
        }
    }

    /// Says what else is in a file with tracks.
    fn note_others(&self, skipped: &mut Vec<Skipped>) {
        for (count, what) in [
            (self.routes, "A route beside the track"),
            (self.waypoints, "A waypoint beside the track"),
        ] {
            if count > 0 {
                skipped.push(Skipped {
                    what: what.to_owned(),
                    byte: None,
                    count,
                });
            }
        }
    }

    /// What recorded a track: the track's own word for it, else the program that made the file.
    fn source(&self, origin: Option<String>) -> Source {
        let product = origin.or_else(|| self.creator.clone());
        let manufacturer = product.as_deref().and_then(maker);
        Source {
            manufacturer,
            product,
            ..Source::default()
        }
    }
}

/// Takes a GPX word for the sport; one that is not understood is kept beside it.
fn set_sport(track: &mut Track, word: &str) {
    let sport = sport_words::from_gpx(word);
    track.sport = sport.unwrap_or(Sport::Other);
    track.sub_sport = if sport.is_none() { clean(word) } else { None };
}
