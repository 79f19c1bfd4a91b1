//! Which devices are there, what they hold, and whether they are still there. Knows neither tracks nor services.
//!
//! Nothing on a device is ever written or deleted, and no link on it is ever followed. On Linux mounts come from
//! `/proc/self/mountinfo`, at once; elsewhere the usual places (`/Volumes`, drive letters) are looked at every few seconds.

#![forbid(unsafe_code)]

#[cfg_attr(target_os = "linux", path = "beneath_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "beneath_portable.rs")]
mod beneath;
#[cfg(all(test, target_os = "linux"))]
mod beneath_tests;
mod error;
mod garmin;
mod hearing;
mod layouts;
mod listing;
mod lookout;
mod mounts;
mod names;
mod places;
mod presence;
mod reading;
mod recognition;
mod sight;
#[cfg_attr(target_os = "linux", path = "signal_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "signal_portable.rs")]
mod signal;
mod volume;
mod watch;

use std::path::PathBuf;

pub use error::DeviceError;
pub use listing::{Listing, MOST_NAMES, MOST_NAMES_BY_HAND, Recording, list};
pub use mounts::{Mount, mount_that_holds, parse_mountinfo};
pub use places::Exclusions;
pub use presence::is_there;
pub use reading::{LARGEST, read_recording};
pub use recognition::{folder, recognise};
pub use watch::{Pace, Watch, look};

/// What sort of device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A Garmin, by its `Garmin` folder.
    Garmin,
    /// Another maker's device, by its folders or its label.
    Maker,
    /// A volume that holds recordings but isn't known as a GPS device: used only after a yes.
    Recordings,
    /// A plain folder that the user named.
    Folder,
}

/// A mounted volume, an MTP store or a folder that holds recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The same at each plug-in: `garmin:<unit id>`, `volume:<file-system UUID, or label and hash>`, `folder:<path>`.
    pub id: String,
    /// Model, maker, volume label or folder name. Written by the device: to be shown as text only; no control letters, ≤ 80.
    pub name: String,
    /// What sort of device it is.
    pub kind: DeviceKind,
    /// Where it is mounted, or the folder itself; absolute.
    pub root: PathBuf,
    /// Where recordings lie, below `root`; an empty path is `root` itself.
    pub folders: Vec<PathBuf>,
    /// The mount that `root` lies on, as it was when the device was recognised.
    pub mount: Option<Mount>,
    /// A sentence for the user when the device is known but gives nothing.
    pub note: Option<String>,
}

impl Device {
    /// Whether the user must say yes before anything is read from it.
    pub fn needs_yes(&self) -> bool {
        self.kind == DeviceKind::Recordings
    }
}
