//! Everything a track can be written as, in one list. Knows no file and no library.

use crate::{Track, Written, csv, fit, geojson, gpx, kml, tcx};

/// A format that tracks are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExportFormat {
    /// GPX 1.1 with `TrackPointExtension` v2.
    Gpx,
    /// TCX with `ActivityExtension` v2.
    Tcx,
    /// A FIT activity file.
    Fit,
    /// GeoJSON, RFC 7946.
    GeoJson,
    /// KML 2.2 with `gx:Track`.
    Kml,
    /// Comma-separated values, RFC 4180.
    Csv,
}

impl ExportFormat {
    /// Every format, in the order in which they are offered.
    pub const ALL: [ExportFormat; 6] = [
        ExportFormat::Gpx,
        ExportFormat::Tcx,
        ExportFormat::Fit,
        ExportFormat::GeoJson,
        ExportFormat::Kml,
        ExportFormat::Csv,
    ];

    /// `gpx`, `tcx`, `fit`, `geojson`, `kml` or `csv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ExportFormat::Gpx => "gpx",
            ExportFormat::Tcx => "tcx",
            ExportFormat::Fit => "fit",
            ExportFormat::GeoJson => "geojson",
            ExportFormat::Kml => "kml",
            ExportFormat::Csv => "csv",
        }
    }

    /// The file name's ending, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.name()
    }

    /// The format with this [`ExportFormat::name`], which is also its file name's ending.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ExportFormat> {
        ExportFormat::ALL
            .into_iter()
            .find(|format| format.name() == name)
    }

    /// The whole file of a track, and what it could not carry. Every track can be written, also an empty one.
    #[must_use]
    pub fn write(self, track: &Track) -> Written {
        match self {
            ExportFormat::Gpx => gpx::write(track),
            ExportFormat::Tcx => tcx::write(track),
            ExportFormat::Fit => fit::write(track),
            ExportFormat::GeoJson => geojson::write(track),
            ExportFormat::Kml => kml::write(track),
            ExportFormat::Csv => csv::write(track),
        }
    }
}
