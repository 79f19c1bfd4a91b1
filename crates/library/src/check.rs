//! Compares the database and the originals with each other. Repairs nothing.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{ActivityId, Error, Reader, originals};

/// Something that isn't as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The database itself is damaged.
    Database {
        /// What SQLite says.
        what: String,
    },
    /// An original is not where its row says.
    Missing {
        /// Where it should lie.
        path: PathBuf,
        /// Whose original it is.
        activities: Vec<ActivityId>,
    },
    /// An original holds other bytes than when it was kept.
    Changed {
        /// Where it lies.
        path: PathBuf,
        /// Whose original it is.
        activities: Vec<ActivityId>,
    },
    /// An original or its folder cannot be read.
    Unreadable {
        /// Where it lies.
        path: PathBuf,
        /// What the system says.
        what: String,
    },
    /// A file among the originals that no activity belongs to.
    Stray {
        /// Where it lies.
        path: PathBuf,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Database { what } => write!(f, "The library's database is damaged: {what}."),
            Finding::Missing { path, .. } => {
                write!(f, "The original {} is missing.", path.display())
            }
            Finding::Changed { path, .. } => {
                write!(
                    f,
                    "The original {} is no longer as it was recorded.",
                    path.display()
                )
            }
            Finding::Unreadable { path, what } => {
                write!(f, "{} cannot be read: {what}.", path.display())
            }
            Finding::Stray { path } => write!(
                f,
                "{} lies among the originals, but no activity belongs to it.",
                path.display()
            ),
        }
    }
}

impl Finding {
    /// Stable and machine-readable, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Finding::Database { .. } => "damaged_library",
            Finding::Missing { .. } => "original_missing",
            Finding::Changed { .. } => "original_changed",
            Finding::Unreadable { .. } => "original_unreadable",
            Finding::Stray { .. } => "stray_file",
        }
    }

    /// One sentence: what to do now.
    pub fn hint(&self) -> &'static str {
        match self {
            Finding::Database { .. } => {
                "Close Trackdock, keep a copy of the data folder, and import the originals into a new one, before you sign in there: then you say which of them are sent."
            }
            Finding::Missing { .. } => {
                "Plug the device in again or import the file again; it is then put back."
            }
            Finding::Changed { .. } => {
                "Plug the device in and import the file from there by hand, or put back a copy of it."
            }
            Finding::Unreadable { .. } => {
                "Check that the disk is well and that you may read the file."
            }
            Finding::Stray { .. } => "Import it to take it into the library, or move it elsewhere.",
        }
    }
}

/// What a row says of an original.
struct Expected {
    sha256: [u8; 32],
    size: u64,
    activities: Vec<ActivityId>,
}

impl Reader {
    /// Looks through everything: the database by SQLite's own checks, each original by its hash. Reads every original, so
    /// it takes as long as that.
    ///
    /// # Errors
    /// The database failed in the middle.
    pub fn check(&self) -> Result<Vec<Finding>, Error> {
        let mut findings = match self.check_database() {
            Err(error) if error.code() == "damaged_library" => {
                return Ok(vec![Finding::Database {
                    what: error.to_string(),
                }]);
            }
            findings => findings?,
        };
        // Files first: what is taken in meanwhile has its file before its row, and is looked for once more below.
        let mut found = Vec::new();
        collect(
            &self.folder.join(originals::FOLDER),
            &mut found,
            &mut findings,
        );
        let mut expected = self.expected()?;
        for path in found {
            match expected.remove(&path) {
                None => findings.push(Finding::Stray { path }),
                Some(row) => findings.extend(compare(path, row)),
            }
        }
        let mut missing: Vec<Finding> = expected
            .into_iter()
            .filter(|(path, _)| !path.is_file())
            .map(|(path, row)| Finding::Missing {
                path,
                activities: row.activities,
            })
            .collect();
        missing.sort_by_cached_key(ToString::to_string);
        findings.extend(missing);
        Ok(findings)
    }

    fn check_database(&self) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        let mut select = self.db.prepare("PRAGMA quick_check(20)")?;
        let lines: Vec<String> = select
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        findings.extend(
            lines
                .into_iter()
                .filter(|line| line != "ok")
                .map(|what| Finding::Database { what }),
        );
        let mut select = self.db.prepare("PRAGMA foreign_key_check")?;
        let tables: Vec<String> = select
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        findings.extend(tables.into_iter().take(20).map(|table| Finding::Database {
            what: format!("a row of {table} points to one that is gone"),
        }));
        Ok(findings)
    }

    fn expected(&self) -> Result<HashMap<PathBuf, Expected>, Error> {
        let mut select = self.db.prepare(
            "SELECT o.path, o.sha256, o.bytes, a.id FROM original o LEFT JOIN activity a ON a.original_id = o.id
             ORDER BY o.id, a.part",
        )?;
        let mut rows = select.query([])?;
        let mut expected: HashMap<PathBuf, Expected> = HashMap::new();
        while let Some(row) = rows.next()? {
            let path = originals::path(&self.folder, &row.get::<_, String>(0)?);
            let (sha256, size) = (row.get(1)?, crate::text::count(row.get(2)?));
            let entry = expected.entry(path).or_insert(Expected {
                sha256,
                size,
                activities: Vec::new(),
            });
            entry
                .activities
                .extend(row.get::<_, Option<ActivityId>>(3)?);
        }
        Ok(expected)
    }
}

fn compare(path: PathBuf, row: Expected) -> Option<Finding> {
    // A link in its place is no original, whatever it points to.
    let as_kept = |found: fs::Metadata| found.is_file() && found.len() == row.size;
    if fs::symlink_metadata(&path).is_ok_and(|found| !as_kept(found)) {
        return Some(Finding::Changed {
            path,
            activities: row.activities,
        });
    }
    match originals::hash(&path) {
        Ok(hash) if hash == row.sha256 => None,
        Ok(_) => Some(Finding::Changed {
            path,
            activities: row.activities,
        }),
        Err(Error::File { source, .. }) => Some(Finding::Unreadable {
            path,
            what: source.to_string(),
        }),
        Err(other) => Some(Finding::Unreadable {
            path,
            what: other.to_string(),
        }),
    }
}

/// All files below the folder, in their order. Links are not followed: they are no originals.
fn collect(folder: &Path, found: &mut Vec<PathBuf>, findings: &mut Vec<Finding>) {
    let entries =
        match fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>()) {
            Ok(entries) => entries,
            Err(error) => {
                findings.push(Finding::Unreadable {
                    path: folder.to_owned(),
                    what: error.to_string(),
                });
                return;
            }
        };
    let mut paths: Vec<_> = entries
        .iter()
        .map(|entry| (entry.path(), entry.file_type()))
        .collect();
    paths.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, kind) in paths {
        match kind {
            Ok(kind) if kind.is_dir() => collect(&path, found, findings),
            Ok(_) => found.push(path),
            Err(error) => findings.push(Finding::Unreadable {
                path,
                what: error.to_string(),
            }),
        }
    }
}
