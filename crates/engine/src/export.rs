//! Writes activities out of the library: the original bytes, or another format from what they say. Knows no format by itself.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use jiff::tz::{Offset, TimeZone};
use library::ActivityRow;
use track::Written;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::archive::Archive;
use crate::files;
use crate::view::{Exported, Problem, Saved};

/// What an activity is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// The bytes as they came from the device.
    Original,
    /// What they say, in a format of ours.
    Written(track::ExportFormat),
}

impl ExportFormat {
    /// What they are called, in the order in which they are offered.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let written = track::ExportFormat::ALL.into_iter();
        std::iter::once("original").chain(written.map(track::ExportFormat::name))
    }

    /// The format of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn from_name(name: &str) -> Result<Self, Problem> {
        if name == "original" {
            return Ok(Self::Original);
        }
        let written = track::ExportFormat::from_name(name);
        written.map(Self::Written).ok_or_else(|| {
            let names: Vec<&str> = Self::names().collect();
            Problem::new(
                "no_such_format",
                format!("There is no format called {name}."),
                format!("The formats are {}.", names.join(", ")),
            )
        })
    }
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
        let content = self.content(&row, format)?;
        let (path, written) = if into_folder {
            files::write_new(out, &export_name(&row, format), &content.bytes)
        } else {
            (out.to_owned(), files::write(out, &content.bytes))
        };
        written.map_err(|error| files::not_written(&path, &error))?;
        Ok(Exported {
            activity: id,
            path: path.display().to_string(),
            entry: None,
            left_out: content.left_out,
        })
    }

    /// Writes activities into one zip archive, one after the other, so that memory holds one at a time. What became of each is
    /// told as it is done; one that cannot be written does not stop the rest. An archive of nothing is not made.
    ///
    /// # Errors
    /// The target cannot be written; what was told before is then not there.
    pub fn export_to_zip(
        &self,
        ids: &[i64],
        format: ExportFormat,
        out: &Path,
        tell: &mut dyn FnMut(Result<Exported, Problem>),
    ) -> Result<(), Problem> {
        let mut ids = ids.iter();
        let first = loop {
            let Some(id) = ids.next() else { return Ok(()) };
            match self.entry(*id, format) {
                Ok(first) => break first,
                Err(problem) => tell(Err(problem)),
            }
        };
        let written = files::write_with(out, |file| {
            let mut zip = ZipWriter::new(file);
            let mut taken = HashSet::new();
            let rest = ids.map(|id| self.entry(*id, format));
            for entry in std::iter::once(Ok(first)).chain(rest) {
                match entry {
                    Ok((row, content)) => {
                        let wanted = export_name(&row, format);
                        let free = files::numbered(&wanted).find(|name| !taken.contains(name));
                        let name = free.unwrap_or(wanted);
                        add(&mut zip, &name, &row, &content.bytes)?;
                        taken.insert(name.clone());
                        tell(Ok(Exported {
                            activity: row.id.0,
                            path: out.display().to_string(),
                            entry: Some(name),
                            left_out: content.left_out,
                        }));
                    }
                    Err(problem) => tell(Err(problem)),
                }
            }
            zip.finish().map(drop).map_err(io::Error::from)
        });
        written.map_err(|error| files::not_written(out, &error))
    }

    fn entry(&self, id: i64, format: ExportFormat) -> Result<(ActivityRow, Written), Problem> {
        let row = self.row(id)?;
        let content = self.content(&row, format)?;
        Ok((row, content))
    }

    /// The name that is proposed for an activity in a format.
    ///
    /// # Errors
    /// No such activity.
    pub fn export_name(&self, id: i64, format: ExportFormat) -> Result<String, Problem> {
        Ok(export_name(&self.row(id)?, format))
    }

    /// Saves an activity under the path that the user chose.
    ///
    /// # Errors
    /// As [`Archive::export`].
    pub fn save(&self, id: i64, format: ExportFormat, path: &Path) -> Result<Saved, Problem> {
        let exported = self.export(id, format, path, false)?;
        Ok(Saved {
            path: exported.path,
            left_out: exported.left_out,
        })
    }

    fn content(&self, row: &ActivityRow, format: ExportFormat) -> Result<Written, Problem> {
        match format {
            ExportFormat::Original => {
                let bytes = self.reader.original(row.id)?.read()?;
                Ok(Written {
                    bytes,
                    left_out: Vec::new(),
                })
            }
            ExportFormat::Written(format) => self.read(row, |track| format.write(track)),
        }
    }
}

/// The original's name, with the ending of what is written.
fn export_name(row: &ActivityRow, format: ExportFormat) -> String {
    let original = row.original.file_name().unwrap_or_default();
    let original = original.to_string_lossy().into_owned();
    let ExportFormat::Written(format) = format else {
        return original;
    };
    let stem = original.split('.').next().unwrap_or_default();
    let part = if row.part > 0 {
        format!("-{}", row.part + 1)
    } else {
        String::new()
    };
    format!("{stem}{part}.{}", format.extension())
}

/// Puts one file into the archive, dated when the activity began, as the clock there showed it.
fn add(
    zip: &mut ZipWriter<&mut fs::File>,
    name: &str,
    row: &ActivityRow,
    bytes: &[u8],
) -> io::Result<()> {
    // What is packed already does not get smaller.
    let packed = bytes.starts_with(&[0x1f, 0x8b]);
    let method = if packed {
        CompressionMethod::Stored
    } else {
        CompressionMethod::Deflated
    };
    let options = SimpleFileOptions::default().compression_method(method);
    let date = row.start.and_then(|start| {
        let offset = Offset::from_seconds(row.utc_offset_s.unwrap_or(0)).ok()?;
        let at = start.to_zoned(TimeZone::fixed(offset)).datetime();
        let small = |number: i8| u8::try_from(number).ok();
        zip::DateTime::from_date_and_time(
            u16::try_from(at.year()).ok()?,
            small(at.month())?,
            small(at.day())?,
            small(at.hour())?,
            small(at.minute())?,
            small(at.second())?,
        )
        .ok()
    });
    let options = match date {
        Some(date) => options.last_modified_time(date),
        None => options,
    };
    zip.start_file(name, options)?;
    zip.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for name in ExportFormat::names() {
            assert!(ExportFormat::from_name(name).is_ok(), "{name}");
        }
        let problem = ExportFormat::from_name("doc").unwrap_err();
        assert!(
            problem
                .hint
                .contains("original, gpx, tcx, fit, geojson, kml, csv")
        );
    }
}
