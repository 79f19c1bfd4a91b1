//! Waiting for the mount table to change, or for another thread's call (Linux); does not know what changed.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};

/// Wakes the [`Waiter`] from any thread.
#[derive(Clone)]
pub(crate) struct Waker(Arc<File>);

/// What the watching thread waits on.
pub(crate) struct Waiter {
    calls: Arc<File>,
    mounts: File,
}

/// A pair that belongs together.
pub(crate) fn pair() -> io::Result<(Waker, Waiter)> {
    let calls = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let calls = Arc::new(File::from(calls));
    // Opened before the table is first read, so that no change falls between.
    let mounts = File::open("/proc/self/mountinfo")?;
    Ok((Waker(Arc::clone(&calls)), Waiter { calls, mounts }))
}

impl Waker {
    /// Ends the present or the next wait.
    pub(crate) fn wake(&self) {
        // Fails only when as many calls are pending as a u64 holds: then the waiter wakes anyway.
        let _ = (&*self.0).write(&1_u64.to_ne_bytes());
    }
}

impl Waiter {
    /// Waits for a call, a change of the mount table, or the end of the time; says whether mounts changed.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        let seconds = i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX);
        let time = Timespec {
            tv_sec: seconds,
            tv_nsec: at_most.subsec_nanos().into(),
        };
        let mut fds = [
            PollFd::new(&self.mounts, PollFlags::PRI),
            PollFd::new(&*self.calls, PollFlags::IN),
        ];
        match rustix::event::poll(&mut fds, Some(&time)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return false,
            // Out of memory: a pause instead of a busy loop, then a look, as a change may have been missed.
            Err(_) => {
                std::thread::sleep(Duration::from_millis(200));
                return true;
            }
        }
        let [mounts, _] = fds;
        let changed = mounts.revents().intersects(PollFlags::PRI | PollFlags::ERR);
        // Empties the counter; nothing to read means nobody called.
        let _ = (&*self.calls).read(&mut [0; 8]);
        changed
    }
}
