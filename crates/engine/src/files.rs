//! Writes files of the user's choosing so that none is ever half there. Knows not what is in them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::problem::words;
use crate::view::Problem;

/// Writes beside the target and renames, so that a full disk leaves no half file under the name that was asked for.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// As [`write()`], for what does not lie in memory whole.
pub(crate) fn write_with<T>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<T>,
) -> io::Result<T> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let beside = path.with_file_name(name);
    let written = create_anew(&beside).and_then(|mut file| {
        let answer = fill(&mut file)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        Ok(answer)
    });
    if written.is_err() {
        // The error of the writing is the one that matters.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Creates a file in the place of whatever has its name: a link there would lead the bytes elsewhere.
fn create_anew(path: &Path) -> io::Result<File> {
    match File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            File::create_new(path)
        }
        created => created,
    }
}

/// Writes a file that is not there yet: a second one of this name gets a number.
pub(crate) fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> (PathBuf, io::Result<()>) {
    if let Err(error) = fs::create_dir_all(folder) {
        return (folder.to_owned(), Err(error));
    }
    for name in numbered(name).take(10_000) {
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

/// The name, then `name (2)`, `name (3)` … before its endings.
pub(crate) fn numbered(name: &str) -> impl Iterator<Item = String> + '_ {
    let (stem, endings) = name.split_once('.').unwrap_or((name, ""));
    let more = (2_u64..).map(move |number| format!("{stem} ({number}).{endings}"));
    std::iter::once(name.to_owned()).chain(more)
}

pub(crate) fn not_written(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        "not_written",
        format!("{} cannot be written: {}.", path.display(), words(error)),
        "Choose another place, or make room on the disk.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_beside_the_target_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let [target, other] = ["a.gpx", "other"].map(|name| folder.path().join(name));
        fs::write(&other, "other").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join("a.gpx.part")).unwrap();
        write(&target, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(fs::symlink_metadata(&target).unwrap().is_file());
        assert_eq!(fs::read(&other).unwrap(), b"other");
    }

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
