//! Uploads that the client has given up on, and that a service takes later all the same.

use service::{Carried, ServiceId};

use super::services::Services;

/// The program looks for what may have arrived twice, at least so far apart.
pub(super) const LOOKS_APART_MS: u64 = 5_000;

/// All that are under way so.
#[derive(Default)]
pub(super) struct LateOnes(Vec<Late>);

/// An upload that is taken late.
pub(super) struct Late {
    pub(super) id: ServiceId,
    pub(super) request: Carried,
    /// When the client knew that it would get no answer.
    pub(super) given_up_ms: u64,
    pub(super) taken_ms: u64,
    /// The clock was set meanwhile, and what the program waits for may be over at once.
    pub(super) clock_was_set: bool,
}

impl Late {
    /// Whether the second look must have found it.
    pub(super) fn is_in_time(&self) -> bool {
        self.taken_ms < self.given_up_ms + LOOKS_APART_MS && !self.clock_was_set
    }
}

impl LateOnes {
    pub(super) fn push(&mut self, late: Late) {
        self.0.push(late);
    }

    pub(super) fn clock_was_set(&mut self) {
        for late in &mut self.0 {
            late.clock_was_set = true;
        }
    }

    /// When the next is taken, after now.
    pub(super) fn next(&self, now_ms: u64) -> Option<u64> {
        self.0
            .iter()
            .map(|late| late.taken_ms.max(now_ms + 1))
            .min()
    }

    /// Those whose time has come, in an order of ours: tasks end in any.
    pub(super) fn due(&mut self, now_ms: u64) -> Vec<Late> {
        let all = std::mem::take(&mut self.0).into_iter();
        let (mut due, later): (Vec<_>, Vec<_>) = all.partition(|late| late.taken_ms <= now_ms);
        self.0 = later;
        due.sort_by_key(|late| (late.taken_ms, late.id, late.request.body.clone()));
        due
    }
}

/// A request that has left: when the program dies now, it may still arrive.
pub(super) struct Underway<'a> {
    pub(super) services: &'a Services,
    pub(super) id: ServiceId,
    pub(super) is_upload: bool,
    pub(super) request: Option<&'a Carried>,
    /// So long after it is given up on it is taken.
    pub(super) late_ms: Option<u64>,
    /// The recording of which the program will not know whether it arrived.
    pub(super) doubtful: Option<usize>,
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.services.with(self.id, |model| {
            model.under_way -= 1;
            let doubtful = self.doubtful.map(|file| (file, self.services.now_ms()));
            model.in_doubt.extend(doubtful);
            model.uploading &= !self.is_upload;
        });
        let Some(request) = self.request else { return };
        let now = self.services.now_ms();
        if let Some(ms) = self.late_ms {
            let late = Late {
                id: self.id,
                request: request.clone(),
                given_up_ms: now,
                taken_ms: now + ms,
                clock_was_set: false,
            };
            self.services.give_up(late);
            return;
        }
        self.services.leave(self.id, request.clone());
    }
}
