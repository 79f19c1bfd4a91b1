//! What a file is, without importing it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use track::{Kind, ReadError, Reading, Skipped, Track};

use crate::clock;
use crate::unzipped::Unzipped;
use crate::view::{Facts, FieldReport, Inspection, MessageReport, Problem};

/// No recording is larger; a larger file is refused before it is read into memory.
const LARGEST: u64 = device::LARGEST;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a file says: one line per activity in it, at least one line; of a zip archive so for each recording inside.
#[must_use]
pub fn inspect(path: &Path) -> Vec<Inspection> {
    let now = clock::system()();
    let name = path.display().to_string();
    match bytes_of(path) {
        Ok(bytes) if track::archive::is_archive(&bytes) => inside(&name, &bytes, now),
        Ok(bytes) => lines(&name, None, read_named(&name, &bytes, now).as_ref()),
        Err(problem) => lines(&name, None, Err(&problem)),
    }
}

/// What is in an archive, in its order; what was passed over is said with the first recording.
fn inside(name: &str, bytes: &[u8], now: Timestamp) -> Vec<Inspection> {
    let mut unzipped = match Unzipped::open(name, bytes) {
        Ok(unzipped) => unzipped,
        Err(problem) => return lines(name, None, Err(&problem)),
    };
    let mut all = Vec::new();
    while let Some((inside, content)) = unzipped.next() {
        let read = match content {
            Ok(bytes) => unzipped.judged(&inside, Some(read_guarded(&bytes, now))),
            Err(problem) => Some(Err(problem)),
        };
        if let Some(read) = read {
            all.extend(lines(name, Some(&inside.name), read.as_ref()));
        }
    }
    match unzipped.passed_over() {
        Ok(said) => {
            let facts = all.iter_mut().find_map(|line| line.facts.as_mut());
            if let (Some(facts), Some(said)) = (facts, said) {
                facts.skipped.push(said);
            }
        }
        Err(problem) => all.extend(lines(name, None, Err(&problem))),
    }
    all
}

fn lines(name: &str, entry: Option<&str>, read: Result<&Reading, &Problem>) -> Vec<Inspection> {
    let line = |part, facts, error: Option<&Problem>| Inspection {
        path: name.to_owned(),
        entry: entry.map(str::to_owned),
        ok: error.is_none(),
        part,
        facts,
        error: error.cloned(),
    };
    let reading = match read {
        Ok(reading) => reading,
        Err(problem) => return vec![line(None, None, Some(problem))],
    };
    let several = reading.tracks.len() > 1;
    let part = |number: usize| several.then(|| u32::try_from(number).unwrap_or(u32::MAX));
    let tracks = reading.tracks.iter().enumerate();
    tracks
        .map(|(number, track)| line(part(number), Some(facts(reading, track)), None))
        .collect()
}

/// Every FIT message of a file by its profile name.
///
/// # Errors
/// The file cannot be read, or is no FIT file.
pub fn messages(path: &Path) -> Result<Vec<MessageReport>, Problem> {
    let name = path.display().to_string();
    let bytes = bytes_of(path)?;
    let messages = track::messages(&bytes).map_err(|error| Problem::unreadable(&name, &error))?;
    let report = |message: track::Message| MessageReport {
        path: name.clone(),
        message: message.name,
        fields: message
            .fields
            .into_iter()
            .map(|field| FieldReport {
                name: field.name,
                value: field.value,
                units: field.units,
            })
            .collect(),
    };
    Ok(messages.into_iter().map(report).collect())
}

/// Reads a recording from a path.
pub(crate) fn read_file(path: &Path, now: Timestamp) -> Result<Reading, Problem> {
    read_named(&path.display().to_string(), &bytes_of(path)?, now)
}

/// Reads bytes; an error names the file that they are of.
pub(crate) fn read_named(name: &str, bytes: &[u8], now: Timestamp) -> Result<Reading, Problem> {
    read_guarded(bytes, now).map_err(|error| match error {
        Some(error) => Problem::unreadable(name, &error),
        None => broke_the_reader(name),
    })
}

/// Reads bytes; a panic of the reader, which fuzzing has not found, costs one file and not the program (`None`).
pub(crate) fn read_guarded(bytes: &[u8], now: Timestamp) -> Result<Reading, Option<ReadError>> {
    let read = std::panic::catch_unwind(|| track::read(bytes)).map_err(|_| None)?;
    let mut reading = read.map_err(Some)?;
    say_if_in_the_future(&mut reading, now);
    Ok(reading)
}

