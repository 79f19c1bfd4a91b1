//! The recordings in a zip archive, one after the other; what else lies in it is passed over and said. Knows no library, and leaves
//! the reading to who goes through it.

use track::archive::{self, Content};
use track::{ReadError, Reading};

use crate::inspect::{broke_the_reader, not_read};
use crate::view::Problem;

/// The longest inner name that is shown, in letters.
const LONGEST_NAME: usize = 200;

/// What may be a recording in an archive.
pub(crate) struct Inside {
    /// Its name in the archive, fit to be shown: no path.
    pub(crate) name: String,
    /// The same with the archive's before it.
    whole_name: String,
    /// Whether its name says that it is one.
    says_recording: bool,
}

/// Goes through an archive in its order.
pub(crate) struct Unzipped<'a> {
    archive: archive::Archive<'a>,
    name: &'a str,
    found: bool,
    others: u64,
    first_other: String,
}

impl<'a> Unzipped<'a> {
    /// Opens the archive of this name.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(name: &'a str, bytes: &'a [u8]) -> Result<Self, Problem> {
        let archive = archive::Archive::open(bytes);
        Ok(Self {
            archive: archive.map_err(|error| Problem::unreadable(name, &error))?,
            name,
            found: false,
            others: 0,
            first_other: String::new(),
        })
    }

    /// After the last: what was passed over, in a sentence.
    ///
    /// # Errors
    /// There was no recording at all.
    pub(crate) fn passed_over(&self) -> Result<Option<String>, Problem> {
        if !self.found {
            return Err(Problem::new(
                "no_recording",
                format!("{} holds no recording.", self.name),
                "Choose an archive with FIT, GPX or TCX files in it.",
            ));
        }
        let first = &self.first_other;
        Ok(match self.others {
            0 => None,
            1 => Some(format!("{first} is no recording and was passed over.")),
            2 => Some(format!(
                "{first} and another file are no recordings and were passed over."
            )),
            more => Some(format!(
                "{first} and {} other files are no recordings and were passed over.",
                more - 1
            )),
        })
    }

    /// What reading one came to, if it was read at all; none where it turns out to be no recording and did not say that it is.
    pub(crate) fn judged(
        &mut self,
        inside: &Inside,
        read: Option<Result<Reading, Option<ReadError>>>,
    ) -> Option<Result<Reading, Problem>> {
        let name = &inside.whole_name;
        let judged = match read {
            None => Err(not_read(name)),
            Some(Ok(reading)) => Ok(reading),
            // Packed with gzip, and something else in it.
            Some(Err(Some(ReadError::NotARecording { .. } | ReadError::Kml)))
                if !inside.says_recording =>
            {
                self.pass_over(inside.name.clone());
                return None;
            }
            Some(Err(Some(error))) => Err(Problem::unreadable(name, &error)),
            Some(Err(None)) => Err(broke_the_reader(name)),
        };
        self.found = true;
        Some(judged)
    }

    fn pass_over(&mut self, name: String) {
        if self.others == 0 {
            self.first_other = name;
        }
        self.others += 1;
    }
}

/// What may be a recording, and its bytes as they lie there, or why they cannot be had.
impl Iterator for Unzipped<'_> {
    type Item = (Inside, Result<Vec<u8>, Problem>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = self.archive.next()?;
            let name = shown(&entry.name);
            let whole_name = format!("{}/{name}", self.name);
            let content = match entry.content {
                Content::Other => {
                    self.pass_over(name);
                    continue;
                }
                Content::Refused(error) => {
                    self.found = true;
                    Err(Problem::unreadable(&whole_name, &error))
                }
                Content::Recording(bytes) => Ok(bytes),
            };
            let inside = Inside {
                name,
                whole_name,
                says_recording: archive::says_recording(&entry.name),
            };
            return Some((inside, content));
        }
    }
}

/// A name as it is shown and kept: without steps upwards and without letters that steer.
fn shown(name: &str) -> String {
    let name: String = name
        .chars()
        .take(LONGEST_NAME)
        .map(|letter| match letter {
            '\\' => '/',
            letter if letter.is_control() => '\u{fffd}',
            letter => letter,
        })
        .collect();
    let parts = name.split('/');
    let parts: Vec<&str> = parts
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn inner_names_are_no_paths() {
        for (name, expected) in [
            ("2024/ride.fit", "2024/ride.fit"),
            ("../../etc/passwd", "etc/passwd"),
            ("/etc/a.gpx", "etc/a.gpx"),
            ("C:\\x\\..\\a.gpx", "C:/x/a.gpx"),
            ("a\u{1b}[31m.fit", "a\u{fffd}[31m.fit"),
        ] {
            assert_eq!(shown(name), expected);
        }
    }
}
