//! Writes a believable GPS device into a folder: `cargo run -q -p engine --example sample_device -- DIR [--until DATE]`.
//! The same date gives the same bytes. It knows nothing of the library and the services.

mod sample {
    pub(crate) mod files;
    pub(crate) mod journey;
}

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sample::files;
use sample::journey::{Format, JOURNEYS, ride};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let (folder, until) = arguments()?;
    fill(&folder, until.to_zoned(TimeZone::UTC)?.timestamp())
}

/// Writes everything, as of this midnight.
fn fill(folder: &Path, midnight: Timestamp) -> Outcome<()> {
    let activities = folder.join("GARMIN/Activity");
    for below in [
        "GARMIN/Activity",
        "GARMIN/Settings",
        "GARMIN/Monitor",
        "GARMIN/GPX/Archive",
        "GARMIN/History",
    ] {
        std::fs::create_dir_all(folder.join(below))?;
    }
    write(
        &folder.join("GARMIN/GarminDevice.xml"),
        files::GARMIN_DEVICE_XML.as_bytes(),
    )?;

    let of = |format| {
        JOURNEYS
            .iter()
            .filter(move |journey| journey.format == format)
    };
    for journey in of(Format::Fit) {
        let track = ride(journey, midnight);
        let start = track.start.ok_or("a journey without a start")?;
        let name = start
            .to_zoned(TimeZone::UTC)
            .strftime("%Y-%m-%d-%H-%M-%S.fit")
            .to_string();
        write(&activities.join(name), &track::write_fit(&track).bytes)?;
    }
    // No ride, though it lies among them.
    write(
        &activities.join("profile.fit"),
        &files::settings_fit(midnight),
    )?;
    for journey in of(Format::CutFit) {
        // The device lost power: the file ends in the middle of a record.
        let whole = track::write_fit(&ride(journey, midnight)).bytes;
        let cut = whole.get(..whole.len() * 3 / 5).ok_or("nothing to cut")?;
        write(&activities.join("power_loss.fit"), cut)?;
    }
    fill_other_folders(folder, midnight)
}

/// What lies beside the rides: walks in one GPX, a TCX, settings, a day's steps.
fn fill_other_folders(folder: &Path, midnight: Timestamp) -> Outcome<()> {
    let of = |format| {
        JOURNEYS
            .iter()
            .filter(move |journey| journey.format == format)
    };
    let walks: Vec<_> = of(Format::Gpx)
        .map(|journey| ride(journey, midnight))
        .collect();
    write(
        &folder.join("GARMIN/GPX/Archive/weekend.gpx"),
        &files::one_gpx(&walks)?,
    )?;
    for journey in of(Format::Tcx) {
        let track = ride(journey, midnight);
        write(
            &folder.join("GARMIN/History/long_slow_run.tcx"),
            &track::write_tcx(&track).bytes,
        )?;
    }
    write(
        &folder.join("GARMIN/Settings/Settings.fit"),
        &files::settings_fit(midnight),
    )?;
    write(
        &folder.join("GARMIN/Monitor/M0001.fit"),
        &files::monitoring_fit(midnight),
    )?;
    Ok(())
}

/// The folder to write into, and the day before which everything happened.
fn arguments() -> Outcome<(PathBuf, Date)> {
    const USAGE: &str = "usage: sample_device DIR [--until YYYY-MM-DD]";
    let mut given = std::env::args_os().skip(1);
    let folder = PathBuf::from(given.next().ok_or(USAGE)?);
    let until = match (given.next(), given.next()) {
        (None, _) => "2026-11-20".to_owned(),
        (Some(flag), Some(date)) if flag == "--until" => date.into_string().map_err(|_| USAGE)?,
        _ => return Err(USAGE.into()),
    };
    let until = until
        .parse()
        .map_err(|error| format!("--until {until}: {error}"))?;
    Ok((folder, until))
}

/// Writes one file, or says which one could not be written.
fn write(path: &Path, bytes: &[u8]) -> Outcome<()> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(())
}
