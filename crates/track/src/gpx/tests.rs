//! Tests of reading GPX: dialects, kinds, odd and hostile files.

use super::read;
use crate::{Channel, Kind, Pause, Reading, Sport, Track};

fn read_text(body: &str) -> Reading {
    read(format!("<?xml version='1.0'?><gpx version='1.1' creator='Test'>{body}</gpx>").as_bytes())
        .unwrap()
}

/// A file of one point with this inside; the answer is power, heart rate, cadence, temperature, speed.
#[track_caller]
fn check_sensors(inside: &str, expected: [Option<f64>; 5]) {
    let reading = read_text(&format!(
        "<trk><trkseg><trkpt lat='1' lon='2'>{inside}</trkpt></trkseg></trk>"
    ));
    let point = reading.tracks[0].points.get(0).unwrap();
    let read = [
        point.power_w,
        point.heart_rate_bpm,
        point.cadence_rpm,
        point.temperature_c,
        point.speed_m_s,
    ];
    assert_eq!(read, expected, "{inside}");
}

#[test]
fn sensors_in_every_dialect() {
    let garmin = "<extensions><gpxtpx:TrackPointExtension><gpxtpx:atemp>20.5</gpxtpx:atemp><gpxtpx:hr>150</gpxtpx:hr>\
        <gpxtpx:cad>85</gpxtpx:cad><gpxtpx:speed>3.5</gpxtpx:speed></gpxtpx:TrackPointExtension></extensions>";
    check_sensors(
        garmin,
        [None, Some(150.0), Some(85.0), Some(20.5), Some(3.5)],
    );
    let gpxdata = "<extensions><gpxdata:hr>150</gpxdata:hr><gpxdata:cadence>80</gpxdata:cadence>\
        <gpxdata:temp>21</gpxdata:temp><gpxdata:power>250</gpxdata:power></extensions>";
    check_sensors(
        gpxdata,
        [Some(250.0), Some(150.0), Some(80.0), Some(21.0), None],
    );
    let watts = Some(200.0);
    check_sensors(
        "<extensions><power>200</power></extensions>",
        [watts, None, None, None, None],
    );
    let extension = "<extensions><pwr:PowerInWatts>200</pwr:PowerInWatts></extensions>";
    check_sensors(extension, [watts, None, None, None, None]);
    check_sensors(
        "<speed>4.5</speed><course>90</course><magvar/>",
        [None, None, None, None, Some(4.5)],
    );
    check_sensors(
        "<extensions><hr/><cad>x</cad><speed>NaN</speed></extensions>",
        [None; 5],
    );
}

#[test]
fn sensors_of_other_makers() {
    let watts = Some(200.0);
    // Amazfit and Zepp, with a prefix of any name; Suunto beside Garmin; OruxMaps; OpenTracks before it knew better.
    check_sensors(
        "<extensions><ns3:TrackPointExtension><ns3:hr>101</ns3:hr><ns3:cad>80</ns3:cad><ns3:course>90</ns3:course>\
        </ns3:TrackPointExtension></extensions>",
        [None, Some(101.0), Some(80.0), None, None],
    );
    check_sensors(
        "<extensions><gpxtpx:TrackPointExtension><gpxtpx:hr>148</gpxtpx:hr></gpxtpx:TrackPointExtension>\
        <gpxdata:cadence>77</gpxdata:cadence><gpxdata:temp>21.5</gpxdata:temp><gpxdata:distance>5657</gpxdata:distance>\
        <gpxdata:altitude>128</gpxdata:altitude><gpxdata:speed>2.5</gpxdata:speed></extensions>",
        [None, Some(148.0), Some(77.0), Some(21.5), Some(2.5)],
    );
    check_sensors(
        "<extensions><om:oruxmapsextensions><om:ext type='TYPE' subtype='0'>28</om:ext><om:hr>99</om:hr>\
        </om:oruxmapsextensions></extensions>",
        [None, Some(99.0), None, None, None],
    );
    check_sensors(
        "<extensions><gpxtpx:TrackPointExtension><gpxtpx:speed>15</gpxtpx:speed><pwr:PowerInWatts>50</pwr:PowerInWatts>\
        <opentracks:distance>12</opentracks:distance></gpxtpx:TrackPointExtension></extensions>",
        [Some(50.0), None, None, None, Some(15.0)],
    );
    // The water's temperature is better than none; an empty place takes nothing away.
    check_sensors(
        "<extensions><a:x><a:wtemp>15</a:wtemp></a:x><power>200</power><b:x><b:PowerInWatts/></b:x></extensions>",
        [watts, None, None, Some(15.0), None],
    );
    check_sensors(
        "<extensions><a:x><a:wtemp>15</a:wtemp><a:atemp>20</a:atemp></a:x></extensions>",
        [None, None, None, Some(20.0), None],
    );
    // What stands deeper is no value of the point's, and neither is what a link says.
    check_sensors(
        "<extensions><weather><station><temp>9</temp><speed>9</speed></station></weather></extensions><link><power>9</power></link>",
        [None; 5],
    );
    // What a link or a nested extension calls itself is no elevation and no time of the point.
    check_sensors(
        "<extensions><x><ele>9</ele><time>2020-01-01T00:00:00Z</time></x></extensions>",
        [None; 5],
    );
}

