//! Waiting for another thread's call (any system, std alone). Mounts give no sign here: they are looked at again and again.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Wakes the [`Waiter`] from any thread.
#[derive(Clone)]
pub(crate) struct Waker(SyncSender<()>);

/// What the watching thread waits on.
pub(crate) struct Waiter(Receiver<()>);

/// A pair that belongs together.
pub(crate) fn pair() -> io::Result<(Waker, Waiter)> {
    let (sender, receiver) = sync_channel(1);
    Ok((Waker(sender), Waiter(receiver)))
}

impl Waker {
    /// Ends the present or the next wait.
    pub(crate) fn wake(&self) {
        // A full channel means that a call is pending already.
        let _ = self.0.try_send(());
    }
}

impl Waiter {
    /// Waits for a call or the end of the time; never says that mounts changed.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        if self.0.recv_timeout(at_most) == Err(RecvTimeoutError::Disconnected) {
            // Nobody can call any more: a pause instead of a busy loop.
            std::thread::sleep(at_most);
        }
        false
    }
}
