//! The queue's side of the loop: what is due goes out, what comes back is written down.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use library::{AccountState, Change, Job, State as UploadState, UploadId};
use service::{Outcome, Polling, ServiceId};

use crate::clock::later;
use crate::event::Event;
use crate::lane::Lane;
use crate::network::{BROKE_OFF, unbroken};
use crate::reconcile::Match;
use crate::sending::{Claimed, Prepared};
use crate::state::State;
use crate::step::{self, Step};
use crate::verdict::{self, Circumstances, Happened};
use crate::view::{Notice, Problem};

/// While a request is under way its answer wakes the loop; this only catches what else falls due.
const BUSY_NAP: Duration = Duration::from_secs(1);

/// Of a service that there is no lane for.
const NEVER_ASKED: Polling = Polling {
    first_s: 3600.0,
    factor: 1.0,
    max_s: 3600.0,
    give_up_s: 0.0,
};

impl State {
    /// Starts every request that is due, in every lane.
    pub(crate) fn send_what_is_due(&mut self) {
        for at in 0..self.lanes.len() {
            let Some(lane) = self.lanes.get(at) else {
                continue;
            };
            if lane.is_closed() {
                continue;
            }
            let service = lane.service;
            self.look_after(service);
            self.send_next(service);
        }
    }

    /// When the next upload or look falls due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let now = self.now();
        let due = |lane: &Lane| {
            let due = self
                .library
                .next_due_at(lane.account?, now)
                .ok()
                .flatten()?;
            Some(if lane.is_on_the_line() || self.is_copying() {
                due.max(later(now, BUSY_NAP))
            } else {
                due
            })
        };
        self.lanes
            .iter()
            .filter(|lane| !lane.is_closed())
            .filter_map(due)
            .min()
    }

    /// Sends the next waiting upload, if the lane is free.
    fn send_next(&mut self, service: ServiceId) {
        let now = self.now();
        let Some(lane) = self
            .lane(service)
            .filter(|lane| lane.sending.is_none() && !lane.listing)
        else {
            return;
        };
        let Some(account) = lane.account else { return };
        let next = self.library.next_due(account, now);
        let Some(job) = self.check(next).flatten() else {
            return;
        };
        if self.may_have_a_better_twin(&job) {
            return;
        }
        let Some(lane) = self.lane(service) else {
            return;
        };
        if lane.lacks_list(now) {
            return self.read_list(service);
        }
        let list = lane.list.take();
        let found = list
            .as_ref()
            .map_or(Match::None, |(_, list)| self.search(list, &job));
        if let Some(lane) = self.lane(service) {
            lane.list = list;
        }
        let now = self.circumstances(service, &job);
        match verdict::verdict(job.upload.state, Happened::Searched(&found), &now) {
            None => self.send(service, &job),
            Some(step) => {
                // What cannot be written down still waits, and is looked for again.
                let _ = self.take(service, &job, step);
            }
        }
    }

    /// Claims and sends. The claim is on the disk before the first byte leaves.
    fn send(&mut self, service: ServiceId, job: &Job) {
        let now = self.now();
        let Some(lane) = self.lane(service) else {
            return;
        };
        let (gap, upload) = (
            Duration::from_millis(lane.settings.min_gap_ms),
            job.upload.id,
        );
        let original = self.library.original(job.activity.id);
        let Some(original) = self.check(original) else {
            return;
        };
        // The last thing that may fail: what is claimed is sent.
        let claimed = self.library.claim(upload, gap, now);
        if self.check(claimed).is_none() {
            return;
        }
        let (inbox, handle) = (self.inbox.clone(), self.runtime.handle().clone());
        let (clock, aside) = (Arc::clone(&self.clock), self.runtime.aside());
        let (attempts, trial) = (self.library.attempts(), Arc::clone(&self.trial));
        let Some(lane) = self.lane(service) else {
            return;
        };
        lane.begin(upload);
        let prepared = Prepared {
            original,
            activity: job.activity.clone(),
            visibility: lane.settings.visibility,
            attempts,
            trial,
        };
        let claimed = Claimed {
            service,
            upload,
            at: now,
            prepared,
            client: Arc::clone(&lane.client),
            clock,
            aside,
        };
        let sending = claimed.send(inbox.clone());
        let answered = move |outcome| Event::Answered {
            service,
            upload,
            outcome,
        };
        handle.spawn(async move {
            let broken = || answered(Outcome::Unknown(BROKE_OFF.into()));
            // The engine may have ended; the claim says that it may have arrived.
            let _ = inbox.send(unbroken(sending, broken).await);
        });
    }

    pub(crate) fn progressed(&mut self, upload: UploadId, sent: u64, of: u64) {
        let share = if of == 0 {
            0.0
        } else {
            (sent as f64 / of as f64).min(1.0)
        };
        for lane in &mut self.lanes {
            if let Some((_, progress)) = lane.sending.as_mut().filter(|(own, _)| *own == upload) {
                *progress = share;
            }
        }
    }

    /// An answer has come: what it means is decided in [`verdict`], and written down here. What cannot be written down now is
    /// kept and written later: until then the database says "sending", and nothing is sent twice.
    pub(crate) fn answered(&mut self, service: ServiceId, upload: UploadId, outcome: Outcome) {
        self.over(service, upload);
        if !matches!(outcome, Outcome::SecretsClosed(_)) {
            self.secret_store_may_be_open();
        }
        let lane = self.lane(service);
        let is_of_before = lane.is_some_and(|lane| lane.of_before.contains(&upload));
        let happened = match &outcome {
            Outcome::NeedsSignIn(_) | Outcome::NeedsScope(_) if is_of_before => {
                Happened::SignedInSince
            }
            _ => Happened::Answered(outcome.clone()),
        };
        if self.note_answer(service, upload, happened).is_err() {
            self.unsettled.push(Event::Answered {
                service,
                upload,
                outcome,
            });
        }
    }

    /// The file could not even be made ready: nothing left this computer.
    pub(crate) fn unsendable(&mut self, service: ServiceId, upload: UploadId, problem: Problem) {
        self.over(service, upload);
        let happened = Happened::Unsendable(&problem);
        if self.note_answer(service, upload, happened).is_err() {
            self.unsettled.push(Event::Unsendable {
                service,
                upload,
                problem,
            });
        }
    }

    fn note_answer(
        &mut self,
        service: ServiceId,
        upload: UploadId,
        happened: Happened<'_>,
    ) -> Result<(), Problem> {
        let job = self.library.upload(upload).and_then(|row| {
            Ok(Job {
                activity: self.library.activity(row.activity)?,
                upload: row,
            })
        });
        let Some(job) = self.still_there(job)? else {
            return Ok(());
        };
        if !matches!(
            job.upload.state,
            UploadState::Sending | UploadState::Processing
        ) {
            return Ok(());
        }
        self.step(service, &job, happened)
    }

    /// Decides and writes down what happened to an upload.
    pub(crate) fn step(
        &mut self,
        service: ServiceId,
        job: &Job,
        happened: Happened<'_>,
    ) -> Result<(), Problem> {
        let now = self.circumstances(service, job);
        self.step_under(service, job, happened, &now)
    }

    /// As [`State::step`], under circumstances of the caller's own.
    pub(crate) fn step_under(
        &mut self,
        service: ServiceId,
        job: &Job,
        happened: Happened<'_>,
        now: &Circumstances<'_>,
    ) -> Result<(), Problem> {
        match verdict::verdict(job.upload.state, happened, now) {
            Some(step) => self.take(service, job, step),
            None => Ok(()),
        }
    }

    fn over(&mut self, service: ServiceId, upload: UploadId) {
        let Some(lane) = self.lane(service) else {
            return;
        };
        lane.polling.remove(&upload);
        lane.sending = lane.sending.take().filter(|(own, _)| *own != upload);
    }

    pub(crate) fn circumstances(&self, service: ServiceId, job: &Job) -> Circumstances<'static> {
        let lane = self.lanes.iter().find(|lane| lane.service == service);
        let is_processing = job.upload.state == UploadState::Processing;
        let account = self.library.account(job.upload.account);
        let pauses = account.map_or(0, |account| account.state.pauses());
        let failures = job.upload.failures;
        Circumstances {
            service: service.display(),
            failures: failures.saturating_add(1),
            pauses: pauses.saturating_add(1),
            recognises_duplicates: lane.is_some_and(|lane| lane.client.recognises_duplicates()),
            can_list: lane.is_some_and(|lane| lane.client.can_list()),
            looks: job.upload.looks,
            was_found: is_processing && job.upload.perhaps_arrived,
            was_released: job.upload.released,
            polling: self.polling(service),
            look_again: self.timing.look_again,
            // A processing upload counts how often it was asked about.
            asked: if is_processing { failures } else { 0 },
            dice: (self.dice)(),
        }
    }

    /// How often to look: as the service's descriptor says, but for the first wait where the timing has one.
    pub(crate) fn polling(&self, service: ServiceId) -> Polling {
        let lane = self.lanes.iter().find(|lane| lane.service == service);
        let mut polling = lane.map_or(NEVER_ASKED, |lane| lane.settings.polling);
        if let Some(first) = self.timing.poll_first {
            polling.first_s = first.as_secs_f64();
        }
        polling
    }

    /// Writes a step down, for the upload and for its account, and tells it.
    fn take(&mut self, service: ServiceId, job: &Job, step: Step) -> Result<(), Problem> {
        let now = self.now();
        let wait = step.due_in.unwrap_or(library::LONGEST_WAIT);
        let change = Change {
            state: step.state,
            looks: step.looks,
            unready: step.unready,
            due_at: Some(later(now, wait)),
            remote_id: step.remote_id.clone(),
            link: step.link.clone(),
            reason_code: step.code.clone(),
            reason: step.reason.clone(),
            what: step.what.clone(),
        };
        let account_after = |state: &AccountState| step::account_after(&step, state, now);
        let upload = &job.upload;
        let settled = self.library.settle(upload.id, &change, account_after, now);
        let settled = self.still_there(settled)?;
        if settled.is_none() {
            // The upload is gone or has moved on; what its answer says of the account is as true as before.
            let moved = self
                .library
                .move_account(upload.account, account_after, now);
            self.still_there(moved)?;
        }
        if let Some(row) = settled.filter(|row| row.state != upload.state) {
            self.tell(Notice::Upload {
                id: row.id.0,
                activity: row.activity.0,
                service: service.name().to_owned(),
                state: row.state.into(),
                reason: row.reason,
                remote_id: row.remote_id,
            });
        }
        Ok(())
    }
}