#[test]
fn channels_of_a_point() {
    let reading = read_text(
        "<trk><trkseg><trkpt lat='1' lon='2'/><trkpt lat='1' lon='2'><extensions><a:x><a:depth>12.5</a:depth></a:x>\
        <gpxdata:verticalSpeed>-0.5</gpxdata:verticalSpeed></extensions></trkpt></trkseg></trk>",
    );
    let points = &reading.tracks[0].points;
    assert_eq!(points.value(1, Channel::Depth), Some(12.5));
    assert_eq!(points.value(1, Channel::VerticalSpeed), Some(-0.5));
    assert_eq!(points.value(0, Channel::Depth), None);
}

#[test]
fn segments_are_pauses() {
    let point = |second: u32| {
        format!("<trkpt lat='1' lon='2'><time>2020-01-01T00:00:{second:02}Z</time></trkpt>")
    };
    let reading = read_text(&format!(
        "<trk><trkseg/><trkseg>{}{}</trkseg><trkseg/><trkseg>{}</trkseg><trkseg/></trk>",
        point(0),
        point(10),
        point(30)
    ));
    let track = &reading.tracks[0];
    let at = |second: u32| format!("2020-01-01T00:00:{second}Z").parse().ok();
    let pause = Pause {
        before: 2,
        from: at(10),
        to: at(30),
    };
    assert_eq!(track.pauses, [pause]);
    assert_eq!((track.elapsed_s, track.timer_s), (Some(30.0), Some(10.0)));
}

#[test]
fn points_that_no_track_is_around() {
    let reading = read_text("<trkseg><trkpt lat='1' lon='2'/><trkpt lat='1' lon='3'/></trkseg>");
    assert_eq!(
        (reading.kind, reading.tracks[0].points.len()),
        (Kind::Track, 2)
    );
}

#[test]
fn more_tracks_than_memory_may_take_are_passed_over() {
    let reading = read_text(&"<trk><trkpt/></trk>".repeat(100_000));
    assert!(reading.tracks.len() > 1000 && reading.tracks.len() < 50_000);
    let what = "More tracks than a file of this size can hold were passed over";
    assert!(reading.skipped.iter().any(|note| note.what == what));
}

#[track_caller]
fn check_kind(body: &str, kind: Kind, tracks: usize, name: Option<&str>) {
    let reading = read_text(body);
    assert_eq!(
        (reading.kind, reading.tracks.len()),
        (kind, tracks),
        "{body}"
    );
    assert_eq!(reading.tracks[0].name.as_deref(), name, "{body}");
}

#[test]
fn kinds_are_told_apart() {
    let timed = "<trk><name>T</name><trkseg><trkpt lat='1' lon='2'><time>2020-01-01T00:00:00Z</time></trkpt></trkseg></trk>";
    let untimed = "<trk><trkseg><trkpt lat='1' lon='2'/></trkseg></trk>";
    let route = "<rte><name>R</name><rtept lat='1' lon='2'><name>P</name></rtept></rte>";
    let place = "<wpt lat='1' lon='2'><name>W</name></wpt>";
    let metadata = "<metadata><name>M</name><author><name>A</name></author></metadata>";
    check_kind(timed, Kind::Activity, 1, Some("T"));
    check_kind(&format!("{metadata}{untimed}"), Kind::Track, 1, Some("M"));
    check_kind(&format!("{untimed}{timed}<trk/>"), Kind::Activity, 2, None);
    check_kind(
        &format!("{place}{route}{timed}"),
        Kind::Activity,
        1,
        Some("T"),
    );
    check_kind(&format!("{place}{route}"), Kind::Route, 1, Some("R"));
    check_kind(place, Kind::Waypoints, 1, Some("W"));
    check_kind(
        &format!("{metadata}{place}{place}"),
        Kind::Waypoints,
        1,
        Some("M"),
    );
    check_kind("<trk><name>none</name></trk>", Kind::Track, 1, None);
    check_kind("", Kind::Empty, 1, None);
}

#[test]
fn a_deep_route_is_not_handed_on() {
    // The gpx crate would take minutes for this one.
    let deep = 1 << 18;
    let inside = format!("{}{}", "<a>".repeat(deep), "</a>".repeat(deep));
    check_kind(
        &format!("<rte><name>R</name><rtept lat='1' lon='2'/>{inside}</rte>"),
        Kind::Route,
        1,
        None,
    );
}

