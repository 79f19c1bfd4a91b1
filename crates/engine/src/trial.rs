//! Reads a file in a process of its own, as a trial: what ends that one does not end us.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock;
use crate::detail;
use crate::inspect::read_guarded;

/// The argument that makes a program of ours such a process; the file's path follows.
const ALONE: &str = "--read-alone";
/// A reading that takes longer is as bad as one that ends its process.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether a file can be read without ending who reads it; given in, as the clock is.
pub(crate) type Trial = Arc<dyn Fn(&Path) -> bool + Send + Sync>;

/// Whether this process was started only to read a file as a trial; then it has done so and is to end. To be asked first in `main`.
#[must_use]
pub fn was_a_trial() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(ALONE)) {
        return false;
    }
    let bytes = arguments.next().and_then(|path| std::fs::read(path).ok());
    // What comes of it is of no matter, only that it comes to its end.
    bytes.as_deref().map(use_whole);
    true
}

/// All that is done with a recording: reading, showing, and making it ready to be sent or exported.
fn use_whole(bytes: &[u8]) {
    let Ok(reading) = read_guarded(bytes, clock::system()()) else {
        return;
    };
    let Ok(unpacked) = track::unpack(bytes) else {
        return;
    };
    for (part, track) in reading.tracks.iter().enumerate() {
        let _ = track::extract(&unpacked, &reading, part);
        let _ = (detail::laps(track), detail::series(track));
        for format in track::ExportFormat::ALL {
            let _ = format.write(track);
        }
    }
}

/// Whether a process of this program comes to its end with this file.
pub(crate) fn goes_well(file: &Path) -> bool {
    std::env::current_exe().is_ok_and(|program| {
        let mut command = Command::new(program);
        command.arg(ALONE).arg(file);
        comes_to_its_end(command, PATIENCE)
    })
}

fn comes_to_its_end(mut command: Command, patience: Duration) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    let Ok(mut process) = command.stderr(Stdio::null()).spawn() else {
        return false;
    };
    let until = Instant::now() + patience;
    while Instant::now() < until {
        match process.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(_) => break,
        }
    }
    // It may have ended just now.
    let _ = process.kill();
    let _ = process.wait();
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_to_its_end_goes_well() {
        for (does, goes_well) in [
            ("true", true),
            ("exit 3", false),
            ("kill -SEGV $$", false),
            ("kill -ABRT $$", false),
            ("kill -KILL $$", false),
            ("sleep 30", false),
        ] {
            let mut shell = Command::new("sh");
            shell.args(["-c", does]);
            let patience = Duration::from_millis(500);
            assert_eq!(comes_to_its_end(shell, patience), goes_well, "{does}");
        }
        let absent = Command::new("/nowhere/at/all");
        assert!(!comes_to_its_end(absent, Duration::from_secs(1)));
    }
}
