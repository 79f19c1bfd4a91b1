//! Why a recording could not be read at all, said for a person. Knows no file names: the caller adds them.

/// Why nothing of a recording could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is not one byte in it.
    #[error("The file is empty.")]
    Empty,
    /// It is neither FIT nor GPX nor TCX.
    #[error("This is not a recording, but {looks_like}.")]
    NotARecording {
        /// What it seems to be, to be put after "but".
        looks_like: &'static str,
    },
    /// Google Earth's format, which carries no recording.
    #[error("This is a KML file, which holds places and lines but no recording.")]
    Kml,
    /// It ends before anything could be read.
    #[error("The file breaks off before its first point.")]
    CutOff,
    /// It is larger, or unpacks to more, than any recording.
    #[error("The file is larger than any recording: the limit is {limit_mib} MiB unpacked.")]
    TooLarge {
        /// The limit in MiB.
        limit_mib: u64,
    },
    /// A gzip file out of which nothing comes.
    #[error("The file is packed with gzip and cannot be unpacked.")]
    Gzip,
    /// A zip archive, or a file in one, that is not unpacked.
    #[error("This was not unpacked: {what}.")]
    Archive {
        /// Why, in words that can stand after a colon.
        what: &'static str,
    },
    /// XML with a document type declaration, the door to entity bombs.
    #[error("The file declares its own document type, which recordings never do.")]
    Doctype,
    /// XML nested deeper than any recording.
    #[error("The file is nested deeper than any recording.")]
    TooDeep,
    /// It is of a known format, and damaged so that nothing of it could be read.
    #[error("The file is damaged: {what}.")]
    Damaged {
        /// What is wrong, in words that can stand after a colon.
        what: String,
    },
    /// A part of a reading was asked for that it does not have.
    #[error("The file has no part {part}.")]
    NoSuchPart {
        /// The part asked for, counted from 0.
        part: usize,
    },
}

impl ReadError {
    /// Stable and machine-readable, `snake_case`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ReadError::Empty => "empty",
            ReadError::NotARecording { .. } => "not_a_recording",
            ReadError::Kml => "kml",
            ReadError::CutOff => "truncated",
            ReadError::TooLarge { .. } => "too_large",
            ReadError::Gzip => "gzip",
            ReadError::Archive { .. } => "archive",
            ReadError::Doctype => "doctype",
            ReadError::TooDeep => "too_deep",
            ReadError::Damaged { .. } => "damaged",
            ReadError::NoSuchPart { .. } => "no_such_part",
        }
    }

    /// One sentence: what to do now.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            ReadError::Empty | ReadError::CutOff | ReadError::Gzip | ReadError::Damaged { .. } => {
                "Copy it from the device again; if it is the same there, the recording is lost."
            }
            ReadError::NotARecording { .. } => "Choose a FIT, GPX or TCX file.",
            ReadError::Kml => "Export the activity as GPX, TCX or FIT where the KML came from.",
            ReadError::TooLarge { .. } => {
                "Check that this is the file you meant, or split it into single activities."
            }
            ReadError::Doctype | ReadError::TooDeep => {
                "Export the activity again with the program it came from."
            }
            ReadError::Archive { .. } => {
                "Unpack it with another program, then choose the files or the folder."
            }
            ReadError::NoSuchPart { .. } => "Read the file again: it has changed since.",
        }
    }
}
