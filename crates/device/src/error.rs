//! What can go wrong with a device, said as what is wrong and what to do; knows no device itself.

use std::io;
use std::path::PathBuf;

/// Why a device, a folder or one of its files could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// It was unplugged, unmounted, or its folder is no longer there. What was listed or read meanwhile means nothing.
    #[error("{name} is no longer connected.")]
    Gone {
        /// The device's name.
        name: String,
    },
    /// The folder that the user named is not there.
    #[error("There is no folder {}.", path.display())]
    NoFolder {
        /// As it was named.
        path: PathBuf,
    },
    /// What the user named is a file or something else.
    #[error("{} is not a folder.", path.display())]
    NotAFolder {
        /// As it was named.
        path: PathBuf,
    },
    /// The user named a part of the system.
    #[error("{} belongs to the system and holds no recordings.", path.display())]
    SystemFolder {
        /// As it was named.
        path: PathBuf,
    },
    /// The file is another one than when it was listed, or changed while it was read.
    #[error("{} is still being written.", path.display())]
    Changed {
        /// Below the device's root.
        path: PathBuf,
    },
    /// A link, a named pipe, a folder, or a way out of the device.
    #[error("{} is not a plain file on this device.", path.display())]
    NotAFile {
        /// Below the device's root.
        path: PathBuf,
    },
    /// Larger than any recording.
    #[error("{} is too large for a recording ({} MB).", path.display(), size / 1_000_000)]
    TooLarge {
        /// Below the device's root.
        path: PathBuf,
        /// In bytes.
        size: u64,
    },
    /// The operating system would not let us read it.
    #[error("{} cannot be read: {}.", path.display(), words(source))]
    Unreadable {
        /// Below the device's root, or a folder's full path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The copy could not be written; the device is not at fault.
    #[error("{} could not be copied: {}.", path.display(), words(source))]
    NotStored {
        /// The recording that was being read, below the device's root.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system offers no way to notice devices.
    #[error("Trackdock cannot notice devices being plugged in: {}.", words(source))]
    NoWatch {
        /// What the system said.
        source: io::Error,
    },
}

impl DeviceError {
    /// The code of [`DeviceError::Unreadable`]: it says something of the device, and nothing of what the file holds.
    pub const UNREADABLE: &'static str = "unreadable";

    /// Stable and machine-readable, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            DeviceError::Gone { .. } => "device_gone",
            DeviceError::NoFolder { .. } => "no_folder",
            DeviceError::NotAFolder { .. } => "not_a_folder",
            DeviceError::SystemFolder { .. } => "system_folder",
            DeviceError::Changed { .. } => "file_changed",
            DeviceError::NotAFile { .. } => "not_a_file",
            DeviceError::TooLarge { .. } => "too_large",
            DeviceError::Unreadable { .. } => Self::UNREADABLE,
            DeviceError::NotStored { .. } => "not_stored",
            DeviceError::NoWatch { .. } => "no_watch",
        }
    }

    /// What to do now: one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            DeviceError::Gone { .. } => "Plug it in again; what is missing is taken in then.",
            DeviceError::NoFolder { .. } => "Check the path, or create the folder.",
            DeviceError::NotAFolder { .. } => "Name the folder that holds it.",
            DeviceError::SystemFolder { .. } => "Name the folder that your recordings are in.",
            DeviceError::Changed { .. } => "It is taken in once it no longer changes.",
            DeviceError::NotAFile { .. } => {
                "Copy the recording itself there instead of a link to it."
            }
            DeviceError::TooLarge { .. } => {
                "If it is a recording after all, split it with the maker's program."
            }
            DeviceError::Unreadable { source, .. }
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                "Allow your user to read it, then try again."
            }
            DeviceError::Unreadable { .. } => {
                "Unplug the device and plug it in again; if it stays so, check its storage."
            }
            DeviceError::NotStored { .. } => {
                "Make sure there is free space on this computer's disk."
            }
            DeviceError::NoWatch { .. } => "Start Trackdock again, or take files in by hand.",
        }
    }
}

/// What the system said, for a person.
fn words(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::PermissionDenied => "this user may not open it".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::NotConnected => {
            "the device doesn't answer".to_owned()
        }
        _ => source.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sentences_with_a_next_step() {
        let path = || PathBuf::from("Garmin/a.fit");
        let kind = |kind: io::ErrorKind| io::Error::from(kind);
        for (error, expected) in [
            (
                DeviceError::Gone {
                    name: "fenix 6".to_owned(),
                },
                "fenix 6 is no longer connected.",
            ),
            (
                DeviceError::Changed { path: path() },
                "Garmin/a.fit is still being written.",
            ),
            (
                DeviceError::Unreadable {
                    path: path(),
                    source: kind(io::ErrorKind::PermissionDenied),
                },
                "Garmin/a.fit cannot be read: this user may not open it.",
            ),
            (
                DeviceError::NotStored {
                    path: path(),
                    source: kind(io::ErrorKind::StorageFull),
                },
                "Garmin/a.fit could not be copied: the disk is full.",
            ),
            (
                DeviceError::TooLarge {
                    path: path(),
                    size: 1_500_000_000,
                },
                "Garmin/a.fit is too large for a recording (1500 MB).",
            ),
        ] {
            assert_eq!(error.to_string(), expected);
            assert!(error.hint().ends_with('.') && !error.code().is_empty());
        }
    }
}
