//! Reads TCX into tracks: one per activity, a multisport session being one. Courses and workouts are told apart. Knows no GPX.

use super::current::Current;
use super::element::{Element, element};
use crate::budget::Budget;
use crate::points::RawPoint;
use crate::xml::{Attributes, Sink, clean, decode, number, number_single, pull, read_time};
use crate::{Format, Kind, Lap, ReadError, Reading, Session, Skipped, Track};

/// What is said where a file holds more than its size gives reason for.
pub(super) const TOO_MANY: &str =
    "More activities or laps than a file of this size can hold were passed over";

/// What a track takes besides its points: itself, the session and lap it may be given, and what it says was skipped.
type TrackAndNotes = (Track, Session, Lap, [u64; 128]);

/// Reads a TCX file.
///
/// # Errors
/// When it declares a document type, or breaks off before anything could be read.
pub(crate) fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let text = decode(bytes);
    let mut file = File::of(bytes.len());
    let outcome = pull(&text, &mut file)?;
    let File {
        activities,
        courses,
        workouts,
        mut skipped,
        ..
    } = file;
    let others = courses.len() + workouts.len();
    let mut tracks = match (activities.is_empty(), courses.is_empty()) {
        (false, _) => activities,
        (true, false) => courses,
        (true, true) => workouts,
    };
    let bare = tracks
        .iter()
        .all(|track| track.points.is_empty() && track.laps.is_empty());
    if !outcome.complete && bare && !tracks.iter().any(|track| track.kind == Kind::Workout) {
        return Err(ReadError::CutOff);
    }
    let kind = tracks.first().map_or(Kind::Empty, |track| track.kind);
    if kind == Kind::Activity && others > 0 {
        let what = "A course or workout beside the activities".to_owned();
        skipped.push(Skipped {
            what,
            byte: None,
            count: others as u64,
        });
    }
    if tracks.is_empty() {
        tracks.push(Track::default());
    }
    for track in &mut tracks {
        track.range = 0..bytes.len();
    }
    if text.offset.is_none() {
        // Places in decoded text are no places in the file.
        let notes = tracks.iter_mut().flat_map(|track| &mut track.skipped);
        notes.chain(&mut skipped).for_each(|note| note.byte = None);
    }
    let mut all = text.skipped;
    all.extend(outcome.skipped);
    all.append(&mut skipped);
    Ok(Reading {
        format: Format::Tcx,
        kind,
        complete: outcome.complete,
        tracks,
        skipped: all,
    })
}

/// What is known of the file so far.
struct File {
    budget: Budget,
    activities: Vec<Track>,
    courses: Vec<Track>,
    workouts: Vec<Track>,
    current: Option<Current>,
    multisport: bool,
    point: Option<(RawPoint, usize)>,
    skipped: Vec<Skipped>,
}

impl Sink for File {
    type Tag = Element;

    #[inline]
    fn open(
        &mut self,
        _: Option<Element>,
        name: &str,
        attributes: Attributes<'_>,
        at: usize,
    ) -> Element {
        let element = element(name);
        match element {
            Element::Trackpoint => {
                self.end_point();
                self.point = Some((RawPoint::EMPTY, at));
            }
            Element::Track => self.within(|current| current.begin_track()),
            Element::Lap => self.begin_lap(attributes, at),
            Element::Activity => self.begin_activity(attributes, at),
            Element::MultiSport => {
                self.end(Kind::Activity);
                self.multisport = true;
            }
            Element::Course => {
                self.end(Kind::Activity);
                self.begin(at);
            }
            Element::Workout if self.has_room::<TrackAndNotes>(at) => self.workouts.push(Track {
                kind: Kind::Workout,
                ..Track::default()
            }),
            _ => {}
        }
        element
    }

