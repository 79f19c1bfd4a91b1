//! Copies one recording off a device, or nothing; does not know where the copy goes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Component;

use crate::beneath::{self, Beneath, Facts};
use crate::{Device, DeviceError, Recording, is_there};

/// Largest recording that is read, in bytes; a day of GPX at one point a second has some 30 MB.
pub const LARGEST: u64 = 256 << 20;
/// Read at a time, in bytes; the file is looked at again after each.
const CHUNK: usize = 256 << 10;

/// Copies a recording into `out` and returns its size in bytes. The file is opened beneath the device's root without following
/// links, must be a regular file, and must have the listed size and time before, during and after. On an error `out` holds
/// part of it, to be thrown away.
///
/// # Errors
/// [`DeviceError::Gone`], [`DeviceError::NotAFile`], [`DeviceError::Changed`], [`DeviceError::TooLarge`],
/// [`DeviceError::Unreadable`], and [`DeviceError::NotStored`] when `out` fails.
pub fn read_recording(
    device: &Device,
    recording: &Recording,
    out: &mut dyn Write,
) -> Result<u64, DeviceError> {
    let gone = || DeviceError::Gone {
        name: device.name.clone(),
    };
    if !is_there(device) {
        return Err(gone());
    }
    let result = copy(device, recording, out);
    match result {
        Err(error @ DeviceError::NotStored { .. }) => Err(error),
        // A device that went explains every other error, and makes a success doubtful: the cache may have answered.
        _ if !is_there(device) => Err(gone()),
        result => result,
    }
}

fn copy(device: &Device, recording: &Recording, out: &mut dyn Write) -> Result<u64, DeviceError> {
    let mut file = open(device, recording)?;
    unchanged(&file, recording)?;
    let mut chunk = vec![0; CHUNK];
    let mut copied = 0_u64;
    loop {
        let read = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => {
                return Err(DeviceError::Unreadable {
                    path: recording.path.clone(),
                    source,
                });
            }
        };
        unchanged(&file, recording)?;
        copied += read as u64;
        if copied > recording.size {
            break;
        }
        let bytes = chunk.get(..read).unwrap_or_default();
        let not_stored = |source| DeviceError::NotStored {
            path: recording.path.clone(),
            source,
        };
        out.write_all(bytes).map_err(not_stored)?;
    }
    unchanged(&file, recording)?;
    if copied == recording.size {
        Ok(copied)
    } else {
        Err(DeviceError::Changed {
            path: recording.path.clone(),
        })
    }
}

fn open(device: &Device, recording: &Recording) -> Result<File, DeviceError> {
    let path = || recording.path.clone();
    let mut parts = recording.path.components();
    if recording.path.as_os_str().is_empty()
        || !parts.all(|part| matches!(part, Component::Normal(_)))
    {
        return Err(DeviceError::NotAFile { path: path() });
    }
    if recording.size > LARGEST {
        return Err(DeviceError::TooLarge {
            path: path(),
            size: recording.size,
        });
    }
    let opened = Beneath::open(&device.root).and_then(|beneath| beneath.file(&recording.path));
    opened.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => DeviceError::Changed { path: path() },
        _ if beneath::leads_astray(&source) => DeviceError::NotAFile { path: path() },
        _ => DeviceError::Unreadable {
            path: path(),
            source,
        },
    })
}

/// Whether the file is still the one that was listed.
fn unchanged(file: &File, listed: &Recording) -> Result<(), DeviceError> {
    let path = || listed.path.clone();
    match beneath::facts_of(file) {
        Ok(facts)
            if facts
                == (Facts {
                    size: listed.size,
                    modified_ms: listed.modified_ms,
                }) =>
        {
            Ok(())
        }
        Ok(_) => Err(DeviceError::Changed { path: path() }),
        Err(source) => Err(DeviceError::Unreadable {
            path: path(),
            source,
        }),
    }
}
