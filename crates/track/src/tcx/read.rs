//! Reads TCX into tracks: one per activity, a multisport session being one. Courses and workouts are told apart. Knows no GPX.

use super::current::Current;
use super::element::{Element, element};
use crate::points::RawPoint;
use crate::xml::{Attributes, Sink, clean, decode, number, number_single, pull, read_time};
use crate::{Format, Kind, ReadError, Reading, Skipped, Track};

/// More activities than any device keeps in one file; what comes after is passed over.
const MOST_TRACKS: usize = 2_000;

/// Reads a TCX file.
///
/// # Errors
/// When it declares a document type, or breaks off before anything could be read.
pub(crate) fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let text = decode(bytes);
    let mut file = File::default();
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
    let in_place = text.offset.is_some();
    for track in &mut tracks {
        track.range = 0..bytes.len();
        // Places in decoded text are no places in the file.
        track
            .skipped
            .iter_mut()
            .filter(|_| !in_place)
            .for_each(|note| note.byte = None);
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
#[derive(Default)]
struct File {
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
                self.end(Kind::Activity, at);
                self.multisport = true;
            }
            Element::Course => {
                self.end(Kind::Activity, at);
                self.current = Some(Current::default());
            }
            Element::Workout if self.workouts.len() < MOST_TRACKS => self.workouts.push(Track {
                kind: Kind::Workout,
                ..Track::default()
            }),
            Element::Workout => {
                let what = "More workouts than one file can hold were passed over";
                Skipped::add(&mut self.skipped, what, at);
            }
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
            Element::Lap => self.within(|current| current.end_lap(at)),
            Element::Activity if !self.multisport => self.end(Kind::Activity, at),
            Element::MultiSport => {
                self.end(Kind::Activity, at);
                self.multisport = false;
            }
            Element::Course => self.end(Kind::Course, at),
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
    fn within(&mut self, act: impl FnOnce(&mut Current)) {
        if let Some(current) = &mut self.current {
            act(current);
        }
    }

    fn begin_activity(&mut self, mut attributes: Attributes<'_>, at: usize) {
        if !self.multisport {
            self.end(Kind::Activity, at);
        }
        let sport = attributes
            .find(|(name, _)| *name == "Sport")
            .map(|(_, word)| word);
        self.current
            .get_or_insert_default()
            .begin_sport(sport.as_deref());
    }

    fn begin_lap(&mut self, mut attributes: Attributes<'_>, at: usize) {
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
    fn end(&mut self, kind: Kind, at: usize) {
        self.end_point();
        let Some(current) = self.current.take() else {
            return;
        };
        let list = if kind == Kind::Course {
            &mut self.courses
        } else {
            &mut self.activities
        };
        if list.len() < MOST_TRACKS {
            list.push(current.finish(kind, at));
        } else {
            Skipped::add(
                &mut self.skipped,
                "More activities than one file can hold were passed over",
                at,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sport;

    fn read_text(body: &str) -> Reading {
        let head = "<?xml version='1.0'?><TrainingCenterDatabase xmlns='tc2' xmlns:x='ax2'>";
        read(format!("{head}{body}</TrainingCenterDatabase>").as_bytes()).unwrap()
    }

    const LAP: &str = "<Lap StartTime='2020-01-01T10:00:00.500Z'><TotalTimeSeconds>60</TotalTimeSeconds>\
        <DistanceMeters>200</DistanceMeters><Calories>0</Calories><AverageHeartRateBpm><Value>140</Value></AverageHeartRateBpm>\
        <Track><Trackpoint><Time>2020-01-01T10:00:01Z</Time><HeartRateBpm><Value>120</Value></HeartRateBpm>\
        <Extensions><x:TPX><x:Speed>3.5</x:Speed><x:RunCadence>88</x:RunCadence><x:Watts>250</x:Watts></x:TPX></Extensions>\
        </Trackpoint></Track><Extensions><x:LX><x:AvgWatts>240</x:AvgWatts></x:LX></Extensions></Lap>";

    #[test]
    fn an_activity_with_sensors_and_no_position() {
        let reading = read_text(&format!(
            "<Activities><Activity Sport='Running'><Id>2020-01-01T09:59:59Z</Id>{LAP}{LAP}<Notes>Before work</Notes>\
            <Creator><Name>Forerunner 945</Name><UnitId>77</UnitId><ProductID>3113</ProductID></Creator></Activity></Activities>"
        ));
        let track = &reading.tracks[0];
        assert_eq!(
            (reading.kind, track.sport, track.file_sessions),
            (Kind::Activity, Sport::Running, 1)
        );
        assert_eq!(
            (track.distance_m, track.elapsed_s, track.timer_s),
            (Some(400.0), Some(120.0), Some(120.0))
        );
        assert_eq!(track.start, "2020-01-01T10:00:00.500Z".parse().ok());
        assert_eq!((track.file_points, track.file_positions), (2, 0));
        let point = track.points.get(0).unwrap();
        let sensors = (
            point.heart_rate_bpm,
            point.speed_m_s,
            point.cadence_rpm,
            point.power_w,
        );
        assert_eq!(sensors, (Some(120.0), Some(3.5), Some(88.0), Some(250.0)));
        let lap = track.laps[1];
        assert_eq!(
            (
                lap.totals.average_hr,
                lap.totals.average_power_w,
                lap.totals.calories_kcal
            ),
            (Some(140.0), Some(240.0), None)
        );
        assert_eq!(track.name.as_deref(), Some("Before work"));
        let source = &track.source;
        assert_eq!(
            (source.product.as_deref(), source.serial),
            (Some("Forerunner 945"), Some(77))
        );
        assert_eq!(source.manufacturer.as_deref(), Some("garmin"));
    }

    #[track_caller]
    fn check(body: &str, kind: Kind, tracks: usize, sport: Sport, sessions: u32) {
        let reading = read_text(body);
        let track = &reading.tracks[0];
        let read = (
            reading.kind,
            reading.tracks.len(),
            track.sport,
            track.file_sessions,
        );
        assert_eq!(read, (kind, tracks, sport, sessions), "{body}");
    }

    #[test]
    fn kinds_and_sessions() {
        let activity = |sport: &str| {
            format!("<Activity Sport='{sport}'><Id>2020-01-01T10:00:00Z</Id>{LAP}</Activity>")
        };
        let (run, ride) = (activity("Running"), activity("Biking"));
        check(
            &format!("<Activities>{run}{ride}</Activities>"),
            Kind::Activity,
            2,
            Sport::Running,
            1,
        );
        let both = format!(
            "<MultiSportSession><FirstSport>{run}</FirstSport><NextSport>{ride}</NextSport></MultiSportSession>"
        );
        check(&both, Kind::Activity, 1, Sport::Multisport, 2);
        check(
            &format!("{both}{ride}"),
            Kind::Activity,
            2,
            Sport::Multisport,
            2,
        );
        let course = format!("<Courses><Course><Name>C</Name>{LAP}</Course></Courses>");
        check(&course, Kind::Course, 1, Sport::Other, 0);
        check(
            &format!("{course}{run}"),
            Kind::Activity,
            1,
            Sport::Running,
            1,
        );
        check(
            "<Workouts><Workout Sport='Running'><Name>W</Name></Workout></Workouts>",
            Kind::Workout,
            1,
            Sport::Other,
            0,
        );
        check("", Kind::Empty, 1, Sport::Other, 0);
        assert_eq!(read_text(&course).tracks[0].name.as_deref(), Some("C"));
    }

    #[test]
    fn totals_come_from_points_where_laps_have_none() {
        let point = |second: u32, metres: f64| {
            format!(
                "<Trackpoint><Time>2020-01-01T10:00:{second:02}Z</Time><DistanceMeters>{metres}</DistanceMeters></Trackpoint>"
            )
        };
        let track = |from: u32| {
            format!(
                "<Track>{}{}</Track>",
                point(from, 5.0),
                point(from + 10, 30.0)
            )
        };
        let reading = read_text(&format!(
            "<Activity Sport='Hang gliding'><Lap>{}{}</Lap></Activity>",
            track(0),
            track(40)
        ));
        let track = &reading.tracks[0];
        assert_eq!(
            (track.distance_m, track.elapsed_s, track.timer_s),
            (Some(30.0), Some(50.0), Some(20.0))
        );
        assert_eq!(track.sport, Sport::HangGliding);
        assert_eq!(track.start, "2020-01-01T10:00:00Z".parse().ok());
    }

    #[test]
    fn cut_files() {
        let cut = |text: &str| {
            read(text.as_bytes()).map(|reading| (reading.complete, reading.tracks[0].file_points))
        };
        assert_eq!(
            cut("<TrainingCenterDatabase><Activities><Activity Sport='Running'><Id>2020"),
            Err(ReadError::CutOff)
        );
        let half =
            format!("<TrainingCenterDatabase><Activities><Activity Sport='Running'>{LAP}<Lap>");
        assert_eq!(cut(&half), Ok((false, 1)));
        assert_eq!(cut("<TrainingCenterDatabase>"), Err(ReadError::CutOff));
    }
}
