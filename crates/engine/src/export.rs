//! Writes activities out of the library: the original bytes, or another format from what they say.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use library::ActivityRow;

use crate::archive::Archive;
use crate::problem::words;
use crate::view::{Exported, Problem};

/// What an activity is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// The bytes as they came from the device.
    Original,
    /// GPX 1.1.
    Gpx,
    /// TCX 2.
    Tcx,
    /// FIT activity.
    Fit,
}

impl Archive {
    /// Writes one activity to `out`, or into the folder `out` under a name of its own. Nothing is overwritten in a folder: a
    /// second file of one name gets a number.
    ///
    /// # Errors
    /// No such activity; its original cannot be read; the target cannot be written.
    pub fn export(
        &self,
        id: i64,
        format: ExportFormat,
        out: &Path,
        into_folder: bool,
    ) -> Result<Exported, Problem> {
        let row = self.row(id)?;
        let (bytes, left_out) = self.bytes(&row, format)?;
        let (path, written) = if into_folder {
            write_new(out, &export_name(&row, format), &bytes)
        } else {
            (out.to_owned(), write(out, &bytes))
        };
        written.map_err(|error| not_written(&path, &error))?;
        Ok(Exported {
            activity: id,
            path: path.display().to_string(),
            left_out,
        })
    }

    /// The name that is proposed for an activity's original.
    ///
    /// # Errors
    /// No such activity.
    pub fn original_name(&self, id: i64) -> Result<String, Problem> {
        Ok(export_name(&self.row(id)?, ExportFormat::Original))
    }

    /// Saves an activity's original bytes under the path that the user chose; answers with it.
    ///
    /// # Errors
    /// As [`Archive::export`].
    pub fn save_original(&self, id: i64, path: &Path) -> Result<String, Problem> {
        self.export(id, ExportFormat::Original, path, false)
            .map(|exported| exported.path)
    }

    fn bytes(
        &self,
        row: &ActivityRow,
        format: ExportFormat,
    ) -> Result<(Vec<u8>, Vec<String>), Problem> {
        let written = match format {
            ExportFormat::Original => {
                let path = self.reader.original_path(row.id)?;
                return fs::read(&path)
                    .map(|bytes| (bytes, Vec::new()))
                    .map_err(|error| Problem::file(&path, &error));
            }
            ExportFormat::Gpx => track::write_gpx(&self.track(row)?),
            ExportFormat::Tcx => track::write_tcx(&self.track(row)?),
            ExportFormat::Fit => track::write_fit(&self.track(row)?),
        };
        Ok((written.bytes, written.left_out))
    }
}

/// The original's name, with the ending of what is written.
fn export_name(row: &ActivityRow, format: ExportFormat) -> String {
    let original = row
        .original
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let extension = match format {
        ExportFormat::Original => return original,
        ExportFormat::Gpx => "gpx",
        ExportFormat::Tcx => "tcx",
        ExportFormat::Fit => "fit",
    };
    let stem = original.split('.').next().unwrap_or_default();
    let part = if row.part > 0 {
        format!("-{}", row.part + 1)
    } else {
        String::new()
    };
    format!("{stem}{part}.{extension}")
}

/// Writes beside the target and renames, so that a full disk leaves no half file under the name that was asked for.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let beside = path.with_file_name(name);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    if written.is_err() {
        // The error of the writing is the one that matters.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Writes a file that is not there yet.
fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> (PathBuf, io::Result<()>) {
    if let Err(error) = fs::create_dir_all(folder) {
        return (folder.to_owned(), Err(error));
    }
    let (stem, endings) = name.split_once('.').unwrap_or((name, ""));
    let numbered = (2..10_000).map(|number| format!("{stem} ({number}).{endings}"));
    for name in std::iter::once(name.to_owned()).chain(numbered) {
        let path = folder.join(name);
        match File::create_new(&path) {
            Ok(_) => {
                let written = write(&path, bytes);
                if written.is_err() {
                    // The empty file only kept the name; the error of the writing is the one that matters.
                    let _ = fs::remove_file(&path);
                }
                return (path, written);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return (path, Err(error)),
        }
    }
    (folder.join(name), Err(io::ErrorKind::AlreadyExists.into()))
}

fn not_written(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        "not_written",
        format!("{} cannot be written: {}.", path.display(), words(error)),
        "Choose another place, or make room on the disk.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_folder_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        for (round, expected) in ["a.fit.gz", "a (2).fit.gz", "a (3).fit.gz"]
            .into_iter()
            .enumerate()
        {
            let (path, written) =
                write_new(folder.path(), "a.fit.gz", &[u8::try_from(round).unwrap()]);
            written.unwrap();
            assert_eq!(path, folder.path().join(expected));
            assert_eq!(fs::read(path).unwrap(), [u8::try_from(round).unwrap()]);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
