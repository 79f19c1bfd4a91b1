//! XML that was made to do harm, in GPX and TCX alike: refused, passed over or read, and always within the same memory.
#![expect(
    clippy::expect_used,
    reason = "a test may end at once; clippy allows it only inside of test functions"
)]

#[path = "proof/memory.rs"]
#[allow(dead_code, reason = "each test uses its part of what they share")]
mod memory;

use track::{Format, Reading, Track, read};

/// One good point of each format; what a test does to the file must not lose it.
const GPX_POINT: &str = "<trkpt lat='46.5' lon='6.6'><time>2024-05-04T06:30:00Z</time></trkpt>";
const TCX_POINT: &str = "<Trackpoint><Time>2024-05-04T06:30:00Z</Time><Position>\
    <LatitudeDegrees>46.5</LatitudeDegrees><LongitudeDegrees>6.6</LongitudeDegrees></Position></Trackpoint>";

/// A format, and a file of it that has `before` in front of the root, then one point, then `within`, then another point.
fn files(before: &str, within: &str) -> [(Format, String); 2] {
    let gpx = format!(
        "{before}<gpx version='1.1'><trk><name>A{within}</name><trkseg>{GPX_POINT}{within}{GPX_POINT}</trkseg></trk></gpx>"
    );
    let tcx = format!(
        "{before}<TrainingCenterDatabase><Activities><Activity Sport='Running'><Lap><Track>{TCX_POINT}{within}{TCX_POINT}\
        </Track></Lap><Notes>A{within}</Notes></Activity></Activities></TrainingCenterDatabase>"
    );
    [(Format::Gpx, gpx), (Format::Tcx, tcx)]
}

/// Reads within the promised memory.
#[track_caller]
fn read_within(text: &str) -> Result<Reading, track::ReadError> {
    let (reading, taken) = memory::taken_by(|| read(text.as_bytes()));
    let allowed = memory::allowance(text.len());
    assert!(taken.peak <= allowed, "{} of {allowed}", taken.peak);
    reading
}

/// The one track of a file in which both points were found.
#[track_caller]
fn both_points(format: Format, text: &str) -> (Track, Reading) {
    let mut reading = read_within(text).expect("it is read");
    assert_eq!(reading.format, format);
    assert!(reading.complete, "{:?}", reading.skipped);
    assert_eq!(reading.tracks.len(), 1);
    let track = reading.tracks.remove(0);
    assert_eq!(
        (track.file_points, track.file_positions),
        (2, 2),
        "{format:?}"
    );
    (track, reading)
}

/// Ten entities, each ten times the one before it: a billion of the first.
fn billion_laughs() -> String {
    let entities = (1..10).map(|level| {
        let before = format!("&l{};", level - 1).repeat(10);
        format!("<!ENTITY l{level} '{before}'>")
    });
    let entities: String = entities.collect();
    format!("<!DOCTYPE gpx [<!ENTITY l0 'ha'>{entities}]>")
}

#[test]
fn a_document_type_is_refused_wherever_it_stands() {
    let laughs = billion_laughs();
    let types = [
        "<!DOCTYPE gpx>",
        "<!doctype gpx>",
        "<!DOCTYPE gpx SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE gpx PUBLIC '-//X' 'http://localhost/x.dtd'>",
        "<!DOCTYPE gpx [<!ENTITY % x SYSTEM 'http://localhost/x'> %x;]>",
        "<!DOCTYPE gpx [<!ATTLIST trkpt lat CDATA '1'>]>",
        "<?xml version='1.0'?><!-- a comment --><!DOCTYPE gpx []>",
        &laughs,
    ];
    for declared in types {
        for (format, text) in files(declared, "&l9;") {
            let refused = read_within(&text).map(|reading| reading.tracks.len());
            let code = refused.as_ref().map_err(track::ReadError::code);
            assert_eq!(code, Err("doctype"), "{format:?} {declared}");
        }
    }
    for (format, text) in files("", "<!DOCTYPE late [<!ENTITY x 'y'>]>") {
        let code = read_within(&text).map(|_| ()).map_err(|error| error.code());
        assert_eq!(code, Err("doctype"), "{format:?}");
    }
}

