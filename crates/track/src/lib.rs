//! Reads recorded tracks: bytes in, [`Track`] out; and writes them: [`Track`] in, bytes out. No files, no clock, no network.
//!
//! Everything read here is untrusted: nothing panics, sizes are capped, and what could be read is kept together with
//! sentences on what was skipped.

pub mod archive;
mod beyond_points;
mod budget;
mod channel;
mod column;
mod csv;
mod derive;
mod error;
mod export_format;
mod extract;
mod fit;
mod format;
mod geojson;
mod gpx;
mod kind;
mod kml;
mod left_out;
mod line_pieces;
mod messages;
mod model;
mod outline;
mod parts;
mod points;
mod series;
mod sport;
mod sport_words;
mod summary;
mod tcx;
mod unpack;
mod xml;
mod zone;

pub use channel::{Channel, DeveloperField};
pub use error::ReadError;
pub use export_format::ExportFormat;
pub use extract::extract;
pub use format::Format;
pub use kind::Kind;
pub use messages::{Field, Message, messages};
pub use model::{Bounds, Reading, Skipped, Source, Track, Written};
pub use parts::{DeviceInfo, Event, Lap, Length, Pause, Session, SwimStroke, Totals};
pub use points::{Point, Points, Position};
pub use sport::Sport;
pub use summary::Summary;
pub use unpack::unpack;

/// Reads a recording, packed with gzip or not: what it is, and one [`Track`] per activity in it.
///
/// # Errors
/// When nothing of it could be read; a damaged recording that still holds something is read, with sentences on what was skipped.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let unpacked = unpack::inflate(bytes)?;
    let data: &[u8] = &unpacked.bytes;
    let mut reading = match Format::of(data) {
        Some(Format::Fit) => fit::read(data),
        Some(Format::Gpx) => gpx::read(data),
        Some(Format::Tcx) => tcx::read(data),
        None => Err(format::refusal(data)),
    }?;
    if !unpacked.complete {
        reading.complete = false;
        reading
            .skipped
            .push(Skipped::at("The gzip file ends too early", bytes.len()));
    }
    Ok(reading)
}

/// What a list shows of a recording: one [`Summary`] per activity in it, the same as [`Track::summary`] after [`read`]. Of a
/// whole FIT file only what is needed for it is loaded, and the checksum is not looked at, which is several times faster.
///
/// # Errors
/// As [`read`].
pub fn summaries(bytes: &[u8]) -> Result<Vec<Summary>, ReadError> {
    let unpacked = unpack::inflate(bytes)?;
    let fast = match Format::of(&unpacked.bytes) {
        Some(Format::Fit) if unpacked.complete => fit::summaries(&unpacked.bytes),
        _ => None,
    };
    match fast {
        Some(summaries) => Ok(summaries),
        None => Ok(read(&unpacked.bytes)?
            .tracks
            .iter()
            .map(Track::summary)
            .collect()),
    }
}

/// Writes a GPX 1.1 file with TrackPointExtension v2 and bare `<power>`.
#[must_use]
pub fn write_gpx(track: &Track) -> Written {
    gpx::write(track)
}

/// Writes a TCX file with ActivityExtension v2.
#[must_use]
pub fn write_tcx(track: &Track) -> Written {
    tcx::write(track)
}

/// Writes a FIT activity file.
#[must_use]
pub fn write_fit(track: &Track) -> Written {
    fit::write(track)
}

/// Writes a GeoJSON feature: the line, and every measure of its points beside it.
#[must_use]
pub fn write_geojson(track: &Track) -> Written {
    geojson::write(track)
}

/// Writes a KML file with `gx:Track`, or with plain lines where there are no times.
#[must_use]
pub fn write_kml(track: &Track) -> Written {
    kml::write(track)
}

/// Writes a CSV table with one row per point.
#[must_use]
pub fn write_csv(track: &Track) -> Written {
    csv::write(track)
}
