//! The threads that wait for the network. Ends without waiting wherever it is dropped: also where waiting is forbidden.

use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::view::Problem;

/// A runtime of its own, so that whoever uses the engine need not have one.
pub(crate) struct Network {
    handle: Handle,
    runtime: Option<Runtime>,
    aside: Aside,
}

/// Why an answer is owed, as a clause: a fault of our own, which must not hold up what waits behind it.
pub(crate) const BROKE_OFF: &str = "Trackdock broke off by itself";

/// What a piece of work comes to; if it breaks, what it comes to `otherwise`: whoever waits for it is told in any case.
pub(crate) async fn unbroken<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
    otherwise: impl FnOnce() -> T,
) -> T {
    tokio::spawn(work).await.unwrap_or_else(|_| otherwise())
}

/// Where work that keeps a thread busy is done.
#[derive(Clone, Copy)]
pub(crate) enum Aside {
    /// On threads for that.
    Threads,
    /// At once, so that everything happens in one order.
    #[cfg(test)]
    Here,
}

impl Aside {
    /// Nothing when it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        match self {
            Aside::Threads => tokio::task::spawn_blocking(work).await.ok(),
            #[cfg(test)]
            Aside::Here => Some(work()),
        }
    }
}

impl Network {
    pub(crate) fn start() -> Result<Self, Problem> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("network")
            .enable_all()
            .build()
            .map_err(|error| Problem::no_threads(&error))?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            aside: Aside::Threads,
        })
    }

    /// The caller's own runtime, which nobody ends, and no other thread.
    #[cfg(test)]
    pub(crate) fn of(handle: &Handle) -> Self {
        Self {
            handle: handle.clone(),
            runtime: None,
            aside: Aside::Here,
        }
    }

    pub(crate) fn aside(&self) -> Aside {
        self.aside
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Gives what is under way so much time.
    pub(crate) fn end(mut self, patience: Duration) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(patience);
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
