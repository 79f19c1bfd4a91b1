//! A glance at an uploaded file: its format, start, distance, duration and line. It refuses nothing that it can't read.

mod fit;
mod gpx;

use serde::{Deserialize, Serialize};

/// The formats that the services know, told apart by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Fit,
    Gpx,
    Tcx,
}

impl Format {
    pub(crate) fn of(bytes: &[u8]) -> Option<Format> {
        if bytes.get(8..12) == Some(b".FIT") && bytes.first().is_some_and(|size| *size >= 12) {
            return Some(Format::Fit);
        }
        let start = String::from_utf8_lossy(bytes.get(..4096).unwrap_or(bytes));
        let has =
            |tag: &str| start.contains(&format!("<{tag}")) || start.contains(&format!(":{tag}"));
        match () {
            () if !start
                .trim_start_matches('\u{feff}')
                .trim_start()
                .starts_with('<') =>
            {
                None
            }
            () if has("TrainingCenterDatabase") => Some(Format::Tcx),
            () if has("gpx") => Some(Format::Gpx),
            () => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Fit => "fit",
            Format::Gpx => "gpx",
            Format::Tcx => "tcx",
        }
    }

    /// Whether a file name does not contradict the content: no known extension, or the right one.
    pub(crate) fn fits_name(self, file_name: &str) -> bool {
        let extension = file_name
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            Some("gz" | "zip") => false,
            Some(known @ ("fit" | "gpx" | "tcx")) => known == self.name(),
            _ => true,
        }
    }
}

/// What a list says of an activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Milliseconds since 1970.
    pub(crate) started_ms: Option<i64>,
    pub(crate) distance_m: Option<f64>,
    pub(crate) duration_s: Option<f64>,
}

/// One point of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spot {
    pub(crate) longitude: f64,
    pub(crate) latitude: f64,
    pub(crate) elevation_m: Option<f64>,
    pub(crate) time_ms: Option<i64>,
    /// From the start, along the line.
    pub(crate) distance_m: f64,
}

/// Start, distance, duration and line of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Glance {
    pub(crate) summary: Summary,
    pub(crate) spots: Vec<Spot>,
    /// Points of a track, with or without a position.
    pub(crate) points: usize,
}

/// Reads as much of a file as the services show; nothing of a TCX, which only Map My Tracks takes.
pub(crate) fn glance(bytes: &[u8]) -> Glance {
    match Format::of(bytes) {
        Some(Format::Fit) => fit::glance(bytes),
        Some(Format::Gpx) => gpx::glance(bytes),
        Some(Format::Tcx) | None => Glance::default(),
    }
}

/// Great-circle distance in metres on a sphere of the earth's mean radius.
fn metres(from: &Spot, to: &Spot) -> f64 {
    let (a, b) = (from.latitude.to_radians(), to.latitude.to_radians());
    let (d_lat, d_lng) = (b - a, (to.longitude - from.longitude).to_radians());
    let h = (d_lat / 2.0).sin().powi(2) + a.cos() * b.cos() * (d_lng / 2.0).sin().powi(2);
    2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
}

/// A GPX of the line, for an export in a format that was not uploaded.
pub(crate) fn write_gpx(name: &str, spots: &[Spot]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"trackdock-sandbox\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n",
    );
    text.push_str(&format!(
        "<trk><name>{}</name><trkseg>\n",
        quick_xml::escape::escape(name)
    ));
    for spot in spots {
        text.push_str(&format!(
            "<trkpt lat=\"{:.7}\" lon=\"{:.7}\">",
            spot.latitude, spot.longitude
        ));
        if let Some(elevation) = spot.elevation_m {
            text.push_str(&format!("<ele>{elevation:.1}</ele>"));
        }
        if let Some(time) = spot.time_ms {
            text.push_str(&format!(
                "<time>{}</time>",
                crate::clock::stamp(time).replace("+00:00", "Z")
            ));
        }
        text.push_str("</trkpt>\n");
    }
    text.push_str("</trkseg></trk>\n</gpx>\n");
    text
}

#[cfg(test)]
#[path = "../../../../tests/common/skipped.rs"]
mod skipped;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_the_format() {
        #[track_caller]
        fn check(bytes: &[u8], expected: Option<Format>) {
            assert_eq!(Format::of(bytes), expected);
        }
        check(b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT", Some(Format::Fit));
        check(
            "\u{feff}<?xml version=\"1.0\"?>\n<gpx>".as_bytes(),
            Some(Format::Gpx),
        );
        check(b"  <TrainingCenterDatabase>", Some(Format::Tcx));
        check(b"<html>", None);
        check(b"\x1f\x8b\x08", None);
        check(b"", None);
    }

    #[test]
    fn a_written_line_is_read_again() {
        let spot = |latitude, seconds: i64| Spot {
            latitude,
            longitude: 18.0,
            elevation_m: Some(10.0),
            time_ms: Some(1_774_765_800_000 + seconds * 1000),
            distance_m: 0.0,
        };
        let text = write_gpx("a <b> & c", &[spot(50.0, 0), spot(50.001, 60)]);
        let read = glance(text.as_bytes());
        assert_eq!(
            (
                read.points,
                read.summary.started_ms,
                read.summary.duration_s
            ),
            (2, Some(1_774_765_800_000), Some(60.0))
        );
        assert!(
            read.summary
                .distance_m
                .is_some_and(|metres| (metres - 111.2).abs() < 0.1)
        );
    }

    #[test]
    fn real_recordings_give_start_and_distance() {
        let corpus = std::env::var_os("TRACKDOCK_CORPUS").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
            Into::into,
        );
        let Ok(truth) = std::fs::read_to_string(corpus.join("truth.json")) else {
            return super::skipped::skipped(
                "real recordings",
                format!("no corpus at {}; set TRACKDOCK_CORPUS", corpus.display()),
            );
        };
        let truth: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&truth).unwrap();
        let (mut checked, mut wrong) = (0, Vec::new());
        for (name, said) in truth
            .iter()
            .filter(|(_, said)| said["format"] == "fit" && said["files"] == 1)
        {
            let [session] = said["sessions"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default()
            else {
                continue;
            };
            let (Some(start), Some(metres)) = (
                session["start_time"].as_str(),
                session["total_distance"].as_f64(),
            ) else {
                continue;
            };
            let found = glance(&std::fs::read(corpus.join(name)).unwrap()).summary;
            let start = start.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            let near = found
                .distance_m
                .is_some_and(|found| (found - metres).abs() <= 0.02 * metres);
            if found.started_ms != Some(start) || !near {
                wrong.push((name, start, metres, found));
            }
            checked += 1;
        }
        assert!(
            checked > 50 && wrong.is_empty(),
            "{checked} checked, {} wrong: {wrong:#?}",
            wrong.len()
        );
    }
}
