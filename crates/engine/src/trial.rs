//! Reads a file in a process of its own, as a trial: what ends that one does not end us.

use std::ffi::OsStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock;
use crate::detail;
use crate::inspect::read_guarded;

/// A reading that takes longer is as bad as one that ends its process.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether a file can be read without ending who reads it; given in, as the clock is.
pub(crate) type Trial = Arc<dyn Fn(&Path) -> bool + Send + Sync>;

/// What a file is read for. A trial does that and no more: an export that breaks keeps nothing from being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To be taken in and sent.
    Sending,
    /// To be shown and exported.
    Showing,
}

impl Purpose {
    const ALL: [Purpose; 2] = [Purpose::Sending, Purpose::Showing];

    /// The argument that makes a program of ours such a process; the file's path follows.
    fn argument(self) -> &'static str {
        match self {
            Purpose::Sending => "--read-alone",
            Purpose::Showing => "--show-alone",
        }
    }
}

/// Whether this process was started only to read a file as a trial; then it has done so and is to end. To be asked first in `main`.
#[must_use]
pub fn was_a_trial() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    let Some(first) = arguments.next() else {
        return false;
    };
    let mut purposes = Purpose::ALL.into_iter();
    let Some(purpose) = purposes.find(|purpose| first == OsStr::new(purpose.argument())) else {
        return false;
    };
    let bytes = arguments.next().and_then(|path| std::fs::read(path).ok());
    // What comes of it is of no matter, only that it comes to its end.
    if let Some(bytes) = bytes {
        try_out(&bytes, purpose);
    }
    true
}

/// All that is done with a recording for this purpose. A panic is no end here, as it is none in the program.
fn try_out(bytes: &[u8], purpose: Purpose) {
    let Ok(reading) = read_guarded(bytes, clock::system()()) else {
        return;
    };
    for (part, track) in reading.tracks.iter().enumerate() {
        match purpose {
            Purpose::Sending => {
                unless_it_panics(|| {
                    track::unpack(bytes)
                        .map(|unpacked| track::extract(&unpacked, &reading, part).map(drop))
                });
                unless_it_panics(|| track::write_gpx(track));
            }
            Purpose::Showing => {
                unless_it_panics(|| (detail::laps(track), detail::series(track)));
                for format in track::ExportFormat::ALL {
                    unless_it_panics(|| format.write(track));
                }
            }
        }
    }
}

fn unless_it_panics<T>(work: impl FnOnce() -> T) {
    // What it comes to is of no matter.
    let _ = catch_unwind(AssertUnwindSafe(work));
}

/// Whether a process of this program comes to its end when it does with this file what taking it in and sending it does.
pub(crate) fn goes_well(file: &Path) -> bool {
    succeeds(file, Purpose::Sending)
}

/// The same for showing and exporting it.
pub(crate) fn goes_well_shown(file: &Path) -> bool {
    succeeds(file, Purpose::Showing)
}

fn succeeds(file: &Path, purpose: Purpose) -> bool {
    std::env::current_exe().is_ok_and(|program| {
        let mut command = Command::new(program);
        command.arg(purpose.argument()).arg(file);
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

    /// The program goes on after it, so the trial does.
    #[test]
    fn a_panic_is_no_end() {
        unless_it_panics(|| -> () { panic!("planted") });
    }

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