#[test]
fn unusual_nesting_loses_no_point() {
    let point = "<trkpt lat='1' lon='2'><time>2020-01-01T00:00:00Z</time></trkpt>";
    let reading = read_text(&format!(
        "<trk><trkseg>{point}<trk><trkseg>{point}{point}</trkseg></trk></trkseg>"
    ));
    assert_eq!(
        reading
            .tracks
            .iter()
            .map(|track| track.file_points)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    // A track that begins inside of a point ends the point, too.
    let open = "<trkpt lat='1' lon='2'><time>2020-01-01T00:00:01Z</time>";
    let reading = read_text(&format!(
        "<trk>{point}{open}<trk>{point}</trk></trkpt></trk>"
    ));
    let counts = |track: &Track| (track.file_points, track.file_positions, track.points.len());
    assert_eq!(
        reading.tracks.iter().map(counts).collect::<Vec<_>>(),
        [(2, 2, 2), (1, 1, 1)]
    );
    let reading = read_text(
        "<trk><trkseg><trkpt lat='1' lon='2'><ele>5</trkpt><trkpt lat='1' lon='3'/></trkseg></trk>",
    );
    assert_eq!(
        reading.tracks[0]
            .points
            .get(0)
            .and_then(|point| point.elevation_m),
        Some(5.0)
    );
    assert_eq!((reading.tracks[0].file_points, reading.complete), (2, true));
}

#[test]
fn bad_positions_drop_the_position_and_not_the_file() {
    let time = "<time>2020-01-01T00:00:0";
    let reading = read_text(&format!(
        "<trk><trkseg><trkpt lat='0' lon='0'>{time}0Z</time></trkpt><trkpt lat='100' lon='0'>{time}5Z</time></trkpt>\
        <trkpt lat='1,5' lon='0'/><trkpt/><trkpt lat='0.001' lon='0'>{time}9Z</time></trkpt></trkseg></trk>"
    ));
    let track = &reading.tracks[0];
    assert_eq!(
        (track.file_points, track.file_positions, track.points.len()),
        (5, 2, 3)
    );
    assert_eq!(track.skipped.first().map(|note| note.count), Some(3));
    assert!(
        track
            .distance_m
            .is_some_and(|metres| (metres - 110.57).abs() < 0.1)
    );
    assert_eq!(track.elapsed_s, Some(9.0));
}

#[test]
fn words_and_makers() {
    let of = |body: &str| {
        read_text(&format!(
            "<trk>{body}<trkseg><trkpt lat='1' lon='2'/></trkseg></trk>"
        ))
        .tracks
        .remove(0)
    };
    assert_eq!(
        (of("<type>9</type>").sport, of("<type>9</type>").sub_sport),
        (Sport::Running, None)
    );
    let unknown = of("<type>Underwater basket weaving</type><src>Forerunner 965</src>");
    assert_eq!(
        unknown.sub_sport.as_deref(),
        Some("Underwater basket weaving")
    );
    assert_eq!(unknown.source.manufacturer.as_deref(), Some("garmin"));
    assert_eq!(of("").source.product.as_deref(), Some("Test"));
}

#[test]
fn hostile_text_takes_no_longer_than_its_size_deserves() {
    let began = std::time::Instant::now();
    let many = 1 << 18;
    for body in [
        "<a>".repeat(many),
        "</a>".repeat(many),
        "<a><b></a>".repeat(many / 4),
        format!("<trk {}>", "a='1' ".repeat(many)),
        format!("<trk a='{}'", "&".repeat(4 * many)),
        "&".repeat(4 * many),
        "&x;".repeat(many),
        format!("<trk><name>{}</name>", "<!---->x".repeat(many / 2)),
        format!("&{}", "x".repeat(4 * many)),
        "<trk><trkseg><trkpt/>".repeat(many / 8),
    ] {
        // Whatever comes of it, it comes soon.
        drop(read(format!("<gpx>{body}</gpx>").as_bytes()));
    }
    // Anything quadratic in these sizes would take minutes.
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn a_word_for_the_sport_is_written_only_if_it_is_read_back_as_unknown() {
    let back = |word: &str| {
        let track = Track {
            sport: Sport::Other,
            sub_sport: Some(word.to_owned()),
            points: std::iter::once(crate::Point {
                position: crate::Position::new(47.0, 8.0),
                ..crate::Point::default()
            })
            .collect(),
            ..Track::default()
        };
        let mut tracks = read(&crate::write_gpx(&track).bytes).unwrap().tracks;
        let again = tracks.remove(0);
        (again.sport, again.sub_sport)
    };
    let kept = (Sport::Other, Some("Curling".to_owned()));
    assert_eq!(back("Curling"), kept);
    assert_eq!(back("\u{1}Cur\u{fffe}ling "), kept);
    // Without the characters that XML cannot carry it would be Strava's number for cycling.
    assert_eq!(back("\u{1}1"), (Sport::Other, None));
    assert_eq!(back("1\u{ffff}"), (Sport::Other, None));
}
