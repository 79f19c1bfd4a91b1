//! Notes that a file is being read, so that one that kills the program is not read at every start for ever. Knows no reader.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk;
use crate::{Error, StagedFile};

/// A file that the program did not survive so often is set aside.
const MOST: u64 = 2;

/// The folder of the notes: one for each file that is being read, by its hash, a byte for each attempt. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    folder: Arc<Path>,
}

impl Attempts {
    pub(crate) fn open(folder: &Path) -> Result<Attempts, Error> {
        disk::create_folder(folder)?;
        disk::make_private(folder, 0o700)?;
        Ok(Attempts {
            folder: folder.into(),
        })
    }

    /// Notes one more attempt at a file; none is begun, and nothing noted, where two did not come to an end.
    ///
    /// The note need not outlast a power cut: it is the program's own end that it tells of.
    pub(crate) fn begin(&self, file: &StagedFile) -> Result<Option<Attempt>, Error> {
        let name: String = file
            .sha256()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let path = self.folder.join(name);
        if fs::metadata(&path).is_ok_and(|note| note.len() >= MOST) {
            return Ok(None);
        }
        disk::append_private(&path)?
            .write_all(b"x")
            .map_err(|error| Error::file(&path, "written", error))?;
        Ok(Some(Attempt(path)))
    }
}

/// An attempt that is under way. Its note goes with it, unless the program goes first.
#[derive(Debug)]
pub struct Attempt(PathBuf);

impl Drop for Attempt {
    fn drop(&mut self) {
        // A note that stays costs the file one of its attempts, at worst.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use crate::Library;

    #[test]
    fn a_file_that_was_twice_not_survived_is_set_aside_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::open(folder.path()).unwrap();
        let staged = |bytes: &[u8]| {
            let mut staged = library.stage().unwrap();
            staged.write_all(bytes).unwrap();
            staged.finish().unwrap()
        };
        let (bad, good) = (staged(b"bad"), staged(b"good"));
        let staging = library.staging();
        for _ in 0..5 {
            // What comes to an end counts for nothing.
            assert!(staging.attempt(&bad).unwrap().is_some());
        }
        for _ in 0..2 {
            // As when the program dies: nothing is dropped.
            std::mem::forget(staging.attempt(&bad).unwrap().unwrap());
        }
        assert!(staging.attempt(&bad).unwrap().is_none());
        assert!(staging.attempt(&good).unwrap().is_some());
        let again = staged(b"bad");
        drop(library);
        let library = Library::open(folder.path()).unwrap();
        assert!(library.staging().attempt(&again).unwrap().is_none());
    }
}
