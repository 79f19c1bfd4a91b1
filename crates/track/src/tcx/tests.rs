//! Tests of reading TCX: activities, laps, several sports, cut and hostile files.

use super::read;
use super::read::TOO_MANY;
use crate::{Kind, ReadError, Reading, Sport, Totals};

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
fn all_of_a_laps_totals() {
    let lap = |time: u32, more: &str| {
        format!(
            "<Lap StartTime='2020-01-01T10:00:00Z'><TotalTimeSeconds>{time}</TotalTimeSeconds><DistanceMeters>200</DistanceMeters>\
            <MaximumSpeed>5.5</MaximumSpeed><Calories>12</Calories><MaximumHeartRateBpm><Value>160</Value></MaximumHeartRateBpm>\
            <Intensity>Active</Intensity>{more}</Lap>"
        )
    };
    let one = "<Cadence>80</Cadence><Extensions><LX><AvgSpeed>3.25</AvgSpeed><MaxBikeCadence>99</MaxBikeCadence>\
        <AvgWatts>240</AvgWatts><MaxWatts>700</MaxWatts></LX></Extensions>";
    let other = "<Extensions><LX><AvgRunCadence>90</AvgRunCadence><MaxRunCadence>95</MaxRunCadence><Steps>40</Steps>\
        <AvgWatts>120</AvgWatts></LX></Extensions>";
    let reading = read_text(&format!(
        "<Activity Sport='Biking'>{}{}</Activity>",
        lap(60, one),
        lap(30, other)
    ));
    let track = &reading.tracks[0];
    let expected = Totals {
        elapsed_s: Some(60.0),
        timer_s: Some(60.0),
        distance_m: Some(200.0),
        calories_kcal: Some(12.0),
        average_speed_m_s: Some(3.25),
        max_speed_m_s: Some(5.5),
        max_hr: Some(160.0),
        average_cadence: Some(80.0),
        max_cadence: Some(99.0),
        average_power_w: Some(240.0),
        max_power_w: Some(700.0),
        ..Totals::default()
    };
    assert_eq!(track.laps[0].totals, expected);
    let other = track.laps[1].totals;
    assert_eq!(
        (other.average_cadence, other.max_cadence, other.cycles),
        (Some(90.0), Some(95.0), Some(40.0))
    );
    let all = track.sessions[0].totals;
    assert_eq!(
        (all.timer_s, all.distance_m, all.calories_kcal),
        (Some(90.0), Some(400.0), Some(24.0))
    );
    // By time: 60 s of 240 W and 30 s of 120 W.
    assert_eq!(
        (all.average_power_w, all.max_power_w),
        (Some(200.0), Some(700.0))
    );
}

#[test]
fn a_multisport_has_the_sums_of_each_sport() {
    let activity = |sport: &str, hour: u32, laps: &str| {
        format!("<Activity Sport='{sport}'><Id>2020-01-01T{hour}:00:00Z</Id>{laps}</Activity>")
    };
    let first = activity("Underwater rugby", 10, "");
    let next = activity("Biking", 12, &format!("{LAP}{LAP}"));
    let reading = read_text(&format!(
        "<MultiSportSession><Id>2020-01-01T09:00:00Z</Id><FirstSport>{first}</FirstSport><NextSport>{next}</NextSport>\
        <Notes>Both</Notes></MultiSportSession>"
    ));
    let track = &reading.tracks[0];
    assert_eq!(track.name.as_deref(), Some("Both"));
    let [one, other] = track.sessions.as_slice() else {
        panic!("{:?}", track.sessions)
    };
    assert_eq!(one.start, "2020-01-01T10:00:00Z".parse().ok());
    assert_eq!(one.sub_sport.as_deref(), Some("Underwater rugby"));
    assert_eq!(one.totals, Totals::default());
    assert_eq!(
        (other.sport, other.totals.distance_m),
        (Sport::Cycling, Some(400.0))
    );
    assert!(track.pauses.is_empty());
}

#[test]
fn tracks_of_one_lap_have_a_pause_between_them() {
    let point = |second: u32| {
        format!("<Trackpoint><Time>2020-01-01T10:00:{second:02}Z</Time></Trackpoint>")
    };
    let lap = format!(
        "<Lap><Track>{}</Track><Track>{}</Track></Lap>",
        point(0),
        point(20)
    );
    let reading = read_text(&format!("<Activity Sport='Biking'>{lap}{lap}</Activity>"));
    let before: Vec<_> = reading.tracks[0]
        .pauses
        .iter()
        .map(|pause| pause.before)
        .collect();
    assert_eq!(before, [1, 3]);
}

#[test]
fn more_laps_than_memory_may_take_are_passed_over() {
    for (head, piece) in [
        ("<Activity>", "<Lap/>"),
        ("<MultiSportSession>", "<Activity/>"),
        ("", "<Workout/>"),
        ("", "<Course/>"),
    ] {
        let reading = read_text(&format!("{head}{}", piece.repeat(50_000)));
        let first = &reading.tracks[0];
        let count = reading.tracks.len() + first.laps.len() + first.sessions.len();
        assert!((1000..40_000).contains(&count), "{piece}: {count}");
        let said = reading.skipped.iter().any(|note| note.what == TOO_MANY);
        assert!(said, "{piece}: {:?}", reading.skipped);
    }
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
    let half = format!("<TrainingCenterDatabase><Activities><Activity Sport='Running'>{LAP}<Lap>");
    assert_eq!(cut(&half), Ok((false, 1)));
    assert_eq!(cut("<TrainingCenterDatabase>"), Err(ReadError::CutOff));
}