    #[inline]
    fn close(&mut self, element: Element, parent: Option<Element>, text: &str, at: usize) {
        if self.point.is_some() {
            return self.take_in_point(element, parent, text, at);
        }
        match element {
            Element::Lap => self.within(Current::end_lap),
            Element::Activity if !self.multisport => self.end(Kind::Activity),
            Element::MultiSport => {
                self.end(Kind::Activity);
                self.multisport = false;
            }
            Element::Course => self.end(Kind::Course),
            Element::Name if parent == Some(Element::Workout) => {
                if let Some(workout) = self.workouts.last_mut() {
                    workout.name = clean(text);
                }
            }
            _ => {
                let id = if element == Element::Id {
                    read_time(text, at, &mut self.skipped)
                } else {
                    None
                };
                let id = id.and_then(|moment| moment.timestamp());
                self.within(|current| current.take(element, parent, text, id));
            }
        }
    }
}

impl File {
    /// Nothing yet, of a file of this size.
    fn of(size: usize) -> File {
        File {
            budget: Budget::of(size),
            activities: Vec::new(),
            courses: Vec::new(),
            workouts: Vec::new(),
            current: None,
            multisport: false,
            point: None,
            skipped: Vec::new(),
        }
    }

    /// Whether one more of these may be kept; if not, that is noted.
    fn has_room<T>(&mut self, at: usize) -> bool {
        let room = self.budget.takes::<T>();
        if !room {
            Skipped::add(&mut self.skipped, TOO_MANY, at);
        }
        room
    }

    fn within(&mut self, act: impl FnOnce(&mut Current)) {
        if let Some(current) = &mut self.current {
            act(current);
        }
    }

    /// Begins an activity or course, if there is room for one.
    fn begin(&mut self, at: usize) {
        let room = self.has_room::<TrackAndNotes>(at);
        self.current = room.then(Current::default);
    }

    fn begin_activity(&mut self, mut attributes: Attributes<'_>, at: usize) {
        if !self.multisport {
            self.end(Kind::Activity);
        }
        if self.current.is_none() {
            self.begin(at);
        }
        if self.current.is_none() || !self.has_room::<Session>(at) {
            return;
        }
        let sport = attributes
            .find(|(name, _)| *name == "Sport")
            .map(|(_, word)| word);
        self.within(|current| current.begin_sport(sport.as_deref()));
    }

    fn begin_lap(&mut self, mut attributes: Attributes<'_>, at: usize) {
        if self.current.is_none() || !self.has_room::<Lap>(at) {
            return;
        }
        let start = attributes
            .find(|(name, _)| *name == "StartTime")
            .map(|(_, text)| text);
        let skipped = &mut self.skipped;
        let start = start
            .and_then(|text| read_time(&text, at, skipped))
            .and_then(|moment| moment.timestamp());
        self.within(|current| current.begin_lap(start));
    }

    /// Takes an element inside of a point.
    #[inline]
    fn take_in_point(&mut self, element: Element, parent: Option<Element>, text: &str, at: usize) {
        let Some((raw, _)) = &mut self.point else {
            return;
        };
        match element {
            Element::Trackpoint => self.end_point(),
            Element::Time => {
                if let Some(Current { clock, track, .. }) = &mut self.current
                    && let Some(time) = clock.add(text, at, &mut track.skipped)
                {
                    raw.time_ms = time;
                }
            }
            Element::Latitude => raw.latitude = number(text).unwrap_or(f64::INFINITY),
            Element::Longitude => raw.longitude = number(text).unwrap_or(f64::INFINITY),
            Element::Altitude => raw.elevation = number_single(text),
            Element::Distance => raw.distance = number(text).unwrap_or(f64::NAN),
            Element::Value if parent == Some(Element::HeartRate) => {
                raw.heart_rate = number_single(text)
            }
            Element::Cadence | Element::RunCadence => raw.cadence = number_single(text),
            Element::Speed => raw.speed = number_single(text),
            Element::Watts => raw.power = number_single(text),
            _ => {}
        }
    }

    #[inline]
    fn end_point(&mut self) {
        if let Some((raw, at)) = self.point.take() {
            self.within(|current| current.end_point(&raw, at));
        }
    }

    /// Ends what is being read, if anything is.
    fn end(&mut self, kind: Kind) {
        self.end_point();
        let Some(current) = self.current.take() else {
            return;
        };
        let list = if kind == Kind::Course {
            &mut self.courses
        } else {
            &mut self.activities
        };
        list.push(current.finish(kind));
    }
}