#[test]
fn only_the_five_and_numbers_are_resolved() {
    for (written, read) in [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
        ("&#65;&#x42;&#x1F6B2;", "AB\u{1f6b2}"),
        ("&eacute;", "&eacute;"),
        ("&l9;&xxe;", "&l9;&xxe;"),
        // What a reference gives is not read once more.
        ("&amp;lt;&#38;gt;", "&lt;&gt;"),
        ("&amp;#38;#60;", "&#38;#60;"),
        (
            "&#0;&#x1;&#xD800;&#xFFFE;&#99999999999;",
            "&#0;&#x1;&#xD800;&#xFFFE;&#99999999999;",
        ),
    ] {
        for (format, text) in files("", written) {
            let (track, _) = both_points(format, &text);
            assert_eq!(track.name, Some(format!("A{read}")), "{format:?} {written}");
        }
    }
}

#[test]
fn entities_in_numbers_and_attributes_stay_harmless() {
    let bomb = "&l9;".repeat(10_000);
    let text = format!(
        "<gpx><trk><trkseg>{GPX_POINT}<trkpt lat='{bomb}' lon='6.6'><time>2024-05-04T06:30:01Z</time></trkpt></trkseg></trk></gpx>"
    );
    let reading = read_within(&text).expect("it is read");
    assert_eq!(
        (
            reading.tracks[0].file_points,
            reading.tracks[0].file_positions
        ),
        (2, 1)
    );
    let text = text.replace(&bomb, "&#52;&#x36;.5");
    let reading = read_within(&text).expect("it is read");
    assert_eq!(reading.tracks[0].file_positions, 2);
}

#[test]
fn what_lies_deeper_than_64_is_passed_over_and_the_rest_is_kept() {
    for depth in [10, 64, 100, 20_000] {
        let open: String = (0..depth).map(|level| format!("<x{level}>")).collect();
        let close = (0..depth).rev().map(|level| format!("</x{level}>"));
        let nest = format!("{open}<v>1</v>{}", close.collect::<String>());
        for (format, text) in files("", &nest) {
            let (track, reading) = both_points(format, &text);
            let mut notes = reading.skipped.iter().map(|note| note.what.as_str());
            let told = notes.any(|what| what == "Elements nested too deep were passed over");
            assert_eq!(told, depth > 60, "{format:?} {depth}");
            let laps = usize::from(format == Format::Tcx);
            assert_eq!(track.file_laps as usize, laps, "{format:?} {depth}");
        }
    }
    // A point that lies too deep itself is none.
    let deep = format!(
        "<gpx><trk><trkseg>{GPX_POINT}{}{GPX_POINT}",
        "<a>".repeat(70)
    );
    let reading = read_within(&deep).expect("it is read");
    assert!(!reading.complete);
    assert_eq!(reading.tracks[0].file_points, 1);
}

#[test]
fn a_flood_between_two_points_loses_neither() {
    let comments = "<!-- - -->".repeat(50_000);
    let attributes = format!("<x {}/>", "a='1' ".repeat(50_000));
    let text = format!("<x>{}</x>", "y".repeat(500_000));
    let data = "<![CDATA[<trkpt lat='1' lon='1'/><Trackpoint/>]]>".repeat(10_000);
    let instructions = "<?x y?>".repeat(50_000);
    let empty = "<x/>".repeat(100_000);
    let spaced = "<x></x>\n".repeat(50_000);
    for flood in [
        comments,
        attributes,
        text,
        data,
        instructions,
        empty,
        spaced,
    ] {
        for (format, text) in files("", &flood) {
            let (track, _) = both_points(format, &text);
            let longest = track.name.map_or(0, |name| name.chars().count());
            assert!(longest <= 512, "{longest}");
        }
    }
}