/// Readers know no clock: what cannot have been recorded yet is said here. A day is left for clocks set to local time.
fn say_if_in_the_future(reading: &mut Reading, now: Timestamp) {
    let tomorrow = clock::later(now, DAY);
    for track in &mut reading.tracks {
        if track.starts_after(tomorrow) {
            track.skipped.push(Skipped {
                what: "The date lies in the future: the device's clock was wrong".to_owned(),
                byte: None,
                count: 1,
            });
        }
    }
}

pub(crate) fn broke_the_reader(name: &str) -> Problem {
    Problem::new(
        "reader_failed",
        format!("{name} made the reader fail."),
        "The file is left where it is. Please report it, so that the reader can be mended.",
    )
}

/// The code of what is not read for a while.
pub(crate) const SET_ASIDE: &str = "set_aside";

/// Of a file that the engine takes in or sends by itself.
pub(crate) fn set_aside(name: &str) -> Problem {
    not_tried(
        name,
        "It is tried again by itself, by another process first, and nothing else is held up.",
    )
}

/// Of a file that a person asked for.
pub(crate) fn not_read(name: &str) -> Problem {
    not_tried(
        name,
        "When you ask for it again, another process tries it first, so that Trackdock does not end.",
    )
}

fn not_tried(name: &str, what_happens: &str) -> Problem {
    Problem::new(
        SET_ASIDE,
        format!("{name} is set aside: Trackdock ended again and again while it was read."),
        format!("{what_happens} Please report it, so that the reader can be mended."),
    )
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Problem> {
    let unreadable = |error: &std::io::Error| Problem::file(path, error);
    // Looked at before it is opened: a pipe would wait for somebody to write into it.
    let about = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if about.is_dir() {
        return Err(Problem::new(
            "folder",
            format!("{} is a folder.", path.display()),
            "Name the files in it.",
        ));
    }
    if !about.is_file() {
        return Err(Problem::new(
            "no_file",
            format!("{} is no ordinary file.", path.display()),
            "Name a recording.",
        ));
    }
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large(&path.display().to_string()));
    }
    Ok(bytes)
}

fn too_large(name: &str) -> Problem {
    Problem::new(
        "too_large",
        format!(
            "{name} is larger than any recording ({} MiB at most).",
            LARGEST >> 20
        ),
        "If it holds many activities, split it.",
    )
}

fn facts(reading: &Reading, track: &Track) -> Facts {
    let whole_file = reading.tracks.len() == 1;
    let lost = |list: &[track::Skipped]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut skipped = lost(&track.skipped);
    if whole_file
        || reading
            .tracks
            .first()
            .is_some_and(|first| std::ptr::eq(first, track))
    {
        skipped.extend(
            lost(&reading.skipped)
                .into_iter()
                .filter(|line| !track.skipped.iter().any(|own| own.to_string() == *line)),
        );
    }
    Facts {
        format: reading.format.name().to_owned(),
        kind: track.kind.name().into_owned(),
        sport: track.sport.name().to_owned(),
        start: track.start.map(|start| start.to_string()),
        utc_offset_s: track.utc_offset_s,
        elapsed_s: track.elapsed_s,
        timer_s: track.timer_s,
        distance_m: track.distance_m,
        ascent_m: track.ascent_m,
        points: track.file_points,
        positions: track.file_positions,
        laps: track.file_laps,
        sessions: track.file_sessions,
        manufacturer: track.source.manufacturer.clone(),
        product: track.source.product.clone(),
        serial: track.source.serial,
        has: columns(track),
        skipped,
    }
}

fn columns(track: &Track) -> Vec<&'static str> {
    let points = &track.points;
    [
        ("hr", points.has_heart_rate()),
        ("cadence", points.has_cadence()),
        ("power", points.has_power()),
        ("temperature", points.has_temperature()),
        ("speed", points.has_speed()),
        ("elevation", points.has_elevation()),
        ("distance", points.has_distance()),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect()
}

/// What a file that is no activity is, in words.
pub(crate) fn kind_in_words(kind: &Kind) -> String {
    format!("not an activity but {}", kind.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_to_come_is_said_and_tomorrows_is_not() {
        let gpx = "<gpx version='1.1' creator='t'><trk><trkseg><trkpt lat='47' lon='11'><time>2026-05-02T10:00:00Z</time>\
                   </trkpt></trkseg></trk></gpx>";
        for (now, said) in [
            ("2026-05-02T10:00:00Z", false),
            ("2026-05-01T10:00:00Z", false),
            ("2026-05-01T09:59:59Z", true),
        ] {
            let reading = read_guarded(gpx.as_bytes(), now.parse().unwrap()).unwrap();
            let sentences = reading.tracks.iter().flat_map(|track| &track.skipped);
            let found = sentences
                .filter(|said| said.what.contains("future"))
                .count();
            assert_eq!(found, usize::from(said), "{now}");
        }
    }
}
