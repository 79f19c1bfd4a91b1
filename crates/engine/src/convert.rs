//! Turns a recording into another format, without the library.

use std::path::{Path, PathBuf};

use track::{ExportFormat, Track};

use crate::clock;
use crate::files;
use crate::inspect;
use crate::view::{Converted, Problem};

/// Reads `from` and writes what it says to `to`, in the format that the ending of `to` names. Of several activities the first
/// is `to`, the others are beside it with `-2`, `-3` … in their names.
///
/// # Errors
/// `from` cannot be read or holds no recording; `to` names no format, is `from` itself, or cannot be written.
pub fn convert(from: &Path, to: &Path) -> Result<Vec<Converted>, Problem> {
    let format = format_of(to)?;
    let reading = inspect::read_file(from, clock::system()())?;
    let with_points = |track: &&Track| track.kind.is_activity() || !track.points.is_empty();
    let tracks: Vec<&Track> = reading.tracks.iter().filter(with_points).collect();
    if tracks.is_empty() {
        return Err(Problem::new(
            "nothing_to_convert",
            format!(
                "{} is {}, which has no points to convert.",
                from.display(),
                reading.kind.words()
            ),
            "Choose a recording: an activity, a course or a track.",
        ));
    }
    let paths: Vec<PathBuf> = (0..tracks.len()).map(|part| numbered(to, part)).collect();
    for (part, path) in paths.iter().enumerate() {
        free(from, path, part)?;
    }
    let mut done = Vec::new();
    for (part, (track, path)) in tracks.iter().zip(&paths).enumerate() {
        let written = format.write(track);
        files::write(path, &written.bytes).map_err(|error| files::not_written(path, &error))?;
        let whole = reading.skipped.iter().filter(|_| part == 0);
        let skipped = track.skipped.iter().chain(whole);
        done.push(Converted {
            from: from.display().to_string(),
            path: path.display().to_string(),
            part: (tracks.len() > 1).then(|| u32::try_from(part).unwrap_or(u32::MAX)),
            left_out: written.left_out,
            skipped: skipped.map(ToString::to_string).collect(),
        });
    }
    Ok(done)
}

fn format_of(to: &Path) -> Result<ExportFormat, Problem> {
    let ending = to.extension().unwrap_or_default().to_string_lossy();
    ExportFormat::from_name(&ending.to_ascii_lowercase()).ok_or_else(|| {
        let endings = ExportFormat::ALL.map(|format| format!(".{}", format.extension()));
        Problem::new(
            "no_such_format",
            format!("{} does not say which format to write.", to.display()),
            format!("Let its name end in one of {}.", endings.join(", ")),
        )
    })
}

/// `ride.gpx`, then `ride-2.gpx`, as exports name the parts of a file.
fn numbered(to: &Path, part: usize) -> PathBuf {
    if part == 0 {
        return to.to_owned();
    }
    let mut name = to.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{}.", part + 1));
    name.push(to.extension().unwrap_or_default());
    to.with_file_name(name)
}

/// Never the recording itself; and no file that the user did not name is overwritten.
fn free(from: &Path, path: &Path, part: usize) -> Result<(), Problem> {
    let real = |path: &Path| path.canonicalize().ok();
    if real(path).is_some_and(|path| real(from) == Some(path)) {
        return Err(Problem::new(
            "same_file",
            format!("{} is the recording itself.", path.display()),
            "Choose another name for what is written.",
        ));
    }
    if part > 0 && path.exists() {
        return Err(Problem::new(
            "exists",
            format!(
                "{} holds several activities, and {} is there already.",
                from.display(),
                path.display()
            ),
            "Choose another name for what is written, or move that file away.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A GPX file with so many tracks.
    fn gpx(folder: &Path, tracks: u32) -> PathBuf {
        let track = |number: u32| {
            format!(
                "<trk><trkseg><trkpt lat='47.1' lon='11.{number}'><time>2024-05-0{}T10:00:00Z</time></trkpt>\
                 <trkpt lat='47.2' lon='11.{number}'><time>2024-05-0{}T11:00:00Z</time></trkpt></trkseg></trk>",
                number + 1,
                number + 1
            )
        };
        let path = folder.join("in.gpx");
        let tracks: String = (0..tracks).map(track).collect();
        std::fs::write(
            &path,
            format!("<gpx version='1.1' creator='t'>{tracks}</gpx>"),
        )
        .unwrap();
        path
    }

    #[track_caller]
    fn check(tracks: u32, to: &str, expected: Result<&[&str], &str>) {
        let folder = tempfile::tempdir().unwrap();
        let from = gpx(folder.path(), tracks);
        std::fs::write(folder.path().join("there-2.csv"), "mine").unwrap();
        let answer = convert(&from, &folder.path().join(to));
        let answer = answer.map_err(|problem| problem.code);
        let names = answer.map(|done| {
            let name = |done: &Converted| done.path.rsplit('/').next().unwrap().to_owned();
            done.iter().map(name).collect::<Vec<_>>()
        });
        let expected = expected.map_err(str::to_owned);
        assert_eq!(
            names,
            expected.map(|names| names.iter().map(|&name| name.to_owned()).collect())
        );
        for name in names.unwrap_or_default() {
            assert!(folder.path().join(name).metadata().unwrap().len() > 0);
        }
        assert_eq!(
            std::fs::read(folder.path().join("there-2.csv")).unwrap(),
            b"mine"
        );
        assert!(inspect::read_file(&from, clock::system()()).is_ok());
    }

    #[test]
    fn one_activity_is_one_file_and_several_are_several() {
        check(1, "out.tcx", Ok(&["out.tcx"]));
        check(1, "OUT.KML", Ok(&["OUT.KML"]));
        check(3, "out.fit", Ok(&["out.fit", "out-2.fit", "out-3.fit"]));
        check(1, "there.csv", Ok(&["there.csv"]));
        check(2, "there.csv", Err("exists"));
        check(1, "in.gpx", Err("same_file"));
        check(1, "./../../in.doc", Err("no_such_format"));
        check(1, "out", Err("no_such_format"));
        check(1, "no/such/folder.csv", Err("not_written"));
        check(0, "out.gpx", Err("nothing_to_convert"));
    }
}
