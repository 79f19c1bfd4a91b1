//! What is promised for each recording of the corpus that is not sound, file by file. Knows no reader's code.

use crate::recordings::recordings;

/// What comes of a damaged file.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// So many points are kept of a file that still counts as whole; the first sentence on it, if there is one to say.
    Whole(u32, &'static str),
    /// So many points are kept, and the file is told as cut or changed.
    Partly(u32, &'static str),
    /// Nothing is kept: the error's code and sentence.
    Refused(&'static str, &'static str),
}

use Outcome::{Partly, Refused, Whole};

/// What is promised. Points are those that independent readers find, too, but where a line says why not.
const PROMISED: &[(&str, Outcome)] = &[
    (
        "fit/dtcooper+python-fitparse/tests__files__nick.fit",
        Partly(
            14391,
            "The checksum is wrong: something in it has changed (at byte 403454).",
        ),
    ),
    (
        "fit/dtcooper+python-fitparse/tests__files__strava-android-app-201.10-b1218918.fit",
        Partly(473, "The file breaks off before its end (at byte 78233)."),
    ),
    (
        "gpx/gpxstudio+gpx.studio/gpx__test-data__with_power_2.gpx",
        Whole(80, ""),
    ),
    (
        "made/fit/bad_fcrc.fit",
        Partly(
            20,
            "The checksum is wrong: something in it has changed (at byte 672).",
        ),
    ),
    (
        "made/fit/bad_hcrc.fit",
        Partly(20, "The header's checksum is wrong (at byte 0)."),
    ),
    (
        "made/fit/bitflip.fit",
        Partly(
            3000,
            "The checksum is wrong: something in it has changed (at byte 72192).",
        ),
    ),
    (
        "made/fit/ds_huge.fit",
        Partly(20, "The file breaks off before its end (at byte 674)."),
    ),
    (
        "made/fit/ds_too_small.fit",
        Partly(20, "The header gives too small a length (at byte 0)."),
    ),
    (
        "made/fit/no_fcrc.fit",
        Partly(20, "The checksum at the end is missing (at byte 672)."),
    ),
    // A GPX file without a point, under a FIT name: content decides.
    ("made/fit/not_fit_gpx.fit", Whole(0, "")),
    (
        "made/fit/not_fit_html.fit",
        Refused(
            "not_a_recording",
            "This is not a recording, but a web page.",
        ),
    ),
    (
        "made/fit/one_byte.fit",
        Refused("truncated", "The file breaks off before its first point."),
    ),
    (
        "made/fit/tail_text.fit",
        Partly(
            20,
            "21 bytes behind the end that belong to nothing (at byte 674).",
        ),
    ),
    (
        "made/fit/trunc_in_def.fit",
        Refused("truncated", "The file breaks off before its first point."),
    ),
    (
        "made/fit/trunc_in_header.fit",
        Refused("truncated", "The file breaks off before its first point."),
    ),
    // Sizes and checksum are right; only a message in it is not.
    (
        "made/fit/undef_local.fit",
        Whole(
            20,
            "A message of a type that was never described, and all behind it (at byte 672).",
        ),
    ),
    (
        "made/fit/unterminated_ds0.fit",
        Partly(
            20,
            "The header gives no length: the device stopped before it closed the file (at byte 0).",
        ),
    ),
    (
        "made/fit/zeros_4k.fit",
        Refused(
            "not_a_recording",
            "This is not a recording, but zeros only: it was never written out.",
        ),
    ),
    (
        "made/gpx/billion_laughs.gpx",
        Refused(
            "doctype",
            "The file declares its own document type, which recordings never do.",
        ),
    ),
    ("made/gpx/ctrl_char.gpx", Whole(5, "")),
    // The second point stands behind 5,000 nested elements, where the truth's reader gave up.
    (
        "made/gpx/deep_ext.gpx",
        Whole(
            2,
            "Elements nested too deep were passed over (9882 times, first at byte 425).",
        ),
    ),
    ("made/gpx/empty.gpx", Refused("empty", "The file is empty.")),
    ("made/gpx/ext_unbound.gpx", Whole(5, "")),
    ("made/gpx/gz.gpx", Whole(5, "")),
    (
        "made/gpx/kml.gpx",
        Refused(
            "kml",
            "This is a KML file, which holds places and lines but no recording.",
        ),
    ),
    (
        "made/gpx/lat_comma.gpx",
        Whole(
            5,
            "A point's position is missing or impossible (at byte 245).",
        ),
    ),
    (
        "made/gpx/lat_missing.gpx",
        Whole(
            7,
            "A point's position is missing or impossible (2 times, first at byte 625).",
        ),
    ),
    (
        "made/gpx/latin1_says_utf8.gpx",
        Whole(
            5,
            "The text is not UTF-8 as it should be, and was read as Windows-1252 (at byte 130).",
        ),
    ),
    (
        "made/gpx/trailing.gpx",
        Whole(5, "Something stands after the end (at byte 647)."),
    ),
    (
        "made/gpx/trunc_point.gpx",
        Partly(20, "The file breaks off before its end (at byte 2000)."),
    ),
    (
        "made/gpx/unknown_entity.gpx",
        Whole(
            5,
            "An unknown entity was kept as it is written (at byte 131).",
        ),
    ),
    (
        "made/gpx/whitespace.gpx",
        Refused(
            "not_a_recording",
            "This is not a recording, but something else.",
        ),
    ),
    ("made/tcx/leading_ws.tcx", Whole(5, "")),
];

/// What came of a file.
fn outcome(bytes: &[u8]) -> (String, Option<u32>) {
    match track::read(bytes) {
        Ok(reading) => {
            let tracks = reading.tracks.iter();
            let points = tracks.clone().map(|track| track.file_points).sum();
            let notes = tracks.flat_map(|track| &track.skipped);
            let first = reading.skipped.iter().chain(notes).next();
            let first = first.map(ToString::to_string).unwrap_or_default();
            let kept = if reading.complete { "Whole" } else { "Partly" };
            (format!("{kept}({points}, {first:?})"), Some(points))
        }
        Err(error) => {
            assert!(error.hint().ends_with('.'), "{}", error.hint());
            (
                format!("Refused({:?}, {:?})", error.code(), error.to_string()),
                None,
            )
        }
    }
}

#[test]
fn every_damaged_file_gives_what_is_promised() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    let all: Vec<_> = ["fit", "gpx", "tcx"]
        .into_iter()
        .flat_map(recordings)
        .collect();
    for recording in all.iter().filter(|each| !each.is_sound()) {
        let path = recording.path.as_str();
        let (came, points) = outcome(&recording.bytes);
        let promised = PROMISED.iter().find(|(known, _)| *known == path);
        seen += usize::from(promised.is_some());
        let promised = promised.map(|(_, promised)| format!("{promised:?}"));
        if promised.as_ref() != Some(&came) {
            wrong.push(format!("{path}: {came}, promised is {promised:?}"));
        }
        let truth = &recording.truth;
        let said = truth["points"]
            .as_u64()
            .or(truth["counts"]["Trackpoint"].as_u64());
        if let (Some(said), Some(points)) = (said, points)
            && said != u64::from(points)
            && !path.ends_with("deep_ext.gpx")
        {
            wrong.push(format!(
                "{path}: {points} points, other readers find {said}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        all.is_empty() || seen == PROMISED.len(),
        "{seen} of {} files",
        PROMISED.len()
    );
}
